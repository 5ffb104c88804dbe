"""What agents ask for while they work: a draft, other words, a summary, what is known of the customer, the next step, labels.

Asking writes a row and its job; a worker writes the text into the row piece by piece, and tells who asked. Nothing of it is ever sent:
an agent takes it into the field, or leaves it. What is about the conversation is written once for what was said until then.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import storable
from db.ai import safety, usage
from db.ai.errors import AiError, CallFailure
from db.assistant.enums import REWRITES, SHARED, AssistKind, AssistLanguage, AssistNote, AssistState
from db.assistant.events import AssistProgress
from db.errors import RequestError, RequestField
from db.jobs import RunAssist
from db.messages.conversation import Citation
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Read, SystemWork, Work, read, work

LEASE = timedelta(seconds=30)
"""Renewed with every piece; a run that died is taken by another one afterwards."""
PATIENCE = timedelta(minutes=2)
"""So long somebody waits for it; then it is not written any more."""
KEPT, KEPT_OF_CUSTOMERS = timedelta(days=1), timedelta(days=90)


class LabelRef(NamedTuple):
    id: UUID
    name: str
    color: str


class Assist(NamedTuple):
    """`stale`: something was said since it was asked for. `labels`: proposed, and not on the conversation yet."""

    id: UUID
    conversation_id: UUID
    what: AssistKind
    language: AssistLanguage
    state: AssistState
    failure: CallFailure | None
    note: AssistNote | None
    text: str
    citations: list[Citation]
    labels: list[LabelRef]
    stale: bool
    created_at: datetime
    done_at: datetime | None


class Asked(NamedTuple):
    """What a worker is to write. `epoch` fences its writes; `knows`: who asked may read the bases of knowledge."""

    id: UUID
    conversation_id: UUID
    what: AssistKind
    language: AssistLanguage
    given: str
    asked_by: UUID
    epoch: int
    knows: bool


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended. `failure` None: it is done."""

    text: str = ""
    note: AssistNote | None = None
    citations: Sequence[Citation] = ()
    labels: Sequence[UUID] = ()
    failure: CallFailure | None = None


_OPEN = f"('{AssistState.WAITING.value}', '{AssistState.WRITING.value}')"
_SHARED = ", ".join(f"'{one.value}'" for one in SHARED)
_SELECT = f"""
select a.id, a.conversation_id, a.what, a.language, a.failure, a.note, a.text, a.citations::text as citations, a.created_at, a.done_at,
    case when a.state in {_OPEN} and a.created_at < now() - $4::interval then '{AssistState.FAILED.value}' else a.state end as state,
    v.last_id is distinct from a.seen_id as stale,
    (select json_agg(json_build_array(l.id, l.name, l.color) order by array_position(a.labels, l.id)) from label l
        where l.company_id = $1 and l.id = any(a.labels) and not exists (
            select from conversation_label x where x.company_id = $1 and x.conversation_id = a.conversation_id and x.label_id = l.id)
    )::text as labels
from ai_assist a join conversation v on v.company_id = $1 and v.id = a.conversation_id
where a.company_id = $1 and a.conversation_id = $2 and (a.asked_by = $3 or a.what in ({_SHARED}))
"""
_TRACE = f"""
select created_at, steps::text as steps from ai_assist
where company_id = $1 and conversation_id = $2 and (asked_by = $3 or what in ({_SHARED})) and id = $4
"""
_PLACE = """
select v.last_id, c.language, exists (select from ai_connection k where k.company_id = $1) as connected
from conversation v join company c on c.id = $1 where v.company_id = $1 and v.id = $2
"""
_SAME = f"""
select id from ai_assist where company_id = $1 and conversation_id = $2 and what = $3 and language = $4
    and seen_id is not distinct from $5 and created_at > now() - $7::interval and (state = '{AssistState.DONE.value}'
    or state in {_OPEN} and asked_by = $6 and created_at > now() - $8::interval)
order by id desc limit 1
"""
_ASK = """
insert into ai_assist(company_id, conversation_id, what, language, asked_by, given, seen_id, knows) values ($1, $2, $3, $4, $5, $6, $7, $8)
returning id
"""
_BEGIN = f"""
update ai_assist set state = '{AssistState.WRITING.value}', epoch = epoch + 1, lease_until = now() + $3::interval, text = ''
where company_id = $1 and id = $2 and created_at > now() - $4::interval
    and (state = '{AssistState.WAITING.value}' or state = '{AssistState.WRITING.value}' and lease_until < now())
returning id, conversation_id, what, language, given, asked_by, epoch, knows
"""
_PIECE = f"""
update ai_assist set text = left(text, $4) || $5, lease_until = now() + $6::interval
where company_id = $1 and id = $2 and epoch = $3 and state = '{AssistState.WRITING.value}' returning true
"""
_FINISH = f"""
update ai_assist set state = $4, text = $5, note = $6, citations = $7::jsonb, labels = $8, failure = $9, steps = $10::jsonb, done_at = now(), lease_until = null
where company_id = $1 and id = $2 and epoch = $3 and state = '{AssistState.WRITING.value}' returning true
"""
_STOP = f"""
update ai_assist set state = '{AssistState.STOPPED.value}', done_at = now(), lease_until = null
where company_id = $1 and id = $2 and conversation_id = $3 and asked_by = $4 and state in {_OPEN}
"""


