"""Sets numbers up for calls: one step after another, each looked for before it is asked for, and written down before the first byte leaves.

A request whose answer was lost is looked for until it is found or surely is not there; then a person decides. Nothing is bought here that
nobody ordered.
"""

import time
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog

from db.channels.errors import ChannelError
from db.clock import now
from db.crypto import SealBroken
from db.errors import AppError
from db.jobs import RunPhoneSetup, SearchNumbers
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.providers import registry as facts
from db.settings import Settings
from db.telephony import running
from db.telephony.enums import SetupStep
from db.telephony.errors import SetupFailure
from db.telephony.running import Plan, Todo
from db.tenancy import worker
from db.work import read, work
from workers.channels import sandbox_call
from workers.control import Refused
from workers.outcomes import RetryAfter, Unknown, reason_of
from workers.providers import registry
from workers.providers.trunks import Builder, Carrier, Part, SetupRefused, Voice
from workers.providers.wire import ProviderError, Wire
from workers.registration import Handler
from workers.runtime import Cancel, Retry, Snooze

log = structlog.get_logger("workers.telephony")

AGAIN = timedelta(seconds=15)
"""Between two looks for what may have been made."""
AGAIN_PLAYED = timedelta(seconds=1)
LATEST = 60.0
"""Seconds after a step began in which it may still ask for something: a run that was frozen for longer has lost its step."""


class _Account(msgspec.Struct, frozen=True):
    """Of the simulator, as far as either kind has it."""

    account_sid: str = ""
    auth_token: str = ""
    api_key: str = ""


class Sides(NamedTuple):
    """Both providers of one set-up."""

    carrier: Carrier
    voice: Voice

    def of(self, step: SetupStep) -> Builder | None:
        return next((side for side in self if step in side.steps), None)


class Telephony:
    """The jobs of this module with what they need."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings, self._wire = settings, wire

    async def search(self, company_id: UUID, job: SearchNumbers) -> None:
        """Reads what the accounts have, and what could be bought. Raises Retry while a provider does not answer."""
        known = await self._plan(company_id, job.setup_id)
        async with read(worker(company_id), Permission.CHANNELS_WRITE) as r:
            wanted = await running.wanted(r, job.setup_id)
        try:
            known = await self._played(company_id, known)
            sides = self._sides(known)
            agents = await _asked(SetupFailure.VOICE_REFUSED, sides.voice.speakers())
            offers = await _asked(SetupFailure.CARRIER_REFUSED, sides.carrier.owned())
            if wanted is not None:
                offers += await _asked(SetupFailure.CARRIER_REFUSED, sides.carrier.offers(wanted))
        except SetupRefused as refused:
            if refused.failure is SetupFailure.NO_ANSWER:
                raise Retry(2.0, reason=refused.detail) from refused
            async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
                await running.not_found(w, job.setup_id, refused.failure, refused.detail)
            return
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            await running.found(w, job.setup_id, offers, agents)

    async def run(self, company_id: UUID, job: RunPhoneSetup) -> None:
        """As far as it goes. Raises Snooze while something is looked for, Retry while a provider does not answer."""
        await self._plan(company_id, job.setup_id)
        while True:
            async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
                todo = await running.begin(w, job.setup_id)
            if todo is None:
                return
            try:
                await self._back(company_id, todo) if todo.back else await self._on(company_id, todo)
            except SetupRefused as refused:
                if refused.failure is SetupFailure.NO_ANSWER:
                    raise Retry(None, reason=refused.detail) from refused
                log.info("setup.failed", setup_id=str(job.setup_id), step=todo.step.value, failure=refused.failure.value)
                async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
                    await running.failed(w, todo, refused.failure, refused.detail, asked=todo.asked_at is not None)
                return

    async def _on(self, company_id: UUID, todo: Todo) -> None:
        """One step: found, or asked for once."""
        until = time.monotonic() + LATEST
        sides = self._sides(todo.plan)
        builder = sides.of(todo.step)
        if builder is None:
            await self._connect(company_id, todo, sides)
            return
        refused = _refused(todo.step)
        part = await _asked(refused, builder.find(todo.step, todo.plan))
        if part is None and todo.asked_at is not None:
            await self._look_on(company_id, todo)
            return
        if part is None and todo.step is SetupStep.NUMBER and not todo.plan.bought:
            raise SetupRefused(SetupFailure.NUMBER_GONE)  # the account had it, so nobody agreed to a price
        if part is None:
            part = await self._made(company_id, todo, builder, until)
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            await running.done(w, todo, part.ref, part.ours)

    async def _made(self, company_id: UUID, todo: Todo, builder: Builder, until: float) -> Part:
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            mine = await running.asking(w, todo)
        if not mine or time.monotonic() > until:
            raise Cancel("another run has this step")
        try:
            return await builder.make(todo.step, todo.plan)
        except ProviderError as error:
            if not isinstance(error.outcome, Unknown):
                async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
                    await running.not_asked(w, todo)
                raise _said(_refused(todo.step), error) from error
            async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
                await running.unsure(w, todo, error.outcome.cause)
            raise Snooze(self._next(todo)) from error

    async def _look_on(self, company_id: UUID, todo: Todo) -> None:
        """It was asked for before, and is not there: yet, or at all."""
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            if todo.looked_for:
                await running.failed(w, todo, SetupFailure.NOT_THERE)
                return
            await running.unsure(w, todo)
        raise Snooze(self._next(todo))

    def _next(self, todo: Todo) -> Any:
        return now() + (AGAIN_PLAYED if todo.plan.sandbox else AGAIN)

    async def _back(self, company_id: UUID, todo: Todo) -> None:
        """One step taken back: what is ours is deleted, and what may be there of a lost request is looked for."""
        sides = self._sides(todo.plan)
        builder = sides.of(todo.step)
        if builder is None:
            await self._disconnect(company_id, todo)
            return
        refused = _refused(todo.step)
        try:
            part = await _asked(refused, builder.find(todo.step, todo.plan))
        except SetupRefused as other:
            if other.failure is not SetupFailure.NUMBER_IMPORTED:
                raise
            part = None  # over another trunk, so it stays
        if part is None and todo.asked_at is not None and not todo.looked_for:
            async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
                await running.unsure(w, todo)
            raise Snooze(self._next(todo))
        if part is not None and (part.ours or part.ref == todo.made):  # also where somebody gave it another name
            await _asked(refused, builder.unmake(todo.step, todo.plan))
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            await running.taken_back(w, todo)

    async def _connect(self, company_id: UUID, todo: Todo, sides: Sides) -> None:
        try:
            async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
                await running.connect(w, todo, sides.voice.channel(todo.plan))
        except AppError as error:
            if error.code is not ChannelError.CHANNEL_EXISTS:
                raise
            raise SetupRefused(SetupFailure.CHANNEL_TAKEN) from error

    async def _disconnect(self, company_id: UUID, todo: Todo) -> None:
        try:
            async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
                await running.disconnect(w, todo)
        except AppError as error:
            if error.code is not ChannelError.CHANNEL_IN_USE:
                raise
            raise SetupRefused(SetupFailure.CHANNEL_USED) from error

    async def _plan(self, company_id: UUID, setup_id: UUID) -> Plan:
        """Raises Cancel when it is gone."""
        try:
            async with read(worker(company_id), Permission.CHANNELS_WRITE) as r:
                known = await running.plan(r, setup_id)
        except SealBroken as error:
            raise Cancel(str(error)) from error
        if known is None:
            raise Cancel("the set-up is gone")
        return known

    def _sides(self, known: Plan) -> Sides:
        ends = facts.provider(known.kind).capabilities.imports_numbers
        if ends is None:
            raise Cancel("this kind takes no numbers any more")
        carrier = registry.adapter(known.carrier).carrier(self._settings, self._wire, known, ends)
        return Sides(carrier, registry.adapter(known.kind).voice(self._settings, self._wire, known, carrier))

    async def _played(self, company_id: UUID, known: Plan) -> Plan:
        """Makes the simulator's accounts, once: the same set-up always gets the same ones. Raises SetupRefused."""
        if not known.sandbox or known.voice_secret:
            return known
        if not self._settings.sandbox_url:
            raise SetupRefused(SetupFailure.REFUSED, "simulator")
        found = []
        for kind in (known.carrier, known.kind):
            body = {"company": known.name} | registry.adapter(kind).sandbox_setup(known)
            try:
                answer = await sandbox_call(self._settings, self._wire, "POST", "accounts", body)
            except Refused as refused:
                raise SetupRefused(SetupFailure.NO_ANSWER, refused.detail) from refused
            found.append(msgspec.json.decode(answer, type=_Account))
        carrier, voice = found
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            await running.keep_accounts(w, known.setup_id, carrier.account_sid, carrier.auth_token, voice.api_key)
        return known._replace(account_id=carrier.account_sid, carrier_secret=carrier.auth_token, voice_secret=voice.api_key)


