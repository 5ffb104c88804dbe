"""The keys of a session: sealed one by one (`db/crypto.py`), bound to company, channel, kind and name, written batch by batch.

An encrypted conversation moves its keys with every message. A batch that is half written, or written over by a process that was taken for
dead, breaks conversations for good: so a batch is one transaction, and fenced. Keys are never put back from a backup into a connection
that lives (`forget_all`): an old one makes every message unreadable.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from db.crypto import ring
from db.permissions import Permission
from db.qr.enums import SessionState
from db.qr.leases import Fenced, check, fence
from db.qr.names import named
from db.tenancy import worker
from db.work import Read, Work, read, work

CREDENTIALS = "creds"
"""The kind of the one key that names the device; it changes with it."""


MESSAGE = "message"
"""The kind of what a message brought."""


class Name(NamedTuple):
    """`kind`: as the engine calls it (session, pre-key, sender-key, …). `name` may be a person's address."""

    kind: str
    name: str


_GONE = f"select state = '{SessionState.LOGGED_OUT}' from qr_session where company_id = $1 and id = $2"
_SAVE = """
insert into qr_key(company_id, id, channel_id, kind, sealed, epoch)
select $1, r.id, $2, r.kind, r.sealed, $3 from unnest($4::uuid[], $5::text[], $6::bytea[]) r(id, kind, sealed) order by r.id
on conflict (company_id, id) do update set sealed = excluded.sealed, epoch = excluded.epoch where qr_key.epoch <= excluded.epoch
"""


async def save(company_id: UUID, channel_id: UUID, epoch: int, batch: Mapping[Name, str | None]) -> None:
    """All of them or none; None deletes. Raises Fenced, also once the phone has taken the device away: its last keys may come late."""
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        await fence(w, channel_id, epoch)
        if await w.fetchval(_GONE, company_id, channel_id):
            raise Fenced(f"the device of {channel_id} is no more")
        kept = {named(channel_id, *name): (name.kind, text) for name, text in batch.items() if text is not None}
        gone = [named(channel_id, *name) for name, text in batch.items() if text is None]
        if kept:
            await w.execute(
                _SAVE,
                company_id,
                channel_id,
                epoch,
                list(kept),
                [kind for kind, _ in kept.values()],
                [_seal(company_id, row_id, text) for row_id, (_, text) in kept.items()],
            )
        if gone:
            await w.execute("delete from qr_key where company_id = $1 and id = any($2::uuid[])", company_id, gone)


async def load(company_id: UUID, channel_id: UUID, epoch: int, names: Sequence[Name]) -> dict[Name, str]:
    """Those that there are. Raises Fenced, SealBroken."""
    by_id = {named(channel_id, *name): name for name in names}
    async with read(worker(company_id), Permission.CHANNELS_READ) as r:
        await check(r, company_id, channel_id, epoch)
        sql = "select id, sealed from qr_key where company_id = $1 and id = any($2::uuid[])"
        rows = await r.fetch(sql, company_id, list(by_id))
    return {by_id[row["id"]]: _open(company_id, row["id"], row["sealed"]) for row in rows}


_KEEP = """
insert into qr_key(company_id, id, channel_id, kind, sealed, epoch)
select $1, r.id, $2, $5, r.sealed, 0 from unnest($3::uuid[], $4::bytea[]) r(id, sealed) order by r.id on conflict (company_id, id) do nothing
"""


async def keep_secrets(w: Work, channel_id: UUID, by_message: Mapping[str, str]) -> None:
    """What messages bring that later ones are opened with. It never changes and needs no lease; the first of an id stays."""
    by_id = {named(channel_id, MESSAGE, message_id): text for message_id, text in by_message.items()}
    if by_id:
        sealed = [_seal(w.company_id, row_id, text) for row_id, text in by_id.items()]
        await w.execute(_KEEP, w.company_id, channel_id, list(by_id), sealed, MESSAGE)


async def secrets(r: Read, company_id: UUID, channel_id: UUID, message_ids: Sequence[str]) -> dict[str, str]:
    """Those that were kept, by the messages' ids. Raises SealBroken."""
    by_id = {named(channel_id, MESSAGE, one): one for one in message_ids}
    sql = "select id, sealed from qr_key where company_id = $1 and id = any($2::uuid[])"
    return {by_id[row["id"]]: _open(company_id, row["id"], row["sealed"]) for row in await r.fetch(sql, company_id, list(by_id))}


async def forget(w: Work, channel_id: UUID) -> None:
    """The device that they were of is no more."""
    await w.execute("delete from qr_key where company_id = $1 and channel_id = $2", w.company_id, channel_id)


def _seal(company_id: UUID, row_id: UUID, text: str) -> bytes:
    return ring().seal(text, company_id=company_id, table="qr_key", column="sealed", row_id=row_id)


def _open(company_id: UUID, row_id: UUID, blob: bytes) -> str:
    return ring().open(blob, company_id=company_id, table="qr_key", column="sealed", row_id=row_id)
