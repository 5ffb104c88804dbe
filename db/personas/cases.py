"""Test cases of a persona: talks with what is expected of the answer; and running all of them, on the draft and on what serves."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db import versions
from db.errors import RequestError
from db.jobs import RunCase
from db.permissions import Permission
from db.personas import trials
from db.personas.enums import ModelPreset, TrialState
from db.personas.errors import PersonaError, PersonaField
from db.personas.events import PersonaTrialChanged
from db.personas.personas import doer, lock
from db.personas.serving import decode
from db.personas.trial import CaseExpectation, TrialLine, asks
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

MOST = 100
_SELECT = """
select id, persona_id, name, lines::text as lines, expect::text as expect, created_at, version from persona_case
where company_id = $1 and persona_id = $2
"""


async def cases(actor: Actor, persona_id: UUID) -> list[asyncpg.Record]:
    """Rows `id, persona_id, name, lines (JSON), expect (JSON), created_at, version`, oldest first. Raises NotFound."""
    async with read(actor, Permission.PERSONAS_READ) as r:
        await _there(r, actor.company_id, persona_id)
        return await r.fetch(f"{_SELECT} order by id", actor.company_id, persona_id)


async def _there(r: Read, company_id: UUID, persona_id: UUID) -> None:
    if not await r.fetchval(
        "select true from persona where company_id = $1 and id = $2 and deleted_at is null", company_id, persona_id
    ):
        raise RequestError.NOT_FOUND(what="persona")


async def _one(r: Read, company_id: UUID, persona_id: UUID, case_id: UUID, *, locked: bool = False) -> asyncpg.Record:
    row = await r.fetchrow(f"{_SELECT} and id = $3{' for update' if locked else ''}", company_id, persona_id, case_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="persona case")
    return row


def _checked(lines: Sequence[TrialLine]) -> str:
    if not asks(lines):
        raise RequestError.INVALID(fields=[PersonaField.CUSTOMER_LAST("lines")])
    return msgspec.json.encode(lines).decode()


async def create_case(
    actor: Actor, persona_id: UUID, *, name: str, lines: Sequence[TrialLine], expect: CaseExpectation
) -> asyncpg.Record:
    """Row as in `cases`. Raises NotFound, Invalid, Conflict `too_many_cases`."""
    said = _checked(lines)
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        await lock(w, persona_id)
        count = await w.fetchval(
            "select count(*) from persona_case where company_id = $1 and persona_id = $2", w.company_id, persona_id
        )
        if count >= MOST:
            raise PersonaError.TOO_MANY_CASES(most=MOST)
        case_id: UUID = await w.fetchval(
            "insert into persona_case(company_id, persona_id, name, lines, expect) values ($1, $2, $3, $4::jsonb, $5::jsonb)"
            " returning id",
            w.company_id,
            persona_id,
            name,
            said,
            msgspec.json.encode(expect).decode(),
        )
        w.audit("persona_case.created", case_id)
        _tell(w, persona_id)
        return await _one(w, w.company_id, persona_id, case_id)


async def change_case(
    actor: Actor, persona_id: UUID, case_id: UUID, *, expected: Expected = None, **given: Any
) -> asyncpg.Record:
    """Row as in `cases`. `given`: new values of name, lines, expect. Raises NotFound, PreconditionFailed, Invalid."""
    said = _checked(given["lines"]) if "lines" in given else None
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        before = await _one(w, w.company_id, persona_id, case_id, locked=True)
        versions.check(before["version"], expected)
        await w.execute(
            "update persona_case set name = coalesce($3, name), lines = coalesce($4::jsonb, lines), expect = coalesce($5::jsonb, expect),"
            " version = version + 1 where company_id = $1 and id = $2",
            w.company_id,
            case_id,
            given.get("name"),
            said,
            msgspec.json.encode(given["expect"]).decode() if "expect" in given else None,
        )
        w.audit("persona_case.changed", case_id)
        _tell(w, persona_id)
        return await _one(w, w.company_id, persona_id, case_id)


async def delete_case(actor: Actor, persona_id: UUID, case_id: UUID, *, expected: Expected = None) -> None:
    """Runs that there were keep what they found. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        before = await _one(w, w.company_id, persona_id, case_id, locked=True)
        versions.check(before["version"], expected)
        await w.execute("delete from persona_case where company_id = $1 and id = $2", w.company_id, case_id)
        w.audit("persona_case.deleted", case_id)
        _tell(w, persona_id)


def _tell(w: Work, persona_id: UUID) -> None:
    w.emit(PersonaTrialChanged(persona_id=persona_id, trial_id=None, run_id=None))


