"""One worker process: SAQ carries wake-ups to lanes, jobs and the inbox; rounds make wake-ups optional."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, cast
from uuid import UUID

import structlog
from saq.worker import Worker

from db import blobs, crypto, installation, queue, valkey
from db.engine import DB, close_pools, open_pools
from db.errors import Unavailable
from db.holds import actions as holds
from db.jobs import QueueName
from db.messages import due
from db.settings import Settings
from workers import (
    board_rules,
    boards,
    bookings,
    cadences,
    calls,
    campaigns,
    channels,
    contacts,
    conversations,
    conversions,
    event_consumers,
    health,
    housekeeping,
    inbound,
    incoming,
    mail,
    notifications,
    outage,
    personas,
    push,
    receipts,
    rehearsal,
    runtime,
    sandbox_control,
    sandbox_model,
    signups,
    stats,
    telephony,
    templates,
    unknown,
    webhooks,
)
from workers.assistant import assist, speaking
from workers.assistant import turn as assistant
from workers.figures import job as figures
from workers.hook_wire import HookWire
from workers.imports import job as imports
from workers.knowledge import embedding, measuring, reading
from workers.kommo import job as kommo
from workers.leads import judge as leads
from workers.llm import check as llm_check
from workers.llm import client as llm
from workers.media import faces
from workers.media import job as media
from workers.media import outgoing as outgoing_files
from workers.outgoing import Sender
from workers.privacy import job as privacy
from workers.progress import progress
from workers.providers.wire import Wire
from workers.registration import Handler, Loop, Resources
from workers.runtime import Runner
from workers.sending import Lanes, lanes_for
from workers.turns import Lane, Turn, Turns

HANDLERS: tuple[Handler, ...] = (
    *assist.JOBS,
    *assistant.JOBS,
    *board_rules.JOBS,
    *boards.JOBS,
    *bookings.JOBS,
    *calls.JOBS,
    *campaigns.JOBS,
    *channels.JOBS,
    *contacts.JOBS,
    *conversions.JOBS,
    *conversations.JOBS,
    *event_consumers.JOBS,
    *faces.JOBS,
    *figures.JOBS,
    *imports.JOBS,
    *incoming.JOBS,
    *embedding.JOBS,
    *measuring.JOBS,
    *reading.JOBS,
    *kommo.JOBS,
    *leads.JOBS,
    *llm_check.JOBS,
    *mail.JOBS,
    *media.JOBS,
    *outgoing_files.JOBS,
    *outage.JOBS,
    *personas.JOBS,
    *privacy.JOBS,
    *notifications.JOBS,
    *push.JOBS,
    *receipts.JOBS,
    *rehearsal.JOBS,
    *sandbox_control.JOBS,
    *sandbox_model.JOBS,
    *signups.JOBS,
    *speaking.JOBS,
    *telephony.JOBS,
    *templates.JOBS,
    *unknown.JOBS,
)
LOOPS: tuple[Loop, ...] = (
    *assistant.LOOPS,
    *cadences.LOOPS,
    *calls.LOOPS,
    *campaigns.LOOPS,
    *channels.LOOPS,
    *conversations.LOOPS,
    *embedding.LOOPS,
    *event_consumers.LOOPS,
    *figures.LOOPS,
    *health.LOOPS,
    *housekeeping.LOOPS,
    *inbound.LOOPS,
    *kommo.LOOPS,
    *leads.LOOPS,
    *llm_check.LOOPS,
    *outage.LOOPS,
    *runtime.LOOPS,
    *stats.LOOPS,
    *unknown.LOOPS,
    *webhooks.LOOPS,
)

log = structlog.get_logger("workers")

SLOTS = {
    "default": 8,
    "assistant": 24,
    "assist": 12,
    "judge": 8,
    "bulk": 3,
    "inbound": 4,
    "media": 4,
    "inspect": 3,
    "dry_run": 2,
    "import": 2,
    "knowledge": 2,
    "kommo": 3,
    "send": 4,
}
"""How many of each queue run at once; jobs of one company never take the last. A wake-up of the send queue only puts its lane
among those that wait for their turn."""
SEND_SLOTS = 32
"""How many lanes work at once. One mostly waits: for permits or for a provider."""


ROUND_SECONDS = 900.0  # more than any round of a loop takes; one that hangs is broken off
VALKEY_PATIENCE = 2.0  # seconds; nobody waits for a worker as they do for the API


class SaqWorker(Worker[Any]):
    """SAQ's worker without its signal handlers: this process drains by its own rules (decision 3: a stopping SAQ worker
    still took new jobs, and cancelled what was in flight). A Valkey that is away ends none of its tasks loudly: what it did not
    finish is made good from Postgres."""

    SIGNALS: list[signal.Signals] = []  # noqa: RUF012 - as SAQ declares it

    async def process(self) -> bool:
        try:
            return await super().process()
        except valkey.Down:
            return False

    async def abort(self, abort_threshold: float) -> None:
        with contextlib.suppress(*valkey.Down):
            await super().abort(abort_threshold)

    async def schedule(self, lock: int = 1) -> None:
        """Nothing: every job is due when it is enqueued."""

    async def worker_info(self, ttl: int = 60) -> Any:
        """Nothing: nobody reads it."""


def _not_an_outage(record: logging.LogRecord) -> bool:
    """SAQ logs a traceback for every job that a lost Valkey interrupts; the pulse has said it in one line."""
    return not (record.exc_info and isinstance(record.exc_info[1], valkey.Down))


class Process:
    """Everything one worker process does, from start to drained end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.wire = Wire(timeout=settings.send_timeout, connect_timeout=settings.connect_timeout)
        self.sender = Sender(settings, self.wire)
        self.lanes = Lanes(settings, self.sender)
        self.turns = Turns(SEND_SLOTS, self._send, self._wake_lane)
        resources = Resources(settings, self.wire, self.sender, self._poll_sending)
        self.runner = Runner(
            {handler.job: handler.bind(resources) for handler in HANDLERS},
            {handler.job: handler.give_up for handler in HANDLERS if handler.give_up is not None},
            SLOTS,
        )
        self.receipts = receipts.Receipts(settings, self.wire)
        self.draining = asyncio.Event()
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    # What SAQ calls. A wake-up that comes while draining is let go: the pollers of another process make it good.

    async def run_job(self, name: QueueName, ctx: Any, *, job_id: str) -> None:
        """A job of this queue became due. Which one runs is not said by who called first."""
        with self._working() as go:
            if go:
                await self.runner.run_on(name, lambda: not self.draining.is_set())

    async def send_lane(self, ctx: Any, *, company_id: str, channel_id: str, lane: int) -> None:
        self.turns.add(Lane(UUID(company_id), UUID(channel_id), lane))

    async def _send(self, turn: Turn) -> bool:
        """Whether it has more to do."""
        again = None
        try:
            with self._working() as go:
                if go:
                    again = await self.lanes.run(*turn.lane, turn)
        except Exception as error:  # the poller comes back to it
            log.error("sending.lane", channel_id=str(turn.lane.channel_id), error=repr(error), exc_info=error)
        return again is not None and again < 1.0 and not self.draining.is_set()

    async def process_inbox(self, ctx: Any, *, company_id: str) -> None:
        with self._working() as go:
            if go:
                await inbound.process_inbox(UUID(company_id))

    async def show_typing(self, ctx: Any, *, company_id: str, conversation_id: str, at: int) -> None:
        with self._working() as go:
            if go:
                await self.receipts.show_typing(UUID(company_id), UUID(conversation_id), at)

    @contextlib.contextmanager
    def _working(self) -> Iterator[bool]:
        self._busy += 1
        self._idle.clear()
        try:
            yield not self.draining.is_set()
        except (Unavailable, *valkey.Down) as error:  # a server is away: its pulse has said it, and the pollers come back to this
            log.debug("wake.in_vain", error=repr(error))
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def _wake_lane(self, lane: Lane) -> None:
        """Through the queue, so that every process has a share of the lanes."""
        company_id, channel_id = str(lane.company_id), str(lane.channel_id)
        key = queue.wake_key(f"{channel_id}:{lane.number}")
        await queue.wake_one("send", "send_lane", key=key, company_id=company_id, channel_id=channel_id, lane=lane.number)

    # loops

    async def _poll_sending(self) -> None:
        """Starts lanes without the queue, so that none waits behind other wake-ups."""
        lanes = [
            Lane(channel.company_id, channel.id, number)
            for channel in await due.channels_with_work()
            for number in range(lanes_for(self.settings, channel.throughput))
        ]
        with contextlib.suppress(*valkey.Down):  # without Valkey there are no permits either
            for lane in await self.lanes.free([lane for lane in lanes if lane not in self.turns]):
                self.turns.add(lane)

    async def _look(self) -> None:
        """Until the database is recognised nothing leaves. After a failover the new primary is told again what came of the last
        messages."""
        if await installation.look(self.settings.data_dir, holds.hold_everything, holds.recover):
            await self.lanes.repeat()

    async def _loop(self, name: str, seconds: float, run_round: Callable[[], Awaitable[object]]) -> None:
        """One round after another; a failing one is named and waited out, never the end of the loop. While Postgres is away, which
        is named elsewhere, the next round begins as soon as it is back."""
        pause = seconds
        while not self.draining.is_set():
            try:
                async with asyncio.timeout(ROUND_SECONDS):
                    await run_round()
                pause = seconds
            except Unavailable as error:
                log.debug("loop.waits", loop=name, error=repr(error))
                pause = 0.0
                await DB.back(5.0)
            except Exception as error:
                pause = min(30.0, 10 * seconds, max(seconds, pause) * 2)
                log.warning("loop.failed", loop=name, retry_in=pause, error=repr(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.draining.wait(), pause)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT; then no new claim is made and what is on the wire finishes."""
        settings = self.settings
        crypto.load_ring(settings.secret_keys, settings.data_dir)
        valkey.connect(settings.valkey_url)
        valkey.watch(patience=VALKEY_PATIENCE)
        blobs.connect(settings)
        llm.connect(llm.Models(settings))
        webhooks.DELIVERER.connect(
            HookWire(
                allow_private=settings.webhooks_allow_local, local_hosts=settings.webhook_hosts, own_hosts=settings.own_hosts
            )
        )
        logging.getLogger("saq").addFilter(_not_an_outage)
        await open_pools(
            settings, size=max(settings.pool_size, 12), statement_timeout=600, idle_timeout=settings.transaction_idle
        )
        with contextlib.suppress(Exception):  # the loop tries again, and says so
            await self._look()
        running = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            running.add_signal_handler(number, self._drain)
        carriers = [
            SaqWorker(
                queue.queues()[name],
                functions=[
                    ("run_job", partial(self.run_job, cast(QueueName, name))),
                    ("send_lane", self.send_lane),
                    ("process_inbox", self.process_inbox),
                    ("show_typing", self.show_typing),
                ],
                concurrency=slots,
                dequeue_timeout=2.0,
                timers={"sweep": 60, "schedule": 3600, "worker_info": 3600, "abort": 60},
            )
            for name, slots in SLOTS.items()
        ]
        async with self.wire:
            own = Loop("installation", 1.0, self._look), Loop("sending", 1.0, self._poll_sending)
            tasks = [asyncio.create_task(self._loop(*loop)) for loop in (*own, *LOOPS)]
            tasks.append(asyncio.create_task(progress.run()))
            carrying = [asyncio.create_task(carrier.start()) for carrier in carriers]
            log.info("worker.ready", queues=SLOTS)
            await self.draining.wait()
            log.info("worker.draining", in_flight=self._busy)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.worker_drain):
                    await self._idle.wait()
                    await self.lanes.drain()
            for task in (*carrying, *tasks):
                task.cancel()
            await asyncio.wait([*carrying, *tasks], timeout=3)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), 2)  # jobs that were broken off give their rows back
        await close_pools()
        await valkey.close()
        await blobs.close()
        await llm.close()
        webhooks.DELIVERER.close()

    def _drain(self) -> None:
        self.lanes.draining = True
        self.draining.set()
