"""Figures of what people asked for, beside those of the equal period before."""

from datetime import date
from typing import Annotated
from uuid import UUID

from api.contract.analytics import AnalyticsPeriod
from api.contract.base import Output, example
from api.contract.contacts import Moment


class ConsentFigures(Output):
    """`out`: wanted nothing any more; `back`: wanted messages (again); `out_of_some`, `back_of_some`: of marketing or news alone. `sent`: messages that
    went out on these days."""

    out: int
    back: int
    out_of_some: int
    back_of_some: int
    sent: int | None


class ConsentDay(Output):
    day: date
    figures: ConsentFigures


class ConsentSource(Output):
    """`source`: keyword, provider, person, import, api, list; empty: another one."""

    source: Annotated[str, example("keyword")]
    out: int
    back: int


class ConsentAnalytics(Output):
    """GET /v1/analytics/consent. `sources` add up to the figures."""

    period: AnalyticsPeriod
    figures: ConsentFigures
    before: ConsentFigures
    days: list[ConsentDay]
    sources: list[ConsentSource]


class ConsentCounted(Output):
    """One of those that a figure counts. `contact_id` null: it was said of an address that no contact had, or the contact was erased; `category` null:
    it is about everything."""

    id: UUID
    contact_id: UUID | None
    contact_name: Annotated[str, example("Ana Lima")] | None
    category: Annotated[str, example("marketing")] | None
    allowed: bool
    source: Annotated[str, example("keyword")]
    at: Moment
