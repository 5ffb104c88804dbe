"""A span of days of the company's own calendar, and the days with which it is compared: as many just before, or the same a year before."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from db.ai.errors import AiField
from db.analytics.enums import Comparison
from db.clock import now
from db.errors import RequestError
from db.work import Read

MOST = 400
"""Days: so long hours are kept."""
USUAL = 30
EARLIEST, LATEST = date(2010, 1, 1), date(2100, 1, 1)
T = TypeVar("T")


class Period(NamedTuple):
    """Both ends included. `at`: the moment of the figures."""

    first: date
    last: date
    zone: str
    at: datetime
    beside: Comparison = Comparison.PREVIOUS

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The days with which it is compared. A year before the 29th of February is the 28th."""
        if self.beside is Comparison.YEAR:
            return self._replace(first=_year_before(self.first), last=_year_before(self.last))
        return self._replace(first=self.first - timedelta(days=self.days), last=self.first - timedelta(days=1))

    @property
    def calendar(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.days)]

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), ZoneInfo(self.zone))

    @property
    def ends(self) -> datetime:
        """The first moment that does not belong to it."""
        return datetime.combine(self.last + timedelta(days=1), time(), ZoneInfo(self.zone))


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


class Compared(NamedTuple, Generic[T]):
    """The same of a period, and of the days with which it is compared."""

    now: T
    before: T


async def compared(of: Period, count: Callable[[Period], Awaitable[T]]) -> Compared[T]:
    return Compared(await count(of), await count(of.before))


async def period(
    r: Read, company_id: object, first: date | None, last: date | None, beside: Comparison = Comparison.PREVIOUS
) -> Period:
    """Without an end until today, without a beginning 30 days. Raises Invalid."""
    zone: str = await r.fetchval("select time_zone from company where id = $1", company_id)
    at = now()
    today = at.astimezone(ZoneInfo(zone)).date()
    end = last or max(today, first or today)
    begin = first or date.fromordinal(max(end.toordinal() - USUAL + 1, 1))
    if not 0 <= (end - begin).days < MOST or begin < EARLIEST or end > LATEST:
        raise RequestError.INVALID(fields=[AiField.RANGE("since", days=MOST)])
    return Period(begin, end, zone, at, beside)
