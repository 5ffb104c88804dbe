"""What the events of providers cause: statuses, replies, wishes, changed numbers, news of templates and accounts.

Every effect is harmless when repeated, and the end is the same in whatever order events come. Refuses to read raw webhooks, and
to open a transaction: the caller (workers/inbound.py) commits what a batch causes together with the mark that it is done.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.channels import log as channel_log
from db.channels import provider_state, templates
from db.channels.secrets import ChannelRow
from db.clock import now
from db.contacts import identities
from db.contacts.enums import IdentityKind
from db.contacts.phones import Phone, from_wa_id, variants
from db.jobs import CheckChannel
from db.messages import inbound, lost
from db.messages.enums import MessageState
from db.messages.events import MessageReceived
from db.messages.inbound import Inbound
from db.messages.inbox import Waiting
from db.messages.ledger import StatusUpdate, apply_statuses, campaign_of
from db.messages.lost import Report
from db.messages.reasons import FailureReason
from db.work import Work
from workers import account_news
from workers.outcomes import PauseChannel, Refusal, RetryAfter, Scope, StopCampaign, retry_delay
from workers.progress import progress
from workers.providers import registry
from workers.providers.events import (
    AccountEvent,
    AnyEvent,
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


class Item(NamedTuple):
    """One event with where it came from."""

    event: AnyEvent
    row: Waiting
    channel: ChannelRow

    @property
    def at(self) -> datetime:
        return self.event.at or self.row.received_at


Stop = tuple[UUID, StopCampaign]


async def happen(w: Work, items: Sequence[Item]) -> tuple[set[UUID], list[Stop]]:
    """What the events cause. Returns rows that came before the message they speak of, and campaigns to stop."""
    waiting, stops = await _statuses(w, [item for item in items if isinstance(item.event, StatusEvent)])
    for item in items:
        await _one(w, item)
    return waiting, stops


# statuses


async def _statuses(w: Work, items: list[Item]) -> tuple[set[UUID], list[Stop]]:
    """Applies all statuses at once. Returns rows that came before the message they speak of, and campaigns to stop."""
    if not items:
        return set(), []
    updates = [_update(item) for item in items]
    applied = await apply_statuses(w, updates)
    for campaign_id in applied.campaigns:
        progress.touch(w.company_id, campaign_id)
    for contact_id in applied.contacts:
        progress.touch_contact(w.company_id, contact_id)
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
    outcome: Refusal = registry.of_source(item.row.source).outcome_for(update.code)
    if isinstance(outcome, PauseChannel):
        until = None if outcome.seconds is None else now() + timedelta(seconds=outcome.seconds)
        stopped = [item.channel.id]
        if outcome.scope is Scope.ACCOUNT:
            stopped = await provider_state.channels_of_account(w, item.channel.account_id)
        for channel_id in stopped:
            await provider_state.stop(w, channel_id, outcome.reason, f"status {update.code}", until=until)
    elif isinstance(outcome, StopCampaign):
        campaign_id = await campaign_of(w, w.company_id, update.attempt_id, update.provider_id)
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
            for channel_id in await provider_state.channels_of_account(w, item.event.account_id):
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
        w.emit(MessageReceived(channel_id=item.channel.id, contact_id=contact_id, message_id=stored.id))
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
