"""Numbers that people buy and set up for calls: begun, searched for, ordered at a price that was agreed to, gone on with, taken back.

Each step is done by a job (`db/telephony/running.py`), because it is asked of a provider. Refuses to buy anything that was not shown with
its price first.
"""

import re
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.clock import now
from db.crypto import ring
from db.errors import RequestError, RequestField
from db.jobs import RunPhoneSetup, SearchNumbers
from db.permissions import Permission
from db.providers import registry
from db.providers.definition import Provider
from db.telephony.enums import NumberType, SetupAccess, SetupState, SetupStep, StepState
from db.telephony.errors import SetupFailure, TelephonyError
from db.telephony.events import PhoneSetupChanged
from db.tenancy import Actor
from db.work import Read, Work, read, work

MOST_OFFERS = 30
PRICES_HOLD = timedelta(days=1)
"""So long a price that was shown is one to buy at; then it is looked up again."""
_COLUMNS = (
    "id, kind, name, sandbox, access, account_id, channel_id, state, search, offers, agents, searching, searched_at, failure, detail,"
    " number, agent_id, price_cents, currency, created_at"
)


class Offer(msgspec.Struct, frozen=True):
    """A number that there is. `owned`: the account has it already, so it costs nothing more. `price_cents`: a month; None: not known."""

    number: str
    owned: bool
    place: str = ""
    price_cents: int | None = None
    currency: str = ""
    papers: bool = False


class Speaker(msgspec.Struct, frozen=True):
    """A virtual agent of the account."""

    id: str
    name: str


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for. `contains`: digits that it has."""

    country: str
    type: NumberType
    contains: str = ""


class Step(NamedTuple):
    step: SetupStep
    state: StepState
    ours: bool
    ref: str | None
    failure: SetupFailure | None
    detail: str | None
    changed_at: datetime


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    kind: str
    name: str
    sandbox: bool
    access: SetupAccess
    account_id: str
    channel_id: UUID
    state: SetupState
    search: Wanted | None
    offers: list[Offer]
    agents: list[Speaker]
    searching: bool
    searched_at: datetime | None
    failure: SetupFailure | None
    detail: str | None
    number: str | None
    agent_id: str | None
    price_cents: int | None
    currency: str | None
    created_at: datetime
    steps: list[Step]


async def start(
    actor: Actor,
    *,
    kind: str,
    name: str,
    access: SetupAccess,
    sandbox: bool,
    account_id: str = "",
    carrier_secret: str = "",
    voice_secret: str = "",
) -> Setup:
    """Begins one, and reads what the accounts have. Raises Invalid."""
    provider = registry.chosen(kind)
    carrier = registry.carrier()
    if not provider.capabilities.imports_numbers or carrier is None:
        raise TelephonyError.NO_TRUNKS()
    if sandbox and not (provider.sandbox and carrier.sandbox):
        raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("sandbox")])
    if not sandbox:
        _filled(carrier, account_id=account_id, carrier_secret=carrier_secret, voice_secret=voice_secret)
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        setup_id = await w.fetchval(
            "insert into phone_setup(company_id, kind, carrier, name, sandbox, access, account_id) values ($1, $2, $3, $4, $5, $6, $7)"
            " returning id",
            w.company_id,
            kind,
            carrier.kind,
            name,
            sandbox,
            access.value,
            "" if sandbox else account_id,
        )
        await keep_secrets(w, setup_id, None if sandbox else carrier_secret, None if sandbox else voice_secret)
        await w.execute(
            "update phone_setup set trunk_secret = $3 where company_id = $1 and id = $2",
            w.company_id,
            setup_id,
            seal(w.company_id, setup_id, "trunk_secret", f"Mi9{secrets.token_urlsafe(24)}"),
        )
        await w.execute(
            "insert into phone_setup_step(company_id, setup_id, position, step) select $1, $2, n, s"
            " from unnest($3::text[]) with ordinality x(s, n)",
            w.company_id,
            setup_id,
            [step.value for step in SetupStep],
        )
        w.audit("phone_setup.started", setup_id, name=name, kind=kind, sandbox=sandbox)
        await _search(w, setup_id, None)
        return await one(w, setup_id)


async def setups(actor: Actor) -> list[Setup]:
    """Newest first, at most a hundred."""
    async with read(actor, Permission.CHANNELS_WRITE) as r:
        rows = await r.fetch(
            f"select {_COLUMNS} from phone_setup where company_id = $1 order by id desc limit 100", actor.company_id
        )
        steps = await r.fetch(
            "select setup_id, step, state, ours, ref, failure, detail, changed_at from phone_setup_step"
            " where company_id = $1 and setup_id = any($2::uuid[]) order by position",
            actor.company_id,
            [row["id"] for row in rows],
        )
        return [_setup(row, [one for one in steps if one["setup_id"] == row["id"]]) for row in rows]


async def setup(actor: Actor, setup_id: UUID) -> Setup:
    """Raises NotFound."""
    async with read(actor, Permission.CHANNELS_WRITE) as r:
        return await one(r, setup_id)


async def search(actor: Actor, setup_id: UUID, wanted: Wanted) -> Setup:
    """Looks for numbers that could be bought; what is found comes as an event. Raises NotFound, Conflict `setup_moved_on`."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        await hold(w, setup_id, SetupState.CHOOSING)
        await _search(w, setup_id, wanted)
        return await one(w, setup_id)


