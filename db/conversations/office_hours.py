"""When a company answers: hours of each weekday in its own time zone, and days on which it does not. Without hours it always does.

A team may have hours of its own and something else to say outside of them: they count for its conversations in place of the company's.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from db.conversations.errors import ConversationField
from db.conversations.events import InboxChanged
from db.conversations.hours import OfficeHours, OpenHours
from db.errors import RequestError
from db.messages import loosened
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected, check
from db.work import Read, read, work

Unset = msgspec.UnsetType
_SELECT = """
select coalesce(h.enabled, false) as enabled, coalesce(h.hours, '[]')::text as hours, coalesce(h.holidays, '{}') as holidays,
    coalesce(h.away_text, '') as away_text, coalesce(h.version, 1) as version, c.time_zone
from company c left join office_hours h on h.company_id = c.id where c.id = $1
"""
_TEAMS = """
select t.id, t.hours::text as hours, t.away_text from team t where t.company_id = $1 and t.hours is not null and ($2::uuid is null or t.id = $2)
"""
_SAVE = """
insert into office_hours(company_id, enabled, hours, holidays, away_text, version) values ($1, $2, $3::jsonb, $4, $5, 2)
on conflict (company_id) do update set enabled = excluded.enabled, hours = excluded.hours, holidays = excluded.holidays,
    away_text = excluded.away_text, version = office_hours.version + 1
"""


class Offices(NamedTuple):
    """The hours of a company, and of its teams that have their own."""

    company: OfficeHours
    teams: dict[UUID, OfficeHours]

    def of(self, team_id: UUID | None) -> OfficeHours:
        """Those that count for a conversation of this team."""
        return self.company if team_id is None else self.teams.get(team_id, self.company)


async def office_hours(actor: Actor) -> OfficeHours:
    """Those of the company."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        return await of(r, actor.company_id)


async def of(r: Read, company_id: object) -> OfficeHours:
    """The same inside a unit of work."""
    row = await r.fetchrow(_SELECT, company_id)
    assert row is not None
    return _hours(row)


async def all_of(r: Read, company_id: object) -> Offices:
    """Those of the company and of all its teams."""
    company = await of(r, company_id)
    rows = await r.fetch(_TEAMS, company_id, None)
    return Offices(company, {row["id"]: _of_team(company, row) for row in rows})


async def of_team(r: Read, company_id: object, team_id: UUID | None) -> OfficeHours:
    """Those that count for a conversation of this team; None: the company's."""
    company = await of(r, company_id)
    row = None if team_id is None else await r.fetchrow(_TEAMS, company_id, team_id)
    return company if row is None else _of_team(company, row)


async def change(
    actor: Actor,
    *,
    enabled: bool | Unset,
    hours: Sequence[OpenHours] | Unset,
    holidays: Sequence[date] | Unset,
    away_text: str | Unset,
    expected: Expected = None,
) -> OfficeHours:
    """UNSET stays. Raises Invalid, PreconditionFailed."""
    if hours is not msgspec.UNSET:
        refuse_odd(hours)
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.fetchval("select true from company where id = $1 for no key update", w.company_id)
        before = await of(w, w.company_id)
        check(before.version, expected)
        await w.execute(
            _SAVE,
            w.company_id,
            before.enabled if enabled is msgspec.UNSET else enabled,
            as_json(before.hours if hours is msgspec.UNSET else hours),
            before.holidays if holidays is msgspec.UNSET else sorted(set(holidays)),
            before.away_text if away_text is msgspec.UNSET else away_text.strip(),
        )
        w.audit("office_hours.changed", w.company_id)
        if holidays is not msgspec.UNSET:
            await loosened.ask(w)  # campaigns leave holidays out
        w.emit(InboxChanged())
        return await of(w, w.company_id)


def refuse_odd(hours: Sequence[OpenHours]) -> None:
    """Raises Invalid where something closes before it opens, or two of a day meet."""
    ordered = sorted(hours, key=_order)
    for number, one in enumerate(ordered):
        after = ordered[number + 1] if number + 1 < len(ordered) else None
        if one.closes <= one.opens or (after is not None and after.weekday == one.weekday and after.opens < one.closes):
            raise RequestError.INVALID(fields=[ConversationField.ODD_HOURS("hours")])


def as_json(hours: Sequence[OpenHours]) -> str:
    """As they are kept."""
    return msgspec.json.encode(sorted(hours, key=_order)).decode()


def from_json(text: str) -> list[OpenHours]:
    return msgspec.json.decode(text, type=list[OpenHours])


def _order(one: OpenHours) -> tuple[int, int]:
    return one.weekday, one.opens


def _hours(row: asyncpg.Record) -> OfficeHours:
    return OfficeHours(
        row["enabled"], from_json(row["hours"]), row["holidays"], row["away_text"], row["version"], ZoneInfo(row["time_zone"])
    )


def _of_team(company: OfficeHours, row: asyncpg.Record) -> OfficeHours:
    """What the company has for hours that it does not keep now does not hold for a team either."""
    holidays = company.holidays if company.enabled else []
    text = row["away_text"] or (company.away_text if company.enabled else "")
    return company._replace(enabled=True, hours=from_json(row["hours"]), holidays=holidays, away_text=text)
