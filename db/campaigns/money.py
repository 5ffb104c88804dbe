"""What a campaign may cost and did cost: its limit, its estimate, its figures per person reached."""

from typing import Any
from uuid import UUID

import msgspec

from db.campaigns import fallback
from db.campaigns.announce import changed
from db.campaigns.check import Draft
from db.campaigns.errors import CampaignError, CampaignField
from db.campaigns.estimates import estimated
from db.campaigns.plan import plan_of
from db.campaigns.queries import one
from db.campaigns.tallies import tallies
from db.campaigns.together import together
from db.clock import now
from db.costs import caps, ledger, rates
from db.costs.caps import Cap
from db.costs.enums import CapScope
from db.costs.errors import CostField
from db.costs.estimate import Estimate
from db.costs.ledger import Spent
from db.errors import Field, RequestError
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.work import Read, Work, read, work

ENDED = frozenset({"finished", "cancelled", "failed"})


async def limits(r: Read, draft: Draft) -> list[Cap]:
    """The campaign's own as its draft has it, and the company's month. The simulator costs nothing by the month."""
    plan = plan_of(draft.settings)
    month = [] if draft.sandbox else await caps.caps(r, draft.company_id)
    if plan.max_cost_micro is None or plan.max_cost_currency is None:
        return month
    return [Cap(CapScope.CAMPAIGN, plan.max_cost_currency, plan.max_cost_micro, 0), *month]


def unpriced(found: Estimate, limit: Cap) -> int:
    """People who do not fit under a limit, because nobody knows their price in its currency."""
    return sum(line.people for line in found.lines if line.currency != limit.currency)


def billed(kind: str) -> bool:
    """Whether what goes over such a channel costs anything: nobody bills a linked phone."""
    return registry.provider(kind).capabilities.session is None


async def problems(r: Read, draft: Draft) -> list[Field]:
    """A limit that cannot be kept, because a price is not known in its currency."""
    if draft.kind is None or not draft.audience.picks:
        return []
    known = await limits(r, draft)
    if not known or not billed(draft.kind):
        return []
    found = await estimated(r, draft)
    asked = [(CampaignField.PRICE_UNKNOWN, found.all)]
    if found.instead is not None:
        asked.append((CampaignField.FALLBACK_PRICE_UNKNOWN, found.instead.whole))
    return [
        code("when", currency=short[0].currency, count=unpriced(one, short[0]))
        for code, one in asked
        if (short := [limit for limit in known if unpriced(one, limit)])
    ]


async def priceless(r: Read, draft: Draft) -> list[Field]:
    """The same where nobody can tell yet who gets it: no price of such a message is known in the currency of a limit, wherever somebody is."""
    known = await limits(r, draft)
    if draft.kind is None or not known or not billed(draft.kind):
        return []
    prices, today = await rates.prices(r, draft.company_id, draft.kind), now().date()
    category = caps.category_of(draft.kind, draft.template_category)
    return [
        CampaignField.NO_PRICE("when", currency=one.currency)
        for one in known
        if not prices.anywhere(draft.kind, category, one.currency, today)
    ][:1]


async def keep_limit(w: Work, campaign_id: UUID, settings: dict[str, Any]) -> None:
    """At the launch: what its settings say from now on holds for what it sends."""
    plan = plan_of(settings)
    currency = plan.max_cost_currency
    await caps.keep(w, campaign_id, plan.max_cost_micro if currency is not None else None, currency or "")


async def set_limit(actor: Actor, campaign_id: UUID, most: int | None, currency: str | None) -> dict[str, Any]:
    """Changes the limit, also while it sends or something goes in place of its messages; one that paused for it waits for a person to resume it. Raises
    NotFound, Invalid, Conflict `not_editable` for one that is over."""
    if most is not None and (currency is None or len(currency) != 3 or not currency.isascii() or not currency.isupper()):
        raise RequestError.INVALID(fields=[CostField.CURRENCY("currency")])
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        row = await w.fetchrow(
            "select state, settings::text as settings from campaign where company_id = $1 and id = $2 and fallback_of is null for update",
            w.company_id,
            campaign_id,
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="campaign")
        if row["state"] in ENDED and not (row["state"] == "finished" and await fallback.open_still(w, campaign_id)):
            raise CampaignError.NOT_EDITABLE(state=row["state"])
        settings = {
            **msgspec.json.decode(row["settings"]),
            "max_cost_micro": most,
            "max_cost_currency": currency if most is not None else None,
        }
        await w.execute(
            "update campaign set settings = $3::jsonb where company_id = $1 and id = $2",
            w.company_id, campaign_id, msgspec.json.encode(settings).decode(),
        )  # fmt: skip
        if row["state"] != "draft":
            await keep_limit(w, campaign_id, settings)
            await fallback.afford_again(w, campaign_id)
        w.audit("campaign.limited", campaign_id, most=most, currency=currency)
        return await changed(w, campaign_id)


class CampaignCost(msgspec.Struct, frozen=True):
    """What was billed, by currency; what it came to for each person whom it reached, and who answered. `waiting`: sent, and not billed yet."""

    spent: list[Spent]
    limits: list[Cap]
    delivered: int
    replied: int
    waiting: int


async def cost(actor: Actor, campaign_id: UUID) -> CampaignCost:
    """Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        await one(r, campaign_id)
        whole = (await together(r, [campaign_id]))[campaign_id]
        spent = await spent_on(r, whole.ids)
        sent = sum(one.figures.sent for one in (await tallies(r, whole.ids)).values())
        known = await caps.caps(r, actor.company_id, campaign_id)
    billed = sum(one.messages for one in spent)
    return CampaignCost(spent, known, whole.figures.delivered, whole.figures.replied, max(0, sent - billed))


async def spent_on(r: Read, campaign_ids: list[UUID]) -> list[Spent]:
    """What these were billed in all, by currency."""
    assert r.actor is not None
    found = await ledger.spent(r, r.actor.company_id, campaign_ids)
    return _together([one for sums in found.values() for one in sums])


def _together(sums: list[Spent]) -> list[Spent]:
    """One sum for each currency, the largest first."""
    found: dict[str | None, Spent] = {}
    for sum_ in sums:
        was = found.get(sum_.currency)
        more = zip(was[1:], sum_[1:], strict=True) if was is not None else []
        found[sum_.currency] = sum_ if was is None else Spent(sum_.currency, *(a + b for a, b in more))
    return sorted(found.values(), key=lambda sum_: -sum_.amount)
