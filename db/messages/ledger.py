"""The ledger of outgoing messages: claim, finish, statuses, expiry (decision 2). None lost, none sent twice.

Meta and Twilio take no idempotency key, so the guarantee is made of states: a message is claimed (`sending`, epoch + 1, an attempt row) and
committed before the first byte goes out; the result is fenced by the epoch; whatever may have been sent is `unknown` and is never blindly resent.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db import installation
from db.jobs import MissAnswer
from db.messages.enums import AttemptState, MessageState, SkipReason
from db.messages.enums import AttemptState as A
from db.messages.enums import MessageState as M
from db.messages.reasons import FailureReason
from db.work import Work

RESENDS = 4  # at least once: each waits a whole horizon, so a fourth is needed only by a provider in deep trouble
LEASE = 60.0  # seconds; must exceed twice the send timeout


class Claimed(NamedTuple):
    """One message in hand: ours until the lease ends."""

    message_id: UUID
    epoch: int
    attempt_id: UUID
    campaign_id: UUID | None
    contact_id: UUID | None
    address: str
    units: int
    tries: int
    params: list[str]
    content: str | None  # JSON, for messages without a campaign
    variant: int | None = None  # which text of its campaign
    purpose: str | None = None  # the beginning of its dedupe key, for messages without a campaign
    by_hand: bool = False  # a person wrote it


class Result(NamedTuple):
    """What became of one claimed message."""

    message_id: UUID
    epoch: int
    attempt_id: UUID
    state: MessageState  # sent, failed, unknown, skipped, or queued again
    attempt_state: AttemptState
    provider_id: str | None = None
    http_status: int | None = None
    code: int | None = None
    reason: str | None = None
    detail: str | None = None
    retry_in: float | None = None  # seconds; for queued
    counts_as_try: bool = True
    held_by: str | None = None  # a WaitRule: nothing went out, because of it
    held_name: str | None = None


class StatusUpdate(NamedTuple):
    """What a provider reports about a message that it accepted. `state` is sent, delivered, read or failed."""

    attempt_id: UUID | None
    provider_id: str | None
    state: MessageState
    at: datetime
    reason: str | None = None
    code: int | None = None
    retry_in: float | None = None  # failed for a passing reason: surely not delivered, may go again


class Arrived(NamedTuple):
    """A message that is known to have arrived, by this attempt, since just now."""

    attempt_id: UUID
    message_id: UUID
    campaign_id: UUID | None
    channel_id: UUID
    address: str
    units: int


class Applied(NamedTuple):
    campaigns: set[UUID]
    contacts: set[UUID]  # of messages of no campaign
    unmatched: list[StatusUpdate]  # no attempt known yet: the webhook overtook our own answer and carries no correlation id
    arrived: list[Arrived]


_RUNNING = "exists (select from campaign c where c.company_id = $1 and c.id = $2 and c.state = 'running')"
_NEXT = f"""
    select id, ctid as at, units from message
    where company_id = $1 and queue_id = $2 and queued and next_at <= now() and (select at_home($7, $8, $9))
      and ($2 = $5 or {_RUNNING})
    order by next_at limit $3 for update skip locked
"""
# From the few who got something today to their place in the campaign, and not through all who wait in it.
_NEXT_KNOWN = f"""
    select m.id, m.ctid as at, m.units from (
        select distinct o.contact_id from attempt a join message o on o.company_id = $1 and o.id = a.message_id
        where a.company_id = $1 and a.id >= (select uuidv7(interval '-24 hours')) and (a.state <> {A.REJECTED} or a.provider_id is not null)
          and a.channel_id = any(array(select n.id from channel c join channel n on n.company_id = $1 and n.portfolio_id = c.portfolio_id
                                       where c.company_id = $1 and c.id = $5))
    ) known join message m on m.company_id = $1 and m.dedupe_key = $2::uuid || ':' || known.contact_id
    where m.queue_id = $2 and m.queued and m.next_at <= now() and {_RUNNING} and (select at_home($7, $8, $9))
    order by m.next_at limit $3 for update of m skip locked
