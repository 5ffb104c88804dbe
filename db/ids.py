"""Ids that are needed before the row is written. Rows that need no id beforehand let Postgres make it (`uuidv7()`)."""

import os
import time
from datetime import datetime
from uuid import UUID

from asyncpg.pgproto import pgproto


def uuid7() -> UUID:
    """RFC 9562: 48 bits of milliseconds, then random. Later ids are greater."""
    value = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | (7 << 76) | (2 << 62))


def parse(text: str) -> UUID:
    """The id that a text spells. Raises ValueError. It is of the driver's class, which is read, hashed and sent several times as
    fast as its parent."""
    found: UUID = pgproto.UUID(text)
    return found


def parsed(text: str) -> UUID | None:
    """The id that a text spells; None where it spells none."""
    try:
        return parse(text) if text else None
    except ValueError:
        return None


def first_of(moment: datetime) -> UUID:
    """Every UUIDv7 of that millisecond or later is at least this."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
