"""Which tools the model calls, and with what: a move with the message that proves it, a tag, a follow-up, an amount."""

import re
from datetime import datetime
from typing import Any, Final, NamedTuple

from workers.sandbox.openai import collecting, intents, times, words
from workers.sandbox.openai.intents import Intent
from workers.sandbox.openai.reading import Goal, Line, Reading, dicts, goals
from workers.sandbox.openai.schema import MISSING
from workers.sandbox.openai.words import Language

LIKELY: Final = 0.85
"""Below it the model moves nothing."""
_STAGES: Final[dict[str, tuple[str, ...]]] = {
    "buy": ("fechament", "closing", "negocia", "negotiat", "compr", "pedido", "order", "ganh", "won", "vend", "fechad", "closed won", "quente", "hot"),
    "quote": ("orcament", "proposta", "proposal", "quote", "cotac", "qualific", "qualified"),
    "leave": ("perdid", "lost", "sem interesse", "not interested", "descart", "desist", "desqualific", "cancel"),
}  # fmt: skip
_REASONS: Final[dict[str, dict[Language, str]]] = {
    "buy": {"pt": "A pessoa disse que quer comprar.", "en": "The customer said that they want to buy."},
    "quote": {"pt": "A pessoa pediu um orçamento.", "en": "The customer asked for a quote."},
    "leave": {"pt": "A pessoa disse que não tem interesse.", "en": "The customer said that they are not interested."},
    "later": {"pt": "A pessoa pediu para ser chamada depois.", "en": "The customer asked to be contacted later."},
    "value": {"pt": "A pessoa disse um valor.", "en": "The customer named an amount."},
    "person": {"pt": "A pessoa pediu para falar com alguém.", "en": "The customer asked for a person."},
    "angry": {"pt": "A pessoa está insatisfeita.", "en": "The customer is unhappy."},
    "tag": {"pt": "A pessoa falou disso.", "en": "The customer spoke of it."},
    "fact": {"pt": "A pessoa informou.", "en": "The customer told it."},
}


class Option(NamedTuple):
    """One of the values that a property takes, and what it is called."""

    value: Any
    name: str


class Action(NamedTuple):
    """Why a tool is called. `option`: what of its choices; `value`: a text or an amount; `at`: a moment."""

    kind: str
    lines: list[Line]
    confidence: float
    option: Any = MISSING
    value: Any = MISSING
    key: str = ""
    currency: str = "BRL"
    at: datetime | None = None
    since: datetime | None = None


def actions(reading: Reading, tools: dict[str, dict[str, Any]], lines: list[Line]) -> list[tuple[str, Action]]:
    """Tools of those given that what the customer wrote calls for, each at most once."""
    found = [intent for intent in intents.of(lines) if intent.confidence >= LIKELY]
    made: list[tuple[str, Action]] = []
    for name, tool in tools.items():
        action = _action(name, tool, reading, found, lines)
        if action is not None:
            made.append((name, action))
    return made


def _action(name: str, tool: dict[str, Any], reading: Reading, found: list[Intent], lines: list[Line]) -> Action | None:
    if re.search(r"hand_?over|transfer|escalat", name):
        intent = intents.last(found, "person", "angry")
        return Action(intent.name, [intent.line], intent.confidence) if intent else None
    if re.search(r"move_(?:lead|stage|card)|set_stage|change_stage", name):
        return _move(tool, reading, found)
    if re.search(r"create_lead|new_lead|add_lead", name):
        intent = intents.last(found, "buy", "quote", "leave", "think")
        lead = stage_now(reading) or any(one.get("lead") for one in _objects(reading))
        return (
            Action(intent.name, [intent.line], intent.confidence)
            if intent and intent.name in ("buy", "quote") and not lead
            else None
        )
    if re.search(r"set_value|lead_value|set_amount", name):
        intent = intents.last(found, "value")
        return (
            Action("value", [intent.line], intent.confidence, value=intent.amount, currency=intent.currency) if intent else None
        )
    if re.search(r"schedule|follow_?up|remind|callback", name):
        return _schedule(reading, found)
    if re.search(r"(?:add|set)_(?:tag|label)s?", name):
        return _tag(tool, reading, lines)
    if re.search(r"update_contact|set_field|update_field|set_fields", name):
        return _field(tool, reading)
    if re.search(r"send_(?:file|media|template|document)", name):
        return _sending(tool, reading, lines)
    return None


