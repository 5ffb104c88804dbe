"""Whether the words of a customer say what a proposal claims. Pure: texts in, yes or no out. Nothing here decides what becomes of it."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
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


_WEEKDAYS = (
    ("segunda", "monday"), ("terca", "tuesday"), ("quarta", "wednesday"), ("quinta", "thursday"), ("sexta", "friday"), ("sabado", "saturday"),
    ("domingo", "sunday"),
)  # fmt: skip
_AGAIN_AND_AGAIN = re.compile(
    r"\b(?:tod[oa]s? (?:os |as )?(?:dias?|semanas?|meses|mes|manhas?|tardes?|noites?)|every (?:day|week|month|morning|night)|daily|diariamente)\b"
)
_AHEAD = re.compile(
    r"\b(?:daqui(?: a)?|em|in)\s+(\d{1,3}|uma?|one|a|dois|duas|two|tres|three)\s+(horas?|hours?|minutos?|minutes?|dias?|days?|semanas?|weeks?|mes(?:es)?|months?)\b"
)
_NUMBERS = {"um": 1, "uma": 1, "one": 1, "a": 1, "dois": 2, "duas": 2, "two": 2, "tres": 3, "three": 3}
_DAY_OF_MONTH = re.compile(r"\b(?:dia|day|the)\s+(\d{1,2})(?:st|nd|rd|th)?\b|\b(\d{1,2})(?:st|nd|rd|th)?\s*(?:/|de |of )")


def says_day(day: date, texts: Sequence[str], today: date) -> bool:
    """Whether the texts name this day: today, tomorrow, a day of the week or of the month, in three days, next week. An hour alone names none,
    and what is to be again and again is no day."""
    return any(_says_day(day, folded(text), today) for text in texts)


def _says_day(day: date, text: str, today: date) -> bool:
    if _AGAIN_AND_AGAIN.search(text):
        return False
    ahead = (day - today).days
    named = ("hoje|today|tonight|mais tarde|later", "amanha|tomorrow", "depois de amanha|day after tomorrow")
    if ahead < len(named) and re.search(rf"\b(?:{named[ahead]})\b", text):
        return True
    if 0 < ahead <= 7 and re.search(rf"\b(?:{'|'.join(_WEEKDAYS[day.weekday()])})\b", text):
        return True
    if any(int(one or other) == day.day for one, other in _DAY_OF_MONTH.findall(text)):
        return True
    if any(
        abs(ahead - _days(count, unit)) <= (3 if unit[0] == "m" and unit[1] != "i" else 0) for count, unit in _AHEAD.findall(text)
    ):
        return True
    if ahead <= 14 and re.search(r"\b(?:semana que vem|proxima semana|next week)\b", text):
        return day - timedelta(days=day.weekday()) == today - timedelta(days=today.weekday()) + timedelta(days=7)
    if ahead <= 62 and re.search(r"\b(?:mes que vem|proximo mes|next month)\b", text):
        return (day.year * 12 + day.month) - (today.year * 12 + today.month) == 1
    return False


def _days(count: str, unit: str) -> int:
    number = _NUMBERS.get(count) or int(count)
    match unit[0]:
        case "h":
            return 0 if number < 24 else number // 24
        case "m":
            return 0 if unit.startswith("min") else number * 30
        case "s" | "w":
            return number * 7
        case _:
            return number


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
