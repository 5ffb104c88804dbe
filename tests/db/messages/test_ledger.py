"""The ledger of outgoing messages on a real Postgres: claims, fenced results, statuses in any order, expiry, both policies."""

import asyncio
from datetime import timedelta
from itertools import permutations
from uuid import UUID, uuid4

import asyncpg
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from db.clock import now
from db.messages import due, ledger
from db.messages.enums import AttemptState, MessageState
from db.messages.ledger import Claimed, Result, StatusUpdate
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories

S = MessageState
SEND = Permission.CAMPAIGNS_SEND


class Scene:
    """A running campaign with `count` queued messages."""

    def __init__(self, db: asyncpg.Connection, actor: Actor, channel_id: UUID, campaign_id: UUID) -> None:
        self.db, self.actor, self.channel_id, self.campaign_id = db, actor, channel_id, campaign_id

    async def queue(self, count: int, *, units: int = 1, at_least_once: bool = False) -> None:
        await self.db.execute(
            "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, units, at_least_once)"
            " select $1, $2, $3, $3, k, '+55119' || lpad(g::text, 8, '0'), k::text, $4, $5"
            " from (select g, uuidv7() k from generate_series(1, $6::int) g) p",
            self.actor.company_id,
            self.channel_id,
            self.campaign_id,
            units,
            at_least_once,
            count,
        )

    async def claim(self, limit: int = 100, *, units: int = 1000, lease: float = 60.0) -> list[Claimed]:
        async with work(self.actor, SEND) as w:
            return await ledger.claim(w, self.channel_id, self.campaign_id, limit=limit, units=units, lease=lease)

    async def finish(self, *results: Result, horizon: float = 900.0) -> None:
        async with work(self.actor, SEND) as w:
            await ledger.finish(w, results, horizon=horizon)

    async def status(self, *updates: StatusUpdate) -> ledger.Applied:
        async with work(self.actor, SEND) as w:
            return await ledger.apply_statuses(w, list(updates))

    async def settle(self) -> None:
        async with work(self.actor, SEND) as w:
            await ledger.expire_leases(w)
            await ledger.resolve_unknown(w)

    async def message(self, message_id: UUID) -> asyncpg.Record:
        row = await self.db.fetchrow("select * from message where id = $1", message_id)
        assert row is not None
        return row

    async def state(self, message_id: UUID) -> MessageState:
        return MessageState((await self.message(message_id))["state"])

    async def attempts(self, message_id: UUID) -> list[AttemptState]:
        rows = await self.db.fetch("select state from attempt where message_id = $1 order by epoch", message_id)
        return [AttemptState(row["state"]) for row in rows]

    async def check_tally(self) -> None:
        """The counts that screens show are the counts of the rows."""
        told = await self.db.fetch(
            "select state, sum(delta) as n from message_tally where campaign_id = $1 group by 1 having sum(delta) <> 0",
            self.campaign_id,
        )
        counted = await self.db.fetch(
            "select state, count(*) as n from message where campaign_id = $1 group by 1", self.campaign_id
        )
        assert {r["state"]: r["n"] for r in told if r["state"] < 100} == {r["state"]: r["n"] for r in counted}


def accepted(message: Claimed, provider_id: str | None = None) -> Result:
    return Result(
        message.message_id,
        message.epoch,
        message.attempt_id,
        S.SENT,
        AttemptState.ACCEPTED,
        provider_id or f"wamid.{message.attempt_id}",
        200,
    )


def unknown(message: Claimed) -> Result:
    return Result(
        message.message_id,
        message.epoch,
        message.attempt_id,
        S.UNKNOWN,
        AttemptState.UNKNOWN,
        reason="unknown_outcome",
        detail="x",
        counts_as_try=False,
    )


def again(message: Claimed, retry_in: float = 0.0) -> Result:
    return Result(
        message.message_id, message.epoch, message.attempt_id, S.QUEUED, AttemptState.REJECTED, detail="429", retry_in=retry_in
    )


