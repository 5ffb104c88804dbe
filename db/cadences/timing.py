"""When a step is due. Wall clocks of a zone become moments here and nowhere else; a time that a change of clocks leaves out is the next one
that there is."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from db.cadences.plan import Node, Send, Wait, WaitUntil, WritingHours

_EVERY_DAY = range(7)


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def minutes(text: str) -> int:
    """Of the day; its last minute is its end."""
    clock = _clock(text)
    return 1440 if text == "23:59" else clock.hour * 60 + clock.minute


def inside(at: datetime, hours: WritingHours, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    return local.weekday() in hours.days and _clock(hours.start) <= local.time() < _clock(hours.end)


def opened(at: datetime, hours: WritingHours | None, zone: ZoneInfo) -> datetime:
    """`at` itself where it may be written then, else the next moment at which it may."""
    if hours is None or inside(at, hours, zone):
        return at
    day = at.astimezone(zone).date()
    for ahead in range(15):  # also past a day whose hours a change of clocks leaves out
        start = datetime.combine(day + timedelta(days=ahead), _clock(hours.start), zone).astimezone(UTC)
        if start > at and inside(start, hours, zone):
            return start
    raise ValueError("these hours never come")


def next_time(at: datetime, clock: str, days: list[int], zone: ZoneInfo) -> datetime:
    """The first moment after `at` at which the zone's clock shows this on one of the days."""
    day = at.astimezone(zone).date()
    for ahead in range(9):
        on = day + timedelta(days=ahead)
        moment = datetime.combine(on, _clock(clock), zone).astimezone(UTC)
        if moment > at and on.weekday() in (days or _EVERY_DAY):
            return moment
    raise ValueError("this time never comes")


def due(plan_nodes: dict[UUID, Node], step_id: UUID, at: datetime, hours: WritingHours | None, zone: ZoneInfo) -> datetime:
    """When a step is carried out for somebody who arrives at it."""
    match plan_nodes[step_id].step:
        case Wait(minutes=minutes):
            return at + timedelta(minutes=minutes)
        case WaitUntil(at=clock, days=days):
            return next_time(at, clock, days, zone)
        case Send():
            return opened(at, hours, zone)
        case _:
            return at
