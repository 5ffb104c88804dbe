"""A span of days of the company's own calendar, and the one of equal length before it, with which it is compared."""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from db.ai.errors import AiField
from db.clock import now
from db.errors import RequestError
from db.work import Read

MOST = 400
"""Days: so long hours are kept."""
USUAL = 30
EARLIEST, LATEST = date(2010, 1, 1), date(2100, 1, 1)


class Period(NamedTuple):
    """Both ends included. `at`: the moment of the figures."""

    first: date
    last: date
    zone: str
    at: datetime

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> date:
        """The first day of the period before."""
        return self.first - timedelta(days=self.days)

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), ZoneInfo(self.zone))

    @property
    def ends(self) -> datetime:
        """The first moment that does not belong to it."""
        return datetime.combine(self.last + timedelta(days=1), time(), ZoneInfo(self.zone))


async def period(r: Read, company_id: object, first: date | None, last: date | None) -> Period:
    """Without an end until today, without a beginning 30 days. Raises Invalid."""
    zone: str = await r.fetchval("select time_zone from company where id = $1", company_id)
    at = now()
    today = at.astimezone(ZoneInfo(zone)).date()
    end = last or max(today, first or today)
    begin = first or date.fromordinal(max(end.toordinal() - USUAL + 1, 1))
    if not 0 <= (end - begin).days < MOST or begin < EARLIEST or end > LATEST:
        raise RequestError.INVALID(fields=[AiField.RANGE("since", days=MOST)])
    return Period(begin, end, zone, at)
