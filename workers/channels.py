"""The live check of a channel: what the provider says of token, number, quality, limits, webhook and templates.

A check never sends a message. A provider that does not answer is no proof against a channel that worked: its state stays, and
the check is tried again.
"""

from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID

import httpx
import msgspec
import structlog

from db import storable
from db.channels import outages, provider_state, templates
from db.channels.enums import ChannelKind, ChannelState, Quality
from db.channels.provider_state import CheckResult
from db.channels.queries import Check
from db.channels.secrets import Credentials, credentials
from db.clock import now
from db.crypto import SealBroken
from db.errors import NotFound
from db.jobs import CheckChannel
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.work import read, work
from workers.control import Control, Refused
from workers.providers.meta.types import PhoneNumber
from workers.providers.wire import Wire
from workers.registration import Handler, Loop
from workers.runtime import Cancel, Retry
from workers.templates import listed

log = structlog.get_logger("workers.channels")

TIERS = {"TIER_50": 50, "TIER_250": 250, "TIER_1K": 1000, "TIER_2K": 2000, "TIER_10K": 10_000, "TIER_100K": 100_000}
UNLIMITED = ("UNLIMITED", "TIER_UNLIMITED")
SENDING = (None, "CONNECTED", "FLAGGED", "RESTRICTED", "MIGRATED")
"""Numbers in these states may send; RESTRICTED ones reached their limit for now. Source: Meta, phone number `status`."""
SANDBOX_AGAIN = timedelta(seconds=30)
THROUGHPUT = {"STANDARD": 80.0, "HIGH": 1000.0}


class _SandboxNumber(msgspec.Struct, frozen=True):
    phone_number_id: str = ""
    display_phone_number: str = ""


class _SandboxAccount(msgspec.Struct, frozen=True):
    """What the sandbox answers: a Meta account or a Twilio one."""

    waba_id: str = ""
    business_id: str = ""
    app_id: str | None = None
    token: str = ""
    app_secret: str = ""
    numbers: list[_SandboxNumber] = []
    account_sid: str = ""
    auth_token: str = ""
    phone_number: str = ""


class ChannelJobs:
    """The jobs of this module with what they need."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    async def check_channel(self, company_id: UUID, job: CheckChannel) -> None:
        """Checks and writes the result. Raises Cancel when the channel is gone, Retry when the provider does not answer."""
        actor = worker(company_id)
        try:
            async with read(actor, Permission.CHANNELS_READ) as r:
                channel = await credentials(r, company_id, job.channel_id)
        except NotFound as error:
            raise Cancel("the channel is gone") from error
        except SealBroken as error:
            detail = "The stored secrets cannot be opened. Type them in again."
            await self._save(
                company_id, job.channel_id, CheckResult(lines=[], failure=FailureReason.TOKEN_INVALID, detail=detail)
            )
            raise Cancel(str(error)) from error
        started = now()
        try:
            if channel.sandbox:
                channel = await self._sandbox_account(channel)
            control = Control(self._settings, self._wire, channel)
            checker = _Meta(control, self._settings) if channel.kind is ChannelKind.WHATSAPP else _Twilio(control, self._settings)
            result = await checker.run()
        except Refused as refused:  # only the sandbox raises here
            control = Control(self._settings, self._wire, channel)
            result = CheckResult(lines=[_bad("token", refused)], failure=refused.reason, detail=refused.detail)
            checker = None
        transient = result.failure is not None and Refused(result.failure, "", None).transient
        async with work(actor, Permission.CHANNELS_WRITE) as w:
            await control.write_log(w)
            if isinstance(checker, _Meta) and checker.templates is not None:
                await templates.save_list(w, channel.channel_id, checker.templates, started)
            if not transient:
                await outages.over(w, channel.channel_id)
            if not transient or channel.state in (ChannelState.CHECKING, ChannelState.ERROR):
                await provider_state.save_check(w, channel.channel_id, result)
            if channel.sandbox and any(line.code == "webhook" and not line.ok for line in result.lines):
                # Right after a start our own address may not answer yet.
                w.enqueue(job, at=started + SANDBOX_AGAIN)
        if transient:
            raise Retry(reason=f"{result.failure}: {result.detail}")

    async def _save(self, company_id: UUID, channel_id: UUID, result: CheckResult) -> None:
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            await provider_state.save_check(w, channel_id, result)

    async def _sandbox_account(self, channel: Credentials) -> Credentials:
        """Makes the account on the sandbox, or finds it: the same channel always gets the same one. Raises Refused."""
        if not self._settings.sandbox_url:
            raise Refused(FailureReason.NETWORK, "The sandbox is switched off on this installation.", None)
        base = f"{self._settings.webhook_url}/hooks"
        body: dict[str, object] = {"id": channel.channel_id.hex, "company": channel.name}
        if channel.kind is ChannelKind.WHATSAPP:
            body |= {
                "kind": "meta",
                "verify_token": channel.verify_token or "",
                "webhook_url": f"{base}/meta/{channel.channel_id}",
            }
            if not channel.token:
                body["tier"] = "TIER_10K"
        else:
            body |= {"kind": "twilio", "inbound_url": f"{base}/twilio/{channel.channel_id}/message"}
        answer = await sandbox_call(self._settings, self._wire, "POST", "accounts", body)
        account = msgspec.json.decode(answer, type=_SandboxAccount)
        number = account.numbers[0] if account.numbers else _SandboxNumber()
        phone = account.phone_number or "+" + number.display_phone_number
        fresh = msgspec.structs.replace(
            channel,
            account_id=account.waba_id or account.account_sid,
            external_id=number.phone_number_id or phone,
            portfolio_id=account.business_id or account.account_sid,
            app_id=account.app_id,
            number=phone,
            token=account.token or account.auth_token,
            signing_secret=account.app_secret or account.auth_token,
        )
        if fresh != channel:
            async with work(worker(channel.company_id), Permission.CHANNELS_WRITE) as w:
                await provider_state.save_sandbox_account(
                    w,
                    channel.channel_id,
                    account_id=fresh.account_id,
                    external_id=fresh.external_id,
                    portfolio_id=fresh.portfolio_id,
                    app_id=fresh.app_id,
                    number=phone,
                    token=fresh.token,
                    signing_secret=fresh.signing_secret,
                )
        return fresh


async def sandbox_call(settings: Settings, wire: Wire, method: str, path: str, body: dict[str, object]) -> bytes:
    """One call to the sandbox's own door; its answer as it is. Raises Refused."""
    headers = {"authorization": f"Bearer {settings.sandbox_admin_token}"} if settings.sandbox_admin_token else {}
    try:
        answer = await wire.control.request(method, f"{settings.sandbox_url}/sandbox/{path}", json=body, headers=headers)
    except httpx.HTTPError as error:
        raise Refused(FailureReason.NETWORK, f"The sandbox does not answer ({type(error).__name__}).", None) from error
    if answer.is_success:
        return answer.content
    reason = FailureReason.TEMPORARY if answer.status_code >= 500 else FailureReason.BAD_REQUEST
    raise Refused(reason, answer.text[:300], answer.status_code)


