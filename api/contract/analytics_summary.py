"""A week in three sentences."""

from typing import Annotated

from api.contract.analytics import AnalyticsPeriod
from api.contract.base import Output, example
from db.analytics.enums import Cause, Counted


class SummaryChange(Output):
    counted: Annotated[Counted, example("received")]
    now: Annotated[int, example(270)]
    before: Annotated[int, example(200)]


class SummaryWhy(Output):
    """What goes with the first change, which need not be its cause. `name`: of the campaign or channel, or the reason of failures; `people`: whom it
    reached, or how many there were; of a channel `before` as many the week before."""

    cause: Annotated[Cause, example("campaign")]
    name: Annotated[str, example("Liquidação de verão")]
    people: int
    before: int


class AnalyticsSummary(Output):
    """GET /v1/analytics/summary. `sentences`: what changed most, what else did, and why it may have; one where nothing did."""

    period: AnalyticsPeriod
    sentences: list[str]
    changes: list[SummaryChange]
    why: SummaryWhy | None
