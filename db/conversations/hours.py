"""When a company is open, as arithmetic: pure data, imported by the wire contract too."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

FAR = 60
"""Days that are looked back and ahead: longer nobody is closed."""
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class OpenHours(msgspec.Struct, frozen=True):
    """On one weekday (Monday 0), in minutes of the day: 540 to 1080 is from nine to six."""

    weekday: Annotated[int, Meta(ge=0, le=6)]
    opens: Annotated[int, Meta(ge=0, le=1439)]
    closes: Annotated[int, Meta(ge=1, le=1440)]


class OfficeHours(NamedTuple):
    """`enabled` false: it always answers. `away_text`: what is said by itself to who writes outside of the hours; empty: nothing."""

    enabled: bool
    hours: list[OpenHours]
    holidays: list[date]
    away_text: str
    version: int
    zone: ZoneInfo

    def open_between(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When it is open between two moments, in order."""
        day, last = since.astimezone(self.zone).date(), until.astimezone(self.zone).date()
        while day <= last:
            for start, end in self._of_day(day):
                if (start := max(start, since)) < (end := min(end, until)):
                    yield start, end
            day += timedelta(days=1)

    def _of_day(self, day: date) -> list[tuple[datetime, datetime]]:
        if day in self.holidays:
            return []
        return [(self._at(day, one.opens), self._at(day, one.closes)) for one in self.hours if one.weekday == day.weekday()]

    def _at(self, day: date, minutes: int) -> datetime:
        whole = datetime.combine(day + timedelta(days=minutes // 1440), time(minutes % 1440 // 60, minutes % 60), self.zone)
        return whole.astimezone(UTC)

    def closed_since(self, at: datetime) -> datetime | None:
        """When the closed time began in which a moment is; None: it is open. Of who never opens the same moment for ever."""
        if not self.enabled:
            return None
        ended = _EVER
        for _start, end in self.open_between(at - timedelta(days=FAR), at + timedelta(microseconds=1)):
            ended = end
        return None if ended > at else ended

    def seconds(self, since: datetime, until: datetime) -> int:
        """So long it was open between two moments; of who always answers the whole time."""
        if not self.enabled:
            return max(0, round((until - since).total_seconds()))
        since = max(since, until - timedelta(days=FAR * 6))
        return round(sum((end - start).total_seconds() for start, end in self.open_between(since, until)))

    def after(self, since: datetime, minutes: int) -> datetime | None:
        """When it will have been open for so long; None: never soon."""
        left = timedelta(minutes=minutes)
        if not self.enabled:
            return since + left
        for start, end in self.open_between(since, since + timedelta(days=FAR)):
            if end - start >= left:
                return start + left
            left -= end - start
        return None