def _bad(code: str, refused: Refused) -> Check:
    return Check(code=code, ok=False, reason=refused.reason.value, detail=refused.detail[:300])


def limit_of(tier: str | None) -> tuple[bool, int | None]:
    """Whether the messaging limit is known, and people per 24 h (None: unlimited). Meta gives a TIER name or a number."""
    if tier in UNLIMITED:
        return True, None
    people = TIERS.get(tier or "") or (storable.int4(int(tier)) if tier and len(tier) < 20 and tier.isdecimal() else None)
    return people is not None, people


class _Meta:
    """Each finding is a call of its own; the first that proves the channel useless ends the check."""

    def __init__(self, control: Control, settings: Settings) -> None:
        self._control = control
        self._channel = control.channel
        self._client = control.meta()
        self._callback = f"{settings.webhook_url}/hooks/meta/{control.channel.channel_id}"
        self.templates: list[templates.Listed] | None = None

    async def run(self) -> CheckResult:
        channel = self._channel
        try:
            number = await self._control.call(
                "check", "Number read", f"GET /{channel.external_id}", self._client.phone_number(channel.external_id)
            )
        except Refused as refused:
            at_number = refused.reason in (FailureReason.NUMBER_NOT_REGISTERED, FailureReason.BAD_REQUEST)
            lines = [Check(code="token", ok=True), _bad("number", refused)] if at_number else [_bad("token", refused)]
            reason = FailureReason.NUMBER_NOT_REGISTERED if at_number else refused.reason
            return CheckResult(lines=lines, failure=reason, detail=refused.detail)
        lines, failure = self._number_lines(number)
        lines.append(await self._webhook())
        lines.append(await self._templates())
        known, limit = limit_of(number.whatsapp_business_manager_messaging_limit)
        level = number.throughput.level if number.throughput else None
        return CheckResult(
            lines=lines,
            failure=failure,
            detail=number.status if failure else None,
            number=_e164(number.display_phone_number),
            quality=_quality(number),
            messaging_limit=limit,
            limit_known=known,
            throughput=None if channel.sandbox else THROUGHPUT.get(level or ""),
        )

    def _number_lines(self, number: PhoneNumber) -> tuple[list[Check], FailureReason | None]:
        usable = number.status in SENDING
        failure = None if usable else FailureReason.NUMBER_NOT_REGISTERED
        quality = _quality(number)
        red = quality is Quality.RED
        known, limit = limit_of(number.whatsapp_business_manager_messaging_limit)
        level = number.throughput.level if number.throughput else "STANDARD"
        return [
            Check(code="token", ok=True),
            Check(
                code="number",
                ok=usable,
                value=_e164(number.display_phone_number),
                reason=failure,
                detail=None if usable else number.status,
            ),
            Check(code="quality", ok=not red, value=quality.value, reason=FailureReason.SPAM_RATE.value if red else None),
            Check(code="limit", ok=True, value=None if not known else "unlimited" if limit is None else str(limit)),
            Check(code="throughput", ok=True, value=str(int(THROUGHPUT.get(level, 80)))),
        ], failure

    async def _webhook(self) -> Check:
        """Asks Meta to call our address; it calls back at once to see whether we know the token."""
        account = self._channel.account_id
        subscribe = self._client.subscribe(account, self._callback, self._channel.verify_token)
        return await self._line("webhook", "Webhook subscribed", f"POST /{account}/subscribed_apps", subscribe, self._callback)

    async def _templates(self) -> Check:
        account = self._channel.account_id
        try:
            found = await self._control.call(
                "check", "Templates read", f"GET /{account}/message_templates", self._client.templates(account)
            )
        except Refused as refused:
            return _bad("templates", refused)
        self.templates = [listed(item) for item in found]
        return Check(code="templates", ok=True, value=str(len(found)))

    async def _line(self, code: str, summary: str, request: str, call: Awaitable[object], value: str) -> Check:
        try:
            await self._control.call("check", summary, request, call)
        except Refused as refused:
            return _bad(code, refused)
        return Check(code=code, ok=True, value=value)


