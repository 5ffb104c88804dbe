"""Where the platform takes files of a number, and by what right: only its connection can ask, and who hands files over has none."""

from datetime import datetime
from uuid import UUID

import msgspec

from db.crypto import ring
from db.permissions import Permission
from db.qr.leases import Held, fence
from db.tenancy import worker
from db.work import read, work

_CHANGE = "update qr_session set uploads = $3, uploads_until = $4 where company_id = $1 and id = $2"
_KNOWN = "select uploads from qr_session where company_id = $1 and id = $2 and uploads_until > now() and state in ('open', 'restricted')"


class Grant(msgspec.Struct, frozen=True):
    """`hosts`: any of them takes a file, the first best; `auth` opens them."""

    hosts: list[str]
    auth: str


async def keep(held: Held, grant: Grant, until: datetime) -> None:
    """It stands for the one before it. Raises Fenced."""
    text = msgspec.json.encode(grant).decode()
    async with work(worker(held.company_id), Permission.CHANNELS_WRITE) as w:
        await fence(w, held.channel_id, held.epoch, change=True)
        sealed = ring().seal(text, company_id=w.company_id, table="qr_session", column="uploads", row_id=held.channel_id)
        await w.execute(_CHANGE, w.company_id, held.channel_id, sealed, until)


async def grant(company_id: UUID, channel_id: UUID) -> Grant | None:
    """None while the number is not connected. Raises SealBroken."""
    async with read(worker(company_id), Permission.CHANNELS_READ) as r:
        sealed = await r.fetchval(_KNOWN, company_id, channel_id)
    if sealed is None:
        return None
    text = ring().open(sealed, company_id=company_id, table="qr_session", column="uploads", row_id=channel_id)
    return msgspec.json.decode(text, type=Grant)
