"""What providers told us, made true: statuses, replies, wishes, templates, limits. Reads `webhook_inbox`, batch by batch.

Everything a batch causes commits together with the mark that its rows are done, so a crash repeats it and changes nothing.
A row that cannot be processed is found by halving its batch; it waits, and holds up neither other rows nor what else it tells.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
import structlog

from db import halving
from db.campaigns import lifecycle
from db.channels import facts, templates
from db.channels import log as channel_log
from db.clock import now
from db.contacts import identities
from db.contacts.phones import Phone, from_wa_id, variants
from db.enums import IdentityKind, MessageState, Permission
from db.errors import Unavailable
from db.events import InboundReceived
from db.jobs import CheckChannel
from db.messages import inbound, inbox, lost
from db.messages.inbound import Inbound
from db.messages.inbox import Waiting
from db.messages.ledger import StatusUpdate, apply_statuses
from db.messages.lost import Report
from db.messages.reasons import FailureReason
from db.tenancy import worker
from db.work import Work, work
from workers import account_news
from workers.outcomes import PauseChannel, Refusal, RetryAfter, Scope, StopCampaign, retry_delay
from workers.progress import progress
from workers.providers.events import (
    AccountEvent,
    AnyEvent,
    BadWebhook,
    DeliveryStatus,
    IdentityEvent,
    InboundMessage,
    OtherEvent,
    PreferenceEvent,
    QualityEvent,
    StatusEvent,
    TemplateEvent,
    TierEvent,
)
from workers.providers.meta import errors as meta_errors
from workers.providers.meta import inbound as meta_inbound
from workers.providers.twilio import errors as twilio_errors
from workers.providers.twilio import inbound as twilio_inbound

log = structlog.get_logger("workers.inbound")

BATCH = 200
OVERTAKEN = timedelta(seconds=60)  # so long may a status wait for the answer that names its message
FRESH = timedelta(minutes=15)  # older news stops nothing any more
PASSING = (
    FailureReason.TEMPORARY,
    FailureReason.THROUGHPUT,
    FailureReason.QUEUE_FULL,
    FailureReason.PAIR_RATE,
    FailureReason.API_RATE,
)
"""Failures reported later that prove that nothing arrived and that may pass: queued again."""

STATES = {
    DeliveryStatus.ACCEPTED: MessageState.SENT,
    DeliveryStatus.SENT: MessageState.SENT,
    DeliveryStatus.DELIVERED: MessageState.DELIVERED,
    DeliveryStatus.READ: MessageState.READ,
    DeliveryStatus.FAILED: MessageState.FAILED,
    DeliveryStatus.CANCELLED: MessageState.FAILED,
}

_busy: dict[UUID, bool] = {}  # companies in hand in this process; True: look once more


class Channel(NamedTuple):
    id: UUID
    account_id: str
    portfolio_id: str


class Item(NamedTuple):
    """One event with where it came from."""

    event: AnyEvent
    row: Waiting
    channel: Channel

    @property
    def at(self) -> datetime:
        return self.event.at or self.row.received_at


async def process_inbox(company_id: UUID) -> int:
    """Processes all that is due of one company; returns how many rows. A call while one is under way in this process only has
    it look once more; other processes may work beside it."""
    if company_id in _busy:
        _busy[company_id] = True
        return 0
    total = 0
    _busy[company_id] = True
    try:
        while _busy[company_id]:
            _busy[company_id] = False
            while count := await _batch(company_id):
                total += count
    finally:
        del _busy[company_id]
    return total


Stop = tuple[UUID, StopCampaign]


async def _batch(company_id: UUID) -> int:
    stops: list[Stop] = []
    try:
        return await _take(company_id, stops, None)
    except Exception as error:
        if not _spoiled(error):
            raise
        log.warning("inbound.batch_failed", company_id=str(company_id), error=repr(error)[:300])
        async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
            ids = await inbox.due(w, BATCH)
        await halving.write(ids, partial(_take, company_id, stops), partial(_alone, company_id, stops), spoiled=_spoiled)
        return len(ids)
    finally:
        for campaign_id, outcome in stops:
            await lifecycle.stop(company_id, campaign_id, outcome.reason.value, outcome.message, pause=outcome.pause)


def _spoiled(error: Exception) -> bool:
    """Whatever is not an outage lies in the rows: they are worked through by code, not only written."""
    return not isinstance(error, (Unavailable, asyncpg.PostgresConnectionError, asyncpg.InterfaceError))


async def _take(company_id: UUID, stops: list[Stop], only: Sequence[UUID] | None) -> int:
    """Processes due rows in one transaction; returns how many. `stops` gets the campaigns that must stop."""
    for number in range(5):
        try:
            async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
                rows = await inbox.claim(w, BATCH, only=only)
                found = await _apply(w, rows) if rows else []
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):  # two workers touched the same messages
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
            stops.extend((await _happen(w, items))[1])

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
    waiting, stops = await _happen(w, items)
    await inbox.later(w, list(waiting), 15)
    await inbox.done(w, [row_id for row_id in done if row_id not in waiting])
    return stops


async def _read(w: Work, rows: list[Waiting]) -> tuple[list[Item], list[UUID]]:
    """The events of these rows in the order of their time, and the rows that could be read."""
    found = await w.fetch(
        "select id, account_id, portfolio_id from channel where company_id = $1 and id = any($2::uuid[])",
        w.company_id,
        list({row.channel_id for row in rows}),
    )
    channels = {row["id"]: Channel(*row) for row in found}
    items: list[Item] = []
    done: list[UUID] = []
    for row in rows:
        channel = channels.get(row.channel_id)
        try:
            if channel is not None:
                items += [Item(event, row, channel) for event in parse(row)]
            done.append(row.id)
        except BadWebhook as error:
            await inbox.failed(w, row.id, str(error), final=True)
    items.sort(key=lambda item: item.at)
    return items, done


async def _happen(w: Work, items: Sequence[Item]) -> tuple[set[UUID], list[Stop]]:
    """What the events cause. Returns rows that came before the message they speak of, and campaigns to stop."""
    waiting, stops = await _statuses(w, [item for item in items if isinstance(item.event, StatusEvent)])
    for item in items:
        await _one(w, item)
    return waiting, stops


def parse(row: Waiting) -> list[AnyEvent]:
    """The events of one stored webhook. Raises BadWebhook."""
    match row.source:
        case "meta":
            return meta_inbound.parse(row.body)
        case "twilio_status":
            return [twilio_inbound.parse_status(row.body, str(row.attempt_id) if row.attempt_id else None)]
        case "twilio_message":
            return twilio_inbound.parse_message(row.body)
        case _:
            raise BadWebhook(f"unknown source {row.source}")


# statuses


async def _statuses(w: Work, items: list[Item]) -> tuple[set[UUID], list[Stop]]:
    """Applies all statuses at once. Returns rows that came before the message they speak of, and campaigns to stop."""
    if not items:
        return set(), []
    updates = [_update(item) for item in items]
    applied = await apply_statuses(w, updates)
    for campaign_id in applied.campaigns:
        progress.touch(w.company_id, campaign_id)
    if applied.unmatched:  # of a life that was lost, or of a message whose answer was overtaken
        unmatched = {id(update) for update in applied.unmatched}
        told = [
            Report(update, item.channel.id, _address(item.event))
            for update, item in zip(updates, items, strict=True)
            if id(update) in unmatched
        ]
        for campaign_id in await lost.reports(w, told):
            progress.touch(w.company_id, campaign_id)
    rows = {id(update): item.row for update, item in zip(updates, items, strict=True)}
    waiting = {
        row.id
        for update in applied.unmatched
        if (row := rows[id(update)]).received_at > now() - OVERTAKEN and update.attempt_id is None
    }
    stops: dict[UUID, StopCampaign] = {}
    for item, update in zip(items, updates, strict=True):
        if update.state is MessageState.FAILED:
            stops.update(await _failure(w, item, update))
    return waiting, list(stops.items())


def _update(item: Item) -> StatusUpdate:
    event = item.event
    assert isinstance(event, StatusEvent)
    reason = event.reason
    if event.status is DeliveryStatus.CANCELLED:
        reason = FailureReason.CANCELLED_BY_PROVIDER
    state = STATES[event.status]
    return StatusUpdate(
        attempt_id=_uuid(event.correlation_id),
        provider_id=event.provider_id,
        state=state,
        at=item.at,
        reason=(reason or FailureReason.BAD_REQUEST).value if state is MessageState.FAILED else None,
        code=event.code,
        retry_in=retry_delay(RetryAfter(None, reason), 2) if reason in PASSING and reason is not None else None,
    )


def _address(event: AnyEvent) -> str | None:
    """Whom a status speaks of, as messages have it."""
    assert isinstance(event, StatusEvent)
    return canonical(event.phone) if event.phone else event.bsuid


async def _failure(w: Work, item: Item, update: StatusUpdate) -> dict[UUID, StopCampaign]:
    """What a failure means beyond its message: the person refuses, the channel or the campaign must stop."""
    if update.reason == FailureReason.OPTED_OUT:
        event = item.event
        assert isinstance(event, StatusEvent)
        await _wish(w, item, event.phone, event.bsuid, "stop", f"refused:{event.provider_id}")
    if update.code is None or item.at < now() - FRESH:
        return {}
    outcome: Refusal = (meta_errors if item.row.source == "meta" else twilio_errors).outcome_for(update.code)
    if isinstance(outcome, PauseChannel):
        until = None if outcome.seconds is None else now() + timedelta(seconds=outcome.seconds)
        stopped = [item.channel.id]
        if outcome.scope is Scope.ACCOUNT:
            stopped = await facts.channels_of_account(w, item.channel.account_id)
        for channel_id in stopped:
            await facts.stop(w, channel_id, outcome.reason, f"status {update.code}", until=until)
    elif isinstance(outcome, StopCampaign):
        campaign_id = await w.fetchval(
            "select campaign_id from message where company_id = $1 and (provider_id = $3 or id ="
            " (select message_id from attempt where company_id = $1 and id = $2)) limit 1",
            w.company_id,
            update.attempt_id,
            update.provider_id,
        )
        if campaign_id is not None:
            return {campaign_id: msgspec.structs.replace(outcome, message=f"status {update.code}")}
    return {}


# everything else


async def _one(w: Work, item: Item) -> None:
    match item.event:
        case InboundMessage(echo=False) as event:
            await _message(w, item, event)
        case PreferenceEvent() as event:
            value = "resume" if event.opted_in else "stop"
            who = event.phone or event.bsuid
            await _wish(w, item, event.phone, event.bsuid, value, f"preference:{value}:{who}:{item.at.isoformat()}")
        case IdentityEvent() as event:
            await _identity(w, item, event)
        case TemplateEvent() as event:
            await templates.apply_news(
                w,
                event.template_id,
                at=item.at,
                event=event.event if event.kind == "status" else None,
                reason=event.reason,
                category=event.category,
                quality=event.quality,
            )
        case QualityEvent() | TierEvent():
            # The check reads the number's truth; news alone would depend on its order.
            for channel_id in await facts.channels_of_account(w, item.event.account_id):
                w.enqueue(CheckChannel(channel_id=channel_id))
        case AccountEvent() as event:
            await account_news.apply(w, event)
        case OtherEvent(problem=str() as problem) as event:
            raw = event.raw.decode("utf-8", "replace")
            summary = f"Part of a webhook was not understood: {problem}"
            await channel_log.record(w, item.channel.id, "webhook", False, summary, code=event.field[:40], request=raw)


def canonical(phone: str) -> str:
    """A provider's number (bare wa_id or E.164) as we keep addresses: E.164, Brazilian mobiles with the ninth digit."""
    parsed = from_wa_id(phone.lstrip("+"))
    return parsed.canonical if isinstance(parsed, Phone) else variants("+" + phone.lstrip("+"))[0]


