"""Prices, limits of costs and hours of sending over HTTP: thin, every rule is in db/costs and db/campaigns."""

from uuid import UUID

from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.costs import (
    MonthLimitSet,
    SendHours,
    SendHoursSet,
    SendRate,
    SendRatesSet,
    SpendLimit,
    SpendLimitSet,
    WarmUp,
    WarmUpSet,
)
from api.versions import IfMatch
from db.campaigns import rules, warm_up
from db.costs import caps, rates
from db.costs.caps import Cap
from db.costs.enums import CapScope
from db.costs.errors import CostField
from db.costs.rates import Rate
from db.errors import RequestError
from db.tenancy import Actor


def limit(cap: Cap) -> SpendLimit:
    return SpendLimit(
        scope=cap.scope,
        currency=cap.currency,
        limit_micro=cap.most,
        reserved_micro=cap.reserved,
        stops_people=cap.stops_people,
        unpriced=cap.unpriced,
        reached=cap.reached,
    )


def currency_of(data: SpendLimitSet) -> str:
    """Raises Invalid where a limit has none."""
    if data.limit_micro is not None and data.currency is None:
        raise RequestError.INVALID(fields=[CostField.CURRENCY("currency")])
    return data.currency or ""


def _month(cap: Cap | None) -> SpendLimit:
    if cap is not None:
        return limit(cap)
    return SpendLimit(
        scope=CapScope.MONTH, currency=None, limit_micro=None, reserved_micro=0, stops_people=False, unpriced=0, reached=False
    )


async def _rates(actor: Actor) -> Page[SendRate]:
    items = [
        SendRate(
            id=one.id,
            kind=one.rate.kind,
            country=one.rate.country or None,
            category=one.rate.category,  # type: ignore[arg-type]
            currency=one.rate.currency,
            price_micro=one.rate.price or 0,  # one that nobody knows is not listed
            valid_from=one.rate.valid_from,
            source=one.rate.source,
            own=one.id is not None,
        )
        for one in await rates.rates(actor)
    ]
    return Page(items=items, total=len(items))


class CostController(Controller):
    path = "/v1/costs"
    tags = ("Costs",)

    @get("/rates", summary="List prices")
    async def list_rates(self, actor: Caller) -> Page[SendRate]:
        """The company's own and those of our list, with their first day and source. Needs `campaigns:read`."""
        return await _rates(actor)

    @put("/rates", summary="Set prices")
    async def set_rates(self, actor: Caller, data: JSONBody[SendRatesSet]) -> Page[SendRate]:
        """All or none; what was spent keeps its price. Needs `company:write`."""
        found = [
            Rate(r.kind, r.country or "", r.category.value, r.currency, r.price_micro, r.valid_from, r.source) for r in data.rates
        ]
        await rates.set_rates(actor, found)
        return await _rates(actor)

    @delete("/rates/{rate_id:uuid}", summary="Remove a price", status_code=200)
    async def delete_rate(self, actor: Caller, rate_id: FromPath[UUID]) -> Done:
        """One of the company's own; what was spent keeps it. Needs `company:write`."""
        await rates.remove_rate(actor, rate_id)
        return Done()

    @get("/limit", summary="Read the month's limit")
    async def read_limit(self, actor: Caller) -> SpendLimit:
        """What all that the company sends may cost in a month of its calendar. Needs `campaigns:read`."""
        return _month(await caps.month(actor))

    @put("/limit", summary="Set the month's limit")
    async def set_limit(self, actor: Caller, data: JSONBody[MonthLimitSet]) -> SpendLimit:
        """Holds at once; what was sent this month counts, and what waits for the limit is asked about anew. The owners get a mail at 80 and at 100
        percent. Needs `company:write`."""
        return _month(await caps.set_month(actor, data.limit_micro, currency_of(data), stops_people=data.stops_people))


def _hours(rule: rules.SendHours) -> SendHours:
    given = rule._asdict() | {"country": rule.country or None, "category": rule.category or None}
    return SendHours(**given)


def _rule(data: SendHoursSet, rule_id: UUID) -> rules.SendHours:
    if data.closes <= data.opens:
        raise RequestError.INVALID(fields=[CostField.HOURS("closes")])
    return rules.SendHours(
        rule_id,
        data.name,
        data.country or "",
        data.category.value if data.category else "",
        sorted(set(data.weekdays)),
        data.opens,
        data.closes,
        data.skip_holidays,
        data.valid_from,
        data.valid_until,
        data.source,
    )


def _warm_up(found: warm_up.WarmUp) -> WarmUp:
    return WarmUp(
        channel_id=found.channel_id,
        starts=found.starts,
        steps=found.steps,
        source=found.source,
        most_today=found.most,
        used_today=found.used,
        version=found.version,
    )


class WarmUpController(Controller):
    path = "/v1/warm-ups"
    tags = ("Costs",)

    @get(summary="List warm-ups")
    async def list_warm_ups(self, actor: Caller) -> Page[WarmUp]:
        """How many new people young numbers write to on each day. Needs `campaigns:read`."""
        found = [_warm_up(one) for one in await warm_up.warm_ups(actor)]
        return Page(items=found, total=len(found))

    @put("/{channel_id:uuid}", summary="Set the warm-up of a number", opt={"versioned": True})
    async def set_warm_up(
        self, actor: Caller, channel_id: FromPath[UUID], data: JSONBody[WarmUpSet], expected: IfMatch
    ) -> WarmUp:
        """412 when somebody else changed it. Needs `company:write`."""
        steps, source = data.steps or list(warm_up.SUGGESTED), data.source or ("" if data.steps else warm_up.SUGGESTED_SOURCE)
        return _warm_up(await warm_up.keep(actor, channel_id, data.starts, steps, source, expected))

    @delete("/{channel_id:uuid}", summary="Remove the warm-up of a number", status_code=200)
    async def delete_warm_up(self, actor: Caller, channel_id: FromPath[UUID]) -> Done:
        """The number writes to as many people as it can. Needs `company:write`."""
        await warm_up.remove(actor, channel_id)
        return Done()


class SendHoursController(Controller):
    path = "/v1/send-hours"
    tags = ("Costs",)

    @get(summary="List hours of sending")
    async def list_hours(self, actor: Caller) -> Page[SendHours]:
        """When campaigns may write to people. Needs `campaigns:read`."""
        found = [_hours(rule) for rule in await rules.send_hours(actor)]
        return Page(items=found, total=len(found))

    @post(summary="Add hours of sending")
    async def create_hours(self, actor: Caller, data: JSONBody[SendHoursSet]) -> SendHours:
        """Holds at once, also for campaigns that run. Needs `company:write`."""
        return _hours(await rules.add(actor, _rule(data, UUID(int=0))))

    @put("/{send_hours_id:uuid}", summary="Change hours of sending", opt={"versioned": True})
    async def set_hours(
        self, actor: Caller, send_hours_id: FromPath[UUID], data: JSONBody[SendHoursSet], expected: IfMatch
    ) -> SendHours:
        """412 when somebody else changed them. Needs `company:write`."""
        return _hours(await rules.change(actor, _rule(data, send_hours_id), expected))

    @delete("/{send_hours_id:uuid}", summary="Remove hours of sending", status_code=200)
    async def delete_hours(self, actor: Caller, send_hours_id: FromPath[UUID]) -> Done:
        """Whom only they held gets the message now. Needs `company:write`."""
        await rules.remove(actor, send_hours_id)
        return Done()
