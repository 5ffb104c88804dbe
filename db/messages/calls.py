"""Calls: what a provider tells of one, in any order and any number of times, with the same end; what was said in it, and when.

A call is a message: the ledger says whether it went out and to whom, here stands what only calls have. Refuses to place calls
(`calling.py`), and to know a provider's words.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from db.conversations import record
from db.errors import RequestError
from db.messages import files
from db.messages.content import Call, File
from db.messages.enums import CallOrderKind, CallOutcome, CallSpeaker, CallStage
from db.messages.enums import MessageState as M
from db.messages.events import ConversationChanged
from db.messages.files import MessageFile
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.work import Read, Work, read, system_read


class Turn(NamedTuple):
    """Something that was said; milliseconds from the beginning of the recording, None where nobody told."""

    speaker: CallSpeaker
    text: str
    start: int | None
    end: int | None


class Told(NamedTuple):
    """What a provider tells of a call at one stage; None is what it does not tell. `attempt_id`: ours, of a call that we placed."""

    provider_call_id: str
    attempt_id: UUID | None
    channel_id: UUID
    stage: CallStage
    outcome: CallOutcome | None = None
    provider_reason: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: int | None = None
    turns: Sequence[Turn] = ()
    recording_url: str | None = None
    summary: str | None = None
    sentiment: str | None = None
    successful: bool | None = None
    callback_at: datetime | None = None


class CallDetail(Struct, frozen=True, kw_only=True):
    """One call with what was said. `outcome` None: it is not over. `message_id`: it has its id, but for an earlier try of the same message."""

    id: UUID
    message_id: UUID
    contact_id: UUID | None
    channel_id: UUID
    stage: str
    outcome: CallOutcome | None
    started_at: datetime | None
    ended_at: datetime | None
    seconds: int | None
    summary: str | None
    sentiment: str | None
    successful: bool | None
    orders: list[CallOrderKind]  # what may be asked while it goes on
    turns: list[Turn]
    files: list[MessageFile]  # recordings


_BEGIN = "insert into call(company_id, id, channel_id) values ($1, $2, $3) on conflict do nothing"
# An earlier try is known by the provider's id alone: its message speaks of the newest one.
_MESSAGE = """
select t.id, m.contact_id, m.id as message_id from attempt a join message m on m.company_id = $1 and m.id = a.message_id
join call t on t.company_id = $1 and t.try_of = m.id and t.provider_call_id = $3 where a.company_id = $1 and a.id = $2
union all
select m.id, m.contact_id, m.id from attempt a join message m on m.company_id = $1 and m.id = a.message_id where a.company_id = $1 and a.id = $2
    and not exists (select from attempt n where n.company_id = $1 and n.message_id = m.id and n.epoch > a.epoch and n.provider_id is not null)
union all
select id, contact_id, id from message where company_id = $1 and provider_id = $3 and channel_id = $4
union all
select id, contact_id, id from inbound_message where company_id = $1 and channel_id = $4 and provider_id = $3
limit 1
"""
_LATER = ("outcome", "provider_reason", "started_at", "ended_at", "seconds", "summary", "sentiment", "successful", "callback_at")
"""What a later stage tells counts; an earlier one only fills what is not known."""
_TELL = f"""
insert into call(company_id, id, channel_id, provider_call_id, stage, {", ".join(_LATER)})
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (company_id, id) do update set
    provider_call_id = coalesce(call.provider_call_id, excluded.provider_call_id), stage = greatest(call.stage, excluded.stage),
    {", ".join(f"{one} = case when excluded.stage >= call.stage then coalesce(excluded.{one}, call.{one}) else coalesce(call.{one}, excluded.{one}) end" for one in _LATER)}
where call.provider_call_id is null or call.provider_call_id = excluded.provider_call_id
returning turns_stage
"""
_TURNS = """
with gone as (delete from call_turn where company_id = $1 and call_id = $2 and number >= cardinality($3::smallint[])),
kept as (
    insert into call_turn(company_id, call_id, number, speaker, body, start_ms, end_ms)
    select $1, $2, * from unnest($3::smallint[], $4::text[], $5::text[], $6::int[], $7::int[])
    on conflict (company_id, call_id, number) do update
        set speaker = excluded.speaker, body = excluded.body, start_ms = excluded.start_ms, end_ms = excluded.end_ms
)
update call set turns_stage = $8 where company_id = $1 and id = $2
"""


async def begin(w: Work, message_id: UUID, channel_id: UUID) -> None:
    """A call is to be placed. Harmless when it is repeated."""
    await w.execute(_BEGIN, w.company_id, message_id, channel_id)


class Running(NamedTuple):
    id: UUID
    contact_id: UUID | None


async def running(w: Work, channel_id: UUID, provider_call_id: str, attempt_id: UUID | None) -> Running | None:
    """A call that is not over, by the provider's id or by our attempt; it is here though nothing was told of it yet."""
    row = await w.fetchrow(_MESSAGE, w.company_id, attempt_id, provider_call_id, channel_id)
    if row is None:
        return None
    await begin(w, row["id"], channel_id)
    stage = await w.fetchval("select stage from call where company_id = $1 and id = $2", w.company_id, row["id"])
    return Running(row["id"], row["contact_id"]) if stage < CallStage.ENDED else None