async def test_a_claim_that_the_database_lost_leaves_its_epoch_to_another_one(scene: Scene) -> None:
    """Its worker finds out late (a failover, a lost COMMIT): neither "not sent" nor a result of it touches the claim that is there."""
    await scene.queue(2)
    lost = await scene.claim()
    await scene.db.execute("delete from attempt where company_id = $1", scene.actor.company_id)
    await scene.db.execute("update message set state = 0, epoch = 0 where campaign_id = $1", scene.campaign_id)
    there = await scene.claim()
    assert {m.epoch for m in there} == {m.epoch for m in lost}
    await scene.finish(again(lost[0]), accepted(lost[1]))
    assert [await scene.state(m.message_id) for m in there] == [S.SENDING, S.SENDING]
    await scene.finish(*(accepted(m) for m in there))
    assert [await scene.state(m.message_id) for m in there] == [S.SENT, S.SENT]


def report(
    message: Claimed, state: MessageState, *, retry_in: float | None = None, provider_id: str | None = None
) -> StatusUpdate:
    reason = "temporary" if state is S.FAILED else None
    return StatusUpdate(message.attempt_id, provider_id or f"wamid.{message.attempt_id}", state, now(), reason, None, retry_in)


@pytest.fixture
async def scene(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    channel_id = await factories.channel(owner_db, owner, unknown_horizon=900)
    template_id = await factories.template(owner_db, owner, channel_id)
    campaign_id = await factories.campaign(owner_db, owner, channel_id, template_id, state="running")
    return Scene(owner_db, owner, channel_id, campaign_id)


async def test_claim_takes_each_message_once(scene: Scene) -> None:
    await scene.queue(60)
    batches = await asyncio.gather(*(scene.claim(25) for _ in range(4)))
    taken = [message.message_id for batch in batches for message in batch]
    assert len(taken) == len(set(taken)) == 60
    assert (
        await scene.db.fetchval("select count(*) from attempt where state = 0 and company_id = $1", scene.actor.company_id) == 60
    )
    await scene.check_tally()


async def test_only_a_running_campaign_is_claimed(scene: Scene) -> None:
    await scene.queue(5)
    for state in ("paused", "cancelled", "failed", "preparing"):
        await scene.db.execute("update campaign set state = $2 where id = $1", scene.campaign_id, state)
        assert await scene.claim() == []
    await scene.db.execute("update campaign set state = 'running' where id = $1", scene.campaign_id)
    assert len(await scene.claim()) == 5


async def test_units_bound_a_claim_and_a_long_text_is_not_starved(scene: Scene) -> None:
    await scene.queue(10, units=3)
    assert len(await scene.claim(units=6)) == 2
    assert len(await scene.claim(units=1)) == 1


async def test_direct_messages_come_first_and_need_no_campaign(scene: Scene) -> None:
    await scene.queue(2)
    await scene.db.execute(
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key, content) values ($1, $2, $2, '+55', 'd', '{}')",
        scene.actor.company_id,
        scene.channel_id,
    )
    async with work(scene.actor, SEND) as w:
        queues = await due.due_queues(w, scene.actor.company_id, scene.channel_id)
        assert [campaign for _, campaign in queues] == [None, scene.campaign_id]
        assert len(await ledger.claim(w, scene.channel_id, queues[0][0], limit=10, units=10)) == 1


async def test_results_are_fenced_by_the_epoch_and_may_repeat(scene: Scene) -> None:
    await scene.queue(1)
    [first] = await scene.claim()
    await scene.finish(again(first))
    assert await scene.state(first.message_id) is S.QUEUED
    [second] = await scene.claim()
    assert second.epoch == first.epoch + 1
    assert second.tries == 1
    await scene.finish(accepted(first, "late"))  # of an older try: its answer must not touch the newer one
    assert await scene.state(first.message_id) is S.SENDING
    await scene.finish(accepted(second, "one"))
    await scene.finish(accepted(second, "one"))
    await scene.finish(unknown(second))
    row = await scene.message(first.message_id)
    assert (row["state"], row["provider_id"], row["tries"]) == (S.SENT, "one", 2)
    assert await scene.attempts(first.message_id) == [AttemptState.REJECTED, AttemptState.ACCEPTED]
    await scene.check_tally()


