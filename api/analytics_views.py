"""Saved views of figures and the dashboard, over HTTP."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.analytics_views import (
    AnalyticsView,
    AnalyticsViewQuery,
    AnalyticsViewSet,
    Dashboard,
    DashboardSet,
    DashboardTile,
)
from api.contract.base import Page
from api.versions import IfMatch
from db.analytics import dashboard, views
from db.analytics.enums import FigurePage
from db.analytics.errors import AnalyticsField
from db.errors import RequestError


def _told(found: views.View) -> AnalyticsView:
    return AnalyticsView(**{**found._asdict(), "query": msgspec.convert(found.query, AnalyticsViewQuery)})


def _given(data: AnalyticsViewSet) -> views.ViewSet:
    asked = data.query
    if (asked.since is None) != (asked.until is None) or (asked.days is not None and asked.since is not None):
        raise RequestError.INVALID(fields=[AnalyticsField.DAYS_OR_SPAN("query.since")])
    if asked.since is not None and asked.until is not None and asked.until < asked.since:
        raise RequestError.INVALID(fields=[AnalyticsField.DAYS_ORDER("query.until")])
    kept = {name: value for name, value in msgspec.to_builtins(asked).items() if value is not None}
    return views.ViewSet(data.page, data.name, kept, data.everybody, data.opens)


class ViewController(Controller):
    path = "/v1/analytics/views"
    tags = ("Analytics",)

    @get(summary="List saved views")
    async def list_views(
        self, actor: Caller, page: Annotated[FigurePage | None, QueryParameter(description="Only of this page.")] = None
    ) -> Page[AnalyticsView]:
        """One's own, then everybody's, by name, on one page. A key has those of who made it. Needs `analytics:read`."""
        found = await views.views(actor, page)
        return Page(items=[_told(one) for one in found], next_cursor=None, total=len(found))

    @post(summary="Save a view")
    async def save_view(self, actor: Caller, data: JSONBody[AnalyticsViewSet]) -> AnalyticsView:
        """Days, comparison and filters of a page under a name. Needs `analytics:read`; for everybody `campaigns:write` too."""
        return _told(await views.save(actor, _given(data)))

    @put("/{view_id:uuid}", summary="Change a view", opt={"versioned": True})
    async def change_view(
        self, actor: Caller, view_id: FromPath[UUID], data: JSONBody[AnalyticsViewSet], expected: IfMatch
    ) -> AnalyticsView:
        """All of it. Needs `analytics:read`; where it is or was everybody's `campaigns:write` too."""
        return _told(await views.change(actor, view_id, _given(data), expected))

    @delete("/{view_id:uuid}", summary="Delete a view", opt={"versioned": True})
    async def delete_view(self, actor: Caller, view_id: FromPath[UUID], expected: IfMatch) -> None:
        """For good. Needs `analytics:read`; where it is everybody's `campaigns:write` too."""
        await views.forget(actor, view_id, expected)


def _board(found: dashboard.Dashboard) -> Dashboard:
    tiles = [DashboardTile(tile=one.tile, size=one.size, board_id=one.board_id) for one in found.tiles]
    return Dashboard(tiles=tiles, version=found.version, changed_at=found.changed_at)


class DashboardController(Controller):
    path = "/v1/analytics/dashboard"
    tags = ("Analytics",)

    @get(summary="Read the dashboard")
    async def read_dashboard(self, actor: Caller) -> Dashboard:
        """The tiles that the company chose, in their order; the usual ones until somebody arranges them. Needs `analytics:read`."""
        return _board(await dashboard.dashboard(actor))

    @put(summary="Arrange the dashboard", opt={"versioned": True})
    async def arrange_dashboard(self, actor: Caller, data: JSONBody[DashboardSet], expected: IfMatch) -> Dashboard:
        """All tiles in their order, for everybody. Needs `analytics:read` and `company:write`."""
        tiles = [dashboard.Placed(one.tile, one.size, one.board_id) for one in data.tiles]
        return _board(await dashboard.arrange(actor, tiles, expected))
