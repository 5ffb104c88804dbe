"""A chat request as the sandbox's model reads it: rules, talk, passages, what tools said.

Messages may be plain, marked by an id in front (`[m12] Oi`), a transcript (`Customer: Oi`), or JSON that holds texts with ids; passages
likewise (`[k7] …`).
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

_MARK: Final = re.compile(r"^\s*\[(m\d+)\b([^\]\n]*)\]:?[ \t]*", re.MULTILINE)
_PASSAGE: Final = re.compile(r"^\s*\[(k\d+)\b([^\]\n]*)\]:?[ \t]*", re.MULTILINE)
_PASSAGE_ID: Final = re.compile(r"k\d+")
_THEIRS: Final = ("customer", "cliente", "client", "contact", "contato", "user", "in", "inbound", "lead")
_OURS: Final = (
    "agent",
    "agente",
    "atendente",
    "assistant",
    "assistente",
    "team",
    "equipe",
    "colleague",
    "colega",
    "out",
    "outbound",
    "ai",
    "bot",
)
_SPEAKER: Final = re.compile(
    rf"^\s*\*{{0,2}}({'|'.join((*_THEIRS, *_OURS))})\b[^:\n]{{0,30}}:\*{{0,2}}[ \t]*(?=\S)", re.MULTILINE | re.I
)
_TEXTS: Final = ("text", "body", "content", "passage", "answer", "transcript")
_TITLES: Final = ("heading", "title", "source", "source_title", "question")
_IDS: Final = ("id", "chunk", "handle", "key", "message", "message_id")
_WHO: Final = ("who", "role", "from", "direction", "author", "by")


class Line(NamedTuple):
    """One message of the talk. `role`: user or assistant; `id` "" where none is given."""

    role: str
    id: str
    text: str


class Passage(NamedTuple):
    id: str
    title: str
    text: str


class Called(NamedTuple):
    """A tool call of this turn, and what came of it."""

    name: str
    arguments: str
    result: str


class Goal(NamedTuple):
    """A fact to find out. `needed`: before a person takes over for another reason than their own."""

    key: str
    label: str
    needed: bool = False


class Reading(NamedTuple):
    """`facts`: JSON that tools and messages held. `images`: addresses of pictures."""

    system: str
    lines: list[Line]
    passages: list[Passage]
    calls: list[Called]
    facts: list[Any]
    images: list[str]

    @property
    def now(self) -> list[Line]:
        """What the customer wrote since our last answer."""
        found: list[Line] = []
        for line in reversed(self.lines):
            if line.role != "user":
                break
            found.append(line)
        return found[::-1]

    @property
    def theirs(self) -> list[Line]:
        return [line for line in self.lines if line.role == "user"]

    @property
    def asked_last(self) -> str:
        """What we said before the customer wrote."""
        before = self.lines[: len(self.lines) - len(self.now)]
        return before[-1].text if before else ""


def read(body: dict[str, Any]) -> Reading:
    system: list[str] = []
    lines: list[Line] = []
    passages: dict[str, Passage] = {}
    asked: dict[str, tuple[str, str]] = {}
    calls: list[Called] = []
    facts: list[Any] = []
    images: list[str] = []
    for message in body["messages"]:
        role, text = message["role"], said(message.get("content"))
        images += pictures(message.get("content"))
        for passage in _passages(text, role == "tool"):
            passages.setdefault(passage.id or passage.text, passage)
        if (value := decoded(text)) is not None:
            facts.append(value)
        if role in ("system", "developer"):
            system.append(text)
        elif role == "tool":
            calls.append(Called(*asked.get(message["tool_call_id"], ("", "")), text))
        elif role == "user":
            calls = []
            lines += _lines(role, text)
        else:
            asked |= {c["id"]: (c["function"]["name"], c["function"]["arguments"]) for c in message.get("tool_calls") or []}
            if text:
                lines += _lines(role, text)
    return Reading("\n".join(system), lines, list(passages.values()), calls, facts, images)


_GOALS: Final = re.compile(
    r"^.*(?:find out|collect|descubra|pergunte|colete|objetivos|goals).*:[ \t]*\n((?:[ \t]*[-*•].*\n?)+)", re.I | re.MULTILINE
)
_GOAL: Final = re.compile(r"^[ \t]*[-*•][ \t]*([a-z][a-z0-9_]*)[ \t]*[:–-][ \t]*([^\n(]+)(\([^)\n]*\bneeded\b)?", re.MULTILINE)


def goals(system: str) -> list[Goal]:
    """Facts to find out, in their order: a list of `- key: label` under a line that asks to find them out."""
    found = _GOALS.search(system)
    return [Goal(one[1], one[2].strip(), bool(one[3])) for one in _GOAL.finditer(found[1])] if found else []


def said(content: Any) -> str:
    """The text of a message."""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text") or part.get("refusal") or "" for part in content or [])


def pictures(content: Any) -> list[str]:
    return [part["image_url"]["url"] for part in content if part.get("type") == "image_url"] if isinstance(content, list) else []


def decoded(text: str) -> Any:
    """The JSON that a text is, None when it is none."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within a JSON value, outer ones first."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from dicts(one)


def texts(value: Any) -> Iterator[str]:
    """Every text within a JSON value."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(one)


def _first(value: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((value[name].strip() for name in names if isinstance(value.get(name), str) and value[name].strip()), "")


def _lines(role: str, text: str) -> list[Line]:
    value = decoded(text)
    if value is not None:
        objects = [one for one in dicts(value) if not _is_passage(one)]
        found = [Line(_role(_first(one, _WHO), role), _first(one, _IDS), _first(one, _TEXTS)) for one in objects]
        found = [line for line in found if line.text]
        if found or _has_passages(value):
            return found
    if marks := list(_MARK.finditer(text)):
        return [Line(_role(mark[2].strip(), role), mark[1], _unquoted(piece)) for mark, piece in _pieces(marks, text)]
    if speakers := list(_SPEAKER.finditer(text)):
        return [Line(_role(mark[1], role), "", piece) for mark, piece in _pieces(speakers, text)]
    return [] if _PASSAGE.match(text) or not text.strip() else [Line(role, "", _unquoted(text.strip()))]


def _pieces(marks: list[re.Match[str]], text: str) -> Iterator[tuple[re.Match[str], str]]:
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    return ((mark, text[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True))


def _role(who: str, role: str) -> str:
    who = who.lower()
    return "user" if who in _THEIRS else "assistant" if who in _OURS else role


def _unquoted(text: str) -> str:
    """The text of a JSON string; other texts as they are."""
    if text[:1] != '"':
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text


def _is_passage(one: dict[str, Any]) -> bool:
    return bool(_PASSAGE_ID.fullmatch(_first(one, _IDS)))


def _has_passages(value: Any) -> bool:
    return any(_is_passage(one) for one in dicts(value))


def _passages(text: str, tool: bool) -> list[Passage]:
    """Texts with an id like k7; of a tool's result those without one too."""
    value = decoded(text)
    if value is not None:
        found = []
        for one in dicts(value):
            body = _first(one, _TEXTS)
            if body and (_is_passage(one) or (tool and not any(_is_passage(inner) for inner in dicts(one)))):
                found.append(Passage(_first(one, _IDS) if _is_passage(one) else "", _first(one, _TITLES), body))
        return found
    return [Passage(mark[1], mark[2].strip(" ·:-"), piece) for mark, piece in _pieces(list(_PASSAGE.finditer(text)), text)]
