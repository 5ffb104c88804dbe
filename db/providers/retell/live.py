"""What Retell asks when somebody calls one of the numbers, and the form of the answer. Source: docs.retellai.com, inbound webhook.

The agent that answers stays as its owner left it: what is told here counts for this call alone.
"""

import re
from typing import Any

import msgspec

from db import storable
from db.providers.live import Asked, Caller, Found, Handover, Known, Lookup, Passages, Reached

EVENTS = ["call_started", "transcript_updated", "call_ended", "call_analyzed", "transfer_bridged", "transfer_cancelled"]
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


def answer(_: bytes, question: Asked | None, found: Found | None, webhook: str) -> bytes:
    """The number's own agent speaks, with what is known of the person."""
    told: dict[str, Any] = {"agent_override": told_at(webhook)}
    if isinstance(found, Known):
        told["dynamic_variables"] = found.variables
    return msgspec.json.encode({"call_inbound": told})


class _Arguments(msgspec.Struct):
    reason: str = ""
    department: str = ""
    summary: str = ""


class _Call(msgspec.Struct):
    call_id: str
    metadata: Any = None


class _Tool(msgspec.Struct):
    call: _Call
    args: _Arguments = msgspec.field(default_factory=_Arguments)


_tool = msgspec.json.Decoder(_Tool, strict=False)


def wanted(body: bytes) -> Handover | None:
    """Who wants a person, of the agent's tool. Its arguments may be missing."""
    try:
        told = _tool.decode(body)
    except (ValueError, RecursionError):
        return None
    call_id = storable.key(told.call.call_id)
    attempt = told.call.metadata.get("attempt") if isinstance(told.call.metadata, dict) else None
    said = [
        storable.text(text, most).strip()
        for text, most in ((told.args.reason, 300), (told.args.department, 80), (told.args.summary, 1500))
    ]
    return Handover(call_id, attempt if isinstance(attempt, str) else None, *said) if call_id else None


def put_through(_: bytes, question: Asked | None, found: Found | None, webhook: str) -> bytes:
    """The result of the tool. Its fields are made variables of the call by the tool's settings: `transfer_number`, `transfer_summary`."""
    if not isinstance(found, Reached):
        found = Reached("nobody", None, "", "")
    told = {
        "outcome": found.outcome,
        "transfer_number": found.number or "",
        "transfer_summary": found.summary,
        "next": found.words,
    }
    return msgspec.json.encode(told)


class _Question(msgspec.Struct):
    question: str = ""
    query: str = ""


class _Search(msgspec.Struct):
    call: _Call
    args: _Question = msgspec.field(default_factory=_Question)


_search = msgspec.json.Decoder(_Search, strict=False)


def sought(body: bytes) -> Lookup | None:
    """What the agent's tool looks for in the knowledge."""
    try:
        told = _search.decode(body)
    except (ValueError, RecursionError):
        return None
    call_id = storable.key(told.call.call_id)
    return Lookup(call_id, storable.text(told.args.question or told.args.query, 1000).strip()) if call_id else None


def passages(_: bytes, question: Asked | None, found: Found | None, webhook: str) -> bytes:
    """The result of the tool, which the agent reads."""
    if not isinstance(found, Passages):
        found = Passages("unavailable", [], "")
    told = {"outcome": found.outcome, "passages": [{"title": title, "text": text} for title, text in found.parts]}
    return msgspec.json.encode({**told, "next": found.words})
