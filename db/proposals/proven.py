"""Whether the words of a customer say what a proposal claims. Pure: texts in, yes or no out. Nothing here decides what becomes of it."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from db.boards.enums import LeadFieldKind
from db.contacts.money import cents

_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "´": "'", "`": "'", "–": "-", "—": "-", "…": " ", "\u00a0": " "})
_AMOUNT = re.compile(r"(?:r\$|us\$|\$|€)?\s*(\d[\d.,]*)\s*(mil|k|milh(?:ao|oes)|thousand|million)?\b", re.IGNORECASE)
_TIMES = {"mil": 1000, "k": 1000, "thousand": 1000, "milhao": 10**6, "milhoes": 10**6, "million": 10**6}


def folded(text: str) -> str:
    """For comparing: without case, accents, double blanks and the kinds of quotation marks."""
    plain = unicodedata.normalize("NFKD", text.translate(_QUOTES)).casefold()
    kept = (sign for sign in plain if unicodedata.category(sign) not in ("Mn", "Cf", "Cc") or sign in "\n\t")
    return " ".join("".join(kept).split())


def stands_in(quote: str, text: str) -> bool:
    """Whether the quoted words stand in the text, one after the other, whole. A quote has at least a word, a number or a sign of feeling."""
    wanted = folded(quote).strip(" .,;:!?\"'()")
    if not any(sign.isalnum() or unicodedata.category(sign) == "So" for sign in wanted):
        return False
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", folded(text)) is not None


def amounts(text: str, region: str) -> set[int]:
    """The sums that a text names, in minor units: R$ 1.500, 3 mil, 2k."""
    found = set()
    for number, times in _AMOUNT.findall(folded(text)):
        digits = number.strip(".,")
        value = cents(digits, region)
        if value is not None:
            found.add(value * _TIMES.get(times, 1))
    return found


def says_sum(value_cents: int, texts: Sequence[str], region: str) -> bool:
    return any(value_cents in amounts(text, region) for text in texts)


_HOUR = re.compile(r"(?<![\d/.,:])(\d{1,2})(?::(\d{2})|\s*h(?:s|oras?)?\s*(\d{2})?)?\s*(am|pm)?(?![\d/:]|[.,]\d)")


def says_hour(at: datetime, texts: Sequence[str]) -> bool:
    """Whether the texts name this hour of the day: 15h, 15:00, 3 pm, 3."""
    for text in texts:
        for hour, minutes, more, half in _HOUR.findall(folded(text)):
            given, after = int(hour), int(minutes or more or 0)
            given = given % 12 + 12 * (half == "pm") if half else given
            if after == at.minute and (given == at.hour or (not half and given + 12 == at.hour)):
                return True
    return False


def says_value(kind: LeadFieldKind, value: str, texts: Sequence[str], region: str) -> bool | None:
    """Whether the texts name the value of a field; None: a person has to look, because it may be said in other words."""
    match kind:
        case LeadFieldKind.MONEY:
            return value.isdigit() and says_sum(int(value), texts, region)
        case LeadFieldKind.NUMBER:
            return any(
                _hundredths(value) == cents(one.strip(".,"), region) for text in texts for one in re.findall(r"\d[\d.,]*", text)
            )
        case LeadFieldKind.TEXT:
            return any(stands_in(value, text) for text in texts)
        case _ if any(stands_in(value, text) for text in texts):
            return True
        case _:
            return None


def _hundredths(value: str) -> int:
    """Of a number as fields keep it, 1234.5; -1: it is none."""
    return round(Decimal(value) * 100) if re.fullmatch(r"\d{1,15}(\.\d{1,6})?", value) else -1