async def ask(
    actor: Actor, conversation_id: UUID, what: AssistKind, *, text: str = "", language: AssistLanguage | None = None
) -> Assist:
    """Has it written, and returns at once. What is about the conversation and was written since the newest message is given again.
    `language` None: the company's. Raises NotFound, Conflict `ai_not_connected`, Invalid where there is nothing to put into other words."""
    if what in REWRITES and not text.strip():
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("text")])
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        place = await w.fetchrow(_PLACE, w.company_id, conversation_id)
        if place is None:
            raise RequestError.NOT_FOUND(what="conversation")
        if not place["connected"]:
            raise AiError.NOT_CONNECTED()
        wanted = language or AssistLanguage(place["language"])
        same = None
        if what in SHARED:
            kept = KEPT_OF_CUSTOMERS if what is AssistKind.CUSTOMER else KEPT
            args = (w.company_id, conversation_id, what.value, wanted.value, place["last_id"], actor.id, kept, PATIENCE)
            same = await w.fetchval(_SAME, *args)
        if same is None:
            given = text if what in REWRITES else ""
            row = (w.company_id, conversation_id, what.value, wanted.value, actor.id, given, place["last_id"], _knows(actor))
            same = await w.fetchval(_ASK, *row)
            w.enqueue(RunAssist(assist_id=same))
        return await _one(w, actor, conversation_id, same)


async def assist(actor: Actor, conversation_id: UUID, assist_id: UUID) -> Assist:
    """As far as it is written. What others asked for about their own texts is theirs. Raises NotFound."""
    async with read(actor, Permission.CONVERSATIONS_WRITE) as r:
        return await _one(r, actor, conversation_id, assist_id)


def _knows(actor: Actor) -> bool:
    return Permission.KNOWLEDGE_READ in actor.permissions


class Trace(NamedTuple):
    """`steps`: none once they are older than the company keeps them, or as long as nothing was asked of a model. `at`: when it was asked for.
    `cost`: micro-dollars; None: nobody knows."""

    at: datetime
    cost: int | None
    steps: list[dict[str, Any]]


async def trace(actor: Actor, conversation_id: UUID, assist_id: UUID) -> Trace:
    """What a model was asked for it and what it answered, to whom the assist itself is shown. Raises NotFound."""
    actor.require(Permission.CONVERSATIONS_WRITE)
    actor.require(Permission.KNOWLEDGE_READ)  # it holds whole passages
    async with read(actor, Permission.AI_READ) as r:
        row = await r.fetchrow(_TRACE, actor.company_id, conversation_id, actor.id, assist_id)
        cost = await usage.cost_of_run(r, actor.company_id, conversation_id, assist_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="assist")
    return Trace(row["created_at"], cost, msgspec.json.decode(row["steps"]) if row["steps"] else [])


async def assists(
    actor: Actor, conversation_id: UUID, *, what: AssistKind | None = None, before: UUID | None = None, limit: int = 50
) -> list[Assist]:
    """Newest first. Raises NotFound."""
    async with read(actor, Permission.CONVERSATIONS_WRITE) as r:
        if not await r.fetchval(
            "select true from conversation where company_id = $1 and id = $2", actor.company_id, conversation_id
        ):
            raise RequestError.NOT_FOUND(what="conversation")
        rows = await r.fetch(
            f"{_SELECT} and ($5::text is null or a.what = $5) and ($6::uuid is null or a.id < $6) order by a.id desc limit $7",
            actor.company_id,
            conversation_id,
            actor.id,
            PATIENCE,
            None if what is None else what.value,
            before,
            limit,
        )
    return [_assist(row, knows=_knows(actor)) for row in rows]


