"""How often people are called: what was tried lately, and the tries of one message, each a call of its own.

Asked in the transaction that claims the calls, under a lock per person: two workers, two campaigns, or a campaign and a colleague never ring the
same person at once, nor more often than the rule of the place allows (`call_hours.py`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from db.clock import now
from db.contacts import holidays
from db.contacts.holidays import Calendar
from db.messages import call_hours
from db.messages.enums import CallStage
from db.messages.enums import MessageState as M
from db.messages.events import ConversationChanged
from db.messages.ledger import Claimed
from db.work import Read, Work, system_read

BUSY = timedelta(minutes=2)
"""So much later somebody is looked at again who speaks, or is about to be called, at this moment."""
# What surely never rang counts for nothing; nor does what waits for its time: only a call by hand, which is placed at once.
_RANG = f"""
(c.try_of is not null or c.provider_call_id is not null or c.outcome is not null
    or m.state in ({M.SENDING}, {M.UNKNOWN}, {M.SENT}, {M.DELIVERED}, {M.READ}, {M.FAILED_UNKNOWN})
    or m.state = {M.QUEUED} and m.dedupe_key like 'call:%' or m.state = {M.FAILED} and m.provider_id is not null)
"""
_UNDER_WAY = f"""
c.try_of is null and c.stage < {CallStage.ENDED} and (m.state in ({M.SENDING}, {M.UNKNOWN}) or m.state = {M.QUEUED} and m.dedupe_key like 'call:%'
    or m.state in ({M.SENT}, {M.DELIVERED}))
"""
_TRIES = f"""
select m.contact_id, count(*) filter (where not h.sandbox and c.created_at > now() - interval '1 day') as day,
    count(*) filter (where not h.sandbox) as week, coalesce(array_agg(c.created_at order by c.created_at) filter (where not h.sandbox), '{{}}') as at,
    bool_or({_UNDER_WAY}) as under_way
