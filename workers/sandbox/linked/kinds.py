"""What a person can send in WhatsApp, kind by kind, as the app writes it (waE2E.Message). Files, places and cards are invented."""

from collections.abc import Callable
from typing import Final, NamedTuple

from workers.sandbox.linked import files, polls
from workers.sandbox.linked.people import said, text
from workers.sandbox.linked.wire import part, proto, unproto

CARD: Final = "BEGIN:VCARD\nVERSION:3.0\nFN:Marina Prado\nTEL;type=CELL;waid=5511987654321:+55 11 98765-4321\nEND:VCARD"
REVOKE, EDIT = 0, 14


class Telling(NamedTuple):
    """What a message is about: what was typed, the chat as the other side sees it, and the message that it changes or reacts to."""

    text: str
    chat: str
    target: str
    own: bool
    """Whether the target is the person's own."""
    poll: polls.Poll | None = None
    """The one that is asked, or in which this person votes."""
    voter: str = ""
    """Who votes, as the chat names them."""


def _file(kind: str, mime: str, fields: dict[str, int], said: str = "", **more: int | str) -> bytes:
    """`fields`: where this kind of message has what."""
    lies = files.sealed(kind, mime, said)
    values: dict[str, bytes | int | str] = {
        "mime": mime, "sha": lies.sha256, "size": lies.size, "key": lies.key, "sealed": lies.sealed_sha256, "path": lies.path, **more,
    }  # fmt: skip
    return proto(
        {fields[name]: value.encode() if isinstance(value, str) else value for name, value in values.items() if value != ""}
    )


_IMAGE: Final = {"mime": 2, "caption": 3, "sha": 4, "size": 5, "key": 8, "sealed": 9, "path": 11}
_VIDEO: Final = {"mime": 2, "sha": 3, "size": 4, "seconds": 5, "key": 6, "caption": 7, "sealed": 11, "path": 13}
_AUDIO: Final = {"mime": 2, "sha": 3, "size": 4, "seconds": 5, "voice": 6, "key": 7, "sealed": 8, "path": 9}
_DOCUMENT: Final = {"mime": 2, "title": 3, "sha": 4, "size": 5, "key": 7, "name": 8, "sealed": 9, "path": 10, "caption": 20}
_STICKER: Final = {"sha": 2, "sealed": 3, "key": 4, "mime": 5, "path": 8, "size": 9}


def _key(told: Telling) -> bytes:
    return proto({1: told.chat.encode(), 2: int(told.own), 3: told.target.encode()})


def _poll(told: Telling) -> polls.Poll:
    assert told.poll is not None
    return told.poll


def _changed(told: Telling) -> bytes:
    return proto({12: proto({1: _key(told), 2: EDIT, 14: text(told.text or "Quis dizer amanhã")})})


KINDS: Final[dict[str, Callable[[Telling], bytes]]] = {
    "text": lambda t: text(t.text or "Oi!"),
    "hidden": lambda t: text(t.text or "Oi!"),
    "echo": lambda t: text(t.text or "Respondi pelo celular"),
    "forwarded": lambda t: proto({6: proto({1: (t.text or "Olha isso").encode(), 17: proto({22: 1})})}),
    "image": lambda t: proto({3: _file("image", "image/jpeg", _IMAGE, caption=t.text)}),
    "video": lambda t: proto({9: _file("video", "video/mp4", _VIDEO, seconds=2, caption=t.text)}),
    "voice": lambda t: proto({8: _file("audio", "audio/ogg; codecs=opus", _AUDIO, t.text, seconds=2, voice=1)}),
    "audio": lambda t: proto({8: _file("audio", "audio/mpeg", _AUDIO, t.text, seconds=2)}),
    "document": lambda t: proto({
        7: _file("document", "application/pdf", _DOCUMENT, title="comprovante.pdf", name="comprovante.pdf", caption=t.text)
    }),
    "sticker": lambda t: proto({26: _file("sticker", "image/webp", _STICKER)}),
    "location": lambda t: proto({
        5: proto({1: -23.561414, 2: -46.655881, 3: (t.text or "MASP").encode(), 4: b"Av. Paulista, 1578"})
    }),
    "contacts": lambda t: proto({4: proto({1: (t.text or "Marina Prado").encode(), 16: CARD.encode()})}),
    "reaction": lambda t: proto({46: proto({1: _key(t), 2: (t.text or "👍").encode()})}),
    "reaction_removed": lambda t: proto({46: proto({1: _key(t), 2: b""})}),
    "poll": lambda t: polls.asked(_poll(t)),
    "poll_echo": lambda t: polls.asked(_poll(t)),
    "vote": lambda t: polls.voted(_poll(t), t.chat, t.voter, t.text),
    "edit": _changed,
    "revoke": lambda t: proto({12: proto({1: _key(t), 2: REVOKE})}),
}  # fmt: skip
NEEDS_TARGET: Final = frozenset(("reaction", "reaction_removed", "edit", "revoke"))


_SENT: Final[dict[int, tuple[str, int]]] = {
    3: ("image", 3), 4: ("contacts", 1), 5: ("location", 3), 7: ("document", 20), 8: ("audio", 0), 9: ("video", 7), 13: ("contacts", 1),
    46: ("reaction", 2),
}  # fmt: skip
"""What a device sends besides texts: the field of its kind, and within it that of its words (0: none)."""
_CONTEXT, _VOICE, _NAME = 17, 6, 8


def told(message: bytes) -> dict[str, str | bool]:
    """What a device wrote, for the ledger: of a plain text that alone; else its `type`, the `text` that belongs to it, the message that it
    `answers` or that it is `about`."""
    parts = unproto(message)
    if changed := parts.get(12):
        assert isinstance(changed, bytes)
        kind = "edit" if unproto(changed).get(2, REVOKE) == EDIT else "revoke"
        return {"type": kind, "text": said(part(changed, 14)), "about": _words(changed, 1, 3)}
    for number, (kind, words) in _SENT.items():
        if isinstance(content := parts.get(number), bytes):
            found: dict[str, str | bool] = {"type": kind, "text": _words(content, words) if words else ""}
            if kind == "reaction":
                found["about"] = _words(content, 1, 3)
            elif kind == "document":
                found["name"] = _words(content, _NAME)
            elif kind == "audio":
                found["voice"] = bool(unproto(content).get(_VOICE))
            return found | _answers(content)
    return {"text": said(message)} | _answers(part(message, 6))


def _words(content: bytes, *path: int) -> str:
    return part(content, *path).decode("utf-8", "replace")


def _answers(content: bytes) -> dict[str, str | bool]:
    answered = _words(content, _CONTEXT, 1)
    return {"answers": answered} if answered else {}


def by_hand(chat: str, message: bytes) -> bytes:
    """What the business wrote on its own phone, as its linked devices are told."""
    return proto({31: proto({1: chat.encode(), 2: message})})
