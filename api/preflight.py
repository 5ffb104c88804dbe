"""Pre-flight and costs of a campaign over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.campaigns import Campaign, CampaignProblem
from api.contract.costs import (
    CampaignCost,
    CostEstimate,
    CostFallback,
    CostLine,
    CostSpent,
    CostText,
    CostTotal,
    SpendLimitSet,
)
from api.contract.preflight import (
    CampaignComparison,
    Preflight,
    PreflightAsked,
    PreflightFinding,
    PreflightPerson,
    PreflightSample,
)
from api.costs import currency_of, limit
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from db.campaigns import compare, money, preflight, preflight_people
from db.campaigns.enums import CompareMetric, PreflightRule
from db.campaigns.estimates import CampaignEstimate, InsteadCost
from db.contacts.phones import display
from db.costs.enums import RateCategory
from db.costs.estimate import Total
from db.costs.ledger import Spent


def _estimate(found: CampaignEstimate) -> CostEstimate:
    return CostEstimate(
        lines=[
            CostLine(
                country=line.country,
                category=RateCategory(line.category),
                people=line.people,
                units=line.units,
                price_micro=line.price,
                currency=line.currency,
                amount_micro=line.amount,
            )
            for line in found.all.lines
        ],
        totals=_totals(found.all.totals),
        unpriced=found.all.unpriced,
        texts=[
            CostText(
                variant=one.variant,
                category=RateCategory(one.category),
                people=one.people,
                units=one.units,
                totals=_totals(one.totals),
                unpriced=one.unpriced,
            )
            for one in found.texts
        ],
        fallback=_fallback(found.instead) if found.instead is not None else None,
    )


def _fallback(found: InsteadCost) -> CostFallback:
    return CostFallback(
        people=found.people,
        percent=found.percent,
        measured=found.measured,
        likely=_totals(found.likely),
        most=_totals(found.most),
        unpriced=found.unpriced,
    )


def _totals(found: list[Total]) -> list[CostTotal]:
    return [CostTotal(currency=one.currency, amount_micro=one.amount) for one in found]


def spent(found: Spent, delivered: int, replied: int) -> CostSpent:
    known = found.currency is not None
    return CostSpent(
        currency=found.currency,
        amount_micro=found.amount,
        messages=found.messages,
        free=found.free,
        unpriced=found.unpriced,
        per_delivered_micro=round(found.amount / delivered) if known and delivered else None,
        per_reply_micro=round(found.amount / replied) if known and replied else None,
    )


class PreflightController(Controller):
    path = "/v1/campaigns/{campaign_id:uuid}"
    tags = ("Campaigns",)

    @post("/preflight", summary="Check a campaign before its launch", status_code=200, opt={"idempotent": False})
    async def preflight_campaign(self, actor: Caller, campaign_id: FromPath[UUID], data: JSONBody[PreflightAsked]) -> Preflight:
        """Every rule that would leave somebody out, delay them or stop it, with how many; what it costs and when it is done. Needs `campaigns:read`."""
        found = await preflight.preflight(actor, campaign_id, data.at)
        return Preflight(
            matched=found.matched,
            reachable=found.reachable,
            problems=[
                msgspec.convert({"code": one.code, "step": one.path, "params": one.params}, CampaignProblem)
                for one in found.problems
            ],
            findings=[msgspec.convert(one, PreflightFinding, from_attributes=True) for one in found.findings],
            samples=[
                PreflightSample(name=one.name, address=display(one.address), body=one.body, missing=one.missing)
                for one in found.samples
            ],
            cost=_estimate(found.cost) if found.cost is not None else None,
            limits=[limit(cap) for cap in found.limits],
            starts=found.starts,
            finish=found.finish,
            binding=found.binding,
        )

    @get("/preflight/people", summary="List whom a rule is about")
    async def list_preflight_people(
        self,
        actor: Caller,
        campaign_id: FromPath[UUID],
        rule: Annotated[
            PreflightRule | None, QueryParameter(description="Whom this rule is about; those who would get it unless said.")
        ] = None,
        name: Annotated[
            str,
            QueryParameter(
                max_length=100,
                description="For `missing_value`: the field; for `tier`: `today` for those who need not wait; for `spend_cap`: the limit; for `quiet_hours`: the rule.",
            ),
        ] = "",
        at: Annotated[
            datetime | None, QueryParameter(description="For `quiet_hours` and `tier`: the start; now unless said.")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[PreflightPerson]:
        """Before the launch; afterwards each stands among the recipients. Needs `campaigns:read`."""
        after = decode_cursor(cursor, tuple[UUID])
        rows = await preflight_people.people(
            actor, campaign_id, rule, name=name, at=at, limit=one_over(limit), after=after[0] if after else None
        )
        return page(rows, limit, lambda row: (row.contact_id,), _person)

    @get("/cost", summary="Read what a campaign cost")
    async def read_cost(self, actor: Caller, campaign_id: FromPath[UUID]) -> CampaignCost:
        """As providers told it for each message, at the price of its day. Needs `campaigns:read`."""
        found = await money.cost(actor, campaign_id)
        return CampaignCost(
            spent=[spent(one, found.delivered, found.replied) for one in found.spent],
            limits=[limit(cap) for cap in found.limits],
            delivered=found.delivered,
            replied=found.replied,
            waiting=found.waiting,
        )

    @put("/limit", summary="Limit what a campaign may cost")
    async def limit_campaign(self, actor: Caller, campaign_id: FromPath[UUID], data: JSONBody[SpendLimitSet]) -> Campaign:
        """Also while it sends; one that paused for its limit goes on when it is resumed. 409 `not_editable` once it is over. Needs `campaigns:send`."""
        return struct(await money.set_limit(actor, campaign_id, data.limit_micro, currency_of(data)), Campaign)


class CompareController(Controller):
    path = "/v1/campaigns/compare"
    tags = ("Campaigns",)

    @get(summary="Compare campaigns")
    async def compare_campaigns(
        self,
        actor: Caller,
        campaign_ids: Annotated[
            list[UUID] | None, QueryParameter(name="campaign_id", max_items=10, description="May be repeated, at most ten times.")
        ] = None,
        metric: FromQuery[CompareMetric] = CompareMetric.REPLIED,
    ) -> CampaignComparison:
        """How sure it is that one does better. Needs `campaigns:read`."""
        return msgspec.convert(await compare.compare(actor, campaign_ids or [], metric), CampaignComparison, from_attributes=True)


def _person(row: Any) -> PreflightPerson:
    return struct(row._asdict(), PreflightPerson)