class _Twilio:
    def __init__(self, control: Control, settings: Settings) -> None:
        self._control = control
        self._channel = control.channel
        self._client = control.twilio()
        self._inbound = f"{settings.webhook_url}/hooks/twilio/{control.channel.channel_id}/message"

    async def run(self) -> CheckResult:
        sender = self._channel.external_id
        try:
            account = await self._control.call(
                "check", "Account read", f"GET /Accounts/{self._channel.account_id}.json", self._client.account()
            )
        except Refused as refused:
            return CheckResult(lines=[_bad("token", refused)], failure=refused.reason, detail=refused.detail)
        if account.status != "active":
            line = Check(code="token", ok=False, reason=FailureReason.ACCOUNT_LOCKED.value, detail=account.status)
            return CheckResult(lines=[line], failure=FailureReason.ACCOUNT_LOCKED, detail=account.status)
        lines = [Check(code="token", ok=True, value=account.friendly_name)]
        if sender.startswith("MG"):
            # The service's own API lives on another host; its senders show when the first message goes out.
            lines += [
                Check(code="sender", ok=True, value=sender),
                Check(code="webhook", ok=False, value=self._inbound, detail="set_by_hand"),
            ]
            return CheckResult(lines=lines)
        return await self._number(sender, lines)

    async def _number(self, sender: str, lines: list[Check]) -> CheckResult:
        request = f"GET /IncomingPhoneNumbers.json?PhoneNumber={sender}"
        try:
            number = await self._control.call("check", "Number read", request, self._client.number(sender))
            if number is None or not number.can_sms:
                why = "not owned" if number is None else "no SMS"
                bad = Check(code="sender", ok=False, value=sender, reason=FailureReason.SENDER_INVALID.value, detail=why)
                return CheckResult(lines=[*lines, bad], failure=FailureReason.SENDER_INVALID, detail=why)
        except Refused as refused:
            return CheckResult(lines=[*lines, _bad("sender", refused)], failure=refused.reason, detail=refused.detail)
        lines.append(Check(code="sender", ok=True, value=sender))
        try:
            await self._control.call(
                "check",
                "Webhook set",
                f"POST /IncomingPhoneNumbers/{number.sid}.json",
                self._client.set_webhook(number.sid, self._inbound),
            )
            lines.append(Check(code="webhook", ok=True, value=self._inbound))
        except Refused as refused:
            lines.append(_bad("webhook", refused))
        return CheckResult(lines=lines, number=sender)


def _quality(number: PhoneNumber) -> Quality:
    try:
        return Quality(number.quality_rating.lower())
    except ValueError:
        return Quality.UNKNOWN


def _e164(display: str) -> str | None:
    digits = "".join(c for c in display[:40] if c in "0123456789")
    return f"+{digits}" if digits else None


JOBS = (Handler(CheckChannel, lambda r: ChannelJobs(r.settings, r.wire).check_channel),)
LOOPS = (Loop("channels", 10.0, provider_state.end_pauses),)
