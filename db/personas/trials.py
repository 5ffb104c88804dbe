"""Playground: an answer of a persona's draft to a talk, composed by a worker and sent to nobody."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.ai.enums import Purpose
from db.ai.ledger import About
from db.clock import now
from db.errors import RequestError
from db.jobs import RunCase, TryPersona
from db.permissions import Permission
from db.personas.config import PersonaConfig
from db.personas.enums import TrialState
from db.personas.errors import PersonaError, PersonaField
from db.personas.events import PersonaTrialChanged, PersonaTrialProgress
from db.personas.personas import doer, lock
from db.personas.serving import decode
from db.personas.trial import CaseExpectation, CaseMiss, TrialAnswer, TrialLine, asks, missed
from db.tenancy import Actor, worker
from db.work import Read, SystemWork, Work, read, work

MOST_WAITING = 5
"""Of a persona's playground at once."""
KEPT = timedelta(days=30)
lines_of: msgspec.json.Decoder[list[TrialLine]] = msgspec.json.Decoder(list[TrialLine])
answer_of: msgspec.json.Decoder[TrialAnswer] = msgspec.json.Decoder(TrialAnswer)
misses_of: msgspec.json.Decoder[list[CaseMiss]] = msgspec.json.Decoder(list[CaseMiss])
expected_of: msgspec.json.Decoder[CaseExpectation] = msgspec.json.Decoder(CaseExpectation)

COLUMNS = """
id, persona_id, run_id, case_id, case_name, published, state, lines::text as lines, answer::text as answer, missed::text as missed,
    created_at, done_at
"""


async def try_out(actor: Actor, persona_id: UUID, lines: Sequence[TrialLine], *, published: bool) -> asyncpg.Record:
    """Row of `COLUMNS`: waiting, until a worker has the answer. Raises NotFound, Invalid, Conflict `never_published`,
    `too_many_trials`."""
    if not asks(lines):
        raise RequestError.INVALID(fields=[PersonaField.CUSTOMER_LAST("lines")])
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        config = await config_of(w, persona_id, published=published)
        waiting = await w.fetchval(
            "select count(*) from persona_trial where company_id = $1 and persona_id = $2 and run_id is null and state = $3",
            w.company_id,
            persona_id,
            TrialState.WAITING.value,
        )
        if waiting >= MOST_WAITING:
            raise PersonaError.TOO_MANY_TRIALS(most=MOST_WAITING)
        trial_id = await insert(w, persona_id, config, lines, published=published, asked_by=doer(w))
        w.enqueue(TryPersona(trial_id=trial_id))
        w.audit("persona.tried", persona_id)
        return await _one(w, w.company_id, persona_id, trial_id)


async def config_of(w: Work, persona_id: UUID, *, published: bool) -> str:
    """The document that is tried, as JSON; the persona stands still. Raises NotFound, Conflict `never_published`."""
    before = await lock(w, persona_id)
    if not published:
        return str(before["draft"])
    if before["published_id"] is None:
        raise PersonaError.NEVER_PUBLISHED()
    config: str = await w.fetchval(
        "select config::text from persona_version where company_id = $1 and id = $2", w.company_id, before["published_id"]
    )
    return config


async def insert(
    w: Work,
    persona_id: UUID,
    config: str,
    lines: Sequence[TrialLine],
    *,
    published: bool,
    run_id: UUID | None = None,
    case_id: UUID | None = None,
    case_name: str = "",
    expect: CaseExpectation | None = None,
    asked_by: UUID | None = None,
) -> UUID:
    """The id of a trial that waits. `asked_by`: who sees it while it is written."""
    trial_id: UUID = await w.fetchval(
        "insert into persona_trial(company_id, persona_id, config, lines, published, run_id, case_id, case_name, expect,"
        " asked_by) values ($1, $2, $3::jsonb, $4::jsonb, $5, $6, $7, $8, $9::jsonb, $10) returning id",
        w.company_id,
        persona_id,
        config,
        msgspec.json.encode(lines).decode(),
        published,
        run_id,
        case_id,
        case_name,
        None if expect is None else msgspec.json.encode(expect).decode(),
        asked_by,
    )
    return trial_id


async def trial(actor: Actor, persona_id: UUID, trial_id: UUID) -> asyncpg.Record:
    """Raises NotFound."""
    async with read(actor, Permission.PERSONAS_READ) as r:
        return await _one(r, actor.company_id, persona_id, trial_id)


