"""Trying personas over HTTP: the playground, test cases, and running all of them."""

from typing import Any
from uuid import UUID

import asyncpg
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.personas import (
    PersonaCase,
    PersonaCaseCreate,
    PersonaCasePatch,
    PersonaRun,
    PersonaRunStart,
    PersonaTrial,
    PersonaTry,
)
from api.pagination import struct
from api.versions import IfMatch
from db.personas import cases, trials

TALK_LIMIT = 512 * 1024  # bytes


def _trial(row: asyncpg.Record) -> PersonaTrial:
    return struct(
        row,
        PersonaTrial,
        lines=trials.lines_of.decode(row["lines"]),
        answer=None if row["answer"] is None else trials.answer_of.decode(row["answer"]),
        missed=None if row["missed"] is None else trials.misses_of.decode(row["missed"]),
    )


def _case(row: asyncpg.Record) -> PersonaCase:
    return struct(row, PersonaCase, lines=trials.lines_of.decode(row["lines"]), expect=trials.expected_of.decode(row["expect"]))


def _run(found: tuple[asyncpg.Record, list[asyncpg.Record]]) -> PersonaRun:
    return struct(found[0], PersonaRun, trials=[_trial(row) for row in found[1]])


class PersonaTrialController(Controller):
    path = "/v1/personas/{persona_id:uuid}"
    tags = ("Personas",)

    @post(
        "/trials",
        status_code=202,
        request_max_body_size=TALK_LIMIT,
        summary="Talk to a persona",
        description="Its draft, unless `published`. The answer comes later: `persona.trial` tells when. Nobody is sent anything. Needs "
        "`personas:write`, as models cost money. 409 `never_published`, `too_many_trials`.",
    )
    async def try_persona(self, actor: Caller, persona_id: FromPath[UUID], data: JSONBody[PersonaTry]) -> PersonaTrial:
        return _trial(await trials.try_out(actor, persona_id, data.lines, published=data.published))

    @get("/trials/{trial_id:uuid}", summary="Get an answer that was tried", description="Kept for 30 days.")
    async def get_trial(self, actor: Caller, persona_id: FromPath[UUID], trial_id: FromPath[UUID]) -> PersonaTrial:
        return _trial(await trials.trial(actor, persona_id, trial_id))

    @get("/cases", summary="List a persona's test cases", description="Oldest first. A persona has at most 100.")
    async def list_cases(self, actor: Caller, persona_id: FromPath[UUID]) -> Page[PersonaCase]:
        rows = await cases.cases(actor, persona_id)
        return Page(items=[_case(row) for row in rows], total=len(rows))

    @post(
        "/cases",
        request_max_body_size=TALK_LIMIT,
        summary="Make a test case",
        description="A talk, and what its answer must be. 409 `too_many_cases`.",
    )
    async def create_case(self, actor: Caller, persona_id: FromPath[UUID], data: JSONBody[PersonaCaseCreate]) -> PersonaCase:
        return _case(await cases.create_case(actor, persona_id, name=data.name, lines=data.lines, expect=data.expect))

    @patch(
        "/cases/{case_id:uuid}",
        opt={"versioned": True},
        request_max_body_size=TALK_LIMIT,
        summary="Change a test case",
        description="What is left out stays. 412 when somebody else changed it.",
    )
    async def change_case(
        self,
        actor: Caller,
        persona_id: FromPath[UUID],
        case_id: FromPath[UUID],
        data: JSONBody[PersonaCasePatch],
        expected: IfMatch,
    ) -> PersonaCase:
        given: dict[str, Any] = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
        return _case(await cases.change_case(actor, persona_id, case_id, expected=expected, **given))

    @delete(
        "/cases/{case_id:uuid}",
        opt={"versioned": True},
        summary="Delete a test case",
        description="Runs keep what they found. 412 when somebody else changed it.",
    )
    async def delete_case(self, actor: Caller, persona_id: FromPath[UUID], case_id: FromPath[UUID], expected: IfMatch) -> None:
        await cases.delete_case(actor, persona_id, case_id, expected=expected)

    @post(
        "/runs",
        status_code=202,
        summary="Run all test cases",
        description="On the draft and on what serves, so that one sees what changes; with `model` on what serves, with that model and with its "
        "own. Without a body as with an empty one. 409 `no_cases`, `run_under_way`, and with a model `never_published`.",
    )
    async def start_run(
        self, actor: Caller, persona_id: FromPath[UUID], data: JSONBody[PersonaRunStart | None] = None
    ) -> PersonaRun:
        return _run(await cases.start_run(actor, persona_id, data.model if data is not None else ""))

    @get(
        "/runs",
        summary="The newest run of test cases",
        description="Without its trials; none before the first. With `draft` the newest of those that were not asked for with a `model`.",
    )
    async def list_runs(self, actor: Caller, persona_id: FromPath[UUID], draft: FromQuery[bool] = False) -> Page[PersonaRun]:
        rows = await cases.last_run(actor, persona_id, draft=draft)
        return Page(items=[struct(row, PersonaRun, trials=[]) for row in rows], total=len(rows))

    @get("/runs/{run_id:uuid}", summary="Get a run of test cases", description="As far as it is.")
    async def get_run(self, actor: Caller, persona_id: FromPath[UUID], run_id: FromPath[UUID]) -> PersonaRun:
        return _run(await cases.run(actor, persona_id, run_id))
