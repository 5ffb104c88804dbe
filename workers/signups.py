"""A number that somebody connected in the provider's own window: its code becomes a token, the number ours to use, then a channel."""

from uuid import UUID

from db.channels import signups
from db.channels.errors import ChannelError, SignupFailure
from db.channels.signups import TakenOver, Waiting
from db.errors import AppError
from db.jobs import FinishSignup
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.work import read, work
from workers.providers import registry
from workers.providers.adapter import SignupRefused
from workers.providers.wire import Wire
from workers.registration import Handler
from workers.runtime import Retry


class SignupJobs:
    """The job of this module with what it needs."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings, self._wire = settings, wire

    async def finish_signup(self, company_id: UUID, job: FinishSignup) -> None:
        """Ends in a channel or in a failure that is told. Raises Retry while the provider does not answer."""
        async with read(worker(company_id), Permission.CHANNELS_READ) as r:
            known = await signups.waiting(r, company_id, job.signup_id)
        if known is None:
            return
        try:
            token = known.token or await self._redeem(company_id, known)
            found = await registry.adapter(known.kind).take_over(self._settings, self._wire, known, token)
            await self._connect(company_id, known, token, found)
        except SignupRefused as refused:
            if refused.failure is SignupFailure.NO_ANSWER:
                raise Retry(1.0, reason=refused.detail) from refused
            await fail(company_id, job.signup_id, refused.failure, refused.detail)

    async def _redeem(self, company_id: UUID, known: Waiting) -> str:
        token = await registry.adapter(known.kind).redeem(self._settings, self._wire, known)
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            await signups.keep_token(w, known.id, token)
        return token

    async def _connect(self, company_id: UUID, known: Waiting, token: str, found: TakenOver) -> None:
        try:
            async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
                await signups.connected(w, known.id, token, found)
        except AppError as error:
            if error.code is not ChannelError.CHANNEL_EXISTS:
                raise
            raise SignupRefused(SignupFailure.NUMBER_TAKEN) from error


async def fail(company_id: UUID, signup_id: UUID, failure: SignupFailure, detail: str = "") -> None:
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        await signups.failed(w, signup_id, failure, detail[:500] or None)


async def give_up(company_id: UUID, job: FinishSignup, reason: str) -> None:
    await fail(company_id, job.signup_id, SignupFailure.NO_ANSWER)


JOBS = (Handler(FinishSignup, lambda r: SignupJobs(r.settings, r.wire).finish_signup, give_up),)
