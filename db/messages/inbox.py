"""The raw webhooks that wait: stored by the API before it answers, taken by workers, deleted with their effect (decision 38).

A row that cannot be processed waits longer each time and stays after five tries, visible in the channel log; it never holds
up the others. Nothing here knows what a body means.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db import installation, storable
from db.channels.events import ChannelChanged
from db.channels.queries import channel_in
from db.clock import now
from db.ids import uuid7
from db.permissions import Permission
from db.tenancy import Actor
from db.work import SystemWork, Work, system_read, work

INSERT = """
insert into webhook_inbox(company_id, id, channel_id, source, attempt_id, body, received_at, people)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::bytea[], $7::timestamptz[], $8::boolean[])
on conflict do nothing
"""
"""Run by the API's own connections under the system role; a row sent twice is stored once while it waits, because its id is made at
receipt. One that is done by then has its effect again, which changes nothing."""


class Received(NamedTuple):
    """One webhook as it came in. `source`: which of a provider's webhooks; `people`: it may hold what somebody wrote."""

    company_id: UUID
    id: UUID
    channel_id: UUID
    source: str
    attempt_id: UUID | None
    body: bytes
    received_at: datetime
    people: bool = False


class Waiting(NamedTuple):
    id: UUID
    channel_id: UUID
    source: str
    attempt_id: UUID | None
    body: bytes
    received_at: datetime
    tries: int


async def store(
    w: Work, channel_id: UUID, source: str, told: Sequence[tuple[UUID | None, bytes]], *, people: bool = False
) -> None:
    """Stores what a worker learned by asking the provider or over a connection, like webhooks: (attempt, body)."""
    rows = [Received(w.company_id, uuid7(), channel_id, source, attempt_id, body, now(), people) for attempt_id, body in told]
    if rows:
        await w.execute(INSERT, *map(list, zip(*rows, strict=True)))


async def store_one(w: Work, channel_id: UUID, source: str, body: bytes) -> None:
    """The same, where what was learnt names by itself of what it tells."""
    row = Received(w.company_id, uuid7(), channel_id, source, None, body, now())
    await w.execute(INSERT, *([value] for value in row))


_CLAIM = """
select id, channel_id, source, attempt_id, body, received_at, tries from webhook_inbox
where company_id = $1 and tries < 5 and next_at <= now() and (select at_home($3, $4, $5)) {only}
order by people desc, next_at limit $2 for update skip locked
"""


async def claim(w: Work, limit: int, *, only: Sequence[UUID] | None = None, people: bool = False) -> list[Waiting]:
    """Takes due rows for as long as the transaction lasts, what people wrote first, or alone (`people`); what another worker holds is left
    out. None of a database that this process does not know: a status of an attempt that it lost would be dropped."""
    if only is not None:
        rows = await w.fetch(_CLAIM.format(only="and id = any($6::uuid[])"), w.company_id, limit, *installation.fence(), only)
    else:
        rows = await w.fetch(_CLAIM.format(only=_only(people)), w.company_id, limit, *installation.fence())
    return [Waiting(*row) for row in rows]


async def due(w: Work, limit: int, *, people: bool = False) -> list[UUID]:
    """Which rows a claim would take, without taking them."""
    rows = await w.fetch(_CLAIM.format(only=_only(people)), w.company_id, limit, *installation.fence())
    return [row["id"] for row in rows]


def _only(people: bool) -> str:
    return "and people" if people else ""


async def done(w: Work, ids: list[UUID]) -> None:
    """These rows had their effect, in this same transaction, and are not needed any more."""
    await w.execute("delete from webhook_inbox where company_id = $1 and id = any($2::uuid[])", w.company_id, ids)


async def later(w: Work, ids: list[UUID], seconds: float) -> None:
    """These rows are looked at again: what they speak of is not known yet."""
    await w.execute(
        "update webhook_inbox set next_at = now() + make_interval(secs => $3) where company_id = $1 and id = any($2::uuid[])",
        w.company_id,
        ids,
        seconds,
    )


async def failed(w: Work, row_id: UUID, error: str, *, final: bool = False) -> None:
    """One row could not be processed: tried again after 4, 16, 64, 256 seconds, then kept as it is."""
    await w.execute(
        "update webhook_inbox set tries = case when $4 then 5 else tries + 1 end, error = $3,"
        " next_at = now() + make_interval(secs => 4 ^ (tries + 1)) where company_id = $1 and id = $2",
        w.company_id,
        row_id,
        storable.text(error, 1000),
        final,
    )


PART = "not understood: "
"""How the error of a row begins of which a part could not be read; the rest had its effect."""


async def keep(w: Work, told: Mapping[UUID, str]) -> None:
    """Rows of which a part could not be read, and why: they stay, to be processed again by a version that can."""
    for row_id, why in told.items():
        await failed(w, row_id, PART + why, final=True)


async def again(actor: Actor, channel_id: UUID) -> int:
    """What could not be read of a channel's webhooks is processed once more; what had its effect already changes nothing. Returns how many
    wait now. Raises NotFound."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        await channel_in(w, w.company_id, channel_id)
        count = await w.execute(
            "update webhook_inbox set tries = 0, error = null, next_at = now() where company_id = $1 and channel_id = $2 and tries >= 5",
            w.company_id,
            channel_id,
        )
        w.audit("channel.webhooks_again", channel_id, webhooks=count)
        w.emit(ChannelChanged(channel_id=channel_id))
        return count


_OLD = (
    "delete from webhook_inbox where tries >= 5 and received_at < now() - interval '30 days'",
    # What nobody could make sense of is kept to be looked at: the newest 50 MB of a company.
    "delete from webhook_inbox w using (select company_id, id, sum(octet_length(body)) over (partition by company_id order by id desc)"
    " as held from webhook_inbox where tries >= 5) d"
    " where w.company_id = d.company_id and w.id = d.id and d.held > 50000000",
)


async def forget_old(s: SystemWork) -> None:
    """Deletes webhooks that nobody could process after 30 days, or beyond 50 MB of a company."""
    for statement in _OLD:
        await s.execute(statement)


_OLDER = """
delete from webhook_inbox where company_id = $1 and id in (
    select id from webhook_inbox where company_id = $1 and tries >= 5 and received_at < $2 order by id limit $3)
"""


async def forget_before(w: Work, moment: datetime, most: int) -> int:
    """Deletes some webhooks that nobody could process, and are older. Returns how many."""
    return await w.execute(_OLDER, w.company_id, moment, most)


async def companies_waiting() -> list[UUID]:
    """Companies whose webhooks are due."""
    async with system_read() as s:
        rows = await s.fetch("select distinct company_id from webhook_inbox where tries < 5 and next_at <= now()")
    return [row["company_id"] for row in rows]
