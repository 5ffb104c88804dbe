"""Votes in polls. Each is sealed under the secret that its poll brought, bound to the poll, to who asked and to who votes, and names what was chosen by
hashes (waE2E.PollVoteMessage): whoever has not seen the poll cannot read it."""

import base64
import binascii
import hashlib
import hmac
from itertools import product
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from db import storable
from workers.providers.linked.content import POLLS, Json, options_of, unwrapped

MENTIONED = b'"poll'
VOTE = "pollUpdateMessage"


class Poll(msgspec.Struct, frozen=True):
    """What its votes are read by."""

    secret: bytes
    question: str
    options: list[str]


_poll = msgspec.json.Decoder(Poll)


def secret_in(message: bytes) -> str | None:
    """What is to be kept of a poll; None for any other message."""
    if MENTIONED not in message:
        return None
    content = _content(message)
    poll = next((part for name in POLLS if isinstance(part := content.get(name), dict)), None)
    context = content.get("messageContextInfo")
    secret = _bytes(context.get("messageSecret")) if isinstance(context, dict) else b""
    if poll is None or not secret:
        return None
    return msgspec.json.encode(Poll(secret, storable.text(str(poll.get("name") or ""), 1000), options_of(poll))).decode()


def opened_by(message: bytes) -> str | None:
    """The id of the poll in which this is a vote."""
    if MENTIONED not in message:
        return None
    vote = _content(message).get(VOTE)
    found = _dict(_dict(vote).get("pollCreationMessageKey")).get("id")
    return storable.key(found) if isinstance(found, str) and found else None


def opened(message: bytes, secret: str, own: tuple[str | None, ...]) -> bytes:
    """The message with what was chosen (`opened` in its vote), as it was where that cannot be read. `own`: how the platform calls us. It is one that
    `opened_by` named."""
    envelope = msgspec.json.decode(message)
    vote = _dict(unwrapped(_dict(envelope.get("content"))).get(VOTE))
    key, sealed = _dict(vote.get("pollCreationMessageKey")), _dict(vote.get("vote"))
    people = [envelope.get(name) for name in ("jid", "alt", "by", "by_alt")] + [
        key.get("remoteJid"),
        key.get("participant"),
        *own,
    ]
    names = list(dict.fromkeys(_bare(one) for one in people if isinstance(one, str) and one))
    poll = _poll.decode(secret)
    payload, iv = _bytes(sealed.get("encPayload")), _bytes(sealed.get("encIv"))
    for creator, voter in product(names, names):
        chosen = _chosen(poll, str(key.get("id")), creator, voter, payload, iv)
        if chosen is not None:
            vote["opened"] = {"question": poll.question, "chosen": [one for one in poll.options if hashed(one) in chosen]}
            return msgspec.json.encode(envelope)
    return message


def hashed(option: str) -> bytes:
    return hashlib.sha256(option.encode()).digest()


def key_of(secret: bytes, poll_id: str, creator: str, voter: str) -> bytes:
    """The key of one vote (HKDF-SHA256 of one block)."""
    first = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(first, f"{poll_id}{creator}{voter}Poll Vote".encode() + b"\x01", "sha256")


def bound_to(poll_id: str, voter: str) -> bytes:
    """What is sealed along with it."""
    return f"{poll_id}\0{voter}".encode()


def _chosen(poll: Poll, poll_id: str, creator: str, voter: str, payload: bytes, iv: bytes) -> set[bytes] | None:
    try:
        plain = AESGCM(key_of(poll.secret, poll_id, creator, voter)).decrypt(iv, payload, bound_to(poll_id, voter))
    except (InvalidTag, ValueError):
        return None
    return {plain[at + 2 : at + 34] for at in range(0, len(plain) - 33, 34) if plain[at : at + 2] == b"\x0a\x20"}


def _content(message: bytes) -> Json:
    """Empty where it is built to break whoever reads it; then nobody reads it here, and the parser says so."""
    try:
        return unwrapped(_dict(_dict(msgspec.json.decode(message)).get("content")))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}


def _bare(jid: str) -> str:
    """Without the device."""
    name, _, host = jid.partition("@")
    return f"{name.partition(':')[0]}@{host}"


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except binascii.Error:
        return b""


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}
