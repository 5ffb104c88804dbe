"""Sends what is queued: one lane works through slices of one channel, each slice claimed, sent and written back (decision 2).

A lane holds no state that matters: kill it at any moment and the ledger says what is known. Its order of steps is the whole
protocol: permits, claim, recipients' limits, commit, send, write back.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import structlog

from db import halving, installation, limits, valkey, witness
from db.campaigns import gate, lifecycle
from db.channels.secrets import ChannelRow, load_channel
from db.contacts import consent
from db.engine import DB
from db.errors import Unavailable
from db.messages import ledger, render, uploads
from db.messages.enums import MessageState
from db.messages.ledger import Claimed, Result
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.providers import registry
from db.settings import Settings
from db.tenancy import worker
from db.witness import Seen
from db.work import Work, work
from workers import gated, outage, outgoing
from workers.batch import Batch, held_back
from workers.outage import Breakers
from workers.outcomes import OptedOut, Outcome, PauseChannel, Rejected, RetryAfter, StopCampaign
from workers.outgoing import Sender
from workers.progress import progress
from workers.quantum import LANE_MS, Quantum, Slice, slice_size
from workers.turns import Lane, Turn

log = structlog.get_logger("workers.sending")

REMEMBERED = 64  # written batches of results that are kept for a primary that may have lost them
REOPENED = 1.0  # seconds until a lane looks again whether its channel goes on
WRITE_BACK = 0.5  # seconds that a known result waits at most for the slower ones of its slice


def lanes_for(settings: Settings, rate: float) -> int:
    """A slow number is served by one lane; several would only share its permits."""
    return settings.send_lanes if rate > 500 else 1


def _place(channel_id: UUID, lane: int) -> str:
    return f"lane:{channel_id}:{lane}"


class Lanes:
    """All lanes of this process."""

    def __init__(self, settings: Settings, sender: Sender) -> None:
        self._settings = settings
        self._sender = sender
        self.draining = False
        self._contents: dict[UUID, list[str]] = {}
        self._in_flight: dict[tuple[UUID, int], set[Batch]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._written: deque[tuple[UUID, int, Sequence[Result]]] = deque(maxlen=REMEMBERED)
        self._breakers = Breakers()
        self._rest: dict[UUID, float] = {}  # channels to stay away from, said since their lanes last began: until when, monotonic

    async def run(self, company_id: UUID, channel_id: UUID, lane: int, turn: Turn | None = None) -> float | None:
        """Works for one quantum, or until its turn is over; what is on the wire then goes on by itself (`drain`). Returns seconds until there may be more
        to do, None when there is nothing."""
        key = _place(channel_id, lane)
        if not await valkey.client().set(key, 1, nx=True, px=LANE_MS):
            return None
        try:
            return await self._quantum(turn or Turn(Lane(company_id, channel_id, lane)), key)
        finally:
            with contextlib.suppress(*valkey.Down):
                await valkey.client().delete(key)

    def speaks_for(self, channel: ChannelRow) -> bool:
        """Whether this process can send over it. A connection is held by one program, which sends over it itself (workers/qr)."""
        return channel.kind not in registry.with_session()

    async def free(self, lanes: Sequence[Lane]) -> list[Lane]:
        """Those where no process is at work. Raises valkey.Down."""
        if not lanes:
            return []
        taken = await valkey.client().mget([_place(lane.channel_id, lane.number) for lane in lanes])
        return [lane for lane, by in zip(lanes, taken, strict=True) if by is None]

    async def drain(self) -> None:
        """Until nothing is on the wire any more and all is written."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _quantum(self, turn: Turn, key: str) -> float | None:
        company_id, channel_id, lane = turn.lane
        async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
            channel = await load_channel(w, channel_id)
        if channel is None or not channel.sendable or not self.speaks_for(channel):
            return None
        breaker = self._breakers.of(channel)
        await breaker.exchange()
        # No bulk while the portfolio's day is full: each try would cost every message an attempt.
        self._rest.pop(channel_id, None)
        resting = await valkey.client().exists(f"rest:{channel_id}") > 0
        run = Quantum(turn, key, channel, breaker, self._in_flight.setdefault((channel_id, lane), set()), resting)
        while not self.draining:
            seconds = await self._over(run)
            if seconds is not None:
                return seconds
            life = installation.life()
            if life is None:
                return 1.0
            size = await self._room(run)
            if size == 0:
                continue
            permit = await limits.acquire(channel_id, rate=run.rate, want=size, least=size)
            if permit.granted == 0:
                limit = "quality" if run.channel.pace < 1 else outgoing.throughput_limit(run.channel)
                await outgoing.note_limit(run.channel, limit, run.rate * permit.factor)
                if time.monotonic() + permit.wait > run.until:
                    return permit.wait
                await turn.sleep(permit.wait)
            elif not await self._send_next(run, size, permit.granted, life):
                return None
        return None

    async def _over(self, run: Quantum) -> float | None:
        """Seconds until the lane is worth another turn, when this one ends here."""
        now = time.monotonic()
        if (
            run.breaker.is_open
        ):  # also where nobody could act on it: its worker died, or a person had paused the channel meanwhile
            await outage.pause(run.channel, run.breaker)
            return REOPENED
        if not run.resting and self._rest.get(run.channel.id, 0.0) > now:
            return self._rest[run.channel.id] - now
        return 0.0 if now > run.until or run.turn.over else None

    async def _room(self, run: Quantum) -> int:
        """How many to claim now. 0, after a moment: slow answers hold the slots, or all must stop."""
        whole, room = (outage.narrowed(run.breaker.level, slots) for slots in slice_size(self._settings, run.rate))
        size = min(whole, room - sum(batch.left for batch in run.in_flight))
        if size >= (whole + 1) // 2 and not any(batch.alarm for batch in run.in_flight):
            return size
        await asyncio.wait([batch.task for batch in run.in_flight], timeout=0.02, return_when=asyncio.FIRST_COMPLETED)
        return 0

    async def _send_next(self, run: Quantum, size: int, units: int, life: Seen) -> bool:
        """Claims a slice of one queue under a permit for `units` and sends it. False: no queue has anything to do."""
        company_id, channel_id, _ = run.turn.lane
        claimed_at = time.monotonic()
        queue_id: UUID | None = None
        slice_: Slice | None = None
        try:
            async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
                channel = await load_channel(w, channel_id)
                run.channel = channel or run.channel
                queue = await run.next_queue(w, channel)
                if channel is not None and queue is not None:
                    queue_id, campaign_id = queue
                    known = run.full and campaign_id is not None
                    slice_ = await self._claim(w, channel, queue, size, units, known=known)
        except limits.WindowLost:
            await limits.give_back(channel_id, units)
            async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
                await limits.rebuild_window(w, run.channel.portfolio_id)
            return True
        except Unavailable:
            if slice_ and slice_.messages:  # its COMMIT was lost: perhaps it is claimed, surely nothing of it was sent
                self._launch(slice_, claimed_at, run.in_flight, None)
            raise
        messages = slice_.messages if slice_ else []
        if slice_ and messages:
            self._launch(slice_, claimed_at, run.in_flight, life)
        if slice_ and slice_.dear is not None and queue_id is not None:
            await gated.stop(company_id, queue_id, slice_.dear)
        with contextlib.suppress(*valkey.Down):  # what is claimed must go on, with Valkey or without
            await limits.give_back(channel_id, units - sum(message.units for message in messages))
        if slice_ is None:
            if channel is not None and run.full:
                await self._stay_away(channel_id, await outgoing.note_tier_full(channel))
            return False
        await run.note(queue_id, slice_)
        return True

    async def _claim(
        self, w: Work, channel: ChannelRow, queue: tuple[UUID, UUID | None], limit: int, units: int, *, known: bool
    ) -> Slice:
        """Claims from one queue and asks for the recipients' limits; who may not go waits in the queue again, in the same
        transaction, so that what the ledger holds as started had its permit. `known`: only people who are in the portfolio's
        day already, for whom it is never full."""
        queue_id, campaign_id = queue
        if campaign_id is None:
            await uploads.put_back(w, channel.id)
        if (limit := await gated.places(w, channel, campaign_id, limit)) == 0:
            return Slice(channel, [], None, full=False, waits=True)
        batch = await ledger.claim(
            w, channel.id, queue_id, limit=limit, units=units, lease=self._settings.send_lease, known=known
        )
        asked = await gate.ask(w, campaign_id) if batch and campaign_id is not None else None
        batch = await gated.by_hours(w, channel, queue_id, asked, batch)
        batch = await gated.by_acquaintance(w, channel, campaign_id, await gated.by_deadline(w, channel, batch))
        batch = await gated.by_rest(w, channel, campaign_id, asked, batch)
        batch = await gated.by_call_rules(w, channel, campaign_id, batch)
        batch = await gated.by_warmth(w, channel, queue_id, asked, batch)
        # Inside a person's window nothing counts for the portfolio's day, and nothing waits for it.
        counted: list[Claimed] = []
        answers: list[Claimed] = []
        for message in batch:
            (answers if render.is_answer(message.content) else counted).append(message)
        batch = counted
        waits = await limits.recipients(
            w, channel.id, channel.portfolio_id, channel.messaging_limit, [message.address for message in batch]
        )
        waits += await limits.pairs(channel.id, [message.address for message in answers])
        batch += answers
        held = [held_back(message, wait) for message, wait in zip(batch, waits, strict=True) if wait]
        if held:
            await ledger.finish(w, held, horizon=channel.unknown_horizon)
            batch = [message for message, wait in zip(batch, waits, strict=True) if not wait]
        texts = await self._texts(w, campaign_id) if batch and campaign_id is not None else []
        content = texts[0] if texts else None
        if content is not None:
            batch = [m if m.variant is None else m._replace(content=texts[m.variant]) for m in batch]
        batch, content = await gated.by_file(w, channel, content, batch)
        batch, dear = await gated.by_money(w, channel, asked, batch)
        batch = await gated.by_text(w, channel, batch, content)
        return Slice(channel, batch, content, any(wait < 0 for wait in waits), dear)

    async def _stay_away(self, channel_id: UUID, seconds: float) -> None:
        self._rest[channel_id] = time.monotonic() + seconds
        with contextlib.suppress(*valkey.Down):
            await valkey.client().set(f"rest:{channel_id}", 1, px=max(1, int(seconds * 1000)))

    async def _texts(self, w: Work, campaign_id: UUID) -> list[str]:
        """By variant. Frozen at launch, so read once."""
        if campaign_id not in self._contents and (found := await lifecycle.contents(w, campaign_id)):
            if len(self._contents) > 500:
                self._contents.clear()
            self._contents[campaign_id] = found
        return self._contents.get(campaign_id, [])

    def _launch(self, slice_: Slice, claimed_at: float, in_flight: set[Batch], life: Seen | None) -> None:
        """Sends one claimed slice beside the lane: a few slow answers must not hold up all that waits. Nobody cancels it. Without
        a `life` nothing is sent: the slice goes back into its queue, as far as it is claimed."""
        channel = slice_.channel
        composer = self._sender.composer(channel, slice_.content)
        settings, breaker = self._settings, self._breakers.of(channel)
        batch = Batch(
            channel, composer, self._sender, claimed_at, settings.send_lease, slice_.messages, settings.send_concurrency, breaker
        )
        batch.task = asyncio.create_task(self._send_batch(batch, life))

        def down(task: asyncio.Task[None]) -> None:
            in_flight.discard(batch)
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:  # its messages stay claimed until the lease ends
                log.error("sending.slice", channel_id=str(channel.id), error=repr(error), exc_info=error)

        in_flight.add(batch)
        self._tasks.add(batch.task)
        batch.task.add_done_callback(down)

    async def _send_batch(self, batch: Batch, life: Seen | None) -> None:
        if life is None or not await self._note(batch, life):
            batch.halt()
        todo = iter(batch.messages)
        sending = asyncio.gather(*(batch.work(todo) for _ in range(batch.concurrency)))
        finished = False
        while not finished:  # what is known does not wait for the slowest; what came during a write is written by the next
            finished = bool((await asyncio.wait([sending], timeout=WRITE_BACK))[0])
            batch.breaker.wait_no_longer(batch.tally)
            try:
                await self._write(batch)
                await self._act(batch)
            except Exception as error:  # the rest is still on the wire, and its results must be written
                log.error("sending.slice", channel_id=str(batch.channel.id), error=repr(error), exc_info=error)
        sending.result()

    async def _note(self, batch: Batch, life: Seen) -> bool:
        """Claims are told to the witness before anything goes out: a replica that takes over may not know them. False: nothing of
        this slice may be sent."""
        claims = [witness.Claim(m.message_id, m.attempt_id, m.contact_id, m.epoch) for m in batch.messages]
        claimed = witness.Slice(batch.channel.company_id, batch.channel.id, batch.messages[0].campaign_id, claims)
        try:
            return await witness.note(life, claimed)
        except valkey.Down as error:
            log.warning("sending.no_witness", error=repr(error))
            return False

    async def repeat(self) -> None:
        """Writes the newest results again. Harmless where they are known; after a failover they may be lost."""
        for company_id, horizon, results in list(self._written):
            async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
                await ledger.finish(w, results, horizon=horizon)

    async def _act(self, batch: Batch) -> None:
        """Does what the new answers ask for, again if it fails: an answer that stops a campaign must not be forgotten."""
        delays = iter((0.2, 1.0, 5.0))
        while True:
            notable = list(batch.notable)
            try:
                await self._after(batch, notable)
                break
            except Unavailable:
                await DB.back(5.0)
            except Exception as error:
                delay = next(delays, None)
                if delay is None:
                    raise
                log.warning("sending.act_retry", error=repr(error))
                await asyncio.sleep(delay)
        del batch.notable[: len(notable)]
        batch.alarm = bool(batch.notable) and batch.alarm

    async def _write(self, batch: Batch) -> None:
        """Writes the results that are there. One that cannot be written as it is spoils none of the others."""
        results, batch.results = batch.results, []
        if not results:
            return
        await halving.write(results, partial(self._finish, batch.channel), partial(self._finish_bare, batch.channel))
        for campaign_id in {message.campaign_id for message in batch.messages}:
            progress.touch(batch.channel.company_id, campaign_id)
        for contact_id in {message.contact_id for message in batch.messages if message.campaign_id is None}:
            progress.touch_contact(batch.channel.company_id, contact_id)
        await outgoing.note_sent(batch.channel.id, sum(r.state == MessageState.SENT for r in results))

    async def _finish(self, channel: ChannelRow, results: Sequence[Result]) -> None:
        delays = iter((0.2, 1.0, 5.0))
        while True:
            try:
                async with work(worker(channel.company_id), Permission.CAMPAIGNS_SEND) as w:
                    await ledger.finish(w, results, horizon=channel.unknown_horizon)
                self._written.append((channel.company_id, channel.unknown_horizon, results))
                return
            except Unavailable:  # nobody else knows these results: they are kept for as long as Postgres is away
                await DB.back(5.0)
            except Exception as error:  # repeating is harmless, and giving up early would make all of them unknown
                delay = next(delays, None)
                if delay is None or halving.spoiled(error):
                    raise
                log.warning("sending.finish_retry", error=repr(error))
                await asyncio.sleep(delay)

    async def _finish_bare(self, channel: ChannelRow, result: Result, error: Exception) -> None:
        """What became of the message is sure, only the provider's words cannot be kept. Left to the lease it would be unknown, and
        sent again under at least once."""
        log.error("sending.result_spoiled", message_id=str(result.message_id), error=repr(error)[:300])
        try:
            await self._finish(channel, [ledger.bare(result)])
        except Exception as second:
            if not halving.spoiled(second):
                raise
            log.error("sending.result_lost", message_id=str(result.message_id), exc_info=second)

    async def _after(self, batch: Batch, notable: list[tuple[Claimed, Outcome]]) -> None:
        """What the new answers mean beyond their own message."""
        channel = batch.channel
        stopped: set[UUID] = set()
        paused, unreachable, crowded = False, False, 0
        await batch.breaker.exchange()
        if batch.breaker.is_open:
            await outage.pause(channel, batch.breaker)
        for message, outcome in notable:
            match outcome:
                case PauseChannel():
                    if not paused:
                        await outgoing.pause_channel(channel, outcome)
                    paused = True
                case StopCampaign() if message.campaign_id is not None and message.campaign_id not in stopped:
                    stopped.add(message.campaign_id)
                    await lifecycle.stop(
                        channel.company_id, message.campaign_id, outcome.reason, outcome.message, pause=outcome.pause
                    )
                case Rejected(reason=FailureReason.MEDIA) if (
                    message.campaign_id is not None and message.campaign_id not in stopped
                ):
                    stopped.add(message.campaign_id)
                    await lifecycle.stop_for_file(channel.company_id, message.campaign_id, outcome.message)
                case OptedOut():
                    async with work(worker(channel.company_id), Permission.CONTACTS_WRITE) as w:
                        await consent.opt_out_address(w, message.address, "provider")
                case RetryAfter(reason=FailureReason.THROUGHPUT):
                    crowded += 1
                case RetryAfter(reason=FailureReason.NETWORK):
                    unreachable = True
                case _:
                    pass
        if unreachable:
            await outgoing.note_limit(channel, "network", None)
        if crowded:
            with contextlib.suppress(*valkey.Down):
                await limits.slow_down(channel.id, crowded / len(batch.messages))