from message m join call c on c.company_id = $1 and (c.id = m.id or c.try_of = m.id)
join channel h on h.company_id = $1 and h.id = c.channel_id
where m.company_id = $1 and m.contact_id = any($2::uuid[]) and c.id <> all($3::uuid[]) and c.created_at > now() - interval '7 days' and {_RANG}
group by 1
"""
_HOLD = """
select id from (select unnest($1::uuid[]) as id offset 0) p where pg_try_advisory_xact_lock(hashtextextended('call:' || id, 0))
"""
# What was told of the try before stays, under an id of its own; so do its words, its recording and the provider's id.
_AGAIN = """
with old as materialized (
    select id, uuidv7() as own from call where company_id = $1 and id = any($2::uuid[]) and try_of is null
        and (outcome is not null or provider_call_id is not null) for update
), recordings as (
    update message_file f set message_id = old.own from old where f.company_id = $1 and f.message_id = old.id
), messages as (
    update message m set provider_id = null from old where m.company_id = $1 and m.id = old.id
)
update call c set id = old.own, try_of = old.id, owed = false, provider_call_id = coalesce(c.provider_call_id, m.provider_id)
from old join message m on m.company_id = $1 and m.id = old.id where c.company_id = $1 and c.id = old.id
"""
_BEGIN = """
insert into call(company_id, id, channel_id, owed) select $1, unnest($2::uuid[]), $3, $4
on conflict (company_id, id) do update set created_at = now(), look_at = now() + interval '15 minutes', stage = 0, owed = excluded.owed
where call.outcome is null and call.provider_call_id is null
"""


class Tries(NamedTuple):
    """Of one person: calls within a day and a week and when they were, but for those of a simulator; and whether one goes on."""

    day: int
    week: int
    at: list[datetime]
    under_way: bool


NONE = Tries(0, 0, [], False)


async def of(r: Read, company_id: UUID, contact_ids: Sequence[UUID], without: Sequence[UUID] = ()) -> dict[UUID, Tries]:
    """By person, but for those of the messages `without`; who was not called is left out."""
    rows = await r.fetch(_TRIES, company_id, list(contact_ids), list(without))
    return {row["contact_id"]: Tries(row["day"], row["week"], list(row["at"]), row["under_way"]) for row in rows}


async def begin(w: Work, channel_id: UUID, message_ids: Iterable[UUID], *, owed: bool) -> None:
    """These messages are about to be calls; what was tried before under one of them stays beside it. `owed`: a campaign decides what follows."""
    ids = list(message_ids)
    await w.execute(_AGAIN, w.company_id, ids)
    await w.execute(_BEGIN, w.company_id, ids, channel_id, owed)


async def waits(w: Work, batch: Sequence[Claimed], *, lawful: bool) -> dict[UUID, float]:
    """Seconds that some of these messages wait: their person is being called, or was called as often as may be. `lawful`: on a simulator's number
    nobody is called too often. Whoever goes is held until this transaction ends."""
    people = list(dict.fromkeys(message.contact_id for message in batch if message.contact_id is not None))
    held = {row["id"] for row in await w.fetch(_HOLD, people)}
    known = await of(w, w.company_id, people, [message.message_id for message in batch])
    calendar = await holidays.calendar(w)
    found: dict[UUID, float] = {}
    taken: set[UUID] = set()
    for message in batch:
        if message.contact_id is None:
            continue
        tries = known.get(message.contact_id, NONE)
        if message.contact_id not in held or message.contact_id in taken or tries.under_way:
            found[message.message_id] = BUSY.total_seconds()
        elif lawful and (until := free_at(message.address, tries, calendar)) is not None:
            found[message.message_id] = max(1.0, (until - now()).total_seconds())
        else:
            taken.add(message.contact_id)
    return found


def free_at(address: str, tries: Tries, calendar: Calendar) -> datetime | None:
    """When somebody who was called as often as may be may be called again; None: they may be called."""
    rule = call_hours.rule_of(address, calendar, now())
    found = []
    if tries.day >= rule.per_day:
        found.append(tries.at[-rule.per_day] + timedelta(days=1))
    if tries.week >= rule.per_week:
        found.append(tries.at[-rule.per_week] + timedelta(days=7))
    return max(found, default=None)


# -- what follows a call of a campaign


class Over(NamedTuple):
    """A call of a campaign about which something is to be decided. `tries`: with this one."""

    message_id: UUID
    contact_id: UUID | None
    address: str
    failed: bool
    reason: str | None
    params: list[str]
    outcome: str | None
    callback_at: datetime | None
    ended_at: datetime
    tries: int


_CAMPAIGNS = "select distinct m.company_id, m.campaign_id from call c join message m on m.company_id = c.company_id and m.id = c.id where c.owed and m.campaign_id is not null"
_ENDED = f"""
m.state in ({M.FAILED}, {M.FAILED_UNKNOWN}, {M.SKIPPED}, {M.CANCELLED}) or m.state = {M.SENT} and c.stage = {CallStage.ANALYZED}
    or m.state in ({M.DELIVERED}, {M.READ}) and c.stage >= {CallStage.ENDED}
        and (coalesce(c.outcome, '') not in ('answered', 'callback_wanted') or c.stage = {CallStage.ANALYZED}
            or coalesce(c.ended_at, m.delivered_at) < now() - interval '2 minutes')
"""
_OVER = f"""
select m.id, m.contact_id, m.address, m.state = {M.FAILED} and not coalesce(c.outcome = 'fault' and c.started_at is not null, false) as failed,
    m.reason, m.params, c.outcome, c.callback_at, coalesce(c.ended_at, m.done_at, now()),
    (select count(*) + 1 from call t where t.company_id = $1 and t.try_of = m.id)
from call c join message m on m.company_id = $1 and m.id = c.id
where c.company_id = $1 and c.owed and m.campaign_id = $2 and ({_ENDED}) order by m.id limit $3 for update of m skip locked
"""
_GOING_ON = f"""
select exists (select from call c join message m on m.company_id = $1 and m.id = c.id where c.company_id = $1 and c.owed and m.campaign_id = $2
    and m.state not in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}))