async def order(
    actor: Actor, setup_id: UUID, *, number: str, agent_id: str, price_cents: int | None, currency: str | None
) -> Setup:
    """Takes a number that was found, at the price that was shown, and sets it up. Raises NotFound, Conflict (`setup_moved_on`,
    `number_not_offered`, `price_changed`), Invalid for an agent that is not there."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        await hold(w, setup_id, SetupState.CHOOSING)
        known = await one(w, setup_id)
        offer = next((offer for offer in known.offers if offer.number == number), None)
        old = known.searched_at is not None and now() - known.searched_at > PRICES_HOLD
        if offer is None or (old and not offer.owned):
            raise TelephonyError.NUMBER_NOT_OFFERED()
        if not offer.owned and (offer.price_cents is None or (price_cents, currency) != (offer.price_cents, offer.currency)):
            raise TelephonyError.PRICE_CHANGED()
        if agent_id not in [agent.id for agent in known.agents]:
            raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("agent_id")])
        await w.execute(
            "update phone_setup set state = 'working', undo_to = null, number = $3, agent_id = $4, price_cents = $5, currency = $6"
            " where company_id = $1 and id = $2",
            w.company_id,
            setup_id,
            number,
            agent_id,
            None if offer.owned else price_cents,
            None if offer.owned else currency,
        )
        w.audit("phone_setup.ordered", setup_id, number=number, owned=offer.owned, price_cents=price_cents, currency=currency)
        _go(w, setup_id)
        return await one(w, setup_id)


async def go_on(actor: Actor, setup_id: UUID, *, carrier_secret: str | None = None, voice_secret: str | None = None) -> Setup:
    """After a step that failed, or one that was taken back: on with the next, with new secrets where there are some. What failed while it was
    taken back goes on being taken back. In `choosing` it reads the accounts again. Raises NotFound, Conflict `setup_moved_on`."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        state = await hold(w, setup_id, SetupState.STOPPED, SetupState.CHOOSING)
        await keep_secrets(w, setup_id, carrier_secret, voice_secret)
        w.audit("phone_setup.continued", setup_id, secrets_replaced=bool(carrier_secret or voice_secret))
        if state is SetupState.CHOOSING:
            known = await one(w, setup_id)
            await _search(w, setup_id, known.search)
        else:
            await w.execute(
                "update phone_setup set state = case when undo_to is null then 'working' else 'undoing' end where company_id = $1 and id = $2",
                w.company_id,
                setup_id,
            )
            _go(w, setup_id)
        return await one(w, setup_id)


async def undo(actor: Actor, setup_id: UUID, step: SetupStep) -> Setup:
    """Takes back this step and all after it, the last one first. What was there before is left. Raises NotFound, Conflict `setup_moved_on`."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        await hold(w, setup_id, SetupState.STOPPED, SetupState.DONE)
        await w.execute(
            "update phone_setup set state = 'undoing', undo_to = $3 where company_id = $1 and id = $2",
            w.company_id,
            setup_id,
            list(SetupStep).index(step) + 1,
        )
        w.audit("phone_setup.undone", setup_id, step=step.value)
        _go(w, setup_id)
        return await one(w, setup_id)


async def forget(actor: Actor, setup_id: UUID) -> None:
    """Of a number that was not set up, or taken back whole. Raises NotFound, Conflict `setup_not_empty`."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        if await _locked(w, setup_id) is not SetupState.CHOOSING:
            raise TelephonyError.SETUP_NOT_EMPTY()
        await w.execute("delete from phone_setup where company_id = $1 and id = $2", w.company_id, setup_id)
        w.audit("phone_setup.forgotten", setup_id)
        w.emit(PhoneSetupChanged(setup_id=setup_id))


