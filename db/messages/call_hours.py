"""When a number may be called, on the clock of who is called: by the rule of its place (`db/contacts/call_rules.py`). Pure.

A place that nobody knows is called in the hours that fit all its zones.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from db.contacts.call_rules import CallRule, Span
from db.contacts.holidays import Calendar
from db.contacts.places import Place, place

_DAYS_AHEAD = 10


def rule_of(address: str, calendar: Calendar, at: datetime) -> CallRule:
    """The rule that counts for a number with +, at a moment."""
    return rule_at(place(address), calendar, at)


def rule_at(where: Place, calendar: Calendar, at: datetime) -> CallRule:
    """The rule that counts at a place. One holds everywhere (`call_rule` without country)."""
    return next(rule for rule in calendar.calls if rule.holds(where.country, where.area, at.date()))


def wait(address: str, at: datetime, calendar: Calendar) -> timedelta:
    """How long until a number may be called; nothing: now. `at` is aware."""
    rule, where = rule_of(address, calendar, at), place(address)
    opens = _open_from(rule, where, at, calendar)
    return max(opens - at, timedelta(0))


def _open_from(rule: CallRule, where: Place, at: datetime, calendar: Calendar) -> datetime:
    """The first moment from `at` on at which it is open in every zone in which the person may be."""
    zones = [ZoneInfo(zone) for zone in where.zones or ("UTC",)]
    moment = at
    for _ in range(_DAYS_AHEAD * len(zones)):
        later = max(_open_in(rule, zone, moment, calendar) for zone in zones)
        if later == moment:
            return moment
        moment = later
    return moment


def _open_in(rule: CallRule, zone: ZoneInfo, at: datetime, calendar: Calendar) -> datetime:
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


def _span(rule: CallRule, day: date, calendar: Calendar) -> Span | None:
    return None if rule.holidays and day in calendar.of(rule.country, day.year) else rule.hours.get(day.weekday())