"""


def _claim(picked: str) -> str:
    # By their place, which is locked: not looked up once more. One that another transaction moved just now is left to the next claim.
    return f"""
with picked as ({picked}), taken as materialized (
    select at, uuid_series((select uuidv7()), n) as attempt_id from (
        select at, row_number() over w as n, sum(units) over w - units as used from picked window w as (rows unbounded preceding)
    ) p where used < $4
), claimed as (
    update message m set state = {M.SENDING}, epoch = epoch + 1, lease_until = now() + make_interval(secs => $6)
    from taken where m.company_id = $1 and m.ctid = taken.at
    returning m.id, m.epoch, taken.attempt_id, m.campaign_id, m.contact_id, m.address, m.units, m.tries, m.params, m.content, m.variant,
        case when m.campaign_id is null then split_part(m.dedupe_key, ':', 1) end as purpose, m.author_id is not null as by_hand
), attempts as (
    insert into attempt(company_id, id, message_id, channel_id, epoch) select $1, attempt_id, id, $5, epoch from claimed
)
select * from claimed
"""


_CLAIM, _CLAIM_KNOWN = _claim(_NEXT), _claim(_NEXT_KNOWN)

# Messages are locked in the order of their ids, here and where statuses are applied: the two never wait for each other in a circle.
# By primary key, whatever the planner believes of a company it does not know yet. "(select $2)" hides how long the arrays are, so
# that it takes them for ten rows and looks each up.
# By another reaction, by a person; or who was to get it left the cadence.
_REPLACED = """(m.reacts_to is not null or m.contact_id is not null and (m.dedupe_key like 'ai:%' or m.dedupe_key like 'cadence:%' and not exists (
    select from contact c where c.company_id = $1 and c.id = m.contact_id and c.opted_out_at is not null)))"""
# An answer that did not go and will not go by itself: whoever asked waits again.
_MISSED = f"campaign_id is null and reacts_to is null and state in ({M.FAILED}, {M.FAILED_UNKNOWN})"
_FINISH = f"""
with r as (
    select * from unnest((select $2::uuid[]), (select $3::int[]), (select $4::uuid[]), (select $5::smallint[]),
                         (select $6::smallint[]), (select $7::text[]), (select $8::smallint[]), (select $9::int[]),
                         (select $10::text[]), (select $11::text[]), (select $12::float8[]), (select $13::smallint[]),
                         (select $14::text[]), (select $15::text[]))
        r(message_id, epoch, attempt_id, state, attempt_state, provider_id, http_status, code, reason, detail, retry_in, tried, held_by, held_name)
    order by message_id
), a as (
    update attempt t set state = r.attempt_state, http_status = r.http_status, code = r.code, detail = r.detail, held_by = r.held_by, held_name = r.held_name,
        provider_id = coalesce(r.provider_id, t.provider_id), done_at = now()
    from r where t.company_id = $1 and t.id = r.attempt_id and t.state in ({A.STARTED}, {A.UNKNOWN})
), done as (
    update message m set provider_id = coalesce(r.provider_id, m.provider_id),
    state = case when r.state <> {M.QUEUED} or m.requeue_allowed then r.state
        when m.maybe_duplicate then {M.FAILED_UNKNOWN} when {_REPLACED} then {M.CANCELLED} else {M.SKIPPED} end,
    sent_at = case when r.state = {M.SENT} then coalesce(m.sent_at, now()) else m.sent_at end,
    lease_until = case when r.state = {M.UNKNOWN} then now() + make_interval(secs => $16) end,
    next_at = case when r.state = {M.QUEUED} then now() + make_interval(secs => r.retry_in) else m.next_at end,
    done_at = case when r.state in ({M.FAILED}, {M.SKIPPED}) or r.state = {M.QUEUED} and not m.requeue_allowed then now() end,
    tries = m.tries + r.tried, code = r.code,
    requeue_allowed = m.requeue_allowed and r.reason is distinct from '{FailureReason.OPTED_OUT}',
    reason = case when r.state <> {M.QUEUED} or m.requeue_allowed then r.reason
        when {_REPLACED} then null
        when m.contact_id is null then '{SkipReason.CONTACT_DELETED}' else '{SkipReason.OPTED_OUT}' end
from r where m.company_id = $1 and m.id = r.message_id and m.epoch = r.epoch and m.state between {M.SENDING} and {M.UNKNOWN}
    and exists (select from attempt t where t.company_id = $1 and t.id = r.attempt_id)
    returning m.id, m.campaign_id, m.reacts_to, m.state
)
select id from done where {_MISSED}
"""

_FINISH_SENT = f"""
with r as (
    select * from unnest((select $2::uuid[]), (select $3::int[]), (select $4::uuid[]), (select $5::text[]))
        r(message_id, epoch, attempt_id, provider_id)
    order by message_id
), a as (
    update attempt t set state = {A.ACCEPTED}, http_status = 200, provider_id = r.provider_id, done_at = now()
    from r where t.company_id = $1 and t.id = r.attempt_id and t.state in ({A.STARTED}, {A.UNKNOWN})
)
update message m set state = {M.SENT}, provider_id = r.provider_id, sent_at = coalesce(m.sent_at, now()),
    lease_until = null, tries = m.tries + 1, reason = null, code = null
