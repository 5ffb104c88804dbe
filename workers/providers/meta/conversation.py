"""Webhook fields about people: messages, echoes, statuses, preferences, calls, changed ids, and the history of the phone's app.

Each item is read by itself: one of an unexpected shape becomes an `OtherEvent` and takes no other with it. A message whose
content cannot be read is there all the same, as `unsupported`.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

import msgspec

from db import storable
from db.channels.enums import NoticeCode
from db.messages.content import Call
from workers.providers.events import (
    AnyEvent,
    IdentityEvent,
    InboundMessage,
    NoticeEvent,
    OtherEvent,
    PreferenceEvent,
)
from workers.providers.meta.messages import Contact, Message, inbound_message, person
from workers.providers.meta.statuses import Error, Metadata, Status, error_text, status_event
from workers.providers.meta.values import MAX_ADDRESS, UNREADABLE, moment, problem, unreadable

Change = Literal["number_changed", "user_id_changed", "identity_changed", "other"]
CHANGES: dict[str | None, Change] = {
    "user_changed_number": "number_changed",
    "customer_changed_number": "number_changed",
    "user_changed_user_id": "user_id_changed",
    "customer_identity_changed": "identity_changed",
    "user_identity_changed": "identity_changed",
}
_FROM_TO = re.compile(r"changed from (\S+) to (\S+?)\.?$")
"""Meta names the former user id only in the sentence."""


class _Value(msgspec.Struct):
    metadata: Metadata = msgspec.field(default_factory=Metadata)
    contacts: list[msgspec.Raw] = []
    statuses: list[msgspec.Raw] = []
    messages: list[msgspec.Raw] = []
    message_echoes: list[msgspec.Raw] = []
    user_preferences: list[msgspec.Raw] = []
    calls: list[msgspec.Raw] = []
    history: list[msgspec.Raw] = []
    user_id_update: list[msgspec.Raw] = []


class _Preference(msgspec.Struct):
    value: str
    category: str = "marketing_messages"
    wa_id: str | None = None
    user_id: str | None = None
    detail: str | None = None
    timestamp: str | int | None = None


class _Call(msgspec.Struct):
    id: str
    sender: str | None = msgspec.field(name="from", default=None)
    from_user_id: str | None = None
    to: str | None = None
    to_user_id: str | None = None
    event: str = ""
    direction: str = "USER_INITIATED"
    timestamp: str | int | None = None
    status: str | list[str] | None = None
    duration: int | None = None


class _Change(msgspec.Struct):
    previous: str | None = None
    current: str | None = None


class _UserId(msgspec.Struct):
    user_id: _Change
    wa_id: str | None = None
    detail: str | None = None
    timestamp: str | int | None = None


class _Phase(msgspec.Struct):
    phase: int | str | None = None
    progress: int | str | None = None


class _Thread(msgspec.Struct):
    id: str = ""
    messages: list[msgspec.Raw] = []


class _History(msgspec.Struct):
    metadata: _Phase = msgspec.field(default_factory=_Phase)
    threads: list[_Thread] = []
    errors: list[Error] = []


FIELDS = frozenset(("messages", "smb_message_echoes", "user_preferences", "calls", "history", "user_id_update"))
LISTS = ("statuses", "messages", "message_echoes", "user_preferences", "calls", "history", "user_id_update")
_value = msgspec.json.Decoder(_Value)
_contact = msgspec.json.Decoder(Contact)
_message = msgspec.json.Decoder(Message)
_status = msgspec.json.Decoder(Status)


class _Source(msgspec.Struct, frozen=True):
    """What all items of one value share."""

    account_id: str
    to: str  # phone_number_id
    display: str  # our own number as Meta shows it
    contacts: list[Contact]
    past: bool  # of the history: also messages that stand beside it are past ones


def events(raw: bytes, field: str, account_id: str, at: datetime | None) -> Iterator[AnyEvent]:
    """Everything one value tells. Raises what the decoders raise."""
    value = _value.decode(raw)
    contacts: list[Contact] = []
    for one in value.contacts:
        try:
            contacts.append(_contact.decode(one))
        except UNREADABLE as error:
            yield unreadable("contacts", one, account_id, problem(error))
    metadata = value.metadata
    shown = metadata.display_phone_number or ""
    source = _Source(account_id, storable.key(metadata.phone_number_id), shown, contacts, field == "history")
    empty = True
    for name in LISTS:
        items: list[msgspec.Raw] = getattr(value, name)
        for item in items:
            empty = False
            try:
                yield from _item(name, item, source, at)
            except UNREADABLE as error:
                yield unreadable(name, item, account_id, problem(error))
    if empty:
        yield unreadable(field, b"", account_id, "no items")


def _item(name: str, raw: bytes, source: _Source, at: datetime | None) -> Iterable[AnyEvent]:
    match name:
        case "statuses":
            return (_status_event(_status.decode(raw), raw, source),)
        case "messages" | "message_echoes":
            return _message_events(_message.decode(raw), raw, source, echo=name == "message_echoes", history=source.past)
        case "user_preferences":
            return (_preference_event(msgspec.json.decode(raw, type=_Preference), source),)
        case "calls":
            return (_call_event(msgspec.json.decode(raw, type=_Call), source),)
        case "user_id_update":
            return (_user_id_event(msgspec.json.decode(raw, type=_UserId), source),)
        case _:
            return _history(msgspec.json.decode(raw, type=_History), raw, source, at)


def _message_events(
    message: Message, raw: bytes, source: _Source, *, echo: bool, history: bool, peer: str | None = None
) -> Iterator[AnyEvent]:
    at = moment(message.timestamp)
    if message.type == "system" and message.system is not None and not history:
        yield _identity_event(message, source, at)
        return
    event, why = inbound_message(message, raw, source.to, source.contacts, at, echo=echo, history=history, peer=peer)
    yield event
    if why is not None:
        yield unreadable("message_echoes" if echo else "messages", raw, source.account_id, why)


def _identity_event(message: Message, source: _Source, at: datetime | None) -> IdentityEvent:
    """Who changed: Meta leaves out what the person does not show, and names a former user id in its sentence only."""
    system = message.system
    assert system is not None
    who = person(message, source.contacts)
    found = _FROM_TO.search(system.body or "")
    said = (found[1], found[2]) if found else (None, None)
    change: Change = CHANGES.get(system.type, "other")
    new_bsuid = system.user_id or (said[1] if change == "user_id_changed" else None)
    bsuid = system.previous_user_id or (said[0] if change == "user_id_changed" else None)
    bsuid = bsuid or message.from_user_id or (who.user_id if who else None)
    return IdentityEvent(
        at=at,
        provider_id=storable.key(message.id),
        change=change,
        text=storable.text(system.body or "", 1000),
        phone=storable.identifier(message.sender, MAX_ADDRESS),
        bsuid=storable.identifier(bsuid, MAX_ADDRESS),
        new_phone=storable.identifier(system.new_wa_id or system.wa_id, MAX_ADDRESS),
        new_bsuid=storable.identifier(new_bsuid, MAX_ADDRESS),
        sender=source.to,
    )


def _user_id_event(update: _UserId, source: _Source) -> IdentityEvent:
    change = update.user_id
    return IdentityEvent(
        at=moment(update.timestamp),
        provider_id=storable.key(f"user_id:{change.previous}:{change.current}"),
        change="user_id_changed",
        text=storable.text(update.detail or "", 1000),
        bsuid=storable.identifier(change.previous, MAX_ADDRESS),
        new_phone=storable.identifier(update.wa_id, MAX_ADDRESS),
        new_bsuid=storable.identifier(change.current, MAX_ADDRESS),
        sender=source.to,
    )


def _call_event(call: _Call, source: _Source) -> InboundMessage:
    """A call begins and ends under one id. Raises ValueError when nobody calls."""
    ours = call.direction == "BUSINESS_INITIATED"
    who = source.contacts[0] if len(source.contacts) == 1 else None
    phone = (call.to if ours else call.sender) or (who.wa_id if who else None)
    bsuid = (call.to_user_id if ours else call.from_user_id) or (who.user_id if who else None)
    phone, bsuid = storable.identifier(phone, MAX_ADDRESS), storable.identifier(bsuid, MAX_ADDRESS)
    if not call.id or not (phone or bsuid):
        raise ValueError("call without an id or a person")
    status = call.status[0] if isinstance(call.status, list) and call.status else call.status
    ended = (status if isinstance(status, str) else None) or "ended"
    return InboundMessage(
        at=moment(call.timestamp),
        provider_id=storable.key(call.id),
        from_phone=phone,
        from_bsuid=bsuid,
        to=source.to,
        profile_name=storable.text(who.profile.name, 200) if who and who.profile else None,
        content=Call(
            direction="out" if ours else "in",
            status=storable.text(ended.lower(), 40) if call.event == "terminate" else None,
            seconds=storable.int4(call.duration),
        ),
        echo=ours,
    )


def _history(chunk: _History, raw: bytes, source: _Source, at: datetime | None) -> Iterator[AnyEvent]:
    """Past messages, thread by thread; who wrote one is told by the number it comes from."""
    if chunk.errors:
        detail = error_text(chunk.errors[0])
        yield NoticeEvent(at=at, account_id=source.account_id, code=NoticeCode.HISTORY_DECLINED, detail=detail, raw=bytes(raw))
    number = "".join(sign for sign in source.display if sign.isdigit())
    for thread in chunk.threads:
        for item in thread.messages:
            try:
                message = _message.decode(item)
                echo = bool(number) and message.sender == number
                if echo and not (message.to or message.to_user_id):
                    message.to = thread.id
                yield from _message_events(message, item, source, echo=echo, history=True, peer=thread.id)
            except UNREADABLE as error:
                yield unreadable("history", item, source.account_id, problem(error))
    if chunk.threads:
        phase = chunk.metadata
        yield NoticeEvent(
            at=at,
            account_id=source.account_id,
            code=NoticeCode.HISTORY_SYNCED,
            detail=storable.text(f"{phase.progress} %", 40) if phase.progress is not None else None,
        )


def _status_event(status: Status, raw: bytes, source: _Source) -> AnyEvent:
    event = status_event(status, source.to or None)
    if event is not None:
        return event
    at = moment(status.timestamp)
    return OtherEvent(at=at, field="statuses", raw=bytes(raw), account_id=source.account_id, problem="unknown status")


def _preference_event(preference: _Preference, source: _Source) -> PreferenceEvent:
    if preference.value not in {"stop", "resume"}:
        raise ValueError(f"unknown preference {preference.value[:40]!r}")
    return PreferenceEvent(
        at=moment(preference.timestamp),
        opted_in=preference.value == "resume",
        category=storable.text(preference.category, 100),
        phone=storable.identifier(preference.wa_id, MAX_ADDRESS),
        bsuid=storable.identifier(preference.user_id, MAX_ADDRESS),
        sender=source.to or None,
        detail=storable.text(preference.detail, 500),
    )
