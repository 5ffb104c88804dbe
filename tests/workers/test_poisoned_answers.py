"""Answers with values that no database takes: what becomes of their messages, and of those sent beside them."""

import asyncpg
import pytest

from db.messages.enums import MessageState
from db.settings import Settings
from db.tenancy import Actor
from tests.poison import raw, refusing
from tests.workers.test_lanes import ok, stage

POISON = {
    0: (200, raw({"messages": [{"id": "wamid.\0x"}]})),
    1: (200, raw({"messages": [{"id": "x" * 9000}]})),
    2: (200, raw({"messages": [{"id": "wamid.x", "message_status": "\0"}], "contacts": [{"wa_id": "\0" * 9000}]})),
    3: (400, raw({"error": {"code": 10**12, "message": "no"}})),
    4: (400, raw({"error": {"code": 131026, "message": "no\0", "error_data": {"details": "\0"}}})),
    5: (400, raw({"error": {"code": 131026, "message": "\ud83d"}})),
    6: (500, raw({"error": {"code": 2**40, "message": "\0"}})),
}


@pytest.mark.parametrize("policy", ["at_most_once", "at_least_once"])
async def test_a_poisoned_answer_spoils_nobody_else(
    policy: str, database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    """Each message ends as its answer says, whatever stands in it; its neighbours in the slice are sent."""
    async with stage(
        owner_db, owner, database, lambda to, times: POISON.get(int(to[-2:]), (200, None)), people=30, patience=5
    ) as s:
        await owner_db.execute(
            "update message set at_least_once = $2 where campaign_id = $1", s.campaign_id, policy == "at_least_once"
        )
        for _ in range(2):
            await s.run()
        assert set(s.far.seen.values()) == {1}
        rows = await owner_db.fetch(
            "select right(address, 2)::int as n, state, code, provider_id from message where campaign_id = $1", s.campaign_id
        )
        found = {row["n"]: row for row in rows}
        assert {n for n, row in found.items() if row["state"] == MessageState.SENT} == {0, 1, 2, *range(7, 30)}
        assert found[0]["provider_id"] == "wamid.x"
        assert found[1]["provider_id"].startswith("sha256:")
        assert [(found[n]["state"], found[n]["code"]) for n in (3, 4)] == [(6, None), (6, 131026)]
        assert [found[n]["state"] for n in (5, 6)] == [MessageState.UNKNOWN] * 2


async def test_a_result_that_cannot_be_written_is_written_bare(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    """Whatever the parsers let pass: the rest of the slice is kept, and what is known of the message too."""
    answers = {5: (200, raw({"messages": [{"id": "veneno"}]})), 6: (400, raw({"error": {"code": 131026, "message": "veneno"}}))}
    async with (
        stage(owner_db, owner, database, lambda to, times: answers.get(int(to[-2:]), (200, None)), people=30, patience=5) as s,
        refusing(owner_db, "attempt", "provider_id = 'veneno' or detail like '%veneno%'"),
    ):
        await s.run()
        assert await s.counts() == {"sent": 29, "failed": 1}
        rows = await owner_db.fetch(
            "select m.state, m.provider_id, m.code, m.reason, a.state as attempt, a.detail from message m join attempt a on"
            " a.message_id = m.id where m.campaign_id = $1 and right(m.address, 2) in ('05', '06') order by m.address",
            s.campaign_id,
        )
        words = "the provider's words cannot be stored"
        assert [tuple(row) for row in rows] == [(3, None, None, None, 1, None), (6, None, None, "not_on_whatsapp", 2, words)]


async def test_a_result_that_nothing_can_write_is_left_to_its_lease(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    async with (
        stage(owner_db, owner, database, ok, people=30, patience=5) as s,
        refusing(owner_db, "message", "state = 3 and address like '%07'"),
    ):
        await s.run()
        assert await s.counts() == {"sent": 29, "sending": 1}
        assert set(s.far.seen.values()) == {1}
