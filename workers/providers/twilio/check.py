"""The live check of a Twilio sender: credentials, number, webhook."""

from db.channels.errors import CheckDetail
from db.channels.provider_state import CheckResult
from db.channels.queries import Check
from db.messages.reasons import FailureReason
from workers.control import Control, Refused, refused_line
from workers.providers.twilio.client import TwilioClient


class TwilioCheck:
    def __init__(self, control: Control[TwilioClient], inbound: str) -> None:
        self._control = control
        self._channel = control.channel
        self._client = control.client
        self._inbound = inbound

    async def run(self) -> CheckResult:
        sender = self._channel.external_id
        try:
            account = await self._control.call(
                "check", "Account read", f"GET /Accounts/{self._channel.account_id}.json", self._client.account()
            )
        except Refused as refused:
            return CheckResult(lines=[refused_line("token", refused)], failure=refused.reason, detail=refused.detail)
        if account.status != "active":
            line = Check(code="token", ok=False, reason=FailureReason.ACCOUNT_LOCKED.value, detail=account.status)
            return CheckResult(lines=[line], failure=FailureReason.ACCOUNT_LOCKED, detail=account.status)
        lines = [Check(code="token", ok=True, value=account.friendly_name)]
        if sender.startswith("MG"):
            # The service's own API lives on another host; its senders show when the first message goes out.
            lines += [
                Check(code="sender", ok=True, value=sender),
                Check(code="webhook", ok=False, value=self._inbound, detail=CheckDetail.SET_BY_HAND),
            ]
            return CheckResult(lines=lines)
        return await self._number(sender, lines)

    async def _number(self, sender: str, lines: list[Check]) -> CheckResult:
        request = f"GET /IncomingPhoneNumbers.json?PhoneNumber={sender}"
        try:
            number = await self._control.call("check", "Number read", request, self._client.number(sender))
            if number is None or not number.can_sms:
                why = CheckDetail.NOT_OWNED if number is None else CheckDetail.NO_SMS
                bad = Check(code="sender", ok=False, value=sender, reason=FailureReason.SENDER_INVALID.value, detail=why)
                return CheckResult(lines=[*lines, bad], failure=FailureReason.SENDER_INVALID, detail=why)
        except Refused as refused:
            return CheckResult(lines=[*lines, refused_line("sender", refused)], failure=refused.reason, detail=refused.detail)
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
            lines.append(refused_line("webhook", refused))
        return CheckResult(lines=lines, number=sender)
