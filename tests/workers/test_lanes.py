"""Lanes against a far end on real sockets: what each kind of answer does to a message, its campaign and its channel."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import limits, valkey
from db.campaigns import actions, lifecycle
from db.engine import Transaction
from db.errors import Unavailable
from db.messages import answers
from db.messages.enums import MessageState
from db.messages.replies import TextReply
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.workers.providers.peer import Peer, peer, reset
from workers.outgoing import Sender
from workers.providers.wire import Wire
from workers.sending import Lanes, lanes_for

_ids = itertools.count()


class Far:
    """A provider that does what `says` answers for a recipient: a status, 'drop', 'hang', or a status with an error code or a
    whole body."""

    def __init__(self, says: Callable[[str, int], tuple[int, int | bytes | None] | str]) -> None:
        self.says = says
        self.seen: dict[str, int] = {}

    async def step(self, far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, body = await far.read(reader)
            to = msgspec.json.decode(body)["to"]
            self.seen[to] = self.seen.get(to, 0) + 1
            answer = self.says(to, self.seen[to])
            if answer == "drop":
                return reset(writer)
            if answer == "late":
                await asyncio.sleep(0.8)
                answer = 200, None
            if answer == "hang":
                await asyncio.sleep(30)
            assert not isinstance(answer, str)
            status, code = answer
            if isinstance(code, bytes):
                await far.answer(writer, status, code)
                continue
            if status == 200:
                told = {"messaging_product": "whatsapp", "messages": [{"id": f"wamid.{next(_ids)}"}]}
            else:
                told = {"error": {"code": code, "message": "no", "type": "OAuthException"}}
            await far.answer(writer, status, msgspec.json.encode(told))


class Stage:
    def __init__(self, db: asyncpg.Connection, actor: Actor, settings: Settings, far: Far, lanes: Lanes) -> None:
        self.db, self.actor, self.settings, self.far, self.lanes = db, actor, settings, far, lanes
        self.channel_id: UUID
        self.campaign_id: UUID

    async def run(self) -> None:
        """One lane until nothing is due."""
        for _ in range(20):
            if await self.lanes.run(self.actor.company_id, self.channel_id, 0) is None:
                break
        await self.lanes.drain()

    async def counts(self) -> dict[str, int]:
        rows = await self.db.fetch("select state, count(*) as n from message where campaign_id = $1 group by 1", self.campaign_id)
        return {MessageState(row["state"]).label: row["n"] for row in rows}

    async def campaign(self) -> str:
        state: str = await self.db.fetchval("select state from campaign where id = $1", self.campaign_id)
        return state

    async def channel(self) -> asyncpg.Record:
        row = await self.db.fetchrow("select * from channel where id = $1", self.channel_id)
        assert row is not None
        return row


@asynccontextmanager
async def stage(
    db: asyncpg.Connection,
    actor: Actor,
    settings: Settings,
    says: Callable[[str, int], tuple[int, int | bytes | None] | str],
    people: int = 30,
    *,
    patience: float = 20.0,
    **channel: object,
) -> AsyncIterator[Stage]:
    """A campaign to `people` that is running, and a lane of this process that waits `patience` seconds for an answer."""
    far = Far(says)
    async with peer(far.step) as server, Wire(timeout=patience, connect_timeout=patience / 2) as wire:
        own = msgspec.structs.replace(settings, sandbox_url=server.url, send_timeout=patience, send_slice=20, send_concurrency=10)
        made = Stage(db, actor, own, far, Lanes(own, Sender(own, wire)))
        made.channel_id = await factories.channel(db, actor, **{"throughput": 1000, **channel})
        template_id = await factories.template(db, actor, made.channel_id)
        await factories.contacts(db, actor, people)
        made.campaign_id = await factories.campaign(db, actor, made.channel_id, template_id)
        await actions.launch(actor, made.campaign_id, None)
        await lifecycle.prepare(actor.company_id, made.campaign_id)
        yield made


def ok(to: str, times: int) -> tuple[int, None]:
    return 200, None


async def test_everyone_is_written_to_once(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    async with stage(owner_db, owner, database, ok, messaging_limit=1000) as s:
        await asyncio.gather(*(s.lanes.run(owner.company_id, s.channel_id, lane) for lane in range(3)))
        await s.run()
        assert await s.counts() == {"sent": 30}
        assert set(s.far.seen.values()) == {1}
        portfolio = (await s.channel())["portfolio_id"]
        assert await limits.tier_used(owner.company_id, portfolio) == 30
        row = await owner_db.fetchrow(
            "select count(*) as n, min(http_status) as http from attempt where state = 1 and channel_id = $1", s.channel_id
        )
        assert row is not None
        assert (row["n"], row["http"]) == (30, 200)


async def test_nobody_knows_is_unknown_and_is_not_tried_again(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    answers = {0: "drop", 1: "hang", 2: (500, 131000), 3: (200, None)}
    async with stage(owner_db, owner, database, lambda to, times: answers[int(to[-2:]) % 4], people=12, patience=3.0) as s:
        await s.run()
        await s.run()
        assert set(s.far.seen.values()) == {1}
        counts = await s.counts()
        assert counts["sent"] == 3
        assert counts["unknown"] == 9
        assert await s.campaign() == "running"


async def test_a_429_is_tried_again_later_and_slows_the_number(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    async with stage(owner_db, owner, database, lambda to, times: (429, 130429) if times == 1 else (200, None), people=10) as s:
        await s.run()
        assert await s.counts() == {"queued": 10}
        assert (await limits.acquire(s.channel_id, rate=100, want=1)).factor < 0.6
        await owner_db.execute("update message set next_at = now() where campaign_id = $1", s.campaign_id)
        await s.run()
        assert await s.counts() == {"sent": 10}
        tries = await owner_db.fetchval("select max(tries) from message where campaign_id = $1", s.campaign_id)
        assert tries == 1  # waiting for the provider costs no try


async def test_a_refusal_is_final_and_has_its_reason(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    async with stage(
        owner_db, owner, database, lambda to, times: (400, 131026) if to.endswith("7") else (200, None), people=20
    ) as s:
        await s.run()
        assert await s.counts() == {"sent": 18, "failed": 2}
        rows = await owner_db.fetch(
            "select distinct reason, code from message where campaign_id = $1 and state = 6", s.campaign_id
        )
        assert [(row["reason"], row["code"]) for row in rows] == [("not_on_whatsapp", 131026)]


async def test_a_bad_token_stops_the_channel_and_loses_nothing(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    async with stage(owner_db, owner, database, lambda to, times: (401, 190)) as s:
        await s.run()
        assert await s.counts() == {"queued": 30}
        channel = await s.channel()
        assert (channel["state"], channel["state_reason"]) == ("error", "token_invalid")
        seen = sum(s.far.seen.values())
        await s.run()
        assert sum(s.far.seen.values()) == seen


async def test_a_seal_that_does_not_open_stops_the_channel(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    async with stage(owner_db, owner, database, ok, people=5, token=b"\x01\x02k1nonsense") as s:
        await s.run()
        assert await s.counts() == {"queued": 5}
        assert (await s.channel())["state"] == "error"


async def test_a_disabled_template_stops_the_campaign(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    async with stage(owner_db, owner, database, lambda to, times: (400, 132016)) as s:
        await s.run()
        assert await s.campaign() in ("failed", "paused")
        await lifecycle.reconcile()
        assert sum(s.far.seen.values()) <= 10  # no more than were on the wire


async def test_slow_answers_hold_up_nobody_else(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    """Three of a hundred hang. When the lane has handed over the last one, the others are written, and only those are open."""
    slow = dict.fromkeys(("00", "31", "62"), "hang")
    async with stage(
        owner_db, owner, database, lambda to, times: slow.get(to[-2:], (200, None)), people=100, patience=12.0, throughput=1000
    ) as s:
        while await s.lanes.run(owner.company_id, s.channel_id, 0) is not None:
            pass
        for _ in range(500):
            if (await s.counts()).get("sent") == 97:
                break
            await asyncio.sleep(0.02)
        assert await s.counts() == {"sent": 97, "sending": 3}
        await s.lanes.drain()
        assert await s.counts() == {"sent": 97, "unknown": 3}
        assert set(s.far.seen.values()) == {1}


async def test_an_answer_that_comes_during_a_write_is_written_too(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    """The write of the first result hangs on a lock while the last answer arrives."""
    async with stage(owner_db, owner, database, lambda to, times: "late" if to.endswith("1") else (200, None), people=2) as s:
        await s.lanes.run(owner.company_id, s.channel_id, 0)
        async with owner_db.transaction():
            await owner_db.execute("select from message where campaign_id = $1 for update", s.campaign_id)
            await asyncio.sleep(1.2)
        await s.lanes.drain()
        assert await s.counts() == {"sent": 2}


async def test_pause_acts_within_one_slice(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    async with stage(owner_db, owner, database, ok, people=400, throughput=200) as s:
        running = asyncio.create_task(s.run())
        while sum(s.far.seen.values()) < 20:
            await asyncio.sleep(0.01)
        await actions.pause(owner, s.campaign_id)
        before = sum(s.far.seen.values())
        await asyncio.wait_for(running, 60)
        assert sum(s.far.seen.values()) - before <= 20
        counts = await s.counts()
        assert set(counts) == {"sent", "queued"}


async def test_the_portfolios_day_holds_back_who_is_too_many(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    async with stage(owner_db, owner, database, ok, messaging_limit=12) as s:
        await s.run()
        assert await s.counts() == {"sent": 12, "queued": 18}
        assert await s.campaign() == "running"
        assert b"tier" in await valkey.client().get(f"binding:{s.channel_id}")


async def test_who_is_in_the_day_already_goes_on_when_it_is_full(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    """A second campaign to all, when the day has room for nobody new: those of the first one get it."""
    async with stage(owner_db, owner, database, ok, messaging_limit=12, people=200) as s:
        await s.run()
        first = set(s.far.seen)
        assert len(first) == 12
        template_id = await factories.template(owner_db, owner, s.channel_id)
        s.campaign_id = await factories.campaign(owner_db, owner, s.channel_id, template_id)
        await actions.launch(owner, s.campaign_id, None)
        await lifecycle.prepare(owner.company_id, s.campaign_id)
        await valkey.client().delete(f"rest:{s.channel_id}")  # a minute later
        await s.run()
        assert set(s.far.seen) == first
        assert set(s.far.seen.values()) == {2}
        assert await s.counts() == {"sent": 12, "queued": 188}
        tried = await owner_db.fetchval("select count(*) from attempt where channel_id = $1 and state = 2", s.channel_id)
        assert tried <= 2 * 20  # one slice of each campaign met the full day, not everybody who waits


@pytest.mark.parametrize("older", [False, True], ids=["flushed", "back with an older state"])
async def test_the_portfolios_day_is_exact_through_every_loss_of_valkey(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor, older: bool
) -> None:
    """Four lanes at full speed; Valkey is emptied again and again, or set back to what it held a while ago."""
    limit = 250
    async with stage(owner_db, owner, database, ok, messaging_limit=limit, people=500, throughput=1000) as s:
        key = f"tier:{owner.company_id}:{(await s.channel())['portfolio_id']}"
        kept: list[bytes] = []

        async def lose() -> None:
            for share in (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99):
                while len(s.far.seen) < limit * share:
                    await asyncio.sleep(0.001)
                if older and (now := await valkey.client().dump(key)):
                    kept.append(now)
                await valkey.client().flushdb()
                if kept:
                    await valkey.client().restore(key, 0, random.choice(kept), replace=True)

        async def lane(number: int) -> None:
            while len(s.far.seen) < limit:
                await s.lanes.run(owner.company_id, s.channel_id, number)

        await asyncio.wait_for(asyncio.gather(lose(), *(lane(number) for number in range(4))), 120)
        await s.lanes.drain()
        for number in range(2):  # and when nobody is left, still
            await valkey.client().flushdb()
            await s.lanes.run(owner.company_id, s.channel_id, number)
        await s.lanes.drain()
        assert len(s.far.seen) == limit
        assert set(s.far.seen.values()) == {1}


async def test_what_was_claimed_too_long_ago_is_dropped(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    """As in a worker that wakes up after its lease: what is left of the slice goes back, and costs no try."""
    async with stage(owner_db, owner, database, ok, people=10) as s:
        s.lanes._settings = msgspec.structs.replace(s.settings, send_lease=0.6)  # no longer than one request
        running = asyncio.create_task(s.lanes.run(owner.company_id, s.channel_id, 0))
        while not await owner_db.fetchval("select count(*) from attempt where channel_id = $1 and state = 2", s.channel_id):
            await asyncio.sleep(0.01)
        s.lanes.draining = True
        await running
        await s.lanes.drain()
        assert s.far.seen == {}
        assert await s.counts() == {"queued": 10}
        rows = await owner_db.fetch(
            "select distinct a.detail, m.tries from attempt a join message m on m.id = a.message_id where a.channel_id = $1",
            s.channel_id,
        )
        assert [tuple(row) for row in rows] == [("not sent: too little of the lease was left", 0)]


@pytest.mark.parametrize("committed", [True, False])
async def test_a_claim_whose_commit_was_lost_goes_back(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """Whether it was claimed nobody knows; that nothing was sent is sure. Left to the lease it would be unknown, and never sent."""
    async with stage(owner_db, owner, database, ok) as s:
        commit = Transaction.commit

        async def lost(transaction: Transaction) -> None:
            if not s.lanes._tasks and await transaction.connection.fetchval(
                "select true from message where company_id = $1 and state = 1 limit 1", owner.company_id
            ):
                monkeypatch.undo()
                if committed:
                    await commit(transaction)  # type: ignore[no-untyped-call]
                raise ConnectionError("gone")
            await commit(transaction)  # type: ignore[no-untyped-call]

        monkeypatch.setattr(Transaction, "commit", lost)
        with pytest.raises(Unavailable):
            await s.lanes.run(owner.company_id, s.channel_id, 0)
        await s.lanes.drain()
        assert s.far.seen == {}
        assert await s.counts() == {"queued": 30}
        assert not await owner_db.fetchval("select sum(tries) from message where campaign_id = $1", s.campaign_id)
        await s.run()
        assert await s.counts() == {"sent": 30}
        assert set(s.far.seen.values()) == {1}


async def test_draining_makes_no_claim(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    async with stage(owner_db, owner, database, ok, people=5) as s:
        s.lanes.draining = True
        await s.run()
        assert await s.counts() == {"queued": 5}


@pytest.mark.parametrize(("rate", "lanes"), [(80, 1), (500, 1), (1000, 4)])
def test_a_slow_number_has_one_lane(rate: float, lanes: int) -> None:
    assert lanes_for(Settings(), rate) == lanes


async def test_an_answer_goes_out_while_the_portfolios_day_is_full(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    async with stage(owner_db, owner, database, ok, messaging_limit=1) as s:
        await s.run()
        assert (await s.counts())["sent"] == 1
        reached = await owner_db.fetchval("select contact_id from message where channel_id = $1 and state = 3", s.channel_id)
        contact_id = await owner_db.fetchval(
            "select id from contact where company_id = $1 and id <> $2 limit 1", owner.company_id, reached
        )
        await owner_db.execute(
            "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at)"
            " select $1, $2, contact_id, 'wamid.in', value, 'text', '{\"kind\": \"text\"}', now() from contact_identity where contact_id = $3",
            owner.company_id,
            s.channel_id,
            contact_id,
        )
        answer = await answers.send(owner, contact_id, s.channel_id, TextReply("Olá {{1}}"))
        await s.run()
        assert await owner_db.fetchval("select state from message where id = $1", answer.id) == MessageState.SENT
        assert await limits.tier_used(owner.company_id, (await s.channel())["portfolio_id"]) == 1
        assert (await s.counts())["sent"] == 1
