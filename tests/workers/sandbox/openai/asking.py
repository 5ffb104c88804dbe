"""Requests as the assistant makes them, and what the sandbox's model makes of them."""

import json
from typing import Any

from jsonschema import Draft202012Validator

from workers.sandbox.openai import brain


def closed(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
ANSWER = closed(
    decision={"type": "string", "enum": ["reply", "ask", "handover", "no_reply", "close"]},
    messages={"type": "array", "items": closed(text=TEXT, quote_message=MAYBE)},
    citations={"type": "array", "items": closed(chunk=TEXT, quote=TEXT)},
    collected={"type": "array", "items": closed(key=TEXT, value=TEXT, evidence=TEXT)},
    handover_reason=MAYBE,
    confidence={"type": "number", "minimum": 0, "maximum": 1},
    language=TEXT,
)
RULES = "You are Lia.\nFind out, one at a time and never what is known already, as `collected`:\n- cep: CEP de entrega (text)\n"
PASSAGES = [
    {
        "id": "k1",
        "title": "Entrega",
        "text": "Entregamos em todo o Brasil. O prazo é de 5 dias úteis. Frete grátis acima de R$ 200.",
    },
    {"id": "k2", "title": "Trocas", "text": "Fazemos trocas em até 30 dias. Leve a nota fiscal."},
    {"id": "k3", "title": "Modelo MZ-8629", "text": "A chaleira MZ-8629 custa R$ 189,90."},
    {"id": "k4", "title": "", "text": "Pergunta: Vocês abrem no domingo?\nResposta: Sim, das 10h às 16h."},
]
NOW = {"role": "system", "content": "Now: Thursday 2026-11-26 19:50 (America/Sao_Paulo)."}


def tool(name: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "strict": True, "parameters": closed(**properties)}}


SEARCH = tool("search_knowledge", query=TEXT)
EVIDENCE = {"type": "array", "items": TEXT}
STAGES = {"type": "string", "enum": ["s1", "s2", "s3", "s4"], "description": "s1: Novo, s2: Negociação, s3: Ganho, s4: Perdido"}
CONFIDENCE = {"type": "number", "minimum": 0, "maximum": 1}
MOVE = tool(
    "move_lead",
    lead_id={"type": "string", "enum": ["l1"]},
    to_stage=STAGES,
    reason=TEXT,
    evidence=EVIDENCE,
    confidence=CONFIDENCE,
)
LATER = tool("schedule_follow_up", at={"type": "string", "format": "date-time"}, goal=TEXT, evidence=EVIDENCE)
VALUE = tool(
    "set_value", value_cents={"type": "integer"}, currency={"type": "string", "enum": ["BRL", "USD", "EUR"]}, evidence=EVIDENCE
)
TAG = tool("add_tag", tag={"type": "string", "enum": ["atacado", "vip"]}, evidence=EVIDENCE)
PERSON = tool("hand_over", reason=TEXT, urgency={"type": "string", "enum": ["normal", "high"]})
ACTING = [MOVE, LATER, VALUE, TAG, PERSON]


def body(
    *said: str,
    rules: str = RULES,
    tools: list[dict[str, Any]] | None = None,
    passages: list[dict[str, Any]] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """`said`: in turns, the customer first and last; one that begins with > is ours."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": rules}]
    for number, text in enumerate(said, 1):
        ours = text.startswith(">")
        content = f"[m{number}] {json.dumps(text.removeprefix('>'), ensure_ascii=False)}"
        messages.append({"role": "assistant" if ours else "user", "content": content})
    if passages is not None:
        call = {"id": "c1", "type": "function", "function": {"name": "search_knowledge", "arguments": "{}"}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": "c1", "content": json.dumps({"passages": passages})})
    form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": ANSWER}}
    return {"messages": [*messages, NOW], "response_format": form, "tools": tools or [], **more}


def answered(*said: str, obedient: bool = False, **more: Any) -> dict[str, Any]:
    """The answer of a turn, which always fits its schema."""
    text = brain.answer(body(*said, **more), obedient=obedient).text
    made: dict[str, Any] = json.loads(text)
    Draft202012Validator(ANSWER).validate(made)
    return made


def called(*said: str, obedient: bool = False, **more: Any) -> dict[str, dict[str, Any]]:
    """The tools called, with arguments that fit."""
    more.setdefault("tools", ACTING)
    calls = brain.answer(body(*said, **more), obedient=obedient).calls
    made = {call.name: json.loads(call.arguments) for call in calls}
    schemas = {one["function"]["name"]: one["function"]["parameters"] for one in more["tools"]}
    for name, arguments in made.items():
        if name in schemas:
            Draft202012Validator(schemas[name]).validate(arguments)
    return made
