"""Twilio's form posts as typed events. Source: docs/contracts/twilio.md, "Status callbacks", "Inbound".

Unknown fields are ignored (they only matter to the signature). Callbacks carry no time of their own but the carrier's
`RawDlrDoneDate`: else `at` stays None and the receiver takes the moment it stored the post. Everything comes as it can be stored.
"""

import json
from datetime import UTC, datetime

from db import storable
from db.messages import content
from db.messages.content import Context, MessageContent, Referral
from db.providers.twilio.signature import parse_form
from workers.outcomes import reason_of
from workers.providers.events import (
    AnyEvent,
    BadWebhook,
    DeliveryStatus,
    InboundMessage,
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
MAX_NAME = 500  # characters of titles and ids inside a content
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
    user_id = storable.identifier(form.get("ExternalUserId"), MAX_ADDRESS)
    if not sid or not (sender or user_id) or not to:
        raise BadWebhook("no MessageSid, From or To")
    events: list[AnyEvent] = [
        InboundMessage(
            provider_id=storable.key(sid),
            from_phone=sender,
            from_bsuid=user_id,
            to=to,
            profile_name=storable.text(form.get("ProfileName"), 200),
            content=content_of(form),
            context=_context(form),
            referral=_referral(form),
        )
    ]
    opt_out = form.get("OptOutType", "").upper()
    if opt_out in PREFERENCES:
        sender_id = form.get("MessagingServiceSid") or to
        events.append(
            PreferenceEvent(
                opted_in=PREFERENCES[opt_out], category="all", phone=sender, bsuid=user_id, sender=sender_id, detail=opt_out
            )
        )
    return events


def content_of(form: dict[str, str]) -> MessageContent:
    """What a message holds: the pressed button, the chosen row, the answers of a form, a place, its files, else its text."""
    text = storable.text(form.get("Body", ""))
    if form.get("ButtonPayload") or form.get("ButtonText"):
        title = storable.text(form.get("ButtonText") or text)
        return content.Button(text=title, payload=storable.text(form.get("ButtonPayload"), 1000))
    if form.get("ListId"):
        return content.ListReply(
            id=storable.text(form["ListId"], MAX_NAME),
            title=storable.text(form.get("ListTitle") or text),
            description=storable.text(form.get("ListDescription"), 1000),
        )
    if form.get("InteractiveData"):
        return _form_answers(form["InteractiveData"], text)
    place = _place(form)
    if place is not None:
        return place
    files = [
        content.File(url=storable.text(url, 2000), mime_type=storable.text(form.get(f"MediaContentType{number}"), 100))
        for number in range(min(_number(form.get("NumMedia")) or 0, MAX_MEDIA))
        if (url := form.get(f"MediaUrl{number}"))
    ]
    if len(files) != 1:
        return content.Media(files=files, text=text) if files else content.Text(text=text)
    [file] = files
    match (file.mime_type or "").partition("/")[0]:
        case "image":
            return content.Image(file=file, caption=text)
        case "video":
            return content.Video(file=file, caption=text)
        case "audio" if not text:
            return content.Audio(file=file)
        case "application":
            return content.Document(file=file, caption=text)
        case _:
            return content.Media(files=files, text=text)


def _place(form: dict[str, str]) -> MessageContent | None:
    try:
        latitude, longitude = float(form["Latitude"]), float(form["Longitude"])
    except (KeyError, ValueError):
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    return content.Location(
        latitude=latitude,
        longitude=longitude,
        name=storable.text(form.get("Label"), MAX_NAME),
        address=storable.text(form.get("Address"), 1000),
    )


def _form_answers(data: str, text: str) -> MessageContent:
    try:
        answers = storable.tree(json.loads(data)) if len(data) <= storable.TEXT else None
    except (ValueError, RecursionError):
        answers = None
    if isinstance(answers, dict):
        return content.Form(text=text, answers=answers)
    return content.Form(text=text, raw=storable.text(data))


def _context(form: dict[str, str]) -> Context | None:
    context = Context(
        provider_id=storable.key(form.get("OriginalRepliedMessageSid", "")) or None,
        sender=_address(form.get("OriginalRepliedMessageSender")),
        forwarded=form.get("Forwarded") == "true" or form.get("FrequentlyForwarded") == "true",
        frequently_forwarded=form.get("FrequentlyForwarded") == "true",
    )
    return context if context != Context() else None


def _referral(form: dict[str, str]) -> Referral | None:
    names = {
        "source_url": "SourceUrl",
        "source_id": "SourceId",
        "source_type": "SourceType",
        "headline": "Headline",
        "body": "Body",
        "media_type": "MediaContentType",
        "image_url": "MediaUrl",
        "ctwa_clid": "CtwaClid",
    }
    found = {name: storable.text(form[f"Referral{field}"], 2000) for name, field in names.items() if form.get(f"Referral{field}")}
    return Referral(**found) if found else None


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
