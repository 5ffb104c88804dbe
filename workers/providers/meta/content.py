"""The content of a WhatsApp message as our typed document: one reader per type of Meta's.

Everything comes as it can be stored. A type without a reader is `unsupported` under its own name; a reader raises when the
part is not of its shape. Source: Cloud API webhooks, messages.
"""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import msgspec
from babel.numbers import get_currency_precision

from db import storable
from db.messages import content as doc
from db.messages.content import MessageContent
from workers.providers.meta.values import ABSENT, MAX_NAME, moment, short

MAX_CARDS, MAX_ITEMS, MAX_ANSWERS = 50, 500, 65_536


class _Text(msgspec.Struct):
    body: str = ""


class _File(msgspec.Struct):
    id: str | int | None = None
    url: str | None = None
    mime_type: str | None = None
    sha256: str | None = None
    caption: str | None = None
    filename: str | None = None
    file_size: int | None = None
    voice: bool = False
    animated: bool = False


class _Location(msgspec.Struct):
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    url: str | None = None


class _Name(msgspec.Struct):
    formatted_name: str = ""
    first_name: str | None = None
    last_name: str | None = None


class _Phone(msgspec.Struct):
    phone: str | None = None
    wa_id: str | None = None
    type: str | None = None


class _Email(msgspec.Struct):
    email: str | None = None
    type: str | None = None


class _Url(msgspec.Struct):
    url: str = ""


class _Address(msgspec.Struct):
    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None


class _Organization(msgspec.Struct):
    company: str | None = None
    title: str | None = None


class _Card(msgspec.Struct):
    name: _Name = msgspec.field(default_factory=_Name)
    phones: list[_Phone] = []
    emails: list[_Email] = []
    urls: list[_Url] = []
    addresses: list[_Address] = []
    org: _Organization | None = None
    birthday: str | None = None


class _Item(msgspec.Struct):
    product_retailer_id: str = ""
    quantity: int | float | str = 0
    item_price: int | float | str | None = None
    currency: str | None = None


class _Order(msgspec.Struct):
    catalog_id: str | None = None
    text: str | None = None
    product_items: list[_Item] = []


class _Reaction(msgspec.Struct):
    message_id: str
    emoji: str | None = None


class _Button(msgspec.Struct):
    text: str = ""
    payload: str | None = None


class _Reply(msgspec.Struct):
    id: str | None = None
    title: str = ""
    description: str | None = None


class _Form(msgspec.Struct):
    name: str | None = None
    body: str | None = None
    response_json: str | None = None


class _CallPermission(msgspec.Struct):
    response: str = ""
    expiration_timestamp: int | str | None = None


class _Interactive(msgspec.Struct):
    type: str = ""
    button_reply: _Reply | None = None
    list_reply: _Reply | None = None
    nfm_reply: _Form | None = None
    call_permission_reply: _CallPermission | None = None


class _Target(msgspec.Struct):
    original_message_id: str | None = None
    message: msgspec.Raw = ABSENT


class _Inner(msgspec.Struct):
    type: str = "unknown"


class _ErrorData(msgspec.Struct):
    details: str | None = None


class _Error(msgspec.Struct):
    code: int | None = None
    title: str | None = None
    message: str | None = None
    error_data: _ErrorData | None = None


_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_errors = msgspec.json.Decoder(list[_Error])


def content_of(kind: str, raw: bytes) -> MessageContent:
    """The content of a whole message (JSON) of a type. Raises ValueError (also msgspec's) when its part has another shape."""
    parts = _parts.decode(raw)
    reader = READERS.get(kind)
    if reader is None or kind not in parts:
        return _unsupported(kind, parts)
    return reader(parts[kind])


def _file(raw: bytes) -> tuple[doc.File, _File]:
    found = msgspec.json.decode(raw, type=_File)
    file = doc.File(
        id=storable.identifier(str(found.id)) if found.id is not None else None,
        url=short(found.url, 2000),
        mime_type=short(found.mime_type, 100),
        sha256=short(found.sha256, 100),
        name=short(found.filename),
        size=storable.int4(found.file_size),
    )
    return file, found


