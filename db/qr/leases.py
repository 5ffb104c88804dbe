"""Which gateway speaks for a session: a lease with an epoch, claimed and renewed in Postgres.

Everything that a gateway writes for a session goes through `fence`, in the transaction of the write: a gateway that was frozen, and whose
sessions others have taken, changes nothing any more, whatever it believes. Two connections of one session throw each other out at the
platform, so a session is not taken before its last lease is well over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db import installation
from db.qr.enums import SessionState
from db.work import Read, Work, system_work

LEASE = 30.0
"""Seconds; renewed every third of it."""
GRACE = 5.0
"""Seconds after the end of a lease in which its holder may still close its connection."""

_TAKE = """
update qr_session s set lease_owner = $1, lease_until = now() + make_interval(secs => $3), epoch = epoch + 1
from (select company_id, id from qr_session
      where next_at <= now() and next_at < 'infinity' and (lease_until is null or lease_until < now() - make_interval(secs => $4))
        and (wa_jid is not null and home = $5 or wa_jid is null and pairing_until > now()) and (select at_home($5, $6, $7))
        and ($8::boolean is null or $8 = (select c.sandbox from channel c where c.company_id = qr_session.company_id and c.id = qr_session.id))
      order by next_at limit $2 for update skip locked) free
where s.company_id = free.company_id and s.id = free.id
returning s.company_id, s.id, s.epoch, s.state, s.phone, s.wa_jid, s.failures, s.first_open_at, s.history,
    s.canary_at is not null, s.silent_since is not null, s.lid
"""
_RENEW = """
update qr_session s set lease_until = now() + make_interval(secs => $4)
from unnest($1::uuid[], $2::uuid[], $3::int[]) h(company_id, id, epoch)
where s.company_id = h.company_id and s.id = h.id and s.epoch = h.epoch and s.lease_until > now()
returning s.id, s.epoch, s.leaving or exists (
    select from channel c where c.company_id = s.company_id and c.id = s.id and c.archived_at is not null) as leaving
"""
# One that closed its connection itself leaves nothing to wait for.
_RELEASE = """
update qr_session s set lease_owner = null, lease_until = null,
    state = case when s.state in ('open', 'restricted') then 'reconnecting' else s.state end,
    closed_at = case when s.state in ('open', 'restricted') then now() else s.closed_at end
from unnest($1::uuid[], $2::uuid[], $3::int[]) h(company_id, id, epoch)
where s.company_id = h.company_id and s.id = h.id and s.epoch = h.epoch
"""


class Fenced(Exception):
    """Another gateway has the session, or the lease is over: nothing was written, and the connection must be closed."""


class Held(NamedTuple):
    """A session in hand, as it was when it was taken. `proves`: a message to the own number has come back once, so one that does not says something;
    `silent`: the platform took nothing lately, and it is open only once it does."""

    company_id: UUID
    channel_id: UUID
    epoch: int
    state: SessionState
    phone: str | None
    wa_jid: str | None
    failures: int
    first_open_at: datetime | None = None
    history: bool = False
    proves: bool = False
    silent: bool = False
    lid: str | None = None


async def take(owner: str, limit: int, *, sandbox: bool | None = None) -> list[Held]:
    """Sessions of all companies that nobody holds and that are due, at most `limit`, those longest due first; `sandbox`: of numbers of the simulator alone, or of none of them. None of a database that this
    process does not know, and none whose keys came here with a backup or a copy: the original may be alive (`sessions.strand`)."""
    async with system_work() as s:
        rows = await s.fetch(_TAKE, owner[:100], limit, LEASE, GRACE, *installation.fence(), sandbox)
    return [Held(row[0], row[1], row[2], SessionState(row[3]), *row[4:]) for row in rows]


async def renew(held: Sequence[Held]) -> dict[tuple[UUID, int], bool]:
    """Of these (channel, epoch), those that are still ours for another `LEASE` seconds, and whether a person takes them away. One whose lease ran out is lost, also when
    nobody took it: its gateway may have been frozen."""
    if not held:
        return {}
    async with system_work() as s:
        rows = await s.fetch(_RENEW, *_columns(held), LEASE)
    return {(row["id"], row["epoch"]): row["leaving"] for row in rows}


async def release(held: Sequence[Held]) -> None:
    """Their connections are closed: anybody may take them at once."""
    if held:
        async with system_work() as s:
            await s.execute(_RELEASE, *_columns(held))


def _columns(held: Sequence[Held]) -> tuple[list[UUID], list[UUID], list[int]]:
    return [one.company_id for one in held], [one.channel_id for one in held], [one.epoch for one in held]


async def fence(w: Work, channel_id: UUID, epoch: int, *, change: bool = False) -> None:
    """Holds the session until the end of this transaction, so that nobody takes it meanwhile. `change`: its row is written too. Raises
    Fenced."""
    if not await _held(w, w.company_id, channel_id, epoch, "for no key update" if change else "for share"):
        raise Fenced(f"epoch {epoch} of {channel_id} is over")


async def check(r: Read, company_id: UUID, channel_id: UUID, epoch: int) -> None:
    """As `fence`, where nothing is written. Raises Fenced."""
    if not await _held(r, company_id, channel_id, epoch, ""):
        raise Fenced(f"epoch {epoch} of {channel_id} is over")


async def _held(r: Read, company_id: UUID, channel_id: UUID, epoch: int, lock: str) -> bool:
    sql = f"select true from qr_session where company_id = $1 and id = $2 and epoch = $3 and lease_until > now() {lock}"
    return bool(await r.fetchval(sql, company_id, channel_id, epoch))
