"""What Retell asks when somebody calls one of the numbers, and the form of the answer. Source: docs.retellai.com, inbound webhook.

The agent that answers stays as its owner left it: what is told here counts for this call alone.
"""

import re
from typing import Any

import msgspec

from db.providers.live import Asked, Caller, Known

EVENTS = ["call_started", "call_ended", "call_analyzed"]
"""What is told of a call."""
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


class _Inbound(msgspec.Struct):
    from_number: str | None = None


class _Asked(msgspec.Struct):
    call_inbound: _Inbound


_decoder = msgspec.json.Decoder(_Asked)


def asked(body: bytes) -> Caller | None:
    """Who calls."""
    try:
        number = _decoder.decode(body).call_inbound.from_number or ""
    except (ValueError, RecursionError):
        return None
    return Caller(number if NUMBER.fullmatch(number) else None)


def told_at(webhook: str) -> dict[str, Any]:
    """Where one call is told, whatever its agent says."""
    return {"agent": {"webhook_url": webhook, "webhook_events": EVENTS, "opt_in_signed_url": True}}


def answer(question: Asked | None, known: Known | None, webhook: str) -> bytes:
    """The number's own agent speaks, with what is known of the person."""
    told: dict[str, Any] = {"agent_override": told_at(webhook)}
    if known is not None:
        told["dynamic_variables"] = known.variables
    return msgspec.json.encode({"call_inbound": told})
