"""The live check of a Retell account: the key, the number with the agent that speaks over it, places for calls, other agents."""

from db import storable
from db.channels.agents import MOST, Agent
from db.channels.errors import CheckDetail
from db.channels.provider_state import CheckResult
from db.channels.queries import Check
from db.messages.reasons import FailureReason
from workers.control import Control, Refused, refused_line
from workers.providers.retell.client import Number, RetellClient


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
    return CheckResult(lines=lines, number=number, places=free or None, agents=await _agents(control, found))


async def _agents(control: Control[RetellClient], number: Number) -> list[Agent] | None:
    """Who can speak; None where the key may not list them, which keeps nobody from calling."""
    try:
        listed = await control.call("check", "Agents read", "POST /v2/list-agents", control.client.agents(MOST))
    except Refused:
        return None
    own = {one.agent_id for one in number.outbound_agents or []} | {number.outbound_agent_id}
    found = []
    for one in listed:
        identifier = storable.identifier(one.agent_id, 100)
        if identifier is not None:
            name = " ".join(storable.text(one.agent_name or "", 120).split())
            found.append(Agent(identifier, name or identifier, own=identifier in own))
    return found


def _without(lines: list[Check], number: str, why: CheckDetail) -> CheckResult:
    bad = Check(code="sender", ok=False, value=number, reason=FailureReason.SENDER_INVALID.value, detail=why)
    return CheckResult(lines=[*lines, bad], failure=FailureReason.SENDER_INVALID, detail=why)
