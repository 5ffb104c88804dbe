"""How far the steps of a number that is set up are, for the job that asks for them: one at a time, written down before anything is asked.

`asked_at` stands while nobody knows what became of a request: it is looked up then, and asked again only after it was surely not found.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.channels import actions as channels
from db.channels import forms
from db.channels.errors import ChannelError
from db.clock import now
from db.crypto import ring
from db.errors import AppError
from db.jobs import CheckChannel
from db.providers import registry
from db.telephony.enums import SetupAccess, SetupState, SetupStep, StepState
from db.telephony.errors import SetupFailure
from db.telephony.events import PhoneSetupChanged
from db.telephony.setups import Offer, Speaker, Wanted, keep_secrets
from db.work import Read, Work

LOOKS = timedelta(minutes=2)
"""So long a request whose answer was lost is looked for."""
LOOKS_PLAYED = timedelta(seconds=5)
"""The same of the simulator."""


class Plan(NamedTuple):
    """What is wanted, secrets opened; "" where there is none yet."""

    setup_id: UUID
    kind: str
    carrier: str
    name: str
    sandbox: bool
    access: SetupAccess
    account_id: str
    carrier_secret: str
    voice_secret: str
    trunk_secret: str
    channel_id: UUID
    number: str
    agent_id: str
    bought: bool  # its price was agreed to; otherwise the account has it

    def __repr__(self) -> str:
        return f"Plan({self.setup_id})"


class Todo(NamedTuple):
    """One step to do, or to take back. `asked_at`: of a request of which nobody knows what became. `made`: the provider's id of what was made
    here, which undoing deletes."""

    plan: Plan
    step: SetupStep
    back: bool
    epoch: int
    asked_at: datetime | None
    made: str | None

    @property
    def looked_for(self) -> bool:
        """Long enough to say that it is not there."""
        horizon = LOOKS_PLAYED if self.plan.sandbox else LOOKS
        return self.asked_at is not None and now() - self.asked_at > horizon


async def plan(r: Read, setup_id: UUID) -> Plan | None:
    """Raises SealBroken."""
    assert r.actor is not None
    company_id = r.actor.company_id
    row = await r.fetchrow(
        "select id, kind, carrier, name, sandbox, access, account_id, carrier_secret, voice_secret, trunk_secret, channel_id, number, agent_id,"
        " price_cents is not null as bought from phone_setup where company_id = $1 and id = $2",
        company_id,
        setup_id,
    )
    if row is None:
        return None
    carrier_secret, voice_secret, trunk_secret = (
        ""
        if row[column] is None
        else ring().open(row[column], company_id=company_id, table="phone_setup", column=column, row_id=setup_id)
        for column in ("carrier_secret", "voice_secret", "trunk_secret")
    )
    return Plan(
        row["id"],
        row["kind"],
        row["carrier"],
        row["name"],
        row["sandbox"],
        SetupAccess(row["access"]),
        row["account_id"],
        carrier_secret,
        voice_secret,
        trunk_secret,
        row["channel_id"],
        row["number"] or "",
        row["agent_id"] or "",
        row["bought"],
    )


async def wanted(r: Read, setup_id: UUID) -> Wanted | None:
    """What is looked for."""
    assert r.actor is not None
    kept = await r.fetchval("select search from phone_setup where company_id = $1 and id = $2", r.actor.company_id, setup_id)
    return None if kept is None else msgspec.json.decode(kept, type=Wanted)


async def keep_accounts(w: Work, setup_id: UUID, account_id: str, carrier_secret: str, voice_secret: str) -> None:
    """Of the simulator, which made them."""
    await w.execute(
        "update phone_setup set account_id = $3 where company_id = $1 and id = $2", w.company_id, setup_id, account_id
    )
    await keep_secrets(w, setup_id, carrier_secret, voice_secret)


async def found(w: Work, setup_id: UUID, offers: list[Offer], agents: list[Speaker]) -> None:
    """What the accounts have, and what could be bought."""
    await w.execute(
        "update phone_setup set searching = false, searched_at = now(), failure = null, detail = null, offers = $3::jsonb, agents = $4::jsonb"
        " where company_id = $1 and id = $2 and state = 'choosing'",
        w.company_id,
        setup_id,
        msgspec.json.encode(offers).decode(),
        msgspec.json.encode(agents).decode(),
    )
    w.emit(PhoneSetupChanged(setup_id=setup_id))


async def not_found(w: Work, setup_id: UUID, failure: SetupFailure, detail: str = "") -> None:
    """The search failed; what was found before stays."""
    await w.execute(
        "update phone_setup set searching = false, failure = $3, detail = $4 where company_id = $1 and id = $2 and state = 'choosing'",
        w.company_id,
        setup_id,
        failure.value,
        detail[:500] or None,
    )
    w.emit(PhoneSetupChanged(setup_id=setup_id))


async def begin(w: Work, setup_id: UUID) -> Todo | None:
    """The next step, which is this run's from now on; None: nothing is to be done any more."""
    row = await w.fetchrow(
        "select state, undo_to from phone_setup where company_id = $1 and id = $2 for update", w.company_id, setup_id
    )
    known = None if row is None else await plan(w, setup_id)
    if row is None or known is None or row["state"] not in (SetupState.WORKING, SetupState.UNDOING):
        return None
    back = row["state"] == SetupState.UNDOING
    if back:
        sql = "position >= $3 and (state <> 'waiting' or asked_at is not null) order by position desc"
    else:
        sql = "position > $3 and state <> 'done' order by position"
    step = await w.fetchrow(
        f"select position, step, asked_at, ours, ref, epoch from phone_setup_step where company_id = $1 and setup_id = $2 and {sql} limit 1",
        w.company_id,
        setup_id,
        row["undo_to"] if back else 0,
    )
    if step is None:
        await _over(w, setup_id, back=back)
        return None
    await w.execute(
        "update phone_setup_step set state = $4, epoch = epoch + 1, changed_at = now() where company_id = $1 and setup_id = $2 and position = $3",
        w.company_id,
        setup_id,
        step["position"],
        (StepState.UNDOING if back else StepState.DOING).value,
    )
    w.emit(PhoneSetupChanged(setup_id=setup_id))
    made = step["ref"] if step["ours"] else None
    return Todo(known, SetupStep(step["step"]), back, step["epoch"] + 1, step["asked_at"], made)


