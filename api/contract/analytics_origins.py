"""What brought the leads of a period, and what that cost."""

from typing import Annotated
from uuid import UUID

from api.contract.analytics import AnalyticsPeriod
from api.contract.base import Output, example
from api.contract.contacts import Moment
from db.analytics.enums import OriginKind, WhichTouch


class OriginWorth(Output):
    currency: Annotated[str, example("BRL")]
    cents: int


class OriginSpent(Output):
    """In one currency, in millionths of it; null: of those whose price nobody knew. For each lead that came in the period, and each that was won."""

    currency: Annotated[str, example("BRL")] | None
    amount_micro: int
    messages: int
    per_lead_micro: int | None
    per_won_micro: int | None


class Origin(Output):
    """`key`: the ad's id at its network, or the id of the campaign or template; empty, with the kind none: what none of this kind brought. `spent`: what
    the campaign, or the campaigns with this template, cost in all; of ads it is not known."""

    kind: OriginKind
    key: Annotated[str, example("120210000000000001")]
    name: Annotated[str, example("Promoção de inverno")]
    leads: int
    won: int
    worth: list[OriginWorth]  # of those won
    spent: list[OriginSpent]


class OriginAnalytics(Output):
    """GET /v1/analytics/origins. Leads that came onto a board in the period, as won whenever that was, by the first ad or campaign that their contact
    answered, or by the newest before the lead was made. Each list adds up to `leads` and `won`; `leads_before`, `won_before`: of the period before."""

    period: AnalyticsPeriod
    touch: Annotated[WhichTouch, example("first")]
    leads: int
    won: int
    leads_before: int
    won_before: int
    ads: list[Origin]
    campaigns: list[Origin]
    templates: list[Origin]


class OriginLead(Output):
    id: UUID
    lead_id: UUID
    board_id: UUID
    title: Annotated[str, example("Reforma")]
    owner_name: Annotated[str, example("Bia Souza")] | None
    at: Moment
    won: bool
    value_cents: int | None
    currency: Annotated[str, example("BRL")]
