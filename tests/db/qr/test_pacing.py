"""How many people a number writes to first, and how fast it writes."""

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import limits, valkey
from db.clock import now
from db.messages.ledger import Claimed
from db.permissions import Permission
from db.providers.linked.definition import PROVIDER
from db.qr import pacing
from db.qr.pacing import allowed_today
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import work
from tests.db.qr import scenes
from workers.qr.lanes import drawn

PACE = PROVIDER.capabilities.session
assert PACE is not None


def claimed(address: str, contact_id: UUID | None = None) -> Claimed:
    return Claimed(uuid4(), 1, uuid4(), None, contact_id, address, 1, 0, [], None)


async def admitted(owner: Actor, channel_id: UUID, *batch: Claimed) -> pacing.Admitted:
    assert PACE is not None
    async with work(worker(owner.company_id), Permission.CAMPAIGNS_SEND) as w:
        return await pacing.admit(w, channel_id, PACE, batch)


@given(st.integers(0, 4000))
def test_a_number_is_trusted_more_each_day_and_never_without_an_end(days: int) -> None:
    assert PACE is not None
    today, tomorrow = allowed_today(PACE, timedelta(days=days)), allowed_today(PACE, timedelta(days=days + 1))
    assert PACE.first_per_day <= today <= tomorrow <= PACE.most_first


async def test_a_new_number_writes_to_twenty_new_people(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner, first_open_at=now())
    first = await admitted(owner, channel_id, *(claimed(f"+5511{number:09}") for number in range(18)))
    assert (len(first.go), len(first.firsts)) == (18, 18)
    second = await admitted(owner, channel_id, *(claimed(f"+5521{number:09}") for number in range(5)))
    assert (len(second.go), len(second.waits)) == (2, 3)
    assert all(86_000 < wait <= 86_400 for wait in second.waits.values())
    known = await admitted(owner, channel_id, claimed("+5511000000003"), claimed("+5521000000001"))
    assert len(known.go) == 2, "whom it wrote to is not counted twice"
    await owner_db.execute("update qr_first set at = now() - interval '25 hours' where channel_id = $1", channel_id)
    assert len((await admitted(owner, channel_id, claimed("+5531000000000"))).go) == 1


async def test_an_older_number_writes_to_more(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner, first_open_at=now() - timedelta(days=5))
    some = await admitted(owner, channel_id, *(claimed(f"+5511{number:09}") for number in range(60)))
    assert len(some.go) == 49


async def test_who_wrote_is_never_counted(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner, state="restricted", restricted_until=now() + timedelta(hours=1))
    contact_id = await owner_db.fetchval(
        "insert into contact(company_id, name) values ($1, 'Bia') returning id", owner.company_id
    )
    await owner_db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at)"
        " values ($1, $2, $3, 'A1', '+5511987654321', 'text', '{}', now())",
        owner.company_id,
        channel_id,
        contact_id,
    )
    bia, ana = claimed("+5511987654321", contact_id), claimed("+5511987654322")
    found = await admitted(owner, channel_id, bia, ana)
    assert found.go == [bia]
    assert found.firsts == frozenset()
    assert 3_500 < found.waits[ana.message_id] <= 3_600


async def test_a_restriction_that_is_over_holds_nobody(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner, state="restricted", restricted_until=now() - timedelta(seconds=1))
    assert len((await admitted(owner, channel_id, claimed("+5511987654322"))).go) == 1


async def test_what_the_platform_grants_is_respected(owner_db: asyncpg.Connection, owner: Actor) -> None:
    later = now() + timedelta(hours=2)
    channel_id = await scenes.session(owner_db, owner, quota_total=5, quota_used=5, quota_until=later)
    found = await admitted(owner, channel_id, claimed("+5511987654322"))
    assert [7_100 < wait <= 7_200 for wait in found.waits.values()] == [True]


async def test_a_gap_begins_whole_and_a_rest_follows_some(database: Settings) -> None:
    channel_id = uuid4()

    async def ask(gap: float, *, take: bool = True) -> float:
        return await limits.pace(channel_id, gap, each=2, rest=600.0, take=take)

    assert 2000 < await ask(3000.0) <= 3000, "nobody knows what was sent before"
    assert await ask(0.0, take=False) == 0
    assert await ask(0.0) == 0
    assert 800 < await ask(900.0) <= 900
    assert await ask(0.0) == 0
    assert 500 < await ask(0.0) <= 600, "every second one is followed by a rest"
    await valkey.client().delete(f"pace:{channel_id}")
    assert 400 < await ask(500.0) <= 500


@pytest.mark.parametrize("span", [(30.0, 90.0), (3.0, 8.0), (0.0, 0.0)])
def test_a_message_has_its_own_gap(span: tuple[float, float]) -> None:
    message_id = uuid4()
    assert drawn(message_id, span) == drawn(message_id, span)
    found = [drawn(uuid4(), span) for _ in range(50)]
    assert all(span[0] <= one <= span[1] for one in found)
    assert len(set(found)) > 1 or span[0] == span[1]
