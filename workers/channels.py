"""The live check of a channel: what the provider says of token, number, quality, limits, webhook and templates.

A check never sends a message. A provider that does not answer is no proof against a channel that worked: its state stays, and
the check is tried again.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import structlog

from db.channels import outages, provider_state, templates
from db.channels.enums import ChannelState
from db.channels.errors import CheckDetail, NetworkFailure
from db.channels.provider_state import CheckResult
from db.channels.secrets import Credentials
from db.clock import now
from db.crypto import SealBroken
from db.jobs import CheckChannel
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.qr import health as session_health
from db.qr import sessions
from db.settings import Settings
from db.tenancy import worker
from db.work import work
from workers.control import TRANSIENT, Refused, refused_line
from workers.credentials import channel_of
from workers.providers import registry
from workers.providers.adapter import Adapter
from workers.providers.wire import Wire
from workers.registration import Handler, Loop
from workers.runtime import Cancel, Retry

log = structlog.get_logger("workers.channels")

SANDBOX_AGAIN = timedelta(seconds=30)


class ChannelJobs:
    """The jobs of this module with what they need."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    async def check_channel(self, company_id: UUID, job: CheckChannel) -> None:
        """Checks and writes the result. Raises Cancel when the channel is gone, Retry when the provider does not answer."""
        try:
            known = await channel_of(company_id, job.channel_id)
        except SealBroken as error:
            detail = CheckDetail.SECRETS_UNREADABLE
            result = CheckResult(lines=[], failure=FailureReason.TOKEN_INVALID, detail=detail)
            async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
                await provider_state.save_check(w, job.channel_id, result)
            raise Cancel(str(error)) from error
        started, found = now(), None
        adapter = registry.adapter(known.channel.kind)
        if adapter.provider.capabilities.session is not None:  # its gateway says how it is
            return
        try:
            if known.channel.sandbox:
                known = await self._sandbox_account(adapter, known)
            control = registry.control(self._settings, self._wire, known)
            result, found = await adapter.check(control, self._settings)
        except Refused as refused:  # only the sandbox raises here
            control = registry.control(self._settings, self._wire, known)
            result = CheckResult(lines=[refused_line("token", refused)], failure=refused.reason, detail=refused.detail)
        channel = known.channel
        transient = result.failure in TRANSIENT
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            await control.write_log(w)
            if found is not None:
                await templates.save_list(w, channel.id, found, started)
            if not transient:
                await outages.over(w, channel.id)
            if not transient or channel.state in (ChannelState.CHECKING, ChannelState.ERROR):
                await provider_state.save_check(w, channel.id, result)
            if channel.sandbox and any(line.code == "webhook" and not line.ok for line in result.lines):
                # Right after a start our own address may not answer yet.
                w.enqueue(job, at=started + SANDBOX_AGAIN)
        if transient:
            raise Retry(reason=f"{result.failure}: {result.detail}")

    async def _sandbox_account(self, adapter: Adapter[Any], known: Credentials) -> Credentials:
        """Makes the account on the sandbox, or finds it: the same channel always gets the same one. Raises Refused."""
        if not self._settings.sandbox_url:
            raise Refused(FailureReason.NETWORK, CheckDetail.SANDBOX_OFF, None)
        channel = known.channel
        body = {"id": channel.id.hex, "company": channel.name} | adapter.sandbox_body(self._settings, channel)
        account = adapter.sandbox_account(await sandbox_call(self._settings, self._wire, "POST", "accounts", body))
        fresh = msgspec.structs.replace(
            channel,
            account_id=account.account_id,
            external_id=account.external_id,
            portfolio_id=account.portfolio_id,
            app_id=account.app_id,
            number=account.number,
        )
        if fresh != channel or (account.token, account.signing_secret) != (known.token, known.signing_secret):
            async with work(worker(channel.company_id), Permission.CHANNELS_WRITE) as w:
                await provider_state.save_sandbox_account(w, channel.id, **msgspec.structs.asdict(account))
        return Credentials(fresh, account.token, account.signing_secret)


async def sandbox_call(settings: Settings, wire: Wire, method: str, path: str, body: dict[str, object]) -> bytes:
    """One call to the sandbox's own API; its answer as it is. Raises Refused."""
    headers = {"authorization": f"Bearer {settings.sandbox_admin_token}"} if settings.sandbox_admin_token else {}
    try:
        answer = await wire.control.request(method, f"{settings.sandbox_url}/sandbox/{path}", json=body, headers=headers)
    except httpx.HTTPError as error:
        raise Refused(FailureReason.NETWORK, NetworkFailure.NO_ANSWER.about("sandbox"), None) from error
    if answer.is_success:
        return answer.content
    reason = FailureReason.TEMPORARY if answer.status_code >= 500 else FailureReason.BAD_REQUEST
    raise Refused(reason, answer.text[:300], answer.status_code)


JOBS = (Handler(CheckChannel, lambda r: ChannelJobs(r.settings, r.wire).check_channel),)
LOOPS = (
    Loop("channels", 10.0, provider_state.end_pauses),
    Loop("sessions", 30.0, sessions.alarm),
    Loop("session_health", 60.0, session_health.look),
    Loop("session_phones", 60.0, sessions.remind),
)
