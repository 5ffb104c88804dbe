"""When people may be called: by the law of their place, on their own clock."""

from datetime import UTC, datetime, timedelta

import pytest

from db.contacts import holidays
from db.messages import call_hours
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

SAO_PAULO, RIO, MANAUS, NEW_YORK = "+5511987654321", "+5521987654321", "+5592987654321", "+12125550123"


def at(day: str, hour: int, minute: int = 0) -> datetime:
    """UTC."""
    return datetime.fromisoformat(f"{day}T{hour:02}:{minute:02}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "moment", "opens"),
    [
        (SAO_PAULO, at("2026-03-02", 11, 59), at("2026-03-02", 12)),  # Monday, 8:59 there
        (SAO_PAULO, at("2026-03-02", 12), None),
        (SAO_PAULO, at("2026-03-02", 22, 59), None),
        (SAO_PAULO, at("2026-03-02", 23), at("2026-03-03", 12)),
        (SAO_PAULO, at("2026-03-07", 18, 59), None),  # Saturday until 16
        (SAO_PAULO, at("2026-03-07", 19), at("2026-03-09", 12)),  # no Sunday
        (SAO_PAULO, at("2026-04-21", 15), at("2026-04-22", 12)),  # Tiradentes
        (SAO_PAULO, at("2026-04-03", 15), at("2026-04-04", 13)),  # Good Friday, then Saturday from 10
        (RIO, at("2026-03-02", 21), at("2026-03-03", 11)),  # until 18, from 8
        (RIO, at("2026-03-07", 15), at("2026-03-09", 11)),  # no Saturday
        (MANAUS, at("2026-03-02", 12, 30), at("2026-03-02", 13)),  # an hour behind
        (NEW_YORK, at("2026-03-01", 18), None),  # Sunday, 13 there
        (NEW_YORK, at("2026-03-02", 2), at("2026-03-02", 13)),  # 21 there, until 8
    ],
)
async def test_hours(owner: Actor, number: str, moment: datetime, opens: datetime | None) -> None:
    async with read(owner, Permission.CONTACTS_READ) as r:
        known = await holidays.calendar(r)
    assert call_hours.wait(number, moment, known) == ((opens - moment) if opens else timedelta(0))


def test_every_place_has_a_rule() -> None:
    assert {call_hours.rule_of(number).source for number in (SAO_PAULO, RIO, NEW_YORK, "+4930123456")} == {
        "Probare",
        "Lei estadual 7853 (RJ)",
        "47 CFR 64.1200 (TCPA)",
        "",
    }