from r where m.company_id = $1 and m.id = r.message_id and m.epoch = r.epoch and m.state between {M.SENDING} and {M.UNKNOWN}
    and exists (select from attempt t where t.company_id = $1 and t.id = r.attempt_id)
"""

_MATCH = """
select a.id, a.provider_id from unnest((select $2::uuid[])) r(id) join attempt a on a.company_id = $1 and a.id = r.id
union
(select distinct on (a.provider_id) a.id, a.provider_id from unnest((select $3::text[])) r(provider_id)
join message m on m.company_id = $1 and m.provider_id = r.provider_id
join attempt a on a.company_id = $1 and a.message_id = m.id and a.provider_id = m.provider_id order by a.provider_id, a.epoch desc)
"""

# Status rank only rises; failed beats sent, delivered beats failed: the same end in whatever order they arrive. A "sent" that
# comes after the failure of the same attempt is old news.
_STATUS = f"""
with r as (
    select * from unnest((select $2::uuid[]), (select $3::smallint[]), (select $4::timestamptz[]), (select $5::text[]),
                         (select $6::int[]), (select $7::float8[]), (select $8::text[]))
        r(attempt_id, state, at, reason, code, retry_in, provider_id)
), told as materialized (
    select r.*, t.message_id, t.channel_id, t.epoch, t.state as tried, t.provider_id as named
    from r join attempt t on t.company_id = $1 and t.id = r.attempt_id
), judged as (
    select m.id, t.*, t.epoch <> m.epoch and m.state = {M.SENDING} as doubled, coalesce(t.provider_id, t.named) as sent_as,
        case
            when t.state = {M.SENT} and t.tried = {A.REJECTED} and t.named is not null then null
            when t.state between {M.SENT} and {M.READ} and (
                     m.state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}, {M.FAILED_UNKNOWN}, {M.SKIPPED}, {M.CANCELLED})
                     or m.state between {M.SENT} and {M.READ} and t.state > m.state
                     or m.state = {M.FAILED} and t.state >= {M.DELIVERED}) then t.state
            when t.state = {M.FAILED} and t.epoch = m.epoch and m.state in ({M.SENDING}, {M.UNKNOWN}, {M.SENT}, {M.FAILED_UNKNOWN})
                 then case when t.retry_in is not null and m.tries < $9 and m.requeue_allowed
                     and not exists (select from contact c where c.company_id = $1 and c.id = m.contact_id and c.opted_out_at is not null)
                     and (m.campaign_id is null or exists (select from campaign k where k.company_id = $1 and k.id = m.campaign_id
                          and k.state in ('running', 'paused', 'held'))) then {M.QUEUED} else {M.FAILED} end
        end as becomes
    from told t join message m on m.company_id = $1 and m.id = t.message_id
    where not (t.tried = {A.ACCEPTED} and t.state between {M.SENT} and {M.READ} and m.state between t.state and {M.READ})  -- known already
    order by m.id for update of m  -- another worker's status of the same message is seen, not overwritten
), a as (
    update attempt t set
        state = case when j.state = {M.FAILED} then {A.REJECTED} else {A.ACCEPTED} end,
        code = case when j.state = {M.FAILED} then j.code else t.code end,
        detail = case when j.state = {M.FAILED} then coalesce(t.detail, 'reported as failed') else t.detail end,
        provider_id = coalesce(t.provider_id, j.provider_id), done_at = coalesce(t.done_at, now())
    from judged j where t.company_id = $1 and t.id = j.attempt_id and (j.tried <> {A.ACCEPTED} or j.becomes in ({M.QUEUED}, {M.FAILED}))
        and (t.state in ({A.STARTED}, {A.UNKNOWN}) or t.state = {A.ACCEPTED} and j.becomes in ({M.QUEUED}, {M.FAILED})
             or t.state = {A.REJECTED} and j.state in ({M.DELIVERED}, {M.READ}))
), moves as (
    select distinct on (id) * from judged where becomes is not null
    order by id, case state when {M.FAILED} then {M.SENT} + 0.5 else state end desc, epoch desc
), moved as (
    update message m set state = v.becomes,
        maybe_duplicate = m.maybe_duplicate or v.doubled,
        provider_id = coalesce(m.provider_id, v.sent_as), sent_at = coalesce(m.sent_at, v.at),
        delivered_at = case when v.becomes in ({M.DELIVERED}, {M.READ}) then coalesce(m.delivered_at, v.at) else m.delivered_at end,
        read_at = case when v.becomes = {M.READ} then coalesce(m.read_at, v.at) else m.read_at end,
        done_at = case when v.becomes = {M.FAILED} then now() end, tries = case when v.becomes = {M.QUEUED} then m.tries + 1 else m.tries end,
        next_at = case when v.becomes = {M.QUEUED} then now() + make_interval(secs => v.retry_in) else m.next_at end,
        lease_until = null, requeue_allowed = m.requeue_allowed and (v.becomes <> {M.FAILED} or v.reason is distinct from '{FailureReason.OPTED_OUT}'),
        reason = case when v.becomes in ({M.QUEUED}, {M.FAILED}) then v.reason end,
        code = case when v.becomes in ({M.QUEUED}, {M.FAILED}) then v.code end
    from moves v where m.company_id = $1 and m.id = v.id
    returning m.id, m.campaign_id, m.contact_id, m.reacts_to, m.state, m.address, m.units, v.channel_id,
        case when old.delivered_at is null and m.delivered_at is not null then v.attempt_id end as arrived
)
select known, d.* from (select count(*) as known from told) k
left join (select arrived, id, campaign_id, channel_id, address, units, contact_id, {_MISSED} as missed from moved) d on true
"""

# Before something is queued again: its campaign does not end, and its person does not opt out, between our look and our commit.
_HOLD = """
select from {} where company_id = $1 and id in (
    select m.{} from attempt t join message m on m.company_id = $1 and m.id = t.message_id
    where t.company_id = $1 and t.id = any($2::uuid[])) order by id for share
