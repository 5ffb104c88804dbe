"""The live check of a VAPI account: the key, the number, the assistant that speaks over it, the others."""

from db import storable
from db.channels.agents import MOST, Agent
from db.channels.errors import CheckDetail
from db.channels.provider_state import CheckResult
from db.channels.queries import Check
from db.messages.reasons import FailureReason
from workers.control import Control, Refused, refused_line
from workers.providers.vapi.client import VapiClient


async def check(control: Control[VapiClient], webhook: str) -> CheckResult:
    """Calls nobody."""
    channel, client = control.channel, control.client
    try:
        number = await control.call(
            "check", "Number read", f"GET /phone-number/{channel.external_id}", client.number(channel.external_id)
        )
    except Refused as refused:
        if refused.reason is FailureReason.SENDER_INVALID:
            return _without([Check(code="token", ok=True, value="")], channel.external_id, CheckDetail.NOT_OWNED)
        return CheckResult(lines=[refused_line("token", refused)], failure=refused.reason, detail=refused.detail)
    lines = [Check(code="token", ok=True, value="")]
    try:
        await control.call("check", "Account read", f"GET /assistant/{channel.account_id}", client.assistant(channel.account_id))
    except Refused as refused:
        if refused.reason is FailureReason.SENDER_INVALID:
            return _without(lines, channel.account_id, CheckDetail.NO_AGENT)
        return CheckResult(lines=[*lines, refused_line("sender", refused)], failure=refused.reason, detail=refused.detail)
    shown = number.number or channel.external_id
    lines += [Check(code="sender", ok=True, value=shown), Check(code="webhook", ok=True, value=webhook)]
    return CheckResult(lines=lines, number=number.number, agents=await _agents(control))


async def _agents(control: Control[VapiClient]) -> list[Agent] | None:
    """Who can speak; None where the key may not list them, which keeps nobody from calling."""
    try:
        listed = await control.call("check", "Agents read", "GET /assistant", control.client.assistants(MOST))
    except Refused:
        return None
    found = []
    for one in listed[:MOST]:
        identifier = storable.identifier(one.id, 100)
        if identifier is not None:
            name = " ".join(storable.text(one.name or "", 120).split())
            found.append(Agent(identifier, name or identifier, own=identifier == control.channel.account_id))
    return found


def _without(lines: list[Check], value: str, why: CheckDetail) -> CheckResult:
    bad = Check(code="sender", ok=False, value=value, reason=FailureReason.SENDER_INVALID.value, detail=why)
    return CheckResult(lines=[*lines, bad], failure=FailureReason.SENDER_INVALID, detail=why)
