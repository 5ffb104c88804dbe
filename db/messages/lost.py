"""Attempts that the database lost: it was restored from a backup, or a replica that was behind took its place.

The message stands in the queue again although it was handed over. Whoever remembers the attempt (a worker's journal, a
provider's status) tells of it here: the attempt is written once more, the message becomes `unknown` and settles the ordinary
way. An attempt whose message does not exist yet is kept, and found when its campaign is prepared again.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from db.messages.enums import AttemptState as A
from db.messages.enums import MessageState
from db.messages.enums import MessageState as M
from db.messages.ledger import StatusUpdate, apply_statuses
from db.messages.reasons import FailureReason
from db.work import Read, SystemWork, Work


class Forgotten(NamedTuple):
    """One attempt as its witness tells it. `epoch` None: the one after the message's."""

    attempt_id: UUID
    message_id: UUID
    epoch: int | None = None


class Report(NamedTuple):
    """A provider's status of an attempt that is not known here. `address` as messages have it."""

    status: StatusUpdate
    channel_id: UUID
    address: str | None


# failed_unknown too: its policy decided without the evidence that is here now.
_ADOPT = f"""
with r as (
    select f.attempt_id, m.id, m.channel_id, coalesce(f.epoch, m.epoch + 1) as epoch
    from unnest($2::uuid[], $3::uuid[], $4::int[]) f(attempt_id, message_id, epoch)
    join message m on m.company_id = $1 and m.id = f.message_id and m.state in ({M.QUEUED}, {M.UNKNOWN}, {M.FAILED_UNKNOWN})
        and m.epoch < coalesce(f.epoch, m.epoch + 1)
    where not exists (select from attempt t where t.company_id = $1 and t.id = f.attempt_id)
    order by m.id for update of m
), written as (
    insert into attempt(company_id, id, message_id, channel_id, epoch, state, detail, started_at)
    select $1, attempt_id, id, channel_id, epoch, {A.UNKNOWN}, 'sent before this database lost its memory',
        coalesce(uuid_extract_timestamp(attempt_id), now()) from r
    on conflict do nothing returning id
), last as (select distinct on (id) * from r order by id, epoch desc)
update message m set state = {M.UNKNOWN}, epoch = last.epoch, done_at = null, reason = '{FailureReason.UNKNOWN_OUTCOME}',
    lease_until = now() + make_interval(secs => (select unknown_horizon from channel c where c.company_id = $1 and c.id = m.channel_id))
from last where m.company_id = $1 and m.id = last.id returning m.id, last.attempt_id
"""

# Messages of the earlier generation that wait for these people, those that were to go out first in front.
_WAITING = f"""
select w.id, w.channel_id, w.address from (
    select m.id, m.channel_id, m.address, m.state, k.launched_at, m.next_at
    from (select distinct i.contact_id, a.address from unnest($2::text[]) a(address)
          join contact_identity i on i.company_id = $1 and i.kind in ('phone', 'wa_id', 'bsuid') and i.value = a.address) p
    join message m on m.company_id = $1 and m.contact_id = p.contact_id and m.address = p.address
        and m.state in ({M.QUEUED}, {M.UNKNOWN}, {M.FAILED_UNKNOWN})
    join campaign k on k.company_id = $1 and k.id = m.campaign_id and k.state = 'held'
    union all
    select m.id, m.channel_id, m.address, m.state, null, m.next_at
    from hold h join message m on m.company_id = $1 and m.queue_id = h.id and m.queued and m.address = any($2::text[])
    where h.company_id = $1 and h.ended_at is null
) w order by w.state, w.launched_at nulls first, w.next_at, w.id
"""

_RISING = f"array[{M.SENT}, {M.FAILED}, {M.DELIVERED}, {M.READ}]"
_KEEP = """
insert into lost_attempt as held (company_id, id, channel_id, address, message_id, state, provider_id, at, reason, code)
select $1, * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::smallint[], $7::text[], $8::timestamptz[], $9::text[], $10::int[])
on conflict (company_id, id) do update set
    message_id = coalesce(held.message_id, excluded.message_id), address = coalesce(held.address, excluded.address),
    provider_id = coalesce(excluded.provider_id, held.provider_id),
    state = case when {newer} then excluded.state else held.state end, at = case when {newer} then excluded.at else held.at end,
    reason = case when {newer} then excluded.reason else held.reason end, code = case when {newer} then excluded.code else held.code end
""".format(
    newer=f"held.state is null or array_position({_RISING}, excluded.state::int) > array_position({_RISING}, held.state::int)"
)

_ORPHANS = """
insert into lost_attempt(company_id, id, channel_id, campaign_id, contact_id)
select $1, r.id, $2, $3, r.contact_id from unnest($4::uuid[], $5::uuid[], $6::uuid[]) r(id, message_id, contact_id)
where not exists (select from message m where m.company_id = $1 and m.id = r.message_id)
on conflict (company_id, id) do update set campaign_id = excluded.campaign_id, contact_id = excluded.contact_id
"""

# A campaign that was made ready a second time: whom it reached in the time that was lost. `held`: also by what statuses told of
# numbers alone, one attempt for one message.
_REACHED = """
select distinct on (l.id) l.id as attempt_id, m.id as message_id, l.state, l.provider_id, l.at, l.reason, l.code
from lost_attempt l join message m on m.company_id = $1 and m.campaign_id = $2 and m.queued
    and (l.campaign_id = $2 and m.contact_id = l.contact_id
         or $4 and l.campaign_id is null and l.channel_id = $3 and m.channel_id = $3 and m.address = l.address)
where l.company_id = $1 and l.message_id is null
order by l.id, m.id
"""