"""

_EXPIRE = f"""
with late as (
    update message m set state = {M.UNKNOWN}, reason = '{FailureReason.UNKNOWN_OUTCOME}',
        lease_until = now() + make_interval(secs => (
            select unknown_horizon from channel c where c.company_id = $1 and c.id = m.channel_id))
    from (select id from message where company_id = $1 and state = {M.SENDING} and lease_until < now() for update skip locked) gone
    where m.company_id = $1 and m.id = gone.id and m.state = {M.SENDING} returning m.id, m.epoch, m.campaign_id
), a as (
    update attempt t set state = {A.UNKNOWN}, detail = 'the sender stopped before it wrote the result' from late
    where t.company_id = $1 and t.message_id = late.id and t.epoch = late.epoch and t.state = {A.STARTED}
)
select distinct campaign_id from late
"""

_RESOLVE = f"""
with ended as (
    update message m set
        state = case when retry.yes then {M.QUEUED} else {M.FAILED_UNKNOWN} end,
        maybe_duplicate = m.maybe_duplicate or retry.yes,
        tries = m.tries + retry.yes::int,
        next_at = case when retry.yes then now() else m.next_at end,
        done_at = case when retry.yes then null else now() end,
        lease_until = null, reason = '{FailureReason.UNKNOWN_OUTCOME}'
    from (select id, at_least_once and requeue_allowed and tries < $2 and (campaign_id is null or not exists (
              select from campaign c where c.company_id = $1 and c.id = campaign_id and c.state in ('cancelled', 'failed'))) as yes
          from message where company_id = $1 and state = {M.UNKNOWN} and lease_until < now() for update skip locked) retry
    where m.company_id = $1 and m.id = retry.id and m.state = {M.UNKNOWN}
    returning m.id, m.campaign_id, m.reacts_to, m.state
)
select distinct campaign_id, case when {_MISSED} then id end as missed from ended
"""


async def claim(
    w: Work, channel_id: UUID, queue_id: UUID, *, limit: int, units: int, lease: float = LEASE, known: bool = False
) -> list[Claimed]:
    """Takes up to `limit` due messages, with an attempt each, until they are worth `units`; the last one may exceed it, or a long text would wait for
    ever on a slow channel. Nothing may go out before this commits. A campaign that is not running yields nothing, nor does a database that this process
    does not know (db/installation.py). `known`: only people of a campaign to whom the channel's portfolio has sent something in the last 24 hours."""
    statement = _CLAIM_KNOWN if known else _CLAIM
    rows = await w.fetch(statement, w.company_id, queue_id, limit, units, channel_id, lease, *installation.fence())
    return [Claimed(*row) for row in rows]