async def tell(w: Work, told: Told) -> UUID | None:
    """Enters what is told; returns the call. One of which nobody here knows is left out."""
    row = await w.fetchrow(_MESSAGE, w.company_id, told.attempt_id, told.provider_call_id, told.channel_id)
    if row is None:
        return None
    later = [getattr(told, one) for one in _LATER]
    known = await w.fetchrow(_TELL, w.company_id, row["id"], told.channel_id, told.provider_call_id, int(told.stage), *later)
    if known is None:  # another call of the provider under the same message: the first one stays
        return None
    if told.turns and told.stage >= (known["turns_stage"] or 0) and not await _says_less(w, row["id"], told):
        await _say(w, row["id"], told)
    if told.recording_url is not None:
        await files.expect(w, row["id"], told.channel_id, Call(recording=File(url=told.recording_url, mime_type="audio/wav")))
    if row["contact_id"] is not None:
        await record.grew(w, told.channel_id, row["contact_id"], row["message_id"])
        w.emit(ConversationChanged(contact_id=row["contact_id"]))
    call_id: UUID = row["id"]
    return call_id


async def campaign_of(w: Work, call_id: UUID) -> UUID | None:
    """The campaign that placed a call."""
    found: UUID | None = await w.fetchval(
        "select m.campaign_id from call c join message m on m.company_id = $1 and m.id = coalesce(c.try_of, c.id) where c.company_id = $1 and c.id = $2",
        w.company_id,
        call_id,
    )
    return found


async def _says_less(w: Work, call_id: UUID, told: Told) -> bool:
    """Whether words of a call that goes on come after newer ones."""
    if told.stage != CallStage.TALKING:
        return False
    known = await w.fetchrow(
        "select count(*) as turns, coalesce(sum(length(body)), 0) as letters from call_turn where company_id = $1 and call_id = $2",
        w.company_id,
        call_id,
    )
    assert known is not None
    return (len(told.turns), sum(len(turn.text) for turn in told.turns)) < (known["turns"], known["letters"])


async def _say(w: Work, call_id: UUID, told: Told) -> None:
    turns = told.turns
    await w.execute(
        _TURNS,
        w.company_id,
        call_id,
        list(range(len(turns))),
        [turn.speaker.value for turn in turns],
        [turn.text for turn in turns],
        [turn.start for turn in turns],
        [turn.end for turn in turns],
        int(told.stage),
    )


