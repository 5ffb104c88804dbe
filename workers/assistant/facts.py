"""Whether a customer's own words say the fact that a model read in them, and how it is kept. Pure.

As with proposals (db/proposals/proven.py): what does not stand in the message that is named counts for nothing, and where one message of
a talk speaks to the machine none does: what follows it may be the order that was announced."""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from db.contacts.enums import CustomFieldKind
from db.contacts.field_values import Shape, written
from db.contacts.money import cents
from db.contacts.told import MAX_NAME, NAME
from db.personas.config import Goal
from db.personas.enums import GoalKind
from db.proposals import proven
from db.proposals.orders import speaks_to_machine
from db.texts import EMAIL
from workers.assistant.clean import clean
from workers.assistant.composed import Claim, Collected
from workers.assistant.orders import orders
from workers.assistant.prompt import Brief, Line

MAX_VALUE = 300
_YES = ("sim", "yes", "si", "claro", "com certeza", "isso", "positivo", "sure", "of course", "yep", "yeah")
_NO = ("nao", "no", "not", "nunca", "never", "negativo", "nope", "nem")
_ISO = re.compile(r"(?<![\d/.-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\d/-])")
_DAY_FIRST = re.compile(r"(?<![\d/.-])(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?![\d/-])")
_MONTHS = (
    ("janeiro", "january"), ("fevereiro", "february"), ("marco", "march"), ("abril", "april"), ("maio", "may"), ("junho", "june"),
    ("julho", "july"), ("agosto", "august"), ("setembro", "september"), ("outubro", "october"), ("novembro", "november"),
    ("dezembro", "december"),
)  # fmt: skip
_MONTH = {name[:size]: number for number, names in enumerate(_MONTHS, 1) for name in names for size in (3, len(name))}
_NAMED = re.compile(r"\b(\d{1,2})(?:º|st|nd|rd|th)?\s+(?:de\s+|of\s+)?([a-z]{3,9})\.?,?\s+(?:de\s+)?(\d{4})\b")
_MONTH_FIRST = re.compile(r"\b([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b")


_WORDS_OF_OTHERS = re.compile(r"[\"“”„«»:]")  # a quotation or a dictation is nothing that they tell of themselves
_TO_US = re.compile(r"\b(?:you|yours?|we|our|us|voces?|vcs?|nos|nossos?|nossas?)\b")  # neither is what they say of us
_RECIPIENT = re.compile(r"\b(?:to|for|para|pra|pro|ao?)\W*$")  # nor an address to which something is to go


class Fact(NamedTuple):
    """`said`: as people read it; `kept`: as the contact's field spells it."""

    said: str
    kept: str


def collected(claims: Iterable[Claim], lines: Mapping[str, Line], brief: Brief) -> list[Collected]:
    """Those that were asked for, and that stand in the message of the customer that is named; each once, the last that holds. `lines`: by
    their id in the prompt."""
    goals, found, claims = {goal.key: goal for goal in brief.config.goals}, dict[str, Collected](), list(claims)
    if claims and any(line.who == "customer" and (orders(line.text) or speaks_to_machine(line.text)) for line in brief.lines):
        return []
    for one in claims:
        goal, line = goals.get(one.key), lines.get(one.evidence)
        if goal is None or line is None or line.who != "customer":
            continue
        told = fact(goal, brief.shapes.get(goal.key), one.value, line.text, brief.country)
        if told is not None:
            found[goal.key] = Collected(key=goal.key, value=told.said, kept=told.kept, message_id=line.id)
    return list(found.values())


def fact(goal: Goal, shape: Shape | None, value: str, message: str, region: str) -> Fact | None:
    """None: the message does not say it, or it is no value of the kind. `shape`: of the contact's field of that key, where there is one."""
    said = " ".join(clean(value, MAX_VALUE).split())
    if not said or orders(said) or speaks_to_machine(message):
        return None
    kind = goal.kind if shape is None or shape.kind is CustomFieldKind.TEXT else _KINDS.get(shape.kind, GoalKind.TEXT)
    kept = _kept(kind, said, message, region)
    if shape is not None and shape.kind is CustomFieldKind.CHOICE:
        kept = _choice(shape, said, message)
    if kept is None or (goal.key == NAME and shape is None and not _names(said)):
        return None
    return Fact(said, kept)


