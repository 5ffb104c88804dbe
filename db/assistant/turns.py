"""The life of a turn: taken by one run at a time, composed, then said or not (outlet.py).

Every step is a compare-and-set on the turn's row. A run that lost its turn (to a newer message, to a person, to another run after its
lease was over) changes nothing any more.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import storable
from db.ai import safety
from db.assistant.enums import AssistantMode, TurnReason, TurnState
from db.assistant.events import AssistantChanged
from db.clock import now
from db.conversations import record
from db.knowledge import gaps
from db.permissions import Permission
from db.tenancy import worker
from db.work import SystemWork, Work, system_read, work

LEASE = timedelta(seconds=20)
"""So long a run that says nothing keeps its turn: it says every second that it lives."""
RUNS = 4
"""After so many runs that ended with their worker a turn is given up."""
OLD = timedelta(minutes=15)
"""What could not be answered for so long is for people."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that the customer's words prove. `value`: as they said it; `kept`: as the contact's field of the key spells it."""

    key: str
    value: str
    kept: str
    message_id: UUID | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was composed, as the turn keeps it. `citations`: of the passages as they were; `note`: for the colleague who takes over;
    `collected`: what the persona was to find out, and did."""

    decision: str
    texts: list[str] = []
    citations: list[msgspec.Raw] = []
    reason: str | None = None
    unknown: bool = False
    note: str = ""
    trouble: bool = False  # it says that something is broken
    language: str = "pt-BR"
    confidence: float = 0.0
    asked: str = ""  # what no passage of `base_id` answers
    base_id: UUID | None = None
    model: str = ""
    usage: dict[str, int] = {}
    collected: list[Told] = []


class Turn(NamedTuple):
    id: UUID
    conversation_id: UUID
    seq: int
    mode: AssistantMode
    state: TurnState
    epoch: int
    persona_id: UUID
    persona_version_id: UUID
    persona_name: str
    since: datetime
    due_at: datetime
    first_inbound_id: UUID
    last_inbound_id: UUID
    bubbles: int  # messages of the customer that it answers
    asks: int | None  # it answers nothing, but asks again after a silence: for the first time, the second
    answer: Answer | None
    guard: TurnReason | None  # it has said enough: it hands over because of this, and asks no model


COLUMNS = """id, conversation_id, seq, mode, state, epoch, persona_id, persona_version_id, persona_name, since, due_at, first_inbound_id,
    last_inbound_id, bubbles, asks, answer::text as answer, reason as guard"""
# A turn that is open has a reason only where a guard struck: it ends by it.
# Whether it is due, too old or run too often is asked of one clock, that of the database.
_DUE_NOW = f"""(state = '{TurnState.COLLECTING.value}' and due_at <= now() + interval '50 milliseconds'
    or state = '{TurnState.GENERATING.value}' and lease_until < now())"""
_BEGIN = f"""
update ai_turn set state = '{TurnState.GENERATING.value}', epoch = epoch + 1, lease_until = now() + $3::interval
where company_id = $1 and id = $2 and epoch < $4 and opened_at > now() - $5::interval
    and {_DUE_NOW}
returning {COLUMNS}
"""
_GIVE_UP = f"""
update ai_turn set epoch = epoch + 1, lease_until = now() + $3::interval
where company_id = $1 and id = $2 and ({_DUE_NOW} and (epoch >= $4 or opened_at <= now() - $5::interval)
    or state = '{TurnState.READY.value}' and mode = '{AssistantMode.AUTO.value}' and opened_at <= now() - $5::interval)
returning {COLUMNS}
"""
_SAY_AGAIN = f"""
update ai_turn set lease_until = now() + $3::interval
where company_id = $1 and id = $2 and state = '{TurnState.READY.value}' and mode = '{AssistantMode.AUTO.value}' returning {COLUMNS}
"""
_WAITS = f"""
select {COLUMNS}, greatest(case when state = '{TurnState.GENERATING.value}' then lease_until else due_at end - now(), interval '0') as wait
from ai_turn where company_id = $1 and id = $2 and state in ('{TurnState.COLLECTING.value}', '{TurnState.GENERATING.value}')
"""
_DROP = f"""
update ai_turn set state = '{TurnState.FAILED.value}', reason = '{TurnReason.CRASHED.value}', done_at = now(), lease_until = null
where company_id = $1 and id = $2
"""
_RENEW = f"""
update ai_turn set lease_until = now() + $4::interval
where company_id = $1 and id = $2 and epoch = $3 and state = '{TurnState.GENERATING.value}' returning true
"""
_KEEP = f"""
update ai_turn set state = '{TurnState.READY.value}', answer = $4::jsonb, lease_until = case when mode = $5 then now() + $6::interval end
where company_id = $1 and id = $2 and epoch = $3 and state = '{TurnState.GENERATING.value}' returning {COLUMNS}
"""
_LOCK = "select true from conversation where company_id = $1 and id = $2 for no key update"
_TRACE = """
insert into ai_trace(company_id, turn_id, epoch, steps) select $1, $2, $3, $4::jsonb where exists (
    select from ai_turn where company_id = $1 and id = $2) on conflict do nothing
