"""Places in a payload, and texts that are filled from them: `{{cliente.telefone}}`, `{{itens[0].nome|sem nome}}`,
`{{["Seu nome"]}}`. Pure; refuses to decide what a missing value means.

A text may mix words and places. After a bar stands what is taken where the payload has nothing.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

Token = str | int
MAX_VALUE = 5000  # characters of one filled text
MAX_SHOWN = 200  # of one value in a list of them
_HOLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(r'(?:^|\.)([^.\[\]{}|"]+)|\[(\d{1,4})\]|\[("(?:[^"\\]|\\.)*")\]')
_PLAIN = re.compile(r'[^.\[\]{}|"\s][^.\[\]{}|"]*')
_BAR = re.compile(r'\|(?=(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*")*$)')


def path_of(tokens: Sequence[Token]) -> str:
    """How a place is written."""
    text = ""
    for token in tokens:
        if isinstance(token, int):
            text += f"[{token}]"
        elif _PLAIN.fullmatch(token) and token == token.strip():
            text += f".{token}" if text else token
        else:
            text += f"[{msgspec.json.encode(token).decode()}]"
    return text


def parse(path: str) -> tuple[Token, ...] | None:
    """The keys and numbers of a place; None for what names none."""
    path, at, found = path.strip(), 0, list[Token]()
    while at < len(path):
        match = _TOKEN.match(path, at)
        if match is None or (match[1] is not None and at > 0 and path[at] != "."):
            return None
        if match[1] is not None:
            found.append(match[1].strip())
        elif match[2] is not None:
            found.append(int(match[2]))
        else:
            try:
                found.append(msgspec.json.decode(match[3], type=str))
            except msgspec.MsgspecError:
                return None
        at = match.end()
    return tuple(found) or None


def look(payload: Any, tokens: Sequence[Token]) -> Any:
    """What stands at a place; None where nothing does."""
    for token in tokens:
        if isinstance(token, int):
            payload = payload[token] if isinstance(payload, list) and token < len(payload) else None
        else:
            payload = payload.get(token) if isinstance(payload, dict) else None
    return payload


def as_text(value: Any) -> str:
    """A value as people write it: several plain ones with commas, "" for what holds others."""
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(text for item in value if not isinstance(item, list) and (text := as_text(item)))[:MAX_VALUE]
    return str(value).strip()[:MAX_VALUE]


class Leaf(NamedTuple):
    path: str
    text: str


def leaves(payload: Any, at: tuple[Token, ...] = ()) -> list[Leaf]:
    """Every value that a text can take, with its place, in the order in which they came. A list of plain values is one."""
    if isinstance(payload, dict):
        return [leaf for key, item in payload.items() for leaf in leaves(item, (*at, key))]
    if isinstance(payload, list) and (not at or any(isinstance(item, dict | list) for item in payload)):
        return [leaf for number, item in enumerate(payload) for leaf in leaves(item, (*at, number))]
    return [Leaf(path_of(at), as_text(payload)[:MAX_SHOWN])]


class Hole(NamedTuple):
    path: str
    tokens: tuple[Token, ...] | None
    fallback: str


def holes(text: str) -> list[Hole]:
    """The places that a text names, in its order."""
    return [_hole(match[1]) for match in _HOLE.finditer(text)]


def _hole(inner: str) -> Hole:
    path, *rest = _BAR.split(inner, maxsplit=1)
    return Hole(path.strip(), parse(path), rest[0].strip() if rest else "")


class Filled(NamedTuple):
    """`missing`: the places without a value and without something to take instead."""

    text: str
    missing: list[str]


def fill(text: str, payload: Any) -> Filled:
    """The text with what came."""
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        hole = _hole(match[1])
        found = as_text(look(payload, hole.tokens)) if hole.tokens else ""
        if not found and not hole.fallback:
            missing.append(hole.path)
        return found or hole.fallback

    return Filled(_HOLE.sub(value, text).strip()[:MAX_VALUE], missing)
