"""When somebody wants to be written to: "amanhã às 10", "segunda 14h30", "in two hours"."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workers.sandbox.openai.words import plain

MORNING: Final = time(9)
_NOW: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d)?[^\n]{0,12}?(?:\(([A-Za-z_]+/[A-Za-z_/]+)\))?")
_CLOCK: Final = re.compile(
    r"(?:\bas|\bat|\ba partir das|\bdepois das|\bapos as|\bafter|\bpelas|\bantes das)\s+(\d{1,2})(?:[:h](\d\d))?\s*(am|pm)?|\b(\d{1,2})(?::(\d\d)|h(\d\d)?)\b"
)
_DAYS: Final = {
    "segunda": 0, "terca": 1, "quarta": 2, "quinta": 3, "sexta": 4, "sabado": 5, "domingo": 6,
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
}  # fmt: skip
_DAY: Final = re.compile(rf"\b({'|'.join(_DAYS)})\b")
_AHEAD: Final = re.compile(
    r"\b(?:daqui a|em|in)\s+(\d+|um|uma|one|two|dois|duas|tres|three)\s+(minutos?|minutes?|horas?|hours?|dias?|days?|semanas?|weeks?)\b"
)
_NUMBERS: Final = {"um": 1, "uma": 1, "one": 1, "dois": 2, "duas": 2, "two": 2, "tres": 3, "three": 3}
_DATE: Final = re.compile(r"\b(?:dia )?(\d{1,2})/(\d{1,2})\b")


def now(system: str) -> datetime:
    """The moment that the request tells of, in its zone; without one, a fixed morning, so that answers stay the same."""
    told = list(_NOW.finditer(system))
    if not told:
        return datetime(2026, 1, 5, 9, tzinfo=UTC)
    found = told[-1]
    try:
        zone = ZoneInfo(found[3]) if found[3] else ZoneInfo("America/Sao_Paulo")
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("America/Sao_Paulo")
    return datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=zone)


def wanted(text: str, at: datetime) -> datetime | None:
    """The moment that a text names, after `at`; None when it names none."""
    folded = plain(text)
    if ahead := _AHEAD.search(folded):
        count = _NUMBERS.get(ahead[1]) or int(ahead[1])
        unit = ahead[2]
        step = timedelta(minutes=count) if unit.startswith("minut") else timedelta(hours=count) if unit.startswith("h") else None
        if step is not None:
            return at + step
        return datetime.combine(
            at.date() + timedelta(days=count * (7 if unit[0] in "sw" else 1)), _clock(folded) or MORNING, at.tzinfo
        )
    day, clock = _day(folded, at.date()), _clock(folded)
    if day is None and clock is None:
        return None
    moment = datetime.combine(day or at.date(), clock or _part(folded), at.tzinfo)
    return moment if moment > at else moment + timedelta(days=1 if day is None or day == at.date() else 7)


def _day(folded: str, today: date) -> date | None:
    if "depois de amanha" in folded or "day after tomorrow" in folded:
        return today + timedelta(days=2)
    if re.search(r"\bamanha\b|\btomorrow\b", folded):
        return today + timedelta(days=1)
    if named := _DAY.search(folded):
        return today + timedelta(days=(_DAYS[named[1]] - today.weekday()) % 7 or 7)
    if re.search(r"\b(?:semana que vem|proxima semana|next week)\b", folded):
        return today + timedelta(days=7 - today.weekday())
    if written := _DATE.search(folded):
        try:
            day = date(today.year, int(written[2]), int(written[1]))
        except ValueError:
            return None
        return day if day >= today else day.replace(year=today.year + 1)
    return today if re.search(r"\bhoje\b|\btoday\b|\bmais tarde\b|\blater today\b", folded) else None


def _clock(folded: str) -> time | None:
    found = _CLOCK.search(folded)
    if found is None:
        return None
    hour = int(found[1] or found[4])
    minute = int(found[2] or found[5] or found[6] or 0)
    if (found[3] == "pm" and hour < 12) or (not found[3] and 1 <= hour <= 6 and re.search(r"\btarde\b|\bafternoon\b", folded)):
        hour += 12
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _part(folded: str) -> time:
    if re.search(r"\btarde\b|\bafternoon\b", folded):
        return time(14)
    return time(19) if re.search(r"\bnoite\b|\bevening\b|\btonight\b", folded) else MORNING