"""
_DECIDED = "update call set owed = false where company_id = $1 and id = any($2::uuid[])"
_WANTED = """
exists (select from contact c where c.company_id = $1 and c.id = {m}.contact_id and c.opted_out_at is null and 'marketing' <> all(c.refuses))
    and not exists (select from suppression s where s.company_id = $1 and s.address = {m}.address)
    and case when {m}.dedupe_key like 'cadence:%' then exists (select from enrolment e where e.company_id = $1
        and e.id = split_part({m}.dedupe_key, ':', 2)::uuid and e.state in ('active', 'done')) else true end
"""
"""Who does not refuse it, and did not leave the sequence that calls."""
# Only who surely was not reached, still wants it, and got nothing in its place.
_QUEUE = f"""
update message m set state = {M.QUEUED}, next_at = r.at, tries = 0, done_at = null, lease_until = null, reason = null, code = null
from unnest($2::uuid[], $3::timestamptz[]) r(id, at)
where m.company_id = $1 and m.id = r.id and m.state = {M.FAILED} and m.requeue_allowed
    and {_WANTED.format(m="m")}
    and not exists (select from campaign i join message f on f.company_id = $1 and f.contact_id = m.contact_id and f.campaign_id = i.id
            and f.state not in ({M.FAILED}, {M.SKIPPED}, {M.CANCELLED})
        where i.company_id = $1 and i.fallback_of = m.campaign_id)
"""
_WANTED_OF = f"select m.id from message m where m.company_id = $1 and m.id = any($2::uuid[]) and {_WANTED.format(m='m')}"
_CALLBACKS = f"""
select m.id, coalesce(k.state in ('paused', 'held'), false) as waits,
    coalesce(k.state in ('cancelled', 'failed'), false) or not ({_WANTED.format(m="o")}) as over
from message m left join message o on o.company_id = $1 and o.id = split_part(m.dedupe_key, ':', 2)::uuid
left join campaign k on k.company_id = $1 and k.id = o.campaign_id
where m.company_id = $1 and m.id = any($2::uuid[])
"""
_DROP = f"""
update message set done_at = now(), requeue_allowed = false, reason = null,
    state = case when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.CANCELLED} end
where company_id = $1 and id = any($2::uuid[]) and queued returning contact_id
"""


async def campaigns() -> list[tuple[UUID, UUID]]:
    """(company, campaign) with a call about which something is to be decided, or will be."""
    async with system_read() as s:
        return [(row["company_id"], row["campaign_id"]) for row in await s.fetch(_CAMPAIGNS)]


async def over(w: Work, campaign_id: UUID, most: int) -> list[Over]:
    """Calls of a campaign that are over and about which nothing was decided yet; held until this transaction ends."""
    return [Over(*row) for row in await w.fetch(_OVER, w.company_id, campaign_id, most)]


async def going_on(w: Work, campaign_id: UUID) -> bool:
    """Whether a call of a campaign is not over, or nothing was decided about it yet."""
    return bool(await w.fetchval(_GOING_ON, w.company_id, campaign_id))


async def decide(w: Work, message_ids: Sequence[UUID], again: dict[UUID, datetime]) -> int:
    """What follows these calls: those of `again` wait for another one. Never who was reached or may have been. Returns how many wait."""
    await w.execute(_DECIDED, w.company_id, list(message_ids))
    return await w.execute(_QUEUE, w.company_id, list(again), list(again.values())) if again else 0


async def wanted(r: Read, company_id: UUID, message_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these messages whose person does not refuse to be called, and did not leave the sequence that called."""
    return {row["id"] for row in await r.fetch(_WANTED_OF, company_id, list(message_ids))}


async def callbacks(w: Work, message_ids: Sequence[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Of these callbacks those that wait, because their campaign does, and those that nobody wants any more or whose campaign was ended."""
    rows = await w.fetch(_CALLBACKS, w.company_id, list(message_ids)) if message_ids else []
    over = {row["id"] for row in rows if row["over"]}
    return {row["id"] for row in rows if row["waits"]} - over, over


async def drop(w: Work, message_ids: Iterable[UUID]) -> None:
    """Ends those of these that wait."""
    for row in await w.fetch(_DROP, w.company_id, list(message_ids)):
        w.emit(ConversationChanged(contact_id=row["contact_id"]))
