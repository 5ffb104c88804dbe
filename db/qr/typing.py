"""That somebody writes an answer, told to the gateway that holds the number: at once or never, so it stands in Valkey alone."""

import time
from uuid import UUID

import msgspec

from db import valkey
from db.permissions import Permission
from db.tenancy import worker
from db.work import read

STALE = 10
"""Seconds after which nobody is shown it any more."""
MOST = 100


class Typed(msgspec.Struct, frozen=True, array_like=True):
    """`address`: who is to see it."""

    channel_id: UUID
    address: str
    at: float


async def say(company_id: UUID, channel_id: UUID, address: str) -> bool:
    """False when nobody holds the number. Raises what Valkey raises while it is away."""
    async with read(worker(company_id), Permission.CHANNELS_READ) as r:
        owner = await r.fetchval(
            "select lease_owner from qr_session where company_id = $1 and id = $2 and lease_until > now()", company_id, channel_id
        )
    if owner is None:
        return False
    async with valkey.client().pipeline(transaction=False) as pipe:
        pipe.rpush(_key(owner), msgspec.json.encode(Typed(channel_id, address, time.time())))
        pipe.ltrim(_key(owner), -MOST, -1)
        pipe.expire(_key(owner), STALE)
        await pipe.execute()
    return True


async def said(owner: str) -> list[Typed]:
    """What was said since the last time, and is not too old. Raises what Valkey raises while it is away."""
    found = await valkey.client().lpop(_key(owner), MOST) or []
    typed = [msgspec.json.decode(one, type=Typed) for one in found]
    return [one for one in typed if time.time() - one.at < STALE]


def _key(owner: str) -> str:
    return f"qr:typing:{owner}"
