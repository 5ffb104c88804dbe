"""When people may be called: by the law of their place, on their own clock."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from db.contacts import holidays
from db.contacts.holidays import Calendar
from db.messages import call_hours
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work

SAO_PAULO, RIO, MANAUS, NEW_YORK, TORONTO = "+5511987654321", "+5521987654321", "+5592987654321", "+12125550123", "+14165550123"


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


async def test_every_place_has_a_rule_with_its_source_and_its_days(owner: Actor, owner_db: asyncpg.Connection) -> None:
    async with read(owner, Permission.CONTACTS_READ) as r:
        known = await holidays.calendar(r)
    moment = at("2026-03-02", 12)
    told = {
        number: call_hours.rule_of(number, known, moment).source for number in (SAO_PAULO, RIO, NEW_YORK, TORONTO, "+4930123456")
    }
    assert told == {
        SAO_PAULO: "Probare",
        RIO: "Lei estadual 7853 (RJ)",
        NEW_YORK: "47 CFR 64.1200 (TCPA)",
        TORONTO: "CRTC, Unsolicited Telecommunications Rules",
        "+4930123456": "",
    }
    rio = call_hours.rule_of(RIO, known, moment)
    later = rio._replace(valid_from=date(2026, 6, 1), source="Lei nova", per_day=1)
    both = Calendar(known.rows, [later, rio._replace(valid_until=date(2026, 5, 31)), *known.calls])
    assert [call_hours.rule_of(RIO, both, at(day, 12)).source for day in ("2026-05-31", "2026-06-01")] == [rio.source, "Lei nova"]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):  # nobody widens them while the programs run
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await w.execute("update call_rule set per_day = 50")
