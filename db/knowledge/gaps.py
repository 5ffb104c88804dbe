"""What was asked and not found: similar questions in one gap, which an answer or a dismissal closes."""

import re
import unicodedata
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db import storable
from db.errors import RequestError
from db.knowledge.bases import lock, must_exist
from db.knowledge.enums import BaseLanguage, GapState
from db.knowledge.errors import KnowledgeError
from db.knowledge.events import KnowledgeGapsChanged
from db.knowledge.sources import Source, typed_answer
from db.knowledge.store import CONFIGS
from db.permissions import Permission
from db.subjects import Subject
from db.tenancy import Actor
from db.work import Work, read, work

SIMILAR = 0.5  # of all their words two questions share
MOST_OPEN = 500  # of one base; the one that was asked longest ago gives way
KEPT = 5  # questions of one gap, as they were asked
LONGEST = 500


Key = tuple[datetime, UUID]


class Gap(NamedTuple):
    """`questions`: the last ones, newest first, as they were asked; `conversation_id`: where the newest was."""

    id: UUID
    base_id: UUID
    questions: list[str]
    times: int
    conversation_id: UUID | None
    state: GapState
    source_id: UUID | None
    created_at: datetime
    last_at: datetime


_SELECT = "select id, base_id, questions, times, conversation_id, state, source_id, created_at, last_at from knowledge_gap where company_id = $1"
_NEAREST = """
select g.id from knowledge_gap g, lateral (select count(*) as n from unnest(g.lexemes) l where l = any($3::text[])) x
where g.company_id = $1 and g.base_id = $2 and g.state = 'open'
    and x.n >= $4::float8 * (cardinality(g.lexemes) + cardinality($3::text[]) - x.n)
order by x.n::float8 / (cardinality(g.lexemes) + cardinality($3::text[]) - x.n) desc, g.last_at desc limit 1
"""


def _gap(row: asyncpg.Record) -> Gap:
    return Gap(**{**row, "state": GapState(row["state"])})


async def note_gap(w: Work, base_id: UUID, question: str, conversation_id: UUID | None) -> None:
    """A question found no evidence in this base. Harmless for a base that is gone."""
    asked = " ".join(storable.text(question, LONGEST).split())
    language = await w.fetchval(
        "select language from knowledge_base where company_id = $1 and id = $2 for no key update", w.company_id, base_id
    )
    if language is None:
        return
    lexemes = await w.fetchval(
        "select tsvector_to_array(to_tsvector($1::text::regconfig, $2))", CONFIGS[BaseLanguage(language)], asked
    ) or sorted(set(_plain(asked).split()))
    if not lexemes:
        return
    gap_id = await w.fetchval(_NEAREST, w.company_id, base_id, lexemes, SIMILAR)
    if gap_id is None:
        await w.execute(
            "insert into knowledge_gap(company_id, base_id, lexemes, questions, conversation_id) values ($1, $2, $3, array[$4], $5)",
            w.company_id,
            base_id,
            lexemes,
            asked,
            conversation_id,
        )
        await w.execute(
            "delete from knowledge_gap where company_id = $1 and id in (select id from knowledge_gap where company_id = $1"
            " and base_id = $2 and state = 'open' order by last_at desc offset $3)",
            w.company_id,
            base_id,
            MOST_OPEN,
        )
    else:
        await w.execute(
            "update knowledge_gap set times = times + 1, last_at = clock_timestamp(), conversation_id = coalesce($4, conversation_id),"
            " questions = (array[$3] || array_remove(questions, $3))[:$5] where company_id = $1 and id = $2",
            w.company_id,
            gap_id,
            asked,
            conversation_id,
            KEPT,
        )
    w.emit(KnowledgeGapsChanged(base_id=base_id))


def _plain(text: str) -> str:
    return re.sub(r"[^\w\s]", " ", unicodedata.normalize("NFKC", text).casefold())


async def gaps(actor: Actor, base_id: UUID, *, state: GapState, after: Key | None, limit: int) -> list[Gap]:
    """The one asked last first. Raises NotFound."""
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        await must_exist(r, actor.company_id, base_id)
        rows = await r.fetch(
            f"{_SELECT} and base_id = $2 and state = $3 and ($4::timestamptz is null or (last_at, id) < ($4, $5::uuid))"
            " order by last_at desc, id desc limit $6",
            actor.company_id,
            base_id,
            state.value,
            *(after or (None, None)),
            limit,
        )
        return [_gap(row) for row in rows]


async def answer_gap(actor: Actor, gap_id: UUID, answer: str, question: str | None = None) -> Source:
    """Makes a question with its answer of it; `question` instead of how it was asked last. Raises NotFound, Invalid, Conflict
    `gap_closed`, `too_many_sources`, `knowledge_base_full`."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        base_id = await w.fetchval("select base_id from knowledge_gap where company_id = $1 and id = $2", w.company_id, gap_id)
        if base_id is None:
            raise RequestError.NOT_FOUND(what="knowledge_gap")
        await lock(w, base_id)  # before the gap, as who notes one does
        gap = await _locked(w, gap_id)
        source = await typed_answer(w, base_id, question or gap.questions[0][:300], answer)
        await _close(w, gap, GapState.ANSWERED, source.id)
        return source


async def dismiss_gap(actor: Actor, gap_id: UUID) -> Gap:
    """It is no question for this base. Raises NotFound, Conflict `gap_closed`."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        await _close(w, await _locked(w, gap_id), GapState.DISMISSED, None)
        row = await w.fetchrow(f"{_SELECT} and id = $2", w.company_id, gap_id)
        assert row is not None
        return _gap(row)


async def _locked(w: Work, gap_id: UUID) -> Gap:
    row = await w.fetchrow(f"{_SELECT} and id = $2 for update", w.company_id, gap_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="knowledge_gap")
    if row["state"] != GapState.OPEN:
        raise KnowledgeError.GAP_CLOSED()
    return _gap(row)


async def _close(w: Work, gap: Gap, state: GapState, source_id: UUID | None) -> None:
    await w.execute(
        "update knowledge_gap set state = $3, source_id = $4 where company_id = $1 and id = $2",
        w.company_id,
        gap.id,
        state.value,
        source_id,
    )
    w.audit(f"knowledge_gap.{state.value}", gap.id)
    w.emit(KnowledgeGapsChanged(base_id=gap.base_id))


async def erase(w: Work, person: Subject, most: int) -> dict[str, int]:
    """Deletes some questions that a person who is erased asked last; what others ask too turns up again. Rows by table."""
    return {
        "knowledge_gap": await w.execute(
            "delete from knowledge_gap where company_id = $1 and id in (select id from knowledge_gap where company_id = $1"
            " and conversation_id = any($2::uuid[]) limit $3)",
            w.company_id,
            person.conversation_ids,
            most,
        )
    }
