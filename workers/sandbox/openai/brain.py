"""The model of the sandbox: the same request always gets the same answer, made of what stands in the request.

It calls a search first where there is one and something is asked, answers by the best sentences of the passages, and says that it does not
know where none fits.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from workers.sandbox.openai import evidence, phrases, schema, words
from workers.sandbox.openai.evidence import Found
from workers.sandbox.openai.reading import Reading, read
from workers.sandbox.openai.words import Language

SEARCH: Final = ("search", "knowledge", "busca", "pesquis", "lookup")


class Call(NamedTuple):
    """`arguments`: JSON, as the model writes it."""

    id: str
    name: str
    arguments: str


class Said(NamedTuple):
    """An answer: a text or calls, or a refusal."""

    text: str = ""
    calls: Sequence[Call] = ()
    refusal: str = ""


class Thought(NamedTuple):
    """What the model makes of a request. `decision` as in the schema of a turn's answer."""

    language: Language
    decision: str
    text: str
    found: list[Found]
    reason: str
    confidence: float


def answer(body: dict[str, Any]) -> Said:
    reading = read(body)
    tools = {tool["function"]["name"]: tool["function"] for tool in body.get("tools") or []}
    if calls := _calls(body, reading, tools):
        return Said(calls=calls)
    thought = think(reading)
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        made = schema.build(form["json_schema"].get("schema") or {}, _Teller(reading, thought).tell)
        return Said(json.dumps(made, ensure_ascii=False, separators=(",", ":")))
    if form.get("type") == "json_object":
        return Said(json.dumps({"text": thought.text}, ensure_ascii=False))
    return Said(thought.text)


def _calls(body: dict[str, Any], reading: Reading, tools: dict[str, dict[str, Any]]) -> list[Call]:
    choice = body.get("tool_choice") or "auto"
    if not tools or choice == "none":
        return []
    if isinstance(choice, dict):
        name = choice["function"]["name"]
        return [_call(reading, tools[name], len(reading.calls))]
    done = {call.name for call in reading.calls}
    asked = _asked(reading)
    for name, tool in tools.items():
        if name not in done and name.startswith(SEARCH) and asked:
            return [_call(reading, tool, len(reading.calls))]
    return []


def _call(reading: Reading, tool: dict[str, Any], number: int) -> Call:
    question = " ".join(line.text for line in reading.now)
    made = schema.build(
        tool.get("parameters") or {}, lambda name, _: question if name in ("query", "q", "question") else schema.MISSING
    )
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    return Call(call_id(reading, tool["name"], number), tool["name"], text)


def call_id(reading: Reading, name: str, number: int) -> str:
    """Of one request always the same, of each call another."""
    seed = "|".join([name, str(number), *(line.text for line in reading.lines)])
    return "call_" + hashlib.blake2b(seed.encode(), digest_size=12).hexdigest()


def _asked(reading: Reading) -> str:
    return " ".join(line.text for line in reading.now if words.is_question(line.text))


def think(reading: Reading) -> Thought:
    now = reading.now
    said = " ".join(line.text for line in now)
    earlier = [line.text for line in reversed(reading.lines) if line.role == "user"]
    language = words.language(said, *earlier, reading.system) or "pt"
    found = evidence.best(said, reading.passages)
    if found:
        text = " ".join(dict.fromkeys(one.sentence for one in found))
        return Thought(language, "reply", text, found, "", round(min(0.55 + 0.4 * found[0].cover, 0.97), 2))
    if words.is_thanks(said):
        return Thought(language, "reply", phrases.say("thanks", language), [], "", 0.9)
    if words.is_greeting(said):
        return Thought(language, "reply", phrases.say("hello", language), [], "", 0.9)
    if words.is_question(said):
        return Thought(language, "handover", phrases.say("unknown", language), [], "no_answer", 0.3)
    return Thought(language, "ask", phrases.say("go_on", language), [], "", 0.5)


class _Teller:
    """What the thought says of a property of a schema, by the property's name."""

    def __init__(self, reading: Reading, thought: Thought) -> None:
        self._reading = reading
        self._thought = thought

    def tell(self, name: str, part: dict[str, Any]) -> Any:
        thought = self._thought
        match name:
            case "decision":
                return thought.decision
            case "messages":
                return [{"text": thought.text}]
            case "text" | "answer" | "reply" | "message":
                return thought.text
            case "citations":
                return [{"chunk": one.passage.id, "quote": evidence.quote(one)} for one in thought.found if one.passage.id]
            case "handover_reason":
                return thought.reason or None
            case "confidence":
                return thought.confidence
            case "language":
                return "pt-BR" if thought.language == "pt" else "en"
            case _:
                return schema.MISSING
