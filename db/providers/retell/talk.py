"""Retell's socket for an agent that is ours ("custom LLM"): JSON frames. Source: Retell, "LLM WebSocket"; retell-custom-llm-python-demo.

There is no signature: the address holds a secret. Retell numbers what it wants said, and forgets an older number.
"""

from typing import Any, Literal

import msgspec

from db import storable
from db.providers.live import Text
from db.providers.retell.live import NUMBER
from db.providers.talk import Details, Heard, Ping, Spoken, Talk, Turn, Update, Wanted

LONGEST = 2000
"""Letters of one turn."""
MOST = 60
"""Turns; the newest count."""
_CONFIG = {"auto_reconnect": True, "call_details": True, "transcript_with_tool_calls": False}


class _Turn(msgspec.Struct):
    role: str
    content: str = ""


class _Call(msgspec.Struct):
    from_number: str | None = None
    to_number: str | None = None
    direction: str = "inbound"
    metadata: Any = None
    retell_llm_dynamic_variables: Any = None


class _Frame(msgspec.Struct):
    interaction_type: Literal["ping_pong", "call_details", "update_only", "response_required", "reminder_required"]
    timestamp: int = 0
    response_id: int = 0
    transcript: list[_Turn] = []
    call: _Call | None = None


_decoder = msgspec.json.Decoder(_Frame)


def heard(frame: str | bytes) -> Heard | None:
    """What Retell tells; None: nothing that is known here."""
    try:
        told = _decoder.decode(frame)
    except (ValueError, RecursionError):
        return None
    said = [
        Turn("agent" if one.role == "agent" else "person", storable.text(one.content, LONGEST).strip())
        for one in told.transcript[-MOST:]
        if one.role in ("agent", "user")
    ]
    match told.interaction_type:
        case "ping_pong":
            return Ping(told.timestamp)
        case "call_details":
            return None if told.call is None else _details(told.call)
        case "update_only":
            return Update(said)
        case _:
            return Wanted(told.response_id, said, told.interaction_type == "reminder_required")


def _details(call: _Call) -> Details:
    theirs, ours = call.from_number, call.to_number
    if call.direction == "outbound":
        theirs, ours = ours, theirs
    attempt = call.metadata.get("attempt") if isinstance(call.metadata, dict) else None
    variables = call.retell_llm_dynamic_variables if isinstance(call.retell_llm_dynamic_variables, dict) else {}
    script = variables.get("script")
    return Details(
        theirs if theirs and NUMBER.fullmatch(theirs) else None,
        ours,
        attempt if isinstance(attempt, str) else None,
        storable.text(script, 1600) if isinstance(script, str) else "",
    )


def said(piece: Spoken) -> str:
    frame: dict[str, Any] = {
        "response_type": "response",
        "response_id": piece.number,
        "content": piece.text,
        "content_complete": piece.last,
        "end_call": piece.last and piece.hangs_up,
    }
    if piece.last and piece.transfer_to:
        frame["transfer_number"] = piece.transfer_to
    return msgspec.json.encode(frame).decode()


def pong(ping: Ping) -> str:
    return msgspec.json.encode({"response_type": "ping_pong", "timestamp": ping.token}).decode()


def person(call_id: str, attempt: str | None, reason: str, summary: str) -> bytes:
    """As the agent's own tool would ask for somebody."""
    metadata = {"attempt": attempt} if attempt else {}
    arguments = {"reason": reason[:300], "summary": summary[:1500], "department": ""}
    call = {"call_id": call_id, "metadata": metadata}
    return msgspec.json.encode({"name": "request_human", "args": arguments, "call": call})


TALK = Talk(
    label=Text(
        "For an agent whose words are your persona's (custom LLM)", "Para um atendente que fala pela sua persona (custom LLM)"
    ),
    path="llm",
    begins=(msgspec.json.encode({"response_type": "config", "config": _CONFIG}).decode(),),
    heard=heard,
    said=said,
    pong=pong,
    asks_person="retell_human",
    person=person,
)
