"""The live check of a Retell account: the key, the number with the agent that speaks over it, places for calls."""

from db.channels.errors import CheckDetail
from db.channels.provider_state import CheckResult
from db.channels.queries import Check
from db.messages.reasons import FailureReason
from workers.control import Control, Refused, refused_line
from workers.providers.retell.client import RetellClient


async def check(control: Control[RetellClient], webhook: str) -> CheckResult:
    """Calls nobody."""
    number, client = control.channel.external_id, control.client
    try:
        places = await control.call("check", "Concurrency read", "GET /get-concurrency", client.places())
    except Refused as refused:
        return CheckResult(lines=[refused_line("token", refused)], failure=refused.reason, detail=refused.detail)
    lines = [Check(code="token", ok=True, value=f"{places.current_concurrency}/{places.concurrency_limit}")]
    try:
        found = await control.call("check", "Number read", f"GET /get-phone-number/{number}", client.number(number))
    except Refused as refused:
        if refused.reason is FailureReason.SENDER_INVALID:
            return _without(lines, number, CheckDetail.NOT_OWNED)
        return CheckResult(lines=[*lines, refused_line("sender", refused)], failure=refused.reason, detail=refused.detail)
    if not found.outbound_agents and not found.outbound_agent_id:
        return _without(lines, number, CheckDetail.NO_AGENT)
    lines += [Check(code="sender", ok=True, value=number), Check(code="webhook", ok=True, value=webhook)]
    free = max(0, places.concurrency_limit - places.reserved_inbound_concurrency)
    return CheckResult(lines=lines, number=number, places=free or None)


def _without(lines: list[Check], number: str, why: CheckDetail) -> CheckResult:
    bad = Check(code="sender", ok=False, value=number, reason=FailureReason.SENDER_INVALID.value, detail=why)
    return CheckResult(lines=[*lines, bad], failure=FailureReason.SENDER_INVALID, detail=why)
