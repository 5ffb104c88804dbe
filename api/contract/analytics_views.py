"""Saved views of figures, and the dashboard."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.contract.base import Input, Label, Output, example
from api.contract.contacts import Moment
from db.analytics.enums import Comparison, FigurePage, Tile, TileSize, WhichTouch

Days = Annotated[int, Meta(ge=1, le=400, examples=[30])]


class AnalyticsViewQuery(Input):
    """What was chosen on a page: a number of `days` up to today, or `since` and `until`; what is left out was not narrowed."""

    days: Days | None = None
    since: date | None = None
    until: date | None = None
    compare: Comparison = Comparison.PREVIOUS
    channel_id: UUID | None = None
    team_id: UUID | None = None
    user_id: UUID | None = None
    label_id: UUID | None = None
    board_id: UUID | None = None
    owner_id: UUID | None = None
    campaign_id: UUID | None = None
    tag: Annotated[str, Meta(max_length=60, examples=["vip"])] | None = None
    touch: WhichTouch | None = None


class AnalyticsView(Output):
    """GET /v1/analytics/views; POST AnalyticsViewSet; PUT, DELETE /{id}. `mine`: one's own, else everybody's. `opens`: its page opens with it where
    nobody chose anything; one's own comes before everybody's."""

    id: UUID
    page: FigurePage
    name: Annotated[str, example("WhatsApp this month")]
    query: AnalyticsViewQuery
    mine: bool
    opens: bool
    version: int


class AnalyticsViewSet(Input):
    """`everybody`: all who see figures have it; needs `campaigns:write`. `opens` takes the place of the one that opened before."""

    page: FigurePage
    name: Annotated[Label, Meta(examples=["WhatsApp this month"])]
    query: AnalyticsViewQuery = msgspec.field(default_factory=AnalyticsViewQuery)
    everybody: Annotated[bool, example(False)] = False
    opens: Annotated[bool, example(False)] = False


class DashboardTile(Input):
    """`board_id`: of tiles that show a board; left out: the first board."""

    tile: Annotated[Tile, example("sent")]
    size: Annotated[TileSize, example("small")] = TileSize.SMALL
    board_id: Annotated[UUID, example(None)] | None = None


class Dashboard(Output):
    """GET, PUT /v1/analytics/dashboard. `version` 0: nobody arranged it yet, and these are the usual tiles."""

    tiles: list[DashboardTile]
    version: int
    changed_at: Moment | None


class DashboardSet(Input):
    tiles: Annotated[list[DashboardTile], Meta(max_length=40)]
