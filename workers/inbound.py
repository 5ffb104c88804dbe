"""Applies stored webhooks of providers: statuses, replies, opt-outs, templates, limits. Reads `webhook_inbox`, batch by batch.

Everything a batch causes commits together with the mark that its rows are done, so a crash repeats it and changes nothing.
A row that cannot be processed is found by halving its batch; it waits, and holds up neither other rows nor what else it tells.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

import asyncpg
import structlog

from db import halving, queue
from db.campaigns import lifecycle
from db.channels import log as channel_log
from db.channels import provider_state
from db.channels.secrets import ChannelRow, load_channels
from db.errors import Unavailable
from db.messages import inbox
from db.messages.inbox import Waiting
from db.permissions import Permission
from db.providers import registry as channel_kinds
from db.tenancy import worker
from db.work import Work, work
from workers.effects import Item, Stop, happen
from workers.providers import registry
from workers.providers.events import (
    AnyEvent,
    BadWebhook,
    IdentityEvent,
    InboundMessage,
    OtherEvent,
    PreferenceEvent,
    StatusEvent,
)
from workers.registration import Loop

log = structlog.get_logger("workers.inbound")

BATCH = 500
LARGE_BATCH = 1000
"""While batches are quick, as those of statuses are: a transaction has costs of its own. What people write takes longer, and must
not wait for so many others."""
PEOPLE = 50
"""Of what people wrote, where statuses are under way beside it."""
QUICK = 0.5  # seconds for a batch
BATCHES_AT_ONCE = 2  # batches of one company at once while it has a backlog: one is read while Postgres applies the other
_NAMES_SENDER = (StatusEvent, PreferenceEvent, IdentityEvent)
_CROSSED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)
"""No fault of a row: taken again at once, and by the next round, as often as it happens."""
_FOREIGN = "The provider told something about a number that is not connected here."
_busy: dict[UUID, bool] = {}  # companies in hand in this process; True: look once more
_heard: dict[UUID, bool] = {}  # the same, for what people wrote alone


async def process_inbox(company_id: UUID) -> int:
    """Processes all that is due of one company; returns how many rows. A call while one is under way in this process takes what people
    wrote, and has that one look once more: a campaign's statuses keep nobody waiting. Other processes may work beside it."""
    if company_id in _busy:
        _busy[company_id] = True
        return await _hear(company_id)
    _busy[company_id] = True
    try:
        total = await _hear(company_id)
        while _busy[company_id]:
            _busy[company_id] = False
            count = await _batch(company_id)
            readers = [_until_empty(company_id) for _ in range(BATCHES_AT_ONCE if count == BATCH else min(1, count))]
            done = await asyncio.gather(*readers, return_exceptions=True)  # one that fails leaves the other its rows
            total += count + sum(one for one in done if isinstance(one, int))
            for error in done:
                if isinstance(error, BaseException):
                    raise error
    finally:
        del _busy[company_id]
    return total


async def _hear(company_id: UUID) -> int:
    """Processes what people wrote, beside a batch that is under way. Returns how many rows."""
    if company_id in _heard:
        _heard[company_id] = True
        return 0
    total = 0
    _heard[company_id] = True
    try:
        while _heard[company_id]:
            _heard[company_id] = False
            while count := await _batch(company_id, PEOPLE, people=True):
                total += count
    finally:
        del _heard[company_id]
    return total


async def _until_empty(company_id: UUID) -> int:
    total, size = 0, BATCH
    began = time.monotonic()
    while count := await _batch(company_id, size):
        total += count
        ended = time.monotonic()
        size = batch_size(count, ended - began)
        began = ended
    return total


def batch_size(count: int, seconds: float) -> int:
    """How many rows to take next, after so many took so long."""
    return LARGE_BATCH if count >= BATCH and seconds < QUICK * count / BATCH else BATCH


async def _batch(company_id: UUID, size: int = BATCH, *, people: bool = False) -> int:
    """Processes one batch; returns how many rows it took. 0 also where others stood in the way again and again: the poller comes back."""
    stops: list[Stop] = []
    try:
        return await _take(company_id, stops, None, size, people=people)
    except _CROSSED as error:
        log.warning("inbound.crossed", company_id=str(company_id), error=repr(error)[:300])
        return 0
    except Exception as error:
        if not _spoiled(error):
            raise
        log.warning("inbound.batch_failed", company_id=str(company_id), error=repr(error)[:300])
        return await _in_parts(company_id, stops, size, people=people)
    finally:
        for campaign_id, outcome in stops:
            await lifecycle.stop(company_id, campaign_id, outcome.reason.value, outcome.message, pause=outcome.pause)


