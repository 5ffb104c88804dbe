"""Meta's webhook bodies as typed events.

`parse` reads the envelope, then every item on its own: an item of an unexpected shape becomes an `OtherEvent` with the
reason and never takes its neighbours with it. Unknown keys are ignored, unknown fields kept. Source: wire contract,
section 5. Everything comes as it can be stored: NUL removed, broken surrogate pairs replaced, ids, texts and codes as long and
as large as their columns take.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from db import storable
from workers.outcomes import reason_of
from workers.providers.events import (
    AccountEvent,
    AnyEvent,
    BadWebhook,
    DeliveryStatus,
    IdentityEvent,
    OtherEvent,
    PreferenceEvent,
    Pricing,
    QualityEvent,
    StatusEvent,
    TemplateEvent,
    TierEvent,
)
from workers.providers.meta.errors import outcome_for
from workers.providers.meta.messages import ABSENT, MAX_ADDRESS, Contact, Message, inbound_message, person

STATUSES = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "played": DeliveryStatus.READ,
    "failed": DeliveryStatus.FAILED,
}
UNREADABLE = (ValueError, RecursionError, OverflowError)  # msgspec's and Unicode's errors are ValueErrors

LAST_SECOND = 253402300799  # 9999-12-31


class _Envelope(msgspec.Struct):
    entry: list[msgspec.Raw] = []


class _Entry(msgspec.Struct):
    id: str = ""
    time: int | float | str | None = None
    changes: list[msgspec.Raw] = []


class _Change(msgspec.Struct):
    field: str
    value: msgspec.Raw = msgspec.Raw(b"null")


class _Metadata(msgspec.Struct):
    phone_number_id: str = ""
    display_phone_number: str | None = None


class _Value(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    contacts: list[msgspec.Raw] = []
    messages: list[msgspec.Raw] = []
    statuses: list[msgspec.Raw] = []
    message_echoes: list[msgspec.Raw] = []
    user_preferences: list[msgspec.Raw] = []


class _ErrorData(msgspec.Struct):
    details: str | None = None


class _Error(msgspec.Struct):
    code: int
    title: str | None = None
    message: str | None = None
    error_data: _ErrorData | None = None


class _Pricing(msgspec.Struct):
    billable: bool | None = None
    category: str | None = None
    type: str | None = None
    pricing_model: str | None = None


class _Status(msgspec.Struct):
    id: str
    status: str
    timestamp: str | int | None = None
    recipient_id: str | None = None
    recipient_user_id: str | None = None
    biz_opaque_callback_data: str | None = None
    pricing: _Pricing | None = None
    errors: list[_Error] = []


class _Preference(msgspec.Struct):
    value: str
    category: str = "marketing_messages"
    wa_id: str | None = None
    user_id: str | None = None
    detail: str | None = None
    timestamp: str | int | None = None


class _Info(msgspec.Struct):
    title: str | None = None
    description: str | None = None


class _Template(msgspec.Struct):
    message_template_id: str | int
    message_template_name: str | None = None
    message_template_language: str | None = None
    event: str | None = None
    reason: str | None = None
    message_template_category: str | None = None
    new_category: str | None = None
    new_quality_score: str | None = None
    other_info: _Info | None = None
    rejection_info: msgspec.Raw = ABSENT


class _Quality(msgspec.Struct):
    display_phone_number: str | None = None
    event: str | None = None
    current_limit: str | int | None = None
    max_daily_conversations_per_business: str | int | None = None


class _Capability(msgspec.Struct):
    max_daily_conversations_per_business: str | int | None = None
    max_phone_numbers_per_business: int | None = None


class _Account(msgspec.Struct):
    event: str


_envelope = msgspec.json.Decoder(_Envelope)
_entry = msgspec.json.Decoder(_Entry)
_change = msgspec.json.Decoder(_Change)
_value = msgspec.json.Decoder(_Value)
_contact = msgspec.json.Decoder(Contact)
_message = msgspec.json.Decoder(Message)
_status = msgspec.json.Decoder(_Status)
_preference = msgspec.json.Decoder(_Preference)
_template = msgspec.json.Decoder(_Template, strict=False)
_quality = msgspec.json.Decoder(_Quality)
_capability = msgspec.json.Decoder(_Capability, strict=False)
_account = msgspec.json.Decoder(_Account)


def parse(raw: bytes) -> list[AnyEvent]:
    """All events of one POST, in its order. Raises `BadWebhook` when the body is no JSON envelope; nothing else."""
    try:
        entries = _envelope.decode(_mended(raw) if b"\\u0000" in raw else raw).entry
    except UNREADABLE:
        try:
            entries = _envelope.decode(_mended(raw)).entry
        except UNREADABLE as error:
            raise BadWebhook(f"not a webhook envelope: {type(error).__name__}") from error
    events: list[AnyEvent] = []
    for part in entries:
        try:
            entry = _entry.decode(part)
        except UNREADABLE as error:
            events.append(_unreadable("entry", part, "", error))
            continue
        at, account_id = moment(entry.time), storable.key(entry.id)
        for item in entry.changes:
            try:
                change = _change.decode(item)
            except UNREADABLE as error:
                events.append(_unreadable("change", item, account_id, error))
                continue
            try:
                events.extend(_events(change, account_id, at))
            except UNREADABLE as error:
                events.append(_unreadable(change.field, change.value, account_id, error))
    return events


def moment(value: str | float | None) -> datetime | None:
    """Unix seconds (text or number; milliseconds are recognised) as aware UTC; None when absent or senseless."""
    if value is None:
        return None
    try:
        seconds = float(value)
        if seconds > 1e11:
            seconds /= 1000
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= LAST_SECOND else None
    except (ValueError, OverflowError, OSError):
        return None


def _unreadable(field: str, raw: msgspec.Raw, account_id: str, error: Exception) -> OtherEvent:
    problem = storable.text(f"{type(error).__name__}: {error}", 300)
    return OtherEvent(field=field[:100], raw=bytes(raw), account_id=account_id, problem=problem)


def _events(change: _Change, account_id: str, at: datetime | None) -> Iterator[AnyEvent]:
    """The events of one change. Raises what the decoders raise."""
    match change.field:
        case "messages" | "smb_message_echoes" | "user_preferences":
            yield from _conversation(_value.decode(change.value), change.field, account_id)
        case (
            "message_template_status_update"
            | "message_template_quality_update"
            | "template_category_update"
            | "message_template_components_update"
        ):
            yield _template_event(_template.decode(change.value), change.field, account_id, at)
        case "phone_number_quality_update":
            quality = _quality.decode(change.value)
            yield QualityEvent(
                at=at,
                account_id=account_id,
                display_phone_number=storable.text(quality.display_phone_number, MAX_ADDRESS),
                event=storable.text(quality.event, 100),
                limit=_text(quality.max_daily_conversations_per_business or quality.current_limit),
            )
        case "business_capability_update":
            capability = _capability.decode(change.value)
            yield TierEvent(
                at=at,
                account_id=account_id,
                limit=_text(capability.max_daily_conversations_per_business),
                max_phone_numbers=storable.int4(capability.max_phone_numbers_per_business),
            )
        case "account_update":
            account = _account.decode(change.value)
            yield AccountEvent(at=at, account_id=account_id, event=storable.text(account.event, 100), detail=bytes(change.value))
        case _:
            yield OtherEvent(at=at, field=change.field[:100], raw=bytes(change.value), account_id=account_id)


def _conversation(value: _Value, field: str, account_id: str) -> Iterator[AnyEvent]:
    """Messages, echoes, statuses and preferences of one value; each item fails alone."""
    to = storable.key(value.metadata.phone_number_id)
    contacts: list[Contact] = []
    for raw in value.contacts:
        try:
            contacts.append(_contact.decode(raw))
        except UNREADABLE as error:
            yield _unreadable("contacts", raw, account_id, error)
    for items, name in (
        (value.statuses, "statuses"),
        (value.messages, "messages"),
        (value.message_echoes, "message_echoes"),
        (value.user_preferences, "user_preferences"),
    ):
        for raw in items:
            try:
                yield _item(name, raw, to, contacts, account_id)
            except UNREADABLE as error:
                yield _unreadable(name, raw, account_id, error)
    if not (value.statuses or value.messages or value.message_echoes or value.user_preferences):
        yield OtherEvent(field=field[:100], raw=b"", account_id=account_id, problem="no items")


def _item(name: str, raw: msgspec.Raw, to: str, contacts: list[Contact], account_id: str) -> AnyEvent:
    if name == "statuses":
        return _status_event(_status.decode(raw), to, raw, account_id)
    if name == "user_preferences":
        return _preference_event(_preference.decode(raw), to)
    message = _message.decode(raw)
    at = moment(message.timestamp)
    if message.type == "system" and message.system is not None:
        sender = person(message, contacts)
        return IdentityEvent(
            at=at,
            kind=storable.text(message.system.type or "system", 40),
            from_phone=storable.identifier(message.sender, MAX_ADDRESS),
            new_phone=storable.identifier(message.system.wa_id or message.system.new_wa_id, MAX_ADDRESS),
            bsuid=storable.identifier(message.from_user_id or (sender.user_id if sender else None), MAX_ADDRESS),
            sender=to,
        )
    return inbound_message(message, to, contacts, at, echo=name == "message_echoes")


def _status_event(status: _Status, sender: str, raw: msgspec.Raw, account_id: str) -> AnyEvent:
    known = STATUSES.get(status.status)
    at = moment(status.timestamp)
    if known is None:
        return OtherEvent(at=at, field="statuses", raw=bytes(raw), account_id=account_id, problem="unknown status")
    pricing = status.pricing
    error = status.errors[0] if status.errors and known is DeliveryStatus.FAILED else None
    return StatusEvent(
        at=at,
        provider_id=storable.key(status.id),
        status=known,
        provider_status=status.status,
        correlation_id=storable.identifier(status.biz_opaque_callback_data),
        phone=storable.identifier(status.recipient_id, MAX_ADDRESS),
        bsuid=storable.identifier(status.recipient_user_id, MAX_ADDRESS),
        sender=sender or None,
        code=storable.int4(error.code) if error else None,
        reason=reason_of(outcome_for(error.code)) if error else None,
        error=_error_text(error) if error else None,
        pricing=Pricing(pricing.billable, pricing.category, pricing.type, pricing.pricing_model) if pricing else None,
    )


def _error_text(error: _Error) -> str:
    parts = [error.title or error.message, error.error_data.details if error.error_data else None]
    return storable.text(": ".join(part for part in parts if part), 500)


def _preference_event(preference: _Preference, sender: str) -> PreferenceEvent:
    if preference.value not in {"stop", "resume"}:
        raise ValueError(f"unknown preference {preference.value[:40]!r}")
    return PreferenceEvent(
        at=moment(preference.timestamp),
        opted_in=preference.value == "resume",
        category=storable.text(preference.category, 100),
        phone=storable.identifier(preference.wa_id, MAX_ADDRESS),
        bsuid=storable.identifier(preference.user_id, MAX_ADDRESS),
        sender=sender or None,
        detail=storable.text(preference.detail, 500),
    )


def _template_event(template: _Template, field: str, account_id: str, at: datetime | None) -> TemplateEvent:
    kind = re.sub(r"^(message_)?template_|_update$", "", field)
    info = template.other_info
    detail = ": ".join(part for part in (info.title, info.description) if part) if info else ""
    if not detail:
        detail = bytes(template.rejection_info).decode("utf-8", "replace")
    return TemplateEvent(
        at=at,
        account_id=account_id,
        template_id=storable.key(str(template.message_template_id)),
        kind=kind,
        name=storable.text(template.message_template_name, 600),
        language=storable.text(template.message_template_language, 100),
        event=storable.text(template.event, 100),
        reason=storable.text(template.reason, 500),
        detail=storable.text(detail, 500) or None,
        category=storable.text(template.new_category or template.message_template_category, 100),
        quality=storable.text(template.new_quality_score, 100),
    )


def _text(value: str | int | None) -> str | None:
    return None if value is None else storable.text(str(value), 100)


def _mended(raw: bytes) -> bytes:
    """The same JSON without NUL characters and with half surrogate pairs (an emoji cut in two) replaced by U+FFFD.

    The fast decoder refuses the whole body for one such half; this way is slow, but rare. Raises what decoders raise.
    """
    return msgspec.json.encode(storable.tree(json.loads(raw)))
