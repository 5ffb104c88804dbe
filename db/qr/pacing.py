"""How many people a number may write to first, and when it may write next: a number that writes like a program is banned.

Whom it wrote to first is counted in Postgres, in the transaction that claims the message: exact through any loss of Valkey. Gaps and pauses
stand in Valkey (`db/limits.py:pace`) and begin anew, whole, after a loss.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from db.clock import now
from db.messages.ledger import Claimed
from db.providers.definition import Pace
from db.qr.enums import SessionState
from db.qr.health import fewer, slower
from db.qr.names import named
from db.work import Read, Work

DAY = timedelta(days=1)
AGAIN = 900.0
"""Seconds after which somebody is looked at again whom nobody can say how long to wait."""


class Standing(NamedTuple):
    """What the platform and the age of a number allow."""

    state: SessionState
    restricted_until: datetime | None
    first_open_at: datetime | None
    quota_total: int | None
    quota_used: int | None
    quota_until: datetime | None
    score: int | None = None


class Admitted(NamedTuple):
    """`firsts`: those of `go` who never wrote. `waits`: seconds, by message. `slower`: by how much longer the number waits between two."""

    go: list[Claimed]
    firsts: frozenset[UUID]
    waits: dict[UUID, float]
    slower: float = 1.0


async def standing(r: Read, company_id: UUID, channel_id: UUID) -> Standing | None:
    row = await r.fetchrow(
        "select state, restricted_until, first_open_at, quota_total, quota_used, quota_until, score from qr_session where company_id = $1 and id = $2",
        company_id,
        channel_id,
    )
    return Standing(SessionState(row[0]), *row[1:]) if row is not None else None


def allowed_today(pace: Pace, age: timedelta, score: int | None = None) -> int:
    """How many people a number of this age and health may write to first in 24 hours."""
    days = max(0, age // DAY)
    return int(min(pace.most_first, int(pace.first_per_day * pace.growth ** min(days, 60))) * fewer(score))


_KNOWN = """
select r.id, exists (select from inbound_message i where i.company_id = $1 and i.channel_id = $2 and i.contact_id = r.contact_id) as wrote,
    exists (select from qr_first f where f.company_id = $1 and f.id = r.first_id) as counted
from unnest($3::uuid[], $4::uuid[], $5::uuid[]) r(id, contact_id, first_id)
"""
_COUNT = "select count(*), min(at) from qr_first where company_id = $1 and channel_id = $2 and at > now() - interval '24 hours'"


async def admit(w: Work, channel_id: UUID, pace: Pace, batch: Sequence[Claimed]) -> Admitted:
    """Which of these may go now. Who wrote to this number always may; so may who was counted already. Counts those that go, in the
    transaction of their claim, under the lock of the session."""
    if not batch:
        return Admitted([], frozenset(), {})
    await w.execute("select from qr_session where company_id = $1 and id = $2 for no key update", w.company_id, channel_id)
    found = await standing(w, w.company_id, channel_id)
    keys = {message.message_id: named(channel_id, message.address) for message in batch}
    rows = await w.fetch(
        _KNOWN,
        w.company_id,
        channel_id,
        [message.message_id for message in batch],
        [message.contact_id for message in batch],
        list(keys.values()),
    )
    wrote = {row["id"] for row in rows if row["wrote"]}
    counted = {row["id"] for row in rows if row["counted"]}
    today, oldest = tuple(await w.fetchrow(_COUNT, w.company_id, channel_id) or (0, None))
    firsts = [message for message in batch if message.message_id not in wrote]
    waits: dict[UUID, float] = {}
    new: dict[UUID, None] = {}
    for message in firsts:
        wait = _held(found)
        key = keys[message.message_id]
        if wait is None and message.message_id not in counted and key not in new:
            wait = _full(found, pace, today + len(new), oldest)
            if wait is None:
                new[key] = None
        if wait is not None:
            waits[message.message_id] = wait
    if new:
        await w.execute(
            "insert into qr_first(company_id, id, channel_id) select $1, r.id, $2 from unnest($3::uuid[]) r(id) on conflict do nothing",
            w.company_id,
            channel_id,
            list(new),
        )
    going = [message for message in batch if message.message_id not in waits]
    return Admitted(
        going, frozenset(m.message_id for m in going if m.message_id not in wrote), waits, slower(found.score if found else None)
    )


def _held(found: Standing | None) -> float | None:
    """Seconds until anybody may be written to first at all."""
    if found is None or found.restricted_until is None:
        return None
    rest = (found.restricted_until - now()).total_seconds()
    return rest if rest > 0 else None


def _full(found: Standing | None, pace: Pace, today: int, oldest: datetime | None) -> float | None:
    """Seconds until one more new person fits."""
    age = now() - found.first_open_at if found and found.first_open_at else timedelta()
    if found and found.quota_total is not None and found.quota_until is not None and (found.quota_used or 0) >= found.quota_total:
        rest = (found.quota_until - now()).total_seconds()
        if rest > 0:
            return rest
    allowed = allowed_today(pace, age, found.score if found else None)
    if today < allowed:
        return None
    return AGAIN if oldest is None or not allowed else max(1.0, (oldest + DAY - now()).total_seconds())
