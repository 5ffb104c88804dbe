"""When somebody may be written to: hours of their own clock, by weekday, without holidays. Pure arithmetic over the zones that a person may
be in; where there are several, all must allow it.

An hour that a clock skips or repeats is taken so that less is allowed: an opening the later way, a closing the earlier way.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from db.messages.enums import WaitRule

FAR = 16
"""Days that are looked ahead: who is not allowed anything for so long is not written to at all."""
WEEK = (0, 1, 2, 3, 4, 5, 6)


class Hours(msgspec.Struct, frozen=True):
    """On these weekdays (Monday 0) from `opens` to before `closes`, in minutes of the day. `name`: what holds somebody outside of it, for people.
    `since`, `until`: the first and the last day on which the rule counts at all, `only` the weekdays; on others it forbids nothing."""

    opens: int
    closes: int
    weekdays: tuple[int, ...] = WEEK
    holidays: tuple[date, ...] = ()
    name: str = ""
    since: date | None = None
    until: date | None = None
    only: tuple[int, ...] = WEEK
    law: bool = False  # of the place of who is called

    def counts(self, day: date) -> bool:
        return (
            day.weekday() in self.only and (self.since is None or self.since <= day) and (self.until is None or day <= self.until)
        )

    def forbids(self, local: datetime) -> WaitRule | None:
        """By a clock on the wall: what of the rule forbids this moment."""
        day = local.date()
        if not self.counts(day):
            return None
        if self.law:
            open_now = self.opens <= local.hour * 60 + local.minute < self.closes
            return None if open_now and day.weekday() in self.weekdays and day not in self.holidays else WaitRule.CALL_HOURS
        if day in self.holidays:
            return WaitRule.HOLIDAY
        if day.weekday() not in self.weekdays:
            return WaitRule.OFFICE_DAYS
        return None if self.opens <= local.hour * 60 + local.minute < self.closes else WaitRule.QUIET_HOURS


class Holding(NamedTuple):
    """The rule that forbids a moment, and what of it does."""

    name: str
    by: WaitRule


Span = tuple[datetime, datetime]


def spans(rules: Sequence[Hours], zones: Sequence[str], since: datetime, days: int = FAR) -> list[Span]:
    """When all rules allow it in all zones, from `since` on, in UTC and in order. Without rules or zones: always."""
    found: list[Span] = [(since, since + timedelta(days=days))]
    for zone in zones:
        for rule in rules:
            found = list(_both(found, list(_of(rule, ZoneInfo(zone), since, days))))
    return found


def opening(rules: Sequence[Hours], zones: Sequence[str], at: datetime, margin: timedelta = timedelta()) -> datetime | None:
    """The first moment from `at` on that is allowed, and stays so for longer than `margin`; None: not soon."""
    return next((start for start, end in spans(rules, zones, at) if end - start > margin), None)


def holding(rules: Sequence[Hours], zones: Sequence[str], at: datetime) -> Holding | None:
    """A rule that forbids this moment."""
    for rule in rules:
        for zone in zones:
            if (by := rule.forbids(at.astimezone(ZoneInfo(zone)))) is not None:
                return Holding(rule.name, by)
    return None


def _of(rule: Hours, zone: ZoneInfo, since: datetime, days: int) -> Iterator[Span]:
    day = since.astimezone(zone).date() - timedelta(days=1)
    for _ in range(days + 2):
        if not rule.counts(day):
            yield _late(day, 0, zone), _soon(day, 1440, zone)
        elif day.weekday() in rule.weekdays and day not in rule.holidays:
            start, end = _late(day, rule.opens, zone), _soon(day, rule.closes, zone)
            if start < end:
                yield start, end
        day += timedelta(days=1)


def _late(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return max(_moments(day, minute, zone))


def _soon(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return min(_moments(day, minute, zone))


def _moments(day: date, minute: int, zone: ZoneInfo) -> list[datetime]:
    whole = datetime.combine(day + timedelta(days=minute // 1440), time(minute % 1440 // 60, minute % 60), zone)
    return [whole.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]


def _both(some: Sequence[Span], others: Sequence[Span]) -> Iterator[Span]:
    """What two ordered lists have in common; spans that touch become one."""
    joined: list[Span] = []
    for span in others:
        if joined and span[0] <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], span[1])
        else:
            joined.append(span)
    mine, theirs = 0, 0
    while mine < len(some) and theirs < len(joined):
        start, end = max(some[mine][0], joined[theirs][0]), min(some[mine][1], joined[theirs][1])
        if start < end:
            yield start, end
        if some[mine][1] <= joined[theirs][1]:
            mine += 1
        else:
            theirs += 1


def steps(found: Sequence[Span]) -> tuple[list[datetime], list[float]]:
    """Each span's start, and how many seconds were open before it: where in the open time a moment lies. For SQL."""
    starts = [start for start, _ in found]
    before = [0.0]
    for start, end in found[:-1]:
        before.append(before[-1] + (end - start).total_seconds())
    assert all(one < other for one, other in pairwise(starts))
    return starts, before if found else []
