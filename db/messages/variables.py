"""Message texts with variables, and how a value that is missing is made up for.

Two kinds of placeholder share one syntax: our own texts (`{{first_name}}`, `{{custom.city}}`, with a fallback after a
bar: `{{first_name|customer}}`) and WhatsApp templates (`{{1}}`, `{{city}}`), whose placeholders a `Binding` ties to a
contact field or a constant. `problems` is asked before a launch; after it `render` and `resolve` cannot fail, so no
message gets stuck. Values are put in once and never read as placeholders themselves. Refuses to look anything up:
values are handed in."""

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from enum import StrEnum

import msgspec

CONTACT_FIELDS = ("name", "first_name", "last_name", "phone", "email", "language", "external_id")
"""Fields every contact has; a company's own are `custom.<key>`."""
MAX_VALUE = 1024
"""Longest value put into a text: the longest body of a template (contracts/meta-whatsapp.md 3)."""


class Literal(msgspec.Struct, frozen=True, tag="text"):
    text: str


class Variable(msgspec.Struct, frozen=True, tag="variable"):
    """`position` is the offset of the opening braces; `fallback` what stands after the bar, if there is one."""

    name: str
    position: int
    fallback: str | None = None


Part = Literal | Variable


class Binding(msgspec.Struct, frozen=True):
    """Where the value of one placeholder comes from: a contact's `field`, or else the `constant`."""

    placeholder: str
    field: str | None = None
    constant: str = ""
    fallback: str = ""


class ProblemCode(StrEnum):
    UNCLOSED = "unclosed_variable"
    EMPTY_NAME = "variable_without_name"
    UNKNOWN_FIELD = "unknown_field"
    NOT_BOUND = "placeholder_not_bound"
    NO_FALLBACK = "fallback_missing"
    NO_CONSTANT = "constant_missing"
    VALUE_TOO_LONG = "value_too_long"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    ProblemCode.UNCLOSED: "A variable is opened with {{ but not closed with }}.",
    ProblemCode.EMPTY_NAME: "A variable has no name between its braces.",
    ProblemCode.UNKNOWN_FIELD: "There is no contact field with this name.",
    ProblemCode.NOT_BOUND: "Choose what is put in place of this variable.",
    ProblemCode.NO_FALLBACK: "Write what contacts without this field should read.",
    ProblemCode.NO_CONSTANT: "Write the text for this variable.",
    ProblemCode.VALUE_TOO_LONG: "The text for this variable is too long.",
}


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


def placeholders(text: str) -> list[str]:
    """The names of the variables, each once, in the order of the text."""
    return list(dict.fromkeys(part.name for part in parse(text) if isinstance(part, Variable)))


def is_field(name: str, custom_keys: Container[str]) -> bool:
    return name in CONTACT_FIELDS or (name.startswith("custom.") and name[7:] in custom_keys)


def problems(text: str, custom_keys: Container[str], bindings: Iterable[Binding] | None = None) -> list[Problem]:
    """All that forbids a launch, in the order of the text.

    `bindings` None: the variables name contact fields; else each placeholder must be bound (templates)."""
    bound = None if bindings is None else {binding.placeholder: binding for binding in bindings}
    closed = _VARIABLE.sub(lambda match: " " * len(match[0]), text)
    found = [Problem(ProblemCode.UNCLOSED, "", match.start()) for match in _OPEN.finditer(closed)]
    checked: set[str] = set()
    for part in parse(text):
        if isinstance(part, Literal) or (bound is not None and part.name in checked):
            continue
        checked.add(part.name)
        if not part.name:
            found.append(Problem(ProblemCode.EMPTY_NAME, "", part.position))
        elif bound is not None and part.name not in bound:
            found.append(Problem(ProblemCode.NOT_BOUND, part.name, part.position))
        else:
            own = Binding(part.name, field=part.name, fallback=part.fallback or "")
            binding = own if bound is None else bound[part.name]
            found += [Problem(code, part.name, part.position) for code in _binding_problems(binding, custom_keys)]
    return sorted(found, key=lambda problem: problem.position)


def _binding_problems(binding: Binding, custom_keys: Container[str]) -> Iterable[ProblemCode]:
    given = binding.constant if binding.field is None else binding.fallback
    if binding.field is not None and not is_field(binding.field, custom_keys):
        yield ProblemCode.UNKNOWN_FIELD
    elif not clean_value(given):
        yield ProblemCode.NO_CONSTANT if binding.field is None else ProblemCode.NO_FALLBACK
    elif len(given) > MAX_VALUE:
        yield ProblemCode.VALUE_TOO_LONG


def resolve(bindings: Iterable[Binding], fields: Mapping[str, str | None]) -> dict[str, str]:
    """The value of each placeholder for one contact, fit to be a template's parameter."""
    return {
        binding.placeholder: clean_value(binding.constant)
        if binding.field is None
        else clean_value(fields.get(binding.field) or "") or clean_value(binding.fallback)
        for binding in bindings
    }


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
    if not (value.isascii() and value.isprintable()):
        value = "".join(
            " " if char.isspace() else char
            for char in value
            if char.isprintable() or char.isspace() or char in "\u200d\ufe0f" or "\U000e0020" <= char <= "\U000e007f"
        )
    value = " ".join(value.split())[:limit].rstrip()
    return value if value.strip("\u200d\ufe0f") else ""


def contact_values(
    name: str | None, phone: str | None, email: str | None, custom: Mapping[str, str], **others: str | None
) -> dict[str, str | None]:
    """The fields of one contact under the names that variables use.

    `others`: last_name, language, external_id, and first_name when it is known better than from `name`."""
    own = {f"custom.{key}": value for key, value in custom.items()}
    return {"name": name, "first_name": first_name(name or ""), "phone": phone, "email": email, **own, **others}


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
            letters = "".join(char for char in word if char.isalpha() or unicodedata.combining(char) or char in "-'’.")
            letters = letters.strip("-'’.")
        if len(letters) < 2 or any(char.isdigit() for char in word) or letters.casefold().rstrip(".") in _TITLES:
            continue
        return letters if _mixed(letters) else "-".join(piece.capitalize() for piece in letters.split("-"))
    return ""


def _mixed(word: str) -> bool:
    """Capitals that somebody put there on purpose: "McDonald", "d'Ávila", "João"."""
    return word != word.upper() and word != word.lower()
