"""A chat request as the sandbox's model reads it: rules, talk, passages.

Messages may be plain, marked by an id in front (`[m12] Oi`), or JSON that holds texts with ids; passages likewise (`[k7] …`).
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

_MARK: Final = re.compile(r"^\s*\[(m\d+)\b[^\]\n]*\]:?[ \t]*", re.MULTILINE)
_PASSAGE: Final = re.compile(r"^\s*\[(k\d+)\b([^\]\n]*)\]:?[ \t]*", re.MULTILINE)
_PASSAGE_ID: Final = re.compile(r"k\d+")
_TEXTS: Final = ("text", "body", "content", "passage", "answer", "transcript")
_TITLES: Final = ("heading", "title", "source", "source_title", "question")
_IDS: Final = ("id", "chunk", "handle", "key", "message", "message_id")


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


class Reading(NamedTuple):
    system: str
    lines: list[Line]
    passages: list[Passage]
    calls: list[Called]

    @property
    def now(self) -> list[Line]:
        """What the customer wrote since our last answer."""
        found: list[Line] = []
        for line in reversed(self.lines):
            if line.role != "user":
                break
            found.append(line)
        return found[::-1]


def read(body: dict[str, Any]) -> Reading:
    system: list[str] = []
    lines: list[Line] = []
    passages: dict[str, Passage] = {}
    asked: dict[str, tuple[str, str]] = {}
    calls: list[Called] = []
    for message in body["messages"]:
        role, text = message["role"], said(message.get("content"))
        for passage in _passages(text, role == "tool"):
            passages.setdefault(passage.id or passage.text, passage)
        if role in ("system", "developer"):
            system.append(text)
        elif role == "tool":
            calls.append(Called(*asked.get(message["tool_call_id"], ("", "")), text))
        elif role == "user":
            if calls:
                calls = []
            lines += _lines(role, text)
        else:
            asked |= {c["id"]: (c["function"]["name"], c["function"]["arguments"]) for c in message.get("tool_calls") or []}
            if text:
                lines += _lines(role, text)
    return Reading("\n".join(system), lines, list(passages.values()), calls)


def said(content: Any) -> str:
    """The text of a message; of a picture only that it is there."""
    if isinstance(content, str):
        return content
    parts = []
    for part in content or []:
        kind = part.get("type")
        parts.append(part.get("text") or part.get("refusal") or (f"[{kind}]" if kind else ""))
    return "\n".join(parts)


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


def _first(value: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((value[name].strip() for name in names if isinstance(value.get(name), str) and value[name].strip()), "")


def _lines(role: str, text: str) -> list[Line]:
    value = decoded(text)
    if value is not None:
        found = [Line(role, _first(one, _IDS), _first(one, _TEXTS)) for one in dicts(value) if not _is_passage(one)]
        found = [line for line in found if line.text]
        if found or _has_passages(value):
            return found
    marks = list(_MARK.finditer(text))
    if not marks:
        return [] if _PASSAGE.match(text) else [Line(role, "", text.strip())]
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    return [Line(role, mark[1], text[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True)]


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
    marks = list(_PASSAGE.finditer(text))
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    return [
        Passage(mark[1], mark[2].strip(" ·:-"), text[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True)
    ]
