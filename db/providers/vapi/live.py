"""What VAPI asks in the middle of a call, and the form of each answer. Sources: docs.vapi.ai (server-url), vapi_server_sdk 3.0.0.

`assistant-request` (7.5 seconds for all), `tool-calls` and `transfer-destination-request` (20 seconds unless the owner says otherwise).
Any other message needs no words.
"""

import json
import re
from typing import Any

import msgspec

from db import storable
from db.providers.live import Asked, Caller, Found, Handover, Known, Lookup, Passages, Reached

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
TOOL = "request_human"
"""The tool of an assistant that asks for a person."""
KNOWLEDGE = "search_knowledge"
"""The tool of an assistant that looks for something in our knowledge; it takes `question`."""
SORRY = {
    "pt": "Desculpe, não consigo atender agora. A equipe retorna a sua ligação.",
    "es": "Disculpe, no puedo atender ahora. El equipo le devuelve la llamada.",
    "en": "Sorry, I cannot take your call now. The team calls you back.",
}
"""What the caller hears when no assistant can be named; the call stands here and is called back."""
_SPOKEN = {"+55": "pt", "+351": "pt", "+34": "es", "+52": "es", "+54": "es", "+56": "es", "+57": "es", "+1": "en", "+44": "en"}


class ToolCall(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: dict[str, Any]


def message_of(body: bytes) -> dict[str, Any] | None:
    """The message of a webhook; None: it is none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    message = told.get("message") if isinstance(told, dict) else None
    return message if isinstance(message, dict) else None


def tool_calls(message: dict[str, Any]) -> list[ToolCall]:
    """Those of one message, in whichever of the three shapes they come."""
    found = []
    for one in _list(message.get("toolCallList")) or [
        _map(each).get("toolCall") for each in _list(message.get("toolWithToolCallList"))
    ]:
        call = _map(one)
        function = _map(call.get("function"))
        said = next((each for each in (call.get("parameters"), call.get("arguments"), function.get("arguments")) if each), None)
        if isinstance(said, str):
            try:
                said = json.loads(said)
            except (ValueError, RecursionError):
                said = None
        name = call.get("name") or function.get("name")
        if isinstance(call.get("id"), str) and isinstance(name, str):
            found.append(ToolCall(call["id"], name, _map(said)))
    return found


def number_of(message: dict[str, Any]) -> str | None:
    """Who is on the line; None: they hide their number."""
    for holder in (message.get("customer"), _map(message.get("call")).get("customer")):
        number = _map(holder).get("number")
        if isinstance(number, str) and NUMBER.fullmatch(number):
            return number
    return None


def call_id_of(message: dict[str, Any]) -> str:
    found = _map(message.get("call")).get("id")
    return storable.key(found) if isinstance(found, str) else ""


def attempt_of(message: dict[str, Any]) -> str | None:
    """Our attempt, as it stands in the call that it made."""
    call = _map(message.get("call"))
    for found in (_map(call.get("customer")).get("externalId"), call.get("name")):
        if isinstance(found, str) and found:
            return storable.text(found, 60)
    return None


def handover(message: dict[str, Any]) -> Handover | None:
    """Whoever wants a person, by our tool or by a transfer whose place is asked for."""
    kind, said = message.get("type"), dict[str, Any]()
    if kind == "tool-calls":
        wanted = next((one for one in tool_calls(message) if one.name == TOOL), None)
        if wanted is None:
            return None
        said = wanted.arguments
    elif kind != "transfer-destination-request":
        return None
    else:
        said = _map(_map(message.get("functionCall")).get("parameters"))
    call_id = call_id_of(message)
    told = [storable.text(said[name], most).strip() if isinstance(said.get(name), str) else "" for name, most in _SAID]
    return Handover(call_id, attempt_of(message), *told) if call_id else None


_SAID = (("reason", 300), ("department", 80), ("summary", 1500))


def asked(body: bytes) -> Asked | None:
    message = message_of(body)
    if message is None:
        return None
    return Caller(number_of(message)) if message.get("type") == "assistant-request" else handover(message) or lookup(message)


def lookup(message: dict[str, Any]) -> Lookup | None:
    """What is looked for in the knowledge: the first of several questions."""
    wanted = None
    if message.get("type") == "tool-calls":
        wanted = next((one for one in tool_calls(message) if one.name == KNOWLEDGE), None)
    if wanted is None:
        return None
    call_id, question = call_id_of(message), wanted.arguments.get("question") or wanted.arguments.get("query")
    return Lookup(call_id, storable.text(question, 1000).strip() if isinstance(question, str) else "") if call_id else None


def answer(body: bytes, question: Asked | None, found: Found | None, webhook: str) -> bytes:
    """`webhook` is not told: VAPI proves itself only at addresses that its owner saved."""
    message = message_of(body) or {}
    match message.get("type"):
        case "assistant-request":
            return msgspec.json.encode(_assistant(message, found))
        case "tool-calls":
            return msgspec.json.encode({"results": _results(tool_calls(message), found)})
        case "transfer-destination-request":
            return msgspec.json.encode(_destination(message, found))
    return b"{}"


def sorry(message: dict[str, Any]) -> str:
    """In the language that the assistant of the call speaks, as far as it is told; else in that of the place of who is on the line."""
    for holder in (message, _map(message.get("call"))):
        spoken = _map(_map(holder.get("assistant")).get("transcriber")).get("language")
        if isinstance(spoken, str) and (found := SORRY.get(spoken[:2].lower())):
            return found
    return sorry_at(number_of(message) or "")


def sorry_at(number: str) -> str:
    """In the language of a number's place; Portuguese where that is not known."""
    return SORRY[next((language for code, language in _SPOKEN.items() if number.startswith(code)), "pt")]


def _assistant(message: dict[str, Any], found: Found | None) -> dict[str, Any]:
    if not isinstance(found, Known) or not found.account:
        return {"error": sorry(message)}
    return {"assistantId": found.account, "assistantOverrides": {"variableValues": found.variables}}


def _results(calls: list[ToolCall], found: Found | None) -> list[dict[str, str]]:
    """One for each. One question is looked up at a time."""
    first = next((one for one in calls if one.name == KNOWLEDGE), None)
    return [_result(one, found if one.name != KNOWLEDGE or one is first else None) for one in calls]


def _result(call: ToolCall, found: Found | None) -> dict[str, str]:
    """One line of text, whatever is asked."""
    if call.name == KNOWLEDGE:
        if not isinstance(found, Passages):
            return {"toolCallId": call.id, "name": call.name, "error": "Not searched. Ask again, one question at a time."}
        parts = "".join(f" [{title}] {text}" for title, text in found.parts)
        return {"toolCallId": call.id, "name": call.name, "result": " ".join(f"{found.outcome}: {found.words}{parts}".split())}
    if call.name != TOOL:
        return {"toolCallId": call.id, "name": call.name, "error": "No such tool."}
    reached = found if isinstance(found, Reached) else Reached("nobody", None, "", "")
    told = f"{reached.outcome}: {reached.words}" + (f" ({reached.number})" if reached.number else "")
    return {"toolCallId": call.id, "name": call.name, "result": " ".join(told.split())}


def _destination(message: dict[str, Any], found: Found | None) -> dict[str, Any]:
    """A person's phone, once they took the call: they hear what it is about, and a machine that answers gives the call back."""
    if not isinstance(found, Reached) or found.number is None:
        return {"error": found.words if isinstance(found, Reached) and found.words else sorry(message)}
    return {"destination": warm_transfer(found.number, found.summary, sorry(message))}


def warm_transfer(number: str, summary: str, failed: str) -> dict[str, Any]:
    """To a person's phone: they hear what it is about, and a machine that answers gives the call back; then the caller hears `failed`."""
    plan = {
        "mode": "warm-transfer-experimental",
        "summaryPlan": {"enabled": True},
        "message": summary[:900],
        "fallbackPlan": {"message": failed, "endCallEnabled": False},
    }
    return {"type": "number", "number": number, "transferPlan": plan}


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
