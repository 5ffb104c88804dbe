"""Applies the events of providers: statuses, replies, opt-outs, changed numbers, news of templates and accounts.

Every effect is harmless when repeated, and the end is the same in whatever order events come. Refuses to read raw webhooks, and
to open a transaction: the caller (workers/inbound.py) commits what a batch causes together with the mark that it is done.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog

from db import ids
from db.assistant import gather as assistant
from db.channels import log as channel_log
from db.channels import notices, provider_state, templates
from db.channels.notices import News
from db.channels.secrets import ChannelRow
from db.clock import now
from db.contacts import senders
from db.contacts.enums import MergeReason
from db.contacts.identities import number_address
from db.contacts.senders import Sender
from db.conversations import away, groups
from db.costs import ledger as costs
from db.costs.ledger import Charge
from db.jobs import CheckChannel
from db.messages import echoes, inbound, lost, taken_away
from db.messages.content import Context, Preference, Revoke, System
from db.messages.echoes import Echo
from db.messages.enums import MessageOrigin, MessageState
from db.messages.events import ConversationChanged, MessageReceived
from db.messages.inbound import Inbound
from db.messages.inbox import Waiting
from db.messages.ledger import StatusUpdate, apply_statuses
from db.messages.lost import Report, campaign_of
from db.messages.reasons import FailureReason
from db.proposals import watch
from db.providers import registry as channel_kinds
from db.work import Work
from workers import account_news, call_effects
from workers.outcomes import PauseChannel, Refusal, RetryAfter, Scope, StopCampaign, retry_delay
from workers.progress import progress
from workers.providers import registry
from workers.providers.events import (
    AccountEvent,
    AnyEvent,
    CallEvent,
    DeliveryStatus,
    HandoverEvent,
    IdentityEvent,
    InboundMessage,
    NoticeEvent,
    OtherEvent,
    PreferenceEvent,
    QualityEvent,
    StatusEvent,
    TemplateEvent,
    TierEvent,
    TransferEvent,
)

log = structlog.get_logger("workers.effects")

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

MAX_LEARNT = 50_000
_learnt: set[tuple[UUID, str, str]] = set()
"""Pairs of phone and user id that the database was seen to have: not asked about again by this process."""

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
    statuses: list[Item] = []
    others: list[Item] = []
    for item in items:
        (statuses if isinstance(item.event, StatusEvent) else others).append(item)
    await _learn(w, statuses)
    for item in others:
        await _one(w, item)
    return await _statuses(w, statuses)  # last: who answers has the person and the conversation before its messages


# statuses


async def _statuses(w: Work, items: list[Item]) -> tuple[set[UUID], list[Stop]]:
    """Applies all statuses at once. Returns rows that came before the message they speak of, and campaigns to stop."""
    if not items:
        return set(), []
    updates = [_update(item) for item in items]
    applied = await apply_statuses(w, updates)
    charges = [charge for item, update in zip(items, updates, strict=True) if (charge := _charge(item, update)) is not None]
    await costs.bill(w, charges, applied.arrived)
    for campaign_id in applied.campaigns:
        progress.touch(w.company_id, campaign_id)
    for contact_id in applied.contacts:
        progress.touch_contact(w.company_id, contact_id)
    waiting: set[UUID] = set()
    if applied.unmatched:  # of an attempt that the database lost, or of a message whose answer was overtaken
        unmatched = {id(update) for update in applied.unmatched}
        early = [(update, item) for update, item in zip(updates, items, strict=True) if id(update) in unmatched]
        told = [Report(update, item.channel.id, _address(item.event)) for update, item in early]
        for campaign_id in await lost.reports(w, told):
            progress.touch(w.company_id, campaign_id)
        since = now() - OVERTAKEN
        waiting = {item.row.id for update, item in early if update.attempt_id is None and item.row.received_at > since}
    stops: dict[UUID, StopCampaign] = {}
    for item, update in zip(items, updates, strict=True):
        if update.state is MessageState.FAILED:
            stops.update(await _failure(w, item, update))
    return waiting, list(stops.items())


async def _learn(w: Work, items: list[Item]) -> None:
    """Statuses name a person by phone and user id: so a later message under the id alone finds its contact."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for item in items:
        event = item.event
        assert isinstance(event, StatusEvent)
        if event.phone and event.bsuid and (w.company_id, event.phone, event.bsuid) not in _learnt:
            pairs.setdefault(item.channel.portfolio_id, []).append((event.phone, event.bsuid))
    for scope, found in pairs.items():
        spelled = {(canonical(phone), bsuid): phone for phone, bsuid in found}
        known = await senders.learn_user_ids(w, spelled, scope)
        if len(_learnt) > MAX_LEARNT:
            _learnt.clear()
        _learnt.update((w.company_id, spelled[pair], pair[1]) for pair in known)