async def one(actor: Actor, call_id: UUID) -> CallDetail:
    """With what was said, in its order. Raises NotFound."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.CONTACTS_READ) as r:
        row = await r.fetchrow(
            f"select c.id, coalesce(c.try_of, c.id) as message_id, c.channel_id, h.kind, c.stage, {', '.join(f'c.{one}' for one in _LATER)}, coalesce(m.contact_id, i.contact_id) as contact_id"
            " from call c join channel h on h.company_id = $1 and h.id = c.channel_id left join message m on m.company_id = $1 and m.id = coalesce(c.try_of, c.id)"
            " left join inbound_message i on i.company_id = $1 and i.id = c.id where c.company_id = $1 and c.id = $2",
            actor.company_id,
            call_id,
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="call")
        turns = await r.fetch(
            "select speaker, body, start_ms, end_ms from call_turn where company_id = $1 and call_id = $2 order by number",
            actor.company_id,
            call_id,
        )
        recordings = await files.of_messages(r, actor.company_id, [call_id])
    return CallDetail(
        id=row["id"],
        message_id=row["message_id"],
        contact_id=row["contact_id"],
        channel_id=row["channel_id"],
        stage=CallStage(row["stage"]).label,
        outcome=CallOutcome(row["outcome"]) if row["outcome"] else None,
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        seconds=row["seconds"],
        summary=row["summary"],
        sentiment=row["sentiment"],
        successful=row["successful"],
        orders=list(registry.provider(row["kind"]).capabilities.orders),
        turns=[Turn(CallSpeaker(turn["speaker"]), turn["body"], turn["start_ms"], turn["end_ms"]) for turn in turns],
        files=recordings.get(call_id, []),
    )


async def of_messages(r: Read, company_id: UUID, message_ids: Sequence[UUID]) -> dict[UUID, Call]:
    """What became of these calls, as their messages show it."""
    if not message_ids:
        return {}
    rows = await r.fetch(
        "select id, stage, outcome, seconds, summary, sentiment from call where company_id = $1 and id = any($2::uuid[])",
        company_id,
        list(message_ids),
    )
    return {
        row["id"]: Call(
            id=row["id"],
            status=row["outcome"] or (CallStage(row["stage"]).label if row["stage"] else None),
            seconds=row["seconds"],
            outcome=CallOutcome(row["outcome"]) if row["outcome"] else None,
            summary=row["summary"] or "",
            sentiment=row["sentiment"],
        )
        for row in rows
    }


# -- calls of which the end was not told


class Silent(NamedTuple):
    company_id: UUID
    id: UUID
    channel_id: UUID
    provider_call_id: str


_SILENT = f"""
select c.company_id, c.id, c.channel_id, coalesce(c.provider_call_id, m.provider_id) as provider_call_id
from call c left join message m on m.company_id = c.company_id and m.id = c.id
where c.stage < {CallStage.ANALYZED} and c.look_at <= now() and coalesce(c.provider_call_id, m.provider_id) is not null
    and m.state is distinct from {M.QUEUED}  -- one that waits for another try
order by c.look_at limit 200
"""
_NEVER_PLACED = f"""
select distinct c.company_id from call c join message m on m.company_id = c.company_id and m.id = c.id
where c.stage < {CallStage.ANALYZED} and c.look_at <= now() and coalesce(c.provider_call_id, m.provider_id) is null
    and m.state in ({M.FAILED}, {M.FAILED_UNKNOWN}, {M.SKIPPED}, {M.CANCELLED})
"""
_CLOSE = f"""
update call c set stage = {CallStage.ANALYZED} from message m
where c.company_id = $1 and m.company_id = $1 and m.id = c.id and c.stage < {CallStage.ANALYZED} and c.look_at <= now()
    and coalesce(c.provider_call_id, m.provider_id) is null
    and m.state in ({M.FAILED}, {M.FAILED_UNKNOWN}, {M.SKIPPED}, {M.CANCELLED})
"""
# Twice as long as it has been silent: the provider forgets none within a day.
_LOOKED = """
update call set look_at = now() + greatest(now() - created_at, interval '5 minutes'),
    stage = case when created_at < now() - interval '2 days' then 3 else stage end,
    outcome = case when created_at < now() - interval '2 days' then coalesce(outcome, 'fault') else outcome end
where company_id = $1 and id = $2 returning stage
"""


async def silent() -> list[Silent]:
    """Calls that should be over and of which the last was not told, those that waited longest first."""
    async with system_read() as s:
        return [Silent(*row) for row in await s.fetch(_SILENT)]


async def companies_with_unplaced() -> list[UUID]:
    async with system_read() as s:
        return [row["company_id"] for row in await s.fetch(_NEVER_PLACED)]


async def close_unplaced(w: Work) -> None:
    """Calls that were never placed are over."""
    await w.execute(_CLOSE, w.company_id)


async def looked(w: Work, call_id: UUID) -> bool:
    """The provider was asked: so long until it is asked again; after two days the call counts as broken off. Whether it is over."""
    return bool((await w.fetchval(_LOOKED, w.company_id, call_id) or 0) >= CallStage.ENDED)


# -- erasing

_THEIRS = """
delete from call where company_id = $1 and id in (
    select id from message where company_id = $1 and contact_id = any($2::uuid[])
    union all select c.id from message m join call c on c.company_id = $1 and c.try_of = m.id where m.company_id = $1 and m.contact_id = any($2::uuid[])
    union all select id from inbound_message where company_id = $1 and contact_id = any($2::uuid[]))
"""


async def let_go(w: Work, contact_ids: list[UUID]) -> int:
    """These contacts are deleted: what was said with them in calls goes, while their messages still name them. Returns how many calls."""
    return await w.execute(_THEIRS, w.company_id, contact_ids)
