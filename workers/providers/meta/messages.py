"""One WhatsApp message of a webhook as an `InboundMessage`: which key holds the text, the file, the pressed button."""

from datetime import datetime

import msgspec

from db import storable
from workers.providers.events import InboundMessage, Location, MediaRef, Referral

MAX_ADDRESS = 100  # characters of a phone number or a BSUID
ABSENT = msgspec.Raw(b"")  # `msgspec.Raw | None` would accept null only


class _Profile(msgspec.Struct):
    name: str | None = None
    username: str | None = None


class Contact(msgspec.Struct):
    """The person as Meta knows them; `wa_id` may be absent (username), `user_id` is the BSUID."""

    profile: _Profile | None = None
    wa_id: str | None = None
    user_id: str | None = None


class _Text(msgspec.Struct):
    body: str = ""


class _Media(msgspec.Struct):
    id: str | None = None
    url: str | None = None
    mime_type: str | None = None
    sha256: str | None = None
    caption: str | None = None
    filename: str | None = None
    voice: bool = False


class _Location(msgspec.Struct):
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    url: str | None = None


class _Reaction(msgspec.Struct):
    message_id: str
    emoji: str = ""


class _Button(msgspec.Struct):
    text: str = ""
    payload: str | None = None


class _Reply(msgspec.Struct):
    id: str | None = None
    title: str = ""
    description: str | None = None


class _Form(msgspec.Struct):
    name: str | None = None
    body: str = ""
    response_json: str | None = None


class _Interactive(msgspec.Struct):
    type: str = ""
    button_reply: _Reply | None = None
    list_reply: _Reply | None = None
    nfm_reply: _Form | None = None


class _System(msgspec.Struct):
    type: str | None = None
    body: str | None = None
    wa_id: str | None = None
    new_wa_id: str | None = None


class _Target(msgspec.Struct):
    original_message_id: str | None = None
    message: "Message | None" = None


class _Context(msgspec.Struct):
    id: str | None = None


class _Code(msgspec.Struct):
    code: int


class Message(msgspec.Struct):
    """An item of `messages` or `message_echoes`; a key is named like its type."""

    id: str = ""
    type: str = "unknown"
    sender: str | None = msgspec.field(name="from", default=None)
    from_user_id: str | None = None
    to: str | None = None
    to_user_id: str | None = None
    timestamp: str | int | None = None
    group_id: str | None = None
    text: _Text | None = None
    image: _Media | None = None
    video: _Media | None = None
    audio: _Media | None = None
    document: _Media | None = None
    sticker: _Media | None = None
    location: _Location | None = None
    reaction: _Reaction | None = None
    button: _Button | None = None
    interactive: _Interactive | None = None
    system: _System | None = None
    edit: _Target | None = None
    revoke: _Target | None = None
    contacts: msgspec.Raw = ABSENT
    order: msgspec.Raw = ABSENT
    context: _Context | None = None
    referral: Referral | None = None
    errors: list[_Code] = []


def person(message: Message, contacts: list[Contact]) -> Contact | None:
    """The contact entry that belongs to a message: by BSUID, then by phone, else the only one."""
    for contact in contacts:
        if (message.from_user_id and contact.user_id == message.from_user_id) or (
            message.sender and contact.wa_id == message.sender
        ):
            return contact
    return contacts[0] if len(contacts) == 1 else None


def inbound_message(
    message: Message, to: str, contacts: list[Contact], at: datetime | None, *, echo: bool = False
) -> InboundMessage:
    """The typed event. Raises ValueError for a message without an id or without anybody it belongs to."""
    sender = None if echo else person(message, contacts)
    phone = message.to if echo else message.sender or (sender.wa_id if sender else None)
    bsuid = message.to_user_id if echo else message.from_user_id or (sender.user_id if sender else None)
    phone, bsuid = storable.identifier(phone, MAX_ADDRESS), storable.identifier(bsuid, MAX_ADDRESS)
    provider_id = storable.key(message.id)
    if not provider_id or not (phone or bsuid):
        raise ValueError("message without an id or a person")
    target = message.edit or message.revoke
    content = message.edit.message if message.edit and message.edit.message else message
    text, payload, data = _readable(content)
    media = content.image or content.video or content.audio or content.document or content.sticker
    place = content.location
    profile = sender.profile if sender else None
    return InboundMessage(
        at=at,
        provider_id=provider_id,
        from_phone=phone,
        from_bsuid=bsuid,
        to=to,
        type=storable.text(message.type, 40),
        profile_name=storable.text(profile.name, 200) if profile else None,
        username=storable.text(profile.username, 200) if profile else None,
        text=storable.text(text),
        payload=storable.text(payload),
        media=(MediaRef(media.id, media.url, media.mime_type, media.sha256, media.filename, media.voice),) if media else (),
        location=Location(place.latitude, place.longitude, place.name, place.address, place.url) if place else None,
        reaction_to=storable.key(content.reaction.message_id) if content.reaction else None,
        context_id=storable.key(message.context.id) if message.context and message.context.id else None,
        target_id=storable.key(target.original_message_id) if target and target.original_message_id else None,
        referral=message.referral,
        group_id=storable.text(message.group_id, 200),
        data=data,
        code=storable.int4(message.errors[0].code) if message.errors else None,
        echo=echo,
    )


def _readable(message: Message) -> tuple[str, str | None, bytes | None]:
    """What there is to read, the id or payload of a pressed button, and raw JSON of kinds without text."""
    if message.text:
        return message.text.body, None, None
    if message.button:
        return message.button.text, message.button.payload, None
    if message.interactive:
        reply = message.interactive.button_reply or message.interactive.list_reply
        if reply:
            return reply.title, reply.id, None
        form = message.interactive.nfm_reply
        if form:
            return form.body, form.name, form.response_json.encode() if form.response_json else None
    if message.reaction:
        return message.reaction.emoji, None, None
    media = message.image or message.video or message.document
    if media:
        return media.caption or "", None, None
    return "", None, bytes(message.contacts) or bytes(message.order) or None