async def adopt(w: Work, forgotten: Iterable[Forgotten]) -> set[UUID]:
    """Writes attempts that the database lost; their messages become unknown. What it knows already is left alone. Returns the
    attempts that were new."""
    rows = list(forgotten)
    if not rows:
        return set()
    found = await w.fetch(
        _ADOPT, w.company_id, [r.attempt_id for r in rows], [r.message_id for r in rows], [r.epoch for r in rows]
    )
    return {row["attempt_id"] for row in found}


async def keep_orphans(w: Work, channel_id: UUID, campaign_id: UUID | None, claims: list[tuple[UUID, UUID, UUID | None]]) -> int:
    """Keeps (attempt, message, contact) of messages that are gone altogether, for when their campaign is prepared again."""
    return (
        await w.execute(_ORPHANS, w.company_id, channel_id, campaign_id, *map(list, zip(*claims, strict=True))) if claims else 0
    )


async def reports(w: Work, told: list[Report]) -> set[UUID]:
    """Statuses of attempts that are not known here, while something is held: each settles the message that waits for the same
    person on the same channel, or is kept. Returns the campaigns that moved."""
    told = [one for one in told if one.status.attempt_id is not None]
    if not told or not await _expected(w, [one.status.attempt_id for one in told if one.status.attempt_id]):
        return set()
    waiting: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
    for row in await w.fetch(_WAITING, w.company_id, list({one.address for one in told if one.address})):
        waiting[row["channel_id"], row["address"]].append(row["id"])
    found: dict[UUID, UUID] = {}
    for one in told:
        attempt_id = one.status.attempt_id
        assert attempt_id is not None
        queue = waiting.get((one.channel_id, one.address or ""))
        if attempt_id not in found and queue:
            found[attempt_id] = queue.pop(0)
    await adopt(w, [Forgotten(attempt_id, message_id) for attempt_id, message_id in found.items()])
    await w.execute(_KEEP, w.company_id, *_columns(told, found))
    return (await apply_statuses(w, [one.status for one in told if one.status.attempt_id in found])).campaigns


async def _expected(w: Read, attempts: list[UUID]) -> bool:
    return (
        await w.fetchval(
            "select exists (select from hold where company_id = $1 and ended_at is null)"
            " or exists (select from lost_attempt where company_id = $1 and id = any($2::uuid[]))",
            w.actor.company_id if w.actor else None,
            attempts,
        )
        is True
    )


def _columns(told: list[Report], found: dict[UUID, UUID]) -> list[list[object]]:
    """One row per attempt: its furthest status."""
    rank = {MessageState.SENT: 1, MessageState.FAILED: 2, MessageState.DELIVERED: 3, MessageState.READ: 4}
    best: dict[UUID, Report] = {}
    for one in told:
        attempt_id = one.status.attempt_id
        assert attempt_id is not None
        if attempt_id not in best or rank[one.status.state] > rank[best[attempt_id].status.state]:
            best[attempt_id] = one
    rows = [
        (a, one.channel_id, one.address, found.get(a), int(one.status.state), one.status.provider_id, one.status.at,
         one.status.reason, one.status.code)
        for a, one in best.items()
    ]  # fmt: skip
    return [list(column) for column in zip(*rows, strict=True)]


async def reached(w: Work, campaign_id: UUID, channel_id: UUID, *, held: bool) -> int:
    """Settles the messages of a campaign that was just prepared by what is kept of its lost attempts. Returns how many."""
    rows = await w.fetch(_REACHED, w.company_id, campaign_id, channel_id, held)
    first: dict[UUID, UUID] = {}  # one attempt for one message
    for row in rows:
        first.setdefault(row["message_id"], row["attempt_id"])
    once = {attempt_id: message_id for message_id, attempt_id in first.items()}
    new = await adopt(w, [Forgotten(attempt_id, message_id) for attempt_id, message_id in once.items()])
    await w.execute(
        "update lost_attempt l set message_id = r.message_id from unnest($2::uuid[], $3::uuid[]) r(id, message_id)"
        " where l.company_id = $1 and l.id = r.id",
        w.company_id,
        list(once),
        list(once.values()),
    )
    await apply_statuses(
        w,
        [
            StatusUpdate(row["attempt_id"], row["provider_id"], MessageState(row["state"]), row["at"], row["reason"], row["code"])
            for row in rows
            if row["state"] is not None and row["attempt_id"] in new
        ],
    )
    return len(new)


async def forget_old(s: SystemWork) -> None:
    """Deletes what is kept of lost attempts after 30 days."""
    await s.execute("delete from lost_attempt where created_at < now() - interval '30 days'")


async def campaign_of(r: Read, company_id: UUID, attempt_id: UUID | None, provider_id: str | None) -> UUID | None:
    """The campaign of the message that a provider's report speaks of."""
    attempted = "(select message_id from attempt where company_id = $1 and id = $2)"
    sql = f"select campaign_id from message where company_id = $1 and (provider_id = $3 or id = {attempted}) limit 1"
    found: UUID | None = await r.fetchval(sql, company_id, attempt_id, provider_id)
    return found