async def _in_parts(company_id: UUID, stops: list[Stop], size: int, *, people: bool) -> int:
    """Finds the row that cannot be processed."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        ids = await inbox.due(w, size, people=people)
    try:
        await halving.write(ids, partial(_take, company_id, stops), partial(_alone, company_id, stops), spoiled=_spoiled)
    except _CROSSED as error:
        log.warning("inbound.crossed", company_id=str(company_id), error=repr(error)[:300])
        return 0
    return len(ids)


def _spoiled(error: Exception) -> bool:
    """Whatever is neither an outage nor two that wait for each other lies in the rows: they are worked through by code, not only
    written."""
    return not isinstance(error, (Unavailable, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, *_CROSSED))


async def _take(
    company_id: UUID, stops: list[Stop], only: Sequence[UUID] | None, size: int = LARGE_BATCH, *, people: bool = False
) -> int:
    """Processes due rows in one transaction; returns how many. `stops` gets the campaigns that must stop."""
    for number in range(5):
        try:
            async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
                rows = await inbox.claim(w, size, only=only, people=people)
                found = await _apply(w, rows) if rows else []
        except _CROSSED:  # two touched the same rows
            if number == 4:
                raise
            await asyncio.sleep(random.uniform(0, 0.05 * (number + 1)))
        else:
            stops += found
            return len(rows)
    raise AssertionError


async def _alone(company_id: UUID, stops: list[Stop], row_id: UUID, error: Exception) -> None:
    """One row that cannot be processed as a whole: what can be is, and it stays where staff see it."""
    trace = None if halving.spoiled(error) else error  # where a value was refused says nothing
    log.error("inbound.row_failed", company_id=str(company_id), row_id=str(row_id), error=repr(error)[:300], exc_info=trace)

    async def some(items: Sequence[Item]) -> None:
        async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
            stops.extend((await happen(w, items))[1])

    async def skip(item: Item, error: Exception) -> None:
        log.warning("inbound.event_failed", row_id=str(row_id), kind=type(item.event).__name__, error=repr(error)[:300])

    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        rows = await inbox.claim(w, 1, only=[row_id])
        await inbox.failed(w, row_id, repr(error))
    try:
        async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
            items, _ = await _read(w, rows)
    except Exception as unreadable:
        if not _spoiled(unreadable):
            raise
        return
    if len(items) > 1:
        await halving.write(items, some, skip, spoiled=_spoiled)


async def _apply(w: Work, rows: list[Waiting]) -> list[Stop]:
    """Everything these rows say, in one transaction. Returns the campaigns that must stop."""
    items, done = await _read(w, rows)
    waiting, stops = await happen(w, items)
    if waiting:
        await inbox.later(w, list(waiting), 15)
    unread = {item.row.id: item.event.problem for item in items if isinstance(item.event, OtherEvent) and item.event.problem}
    await inbox.keep(w, {row_id: why for row_id, why in unread.items() if row_id not in waiting})
    await inbox.done(w, [row_id for row_id in done if row_id not in waiting and row_id not in unread])
    return stops


async def _read(w: Work, rows: list[Waiting]) -> tuple[list[Item], list[UUID]]:
    """The events of these rows in the order of their time, and the rows that could be read."""
    channels = await load_channels(w, {row.channel_id for row in rows}, of_kinds=True)
    numbers = {(each.kind, each.sandbox, each.external_id): each for each in channels.values()}
    items: list[Item] = []
    done: list[UUID] = []
    foreign: dict[tuple[UUID, str], None] = {}
    for row in rows:
        address = channels.get(row.channel_id)
        if address is None:
            done.append(row.id)
            continue
        try:
            events = parse(row)
        except BadWebhook as error:
            await inbox.failed(w, row.id, str(error), final=True)
            continue
        done.append(row.id)
        for event in events:
            channel = _channel(event, address, numbers)
            if channel is not None:
                items.append(Item(event, row, channel))
            else:
                foreign[row.channel_id, _number(event)] = None
    for channel_id, number in foreign:
        log.warning("inbound.foreign_number", channel_id=str(channel_id), number=number)
        await channel_log.count(w, channel_id, "webhook", False, _FOREIGN, code="foreign_number", request=number, alike=True)
    heard = {item.channel.id for item in items} | {
        channel_id for channel_id, _ in foreign
    }  # also by a test that names no real number
    if new := {channel_id for channel_id in heard if channels[channel_id].heard_at is None}:
        await provider_state.heard(w, sorted(new))
    items.sort(key=lambda item: item.at)
    return items, done


def _channel(event: AnyEvent, address: ChannelRow, numbers: Mapping[tuple[str, bool, str], ChannelRow]) -> ChannelRow | None:
    """Whose an event is that came to the address of a channel. None: of a number that the company has not connected; another company
    may share the account and the app."""
    number = _number(event)
    named = numbers.get((address.kind, address.sandbox, number), address if number == address.external_id else None)
    if named is not None or (number and channel_kinds.provider(address.kind).capabilities.names_numbers):
        return named
    return address


def _number(event: AnyEvent) -> str:
    """Our number that an event names, as the provider calls it."""
    if isinstance(event, _NAMES_SENDER):
        return event.sender or ""
    return event.to if isinstance(event, InboundMessage) else ""


def parse(row: Waiting) -> list[AnyEvent]:
    """The events of one stored webhook. Raises BadWebhook."""
    try:
        parser = registry.of_source(row.source).parsers[row.source]
    except KeyError:
        raise BadWebhook(f"unknown source {row.source}") from None
    return parser(row.body, str(row.attempt_id) if row.attempt_id else None)


async def poll_inbox() -> None:
    """Wakes every company whose webhooks are due, in whatever process."""
    for company_id in await inbox.companies_waiting():
        await queue.wake_one("inbound", "process_inbox", key=queue.wake_key(company_id), company_id=str(company_id))


LOOPS = (Loop("inbox", 2.0, poll_inbox),)
