"""How messages get into a queue, back into it, and out of it unsent: the verbs for who uses the ledger. Sending is in `ledger.py`.

Refuses to know who may do it and what it means: campaigns, answers and channels decide, in their own unit of work.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from db.contacts.places import GROUP
from db.errors import RequestError
from db.messages.enums import MessageState as M
from db.messages.reasons import FailureReason
from db.providers import registry
from db.work import Work

# An archived channel sends nothing; one that is being archived ends what it finds in its queue, and this comes before or after it.
_OPEN = "select true from channel where company_id = $1 and id = $2 and archived_at is null for share"
_ONE = f"""
with made as materialized (select uuidv7() as id)
insert into message(company_id, id, channel_id, queue_id, contact_id, address, dedupe_key, state, units, params, content, author_id,
                    reacts_to, next_at, at_least_once)
select $1, id, $2::uuid, coalesce($10::uuid, $2::uuid), $3, $4, coalesce($13, $5 || ':' || id), {M.QUEUED}, $6, $7, $8::jsonb, $9,
    $11, coalesce($12::timestamptz, now()),
    exists (select from channel where company_id = $1 and id = $2 and kind = any($14::text[])) from made returning id
"""
# The order of contacts keeps neighbours together in every index, now and when they are claimed and written back.
_AUDIENCE = """
insert into message(company_id, id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, reason, done_at, units,
                    at_least_once, params)
select {company}, uuid_series((select uuidv7()), row_number() over (order by p.contact_id)), {channel}, {campaign}, {campaign},
    p.contact_id, coalesce(p.address, ''), {key},
    case when p.reason is null then {queued} else {skipped} end, p.reason, case when p.reason is not null then now() end, p.units,
    {at_least_once}, p.params
from ({members}) p order by p.contact_id {known}
"""
_REQUEUE = f"""
update message m set state = {M.QUEUED}, tries = 0, next_at = greatest(now(), $5::timestamptz), done_at = null, reason = null, code = null,
    maybe_duplicate = maybe_duplicate or state = {M.FAILED_UNKNOWN}
where company_id = $1 and campaign_id = $2 and in_trouble and requeue_allowed
    and (state = {M.FAILED} and reason = any($3::text[]) or state = {M.FAILED_UNKNOWN} and $4)
    and exists (select from contact c where c.company_id = $1 and c.id = m.contact_id and c.opted_out_at is null
        and coalesce((select k.content->>'category' from campaign k where k.company_id = $1 and k.id = $2), 'marketing') <> all(c.refuses))
    and not exists (select from suppression s where s.company_id = $1 and s.address = m.address)
    and not exists (select from campaign i join message f on f.company_id = $1 and f.contact_id = m.contact_id and f.campaign_id = i.id
            and f.state not in ({M.FAILED}, {M.SKIPPED}, {M.CANCELLED})
        where i.company_id = $1 and i.fallback_of = $2)
"""
# A file goes to the provider anew: what it was known by there may be forgotten. What the assistant said is not said again by people.
_AGAIN = f"""
update message set state = {M.QUEUED}, tries = 0, next_at = now(), done_at = null, reason = null, code = null,
    address = coalesce($5, address), maybe_duplicate = maybe_duplicate or state = {M.FAILED_UNKNOWN},
    queue_id = case when content->>'kind' = 'file' then (content->>'file_id')::uuid else channel_id end,
    content = case when content->>'kind' = 'file' then content - 'media' - 'media_until' else content end
where company_id = $1 and id = $2 and contact_id = $3 and channel_id = $4 and campaign_id is null and reacts_to is null and requeue_allowed
    and dedupe_key not like 'ai:%' and content->>'kind' is distinct from 'call' and (state = {M.FAILED} or state = {M.FAILED_UNKNOWN} and $6)
returning content::text
"""
# One that may have arrived already was not cancelled: nobody knows what became of it.
_CANCEL = f"""
update message set done_at = now(), lease_until = null, reason = coalesce($3, reason),
    state = case when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.CANCELLED} end
where company_id = $1 and queue_id = $2 and queued
"""
# What is on the wire is not waited for, and not tried again.
_CANCEL_KEYS = f"""
with theirs as materialized (
    select m.id from unnest($2::text[], $3::text[]) p(first, last) join message m on m.company_id = $1 and m.dedupe_key >= p.first
        and m.dedupe_key < p.last and m.state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}) order by m.id for update of m
)
update message m set requeue_allowed = false, done_at = case when queued then now() else done_at end,
    lease_until = case when queued then null else lease_until end,
    state = case when not queued then state when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.CANCELLED} end
