"""Messages as the port of linked devices takes them, under ids of ours."""

import hmac
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from db.clock import now
from db.messages.content import Card
from db.messages.enums import FileForm
from db.messages.render import (
    AnswerContent,
    CardsContent,
    ChangeContent,
    FileContent,
    LiteralContent,
    LocationContent,
    ReactionContent,
)
from workers.providers.linked.upload import Uploaded
from workers.qr.port import Letter

_encode = msgspec.json.encode
PREFIX = "3EB0"
"""How ids begin that linked devices make."""


def wa_id(pepper: str, message_id: UUID) -> str:
    """One for a message and all its attempts: to whom it reaches twice it is one message. Without the channel's pepper nobody can tell
    which of ours an id is, or make one."""
    return PREFIX + hmac.digest(pepper.encode(), message_id.bytes, "sha256").hex()[:18].upper()


def _to(address: str) -> str:
    """A number, and a group, as it is; the hidden id of somebody whose number nobody knows as its jid."""
    return address if address.startswith("+") or "@" in address else f"{address}@lid"


def text_letter(to: str, text: str, name: str) -> bytes:
    return _encode(Letter(to=_to(to), id=name, message=_text(text)))


def answer_letter(to: str, content: AnswerContent, name: str) -> bytes:
    """Raises ValueError for what cannot pass."""
    to = _to(to)
    match content:
        case LiteralContent():
            letter = Letter(to=to, id=name, message=_text(content.body), reply_to=content.reply_to)
        case LocationContent():
            place = {"degreesLatitude": content.latitude, "degreesLongitude": content.longitude}
            named = {"name": content.name or "", "address": content.address or ""}
            letter = Letter(to=to, id=name, message={"locationMessage": {**place, **named}}, reply_to=content.reply_to)
        case CardsContent():
            letter = Letter(to=to, id=name, message=_cards(content.contacts), reply_to=content.reply_to)
        case FileContent() if content.media is not None:
            letter = Letter(to=to, id=name, message=_file(content, content.media), reply_to=content.reply_to)
        case ChangeContent():
            letter = Letter(to=to, id=name, change=(content.target_id, content.body))
        case ReactionContent():
            letter = Letter(to=to, id=name, reaction=(content.target_id, content.emoji or ""))
        case _:
            raise ValueError(f"{type(content).__name__} cannot be sent over a linked device")
    return _encode(letter)


def _text(text: str) -> dict[str, Any]:
    """Never with a preview of an address in it: nobody here opens what a text names."""
    return {"extendedTextMessage": {"text": text}}


def _file(content: FileContent, media: str) -> dict[str, Any]:
    """Raises ValueError for a file that lies elsewhere."""
    file = msgspec.json.decode(media, type=Uploaded)
    part: dict[str, Any] = {
        "url": file.url, "directPath": file.path, "mediaKey": file.key, "mimetype": content.mime_type, "fileSha256": file.sha256,
        "fileEncSha256": file.sealed_sha256, "fileLength": file.size, "mediaKeyTimestamp": int(now().timestamp()),
    }  # fmt: skip
    match content.form:
        case FileForm.AUDIO:
            kind = f"{content.mime_type}; codecs=opus" if content.voice else content.mime_type
            return {"audioMessage": {**part, "mimetype": kind, "ptt": content.voice, "seconds": file.seconds or 0}}
        case FileForm.DOCUMENT:
            shown = content.name or "document"
            return {"documentMessage": {**part, "fileName": shown, "title": shown, "caption": content.caption}}
        case form:
            return {f"{form.value}Message": {**part, "caption": content.caption}}


def _cards(cards: Sequence[Card]) -> dict[str, Any]:
    found = [{"displayName": card.name, "vcard": vcard(card)} for card in cards]
    return {"contactMessage": found[0]} if len(found) == 1 else {"contactsArrayMessage": {"contacts": found}}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "").replace(",", "\\,").replace(";", "\\;")


def vcard(card: Card) -> str:
    """vCard 3.0 (RFC 2426)."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(card.name)}"]
    if card.organization:
        lines.append(f"ORG:{_escaped(card.organization)}")
    for phone in card.phones:
        known = f";waid={phone.wa_id.lstrip('+')}" if phone.wa_id and phone.wa_id.lstrip("+").isdigit() else ""
        lines.append(f"TEL;type=CELL{known}:{_escaped(phone.phone)}")
    lines += [f"EMAIL:{_escaped(mail.email)}" for mail in card.emails]
    return "\n".join([*lines, "END:VCARD"])
