"""What sending and statuses leave undone, because it would cost and change nothing."""

import asyncpg

from db.messages import ledger
from db.messages.enums import MessageState as S
from db.work import work
from tests.db.messages.test_ledger import SEND, Scene, accepted, report, scene

__all__ = ["scene"]  # a fixture


async def test_a_small_sample_is_read_of_messages(owner_db: asyncpg.Connection) -> None:
    """The largest target of a column, or of what an index computes, decides how many rows ANALYZE reads every few seconds of a campaign."""
    wide = await owner_db.fetch(
        "select a.attrelid::regclass::text, a.attname from pg_attribute a left join pg_index i on i.indexrelid = a.attrelid"
        " where (a.attrelid = any($1::text[]::regclass[]) and a.attnum > 0 and not a.attisdropped"
        "     or i.indrelid = any($1::text[]::regclass[]) and i.indkey[a.attnum - 1] = 0) and coalesce(a.attstattarget, 100) > 30",
        ["message", "attempt", "webhook_inbox"],
    )
    assert [tuple(row) for row in wide] == []


async def test_a_status_that_tells_nothing_new_writes_nothing(scene: Scene) -> None:
    """Its message is not even locked, which would be written down, too."""
    await scene.queue(2)
    claimed = await scene.claim()
    await scene.finish(*(accepted(message) for message in claimed))
    await scene.status(report(claimed[0], S.READ))
    async with work(scene.actor, SEND) as w:
        again = [report(claimed[0], S.SENT), report(claimed[1], S.SENT)]
        applied = await ledger.apply_statuses(w, [*again, report(claimed[0], S.DELIVERED)])
        assert (applied.campaigns, applied.unmatched) == (set(), [])
        assert await w.fetchval("select pg_current_xact_id_if_assigned() is null")
