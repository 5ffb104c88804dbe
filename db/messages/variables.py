"""Message texts with variables, and how a value that is missing is made up for.

Our own texts name contact fields, with a fallback after a bar (`{{first_name}}`, `{{custom.city|your city}}`); WhatsApp
templates share the syntax (`{{1}}`, `{{city}}`), and db/messages/render.py fills them. `problems` is asked before a launch;
after it `render` cannot fail, so no message gets stuck. Values are put in once and never read as placeholders themselves.
Refuses to look anything up: values are handed in."""

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from enum import StrEnum

import msgspec

CONTACT_FIELDS = ("name", "first_name", "last_name", "phone", "email", "language", "external_id")
"""Fields every contact has; a company's own are `custom.<key>`."""
MAX_VALUE = 1024
"""Longest value put into a text: the longest body of a template (docs/contracts/meta-whatsapp.md, templates)."""


class Literal(msgspec.Struct, frozen=True, tag="text"):
    text: str


class Variable(msgspec.Struct, frozen=True, tag="variable"):
    """`position` is the offset of the opening braces; `fallback` what stands after the bar, if there is one."""

    name: str
    position: int
    fallback: str | None = None


Part = Literal | Variable


class ProblemCode(StrEnum):
    """What is wrong with a variable. Each has its code and sentence for people in db/campaigns/check.py."""

    UNCLOSED = "unclosed_variable"
    EMPTY_NAME = "variable_without_name"
    UNKNOWN_FIELD = "unknown_field"
    NO_FALLBACK = "fallback_missing"
    VALUE_TOO_LONG = "value_too_long"


class Problem(msgspec.Struct, frozen=True):
    """`position` is the offset of the opening braces in the text."""

    code: ProblemCode
    name: str
    position: int


_VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
_OPEN = re.compile(r"\{\{")


def parse(text: str) -> list[Part]:
    """Text and variables in order; braces that open nothing stay text."""
    parts: list[Part] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        if match.start() > end:
            parts.append(Literal(text[end : match.start()]))
        name, bar, fallback = match[1].partition("|")
        parts.append(Variable(name.strip(), match.start(), fallback.strip() if bar else None))
        end = match.end()
    if end < len(text):
        parts.append(Literal(text[end:]))
    return parts


def is_field(name: str, custom_keys: Container[str]) -> bool:
    return name in CONTACT_FIELDS or (name.startswith("custom.") and name[7:] in custom_keys)


def problems(text: str, custom_keys: Container[str]) -> list[Problem]:
    """All that forbids a launch with this text, in its order."""
    closed = _VARIABLE.sub(lambda match: " " * len(match[0]), text)
    found = [Problem(ProblemCode.UNCLOSED, "", match.start()) for match in _OPEN.finditer(closed)]
    for part in parse(text):
        if isinstance(part, Variable) and (code := _problem(part, custom_keys)):
            found.append(Problem(code, part.name, part.position))
    return sorted(found, key=lambda problem: problem.position)


def _problem(variable: Variable, custom_keys: Container[str]) -> ProblemCode | None:
    fallback = variable.fallback or ""
    if not variable.name:
        return ProblemCode.EMPTY_NAME
    if not is_field(variable.name, custom_keys):
        return ProblemCode.UNKNOWN_FIELD
    if not clean_value(fallback):
        return ProblemCode.NO_FALLBACK
    return ProblemCode.VALUE_TOO_LONG if len(fallback) > MAX_VALUE else None


def render(parts: Iterable[Part], values: Mapping[str, str | None]) -> str:
    """The text for one contact: a missing or blank value gives way to the fallback of its variable."""
    return "".join(
        part.text if isinstance(part, Literal) else clean_value(values.get(part.name) or "") or clean_value(part.fallback or "")
        for part in parts
    )


def clean_value(value: str, limit: int = MAX_VALUE) -> str:
    """One line, single blanks, nothing invisible, at most `limit` characters.

    Meta refuses parameters with a line end, a tab or many blanks in a row, and empty
    ones (131008). Joiners inside emoji stay."""
    if not value.isprintable():
        value = "".join(
            " " if char.isspace() else char
            for char in value
            if char.isprintable() or char.isspace() or char in "\u200d\ufe0f" or "\U000e0020" <= char <= "\U000e007f"
        )
    value = " ".join(value.split())[:limit].rstrip()
    return value if value.strip("\u200d\ufe0f") else ""


_TITLES = frozenset(
    (
        "dr",
        "dra",
        "sr",
        "sra",
        "srta",
        "srs",
        "prof",
        "profa",
        "eng",
        "mr",
        "mrs",
        "ms",
        "miss",
        "dom",
        "seu",
        "sra",
        "adv",
    )
)


def first_name(name: str) -> str:
    """How a person is greeted: "MARIA DA SILVA" gives "Maria", "Silva, João" "João"; blank when the text is no name."""
    head, comma, tail = name.partition(",")
    for word in (tail if comma and tail.strip() else head).split():
        letters = word  # as a rule
        if not word.isalpha():
            if any(char.isdigit() for char in word):
                continue
            letters = "".join(char for char in word if char.isalpha() or unicodedata.combining(char) or char in "-'’.")
            letters = letters.strip("-'’.")
        if len(letters) < 2 or letters.casefold().rstrip(".") in _TITLES:
            continue
        return letters if _mixed(letters) else "-".join(piece.capitalize() for piece in letters.split("-"))
    return ""


def _mixed(word: str) -> bool:
    """Capitals that somebody put there on purpose: "McDonald", "d'Ávila", "João"."""
    return word != word.upper() and word != word.lower()
