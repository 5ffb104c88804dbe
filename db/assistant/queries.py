"""What is shown of the assistant of a conversation: who answers, what it does now, its draft, and what it did, turn by turn."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.ai import usage
from db.assistant import turns
from db.assistant.enums import AssistantMode, Owner, TurnReason, TurnState
from db.assistant.turns import Answer, Told
from db.contacts import told
from db.conversations.queries import Person
from db.errors import RequestError
from db.messages.conversation import Citation
from db.permissions import Permission
from db.personas import serving as personas
from db.tenancy import Actor
from db.work import Read, read


class Persona(NamedTuple):
    id: UUID
    name: str
    emoji: str
    color: str
    picture_id: UUID | None


class Fact(NamedTuple):
    """What the customer told, and nothing is known of yet. `kept`: as the contact's field spells it."""

    key: str
    label: str
    value: str
    kept: str


class Draft(NamedTuple):
    """`facts`: what becomes known of the contact with it."""

    turn_id: UUID
    text: str
    citations: list[Citation]
    facts: list[Fact]
    at: datetime


class Assistant(NamedTuple):
    """`persona` None: none serves this conversation. `mode`: in force; `own_mode`: set for this conversation, None: as its persona has it.
    `turn`: the state of its newest turn, with its reason."""

    conversation_id: UUID
    persona: Persona | None
    mode: AssistantMode
    own_mode: AssistantMode | None
    owner: Owner
    owner_reason: TurnReason | None
    owner_by: Person | None
    owner_since: datetime | None
    turn_id: UUID | None
    turn: TurnState | None
    turn_reason: TurnReason | None
    due_at: datetime | None
    alarm: TurnReason | None
    draft: Draft | None


class TurnRow(NamedTuple):
    id: UUID
    seq: int
    mode: AssistantMode
    state: TurnState
    reason: TurnReason | None
    persona_name: str
    opened_at: datetime
    due_at: datetime
    done_at: datetime | None
    bubbles: int
    asks: int | None
    runs: int
    texts: list[str]
    citations: list[Citation]
    model: str
    usage: dict[str, int]


class Run(NamedTuple):
    epoch: int
    at: datetime
    steps: list[dict[str, Any]]


_ONE = """
select v.id, v.channel_id, v.team_id, a.mode, a.owner, a.owner_reason, a.owner_by, u.name as by_name, a.owner_since, a.alarm,
    array(select x.label_id from conversation_label x where x.company_id = $1 and x.conversation_id = v.id) as labels,
    array(select l.stage_id from lead l where l.company_id = $1 and l.contact_id = v.contact_id order by l.id desc limit 50) as stages,
    v.contact_id, v.opened_at as since, t.id as turn_id, t.state, t.reason, t.persona_version_id, t.due_at, t.mode as turn_mode, t.answer::text as answer, t.opened_at
from conversation v left join ai_conversation a on a.company_id = $1 and a.conversation_id = v.id
left join account_user u on u.id = a.owner_by
left join ai_turn t on t.company_id = $1 and t.conversation_id = v.id and t.seq = a.turn_seq
where v.company_id = $1 and v.id = $2
"""
_PERSONA = "select id, name, emoji, color, picture_id from persona where company_id = $1 and id = $2"
_TURNS = f"""
select {turns.COLUMNS}, reason, opened_at, done_at from ai_turn where company_id = $1 and conversation_id = $2
    and ($3::bigint is null or seq < $3) order by seq desc limit $4
"""
_TOLD = f"""
select answer->>'collected' as collected from ai_turn
where company_id = $1 and conversation_id = $2 and opened_at >= $3 and mode = '{AssistantMode.SUGGEST.value}'
    and jsonb_array_length(coalesce(answer->'collected', '[]')) > 0 order by seq
"""
_RUNS = "select epoch, at, steps::text as steps from ai_trace where company_id = $1 and turn_id = $2 order by epoch"


