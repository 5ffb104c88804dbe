"""Bodies of `POST /{phone_number_id}/messages` other than templates (`templates.py`). Source: docs/contracts/meta-whatsapp.md.

Limits are checked here, so that a message that cannot pass is refused without a call: `BadParameter`.
"""

from collections.abc import Sequence

import msgspec

from db.messages.content import Card
from db.messages.render import Row, option_id
from workers.providers.meta.templates import BadParameter, address

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
BUTTONS_TEXT_LIMIT, MAX_BUTTONS, MAX_ROWS = 1024, 3, 10
CAPTIONED = ("image", "video", "document")
MEDIA_KINDS = (*CAPTIONED, "audio", "sticker")

_encode = msgspec.json.Encoder().encode


def text_message(to: str, text: str, correlation_id: str, *, preview_url: bool = False, context_id: str | None = None) -> bytes:
    """A plain text of 1..4096 characters, inside the 24 h window only. `context_id` quotes a message."""
    if not text.strip() or len(text) > TEXT_LIMIT:
        raise BadParameter("text", "empty or longer than 4096 characters")
    return _message(to, "text", {"body": text, "preview_url": preview_url}, correlation_id, context_id)


def media_message(
    to: str,
    kind: str,
    media: str,
    correlation_id: str,
    *,
    caption: str | None = None,
    filename: str | None = None,
    voice: bool = False,
    context_id: str | None = None,
) -> bytes:
    """A file by media id or https link: image, video, document, audio or sticker; no captions for the last two. `voice`: audio of OGG
    with Opus, played as a voice message."""
    if kind not in MEDIA_KINDS:
        raise BadParameter("media", f"unknown kind {kind}")
    if caption and (kind not in CAPTIONED or len(caption) > CAPTION_LIMIT):
        raise BadParameter("caption", "not allowed here or longer than 1024 characters")
    body: dict[str, object] = {"id" if media.isdigit() else "link": media}
    if caption:
        body["caption"] = caption
    if filename and kind == "document":
        body["filename"] = filename
    if voice and kind == "audio":
        body["voice"] = True
    return _message(to, kind, body, correlation_id, context_id)


def buttons_message(to: str, text: str, titles: Sequence[str], correlation_id: str, *, context_id: str | None = None) -> bytes:
    """A text of 1..1024 characters with one to three buttons of up to 20; what is pressed comes back by its number, from "1"."""
    if not text.strip() or len(text) > BUTTONS_TEXT_LIMIT:
        raise BadParameter("text", "empty or longer than 1024 characters")
    if not 1 <= len(titles) <= MAX_BUTTONS or len(set(titles)) < len(titles) or not all(1 <= len(one) <= 20 for one in titles):
        raise BadParameter("buttons", "one to three, each another one of up to 20 characters")
    buttons = [{"type": "reply", "reply": {"id": option_id(number), "title": title}} for number, title in enumerate(titles)]
    body = {"type": "button", "body": {"text": text}, "action": {"buttons": buttons}}
    return _message(to, "interactive", body, correlation_id, context_id)


def list_message(
    to: str, text: str, button: str, rows: Sequence[Row], correlation_id: str, *, context_id: str | None = None
) -> bytes:
    """A text of 1..4096 characters with a list of one to ten rows behind a button; what is chosen comes back by its number, from "1"."""
    if not text.strip() or len(text) > TEXT_LIMIT:
        raise BadParameter("text", "empty or longer than 4096 characters")
    if not 1 <= len(button) <= 20:
        raise BadParameter("button", "empty or longer than 20 characters")
    fits = all(1 <= len(row.title) <= 24 and len(row.description or "") <= 72 for row in rows)
    if not 1 <= len(rows) <= MAX_ROWS or not fits:
        raise BadParameter("rows", "one to ten, titles of up to 24 and descriptions of up to 72 characters")
    listed = [
        {"id": option_id(number), "title": row.title, **({"description": row.description} if row.description else {})}
        for number, row in enumerate(rows)
    ]
    body = {"type": "list", "body": {"text": text}, "action": {"button": button, "sections": [{"rows": listed}]}}
    return _message(to, "interactive", body, correlation_id, context_id)


def location_message(
    to: str,
    latitude: float,
    longitude: float,
    correlation_id: str,
    *,
    name: str | None = None,
    place: str | None = None,
    context_id: str | None = None,
) -> bytes:
    """A place in degrees of WGS 84; `place`: its address in words."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BadParameter("location", "no place on earth")
    body: dict[str, object] = {"latitude": latitude, "longitude": longitude}
    if name:
        body["name"] = name
    if place:
        body["address"] = place
    return _message(to, "location", body, correlation_id, context_id)


def contacts_message(to: str, cards: Sequence[Card], correlation_id: str, *, context_id: str | None = None) -> bytes:
    """People of an address book. Meta asks for the whole name and one more part of it."""
    if not cards or not all(card.name.strip() for card in cards):
        raise BadParameter("contacts", "nobody, or somebody without a name")
    body = [
        {
            "name": {"formatted_name": card.name, "first_name": card.name.split()[0]},
            "phones": [
                {name: value for name, value in (("phone", one.phone), ("type", one.type), ("wa_id", one.wa_id)) if value}
                for one in card.phones
            ],
        }
        for card in cards
    ]
    return _message(to, "contacts", body, correlation_id, context_id)


def reaction_message(to: str, message_id: str, emoji: str, correlation_id: str) -> bytes:
    """React to a message; an empty emoji takes the reaction back."""
    return _message(to, "reaction", {"message_id": message_id, "emoji": emoji}, correlation_id, None)


def read_receipt(message_id: str, *, typing: bool = False) -> bytes:
    """Mark a message as read; `typing` also shows "typing…" until the reply or for 25 s."""
    body: dict[str, object] = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
    if typing:
        body["typing_indicator"] = {"type": "text"}
    return _encode(body)


def _message(to: str, kind: str, body: object, correlation_id: str, context_id: str | None) -> bytes:
    rest: dict[str, object] = {"type": kind, kind: body, "biz_opaque_callback_data": correlation_id}
    if context_id:
        rest["context"] = {"message_id": context_id}
    try:
        return address(to) + b"," + _encode(rest)[1:]
    except UnicodeEncodeError:
        raise BadParameter(kind, "not valid text") from None
