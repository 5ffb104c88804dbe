"""Who gets a message of another campaign because the first one surely did not reach them. Unknown outcomes are no failures: they may have arrived."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from db.messages.enums import MessageState as M
from db.work import Read, Work

# Two contacts that became one have two messages: one that went, or may have, is enough. Whoever spoke until the call broke off was reached.
_MISSED = f"""
select m.contact_id from message m where m.company_id = $1 and m.campaign_id = $2 and m.in_trouble and m.state = {M.FAILED}
    and m.requeue_allowed and m.contact_id is not null and m.reason = any($4::text[])
    and not exists (select from call c where c.company_id = $1 and c.id = m.id and (c.owed or c.outcome = 'fault' and c.started_at is not null))
    and not exists (select from message f where f.company_id = $1 and f.contact_id = m.contact_id and f.campaign_id = $3)
    and not exists (select from message o where o.company_id = $1 and o.contact_id = m.contact_id and o.campaign_id = $2
        and o.state not in ({M.FAILED}, {M.SKIPPED}, {M.CANCELLED}))
order by m.id limit $5
"""
# The first one arrived after all: what still waits in its place is not needed.
_NOT_NEEDED = f"""
update message f set state = {M.CANCELLED}, done_at = now(), lease_until = null from message m
where f.company_id = $1 and f.queue_id = $3 and f.queued and not f.maybe_duplicate
    and m.company_id = $1 and m.contact_id = f.contact_id and m.campaign_id = $2 and m.state in ({M.DELIVERED}, {M.READ})
"""
# Who waits for a number that has fallen. One that may have gone is no failure, and stays.
_GIVE_UP = f"""
update message set state = {M.FAILED}, reason = $3, done_at = now() where company_id = $1 and id in (
    select id from message where company_id = $1 and queue_id in ($2, (select trial_queue from campaign where company_id = $1 and id = $2))
        and queued and requeue_allowed and not maybe_duplicate and ($4::text is null or reason = $4)
    order by next_at, id limit $5 for update skip locked)
"""
RANK = (
    f"case when {{0}} in ({M.SENT}, {M.DELIVERED}, {M.READ}) then 3 when {{0}} in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}) then 2"
)
RANK += f" when {{0}} in ({M.FAILED}, {M.FAILED_UNKNOWN}) then 1 else 0 end"
# Each message in place of another, with what became of the first ones of the same person: one, or several of people who became one. Also of somebody who
# was erased, whose key stayed.
_THEIRS = f"""
with theirs as materialized (
    select f.state, f.replied_at is not null as replied, coalesce(m.rank, 0) as rank, coalesce(m.arrived, false) as arrived,
        coalesce(m.seen, false) as seen, coalesce(m.answered, false) as answered, m.failed
    from message f left join lateral (
        select max({RANK.format("o.state")}) as rank, bool_or(o.state in ({M.DELIVERED}, {M.READ})) as arrived, bool_or(o.state = {M.READ}) as seen,
            bool_or(o.replied_at is not null) as answered, (array_agg(o.id order by o.id) filter (where o.state in ({M.FAILED}, {M.FAILED_UNKNOWN})))[1] as failed
        from (select b.id, b.state, b.replied_at from message b where b.company_id = $1 and b.contact_id = f.contact_id and b.campaign_id = $2
            union select k.id, k.state, k.replied_at from message k
            where k.company_id = $1 and k.dedupe_key = $2::uuid || ':' || split_part(f.dedupe_key, ':', 2)) o
    ) m on true
    where f.company_id = $1 and f.dedupe_key > $3::uuid::text || ':' and f.dedupe_key < $3::uuid::text || ';' and f.state <> {M.CANCELLED}
)
"""
_TURNED = f"""{_THEIRS}
select t.rank as before, greatest(t.rank, {RANK.format("t.state")}) as after, m.state, m.reason, m.code, count(*)::int as people,
    count(*) filter (where t.state in ({M.DELIVERED}, {M.READ}) and not t.arrived)::int as delivered,
    count(*) filter (where t.state = {M.READ} and not t.seen)::int as read, count(*) filter (where t.replied and not t.answered)::int as replied,
    count(*) filter (where t.state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}))::int,
    count(*) filter (where t.state in ({M.SENT}, {M.DELIVERED}, {M.READ}))::int,
    count(*) filter (where t.state in ({M.DELIVERED}, {M.READ}))::int,
    count(*) filter (where t.replied)::int,
    count(*) filter (where t.state in ({M.FAILED}, {M.FAILED_UNKNOWN}))::int,
    count(*) filter (where t.state = {M.SKIPPED})::int,
    count(*) filter (where t.state in ({M.DELIVERED}, {M.READ}) and t.arrived)::int
from theirs t left join message m on m.company_id = $1 and m.id = t.failed group by 1, 2, 3, 4, 5
"""
STOPPED, FAILED, WAITING, SENT = range(4)
"""How far somebody is; more is better."""
# Of the message `m` of a campaign and the one `f` in its place, where its person got further by that one: they count there, once, also two who became one.
MOVED = f"""({RANK.format("f.state")} > {RANK.format("m.state")} and not exists (
    select from message o where o.company_id = m.company_id and o.contact_id = m.contact_id and o.campaign_id = m.campaign_id and o.id <> m.id
        and ({RANK.format("o.state")} > {RANK.format("m.state")} or {RANK.format("o.state")} = {RANK.format("m.state")} and o.id < m.id)))"""
REACHED = f"""(case when f.state is null then m.state when {RANK.format("f.state")} = {SENT} and {RANK.format("m.state")} = {SENT} then greatest(m.state, f.state)
    when {MOVED} then f.state else m.state end)"""
"""How far the person of `m` got by either."""


class Counted(NamedTuple):
    """Of the messages in place of others. `both`: whom the first message reached after all, too; they are one person."""

    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    replied: int = 0
    failed: int = 0
    skipped: int = 0
    both: int = 0


class Turned(NamedTuple):
    """So many people were as far as `before` by the first message and are as far as `after` by that and the one in its place; of them so many got it,
    read it, answered it by the second message alone. `state`, `reason`, `code`: of the first one, where it failed. `second`: of the second messages."""

    before: int
    after: int
    state: int | None
    reason: str | None
    code: int | None
    people: int
    delivered: int
    read: int
    replied: int
    second: Counted


async def missed(w: Work, campaign_id: UUID, instead: UUID, reasons: Sequence[str], most: int) -> list[UUID]:
    """Whom a campaign surely did not reach for one of the reasons, and who has no message of the campaign `instead` yet."""
    rows = await w.fetch(_MISSED, w.company_id, campaign_id, instead, list(reasons), most)
    return [row["contact_id"] for row in rows]


async def drop_needless(w: Work, campaign_id: UUID, instead: UUID) -> int:
    """Ends what waits for people whom the first message reached after all. Returns how many."""
    return await w.execute(_NOT_NEEDED, w.company_id, campaign_id, instead)


async def give_up(w: Work, campaign_id: UUID, reason: str, only: str | None, most: int) -> int:
    """Ends what waits in the queue of a campaign, surely unsent, so that it may go another way; `only`: what waits for this reason. Returns how
    many."""
    return await w.execute(_GIVE_UP, w.company_id, campaign_id, reason, only, most)


async def turned(r: Read, company_id: UUID, campaign_id: UUID, instead: UUID) -> list[Turned]:
    """What the messages in place of the first ones changed, by person."""
    rows = map(list, await r.fetch(_TURNED, company_id, campaign_id, instead))
    return [Turned._make([*row[:9], Counted(*row[9:])]) for row in rows]