async def asking(w: Work, todo: Todo) -> bool:
    """It is asked for now: from here on nobody knows what became of it until that is written. False: another run has the step."""
    return await _step(w, todo, "asked_at = now()") == 1


async def not_asked(w: Work, todo: Todo) -> None:
    """It surely did not get there."""
    await _step(w, todo, "asked_at = null")


async def done(w: Work, todo: Todo, ref: str, ours: bool) -> None:
    await _step(w, todo, "state = 'done', asked_at = null, failure = null, detail = null, ref = $5, ours = $6", ref, ours)
    w.emit(PhoneSetupChanged(setup_id=todo.plan.setup_id))


async def taken_back(w: Work, todo: Todo) -> None:
    await _step(w, todo, "state = 'waiting', asked_at = null, failure = null, detail = null, ref = null, ours = false")
    w.emit(PhoneSetupChanged(setup_id=todo.plan.setup_id))


async def unsure(w: Work, todo: Todo, detail: str = "") -> None:
    """Nobody knows; it is looked up again."""
    sql = "state = 'unknown', failure = $6, detail = coalesce($5, detail)"
    await _step(w, todo, sql, detail[:500] or None, SetupFailure.UNSURE.value)
    w.emit(PhoneSetupChanged(setup_id=todo.plan.setup_id))


async def failed(w: Work, todo: Todo, failure: SetupFailure, detail: str = "", *, asked: bool = False) -> None:
    """It surely was not done, or not taken back; `asked`: a request of before may still have been. A person decides how it goes on."""
    sql = "state = 'failed', failure = $5, detail = $6, asked_at = case when $7 then asked_at end"
    if await _step(w, todo, sql, failure.value, detail[:500] or None, asked):
        await _stop(w, todo.plan.setup_id)
        w.audit("phone_setup.failed", todo.plan.setup_id, step=todo.step.value, failure=failure.value)