def _refused(step: SetupStep) -> SetupFailure:
    """What a refused secret is, in this step."""
    return SetupFailure.VOICE_REFUSED if step is SetupStep.IMPORT else SetupFailure.CARRIER_REFUSED


async def _asked(refused: SetupFailure, answer: Any) -> Any:
    """What may be asked any number of times: reading, or deleting. Raises SetupRefused."""
    try:
        return await answer
    except ProviderError as error:
        if isinstance(error.outcome, Unknown):
            raise SetupRefused(SetupFailure.NO_ANSWER, error.outcome.cause) from error
        raise _said(refused, error) from error


def _said(refused: SetupFailure, error: ProviderError) -> SetupRefused:
    """Of what surely was not done."""
    reason, message = reason_of(error.outcome), str(getattr(error.outcome, "message", "") or error.body_excerpt)
    if isinstance(error.outcome, RetryAfter):
        return SetupRefused(SetupFailure.NO_ANSWER, message)
    if reason in (FailureReason.TOKEN_INVALID, FailureReason.PERMISSION):
        return SetupRefused(refused, message)
    if reason is FailureReason.PAYMENT:
        return SetupRefused(SetupFailure.PAYMENT, message)
    return SetupRefused(SetupFailure.REFUSED, message)


async def give_up(company_id: UUID, job: RunPhoneSetup, reason: str) -> None:
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        await running.give_up(w, job.setup_id)


async def give_up_search(company_id: UUID, job: SearchNumbers, reason: str) -> None:
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        await running.not_found(w, job.setup_id, SetupFailure.NO_ANSWER)


JOBS = (
    Handler(SearchNumbers, lambda r: Telephony(r.settings, r.wire).search, give_up_search),
    Handler(RunPhoneSetup, lambda r: Telephony(r.settings, r.wire).run, give_up),
)