async def _one(r: Read, company_id: UUID, persona_id: UUID, trial_id: UUID) -> asyncpg.Record:
    row = await r.fetchrow(
        f"select {COLUMNS} from persona_trial where company_id = $1 and persona_id = $2 and id = $3",
        company_id,
        persona_id,
        trial_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="persona trial")
    return row


class Waiting(NamedTuple):
    """What a worker needs to compose the answer."""

    id: UUID
    persona_id: UUID
    name: str
    config: PersonaConfig
    lines: list[TrialLine]
    company: str
    time_zone: str
    asked_by: UUID | None


async def waiting(company_id: UUID, trial_id: UUID) -> Waiting | None:
    """None: it is over, or gone."""
    async with read(worker(company_id), Permission.PERSONAS_READ) as r:
        row = await r.fetchrow(
            "select t.persona_id, p.name, t.config::text as config, t.lines::text as lines, t.asked_by, c.name as company, c.time_zone"
            " from persona_trial t join persona p on p.company_id = t.company_id and p.id = t.persona_id"
            " join company c on c.id = t.company_id where t.company_id = $1 and t.id = $2 and t.state = $3",
            company_id,
            trial_id,
            TrialState.WAITING.value,
        )
    if row is None:
        return None
    config = decode.decode(row["config"])
    name = config.identity.display_name or row["name"]
    lines = lines_of.decode(row["lines"])
    return Waiting(trial_id, row["persona_id"], name, config, lines, row["company"], row["time_zone"], row["asked_by"])


def about(found: Waiting) -> About:
    """As the ledger books its calls: by the trial, so that its cost is known. The persona's own limits are for those whom it serves."""
    return About(purpose=Purpose.PLAYGROUND, persona_id=found.persona_id, turn_id=found.id)


async def write(company_id: UUID, found: Waiting, at: int, text: str) -> bool:
    """Tells who asked what is written, from character `at` on. Nothing of it is kept: the whole comes last. False: it is over."""
    if found.asked_by is None:
        return True
    async with work(worker(company_id), Permission.PERSONAS_WRITE) as w:
        waits: bool | None = await w.fetchval(
            "select true from persona_trial where company_id = $1 and id = $2 and state = $3",
            company_id,
            found.id,
            TrialState.WAITING.value,
        )
        if waits:
            w.emit(PersonaTrialProgress(persona_id=found.persona_id, trial_id=found.id, user_id=found.asked_by, at=at, text=text))
    return bool(waits)


async def keep(company_id: UUID, trial_id: UUID, answer: TrialAnswer | None) -> None:
    """What came of it, once; None: nothing, by a fault of ours. The cost is what the ledger booked for it."""
    async with work(worker(company_id), Permission.PERSONAS_WRITE) as w:
        row = await w.fetchrow(
            "select persona_id, run_id, expect::text as expect, created_at from persona_trial"
            " where company_id = $1 and id = $2 and state = $3 for update",
            company_id,
            trial_id,
            TrialState.WAITING.value,
        )
        if row is None:
            return
        if answer is not None:
            cost = await w.fetchval(
                "select case when bool_and(cost is not null) then sum(cost) end::bigint from ai_usage"
                " where company_id = $1 and at >= $3 and turn_id = $2",
                company_id,
                trial_id,
                row["created_at"],
            )
            answer = msgspec.structs.replace(answer, cost_micro=cost)
        found = None
        if answer is not None and row["expect"] is not None:
            found = msgspec.json.encode(missed(expected_of.decode(row["expect"]), answer)).decode()
        state = TrialState.FAILED if answer is None else TrialState.DONE
        await w.execute(
            "update persona_trial set state = $3, answer = $4::jsonb, missed = $5::jsonb, done_at = $6 where company_id = $1 and id = $2",
            company_id,
            trial_id,
            state.value,
            None if answer is None else msgspec.json.encode(answer).decode(),
            found,
            now(),
        )
        w.emit(PersonaTrialChanged(persona_id=row["persona_id"], trial_id=trial_id, run_id=row["run_id"]))


async def give_up(company_id: UUID, job: TryPersona | RunCase, reason: str) -> None:
    await keep(company_id, job.trial_id, None)


async def forget_old(s: SystemWork) -> None:
    """Deletes talks after 30 days."""
    await s.execute("delete from persona_trial where created_at < now() - $1::interval", KEPT)
