"""Bodies of `POST /{phone_number_id}/messages` other than templates (`templates.py`). Source: docs/contracts/meta-whatsapp.md.

Limits are checked here, so that a message that cannot pass is refused without a call: `BadParameter`.
"""

import msgspec

from workers.providers.meta.templates import BadParameter, address

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
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
    context_id: str | None = None,
) -> bytes:
    """A file by media id or https link: image, video, document, audio or sticker; no captions for the last two."""
    if kind not in MEDIA_KINDS:
        raise BadParameter("media", f"unknown kind {kind}")
    if caption and (kind not in CAPTIONED or len(caption) > CAPTION_LIMIT):
        raise BadParameter("caption", "not allowed here or longer than 1024 characters")
    body: dict[str, object] = {"id" if media.isdigit() else "link": media}
    if caption:
        body["caption"] = caption
    if filename and kind == "document":
        body["filename"] = filename
    return _message(to, kind, body, correlation_id, context_id)


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