from theirs where m.company_id = $1 and m.id = theirs.id
"""
_WAITING_FOR_FILES = """
select f.id from message_file f join message m on m.company_id = $1 and m.queue_id = f.id and m.queued
where f.company_id = $1 and f.channel_id = $2 and f.uploaded_by is not null
"""
_CANCEL_SOME = (
    _CANCEL
    + """
    and id in (select id from message where company_id = $1 and queue_id = $2 and queued limit $4 for update skip locked)
"""
)
_PUT_OFF = f"""
update message m set next_at = greatest(now() + make_interval(secs => due.wait), m.next_at), reason = '{FailureReason.QUIET_HOURS}' from (
    select m.id, r.wait from message m join unnest($3::text[], $4::float8[]) r(start, wait)
        on r.start = {GROUP.format("m.address")}
    where m.company_id = $1 and m.queue_id = $2 and m.queued and m.next_at <= now() limit $5 for update of m skip locked) due
where m.company_id = $1 and m.id = due.id
"""
_PLACES = f"""
select {GROUP.format("address")} as start, min(address) as address
from message where company_id = $1 and queue_id = $2 and queued group by 1
"""
# Evenly over so many seconds of the time that is open at each place: the n-th of all comes when so much of it has passed there.
_SPREAD = f"""
with n as materialized (
    select id, {GROUP.format("address")} as start,
        (row_number() over (order by id) - 1) * $3::float8 / count(*) over () as seconds
    from message where company_id = $1 and queue_id = $2 and queued
), open as materialized (
    select * from unnest($4::text[], $5::timestamptz[], $6::float8[]) r(start, opens, before)
)
update message m set next_at = greatest(m.next_at, o.opens + make_interval(secs => n.seconds - o.before)),
    reason = case when $3 = 0 and o.opens > now() then '{FailureReason.QUIET_HOURS}' else m.reason end
from n cross join lateral (select opens, before from open where open.start = n.start and open.before <= n.seconds
                           order by before desc limit 1) o
where m.company_id = $1 and m.id = n.id
"""
# What is being sent, or was and may be tried again, ends with this try: `ledger.py` asks before it queues one again. In the order of the
# ledger's locks, and waiting for them: a claim or a result that is written at this moment is seen.
_TAKE_BACK = f"""
with theirs as materialized (
    select id from message where company_id = $1 and contact_id = $2 and channel_id = $3 and dedupe_key like 'ai:%'
        and requeue_allowed and state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}, {M.SENT}, {M.FAILED_UNKNOWN})
    order by id for update
)
update message m set requeue_allowed = false, done_at = case when queued then now() else done_at end,
    lease_until = case when queued then null else lease_until end,
    state = case when not queued then state when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.CANCELLED} end
