"""What a look would see of a talk that nobody had: boards that watch, a lead that stands in their first stage, and what they let the AI do.
Of a persona that is tried; nothing is kept of it, and nobody is named."""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from db.assistant.context import Said
from db.boards import fields as lead_fields
from db.boards.enums import LeadFieldKind, StageKind
from db.bookings import bookings
from db.cadences import enrolling
from db.clock import now
from db.ids import uuid7
from db.permissions import Permission
from db.personas.config import PersonaConfig
from db.proposals import allowed, checks, context, settings
from db.proposals import args as arguments
from db.proposals.allowed import MOST_TIMES, Allowed
from db.proposals.context import Context, Lead, LeadField, Persona, Stage
from db.proposals.enums import ProposalState
from db.proposals.enums import ProposalWhy as Why
from db.proposals.store import Proposed
from db.proposals.watch import Judging
from db.tenancy import worker
from db.work import Read, read

Who = Literal["customer", "assistant", "team"]
BOARDS = 2
_BOARDS = f"""
select b.id, b.name, b.currency, o.name as company, o.language, o.time_zone, o.country, (now() at time zone o.time_zone)::date as today
from board_ai a join board b on b.company_id = $1 and b.id = a.board_id and b.archived_at is null join company o on o.id = $1
where a.company_id = $1 and a.watching order by b.id limit {BOARDS}
"""


class Verdict(NamedTuple):
    state: ProposalState
    why: Why | None


async def contexts(
    company_id: UUID, persona_id: UUID, name: str, config: PersonaConfig, lines: Sequence[tuple[Who, str]]
) -> list[Context]:
    """One for each board that watches, the first ones. `lines`: who wrote, and what."""
    at = now()
    said = [Said(UUID(int=number), at, by, "text", text, None) for number, (by, text) in enumerate(lines, 1)]
    seen = judged([by for by, _text in lines])
    async with read(worker(company_id), Permission.CONVERSATIONS_READ) as r:
        who = Persona(persona_id, persona_id, name, context.forbidden(config))
        return [await _one(r, company_id, row, who, said, seen) for row in await r.fetch(_BOARDS, company_id)]


def judged(who: Sequence[Who]) -> UUID | None:
    """The line before the last ones of the customer: what was said until then was looked at when it was said. None: all is new."""
    before = len(who)
    while before and who[before - 1] == "customer":
        before -= 1
    return UUID(int=before) if before else None


async def _one(r: Read, company_id: UUID, row: asyncpg.Record, persona: Persona, said: list[Said], seen: UUID | None) -> Context:
    board_id, chosen = row["id"], await settings.of(r, company_id, row["id"])
    stages = await context.stages_of(r, company_id, board_id)
    first = next((one for one in stages if one.kind is StageKind.OPEN), None)
    there = await allowed.there(r, company_id, chosen.files)
    nobody = uuid7()
    entrances = await enrolling.entrances(r, company_id, chosen.cadence_ids, nobody)
    times = (await bookings.free_in(r, company_id, board_id))[:MOST_TIMES]
    return Context(
        judging=Judging(uuid7(), company_id, uuid7(), board_id, said[-1].id, seen, 0),
        board_name=row["name"],
        currency=row["currency"],
        settings=chosen,
        stages=stages,
        lost_reasons=[],
        fields=[
            LeadField(one["key"], one["label"], LeadFieldKind(one["kind"]), list(one["choices"]))
            for one in await lead_fields.fields_in(r, company_id, board_id)
        ],
        tags=await context.tags_of(r, company_id, board_id),
        people=await context.people_of(r, company_id),
        templates=await context.templates_of(r, company_id, chosen.template_ids, None),
        lead=None if first is None else _lead(first),
        leads=0 if first is None else 1,
        contact_id=nobody,
        contact_name="",
        channel_id=nobody,
        company=row["company"],
        language=row["language"],
        time_zone=row["time_zone"],
        region=row["country"],
        today=row["today"],
        persona=persona,
        allowed=Allowed(there, frozenset(), entrances, True, True, False, times, None),
        said=said,
        refused=[],
    )


def _lead(stage: Stage) -> Lead:
    return Lead(uuid7(), 1, "", stage.id, None, None, None, None, [], {}, now(), None)


def verdict(seen: Context, one: Proposed) -> Verdict:
    """What would become of it: as a real look decides."""
    given = None if one.wrong is not None else arguments.read(one.tool, one.args)
    if given is None:
        return Verdict(ProposalState.BLOCKED, one.wrong or Why.MALFORMED)
    evidence = checks.quoted(seen, one.evidence)
    if isinstance(evidence, Why):
        return Verdict(ProposalState.BLOCKED, evidence)
    found = checks.judge(seen, one.tool, given, evidence, one.confidence, checks.Facts(dictated=one.dictated))
    state = ProposalState.BLOCKED if found.blocked else ProposalState.APPLIED if found.alone else ProposalState.PROPOSED
    return Verdict(state, found.why)


def named(seen: Context, one: Proposed) -> str:
    """What it is about, by its name: a stage, a file, a template, a sequence, a person, a tag, a field with its value, a title or a sum."""
    given = one.args
    things: list[tuple[UUID, str]] = [
        *((each.id, each.name) for each in seen.stages),
        *((each.id, each.name) for each in seen.people),
        *((each.id, each.name) for each in seen.allowed.cadences),
        *((each.file_id, each.name) for each in seen.allowed.files),
        *((each.id, each.name) for each in seen.templates),
    ]
    for name in ("stage_id", "user_id", "cadence_id", "file_id", "template_id"):
        if name in given:
            return next((said for each, said in things if each == given[name]), "")
    if "key" in given:
        label = next((each.label for each in seen.fields if each.key == given["key"]), str(given["key"]))
        return f"{label}: {given['value']}"
    return str(given.get("tag") or given.get("title") or given.get("due_on") or "")
