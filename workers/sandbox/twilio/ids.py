"""Twilio's message ids. They contain our number, so that no index is needed."""

import hashlib
from typing import Final

_HEX: Final = frozenset("0123456789abcdef")


def make_sid(salt: str, number: int, prefix: str = "SM") -> str:
    head = hashlib.blake2b(b'"%b"%d' % (salt.encode(), number), digest_size=8).hexdigest()
    return f"{prefix}{head}{number:016x}"


def number_of(salt: str, sid: str) -> int:
    """The number inside one of our sids; 0 when it is not ours."""
    if len(sid) != 34 or not set(sid[2:]) <= _HEX:
        return 0
    number = int(sid[18:], 16)
    return number if make_sid(salt, number, sid[:2]) == sid else 0
