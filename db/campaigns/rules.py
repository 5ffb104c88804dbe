"""The hours that hold for a campaign: its own, and those of the company (`send_hours`), which are rows with country, category and validity."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from db.campaigns.events import SendHoursChanged
from db.campaigns.plan import Plan
from db.campaigns.windows import Holding, Hours, holding, opening
from db.clock import now
from db.contacts import holidays
from db.contacts.holidays import Calendar
from db.contacts.places import Place
from db.errors import RequestError
from db.messages import call_hours, loosened
from db.permissions import Permission
from db.settings import LONGEST_LEASE
from db.tenancy import Actor
from db.versions import Expected, check
from db.work import Read, Work, read, work

MARGIN = timedelta(seconds=LONGEST_LEASE)
"""So long before their end the hours count as over: what is claimed may leave as late as its lease ends."""
CALL_HOURS = "calls"
"""The name of the hours for calls where no law names them."""
_COLUMNS = "id, name, country, category, weekdays, opens, closes, skip_holidays, valid_from, valid_until, source, version"
_ROWS = f"select {_COLUMNS} from send_hours where company_id = $1 order by name, id"
_COMPANY = """
select o.time_zone, o.country, coalesce(h.holidays, '{}') as holidays from company o left join office_hours h on h.company_id = o.id where o.id = $1
"""
_SAVE = """
insert into send_hours(company_id, name, country, category, weekdays, opens, closes, skip_holidays, valid_from, valid_until, source)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id
"""


class SendHours(NamedTuple):
    """One rule of the company. `country` and `category` "": all. Minutes of the recipient's day."""

    id: UUID
    name: str
    country: str
    category: str
    weekdays: list[int]
    opens: int
    closes: int
    skip_holidays: bool
    valid_from: date | None
    valid_until: date | None
    source: str
    version: int = 1


class Rules:
    """For one campaign."""

    def __init__(
        self,
        rows: Sequence[SendHours],
        plan: Plan,
        category: str,
        zone: str,
        own: Sequence[date],
        calendar: Calendar,
        *,
        calls: bool = False,
    ) -> None:
        self._rows = [row for row in rows if row.category in ("", category)]
        self._plan, self._zone = plan, zone
        self._own, self._calendar = tuple(sorted(set(own))), calendar
        self._calls = calls

    @property
    def any(self) -> bool:
        return bool(self._rows) or self._plan.hours is not None or self._calls

    def of(self, place: Place) -> tuple[list[Hours], tuple[str, ...]]:
        """What holds there, and in which zones."""
        found = [self._hours(row, place.country) for row in self._rows if row.country in ("", place.country)]
        if (own := self._plan.hours) is not None:
            found.append(Hours(own.opens, own.closes, own.weekdays, self._holidays(place.country, own.skip_holidays), "campaign"))
        if self._calls:
            found += self._law(place)
        return found, place.zones or (self._zone,)

    def opens(self, place: Place, at: datetime) -> datetime | None:
        """When somebody there may be written to next: `at` for now, None for not soon."""
        rules, zones = self.of(place)
        return opening(rules, zones, at, MARGIN) if rules else at

    def holds(self, place: Place, at: datetime) -> Holding | None:
        """Which rule holds them at this moment."""
        rules, zones = self.of(place)
        return holding(rules, zones, at) or holding(rules, zones, at + MARGIN)

    def law(self, place: Place) -> str:
        """Where the hours for calls there come from."""
        return call_hours.rule_at(place, self._calendar, now()).source

    def _hours(self, row: SendHours, country: str) -> Hours:
        days = self._holidays(country, row.skip_holidays)
        return Hours(row.opens, row.closes, tuple(row.weekdays), days, row.name, row.valid_from, row.valid_until)

    def _law(self, place: Place) -> Iterator[Hours]:
        """When people there may be called at all: the days, and on each the hours."""
        rule = call_hours.rule_at(place, self._calendar, now())
        name = rule.source or CALL_HOURS
        yield Hours(0, 1440, tuple(rule.hours), self._holidays(place.country, rule.holidays), name, law=True)
        for span in dict.fromkeys(rule.hours.values()):
            opens, closes = (one.hour * 60 + one.minute for one in span)
            days = tuple(day for day, hours in rule.hours.items() if hours == span)
            yield Hours(opens, closes, name=name, only=days, law=True)

    def _holidays(self, country: str, skip: bool) -> tuple[date, ...]:
        if not skip:
            return ()
        year = now().year
        return (*self._own, *self._calendar.of(country, year), *self._calendar.of(country, year + 1))


async def load(r: Read, company_id: UUID, plan: Plan, category: str, *, calls: bool = False) -> Rules:
    """Those that hold for a campaign with this plan and category; `calls`: it calls real people, so the law of their place holds, too."""
    company = await r.fetchrow(_COMPANY, company_id)
    assert company is not None
    rows = [SendHours(*row) for row in await r.fetch(_ROWS, company_id)]
    return Rules(rows, plan, category, company["time_zone"], company["holidays"], await holidays.calendar(r), calls=calls)


async def send_hours(actor: Actor) -> list[SendHours]:
    """The company's rules by name."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        return [SendHours(*row) for row in await r.fetch(_ROWS, actor.company_id)]


async def add(actor: Actor, rule: SendHours) -> SendHours:
    """A new rule, from now on for every campaign, also for those that run. Its id and version are given here."""
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.reaches(None)  # it holds for what goes to real people
        rule_id: UUID = await w.fetchval(_SAVE, w.company_id, *rule[1:-1])
        w.audit("send_hours.added", rule_id, name=rule.name)
        return await _told(w, rule_id)


async def change(actor: Actor, rule: SendHours, expected: Expected = None) -> SendHours:
    """Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.reaches(None)  # it holds for what goes to real people
        version = await w.fetchval(
            "select version from send_hours where company_id = $1 and id = $2 for update", w.company_id, rule.id
        )
        if version is None:
            raise RequestError.NOT_FOUND(what="send_hours")
        check(version, expected)
        await w.execute(
            "update send_hours set name = $3, country = $4, category = $5, weekdays = $6, opens = $7, closes = $8, skip_holidays = $9,"
            " valid_from = $10, valid_until = $11, source = $12, version = version + 1 where company_id = $1 and id = $2",
            w.company_id, rule.id, *rule[1:-1],
        )  # fmt: skip
        w.audit("send_hours.changed", rule.id, name=rule.name)
        return await _told(w, rule.id)


async def remove(actor: Actor, rule_id: UUID) -> None:
    """Raises NotFound."""
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.reaches(None)  # it holds for what goes to real people
        if not await w.execute("delete from send_hours where company_id = $1 and id = $2", w.company_id, rule_id):
            raise RequestError.NOT_FOUND(what="send_hours")
        w.audit("send_hours.removed", rule_id)
        await loosened.ask(w)
        w.emit(SendHoursChanged())


async def _told(w: Work, rule_id: UUID) -> SendHours:
    await loosened.ask(w)
    w.emit(SendHoursChanged())
    row = await w.fetchrow(f"select {_COLUMNS} from send_hours where company_id = $1 and id = $2", w.company_id, rule_id)
    assert row is not None
    return SendHours(*row)