async def test_an_expired_lease_is_unknown_never_queued(scene: Scene) -> None:
    await scene.queue(2)
    lost, slow = await scene.claim(lease=-1)
    await scene.settle()
    assert await scene.state(lost.message_id) is S.UNKNOWN
    assert await scene.claim() == []
    await scene.finish(accepted(slow))  # frozen, then awake again: its answer is evidence
    assert await scene.state(slow.message_id) is S.SENT
    await scene.check_tally()


@pytest.mark.parametrize("campaign_state", ["running", "paused", "cancelled", "failed"])
async def test_at_most_once_ends_as_failed_unknown(scene: Scene, campaign_state: str) -> None:
    await scene.queue(1)
    [message] = await scene.claim()
    await scene.finish(unknown(message), horizon=-1)
    await scene.db.execute("update campaign set state = $2 where id = $1", scene.campaign_id, campaign_state)
    await scene.settle()
    assert await scene.state(message.message_id) is S.FAILED_UNKNOWN
    await scene.status(report(message, S.DELIVERED))  # the truth may come after the verdict
    assert await scene.state(message.message_id) is S.DELIVERED
    await scene.check_tally()


async def test_at_least_once_sends_again_says_so_and_gives_up_at_last(scene: Scene) -> None:
    await scene.queue(1, at_least_once=True)
    for _ in range(ledger.RESENDS):
        [message] = await scene.claim()
        await scene.finish(unknown(message), horizon=-1)
        await scene.settle()
        row = await scene.message(message.message_id)
        assert (row["state"], row["maybe_duplicate"]) == (S.QUEUED, True)
    [last] = await scene.claim()
    await scene.finish(unknown(last), horizon=-1)
    await scene.settle()
    assert await scene.state(last.message_id) is S.FAILED_UNKNOWN
    await scene.check_tally()


@pytest.mark.parametrize("state", ["cancelled", "failed"])
async def test_at_least_once_of_a_stopped_campaign_is_not_sent_again(scene: Scene, state: str) -> None:
    await scene.queue(1, at_least_once=True)
    [message] = await scene.claim()
    await scene.finish(unknown(message), horizon=-1)
    await scene.db.execute("update campaign set state = $2 where id = $1", scene.campaign_id, state)
    await scene.settle()
    assert await scene.state(message.message_id) is S.FAILED_UNKNOWN


async def test_evidence_stops_the_second_try(scene: Scene) -> None:
    await scene.queue(1, at_least_once=True)
    [message] = await scene.claim()
    await scene.finish(unknown(message), horizon=-1)
    await scene.settle()
    await scene.status(report(message, S.SENT))
    assert await scene.state(message.message_id) is S.SENT
    assert await scene.claim() == []


async def test_a_status_may_overtake_our_own_answer(scene: Scene) -> None:
    await scene.queue(1)
    [message] = await scene.claim()
    await scene.status(report(message, S.DELIVERED, provider_id="w1"))
    await scene.finish(accepted(message, "w1"))
    await scene.finish(unknown(message))
    row = await scene.message(message.message_id)
    assert (row["state"], row["provider_id"]) == (S.DELIVERED, "w1")
    assert row["sent_at"] is not None
    await scene.check_tally()


async def test_a_status_writes_into_no_index(scene: Scene) -> None:
    """Its update stays on the page: no index of `message`, and no condition of one, may hold what a status changes."""
    count = "select n_tup_upd as all, n_tup_hot_upd as hot from pg_stat_xact_user_tables where relname = 'message'"
    await scene.queue(3)
    claimed = await scene.claim()
    await scene.finish(*(accepted(message) for message in claimed))
    async with work(scene.actor, SEND) as w:
        before = (await w.fetch(count))[0]
        for state in (S.DELIVERED, S.READ):
            await ledger.apply_statuses(w, [report(message, state) for message in claimed])
        after = (await w.fetch(count))[0]
    assert [after[name] - before[name] for name in ("all", "hot")] == [6, 6]


async def test_a_status_without_correlation_is_found_by_the_providers_id(scene: Scene) -> None:
    await scene.queue(1)
    [message] = await scene.claim()
    early = StatusUpdate(None, "w9", S.DELIVERED, now())
    assert (await scene.status(early)).unmatched == [early]
    await scene.finish(accepted(message, "w9"))
    assert (await scene.status(early)).campaigns == {scene.campaign_id}
    assert await scene.state(message.message_id) is S.DELIVERED


