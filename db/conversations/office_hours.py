"""When a company answers: hours of each weekday in its own time zone, and days on which it does not. Without hours it always does."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from db.conversations.errors import ConversationField
from db.conversations.events import InboxChanged
from db.conversations.hours import OfficeHours, OpenHours
from db.errors import RequestError
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
_SAVE = """
insert into office_hours(company_id, enabled, hours, holidays, away_text, version) values ($1, $2, $3::jsonb, $4, $5, 2)
on conflict (company_id) do update set enabled = excluded.enabled, hours = excluded.hours, holidays = excluded.holidays,
    away_text = excluded.away_text, version = office_hours.version + 1
"""


async def office_hours(actor: Actor) -> OfficeHours:
    """Those of the company."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        return await of(r, actor.company_id)


async def of(r: Read, company_id: object) -> OfficeHours:
    """The same inside a unit of work."""
    row = await r.fetchrow(_SELECT, company_id)
    assert row is not None
    return _hours(row)


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
        _refuse_odd(hours)
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.fetchval("select true from company where id = $1 for no key update", w.company_id)
        before = await of(w, w.company_id)
        check(before.version, expected)
        await w.execute(
            _SAVE,
            w.company_id,
            before.enabled if enabled is msgspec.UNSET else enabled,
            msgspec.json.encode(before.hours if hours is msgspec.UNSET else sorted(hours, key=_order)).decode(),
            before.holidays if holidays is msgspec.UNSET else sorted(set(holidays)),
            before.away_text if away_text is msgspec.UNSET else away_text.strip(),
        )
        w.audit("office_hours.changed", w.company_id)
        w.emit(InboxChanged())
        return await of(w, w.company_id)


def _refuse_odd(hours: Sequence[OpenHours]) -> None:
    """Raises Invalid where something closes before it opens, or two of a day meet."""
    ordered = sorted(hours, key=_order)
    for number, one in enumerate(ordered):
        after = ordered[number + 1] if number + 1 < len(ordered) else None
        if one.closes <= one.opens or (after is not None and after.weekday == one.weekday and after.opens < one.closes):
            raise RequestError.INVALID(fields=[ConversationField.ODD_HOURS("hours")])


def _order(one: OpenHours) -> tuple[int, int]:
    return one.weekday, one.opens


def _hours(row: asyncpg.Record) -> OfficeHours:
    hours = msgspec.json.decode(row["hours"], type=list[OpenHours])
    return OfficeHours(row["enabled"], hours, row["holidays"], row["away_text"], row["version"], ZoneInfo(row["time_zone"]))
