"""Figures of the assistant, beside those of the equal period before."""

from datetime import date
from typing import Annotated
from uuid import UUID

from api.contract.analytics import AnalyticsPeriod
from api.contract.base import Output, example
from api.contract.contacts import Moment
from db.ai.enums import Purpose


class AssistantFigures(Output):
    """Talks (one time that a conversation was open), each counted when it happened: first answered by the assistant, closed, of those closed by the
    assistant without people (`alone`), and handed by it to people."""

    assisted: int
    closed: int
    alone: int
    handed: int


class AssistantDay(Output):
    day: date
    figures: AssistantFigures


class AssistantCost(Output):
    """Calls of models in the period, and what they cost in millionths of a dollar; `unpriced`: calls whose price nobody knows."""

    calls: int
    failed: int
    amount_micro: int
    unpriced: int


class AssistantPurpose(Output):
    purpose: Purpose
    cost: AssistantCost


class AssistantReason(Output):
    reason: Annotated[str, example("unanswered")]  # a TurnReason; empty: not kept
    count: int


class AssistantMoves(Output):
    """What became of the changes of leads that the AI proposed in the period. `automatic`: applied by themselves."""

    proposed: int
    applied: int
    refused: int
    undone: int
    expired: int
    blocked: int
    automatic: int


class AssistantGap(Output):
    """What was asked and stands in no knowledge base."""

    id: UUID
    base_id: UUID
    base_name: Annotated[str, example("Loja")]
    question: Annotated[str, example("Vocês entregam no sábado?")]
    times: int
    last_at: Moment


class AssistantAnalytics(Output):
    """GET /v1/analytics/assistant. `reasons` add up to those handed over; cost, moves and gaps are of all channels. `gaps`: the 20 asked most often of
    `open_gaps`."""

    period: AnalyticsPeriod
    figures: AssistantFigures
    before: AssistantFigures
    days: list[AssistantDay]
    cost: AssistantCost
    cost_before: AssistantCost
    purposes: list[AssistantPurpose]
    reasons: list[AssistantReason]
    moves: AssistantMoves
    gaps: list[AssistantGap]
    open_gaps: int