def _move(tool: dict[str, Any], reading: Reading, found: list[Intent]) -> Action | None:
    """The last word of the customer, where it leads to a stage that they are not in."""
    intent = intents.last(found, "buy", "quote", "leave", "think")
    if intent is None or intent.name == "think":
        return None
    stages = options(tool, reading, ("to_stage", "stage", "stage_id", "target_stage", "to"))
    chosen = stage_for(intent.name, stages, stage_now(reading))
    if chosen is None and stages:
        return None
    return Action(intent.name, [intent.line], intent.confidence, option=MISSING if chosen is None else chosen.value)


def stage_for(name: str, stages: list[Option], now: str) -> Option | None:
    """The stage whose name says it; for who wants to buy, else the next one after where they are."""
    for piece in _STAGES[name]:
        for stage in stages:
            if piece in words.plain(stage.name):
                return None if words.plain(stage.name) == words.plain(now) else stage
    if name == "leave":
        return None
    places = [words.plain(stage.name) for stage in stages]
    place = places.index(words.plain(now)) if words.plain(now) in places else -1
    return stages[place + 1] if 0 <= place < len(stages) - 1 else None


def stage_now(reading: Reading) -> str:
    """Where the lead stands, as the request tells it."""
    for one in _objects(reading):
        if isinstance(one.get("stage"), str) and one["stage"]:
            return str(one["stage"])
        if isinstance(one.get("stage"), dict) and one["stage"].get("name"):
            return str(one["stage"]["name"])
    written = re.search(r"(?:current stage|etapa atual|stage now|stands in)\W+([^\n.;]+)", reading.system, re.I)
    return written[1].strip(" \"'“”") if written else ""


def _schedule(reading: Reading, found: list[Intent]) -> Action | None:
    intent = intents.last(found, "later")
    if intent is None:
        return None
    since = times.now(reading.system)
    at = times.wanted(intent.line.text, since)
    return Action("later", [intent.line], intent.confidence, at=at, since=since) if at else None


def _tag(tool: dict[str, Any], reading: Reading, lines: list[Line]) -> Action | None:
    for option in options(tool, reading, ("tag", "label", "tags", "labels", "tag_id", "label_id", "name")):
        wanted = words.content(option.name)
        for line in reversed(lines):
            said = words.content(line.text)
            denied = re.search(
                rf"\b(?:nao|nem|not)\b[^,.;!?]{{0,25}}{re.escape(wanted[0][:5])}" if wanted else r"$^", words.plain(line.text)
            )
            if line.role == "user" and wanted and set(wanted) <= set(said) and not denied and not intents.injected(line.text):
                return Action("tag", [line], 0.88, option=option.value)
    return None


def _field(tool: dict[str, Any], reading: Reading) -> Action | None:
    fields = options(tool, reading, ("field", "key", "field_key", "name"))
    wanted = [Goal(str(option.value), option.name) for option in fields] or goals(reading.system)
    told = collecting.facts(reading, wanted)
    return Action("fact", [told[0].line], 0.9, option=told[0].key, value=told[0].value, key=told[0].key) if told else None


def _sending(tool: dict[str, Any], reading: Reading, lines: list[Line]) -> Action | None:
    """What the customer asks to be sent, by its name."""
    for line in reversed([one for one in lines if one.role == "user"]):
        folded = words.plain(line.text)
        if (
            not re.search(r"\b(?:manda|envia|passa|quero|tem|send|share)\w*\b", folded)
            or re.search(r"\bnao (?:precisa|quero|me)\b", folded)
            or intents.injected(line.text)
        ):
            continue
        for option in options(tool, reading, ("file", "file_id", "template", "template_id", "name", "media", "document")):
            if set(words.content(option.name)) & set(words.content(line.text)):
                return Action("tag", [line], 0.88, option=option.value)
    return None