# -- parts ---------------------------------------------------------------------------------------------------------


async def hold(w: Work, setup_id: UUID, *states: SetupState) -> SetupState:
    """Locks it. Raises NotFound, Conflict `setup_moved_on` in any other state."""
    state = await _locked(w, setup_id)
    if state not in states:
        raise TelephonyError.SETUP_MOVED_ON()
    return state


async def _locked(w: Work, setup_id: UUID) -> SetupState:
    state = await w.fetchval("select state from phone_setup where company_id = $1 and id = $2 for update", w.company_id, setup_id)
    if state is None:
        raise RequestError.NOT_FOUND(what="phone_setup")
    return SetupState(state)


async def keep_secrets(w: Work, setup_id: UUID, carrier_secret: str | None, voice_secret: str | None) -> None:
    """Those that are given."""
    given = [("carrier_secret", carrier_secret), ("voice_secret", voice_secret)]
    sealed = [seal(w.company_id, setup_id, column, secret) if secret else None for column, secret in given]
    await w.execute(
        "update phone_setup set carrier_secret = coalesce($3, carrier_secret), voice_secret = coalesce($4, voice_secret)"
        " where company_id = $1 and id = $2",
        w.company_id,
        setup_id,
        *sealed,
    )


def seal(company_id: UUID, setup_id: UUID, column: str, secret: str) -> bytes:
    return ring().seal(secret, company_id=company_id, table="phone_setup", column=column, row_id=setup_id)


async def one(r: Read, setup_id: UUID) -> Setup:
    """Raises NotFound."""
    assert r.actor is not None
    company_id = r.actor.company_id
    row = await r.fetchrow(f"select {_COLUMNS} from phone_setup where company_id = $1 and id = $2", company_id, setup_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="phone_setup")
    steps = await r.fetch(
        "select step, state, ours, ref, failure, detail, changed_at from phone_setup_step where company_id = $1 and setup_id = $2"
        " order by position",
        company_id,
        setup_id,
    )
    return _setup(row, steps)


async def _search(w: Work, setup_id: UUID, wanted: Wanted | None) -> None:
    await w.execute(
        "update phone_setup set searching = true, search = $3::jsonb, failure = null, detail = null where company_id = $1 and id = $2",
        w.company_id,
        setup_id,
        None if wanted is None else msgspec.json.encode(wanted).decode(),
    )
    w.enqueue(SearchNumbers(setup_id=setup_id, asked_at=int(now().timestamp() * 1000)))
    w.emit(PhoneSetupChanged(setup_id=setup_id))


def _go(w: Work, setup_id: UUID) -> None:
    w.enqueue(RunPhoneSetup(setup_id=setup_id))
    w.emit(PhoneSetupChanged(setup_id=setup_id))


def _filled(carrier: Provider, **given: str) -> None:
    """Raises Invalid, naming what is missing or has not the carrier's form."""
    wrong = [RequestField.REQUIRED(name) for name, value in given.items() if not value]
    account = next(field for field in carrier.form if "account_id" in field.columns)
    if given["account_id"] and not re.fullmatch(account.pattern, given["account_id"]):
        wrong.append(account.problem("account_id"))
    if wrong:
        raise RequestError.INVALID(fields=wrong)


def _setup(row: asyncpg.Record, steps: list[asyncpg.Record]) -> Setup:
    kept = {
        name: msgspec.json.decode(row[name], type=kind) for name, kind in (("offers", list[Offer]), ("agents", list[Speaker]))
    }
    kept["search"] = None if row["search"] is None else msgspec.json.decode(row["search"], type=Wanted)
    kept["failure"] = SetupFailure(row["failure"]) if row["failure"] else None
    kept |= {"access": SetupAccess(row["access"]), "state": SetupState(row["state"])}
    return Setup(**{**row, **kept}, steps=[_step(step) for step in steps])


def _step(row: asyncpg.Record) -> Step:
    failure = SetupFailure(row["failure"]) if row["failure"] else None
    return Step(
        SetupStep(row["step"]),
        StepState(row["state"]),
        row["ours"],
        row["ref"],
        failure,
        row["detail"],
        row["changed_at"],
    )