async def give_up(w: Work, setup_id: UUID) -> None:
    """Its job is not tried again: what it was about stays as it is, and somebody is told."""
    row = await w.fetchrow(
        "update phone_setup_step set state = case when asked_at is null then 'failed' else 'unknown' end,"
        " failure = case when asked_at is null then 'setup_no_answer' else 'unsure' end, epoch = epoch + 1, changed_at = now()"
        " where company_id = $1 and setup_id = $2 and state in ('doing', 'undoing', 'unknown') returning step",
        w.company_id,
        setup_id,
    )
    await _stop(w, setup_id)
    if row is not None:
        w.audit("phone_setup.failed", setup_id, step=row["step"], failure=SetupFailure.NO_ANSWER.value)


async def connect(w: Work, todo: Todo, values: forms.Values) -> None:
    """The number becomes a channel, to be checked; nothing at a second run. Raises Conflict `channel_exists`."""
    known = todo.plan
    provider = registry.provider(known.kind)
    given = forms.filled(provider.form, values)
    if not await channels.brought_back_in(w, known.channel_id, str(given["token"]), str(given["signing_secret"])):
        await channels.connected_in(
            w,
            known.channel_id,
            provider,
            sandbox=known.sandbox,
            name=known.name,
            account_id=str(given["account_id"]),
            external_id=str(given["external_id"]),
            portfolio_id=str(given["portfolio_id"]),
            number=known.number,
            token=str(given["token"]),
            signing_secret=str(given["signing_secret"]),
        )
    w.enqueue(CheckChannel(channel_id=known.channel_id))
    await done(w, todo, str(known.channel_id), True)


async def disconnect(w: Work, todo: Todo) -> None:
    """Raises Conflict `channel_in_use`."""
    try:
        await channels.archive_in(w, todo.plan.channel_id)
    except AppError as error:
        if error.code is ChannelError.CHANNEL_IN_USE:
            raise
    await taken_back(w, todo)


async def _step(w: Work, todo: Todo, sql: str, *values: object) -> int:
    return await w.execute(
        f"update phone_setup_step set {sql}, changed_at = now() where company_id = $1 and setup_id = $2 and step = $3 and epoch = $4",
        w.company_id,
        todo.plan.setup_id,
        todo.step.value,
        todo.epoch,
        *values,
    )


async def _stop(w: Work, setup_id: UUID) -> None:
    await w.execute(
        "update phone_setup set state = 'stopped' where company_id = $1 and id = $2 and state in ('working', 'undoing')",
        w.company_id,
        setup_id,
    )
    w.emit(PhoneSetupChanged(setup_id=setup_id))


async def _over(w: Work, setup_id: UUID, *, back: bool) -> None:
    """Everything is done, or taken back as far as was asked: with its first step it is to be chosen anew, and another number will be another
    channel, whose account the simulator makes anew."""
    if not back:
        await w.execute("update phone_setup set state = 'done' where company_id = $1 and id = $2", w.company_id, setup_id)
        w.audit("phone_setup.finished", setup_id)
    elif await w.fetchval("select undo_to from phone_setup where company_id = $1 and id = $2", w.company_id, setup_id) == 1:
        await w.execute(
            "update phone_setup set state = 'choosing', undo_to = null, number = null, agent_id = null, price_cents = null, currency = null,"
            " offers = '[]', searched_at = null, channel_id = uuidv7(), voice_secret = case when not sandbox then voice_secret end"
            " where company_id = $1 and id = $2",
            w.company_id,
            setup_id,
        )
    else:
        await w.execute("update phone_setup set undo_to = null where company_id = $1 and id = $2", w.company_id, setup_id)
        await _stop(w, setup_id)
    w.emit(PhoneSetupChanged(setup_id=setup_id))