def _image(raw: bytes) -> MessageContent:
    file, found = _file(raw)
    return doc.Image(file=file, caption=storable.text(found.caption or ""))


def _video(raw: bytes) -> MessageContent:
    file, found = _file(raw)
    return doc.Video(file=file, caption=storable.text(found.caption or ""))


def _document(raw: bytes) -> MessageContent:
    file, found = _file(raw)
    return doc.Document(file=file, caption=storable.text(found.caption or ""))


def _audio(raw: bytes) -> MessageContent:
    file, found = _file(raw)
    return doc.Audio(file=file, voice=found.voice)


def _voice(raw: bytes) -> MessageContent:
    return doc.Audio(file=_file(raw)[0], voice=True)


def _sticker(raw: bytes) -> MessageContent:
    file, found = _file(raw)
    return doc.Sticker(file=file, animated=found.animated)


def _text(raw: bytes) -> MessageContent:
    return doc.Text(text=storable.text(msgspec.json.decode(raw, type=_Text).body))


def _location(raw: bytes) -> MessageContent:
    found = msgspec.json.decode(raw, type=_Location)
    return place(found.latitude, found.longitude, found.name, found.address, found.url)


def place(latitude: float, longitude: float, name: str | None, address: str | None, url: str | None = None) -> MessageContent:
    """A location. Raises ValueError for coordinates that are none."""
    if not (math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        raise ValueError("no coordinates")
    return doc.Location(
        latitude=latitude, longitude=longitude, name=short(name), address=short(address, 1000), url=short(url, 2000)
    )


def _contacts(raw: bytes) -> MessageContent:
    cards = msgspec.json.decode(raw, type=list[_Card])
    return doc.Contacts(contacts=[_card(card) for card in cards[:MAX_CARDS]])


def _card(card: _Card) -> doc.Card:
    name = card.name.formatted_name or " ".join(part for part in (card.name.first_name, card.name.last_name) if part)
    addresses = [
        ", ".join(part for part in (one.street, one.city, one.state, one.zip, one.country) if part) for one in card.addresses
    ]
    return doc.Card(
        name=storable.text(name, MAX_NAME),
        phones=[
            doc.CardPhone(phone=number, type=short(one.type, 40), wa_id=short(one.wa_id, 100))
            for one in card.phones[:MAX_CARDS]
            if (number := short(one.phone or one.wa_id, 100))
        ],
        emails=[
            doc.CardEmail(email=address, type=short(one.type, 40))
            for one in card.emails[:MAX_CARDS]
            if (address := short(one.email))
        ],
        organization=short(card.org.company) if card.org else None,
        title=short(card.org.title) if card.org else None,
        addresses=[text for one in addresses[:MAX_CARDS] if (text := short(one, 1000))],
        urls=[text for one in card.urls[:MAX_CARDS] if (text := short(one.url, 2000))],
        birthday=short(card.birthday, 40),
    )


def _order(raw: bytes) -> MessageContent:
    found = msgspec.json.decode(raw, type=_Order)
    return doc.Order(
        catalog_id=short(found.catalog_id),
        text=storable.text(found.text or ""),
        items=[_order_item(item) for item in found.product_items[:MAX_ITEMS]],
    )


def _order_item(item: _Item) -> doc.OrderItem:
    quantity = storable.int4(_whole(item.quantity))
    currency = item.currency.upper() if item.currency and item.currency.isascii() and len(item.currency) == 3 else None
    return doc.OrderItem(
        product_id=storable.text(item.product_retailer_id, MAX_NAME),
        quantity=quantity or 0,
        unit_price=minor_units(item.item_price, currency),
        currency=currency,
    )


def _whole(value: float | str | None) -> int | None:
    try:
        return None if value is None else int(Decimal(str(value)))
    except (ArithmeticError, ValueError):
        return None


def minor_units(price: float | str | None, currency: str | None) -> int | None:
    """A price in major units as integer minor units of its currency; None when it is no amount or beyond 32 bits."""
    if price is None or currency is None:
        return None
    try:
        amount = Decimal(str(price)).scaleb(get_currency_precision(currency))
        return storable.int4(int(amount.to_integral_value())) if amount.is_finite() else None
    except (ArithmeticError, ValueError):
        return None


def _reaction(raw: bytes) -> MessageContent:
    found = msgspec.json.decode(raw, type=_Reaction)
    return doc.Reaction(target_id=storable.key(found.message_id), emoji=short(found.emoji, 40))


def _button(raw: bytes) -> MessageContent:
    found = msgspec.json.decode(raw, type=_Button)
    return doc.Button(text=storable.text(found.text), payload=short(found.payload, 1000))


def _interactive(raw: bytes) -> MessageContent:
    found = msgspec.json.decode(raw, type=_Interactive)
    if found.button_reply:
        return doc.ButtonReply(id=short(found.button_reply.id), title=storable.text(found.button_reply.title))
    if found.list_reply:
        row = found.list_reply
        return doc.ListReply(id=short(row.id), title=storable.text(row.title), description=short(row.description, 1000))
    if found.nfm_reply:
        return form(found.nfm_reply.name, found.nfm_reply.body, found.nfm_reply.response_json)
    if found.call_permission_reply:
        given = found.call_permission_reply
        return doc.CallPermission(granted=given.response == "accept", until=moment(given.expiration_timestamp))
    return doc.Unsupported(type=storable.text(f"interactive.{found.type}", 40))


def form(name: str | None, text: str | None, response: str | None) -> MessageContent:
    """The answers of a form: a JSON object, else kept as text."""
    answers: Any = None
    if response and len(response) <= MAX_ANSWERS:
        try:
            answers = storable.tree(json.loads(response))
        except (ValueError, RecursionError):
            pass
    readable = isinstance(answers, dict)
    return doc.Form(
        name=short(name),
        text=storable.text(text or ""),
        answers=cast(dict[str, Any], answers) if readable else {},
        raw=None if readable else short(response, MAX_ANSWERS),
    )


def _edit(raw: bytes) -> MessageContent:
    found = msgspec.json.decode(raw, type=_Target)
    inner: MessageContent | None = None
    if found.message:
        inner = content_of(msgspec.json.decode(found.message, type=_Inner).type, found.message)
    if inner is not None and not isinstance(inner, doc.Editable):
        inner = doc.Unsupported(type=doc.kind_of(inner))
    return doc.Edit(target_id=storable.key(found.original_message_id or "") or None, content=inner)


def _revoke(raw: bytes) -> MessageContent:
    found = msgspec.json.decode(raw, type=_Target)
    return doc.Revoke(target_id=storable.key(found.original_message_id or "") or None)


def _unsupported(kind: str, parts: dict[str, msgspec.Raw]) -> MessageContent:
    """A type of which no content comes, with Meta's error where it says one."""
    errors = _errors.decode(parts["errors"]) if "errors" in parts else []
    named = ""
    if "unsupported" in parts:
        named = msgspec.json.decode(parts["unsupported"], type=_Inner).type
    error = errors[0] if errors else _Error()
    words = [error.title or error.message, error.error_data.details if error.error_data else None]
    return doc.Unsupported(
        type=storable.text(named if named not in ("", "unknown") else kind, 40),
        code=storable.int4(error.code),
        reason=short(": ".join(word for word in words if word)),
    )


READERS: dict[str, Callable[[bytes], MessageContent]] = {
    "text": _text,
    "image": _image,
    "video": _video,
    "audio": _audio,
    "voice": _voice,
    "document": _document,
    "sticker": _sticker,
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "reaction": _reaction,
    "button": _button,
    "interactive": _interactive,
    "edit": _edit,
    "revoke": _revoke,
}