async def test_a_stranger_cannot_speak_for_our_attempts(scene: Scene, stranger: Actor) -> None:
    await scene.queue(1)
    [message] = await scene.claim()
    async with work(stranger, SEND) as w:
        applied = await ledger.apply_statuses(w, [report(message, S.READ)])
    assert len(applied.unmatched) == 1
    assert await scene.state(message.message_id) is S.SENDING


FINAL, PASSING = S.FAILED, -1


def _end(reports: tuple[int, ...]) -> MessageState:
    best = max((r for r in reports if r in (S.DELIVERED, S.READ)), default=None)
    if best is not None:
        return MessageState(best)
    if FINAL in reports:
        return S.FAILED
    return S.QUEUED if PASSING in reports else S.SENT


async def _play(scene: Scene, reports: tuple[int, ...], answered: int, together: bool) -> None:
    """Reports in this order; our own answer is written before the `answered`-th of them."""
    await scene.db.execute("update message set state = 9 where campaign_id = $1 and state = 0", scene.campaign_id)
    await scene.queue(1)
    [message] = await scene.claim()
    updates = [
        report(message, S.FAILED, retry_in=900.0) if kind == PASSING else report(message, MessageState(kind)) for kind in reports
    ]
    if together:
        await scene.status(*updates)
        await scene.finish(accepted(message))
    else:
        for position, update in enumerate(updates):
            if position == answered:
                await scene.finish(accepted(message))
            await scene.status(update)
        if answered >= len(updates):
            await scene.finish(accepted(message))
    assert await scene.state(message.message_id) is _end(reports), (reports, answered, together)


@pytest.mark.parametrize("reports", list(permutations((S.SENT, S.DELIVERED, S.READ))))
async def test_order_does_not_matter(scene: Scene, reports: tuple[int, ...]) -> None:
    for answered in range(4):
        await _play(scene, reports, answered, together=False)


@pytest.mark.parametrize("reports", list(permutations((S.SENT, PASSING))) + list(permutations((S.SENT, FINAL, S.DELIVERED))))
async def test_failures_count_unless_it_arrived(scene: Scene, reports: tuple[int, ...]) -> None:
    for answered in range(len(reports) + 1):
        await _play(scene, reports, answered, together=False)


@given(
    reports=st.lists(st.sampled_from([S.SENT, S.DELIVERED, S.READ, FINAL]), min_size=1, max_size=6).map(tuple),
    answered=st.integers(0, 6),
    together=st.booleans(),
)
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_statuses_in_any_order_with_repeats(scene: Scene, reports: tuple[int, ...], answered: int, together: bool) -> None:
    await _play(scene, reports, answered, together)
    await scene.check_tally()


async def test_statuses_of_many_messages_at_once(scene: Scene) -> None:
    await scene.queue(40)
    batch = await scene.claim()
    await scene.finish(*(accepted(message) for message in batch))
    updates = [report(message, state) for message in batch for state in (S.READ, S.SENT, S.DELIVERED)]
    await scene.status(*updates, StatusUpdate(uuid4(), "nobody", S.READ, now() - timedelta(1)))
    assert {await scene.state(message.message_id) for message in batch} == {S.READ}
    await scene.check_tally()


@pytest.mark.parametrize(("first", "then"), [(S.READ, S.SENT), (S.DELIVERED, S.SENT), (S.DELIVERED, S.READ)])
async def test_two_workers_with_statuses_of_one_message(scene: Scene, first: MessageState, then: MessageState) -> None:
    """The slower one looked before the faster one committed: old news of it changes nothing, and what is new is not lost."""
    await scene.queue(1)
    [message] = await scene.claim()
    go = asyncio.Event()

    async def second() -> None:
        await go.wait()
        await scene.status(report(message, then))

    late = asyncio.create_task(second())  # outside of work(): a transaction belongs to its task
    async with work(scene.actor, SEND) as w:
        await ledger.apply_statuses(w, [report(message, first)])
        go.set()
        for _ in range(100):
            if await scene.db.fetchval(
                "select true from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            ):
                break
            await asyncio.sleep(0.02)
    await late
    assert await scene.state(message.message_id) is max(first, then)
    await scene.check_tally()
