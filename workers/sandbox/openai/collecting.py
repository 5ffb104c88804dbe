"""Facts that a customer tells: what was asked last, and what shows by its form (postal code, mail address, name)."""

import re
from typing import Final, NamedTuple

from workers.sandbox.openai import words
from workers.sandbox.openai.reading import Goal, Line, Reading

SHORT: Final = 80
"""Characters of an answer to a question of ours."""
_FORMS: Final = {
    "cep": re.compile(r"\b\d{5}-?\d{3}\b"),
    "postal": re.compile(r"\b\d{5}-?\d{3}\b"),
    "zip": re.compile(r"\b\d{5}(?:-\d{4})?\b"),
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "mail": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "cpf": re.compile(r"\b\d{3}\.?\d{3}\.?\d{3}-?\d{2}\b"),
    "cnpj": re.compile(r"\b\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}\b"),
    "name": re.compile(r"(?:(?:[Mm]eu nome é|[Mm]e chamo|[Aa]qui é (?:o |a )?|[Ss]ou (?:o|a)|[Mm]y name is|I'?m|[Tt]his is)\s+)([A-ZÀ-Ý][\wÀ-ÿ]+(?:\s+(?:d[aeo]s?\s+)?[A-ZÀ-Ý][\wÀ-ÿ]+)*)"),
    "city": re.compile(r"(?:(?:[Mm]oro em|[Mm]oramos em|[Ss]ou de|[Ff]ico em|I live in|I'?m from|[Pp]ara entregar em)\s+)([A-ZÀ-Ý][\wÀ-ÿ]+(?:\s+(?:d[aeo]s?\s+)?[A-ZÀ-Ý][\wÀ-ÿ]+)*)"),
    "size": re.compile(r"\b(?:tamanho|numero|número|size|visto|calço)\s+(PP|P|M|G|GG|XG|XS|S|L|XL|\d{1,2})\b", re.I),
    "budget": re.compile(r"(?:R\$|US\$|\$)\s*\d[\d.,]*\d|\b\d[\d.,]*\s*(?:reais|mil)\b", re.I),
}  # fmt: skip
_MEANT: Final = {
    "nome": "name", "cidade": "city", "tamanho": "size", "orcamento": "budget", "e-mail": "email", "valor": "budget",
}  # fmt: skip


class Fact(NamedTuple):
    key: str
    value: str
    line: Line


def facts(reading: Reading, wanted: list[Goal], lines: list[Line] | None = None) -> list[Fact]:
    """Of the goals, what the customer's messages since our last answer tell, or these `lines` where they are given."""
    found: list[Fact] = []
    for goal in wanted:
        fact = _by_form(goal, reading.now if lines is None else lines) or _by_question(goal, reading)
        if fact is not None:
            found.append(fact)
    return found


def missing(reading: Reading, wanted: list[Goal], told: list[Fact]) -> Goal | None:
    """The first goal that nobody knows yet: neither told now nor before, nor among the facts of the contact."""
    known = {fact.key for fact in told}
    before = words.plain(" ".join(text for value in reading.facts for text in _named(value)))
    for goal in wanted:
        if goal.key in known or words.plain(goal.label) in before or f" {goal.key} " in f" {before} ":
            continue
        if any(_answered(goal, reading.lines, at) for at, line in enumerate(reading.lines) if line.role == "user"):
            continue
        return goal
    return None


def _named(value: object) -> list[str]:
    """Names of what is known: keys with a value."""
    if isinstance(value, dict):
        own = [str(key) for key, one in value.items() if isinstance(one, (str, int, float)) and str(one).strip()]
        return own + [name for one in value.values() for name in _named(one)]
    return [name for one in value for name in _named(one)] if isinstance(value, list) else []


def _form(goal: Goal) -> re.Pattern[str] | None:
    named = words.words(f"{goal.key.replace('_', ' ')} {goal.label}")
    return next((_FORMS[_MEANT.get(word, word)] for word in named if _MEANT.get(word, word) in _FORMS), None)


def _by_form(goal: Goal, lines: list[Line]) -> Fact | None:
    form = _form(goal)
    if form is None:
        return None
    for line in reversed(lines):
        if match := form.search(line.text):
            return Fact(goal.key, match[match.lastindex or 0].strip(), line)
    return None


def _by_question(goal: Goal, reading: Reading) -> Fact | None:
    """A short answer to what we asked."""
    now = reading.now
    if not now or not _asks(goal, reading.asked_last):
        return None
    line = now[0]
    text = line.text.strip().rstrip(".!")
    if not 0 < len(text) <= SHORT or words.is_question(text) or words.is_greeting(text) or words.is_thanks(text):
        return None
    form = _form(goal)
    return Fact(goal.key, text, line) if form is None or goal.key in ("name", "nome", "cidade", "city") else None


def _answered(goal: Goal, lines: list[Line], at: int) -> bool:
    """Whether a message of the customer told it at some time."""
    form = _form(goal)
    if form is not None and form.search(lines[at].text):
        return True
    asked = at > 0 and lines[at - 1].role == "assistant" and _asks(goal, lines[at - 1].text)
    return asked and not words.is_question(lines[at].text) and not words.is_greeting(lines[at].text)


def _asks(goal: Goal, text: str) -> bool:
    label = set(words.content(goal.label)) or set(words.words(goal.label))
    return "?" in text and bool(label & set(words.content(text)))
