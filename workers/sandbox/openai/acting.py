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
QUOTE: Final = 200
"""Characters that are quoted."""
TITLE: Final = 60
_TAGS: Final = re.compile(r"(?:add|set|remove)_(?:tag|label)s?")
_FIELDS: Final = re.compile(r"update_contact|set_field|update_field|set_fields")
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


_NEW: Final = re.compile(r"new messages of the customer: ((?:m\d+(?:, )?)+)", re.I)
"""Where a request says which messages it is about."""


def actions(reading: Reading, tools: dict[str, dict[str, Any]], lines: list[Line]) -> list[tuple[str, Action]]:
    """Tools of those given that what the customer wrote calls for, each at most once but for fields and tags. Where the request tells what
    is new, nothing is done because of what is not."""
    found = [intent for intent in intents.of(lines) if intent.confidence >= LIKELY]
    new = _NEW.search(reading.system)
    names = set(new[1].split(", ")) if new else None
    return [
        (name, action)
        for name, tool in tools.items()
        for action in _all(name, tool, reading, found, lines)
        if names is None or any(line.id in names for line in action.lines)
    ]


def _all(name: str, tool: dict[str, Any], reading: Reading, found: list[Intent], lines: list[Line]) -> list[Action]:
    if _TAGS.search(name):
        return _tags(tool, reading, lines, gone=name.startswith("remove"))
    if _FIELDS.search(name):
        return _fields(tool, reading, lines)
    action = _action(name, tool, reading, found, lines)
    return [] if action is None else [action]


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
    if re.search(r"^assign|set_owner", name):
        return _person(tool, reading, lines)
    if re.search(r"^book|cancel_(?:booking|appointment)", name):
        return _booking(tool, reading, lines, cancels=name.startswith("cancel"))
    if re.search(r"add_to_(?:cadence|sequence)|enrol", name):
        return _entering(tool, reading, lines)
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
    """The stage whose name says it, which is none before the one where they are, save for who leaves; for who wants to buy, else the next
    one after it."""
    places = [words.plain(stage.name) for stage in stages]
    place = places.index(words.plain(now)) if words.plain(now) in places else -1
    for piece in _STAGES[name]:
        for number, stage in enumerate(stages):
            if piece in words.plain(stage.name):
                return stage if number > place or (name == "leave" and number != place) else None
    if name == "leave":
        return None
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


def _tags(tool: dict[str, Any], reading: Reading, lines: list[Line], *, gone: bool) -> list[Action]:
    """Those that the customer speaks of; `gone`: those that they deny."""
    made = []
    for option in options(tool, reading, ("tag", "label", "tags", "labels", "tag_id", "label_id", "name")):
        wanted = words.content(option.name)
        for line in reversed(lines):
            if (
                line.role != "user"
                or not wanted
                or not set(wanted) <= set(words.content(line.text))
                or intents.injected(line.text)
            ):
                continue
            folded = words.plain(line.text)
            denied = re.search(rf"\b(?:nao|nem|not)\b[^,.;!?]{{0,25}}{re.escape(wanted[0][:5])}", folded)
            if bool(denied) is gone:
                made.append(Action("tag", [line], 0.88, option=option.value))
            break
    return made


def _fields(tool: dict[str, Any], reading: Reading, lines: list[Line]) -> list[Action]:
    fields = options(tool, reading, ("field", "key", "field_key", "name"))
    wanted = [Goal(str(option.value), option.name) for option in fields] or goals(reading.system)
    told = collecting.facts(reading, wanted, [line for line in lines if not intents.injected(line.text)])
    return [Action("fact", [one.line], 0.9, option=one.key, value=one.value, key=one.key) for one in told]