_RUN = """
select n.id, n.persona_id, n.created_at, n.model, n.model = ''
    and not exists (select from persona_trial t join persona_version v on v.company_id = $1 and v.id = p.published_id
        where t.company_id = $1 and t.run_id = n.id and t.published and t.config <> v.config)
    and not exists (select from persona_trial t where t.company_id = $1 and t.run_id = n.id and not t.published and t.config <> p.draft)
    and exists (select from persona_trial t where t.company_id = $1 and t.run_id = n.id and t.published) = (p.published_id is not null)
    and not exists (select from persona_case k where k.company_id = $1 and k.persona_id = $2 and not exists (select from persona_trial t
        where t.company_id = $1 and t.run_id = n.id and t.case_id = k.id and t.lines = k.lines and t.expect = k.expect)) as is_current
from persona_run n join persona p on p.company_id = n.company_id and p.id = n.persona_id where n.company_id = $1 and n.persona_id = $2
"""


async def start_run(actor: Actor, persona_id: UUID, model: str = "") -> tuple[asyncpg.Record, list[asyncpg.Record]]:
    """A run of all cases on the draft and, where it differs, on what serves; with `model` on what serves, with that model and with its
    own. Its row `id, persona_id, created_at, model, is_current` (it ran the cases as they are on both documents as they are) and its
    trials. Raises NotFound, Conflict `no_cases`, `run_under_way`, `never_published`."""
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        before = await lock(w, persona_id)
        found = await w.fetch(f"{_SELECT} order by id", w.company_id, persona_id)
        if not found:
            raise PersonaError.NO_CASES()
        if await w.fetchval(
            "select true from persona_trial where company_id = $1 and persona_id = $2 and run_id is not null and state = $3 limit 1",
            w.company_id,
            persona_id,
            TrialState.WAITING.value,
        ):
            raise PersonaError.RUN_UNDER_WAY()
        configs = {False: before["draft"]}
        if before["published_id"] is not None or model:
            configs[True] = await trials.config_of(w, persona_id, published=True)
        if model:
            configs[False] = _with_model(configs[True], model)
        run_id: UUID = await w.fetchval(
            "insert into persona_run(company_id, persona_id, created_by, model) values ($1, $2, $3, $4) returning id",
            w.company_id,
            persona_id,
            doer(w),
            model,
        )
        for case in found:
            for published, config in configs.items():
                trial_id = await trials.insert(
                    w,
                    persona_id,
                    config,
                    trials.lines_of.decode(case["lines"]),
                    published=published,
                    run_id=run_id,
                    case_id=case["id"],
                    case_name=case["name"],
                    expect=trials.expected_of.decode(case["expect"]),
                )
                w.enqueue(RunCase(trial_id=trial_id))
        w.audit("persona.cases_run", persona_id, cases=len(found), model=model)
        w.emit(PersonaTrialChanged(persona_id=persona_id, trial_id=None, run_id=run_id))
        return await _run(w, w.company_id, persona_id, run_id)


def _with_model(config: str, name: str) -> str:
    """The same document with a model by name; how long that one thinks is its own affair."""
    document = decode.decode(config)
    model = msgspec.structs.replace(document.model, preset=ModelPreset.CUSTOM, name=name, effort=None)
    return msgspec.json.encode(msgspec.structs.replace(document, model=model)).decode()


async def run(actor: Actor, persona_id: UUID, run_id: UUID) -> tuple[asyncpg.Record, list[asyncpg.Record]]:
    """As from `start_run`. Raises NotFound."""
    async with read(actor, Permission.PERSONAS_READ) as r:
        return await _run(r, actor.company_id, persona_id, run_id)


async def last_run(actor: Actor, persona_id: UUID, *, draft: bool = False) -> list[asyncpg.Record]:
    """The newest run's row, or nothing. `draft`: of those without a model, which say what the draft changes. Raises NotFound."""
    which = " and n.model = ''" if draft else ""
    async with read(actor, Permission.PERSONAS_READ) as r:
        await _there(r, actor.company_id, persona_id)
        return await r.fetch(f"{_RUN}{which} order by n.id desc limit 1", actor.company_id, persona_id)


async def _run(r: Read, company_id: UUID, persona_id: UUID, run_id: UUID) -> tuple[asyncpg.Record, list[asyncpg.Record]]:
    row = await r.fetchrow(f"{_RUN} and n.id = $3", company_id, persona_id, run_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="persona run")
    found = await r.fetch(
        f"select {trials.COLUMNS} from persona_trial where company_id = $1 and run_id = $2 order by id", company_id, run_id
    )
    return row, found