async def stop(actor: Actor, conversation_id: UUID, assist_id: UUID) -> Assist:
    """It is not written any further; what is done stays. Raises NotFound."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        await w.execute(_STOP, w.company_id, assist_id, conversation_id, actor.id)
        return await _one(w, actor, conversation_id, assist_id)


async def _one(r: Read, actor: Actor, conversation_id: UUID, assist_id: UUID) -> Assist:
    row = await r.fetchrow(f"{_SELECT} and a.id = $5", actor.company_id, conversation_id, actor.id, PATIENCE, assist_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="assist")
    return _assist(row, knows=_knows(actor))


def _assist(row: asyncpg.Record, *, knows: bool) -> Assist:
    """`knows`: who reads it may read passages whole."""
    citations = msgspec.json.decode(row["citations"], type=list[Citation])
    state = AssistState(row["state"])
    failure = CallFailure(row["failure"]) if row["failure"] else None
    return Assist(
        id=row["id"],
        conversation_id=row["conversation_id"],
        what=AssistKind(row["what"]),
        language=AssistLanguage(row["language"]),
        state=state,
        failure=failure or (CallFailure.TIMED_OUT if state is AssistState.FAILED else None),
        note=AssistNote(row["note"]) if row["note"] else None,
        text=row["text"],
        citations=citations if knows else [msgspec.structs.replace(one, body="") for one in citations],
        labels=msgspec.json.decode(row["labels"] or "[]", type=list[LabelRef]),
        stale=row["stale"],
        created_at=row["created_at"],
        done_at=row["done_at"],
    )


# -- for workers -------------------------------------------------------------------------------------------------


async def begin(company_id: UUID, assist_id: UUID) -> Asked | None:
    """Takes it for one run; None: another one has it, or nobody waits for it any more."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        row = await w.fetchrow(_BEGIN, company_id, assist_id, LEASE, PATIENCE)
        if row is None:
            return None
        known = {**row, "what": AssistKind(row["what"]), "language": AssistLanguage(row["language"])}
        asked = Asked(**known)
        _tell(w, asked, AssistState.WRITING)
        return asked


async def write(company_id: UUID, asked: Asked, at: int, text: str) -> bool:
    """A piece, in place of everything from character `at` on. False: it was stopped, or another run has it."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        if not await w.fetchval(_PIECE, company_id, asked.id, asked.epoch, at, text, LEASE):
            return False
        _tell(w, asked, AssistState.WRITING, at, text)
        return True


async def finish(company_id: UUID, asked: Asked, written: Written, steps: object = None) -> bool:
    """The whole; `steps`: what a model was asked for it, None for none. False: it was stopped, or another run has it."""
    state = AssistState.DONE if written.failure is None else AssistState.FAILED
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        done = await w.fetchval(
            _FINISH,
            company_id,
            asked.id,
            asked.epoch,
            state.value,
            written.text,
            written.note and written.note.value,
            msgspec.json.encode(list(written.citations)).decode(),
            list(written.labels),
            written.failure and written.failure.value,
            None if steps is None else storable.encoded(steps),
        )
        if done:
            _tell(w, asked, state)
        return bool(done)


def _tell(w: Work, asked: Asked, state: AssistState, at: int = 0, text: str = "") -> None:
    w.emit(
        AssistProgress(
            assist_id=asked.id,
            conversation_id=asked.conversation_id,
            user_id=asked.asked_by,
            state=state.value,
            at=at,
            text=text,
        )
    )


async def forget_old(s: SystemWork) -> None:
    """Deletes them after a day, what is known of customers later; of that what a model was asked as soon as the company does not keep it."""
    await s.execute(
        f"delete from ai_assist where created_at < now() - case when what = '{AssistKind.CUSTOMER.value}' then $1::interval"
        " else $2::interval end",
        KEPT_OF_CUSTOMERS,
        KEPT,
    )
    await s.execute(
        f"update ai_assist a set steps = null where steps is not null and created_at < now() - {safety.kept('a')}",
        safety.TRACE_DAYS,
    )
