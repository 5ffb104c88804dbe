"""Figures of calls, beside those of the equal period before."""

from datetime import date
from typing import Annotated
from uuid import UUID

from api.contract.analytics import AnalyticsPeriod, MessageSpent, TimesTaken
from api.contract.base import Output, example
from api.contract.contacts import Moment
from db.analytics.enums import CallFact
from db.messages.enums import CallOutcome


class CallFigures(Output):
    """Calls by when they were placed or came in; `talked`: of them, a person spoke, for so long (`length`)."""

    called: int
    talked: int
    length: TimesTaken


class CallDay(Output):
    day: date
    called: int
    talked: int


class CallEnded(Output):
    outcome: Annotated[CallOutcome, example("no_answer")] | None  # null: not over
    count: int


class CallAnalytics(Output):
    """GET /v1/analytics/calls. `outcomes` add up to the calls; `hours`, `talked_hours`: calls, and of them those in which a person spoke, by weekday
    (Monday first) and hour."""

    period: AnalyticsPeriod
    figures: CallFigures
    before: CallFigures
    days: list[CallDay]
    outcomes: list[CallEnded]
    hours: list[list[int]]
    talked_hours: list[list[int]]
    spent: list[MessageSpent] | None


class CallCounted(Output):
    """One of those that a figure counts. `conversation_id` null: it was deleted with its contact."""

    id: UUID
    fact: Annotated[CallFact, example("called")]  # which figure
    conversation_id: UUID | None
    contact_name: Annotated[str, example("Ana Lima")] | None
    channel_name: Annotated[str, example("Central")]
    at: Moment
    outcome: CallOutcome | None
    seconds: int | None