async def finish(w: Work, results: Iterable[Result], *, horizon: float) -> None:
    """Writes the results of a slice: one statement for what was accepted, one for the rest. Repeating it is harmless: it is fenced by the epoch, and by the
    attempt: a claim that the database lost, or never had, may have left its epoch to another one. `horizon`: seconds that an unknown outcome waits for evidence."""
    sent, others = [], []
    for r in results:
        if r.state == MessageState.SENT:
            sent.append((r.message_id, r.epoch, r.attempt_id, r.provider_id))
        else:
            others.append((r[0], r[1], r[2], int(r[3]), int(r[4]), *r[5:11], int(r[11]), *r[12:]))
    if sent:
        await w.execute(_FINISH_SENT, w.company_id, *map(list, zip(*sent, strict=True)))
    if others:
        _miss(w, [row["id"] for row in await w.fetch(_FINISH, w.company_id, *map(list, zip(*others, strict=True)), horizon)])


def bare(result: Result) -> Result:
    """The same outcome without what the provider said of it."""
    said = None if result.state == MessageState.SENT else "the provider's words cannot be stored"
    return result._replace(provider_id=None, http_status=None, code=None, detail=said)


async def apply_statuses(w: Work, statuses: list[StatusUpdate], *, max_tries: int = 4) -> Applied:
    """Applies provider reports, in any order and any number of times, with the same end. Resolves unknown outcomes."""
    if not statuses:
        return Applied(set(), set(), [], [])
    applied = Applied(set(), set(), [], [])
    told = [(s.attempt_id, s) for s in statuses if s.attempt_id is not None]
    if len(told) < len(statuses) or not await _apply(w, told, max_tries, applied):
        found = await _matched(w, statuses)
        applied.unmatched.extend(s for attempt_id, s in found if attempt_id is None)
        await _apply(w, [(attempt_id, s) for attempt_id, s in found if attempt_id is not None], max_tries, applied)
    return applied


