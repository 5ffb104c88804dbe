"""When people may be called, and how often: rules as data, by country and area, on the clock of who is called. Pure.

Brazil has no federal law of hours; the self-regulation of telemarketing (Probare) and state laws draw them, and the narrowest that is known
for a place counts. +1: TCPA, 8 to 21 on the callee's clock. A place that nobody knows is called in the hours that fit all its zones.
"""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from db.contacts.holidays import Calendar
from db.contacts.places import Place, place

WEEKDAYS, SATURDAY, SUNDAY = (0, 1, 2, 3, 4), 5, 6
Span = tuple[time, time]


class Rule(NamedTuple):
    """`hours` by day of the week, Monday is 0; a day that is missing is closed. `holidays`: the country's are closed too. `per_day`, `per_week`: calls to one person at most.
    `source`: where the rule comes from."""

    country: str
    areas: tuple[str, ...]
    hours: dict[int, Span]
    holidays: bool
    per_day: int
    per_week: int
    source: str


def _days(weekdays: Span, saturday: Span | None) -> dict[int, Span]:
    return dict.fromkeys(WEEKDAYS, weekdays) | ({SATURDAY: saturday} if saturday else {})


RULES: tuple[Rule, ...] = (
    Rule("BR", ("21", "22", "24"), _days((time(8), time(18)), None), True, 2, 3, "Lei estadual 7853 (RJ)"),
    Rule("BR", (), _days((time(9), time(20)), (time(10), time(16))), True, 2, 3, "Probare"),
    Rule("US", (), dict.fromkeys(range(7), (time(8), time(21))), False, 2, 3, "47 CFR 64.1200 (TCPA)"),
    Rule("CA", (), _days((time(9), time(20)), (time(10), time(18))), False, 2, 3, "CRTC, Unsolicited Telecommunications Rules"),
    Rule("", (), _days((time(9), time(20)), (time(10), time(16))), False, 2, 3, ""),
)
"""The first that fits a number counts."""
_DAYS_AHEAD = 10


def rule_of(address: str) -> Rule:
    """The rule that counts for a number with +."""
    return rule_at(place(address))


def rule_at(where: Place) -> Rule:
    """The rule that counts at a place."""
    return next(rule for rule in RULES if rule.country in ("", where.country) and (not rule.areas or where.area in rule.areas))


def wait(address: str, at: datetime, calendar: Calendar) -> timedelta:
    """How long until a number may be called; nothing: now. `at` is aware."""
    rule, where = rule_of(address), place(address)
    opens = _open_from(rule, where, at, calendar)
    return max(opens - at, timedelta(0))


def _open_from(rule: Rule, where: Place, at: datetime, calendar: Calendar) -> datetime:
    """The first moment from `at` on at which it is open in every zone in which the person may be."""
    zones = [ZoneInfo(zone) for zone in where.zones or ("UTC",)]
    moment = at
    for _ in range(_DAYS_AHEAD * len(zones)):
        later = max(_open_in(rule, zone, moment, calendar) for zone in zones)
        if later == moment:
            return moment
        moment = later
    return moment


def _open_in(rule: Rule, zone: ZoneInfo, at: datetime, calendar: Calendar) -> datetime:
    """The first moment from `at` on at which it is open in one zone."""
    local = at.astimezone(zone)
    for ahead in range(_DAYS_AHEAD):
        day = local.date() + timedelta(days=ahead)
        span = _span(rule, day, calendar)
        if span is None:
            continue
        opens, closes = (datetime.combine(day, moment, zone) for moment in span)
        if local < closes:
            return at if local >= opens else opens.astimezone(at.tzinfo)
    return at + timedelta(days=_DAYS_AHEAD)


def _span(rule: Rule, day: date, calendar: Calendar) -> Span | None:
    return None if rule.holidays and day in calendar.of(rule.country, day.year) else rule.hours.get(day.weekday())
