"""What a linked device hears, as typed events: messages and receipts as the port of sessions hands them on (workers/qr/port.py)."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from db import storable
from db.messages.content import Context
from workers.providers.events import AnyEvent, BadWebhook, DeliveryStatus, InboundMessage, StatusEvent
from workers.providers.linked.content import Read, content_of
from workers.qr import port

OWN = re.compile(r"3EB0[0-9A-F]{18}")
"""How our ids look; those of other linked devices may look alike."""
PERSON, HIDDEN, GROUP = "@s.whatsapp.net", "@lid", "@g.us"
STATUSES = {
    0: DeliveryStatus.FAILED,
    2: DeliveryStatus.SENT,
    3: DeliveryStatus.DELIVERED,
    4: DeliveryStatus.READ,
    5: DeliveryStatus.READ,
}
LAST_SECOND = 2**33
MOST_USERNAME = 100


class Envelope(msgspec.Struct, frozen=True):
    """A message as an engine hands it on. `alt`: the same person's other address, where the platform tells it; `by` and `by_alt`: who wrote it
    in a group. `username`: of the person, where the platform tells it: with what was written to them on the phone."""

    jid: str
    alt: str | None = None
    by: str | None = None
    by_alt: str | None = None
    from_me: bool = False
    at: int | str | float | None = None
    name: str | None = None
    username: str | None = None
    content: dict[str, Any] | None = None


_told = msgspec.json.Decoder(port.Message | port.Receipt)
_envelope = msgspec.json.Decoder(Envelope)


def parse(body: bytes) -> list[AnyEvent]:
    """Raises BadWebhook. Nothing for what is no conversation with a person or a group."""
    try:
        told = _told.decode(body)
        if isinstance(told, port.Receipt):
            return _receipt(told)
        return _message(told, _envelope.decode(told.message))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadWebhook(f"not what a session tells: {type(error).__name__}") from error


def _receipt(told: port.Receipt) -> list[AnyEvent]:
    status = STATUSES.get(told.status)
    if status is None or not (_is_person(told.chat) or is_group(told.chat)):
        return []
    if is_group(told.chat) and status is DeliveryStatus.READ:  # by one of them
        status = DeliveryStatus.DELIVERED
    return [
        StatusEvent(
            at=moment(told.at), provider_id=storable.key(told.id), status=status, provider_status=str(told.status),
            code=0 if status is DeliveryStatus.FAILED else None,
        )
    ]  # fmt: skip


def _message(told: port.Message, message: Envelope) -> list[AnyEvent]:
    group = message.jid if is_group(message.jid) else None
    if group is None and not _is_person(message.jid):
        return []
    read: Read | None = content_of(message.content if told.whole else None)
    if read is None:
        return []
    whom, other = (message.by, message.by_alt) if group else (message.jid, message.alt)
    phone = address_of(whom, PERSON) or address_of(other, PERSON)
    lid = address_of(whom, HIDDEN) or address_of(other, HIDDEN)
    if group is not None and phone is None and lid is None and not message.from_me:
        return []  # said by nobody: news of the group
    at, provider_id = moment(message.at), storable.key(told.id)
    events: list[AnyEvent] = []
    if message.from_me and OWN.fullmatch(provider_id):  # perhaps ours: then it is the proof that it left
        events.append(StatusEvent(at=at, provider_id=provider_id, status=DeliveryStatus.SENT, provider_status="echo"))
    events.append(
        InboundMessage(
            at=at,
            provider_id=provider_id,
            from_phone=phone,
            from_lid=lid,
            to="",
            profile_name=None if message.from_me else storable.text(message.name, 200),
            username=None if group else storable.identifier(message.username, MOST_USERNAME),
            content=read.content,
            context=Context(provider_id=read.reply_to, forwarded=read.forwarded) if read.reply_to or read.forwarded else None,
            echo=message.from_me,
            history=told.history,
            group=group,
            writer=_bare(message.by) if group else None,
        )
    )
    return events


def is_group(jid: str) -> bool:
    return len(jid) <= 60 and jid.endswith(GROUP) and jid[: -len(GROUP)].replace("-", "").isdecimal()


def _is_person(jid: str) -> bool:
    return address_of(jid, PERSON) is not None or address_of(jid, HIDDEN) is not None


def _bare(jid: str | None) -> str | None:
    """Somebody's jid without the device."""
    return next((f"{user}{server}" for server in (PERSON, HIDDEN) if (user := address_of(jid, server)) is not None), None)


def address_of(jid: str | None, server: str) -> str | None:
    """What stands before the server in a jid of it, without the device: digits; None for any other jid."""
    if not jid or not jid.endswith(server):
        return None
    user = jid[: -len(server)].split(":", 1)[0].split("_", 1)[0]
    return user if user.isascii() and user.isdigit() and len(user) <= 32 and user != "0" else None


def moment(seconds: float | str | None) -> datetime | None:
    try:
        value = float(seconds or 0)
        return datetime.fromtimestamp(value, UTC) if 0 < value < LAST_SECOND else None
    except (ValueError, OverflowError):
        return None
