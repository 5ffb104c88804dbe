"""Whom a rule of the pre-flight is about, by name: the same rules as its counts (`preflight.py`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from db.campaigns import estimates, money
from db.campaigns.audience import Audience, count
from db.campaigns.check import Draft, audience_of, frozen_content, load_draft, texts
from db.campaigns.enums import PreflightRule
from db.campaigns.preflight import (
    DAY,
    TODAY,
    fresh_sql,
    gone,
    judged_places,
    known_sql,
    repeated_sql,
    rules_of,
    spend_findings,
    start_of,
    tier_of,
    young_of,
)
from db.clock import now
from db.contacts.places import GROUP
from db.costs import caps, rates
from db.errors import RequestError, RequestField
from db.messages.enums import SkipReason
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read


class Listed(NamedTuple):
    """Somebody whom a rule is about. `until`: about when the number's daily limit has a place for them."""

    contact_id: UUID
    name: str
    address: str
    until: datetime | None = None


async def people(
    actor: Actor,
    campaign_id: UUID,
    rule: PreflightRule | None,
    *,
    name: str = "",
    at: datetime | None = None,
    limit: int,
    after: UUID | None,
) -> list[Listed]:
    """Those whom a rule is about, by id; None: who would get it. `name`: of which field. Rules about no people in particular have none. Raises NotFound, Invalid."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        draft = await load_draft(r, campaign_id)
        if draft.kind is None:
            return []
        if rule is PreflightRule.CONTACT_DELETED:
            away = [one for one in await gone(r, draft) if after is None or one > after]
            return [Listed(one, "", "") for one in away[:limit]]
        drafts = await texts(r, draft)
        fields = list(dict.fromkeys(name for one in drafts for name in frozen_content(one).fields))
        audience = audience_of(draft, fields)
        if rule is PreflightRule.TIER:
            return await _of_tier(r, draft, audience, name == TODAY, start_of(at), limit, after)
        condition = await _condition(r, drafts, rule, name, at, audience, fields)
        if condition is None:
            return []
        more = "" if after is None else f" and p.contact_id > {audience.arg(after, 'uuid')}"
        rows: list[Any] = await r.fetch(
            f"{audience.people} select p.contact_id, p.name, coalesce(p.address, '') as address from judged p where {condition}{more}"
            f" order by p.contact_id limit {int(limit)}",
            *audience.args,
        )
    return [Listed(*row) for row in rows]


async def _of_tier(
    r: Read, draft: Draft, audience: Audience, today: bool, starts: datetime, limit: int, after: UUID | None
) -> list[Listed]:
    """Who gets it at the start, or who waits and about until when: by their ids, as places come free."""
    reachable = sum(n for reason, n in (await count(r, audience_of(draft))).items() if reason is None)
    tier = await tier_of(r, draft, reachable, starts)
    if tier is None:
        return []
    known = known_sql(audience, draft) if starts - now() < DAY else "false"
    room, most, begins = audience.arg(tier.room, "int"), audience.arg(tier.limit, "int"), audience.arg(starts, "timestamptz")
    more = "" if after is None else f" and t.contact_id > {audience.arg(after, 'uuid')}"
    rows = await r.fetch(
        f"{audience.people}, placed as (select p.contact_id, p.name, coalesce(p.address, '') as address, {known} as known,"
        f" row_number() over (partition by {known} order by p.contact_id) - 1 - {room} as late from judged p where p.reason is null)"
        f" select t.contact_id, t.name, t.address, case when not t.known and t.late >= 0 then {begins} + (t.late / {most} + 1) * interval '1 day' end"
        f" from placed t where (not t.known and t.late >= 0) = {not today}{more} order by t.contact_id limit {int(limit)}",
        *audience.args,
    )
    return [Listed(*row) for row in rows]


async def _condition(
    r: Read,
    drafts: Sequence[Draft],
    rule: PreflightRule | None,
    name: str,
    at: datetime | None,
    audience: Audience,
    fields: list[str],
) -> str | None:
    draft = drafts[0]
    if rule is None or rule is PreflightRule.TEMPLATE:
        return "p.reason is null"
    if rule is PreflightRule.SAME_TEXT:
        condition = await repeated_sql(r, drafts, audience)
        return None if condition is None else f"p.reason is null and {condition}"
    if rule.value in set(SkipReason):
        return f"p.reason = {audience.arg(rule.value, 'text')}"
    if rule is PreflightRule.MISSING_VALUE:
        if name not in fields:
            raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("name")])
        return f"p.reason is null and btrim(({audience.params})[{fields.index(name) + 1}]) = ''"
    if rule is PreflightRule.WARM_UP and draft.channel_id is not None:
        young = await young_of(r, draft, start_of(at))
        if young is None:
            return None
        fresh = f"p.reason is null and {fresh_sql(audience, draft.channel_id)}"
        return f"p.contact_id in (select p.contact_id from judged p where {fresh} order by p.contact_id offset {young.room})"
    if rule in (PreflightRule.PRICE_UNKNOWN, PreflightRule.SPEND_CAP):
        return await _of_money(r, drafts, rule, name, audience)
    if rule in (PreflightRule.QUIET_HOURS, PreflightRule.NO_HOURS):
        _, places = await judged_places(r, [draft], await rules_of(r, draft), start_of(at))
        held = [
            one.start
            for one in places
            if one.held and bool(one.spans) == (rule is PreflightRule.QUIET_HOURS) and name in ("", one.held)
        ]
        return f"p.reason is null and {GROUP.format('p.address')} = any({audience.arg(held, 'text[]')})"
    return None


async def _of_money(r: Read, drafts: Sequence[Draft], rule: PreflightRule, name: str, audience: Audience) -> str | None:
    """Where one of the texts has no known price; or who comes last, once the limit `name` is used up."""
    draft = drafts[0]
    assert draft.kind is not None
    places = await estimates.starting(r, audience_of(draft, audience.fields), [frozen_content(one) for one in drafts])
    if rule is PreflightRule.PRICE_UNKNOWN:
        known = await rates.prices(r, draft.company_id)
        categories = {caps.category_of(draft.kind, one.template_category) for one in drafts}
        starts = [
            start
            for start, one in places.items()
            if any(known.of(draft.kind, one.country, category, now().date()) is None for category in categories)
        ]
        return f"p.reason is null and {GROUP.format('p.address')} = any({audience.arg(starts, 'text[]')})"
    reachable = sum(one.people for one in places.values())
    cost = await estimates.of_places(r, draft, drafts, list(places.values()))
    short = spend_findings(cost.all, await money.limits(r, draft), reachable)
    last = max((one.count for one in short if name in ("", one.name)), default=0)
    return (
        f"p.contact_id in (select q.contact_id from judged q where q.reason is null order by q.contact_id desc limit {int(last)})"
    )
