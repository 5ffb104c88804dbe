"""One WhatsApp message of a webhook as an `InboundMessage`, and its content by type (`content.py` reads the parts)."""

from datetime import datetime

import msgspec

from db import storable
from db.messages.content import Context, MessageContent, Product, Referral, Unsupported
from workers.providers.events import InboundMessage
from workers.providers.meta.content import content_of
from workers.providers.meta.values import ABSENT, MAX_ADDRESS, UNREADABLE, problem


class _Profile(msgspec.Struct):
    name: str | None = None
    username: str | None = None


class Contact(msgspec.Struct):
    """The person as Meta knows them; `wa_id` may be absent (username), `user_id` is the BSUID."""

    profile: _Profile | None = None
    wa_id: str | None = None
    user_id: str | None = None


class System(msgspec.Struct):
    """What a `system` message tells: `wa_id` and `user_id` are the new ones."""

    type: str | None = None
    body: str | None = None
    wa_id: str | None = None
    new_wa_id: str | None = None
    user_id: str | None = None
    previous_user_id: str | None = None


class _Product(msgspec.Struct):
    catalog_id: str | None = None
    product_retailer_id: str | None = None


class _Context(msgspec.Struct):
    id: str | None = None
    sender: str | None = msgspec.field(name="from", default=None)
    forwarded: bool = False
    frequently_forwarded: bool = False
    referred_product: _Product | None = None


class Message(msgspec.Struct):
    """The envelope of an item of `messages` or `message_echoes`; the content lies under a key named like its type."""

    id: str = ""
    type: str = "unknown"
    sender: str | None = msgspec.field(name="from", default=None)
    from_user_id: str | None = None
    to: str | None = None
    to_user_id: str | None = None
    timestamp: str | int | None = None
    group_id: str | None = None
    system: System | None = None
    context: msgspec.Raw = ABSENT
    referral: msgspec.Raw = ABSENT


_context = msgspec.json.Decoder(_Context)
_referral = msgspec.json.Decoder(Referral)


def person(message: Message, contacts: list[Contact]) -> Contact | None:
    """The contact entry that belongs to a message: by BSUID, then by phone, else the only one."""
    for contact in contacts:
        if (message.from_user_id and contact.user_id == message.from_user_id) or (
            message.sender and contact.wa_id == message.sender
        ):
            return contact
    return contacts[0] if len(contacts) == 1 else None


def inbound_message(
    message: Message,
    raw: bytes,
    to: str,
    contacts: list[Contact],
    at: datetime | None,
    *,
    echo: bool = False,
    history: bool = False,
    peer: str | None = None,
) -> tuple[InboundMessage, str | None]:
    """The typed event, and why its content could not be read (then it is `unsupported`). `peer`: the other side of a thread of the
    history. Raises ValueError for a message without an id or without anybody it belongs to."""
    sender = None if echo else person(message, contacts)
    phone = message.to if echo else message.sender or (sender.wa_id if sender else None)
    bsuid = message.to_user_id if echo else message.from_user_id or (sender.user_id if sender else None)
    if peer is not None and not (phone or bsuid):
        phone, bsuid = (peer, None) if peer.lstrip("+").isdigit() else (None, peer)
    phone, bsuid = storable.identifier(phone, MAX_ADDRESS), storable.identifier(bsuid, MAX_ADDRESS)
    profile = sender.profile if sender else None
    username = storable.identifier(profile.username, MAX_ADDRESS) if profile else None
    provider_id = storable.key(message.id)
    if not provider_id or not (phone or bsuid or username):
        raise ValueError("message without an id or a person")
    content, why = _content(message.type, raw)
    context, broken = _related(message)
    referral, odd = _brought(message)
    return InboundMessage(
        at=at,
        provider_id=provider_id,
        from_phone=phone,
        from_bsuid=bsuid,
        to=to,
        profile_name=storable.text(profile.name, 200) if profile else None,
        username=username,
        content=content,
        context=context,
        referral=referral,
        echo=echo,
        history=history,
    ), why or broken or odd


_WITHOUT_CONTENT = frozenset(("unsupported", "unknown", "system", "errors", "request_welcome"))


def _content(kind: str, raw: bytes) -> tuple[MessageContent, str | None]:
    try:
        content = content_of(kind, raw)
    except UNREADABLE as error:
        return Unsupported(type=storable.text(kind, 40), reason="unreadable"), problem(error)
    if isinstance(content, Unsupported) and content.code is None and content.reason is None and kind not in _WITHOUT_CONTENT:
        return content, f"unknown type {content.type}"
    return content, None


def _related(message: Message) -> tuple[Context | None, str | None]:
    found, why = _Context(), None
    if message.context:
        try:
            found = _context.decode(message.context)
        except UNREADABLE as error:
            why = problem(error)
    product = found.referred_product
    context = Context(
        provider_id=storable.key(found.id) if found.id else None,
        sender=storable.identifier(found.sender, MAX_ADDRESS),
        forwarded=found.forwarded or found.frequently_forwarded,
        frequently_forwarded=found.frequently_forwarded,
        product=Product(
            catalog_id=storable.text(product.catalog_id, 200), product_id=storable.text(product.product_retailer_id, 200)
        )
        if product
        else None,
        group_id=storable.identifier(message.group_id, 200),
    )
    return (context if context != Context() else None), why


def _brought(message: Message) -> tuple[Referral | None, str | None]:
    if not message.referral:
        return None, None
    try:
        found = _referral.decode(message.referral)
    except UNREADABLE as error:
        return None, problem(error)
    return msgspec.convert(storable.tree(msgspec.to_builtins(found)), Referral), None
