"""Statuses of sent messages, of which most webhooks consist of nothing else: those are decoded in one pass.

`whole` reads only what every decoder of the general way (inbound.py) would read without a complaint; whatever is not as it should
be is left to that way, which takes it apart piece by piece. The two yield the same events.
"""

from typing import Literal

import msgspec

from db import storable
from workers.outcomes import reason_of
from workers.providers.events import DeliveryStatus, Pricing, StatusEvent
from workers.providers.meta.errors import outcome_for
from workers.providers.meta.messages import Contact
from workers.providers.meta.values import MAX_ADDRESS, UNREADABLE, moment

STATUSES = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "played": DeliveryStatus.READ,
    "failed": DeliveryStatus.FAILED,
}


class Metadata(msgspec.Struct):
    phone_number_id: str = ""
    display_phone_number: str | None = None


class _ErrorData(msgspec.Struct):
    details: str | None = None


class Error(msgspec.Struct):
    code: int
    title: str | None = None
    message: str | None = None
    error_data: _ErrorData | None = None


class _Pricing(msgspec.Struct):
    billable: bool | None = None
    category: str | None = None
    type: str | None = None
    pricing_model: str | None = None


class Status(msgspec.Struct):
    id: str
    status: str
    timestamp: str | int | None = None
    recipient_id: str | None = None
    recipient_user_id: str | None = None
    biz_opaque_callback_data: str | None = None
    pricing: _Pricing | None = None
    errors: list[Error] = []


class _Value(msgspec.Struct):
    """A value that holds statuses and nothing else."""

    statuses: list[Status]
    metadata: Metadata = msgspec.field(default_factory=Metadata)
    contacts: list[Contact] = []
    messages: tuple[()] = ()
    message_echoes: tuple[()] = ()
    user_preferences: tuple[()] = ()
    calls: tuple[()] = ()
    history: tuple[()] = ()
    user_id_update: tuple[()] = ()


class _Change(msgspec.Struct):
    field: Literal["messages"]
    value: _Value


class _Entry(msgspec.Struct):
    id: str = ""
    time: int | float | str | None = None
    changes: list[_Change] = []


class _Envelope(msgspec.Struct):
    entry: list[_Entry] = []


_envelope = msgspec.json.Decoder(_Envelope)


def whole(raw: bytes) -> list[StatusEvent] | None:
    """The events of a POST that holds well-formed statuses and nothing else, in its order; None for any other."""
    if b'"statuses"' not in raw or b"\\u0000" in raw:
        return None
    try:
        return _events(_envelope.decode(raw))
    except UNREADABLE:
        return None


def _events(envelope: _Envelope) -> list[StatusEvent] | None:
    events: list[StatusEvent] = []
    for entry in envelope.entry:
        for change in entry.changes:
            value = change.value
            sender = storable.key(value.metadata.phone_number_id) or None
            for status in value.statuses:
                event = status_event(status, sender)
                if event is None:
                    return None
                events.append(event)
            if not value.statuses:
                return None
    return events


def status_event(status: Status, sender: str | None) -> StatusEvent | None:
    """None for a status that is not known here. `sender`: our number's id."""
    known = STATUSES.get(status.status)
    if known is None:
        return None
    pricing = status.pricing
    error = status.errors[0] if status.errors and known is DeliveryStatus.FAILED else None
    return StatusEvent(
        at=moment(status.timestamp),
        provider_id=storable.key(status.id),
        status=known,
        provider_status=status.status,
        correlation_id=storable.identifier(status.biz_opaque_callback_data),
        phone=storable.identifier(status.recipient_id, MAX_ADDRESS),
        bsuid=storable.identifier(status.recipient_user_id, MAX_ADDRESS),
        sender=sender,
        code=storable.int4(error.code) if error else None,
        reason=reason_of(outcome_for(error.code)) if error else None,
        error=error_text(error) if error else None,
        pricing=Pricing(pricing.billable, pricing.category, pricing.type, pricing.pricing_model) if pricing else None,
    )


def error_text(error: Error) -> str:
    """What Meta says of an error, at most 500 characters."""
    parts = [error.title or error.message, error.error_data.details if error.error_data else None]
    return storable.text(": ".join(part for part in parts if part), 500)
