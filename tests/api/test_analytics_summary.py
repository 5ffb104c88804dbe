"""A week in sentences: from the same figures the same, only of changes that are larger than chance."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from api.contract.labels import FAILURES
from api.translations import portuguese
from db.analytics.enums import Cause, Counted
from db.analytics.period import Period
from db.analytics.sentences import REASONS, sentences
from db.analytics.summary import Change, Summary, Why, summary
from db.errors import Invalid
from db.tenancy import Actor
from tests import factories

LAST = date(2026, 5, 20)
_AT = datetime(2026, 5, 20, 12, tzinfo=ZoneInfo("America/Sao_Paulo"))


async def _failed(db: asyncpg.Connection, owner: Actor, channel: UUID, amount: int, days_ago: int) -> None:
    at = _AT - timedelta(days=days_ago)
    for _ in range(amount):
        await db.execute(
            "insert into message(company_id, channel_id, queue_id, address, dedupe_key, state, done_at, reason)"
            " values ($1, $2, $2, '+5511987650000', $3, 6, $4, 'not_on_whatsapp')",
            owner.company_id, channel, uuid4().hex, at,
        )  # fmt: skip


async def test_what_changed_and_why(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await factories.channel(owner_db, owner)
    quiet = await summary(owner, LAST)
    assert (quiet.changes, quiet.why) == ([], None)
    await _failed(owner_db, owner, channel, 10, 9)
    await _failed(owner_db, owner, channel, 12, 2)
    assert (await summary(owner, LAST)).changes == []  # twelve after ten is chance
    await _failed(owner_db, owner, channel, 30, 1)
    found = await summary(owner, LAST)
    assert found.changes == [Change(Counted.FAILED, 42, 10)]
    assert found.why == Why(Cause.REASON, "not_on_whatsapp", 42)
    assert (found.period.first, found.period.last) == (LAST - timedelta(days=6), LAST)
    said = sentences(found, "pt-BR")
    assert said[0] == "Mensagens que falharam: alta de 320%, com 42 nestes sete dias e 10 nos sete anteriores."
    assert len(said) == 2
    assert "42" in said[1]


def test_each_cause_is_said_in_both_languages() -> None:
    of = Period(LAST - timedelta(days=6), LAST, "America/Sao_Paulo", _AT)
    for cause in Cause:
        found = Summary(of, [Change(Counted.RECEIVED, 0, 1200), Change(Counted.LEADS, 30, 0)], Why(cause, "Inverno", 1500, 20))
        for language in ("pt-BR", "en"):
            said = sentences(found, language)
            assert len(said) == 3
            assert "Inverno" in said[2]
    assert "1,200" in sentences(found, "en")[0]
    assert sentences(Summary(of, [], None), "en") == ["No figure changed by more than chance makes."]


def test_reasons_are_called_as_on_the_screens() -> None:
    assert {key.value: name for key, (_pt, name) in REASONS.items()} == FAILURES
    assert all(portuguese(FAILURES[key.value]) == name for key, (name, _en) in REASONS.items())


async def test_a_week_before_the_calendar_is_refused(owner: Actor) -> None:
    with pytest.raises(Invalid):
        await summary(owner, date(1, 1, 3))