_KINDS = {
    CustomFieldKind.NUMBER: GoalKind.NUMBER,
    CustomFieldKind.DATE: GoalKind.DATE,
    CustomFieldKind.BOOLEAN: GoalKind.YES_NO,
}


def _kept(kind: GoalKind, said: str, message: str, region: str) -> str | None:
    match kind:
        case GoalKind.TEXT:
            return (
                said
                if proven.stands_in(said, message)
                and not _WORDS_OF_OTHERS.search(said)
                and not _TO_US.search(proven.folded(said))
                else None
            )
        case GoalKind.EMAIL:
            return said if said.casefold() in {one.casefold() for one in _mails(message)} else None
        case GoalKind.PHONE:
            digits = _digits(said)
            return (
                said if len(digits) >= 8 and digits in {_digits(one) for one in re.findall(r"\+?\d[\d ().-]*", message)} else None
            )
        case GoalKind.NUMBER:
            sum_of = cents(said, region)
            return _plain(sum_of) if sum_of is not None and sum_of in proven.amounts(message, region) else None
        case GoalKind.DATE:
            day = next(iter(_days(said)), None)
            return day if day is not None and day in set(_days(message)) else None
        case GoalKind.YES_NO:
            return _yes_no(said, message)


def _mails(text: str) -> list[str]:
    """Addresses that are told; one to which something is to be sent may be anybody's."""
    found = [
        (one, hit.start()) for hit in re.finditer(r"[^\s,;:<>()\[\]\"']+", text) if re.match(EMAIL, one := hit[0].strip(".!?"))
    ]
    return [one for one, at in found if not _RECIPIENT.search(proven.folded(text[:at]))]


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _plain(hundredths: int) -> str:
    number = Decimal(hundredths) / 100
    return str(number.to_integral_value()) if number == number.to_integral_value() else str(number.normalize())


def _days(text: str) -> Iterator[str]:
    """Whole dates that a text names, as fields keep them. A year of two digits is the nearest that has been or nearly is."""
    folded = proven.folded(text)
    shapes = [f"{y}-{int(m):02}-{int(d):02}" for y, m, d in _ISO.findall(folded)]
    shapes += [f"{_year(y)}-{int(m):02}-{int(d):02}" for d, m, y in _DAY_FIRST.findall(folded)]
    named = [(d, m, y) for d, m, y in _NAMED.findall(folded)] + [(d, m, y) for m, d, y in _MONTH_FIRST.findall(folded)]
    shapes += [f"{y}-{_MONTH[m]:02}-{int(d):02}" for d, m, y in named if m in _MONTH]
    for shape in shapes:
        if (day := written(CustomFieldKind.DATE, shape)) is not None:
            yield day


def _year(text: str) -> str:
    return text if len(text) == 4 else f"19{text}" if int(text) > 40 else f"20{text}"


def _yes_no(said: str, message: str) -> str | None:
    """Said without ifs: one of the two, and not both."""
    meant = written(CustomFieldKind.BOOLEAN, proven.folded(said))
    yes, no = (any(proven.stands_in(word, message) for word in words) for words in (_YES, _NO))
    if meant is None or yes == no:
        return None
    return meant if (meant == "true") == yes else None


def _choice(shape: Shape, said: str, message: str) -> str | None:
    """The only one of what the field offers that the message names."""
    chosen = shape.written(said)
    if chosen is None or not proven.stands_in(chosen, message):
        return None
    others = [one for one in shape.choices if one != chosen and proven.folded(one) not in proven.folded(chosen)]
    return None if any(proven.stands_in(one, message) for one in others) else chosen


def _names(said: str) -> bool:
    """Whether it can be what a person is called."""
    return len(said) <= MAX_NAME and any(sign.isalpha() for sign in said) and not any(sign.isdigit() for sign in said)
