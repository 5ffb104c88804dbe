"""WhatsApp's own message (waE2E.Message as JSON) in our words. It decides nothing; what it does not know is `unsupported` by its name."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from db import storable
from db.messages.content import (
    Audio,
    ButtonReply,
    Card,
    CardPhone,
    Contacts,
    Document,
    Edit,
    Editable,
    File,
    Image,
    ListReply,
    Location,
    MessageContent,
    Reaction,
    Revoke,
    Sticker,
    Text,
    Unsupported,
    Video,
)
from workers.providers.linked.media import address, reference

Json = dict[str, Any]
WRAPPERS = (
    "ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension", "documentWithCaptionMessage",
    "editedMessage", "deviceSentMessage", "pollCreationMessageV4",
)  # fmt: skip
SILENT = ("senderKeyDistributionMessage", "messageContextInfo")
"""Parts that stand beside a content, and say nothing alone."""
POLLS = ("pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3", "pollCreationMessageV5")
REVOKE, EDIT = (0, "REVOKE"), (14, "MESSAGE_EDIT")
DEEP = 5
_TEL = re.compile(r"^(?:item\d+\.)?TEL([^:\n]*):(.+)$", re.IGNORECASE | re.MULTILINE)
_WA_ID = re.compile(r";waid=(\d{5,20})(?:;|$)", re.IGNORECASE)


class Read(NamedTuple):
    """`reply_to`: the id of the message that it answers."""

    content: MessageContent
    reply_to: str | None = None
    forwarded: bool = False


def content_of(message: Json | None) -> Read | None:
    """None for what is no message to people: keys, settings, news of the phone. A message that could not be opened is `unsupported`, and
    may come again whole."""
    if not message:
        return Read(Unsupported(type="unopened", reason="the phone could not hand it over yet"))
    for name, part in unwrapped(message).items():
        if name in SILENT or part is None:
            continue
        if name == "protocolMessage":
            return _protocol(_dict(part))
        if name == "pollUpdateMessage":
            return _vote(_dict(part))
        content = _content(name, part)
        context = _dict(_dict(part).get("contextInfo")) if isinstance(part, dict) else {}
        return Read(content, _id(context.get("stanzaId")), bool(context.get("isForwarded")))
    return None


def unwrapped(message: Json) -> Json:
    """What lies in the parts that only say how it is shown. A secret that came beside them lies in it, too."""
    for _ in range(DEEP):
        inner = next(
            (
                part["message"]
                for name in WRAPPERS
                if isinstance(part := message.get(name), dict) and isinstance(part.get("message"), dict)
            ),
            None,
        )
        if inner is None:
            break
        beside = message.get("messageContextInfo")
        message = {"messageContextInfo": beside, **inner} if beside is not None else inner
    return message


def _protocol(part: Json) -> Read | None:
    target = _id(_dict(part.get("key")).get("id"))
    kind = part.get("type", 0)
    if kind in REVOKE and target:
        return Read(Revoke(target_id=target))
    if kind in EDIT and target:
        said = content_of(_dict(part.get("editedMessage")) or None)
        content = said.content if said is not None and isinstance(said.content, Editable) else None
        return Read(Edit(target_id=target, content=content))
    return None


def _content(name: str, part: Any) -> MessageContent:
    if name == "conversation":
        return Text(text=_text(part))
    known = _KINDS.get(name)
    if known is None:
        if name in POLLS:
            return _poll(_dict(part))
        return Unsupported(type=storable.text(name, 40))
    return known(_dict(part))


def _file(kind: str, part: Json, name: str | None = None) -> File:
    """What the message tells of its file. One that names no place or no key is a file that nobody can fetch."""
    url = address(_text(part.get("url"), 2000) or None, _text(part.get("directPath"), 2000) or None)
    key = _text(part.get("mediaKey"), 100)
    size = part.get("fileLength")
    return File(
        id=reference(kind, key) if key and url else None,
        url=url if key else None,
        mime_type=storable.identifier(_text(part.get("mimetype"), 200).partition(";")[0]),
        sha256=_text(part.get("fileSha256"), 100) or None,
        name=name,
        size=storable.int4(int(size)) if isinstance(size, int | str) and str(size).isdecimal() and len(str(size)) < 12 else None,
    )


def _document(part: Json) -> MessageContent:
    name = _text(part.get("fileName") or part.get("title"), 255).strip() or None
    return Document(file=_file("document", part, name), caption=_text(part.get("caption")))


def _location(part: Json) -> MessageContent:
    latitude, longitude = part.get("degreesLatitude"), part.get("degreesLongitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return Unsupported(type="location", reason="no place in it")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return Unsupported(type="location", reason="no place on earth")
    name, address = _text(part.get("name"), 500) or None, _text(part.get("address"), 500) or None
    return Location(latitude=float(latitude), longitude=float(longitude), name=name, address=address)


def _cards(cards: list[Json]) -> Contacts:
    found = []
    for card in cards[:50]:
        phones = [
            CardPhone(phone=_text(number, 100).strip(), wa_id=known[1] if (known := _WA_ID.search(more)) else None)
            for more, number in _TEL.findall(_text(card.get("vcard"), 10_000))
        ]
        found.append(Card(name=_text(card.get("displayName"), 500), phones=phones[:20]))
    return Contacts(contacts=found)


def _reaction(part: Json) -> MessageContent:
    target = _id(_dict(part.get("key")).get("id"))
    if target is None:
        return Unsupported(type="reaction", reason="to no message")
    return Reaction(target_id=target, emoji=_text(part.get("text"), 50) or None)


def _poll(part: Json) -> MessageContent:
    """As text: who answers it here writes."""
    return Text(text="\n".join([f"📊 {_text(part.get('name'), 1000)}", *(f"• {option}" for option in options_of(part))]))


def options_of(poll: Json) -> list[str]:
    return [_text(_dict(option).get("optionName"), 200) for option in _list(poll.get("options"))[:20]]


def _vote(part: Json) -> Read:
    """As text, once it could be read (`polls.opened`); whoever takes a vote back chose nothing."""
    poll_id, told = _id(_dict(part.get("pollCreationMessageKey")).get("id")), part.get("opened")
    if not isinstance(told, dict):
        return Read(Unsupported(type="pollUpdateMessage", reason="a vote in a poll that did not come here"), poll_id)
    chosen = [f"✔ {_text(option, 200)}" for option in _list(told.get("chosen"))[:20]] or ["✔ —"]
    return Read(Text(text="\n".join([f"📊 {_text(told.get('question'), 1000)}", *chosen])), poll_id)


_KINDS: dict[str, Callable[[Json], MessageContent]] = {
    "extendedTextMessage": lambda part: Text(text=_text(part.get("text"))),
    "imageMessage": lambda part: Image(file=_file("image", part), caption=_text(part.get("caption"))),
    "videoMessage": lambda part: Video(file=_file("video", part), caption=_text(part.get("caption"))),
    "ptvMessage": lambda part: Video(file=_file("video", part)),
    "audioMessage": lambda part: Audio(file=_file("audio", part), voice=part.get("ptt") is True),
    "documentMessage": _document,
    "stickerMessage": lambda part: Sticker(file=_file("sticker", part), animated=part.get("isAnimated") is True),
    "locationMessage": _location,
    "liveLocationMessage": _location,
    "contactMessage": lambda part: _cards([part]),
    "contactsArrayMessage": lambda part: _cards([_dict(card) for card in _list(part.get("contacts"))]),
    "reactionMessage": _reaction,
    "buttonsResponseMessage": lambda part: ButtonReply(
        id=_id(part.get("selectedButtonId")), title=_text(part.get("selectedDisplayText"), 500)
    ),
    "templateButtonReplyMessage": lambda part: ButtonReply(
        id=_id(part.get("selectedId")), title=_text(part.get("selectedDisplayText"), 500)
    ),
    "listResponseMessage": lambda part: ListReply(
        id=_id(_dict(part.get("singleSelectReply")).get("selectedRowId")),
        title=_text(part.get("title"), 500),
        description=_text(part.get("description"), 500) or None,
    ),
}


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any, limit: int = storable.TEXT) -> str:
    return storable.text(value, limit) if isinstance(value, str) else ""


def _id(value: Any) -> str | None:
    return storable.key(value) if isinstance(value, str) and value else None
