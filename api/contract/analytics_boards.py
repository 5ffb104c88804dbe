"""Figures of the leads of a board, beside those of the equal period before."""

from datetime import date
from typing import Annotated
from uuid import UUID

from api.contract.analytics import AnalyticsPeriod, TimesTaken
from api.contract.base import Output, example
from api.contract.contacts import Moment
from db.analytics.enums import LeadFact
from db.boards.enums import StageKind


class LeadFigures(Output):
    """Leads that came onto the board, left a stage, came into a stage that means won, or lost, each when it happened; what they were worth then,
    in cents of the board's currency. Who is moved there twice counts twice; a move that was taken back counts as none."""

    entered: int
    moved: int
    won: int
    lost: int
    entered_value: int
    won_value: int
    lost_value: int


class LeadDay(Output):
    day: date
    figures: LeadFigures


class StageFigures(Output):
    """`arrived` came into the stage (worth `arrived_value`), `moved` left it after `stood`, `reached` came for the first time. `standing` are there
    now; null with a filter. `gone`: the stage was deleted."""

    id: UUID
    name: Annotated[str, example("Proposta")]
    kind: StageKind
    gone: bool
    arrived: int
    arrived_value: int
    moved: int
    stood: TimesTaken
    reached: int
    standing: int | None
    standing_value: int | None


class StagePassed(Output):
    """Of the leads that came into `from_id` for the first time in the period: how many came into `to_id` at any time after, and how soon."""

    from_id: UUID
    to_id: UUID
    leads: int
    took: TimesTaken


class LeadLost(Output):
    reason: Annotated[str, example("Preço")]  # empty: none was said
    leads: int
    value_cents: int


class BoardAnalytics(Output):
    """GET /v1/analytics/boards/{board_id}. `passed` has the pairs of stages that some lead went through; `reasons` the 50 most frequent."""

    period: AnalyticsPeriod
    board_id: UUID
    currency: Annotated[str, example("BRL")]
    figures: LeadFigures
    before: LeadFigures
    days: list[LeadDay]
    stages: list[StageFigures]
    passed: list[StagePassed]
    reasons: list[LeadLost]


class LeadCounted(Output):
    """One of those that a figure counts: `at` when, `seconds` the time that it was counted with. `title` null: the lead was deleted."""

    id: UUID
    fact: Annotated[LeadFact, example("won")]  # which figure
    lead_id: UUID
    title: Annotated[str, example("Reforma")] | None
    stage_id: UUID
    stage_name: Annotated[str, example("Ganho")]
    owner_name: Annotated[str, example("Bia Souza")] | None
    at: Moment
    seconds: int | None
    value_cents: int
    reason: str | None
