"""What people choose to look at, kept under a name: days, comparison and filters of a page of figures, one's own or everybody's."""

from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import versions
from db.analytics.enums import FigurePage
from db.analytics.errors import AnalyticsError
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import SystemWork, Work, read, work

MOST = 100
"""Of one person on all pages, and as many of everybody."""
_COLUMNS = "id, page, name, query::text as query, user_id is not null as mine, opens, version"
_LIST = f"""
select {_COLUMNS} from saved_view where company_id = $1 and (user_id is null or user_id = $2) and ($3::text is null or page = $3)
order by user_id is null, fold(name), id
"""
_ADD = f"""
insert into saved_view(company_id, user_id, page, name, query, opens) values ($1, $2, $3, $4, $5::jsonb, $6)
on conflict (company_id, user_id, page, fold(name)) do nothing returning {_COLUMNS}
"""
_TAKEN = """
select true from saved_view where company_id = $1 and user_id is not distinct from $2 and page = $3 and fold(name) = fold($4) and id <> $5
"""
_CHANGE = f"""
update saved_view set user_id = $3, page = $4, name = $5, query = $6::jsonb, opens = $7, version = version + 1
where company_id = $1 and id = $2 returning {_COLUMNS}
"""
_NO_OTHER_OPENS = """
update saved_view set opens = false, version = version + 1
where company_id = $1 and user_id is not distinct from $2 and page = $3 and opens and id is distinct from $4
"""


class View(NamedTuple):
    """`mine`: one's own, else everybody's. `opens`: its page opens with it; one's own before everybody's."""

    id: UUID
    page: FigurePage
    name: str
    query: Any
    mine: bool
    opens: bool
    version: int


class ViewSet(NamedTuple):
    """What a view is made of. `query`: the choices, as the wire has them."""

    page: FigurePage
    name: str
    query: dict[str, Any]
    everybody: bool
    opens: bool


def _view(row: asyncpg.Record) -> View:
    return View(**{**row, "page": FigurePage(row["page"]), "query": msgspec.json.decode(row["query"])})


def _whose(actor: Actor) -> UUID | None:
    """A key is who made it."""
    return actor.id if actor.kind == "user" else actor.maker_id


async def views(actor: Actor, page: FigurePage | None) -> list[View]:
    """One's own and everybody's, by name. Raises Forbidden."""
    async with read(actor, Permission.ANALYTICS_READ) as r:
        return [_view(row) for row in await r.fetch(_LIST, actor.company_id, _whose(actor), page)]


async def save(actor: Actor, given: ViewSet) -> View:
    """Raises Forbidden, where it is everybody's without `campaigns:write`; Conflict `view_exists`, `too_many_views`."""
    async with work(actor, Permission.ANALYTICS_READ) as w:
        whose = _asked(actor, given)
        await _lock_list(w)
        count = "select count(*) from saved_view where company_id = $1 and user_id is not distinct from $2"
        if await w.fetchval(count, w.company_id, whose) >= MOST:
            raise AnalyticsError.TOO_MANY_VIEWS(most=MOST)
        if given.opens:
            await w.execute(_NO_OTHER_OPENS, w.company_id, whose, given.page, None)
        row = await w.fetchrow(_ADD, w.company_id, whose, given.page, given.name, _json(given), given.opens)
        if row is None:
            raise AnalyticsError.VIEW_EXISTS()
        w.audit("saved_view.added", row["id"], everybody=given.everybody)
        return _view(row)


async def change(actor: Actor, view_id: UUID, given: ViewSet, expected: Expected = None) -> View:
    """All of it. Raises Forbidden as `save`, also where it was everybody's; NotFound, where it is somebody else's; PreconditionFailed, Conflict."""
    async with work(actor, Permission.ANALYTICS_READ) as w:
        await _lock(w, actor, view_id, expected)
        whose = _asked(actor, given)
        await _lock_list(w)
        if await w.fetchval(_TAKEN, w.company_id, whose, given.page, given.name, view_id):
            raise AnalyticsError.VIEW_EXISTS()
        if given.opens:
            await w.execute(_NO_OTHER_OPENS, w.company_id, whose, given.page, view_id)
        row = await w.fetchrow(_CHANGE, w.company_id, view_id, whose, given.page, given.name, _json(given), given.opens)
        assert row is not None
        w.audit("saved_view.changed", view_id, everybody=given.everybody)
        return _view(row)


async def forget(actor: Actor, view_id: UUID, expected: Expected = None) -> None:
    """Raises Forbidden, NotFound, PreconditionFailed."""
    async with work(actor, Permission.ANALYTICS_READ) as w:
        await _lock(w, actor, view_id, expected)
        await w.execute("delete from saved_view where company_id = $1 and id = $2", w.company_id, view_id)
        w.audit("saved_view.deleted", view_id)


def _asked(actor: Actor, given: ViewSet) -> UUID | None:
    if given.everybody:
        actor.require(Permission.CAMPAIGNS_WRITE)
        return None
    whose = _whose(actor)
    if whose is None:  # a worker has none of its own
        raise RequestError.FORBIDDEN(permission=Permission.ANALYTICS_READ.value)
    return whose


def _json(given: ViewSet) -> str:
    return msgspec.json.encode(given.query).decode()


async def _lock_list(w: Work) -> None:
    """Two who save at once wait for one another, so that limits and names hold."""
    await w.execute("select pg_advisory_xact_lock(hashtextextended('saved_view:' || $1::text, 0))", str(w.company_id))


async def _lock(w: Work, actor: Actor, view_id: UUID, expected: Expected) -> None:
    found = await w.fetchrow(
        "select user_id, version from saved_view where company_id = $1 and id = $2 for update", w.company_id, view_id
    )
    if found is None or found["user_id"] not in (None, _whose(actor)):
        raise RequestError.NOT_FOUND(what="view")
    if found["user_id"] is None:
        actor.require(Permission.CAMPAIGNS_WRITE)
    versions.check(found["version"], expected)


async def forget_left(s: SystemWork) -> None:
    """Own views of people who left their company."""
    await s.execute(
        "delete from saved_view v where user_id is not null"
        " and not exists (select from membership m where m.company_id = v.company_id and m.user_id = v.user_id)"
    )