async def _matched(w: Work, statuses: list[StatusUpdate]) -> list[tuple[UUID | None, StatusUpdate]]:
    """Each with the attempt that it speaks of: the one it names, if that is known, or the one that the provider gave the same id."""
    attempts = await w.fetch(
        _MATCH,
        w.company_id,
        [s.attempt_id for s in statuses if s.attempt_id],
        [s.provider_id for s in statuses if s.provider_id and not s.attempt_id],
    )
    known = {row["id"] for row in attempts}
    by_provider = {row["provider_id"]: row["id"] for row in attempts if row["provider_id"]}
    return [(s.attempt_id if s.attempt_id in known else by_provider.get(s.provider_id), s) for s in statuses]


async def _apply(w: Work, told: list[tuple[UUID, StatusUpdate]], max_tries: int, applied: Applied) -> bool:
    """Applies what is told of each attempt and notes in `applied` what moved. False: an attempt is not known."""
    best: dict[UUID, StatusUpdate] = {}
    for attempt_id, status in told:
        if attempt_id not in best or _RANKS[status.state] > _RANKS[best[attempt_id].state]:
            best[attempt_id] = status
    if not best:
        return True
    if again := [attempt_id for attempt_id, status in best.items() if status.retry_in is not None]:
        for table, column in (("campaign", "campaign_id"), ("contact", "contact_id")):
            await w.execute(_HOLD.format(table, column), w.company_id, again)
    reports = list(best.values())
    rare = ([s.reason for s in reports], [s.code for s in reports], [s.retry_in for s in reports])  # mostly nothing: sent empty
    rows = await w.fetch(
        _STATUS,
        w.company_id,
        list(best),
        [int(s.state) for s in reports],
        [s.at for s in reports],
        *([] if all(value is None for value in column) else column for column in rare),
        [s.provider_id for s in reports],
        max_tries,
    )
    applied.campaigns.update(row["campaign_id"] for row in rows if row["campaign_id"])
    applied.contacts.update(row["contact_id"] for row in rows if row["contact_id"] and not row["campaign_id"])
    applied.arrived.extend(Arrived(*tuple(row)[1:7]) for row in rows if row["arrived"])
    _miss(w, [row["id"] for row in rows if row["missed"]])
    return bool(rows[0]["known"] == len(best))


_RANKS = {MessageState.SENT: 1, MessageState.FAILED: 2, MessageState.DELIVERED: 3, MessageState.READ: 4}


async def expire_leases(w: Work) -> set[UUID]:
    """`sending` whose lease ended becomes `unknown`, never `queued`: its sender may have sent it. Returns the campaigns."""
    return {row["campaign_id"] for row in await w.fetch(_EXPIRE, w.company_id) if row["campaign_id"]}


async def resolve_unknown(w: Work) -> set[UUID]:
    """Unknown outcomes past their horizon end by the message's own policy: failed_unknown, or a flagged resend, until there is
    evidence or RESENDS are spent (a provider that never tells anything must not be asked for ever)."""
    rows = await w.fetch(_RESOLVE, w.company_id, RESENDS)
    _miss(w, [row["missed"] for row in rows if row["missed"]])
    return {row["campaign_id"] for row in rows if row["campaign_id"]}


def _miss(w: Work, message_ids: Iterable[UUID]) -> None:
    """Answers that did not go: a job tells their conversations, which are held before messages."""
    for message_id in message_ids:
        w.enqueue(MissAnswer(message_id=message_id))
