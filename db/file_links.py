"""Addresses of stored files that need no sign-in: for some minutes, for one file of one company, made with the key ring.

A bucket signs its own; this is for files on the disk, which the API hands over. Whoever is given one may read the file, no more.
"""

import base64
import binascii
import struct
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db.clock import now
from db.crypto import ring
from db.errors import RequestError

SECONDS = 300
PATH = "/files"
EXPORTS = "/exports"
"""Where files with everything about a person are; an address of one place opens nothing in the other."""
_FORM = struct.Struct(">16s16s?I")  # company, file, thumbnail, until (seconds of the epoch)
_MARK = 16


class Link(NamedTuple):
    company_id: UUID
    file_id: UUID
    thumbnail: bool


def sign(link: Link, until: datetime, path: str = PATH) -> str:
    """A path of the API."""
    said = _FORM.pack(link.company_id.bytes, link.file_id.bytes, link.thumbnail, int(until.timestamp()))
    token = base64.urlsafe_b64encode(said + ring().sign(said, purpose=_purpose(path))).decode().rstrip("=")
    return f"{path}/{token}"


def read(token: str, path: str = PATH) -> Link:
    """What the last part of such a path names. Raises NotFound: it is not ours, or its time is over."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        said, mark = raw[: _FORM.size], raw[_FORM.size :]
        company_id, file_id, thumbnail, until = _FORM.unpack(said)
    except (ValueError, binascii.Error, struct.error):
        raise RequestError.NOT_FOUND(what="file") from None
    if len(mark) != _MARK or not ring().signed(said, mark, purpose=_purpose(path)) or until < now().timestamp():
        raise RequestError.NOT_FOUND(what="file")
    return Link(UUID(bytes=company_id), UUID(bytes=file_id), thumbnail)


def _purpose(path: str) -> str:
    return path[1:-1]