def _update(item: Item) -> StatusUpdate:
    event = item.event
    assert isinstance(event, StatusEvent)
    reason = event.reason
    if event.status is DeliveryStatus.CANCELLED:
        reason = FailureReason.CANCELLED_BY_PROVIDER
    state = STATES[event.status]
    return StatusUpdate(
        attempt_id=ids.parsed(event.correlation_id or ""),
        provider_id=event.provider_id,
        state=state,
        at=item.at,
        reason=(reason or FailureReason.BAD_REQUEST).value if state is MessageState.FAILED else None,
        code=event.code,
        retry_in=retry_delay(RetryAfter(None, reason), 2) if reason in PASSING and reason is not None else None,
    )


def _charge(item: Item, update: StatusUpdate) -> Charge | None:
    """What a status tells of money: by its pricing once the message was delivered; by segments, where those are billed, once it was sent."""
    event = item.event
    assert isinstance(event, StatusEvent)
    if channel_kinds.provider(item.channel.kind).capabilities.unit == "segment":
        if update.state not in (MessageState.SENT, MessageState.DELIVERED) or event.status is DeliveryStatus.ACCEPTED:
            return None
        return Charge(update.attempt_id, update.provider_id, item.at, True, None, "segments")
    told = event.pricing
    if told is None or told.billable is None or update.state not in (MessageState.DELIVERED, MessageState.READ):
        return None
    return Charge(
        update.attempt_id, update.provider_id, item.at, told.billable, (told.category or "")[:40], (told.type or "")[:40]
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
        sender = Sender(event.phone, event.bsuid, scope=item.channel.portfolio_id)
        wish = Preference(opted_in=False, detail=event.error)
        await _apply_preference(w, item, sender, wish, f"refused:{event.provider_id}")
    if update.code is None or item.at < now() - FRESH:
        return {}
    outcome: Refusal = registry.of_source(item.row.source).outcome_for(update.code)
    if isinstance(outcome, PauseChannel):
        await provider_state.stop(
            w,
            item.channel.id,
            outcome.reason,
            f"status {update.code}",
            until=outcome.until,
            code=update.code,
            whole_account=outcome.scope is Scope.ACCOUNT,
        )
    elif isinstance(outcome, StopCampaign):
        campaign_id = await campaign_of(w, w.company_id, update.attempt_id, update.provider_id)
        if campaign_id is not None:
            return {campaign_id: msgspec.structs.replace(outcome, message=f"status {update.code}")}
    return {}


# everything else


async def _one(w: Work, item: Item) -> None:
    match item.event:
        case InboundMessage() as event:
            await _message(w, item, event)
        case CallEvent() | HandoverEvent() | TransferEvent() as event:
            await call_effects.happen(w, item.channel.id, item.row.id, item.at, event)
        case PreferenceEvent() as event:
            value = "resume" if event.opted_in else "stop"
            sender = Sender(event.phone, event.bsuid, scope=item.channel.portfolio_id)
            key = f"preference:{value}:{event.phone or event.bsuid}:{item.at.isoformat()}"
            wish = Preference(opted_in=event.opted_in, category=event.category, detail=event.detail)
            await _apply_preference(w, item, sender, wish, key)
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
        case NoticeEvent() as event:
            channels = await provider_state.channels_of_account(w, event.account_id)
            await notices.record(w, channels, News(event.code, item.at, event.subject, event.detail, event.raw))
        case OtherEvent() as event:
            await _unknown(w, item, event)


async def _unknown(w: Work, item: Item, event: OtherEvent) -> None:
    """What was not understood is counted and its first text kept, for staff to see."""
    summary = "The provider told something that is not known here."
    if event.problem is not None:
        summary = f"Part of a webhook was not understood: {event.problem}"
    raw = event.raw.decode("utf-8", "replace")
    await channel_log.count(w, item.channel.id, "webhook", False, summary, code=event.field[:40], request=raw, alike=True)
    log.warning("inbound.not_understood", field=event.field[:40], problem=event.problem)


def canonical(phone: str) -> str:
    """A provider's number (bare wa_id or E.164) as we keep addresses: E.164, Brazilian mobiles with the ninth digit."""
    return number_address(phone).value


async def _message(w: Work, item: Item, event: InboundMessage) -> None:
    """Keeps what somebody wrote, or what our own people wrote elsewhere. Past messages cause nothing but their place."""
    if event.group is not None:
        await _in_group(w, item, event, event.group)
        return
    sender = Sender(
        event.from_phone, event.from_bsuid, event.username, event.profile_name, item.channel.portfolio_id, event.from_lid
    )
    contact_id = await senders.contact_of(w, sender)
    address = sender.address
    assert address is not None
    where = (item.channel.id, contact_id, event.provider_id, address, event.content, item.at)
    if event.echo:
        origin = MessageOrigin.HISTORY if event.history else MessageOrigin.PHONE_APP
        if await echoes.store(w, Echo(*where, origin, event.context)) and not event.history:
            w.emit(ConversationChanged(contact_id=contact_id))
        return
    message = Inbound(*where, event.context, event.referral, event.history)
    stored = await inbound.store(w, message)
    if stored is not None and not event.history:
        w.emit(MessageReceived(channel_id=item.channel.id, contact_id=contact_id, message_id=stored.id))
        if stored.conversation_id is not None:
            if stored.watched:
                await watch.heard(w, stored.conversation_id, message, stored.id)
            if not await assistant.gather(w, stored.conversation_id, message, stored.id):
                await away.consider(w, stored.conversation_id, stored.id)
        if stored.campaign_id is not None:
            progress.touch(w.company_id, stored.campaign_id)


async def _in_group(w: Work, item: Item, event: InboundMessage, group: str) -> None:
    """What was said in a group, and by whom. It makes nobody a contact, asks for nothing, and no program answers it."""
    group_id = await groups.kept(w, item.channel.id, group)
    number = canonical(event.from_phone) if event.from_phone else None
    writer = None if event.echo else event.profile_name or number or event.from_lid
    context = msgspec.structs.replace(
        event.context or Context(), group_id=group, writer=writer, writer_number=number, writer_lid=event.from_lid, writer_address=event.writer
    )  # fmt: skip
    where = (item.channel.id, group_id, event.provider_id, group, event.content, item.at)
    if event.echo:
        origin = MessageOrigin.HISTORY if event.history else MessageOrigin.PHONE_APP
        if await echoes.store(w, Echo(*where, origin, context)) and not event.history:
            w.emit(ConversationChanged(contact_id=group_id))
        return
    stored = await inbound.store(w, Inbound(*where, context, history=event.history, group=True))
    if stored is not None and isinstance(event.content, Revoke) and await taken_away.is_asked_of(w, w.company_id, stored.id):
        await groups.ask_for(w, group_id)


async def _apply_preference(w: Work, item: Item, sender: Sender, wish: Preference, key: str) -> None:
    """`stop` or `resume` without a message of its own."""
    address = sender.address
    if address is not None:
        contact_id = await senders.contact_of(w, sender)
        await inbound.store(w, Inbound(item.channel.id, contact_id, key[:500], address, wish, item.at))


REASONS = {"number_changed": MergeReason.NUMBER_CHANGED, "user_id_changed": MergeReason.USER_ID_CHANGED}


async def _identity(w: Work, item: Item, event: IdentityEvent) -> None:
    """A person goes by another number or user id now: one contact has them all, and its conversation says so."""
    scope = item.channel.portfolio_id
    before = Sender(event.phone, event.bsuid, scope=scope)
    after = Sender(event.new_phone, event.new_bsuid, scope=scope)
    reason = REASONS.get(event.change)
    if reason is not None:
        contact_id = await senders.changed(w, before, after, reason)
    else:
        contact_id = await senders.contact_of(w, before) if before.addresses else None
    address = after.address or before.address
    if contact_id is None or address is None:
        return
    told = System(event=event.change, text=event.text, previous=before.address, current=after.address)
    if await inbound.store(w, Inbound(item.channel.id, contact_id, event.provider_id, address, told, item.at)):
        w.emit(ConversationChanged(contact_id=contact_id))