def _person(tool: dict[str, Any], reading: Reading, lines: list[Line]) -> Action | None:
    """The colleague whom the customer asks for by their first name."""
    for option in options(tool, reading, ("person", "owner", "user", "colleague", "person_id", "owner_id", "user_id")):
        first = re.escape(words.plain(option.name).split(" ")[0])
        asked = rf"\b(?:falar|conversar|tratar|talk|speak|deal)\b(?: \w+)? (?:com|to|with) (?:o |a )?{first}\b"
        for line in reversed(lines):
            if line.role == "user" and re.search(asked, words.plain(line.text)) and not intents.injected(line.text):
                return Action("person", [line], 0.9, option=option.value)
    return None


_BOOK: Final = re.compile(
    r"\b(?:marca|agenda|reserva|remarca|book|schedule|reserve)\w*|\bpode ser\b|\b(?:quero|confirmo|fico com|vou) (?:o |a |as |na |no )?|\bworks for me\b"
)
_CANCEL: Final = re.compile(
    r"\b(?:desmarc\w+|cancel\w*)\b|\bnao (?:vou|posso|consigo) (?:mais )?(?:ir|comparecer)\b|\bcan'?t (?:make it|come)\b"
)


def _booking(tool: dict[str, Any], reading: Reading, lines: list[Line], *, cancels: bool) -> Action | None:
    """The free time whose day and hour the customer says; or that they do not come."""
    for line in reversed([one for one in lines if one.role == "user" and not intents.injected(one.text)]):
        said = words.plain(line.text)
        leaves = bool(_CANCEL.search(said))
        if cancels:
            if leaves and "?" not in line.text:
                return Action("later", [line], 0.9)
            continue
        if leaves or not _BOOK.search(said) or re.search(r"\b(?:nao|not|talvez|quem sabe|maybe|perhaps)\b", said):
            continue
        at = times.wanted(line.text, times.now(reading.system))
        if at is None:
            continue
        for option in options(tool, reading, ("time", "slot", "slot_id")):
            if f"{at:%Y-%m-%d %H:%M}" in option.name:
                return Action("later", [line], 0.9, option=option.value)
    return None


def _entering(tool: dict[str, Any], reading: Reading, lines: list[Line]) -> Action | None:
    """The sequence whose whole name the customer says."""
    for line in reversed([one for one in lines if one.role == "user" and not intents.injected(one.text)]):
        for option in options(tool, reading, ("sequence", "sequence_id", "cadence", "cadence_id")):
            wanted = words.content(option.name)
            if (
                wanted
                and set(wanted) <= set(words.content(line.text))
                and not re.search(r"\b(?:nao|not)\b", words.plain(line.text))
            ):
                return Action("tag", [line], 0.88, option=option.value)
    return None


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
            return [Option(value, name_of(value, part, reading)) for value in values]
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


def name_of(value: Any, part: dict[str, Any], reading: Reading) -> str:
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
            return cut(action.lines[0].text, QUOTE)
        case "title" if action.kind in ("buy", "quote"):
            return cut(" ".join(action.lines[0].text.split()), TITLE)
        case "lost_reason":
            return _why_lost(action, choices(part)) if action.kind == "leave" else MISSING
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


def cut(text: str, most: int) -> str:
    """Whole words of its beginning."""
    return text if len(text) <= most else text[: most + 1].rpartition(" ")[0] or text[:most]


def _why_lost(action: Action, reasons: list[Any]) -> Any:
    """The reason that the words speak of; without reasons, what was said."""
    said = words.plain(action.lines[0].text)
    if not reasons:
        return cut(action.lines[0].text, QUOTE)
    for spoken, meant in (
        (r"\bcar[oa]\b|preco|expensive|price", r"preco|price|car[oa]"),
        (r"outr[oa]|elsewhere|other|another", r"outr|elsewhere|concorr|compet"),
        (r"", r"interes"),
    ):
        found = next((one for one in reasons if re.search(meant, words.plain(str(one)))), None)
        if found is not None and re.search(spoken, said):
            return found
    return reasons[0]


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
    if re.search(
        r"stage|tag|label|file|template|sequence|cadence|^time$|^slot|media|document|person|owner|user|^to$|^name$|field", name
    ):
        return action.option
    return MISSING
