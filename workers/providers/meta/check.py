"""The live check of a WhatsApp number: token, number, quality, limits, webhook and templates."""

from collections.abc import Awaitable

from db import storable
from db.channels.enums import Quality
from db.channels.provider_state import CheckResult
from db.channels.queries import Check
from db.channels.templates import Listed
from db.messages.reasons import FailureReason
from workers.control import Control, Refused, refused_line
from workers.providers.adapter import Checked
from workers.providers.meta.client import MetaClient
from workers.providers.meta.types import PhoneNumber, Template

TIERS = {"TIER_50": 50, "TIER_250": 250, "TIER_1K": 1000, "TIER_2K": 2000, "TIER_10K": 10_000, "TIER_100K": 100_000}
"""New people in 24 hours, by Meta's name of the step: docs/contracts/meta-whatsapp.md (Limits)."""
UNLIMITED = ("UNLIMITED", "TIER_UNLIMITED")
SENDING = (None, "CONNECTED", "FLAGGED", "RESTRICTED", "MIGRATED")
"""Numbers in these states may send; RESTRICTED ones reached their limit for now. Source: Meta, phone number `status`."""
THROUGHPUT = {"STANDARD": 80.0, "HIGH": 1000.0}
"""Messages of a number in a second: the same place."""


def listed(template: Template) -> Listed:
    """Meta's template in the database's terms."""
    return Listed(
        template.id,
        template.name,
        template.language,
        template.category,
        template.status,
        template.parameter_format,
        template.components,
        template.quality_score.score if template.quality_score else "UNKNOWN",
        template.rejected_reason,
        template.lifetime,
    )


def limit_of(tier: str | None) -> tuple[bool, int | None]:
    """Whether the messaging limit is known, and people per 24 h (None: unlimited). Meta gives a TIER name or a number."""
    if tier in UNLIMITED:
        return True, None
    people = TIERS.get(tier or "") or (storable.int4(int(tier)) if tier and len(tier) < 20 and tier.isdecimal() else None)
    return people is not None, people


class MetaCheck:
    """Each finding is a call of its own; the first that proves the channel useless ends the check."""

    def __init__(self, control: Control[MetaClient], callback: str) -> None:
        self._control = control
        self._channel = control.channel
        self._client = control.client
        self._callback = callback
        self._listed: list[Listed] | None = None

    async def run(self) -> Checked:
        channel = self._channel
        try:
            number = await self._control.call(
                "check", "Number read", f"GET /{channel.external_id}", self._client.phone_number(channel.external_id)
            )
        except Refused as refused:
            at_number = refused.reason in (FailureReason.NUMBER_NOT_REGISTERED, FailureReason.BAD_REQUEST)
            lines = (
                [Check(code="token", ok=True), refused_line("number", refused)] if at_number else [refused_line("token", refused)]
            )
            reason = FailureReason.NUMBER_NOT_REGISTERED if at_number else refused.reason
            return Checked(CheckResult(lines=lines, failure=reason, detail=refused.detail))
        lines, failure = self._number_lines(number)
        lines.append(await self._webhook())
        lines.append(await self._templates())
        known, limit = limit_of(number.whatsapp_business_manager_messaging_limit)
        level = number.throughput.level if number.throughput else None
        result = CheckResult(
            lines=lines,
            failure=failure,
            detail=number.status if failure else None,
            number=_e164(number.display_phone_number),
            quality=_quality(number),
            messaging_limit=limit,
            limit_known=known,
            throughput=None if channel.sandbox else THROUGHPUT.get(level or ""),
        )
        return Checked(result, self._listed)

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
            return refused_line("templates", refused)
        self._listed = [listed(item) for item in found]
        return Check(code="templates", ok=True, value=str(len(found)))

    async def _line(self, code: str, summary: str, request: str, call: Awaitable[object], value: str) -> Check:
        try:
            await self._control.call("check", summary, request, call)
        except Refused as refused:
            return refused_line(code, refused)
        return Check(code=code, ok=True, value=value)


def _quality(number: PhoneNumber) -> Quality:
    try:
        return Quality(number.quality_rating.lower())
    except ValueError:
        return Quality.UNKNOWN


def _e164(display: str) -> str | None:
    digits = "".join(c for c in display[:40] if c in "0123456789")
    return f"+{digits}" if digits else None
