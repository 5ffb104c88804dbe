"""The large company, small: every figure that is kept of it is what its rows say, and the schema is as it was."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from db.backup import with_database
from db.messages.enums import TALLY_REPLIED
from db.seed.company import LARGE
from db.seed.large import seed_large
from db.settings import Settings
from db.stats import check
from tests import clusters

SIZE = 2000
_INDEXES = "select indexdef from pg_indexes where schemaname = 'public' order by 1"


@pytest.fixture
async def installation(database: Settings) -> AsyncIterator[Settings]:
    """A database of its own, empty."""
    name = f"large_{uuid4().hex[:8]}"
    admin = await asyncpg.connect(with_database(database.database_owner_url, "postgres"))
    await admin.execute(f"create database {name} template {clusters.TEMPLATE}")
    yield msgspec.structs.replace(
        database,
        database_url=with_database(database.database_url, name),
        database_owner_url=with_database(database.database_owner_url, name),
    )
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def test_the_large_company_adds_up(installation: Settings) -> None:
    db = await asyncpg.connect(installation.database_owner_url)
    try:
        before = await db.fetch(_INDEXES)
        assert await seed_large(installation, SIZE)
        assert not await seed_large(installation, SIZE)  # once
        assert await db.fetch(_INDEXES) == before

        async def count(what: str) -> int:
            number: int = await db.fetchval(f"select count(*) from {what}")
            return number

        assert await count("contact") == SIZE
        assert await count("contact_identity where kind = 'phone'") == SIZE
        messages = await count("message") + await count("inbound_message")
        assert 0.9 * SIZE < messages < 1.1 * SIZE
        assert await count("contact where opted_out_at is not null") == await count("suppression") == SIZE // 50
        assert await count("message where queued or campaign_id is not null and contact_id is null") == 0
        assert await count("message where greatest(sent_at, delivered_at, read_at, replied_at) > now()") == 0
        assert await count("message where tries > 0") == await count("attempt")

        assert await check.differences(db, LARGE.id) == []  # type: ignore[arg-type]
        assert await count("stat_delta") > 0
        told = await db.fetch(
            "select campaign_id, state, sum(delta) from message_tally group by 1, 2 having sum(delta) <> 0 order by 1, 2"
        )
        states = "select campaign_id, state from message where campaign_id is not null"
        replied = f"select campaign_id, {TALLY_REPLIED} from message where replied_at is not null"
        true = f"select campaign_id, state, count(*) from ({states} union all {replied}) s group by 1, 2 order by 1, 2"
        assert told == await db.fetch(true)
        assert SIZE // 10 <= await count("conversation") < SIZE // 5
        waits = "last_at = last_inbound_at and state = 'open'"
        assert await count("conversation where unread > 0") == await count(f"conversation where {waits}") > 0
        last = "coalesce((select sent_at from message m where m.id = v.last_id), (select received_at from inbound_message i where i.id = v.last_id))"
        assert await count(f"conversation v where last_at is distinct from {last}") == 0
        assert await count("conversation_entry where at > now()") == 0
        leads = "select stage_id, count(*) as leads, sum(coalesce(value_cents, 0)) as value from lead group by 1 order by 1"
        assert [tuple(row) for row in await db.fetch(leads)] == [
            tuple(row)
            for row in await db.fetch("select stage_id, leads, value_cents from stage_total where leads > 0 order by 1")
        ]
        assert await count("lead") == await count("(select distinct stage_id, rank from lead) l") == SIZE // 10
        assert await count("lead l join stage s on s.id = l.stage_id where (s.kind = 'lost') <> (l.lost_reason is not null)") == 0
        assert {row["campaign_id"] for row in told} == {row["id"] for row in await db.fetch("select id from campaign")}
    finally:
        await db.close()