"""
_DUE = f"""
select company_id, id, exists (select from job j where j.company_id = ai_turn.company_id and j.key = 'turn:' || ai_turn.id
    and j.state = 'waiting') as waits from ai_turn
where (state in ('{TurnState.COLLECTING.value}', '{TurnState.GENERATING.value}') or state = '{TurnState.READY.value}' and mode = 'auto')
    and coalesce(lease_until, due_at) < now() - $1::interval order by coalesce(lease_until, due_at) limit 500
"""


class Begun(NamedTuple):
    """A run has the turn, under this epoch."""

    turn: Turn


class Composed(NamedTuple):
    """It is composed already: to be said."""

    turn: Turn


class Later(NamedTuple):
    """The customer may go on writing, or another run has it."""

    turn: Turn
    until: datetime


class Stale(NamedTuple):
    """Nobody answers it any more: too old, or its runs died."""

    turn: Turn


async def begin(company_id: UUID, turn_id: UUID) -> Begun | Composed | Later | Stale | None:
    """Takes a turn that is due, or says what is to be done with it; None: nothing."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        row = await w.fetchrow(_BEGIN, company_id, turn_id, LEASE, RUNS, OLD)
        if row is not None:
            turn = _turn(row)
            _tell(w, turn, TurnState.GENERATING)
            return Begun(turn)
        row = await w.fetchrow(_GIVE_UP, company_id, turn_id, LEASE, RUNS, OLD)
        if row is not None:
            return await _given_up(w, _turn(row))
        row = await w.fetchrow(_SAY_AGAIN, company_id, turn_id, LEASE)
        if row is not None:
            return Composed(_turn(row))
        row = await w.fetchrow(_WAITS, company_id, turn_id)
        return None if row is None else Later(_turn(row), now() + row["wait"])


async def _given_up(w: Work, turn: Turn) -> Stale | None:
    """People are called; where that fails too, again and again, the turn ends by itself."""
    if turn.epoch <= 2 * RUNS:
        return Stale(turn)
    await w.execute(_DROP, w.company_id, turn.id)
    _tell(w, turn, TurnState.FAILED)
    return None


async def renew(company_id: UUID, turn: Turn) -> bool:
    """The run lives. False: the turn is not its any more, and nothing that it composes will be said."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        return bool(await w.fetchval(_RENEW, company_id, turn.id, turn.epoch, LEASE))


async def keep(company_id: UUID, turn: Turn, answer: Answer) -> Turn | None:
    """What was composed survives the run: whoever goes on says it without asking a model again. None: the turn is lost."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        draft = turn.mode is AssistantMode.SUGGEST
        if draft:  # its row shows it: conversations are locked before turns
            await w.fetchval(_LOCK, company_id, turn.conversation_id)
        kept = msgspec.json.encode(answer).decode()
        row = await w.fetchrow(_KEEP, company_id, turn.id, turn.epoch, kept, AssistantMode.AUTO.value, LEASE)
        if row is None:
            return None
        if draft:
            await record.touched(w, turn.conversation_id)
        _tell(w, turn, TurnState.READY)
        return _turn(row)


async def note_gap(company_id: UUID, turn_id: UUID) -> None:
    """What the turn was asked and found in no passage, for the company to answer once for all."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        row = await w.fetchrow(
            "select conversation_id, answer->>'asked' as asked, (answer->>'base_id')::uuid as base_id from ai_turn"
            " where company_id = $1 and id = $2",
            company_id,
            turn_id,
        )
        if row is not None and row["asked"] and row["base_id"] is not None:
            await gaps.note_gap(w, row["base_id"], row["asked"], row["conversation_id"])


async def trace(company_id: UUID, turn: Turn, steps: object) -> None:
    """What the run did, whatever came of it."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        await w.execute(_TRACE, company_id, turn.id, turn.epoch, storable.encoded(steps))


class Due(NamedTuple):
    """`waits`: a job of it does."""

    company_id: UUID
    turn_id: UUID
    waits: bool


async def due(late: timedelta = timedelta(0)) -> list[Due]:
    """Turns whose time has come, or whose run died, at least so long ago; negative: or will have by then."""
    async with system_read() as s:
        return [Due(*row) for row in await s.fetch(_DUE, late)]


async def forget_traces(s: SystemWork) -> None:
    """Deletes traces that are older than their company keeps them."""
    await s.execute(
        f"delete from ai_trace t where at < now() - interval '1 day' and at < now() - {safety.kept('t')}", safety.TRACE_DAYS
    )


def _turn(row: asyncpg.Record) -> Turn:
    values = {name: row[name] for name in Turn._fields}
    answer = values["answer"]
    values["answer"] = None if answer is None else msgspec.json.decode(answer, type=Answer)
    values["guard"] = None if values["guard"] is None else TurnReason(values["guard"])
    return Turn(**values | {"mode": AssistantMode(values["mode"]), "state": TurnState(values["state"])})


def _tell(w: Work, turn: Turn, state: TurnState) -> None:
    owner = "assistant" if turn.mode is AssistantMode.AUTO else "human"
    w.emit(AssistantChanged(conversation_id=turn.conversation_id, owner=owner, turn=state.value))