async def _message(w: Work, item: Item, event: InboundMessage) -> None:
    address = canonical(event.from_phone) if event.from_phone else event.from_bsuid
    if address is None:
        raise ValueError("a message from nobody")
    contact_id = await identities.contact_for_inbound(
        w, phone=event.from_phone, bsuid=event.from_bsuid, profile_name=event.profile_name, scope=item.channel.portfolio_id
    )
    stored = await inbound.store(
        w,
        Inbound(
            item.channel.id,
            contact_id,
            event.provider_id,
            address,
            event.type,
            event.text,
            event.context_id or event.reaction_to or event.target_id,
            item.at,
        ),
    )
    if stored is not None:
        w.emit(InboundReceived(channel_id=item.channel.id, contact_id=contact_id, message_id=stored.id))
        if stored.campaign_id is not None:
            progress.touch(w.company_id, stored.campaign_id)


async def _wish(w: Work, item: Item, phone: str | None, bsuid: str | None, value: str, key: str) -> None:
    """`stop` or `resume` without a message of its own."""
    address = canonical(phone) if phone else bsuid
    if address is None:
        return
    contact_id = await identities.contact_for_inbound(
        w, phone=phone, bsuid=bsuid, profile_name=None, scope=item.channel.portfolio_id
    )
    await inbound.store(w, Inbound(item.channel.id, contact_id, key[:500], address, inbound.PREFERENCE, value, None, item.at))


async def _identity(w: Work, item: Item, event: IdentityEvent) -> None:
    """A person changed number: the contact keeps the old address and gets the new one."""
    if not event.from_phone and not event.bsuid:
        return
    contact_id = await identities.contact_for_inbound(
        w, phone=event.from_phone, bsuid=event.bsuid, profile_name=None, scope=item.channel.portfolio_id
    )
    parsed = from_wa_id(event.new_phone.lstrip("+")) if event.new_phone else None
    if isinstance(parsed, Phone):
        address = identities.Address(IdentityKind.PHONE, parsed.canonical, parsed.line.value, parsed.region)
        if await identities.add(w, contact_id, address):
            await identities.refresh(w, [contact_id])


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
