"""What a launch would do: to whom, when, for how much."""

from typing import Annotated
from uuid import UUID

from api.contract.base import Input, Output, example
from api.contract.campaigns import CampaignProblem
from api.contract.contacts import Moment
from api.contract.costs import CostEstimate, SpendLimit
from db.campaigns.enums import CompareMetric, PreflightEffect, PreflightRule


class PreflightAsked(Input):
    """POST /v1/campaigns/{id}/preflight → Preflight. `at` null: for a start now."""

    at: Annotated[Moment, example("2031-01-31T09:00:00-03:00")] | None = None


class PreflightFinding(Output):
    """One rule and how many people it is about. `name`: the field, the template, the company's rule for hours, the limit, or `today` for those for whom
    the number's daily limit has room at the start; `until`: when it ends by itself; `detail`: the state of a template."""

    rule: Annotated[PreflightRule, example("quiet_hours")]
    effect: Annotated[PreflightEffect, example("delays")]
    count: int
    name: Annotated[str, example("Horário comercial")]
    until: Moment | None
    detail: Annotated[str, example("paused")] = ""


class PreflightSample(Output):
    """The message as somebody really gets it. `missing`: fields for which a substitute stands in."""

    name: Annotated[str, example("Beatriz Nunes")]
    address: Annotated[str, example("(11) 98765-4321")]
    body: Annotated[str, example("Oi Beatriz, chegou a coleção nova!")]
    missing: list[str]


class Preflight(Output):
    """`problems` forbid the launch; `findings` say what it does. `finish` null: nobody can be written to; `binding`: what decides it (number, segments,
    tier, hours, spread, warm_up)."""

    matched: int
    reachable: int
    problems: list[CampaignProblem]
    findings: list[PreflightFinding]
    samples: list[PreflightSample]
    cost: CostEstimate | None
    limits: list[SpendLimit]
    starts: Moment
    finish: Moment | None
    binding: str | None


class PreflightPerson(Output):
    """GET /v1/campaigns/{id}/preflight/people?rule= → Page[PreflightPerson]. `until`: for `tier`, about when there is a place for them."""

    contact_id: UUID
    name: Annotated[str, example("Beatriz Nunes")]
    address: Annotated[str, example("+5511987654321")]
    until: Moment | None = None


class ComparedCampaign(Output):
    """`reached` people, of whom `counted` did what is compared. The share lies from `low` to `high` with a probability of 95 %; `best`: the
    probability that no other does better."""

    id: UUID
    name: Annotated[str, example("Liquidação de verão")]
    reached: int
    counted: int
    share: float
    low: float
    high: float
    best: float


class CampaignComparison(Output):
    """GET /v1/campaigns/compare. `winner` null: nobody can say yet; it takes 100 people reached by each, and 95 % certainty."""

    metric: Annotated[CompareMetric, example("replied")]
    campaigns: list[ComparedCampaign]
    winner: UUID | None
