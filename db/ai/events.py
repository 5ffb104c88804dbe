"""Events of the AI service. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.ai.enums import BudgetPeriod, BudgetScope
from db.events import Event
from db.permissions import Permission


class AiConnectionChanged(Event, frozen=True, kw_only=True):
    """Connected, changed, checked, stopped or disconnected; also a price that was changed."""

    type: ClassVar = "ai_connection.changed"
    permission: ClassVar = Permission.AI_READ


class AiBudgetsChanged(Event, frozen=True, kw_only=True):
    """A budget was set or removed."""

    type: ClassVar = "ai_budgets.changed"
    permission: ClassVar = Permission.AI_READ


class AiBudgetWarned(Event, frozen=True, kw_only=True):
    """So many percent of a budget are spent: 80, or 100, and then nothing more is asked for it until its next period."""

    type: ClassVar = "ai_budget.warned"
    permission: ClassVar = Permission.AI_READ
    scope: BudgetScope
    subject_id: UUID | None = None
    period: BudgetPeriod
    percent: int


class ModelRequestsChanged(Event, frozen=True, kw_only=True):
    """What the simulator's model read is here."""

    type: ClassVar = "model_requests.changed"
    permission: ClassVar = Permission.AI_READ
    durable: ClassVar = False
