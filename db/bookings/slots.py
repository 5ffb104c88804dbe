"""Which times are free, as arithmetic: times that stand one after the other from each opening on, without those that are taken."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from db.conversations.hours import OfficeHours

MOST = 200


class Span(NamedTuple):
    start: datetime
    end: datetime

    def meets(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


def free(
    hours: OfficeHours, minutes: int, since: datetime, until: datetime, taken: Iterable[Span], capacity: int = 1
) -> list[Span]:
    """The first of them between two moments; one begins at `since` at the earliest and ends at `until` at the latest. `capacity`: so many
    appointments one time takes."""
    busy = sorted(taken)
    found = (one for one in _all(hours, minutes, since, until) if sum(one.meets(other) for other in busy) < capacity)
    return list(islice(found, MOST))


def stands(hours: OfficeHours, minutes: int, start: datetime) -> Span | None:
    """The time that begins at a moment, where one does."""
    wanted = Span(start, start + timedelta(minutes=minutes))
    return next((one for one in _all(hours, minutes, wanted.start, wanted.end) if one == wanted), None)


def _all(hours: OfficeHours, minutes: int, since: datetime, until: datetime) -> Iterator[Span]:
    """From the opening on, whatever moment is asked about: else what is free would depend on who asks when."""
    length = timedelta(minutes=minutes)
    for opens, closes in hours.open_between(since - timedelta(days=2), until + timedelta(days=2)):
        if opens <= since - timedelta(days=2):  # cut off: not where it opened
            continue
        start = opens
        while start + length <= closes and start + length <= until:
            if start >= since:
                yield Span(start, start + length)
            start += length