async def assistant_of(actor: Actor, conversation_id: UUID) -> Assistant:
    """Raises NotFound."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        return await one(r, actor.company_id, conversation_id)


async def one(r: Read, company_id: UUID, conversation_id: UUID) -> Assistant:
    """The same inside a unit of work."""
    row = await r.fetchrow(_ONE, company_id, conversation_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="conversation")
    found = await personas.serving(r, row["channel_id"], row["labels"], row["stages"], team_id=row["team_id"])
    persona = None
    if found is not None:
        look = await r.fetchrow(_PERSONA, company_id, found.persona_id)
        assert look is not None
        persona = Persona(found.persona_id, found.name, look["emoji"], look["color"], look["picture_id"])
    own = None if row["mode"] is None else AssistantMode(row["mode"])
    mode = AssistantMode.OFF if found is None else own or AssistantMode(found.mode.value)
    return Assistant(
        conversation_id=row["id"],
        persona=persona,
        mode=mode,
        own_mode=own,
        owner=_owner(row, mode),
        owner_reason=_reason(row["owner_reason"]),
        owner_by=Person(row["owner_by"], row["by_name"] or "") if row["owner_by"] else None,
        owner_since=row["owner_since"],
        turn_id=row["turn_id"],
        turn=TurnState(row["state"]) if row["state"] else None,
        turn_reason=_reason(row["reason"]),
        due_at=row["due_at"] if row["state"] == TurnState.COLLECTING else None,
        alarm=_reason(row["alarm"]),
        draft=await _draft(r, company_id, row),
    )


def _owner(row: asyncpg.Record, mode: AssistantMode) -> Owner:
    """Who answers: people, unless the assistant may speak."""
    if mode is not AssistantMode.AUTO:
        return Owner.HUMAN
    return Owner(row["owner"]) if row["owner"] else Owner.ASSISTANT


async def _draft(r: Read, company_id: UUID, row: asyncpg.Record) -> Draft | None:
    if row["state"] != TurnState.READY or row["turn_mode"] != AssistantMode.SUGGEST or row["answer"] is None:
        return None
    answer = msgspec.json.decode(row["answer"], type=Answer)
    facts = await _facts(r, company_id, row)
    return Draft(row["turn_id"], "\n\n".join(answer.texts), citations(answer), facts, row["opened_at"])


async def _facts(r: Read, company_id: UUID, row: asyncpg.Record) -> list[Fact]:
    """Of this draft and of those before it in this talk, in the order in which they are to be found out."""
    rows = await r.fetch(_TOLD, company_id, row["id"], row["since"])
    told_of = {one.key: one for each in rows for one in msgspec.json.decode(each["collected"], type=list[Told])}
    if not told_of:
        return []
    goals = (await personas.version(r, row["persona_version_id"])).config.goals
    absent = await told.empty(r, row["contact_id"], [goal.key for goal in goals if goal.key in told_of])
    return [Fact(goal.key, goal.label, told_of[goal.key].value, told_of[goal.key].kept) for goal in goals if goal.key in absent]


def citations(answer: Answer) -> list[Citation]:
    return [msgspec.json.decode(one, type=Citation) for one in answer.citations]


def _reason(value: str | None) -> TurnReason | None:
    return None if value is None else TurnReason(value)


async def turns_of(actor: Actor, conversation_id: UUID, *, before: int | None = None, limit: int = 50) -> list[TurnRow]:
    """Newest first. Raises NotFound."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.AI_READ) as r:
        await _must_exist(r, actor.company_id, conversation_id)
        rows = await r.fetch(_TURNS, actor.company_id, conversation_id, before, limit)
    return [_turn(row) for row in rows]


async def trace_of(actor: Actor, conversation_id: UUID, turn_id: UUID) -> tuple[TurnRow, list[Run], int | None]:
    """A turn, what each of its runs did, whole (none once it is too old), and what it cost. It quotes customers and passages. Raises NotFound."""
    actor.require(Permission.CONVERSATIONS_READ)
    actor.require(Permission.KNOWLEDGE_READ)
    async with read(actor, Permission.AI_READ) as r:
        row = await r.fetchrow(
            f"select {turns.COLUMNS}, reason, opened_at, done_at from ai_turn where company_id = $1 and conversation_id = $2"
            " and id = $3",
            actor.company_id,
            conversation_id,
            turn_id,
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="turn")
        runs = await r.fetch(_RUNS, actor.company_id, turn_id)
        cost = await usage.cost_of_run(r, actor.company_id, conversation_id, turn_id)
    return _turn(row), [Run(one["epoch"], one["at"], msgspec.json.decode(one["steps"])) for one in runs], cost


def _turn(row: asyncpg.Record) -> TurnRow:
    answer = msgspec.json.decode(row["answer"], type=Answer) if row["answer"] else None
    return TurnRow(
        id=row["id"],
        seq=row["seq"],
        mode=AssistantMode(row["mode"]),
        state=TurnState(row["state"]),
        reason=_reason(row["reason"]),
        persona_name=row["persona_name"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        done_at=row["done_at"],
        bubbles=row["bubbles"],
        asks=row["asks"],
        runs=row["epoch"],
        texts=answer.texts if answer else [],
        citations=citations(answer) if answer else [],
        model=answer.model if answer else "",
        usage=answer.usage if answer else {},
    )


async def _must_exist(r: Read, company_id: UUID, conversation_id: UUID) -> None:
    if not await r.fetchval("select true from conversation where company_id = $1 and id = $2", company_id, conversation_id):
        raise RequestError.NOT_FOUND(what="conversation")
