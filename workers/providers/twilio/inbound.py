"""Twilio's form posts as typed events. Source: wire contract, sections 4 and 5.

Unknown fields are ignored (they only matter to the signature). Callbacks carry no time of their own but the carrier's
`RawDlrDoneDate`: else `at` stays None and the receiver takes the moment it stored the post. Everything comes as it can be stored.
"""

from datetime import UTC, datetime

from db import storable
from db.providers.twilio.signature import parse_form
from workers.outcomes import reason_of
from workers.providers.events import (
    AnyEvent,
    BadWebhook,
    DeliveryStatus,
    InboundMessage,
    MediaRef,
    OtherEvent,
    PreferenceEvent,
    StatusEvent,
)
from workers.providers.twilio.errors import outcome_for

STATUSES = {
    "accepted": DeliveryStatus.ACCEPTED,
    "scheduled": DeliveryStatus.ACCEPTED,
    "queued": DeliveryStatus.ACCEPTED,
    "sending": DeliveryStatus.ACCEPTED,
    "sent": DeliveryStatus.SENT,
    "partially_delivered": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "undelivered": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.CANCELLED,
}
MAX_MEDIA = 10
MAX_ADDRESS = 100  # characters
PREFERENCES = {"STOP": False, "START": True}


def parse_status(raw: bytes, correlation_id: str | None) -> AnyEvent:
    """A status callback. `correlation_id` is the attempt's id from the callback's URL. Raises `BadWebhook`."""
    form = _form(raw)
    sid, status = form.get("MessageSid") or form.get("SmsSid"), form.get("MessageStatus") or form.get("SmsStatus")
    if not sid or not status:
        raise BadWebhook("no MessageSid or MessageStatus")
    known = STATUSES.get(status)
    if known is None:
        return OtherEvent(field="status", raw=raw, account_id=form.get("AccountSid"), problem="unknown status")
    code = _number(form.get("ErrorCode")) if known is DeliveryStatus.FAILED else None
    return StatusEvent(
        provider_id=storable.key(sid),
        status=known,
        provider_status=status,
        correlation_id=correlation_id,
        phone=_address(form.get("To")),
        sender=_address(form.get("From")) or form.get("MessagingServiceSid"),
        code=code,
        reason=reason_of(outcome_for(code)) if code else None,
        error=storable.text(form.get("ErrorMessage") or form.get("ChannelStatusMessage"), 500),
        at=_delivered_at(form.get("RawDlrDoneDate")),
    )


def parse_message(raw: bytes) -> list[AnyEvent]:
    """An inbound message, and the preference when Twilio recognised an opt-out word. Raises `BadWebhook`."""
    form = _form(raw)
    sid, sender, to = form.get("MessageSid") or form.get("SmsSid"), _address(form.get("From")), _address(form.get("To"))
    if not sid or not sender or not to:
        raise BadWebhook("no MessageSid, From or To")
    media = tuple(
        MediaRef(url=url, mime_type=form.get(f"MediaContentType{number}"))
        for number in range(min(_number(form.get("NumMedia")) or 0, MAX_MEDIA))
        if (url := form.get(f"MediaUrl{number}"))
    )
    opt_out = form.get("OptOutType", "").upper()
    events: list[AnyEvent] = [
        InboundMessage(
            provider_id=storable.key(sid),
            from_phone=sender,
            from_bsuid=storable.identifier(form.get("ExternalUserId")),
            to=to,
            type="media" if media else "button" if form.get("ButtonPayload") else "text",
            profile_name=form.get("ProfileName"),
            text=storable.text(form.get("Body") or form.get("ButtonText") or ""),
            payload=form.get("ButtonPayload"),
            media=media,
            context_id=storable.key(form.get("OriginalRepliedMessageSid", "")) or None,
        )
    ]
    if opt_out in PREFERENCES:
        sender_id = form.get("MessagingServiceSid") or to
        events.append(
            PreferenceEvent(opted_in=PREFERENCES[opt_out], category="all", phone=sender, sender=sender_id, detail=opt_out)
        )
    return events


def _form(raw: bytes) -> dict[str, str]:
    try:
        return {name: storable.text(value, len(raw)) for name, value in parse_form(raw)}
    except ValueError as error:
        raise BadWebhook(f"not a form: {error}") from error


def _address(value: str | None) -> str | None:
    """A number without its channel prefix (`whatsapp:+55...`)."""
    return storable.identifier(value.rpartition(":")[2], MAX_ADDRESS) if value else None


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None


def _delivered_at(value: str | None) -> datetime | None:
    """`RawDlrDoneDate` (YYMMDDhhmm, taken as UTC)."""
    try:
        return datetime.strptime(value, "%y%m%d%H%M").replace(tzinfo=UTC) if value else None
    except ValueError:
        return None