def options(tool: dict[str, Any], reading: Reading, names: tuple[str, ...]) -> list[Option]:
    """What the first of these properties may be: its enum, named by descriptions, tools or rules; else what tools listed."""
    properties = (tool.get("parameters") or {}).get("properties", {})
    for name in names:
        part = properties.get(name)
        if part is None:
            continue
        values = choices(part)
        if values:
            return [Option(value, _name_of(value, part, reading)) for value in values]
        noun = re.sub(r"^to_|_id$|s$", "", name)
        return [
            Option(one["id"], str(one.get("name") or one.get("title") or one.get("label")))
            for listed in _objects(reading)
            for key, items in listed.items()
            if noun in key and isinstance(items, list)
            for one in items
            if isinstance(one, dict) and "id" in one and (one.get("name") or one.get("title") or one.get("label"))
        ]
    return []


def choices(part: dict[str, Any]) -> list[Any]:
    for one in (part, part.get("items") or {}, *part.get("anyOf", []), *((part.get("items") or {}).get("anyOf", []))):
        if "enum" in one:
            return [value for value in one["enum"] if value is not None]
    return []


def _name_of(value: Any, part: dict[str, Any], reading: Reading) -> str:
    """What a handle stands for."""
    text = str(value)
    described = " ".join(str(one.get("description", "")) for one in (part, part.get("items") or {}))
    for place in (described, reading.system):
        if match := re.search(rf"(?<!\w){re.escape(text)}\s*(?:[:=–]|\s-\s|\()\s*\"?([^\n,;)\"]+)", place):
            return match[1].strip()
    for one in _objects(reading):
        if one.get("id") == value and isinstance(one.get("name") or one.get("title") or one.get("label"), str):
            return str(one.get("name") or one.get("title") or one.get("label"))
    return text.replace("_", " ")


def _objects(reading: Reading) -> list[dict[str, Any]]:
    return [one for value in reading.facts for one in dicts(value)]


def reason(kind: str, language: Language) -> str:
    return _REASONS.get(kind, _REASONS["tag"])[language]


def argument(action: Action, language: Language, name: str, part: dict[str, Any]) -> Any:
    """What an action says of a property, by its name."""
    ids = [line.id for line in action.lines if line.id]
    whole = "integer" in str(part.get("type"))
    match name:
        case "evidence" | "evidence_ids" | "message_ids" | "evidence_messages" | "messages":
            return ids if "array" in str(part.get("type", "array")) else (ids or [""])[0]
        case "message_id" | "message":
            return (ids or [""])[0]
        case "quote" | "quotes":
            return action.lines[0].text[:200]
        case "reason" | "why" | "explanation" | "summary" | "note" | "title" | "goal" | "about" | "reason_text":
            return reason(action.kind, language)
        case "confidence" | "confidence_percent" | "certainty":
            percent = whole or name.endswith("percent") or part.get("maximum", 1) > 1
            return round(action.confidence * 100) if percent else action.confidence
        case "urgency" | "priority":
            return "high" if action.kind == "angry" else "normal"
        case "currency":
            return action.currency
    return _target(action, name, part, whole)


def _target(action: Action, name: str, part: dict[str, Any], whole: bool) -> Any:
    if action.at is not None and action.since is not None and (unit := re.search(r"(minute|hour|day)s?$", name)):
        seconds = (action.at - action.since).total_seconds()
        return round(seconds / {"minute": 60, "hour": 3600, "day": 86_400}[unit[1]])
    if action.at is not None and re.search(r"(?:^|_)(?:at|when|time|date|due|after|moment|datetime)(?:$|_)", name):
        if part.get("format") == "date" or name == "date":
            return action.at.date().isoformat()
        return action.at.strftime("%H:%M") if part.get("format") == "time" or name == "time" else action.at.isoformat()
    if isinstance(action.value, int):
        if re.search(r"cents|minor", name):
            return action.value
        if "micro" in name:
            return action.value * 10_000
        if re.search(r"value|amount|price|total|valor", name):
            return action.value // 100 if whole or not action.value % 100 else action.value / 100
        return MISSING
    if action.kind == "fact":
        return (
            action.value
            if re.search(r"value|text|content", name)
            else action.option
            if re.search(r"field|key|name", name)
            else MISSING
        )
    if re.search(r"stage|tag|label|file|template|media|document|^to$|^name$|field", name):
        return action.option
    return MISSING