from theirs where m.company_id = $1 and m.id = theirs.id
"""


async def hold_open(w: Work, channel_id: UUID) -> bool:
    """Until this transaction ends nobody archives the channel; False for one that is archived already. Raises Forbidden `test_key`."""
    await w.reaches(channel_id)
    return bool(await w.fetchval(_OPEN, w.company_id, channel_id))


async def queue(
    w: Work,
    channel_id: UUID,
    *,
    purpose: str,
    contact_id: UUID | None,
    address: str,
    content: str,
    params: list[str] | None = None,
    units: int = 1,
    author_id: UUID | None = None,
    queue_id: UUID | None = None,
    reacts_to: str | None = None,
    not_before: datetime | None = None,
    key: str | None = None,
) -> UUID:
    """One message of no campaign, before all campaigns of its channel; returns its id. `content` is JSON (`render.encode`),
    `purpose` (answer, test) begins its dedupe key, which `key` gives whole. `queue_id`: another queue than the channel's. `reacts_to`: the provider's id of the
    message to which it is a reaction, or which it changes. Over a connection, where it has one id for all its attempts and whoever has it sees it once, it
    goes until it is known to have gone. Raises NotFound for a channel that was archived."""
    if not await hold_open(w, channel_id):
        raise RequestError.NOT_FOUND(what="channel")
    message_id: UUID = await w.fetchval(
        _ONE,
        w.company_id,
        channel_id,
        contact_id,
        address,
        purpose,
        units,
        params or [],
        content,
        author_id,
        queue_id,
        reacts_to,
        not_before,
        key,
        registry.with_session(),
    )
    return message_id


async def queue_audience(
    w: Work,
    ctes: str,
    members: str,
    args: list[object],
    *,
    campaign_id: UUID,
    channel_id: UUID,
    at_least_once: bool,
    keyed: bool = False,
) -> int:
    """All members of a campaign in one statement: queued, or skipped where they have a reason. `members` is a SELECT of contact_id,
    address, reason (null: gets the message), units (smallint) and params (text[]) over `args`, from what the WITH of `ctes` names:
    apart, because Postgres does not merge a subquery with a WITH, and then sorts what the params make wide. A second run adds
    nothing (unique dedupe key). `keyed`: a member brings its own one as `key`, and whose is known already is left out. Returns the
    rows added."""
    kinds = {"company": "uuid", "channel": "uuid", "campaign": "uuid", "at_least_once": "boolean"}
    places = {name: f"${number}::{kind}" for number, (name, kind) in enumerate(kinds.items(), len(args) + 1)}
    sql = _AUDIENCE.format(
        **places,
        queued=f"{M.QUEUED}::smallint",
        skipped=f"{M.SKIPPED}::smallint",
        members=members,
        key="p.key" if keyed else f"{places['campaign']} || ':' || p.contact_id",
        known="on conflict do nothing" if keyed else "",
    )
    return await w.execute(ctes + sql, *args, w.company_id, channel_id, campaign_id, at_least_once)


async def cancel_keys(w: Work, prefixes: Sequence[str]) -> int:
    """Ends what waits under dedupe keys that begin so (`prefix:`); what is on the wire is not tried again. Returns how many."""
    return await w.execute(_CANCEL_KEYS, w.company_id, list(prefixes), [f"{prefix[:-1]};" for prefix in prefixes])


async def requeue(
    w: Work, campaign_id: UUID, reasons: list[str], *, include_unknown: bool, not_before: datetime | None = None
) -> int:
    """Queues those again that failed for one of the reasons; of unknown outcome only on request, flagged; never who said stop or was
    deleted meanwhile, or whom something else reached in its place. `not_before`: they wait until then. Returns how many."""
    return await w.execute(_REQUEUE, w.company_id, campaign_id, reasons, include_unknown, not_before)


async def again(
    w: Work, message_id: UUID, *, contact_id: UUID, channel_id: UUID, address: str | None, include_unknown: bool
) -> str | None:
    """Queues one failed message of no campaign again, to this address; of unknown outcome only on request, flagged. Returns its content
    (JSON), a file's for the queue of the file; None where there is nothing to send again."""
    content: str | None = await w.fetchval(_AGAIN, w.company_id, message_id, contact_id, channel_id, address, include_unknown)
    return content


async def places(w: Work, queue_id: UUID) -> dict[str, str]:
    """Where those are who wait in a queue: start of the address (`places.GROUP`) → one of its addresses."""
    return {row["start"]: row["address"] for row in await w.fetch(_PLACES, w.company_id, queue_id)}


async def spread(w: Work, queue_id: UUID, seconds: float, opens: list[tuple[str, datetime, float]]) -> int:
    """When each of a queue goes: evenly over so many seconds of open time, and not before it would have. `opens`: for each place the spans in which it is open, with how
    many seconds were open before. Who is at no such place keeps their turn. Returns how many were moved."""
    columns = [list(column) for column in zip(*opens, strict=True)] if opens else [[], [], []]
    return await w.execute(_SPREAD, w.company_id, queue_id, seconds, *columns)


async def put_off(w: Work, queue_id: UUID, waits: dict[str, float], most: int) -> int:
    """Those of a queue that are due and whose address begins so (`places.GROUP`) wait for so many seconds, for the hours. Returns how many, at most `most`."""
    return await w.execute(_PUT_OFF, w.company_id, queue_id, list(waits), list(waits.values()), most)


async def cancel(w: Work, queue_id: UUID, *, reason: str | None = None, batch: int | None = None) -> int:
    """Ends what waits in a queue. `batch`: at most so many, leaving out what another transaction holds. Returns how many."""
    if batch is None:
        return await w.execute(_CANCEL, w.company_id, queue_id, reason)
    return await w.execute(_CANCEL_SOME, w.company_id, queue_id, reason, batch)


async def cancel_assistants(w: Work, contact_id: UUID, channel_id: UUID) -> int:
    """Ends what the assistant said to a person and no lane has taken yet; what is on the wire is not waited for, and never tried again.
    Returns how many."""
    return await w.execute(_TAKE_BACK, w.company_id, contact_id, channel_id)


async def cancel_of_channel(w: Work, channel_id: UUID) -> None:
    """Ends what waits in a channel's queue, and what waits for its file to go into it."""
    files = await w.fetch(_WAITING_FOR_FILES, w.company_id, channel_id)
    for queue_id in [channel_id, *(row["id"] for row in files)]:
        await cancel(w, queue_id)
