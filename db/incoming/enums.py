"""Closed lists of names of incoming hooks: pure data for database, API and screens."""

from enum import StrEnum


class SignatureEncoding(StrEnum):
    """How a sender writes the HMAC-SHA256 of the body."""

    HEX = "hex"
    BASE64 = "base64"


class Sameness(StrEnum):
    """What makes two deliveries of a hook one."""

    BODY = "body"  # the same bytes
    KEY = "key"  # the same value at a place of the payload
    NONE = "none"  # every one is carried out


class IncomingState(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    DONE = "done"
    DUPLICATE = "duplicate"  # another one of the same key was carried out a short while ago
    FAILED = "failed"  # nothing of it was done; `problems` say why
    OFF = "off"  # the hook was switched off before it was read


class LeadChoice(StrEnum):
    """What becomes of a contact that has an open lead on the board already."""

    NEW = "new"
    MOVE = "move"  # that lead moves, and takes the values


class IncomingSource(StrEnum):
    POST = "post"
    TEST = "test"  # a person wrote it
    REPLAY = "replay"


class LeadDone(StrEnum):
    MADE = "made"
    MOVED = "moved"
    CHANGED = "changed"  # it stood there already
