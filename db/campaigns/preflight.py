"""Before the launch: every rule that would leave somebody out, delay or stop, with how many and who; what it costs, and when it is done. Nothing
here decides: the same rules are asked again when the audience is written and at each claim."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from db.campaigns import estimates, money, warm_up
from db.campaigns.audience import Audience
from db.campaigns.check import Draft, audience_of, frozen_content, load_draft, problems, texts
from db.campaigns.enums import PreflightEffect, PreflightRule
from db.campaigns.estimates import CampaignEstimate, Place
from db.campaigns.plan import plan_of
from db.campaigns.queries import used_today
from db.campaigns.rules import Rules, load
from db.campaigns.spread import open_spans
from db.campaigns.trial import LETTERS, fields_of
from db.campaigns.windows import Span
from db.channels.enums import TemplateStatus
from db.clock import now
from db.contacts.places import GROUP, place
from db.costs.caps import Cap
from db.costs.estimate import Estimate
from db.errors import Field, RequestError, RequestField
from db.messages import repeats, unreached
from db.messages.enums import AttemptState
from db.messages.render import TextContent, draw
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

DAY = timedelta(days=1)
FARTHEST = timedelta(days=3650)
"""So far ahead a start is reckoned with."""
TODAY = "today"  # the name of those for whom the number's daily limit has room at the start
# To whom the portfolio sent something within its moving day: they take no place in the limit (as `db/messages/ledger.py` claims them).
_KNOWN = """
p.contact_id in (select o.contact_id from attempt a join message o on o.company_id = {company} and o.id = a.message_id
    where a.company_id = {company} and o.contact_id is not null and a.id >= (select uuidv7(interval '-24 hours'))
        and (a.state <> {rejected} or a.provider_id is not null)
        and a.channel_id = any(array(select c.id from channel c where c.company_id = {company} and c.portfolio_id = {portfolio})))
"""
SAMPLES = 5
_JUDGED = """
select p.reason, {start} as start, min(p.address) as address, count(*)::int as people, {units} as units from judged p group by 1, 2
"""


class Finding(msgspec.Struct, frozen=True):
    """One rule and how many it is about. `name`: a field, a template, a rule of the company, or TODAY; `detail`: the state of a template,
    or where a rule of countries comes from."""

    rule: PreflightRule
    effect: PreflightEffect
    count: int
    name: str = ""
    until: datetime | None = None  # it ends by itself
    detail: str = ""


class Sample(msgspec.Struct, frozen=True):
    """The message as somebody really gets it. `missing`: fields for which a substitute stands in."""

    name: str
    address: str
    body: str
    missing: list[str]


class Preflight(msgspec.Struct, frozen=True):
    """`binding`: what decides when it is done (number, segments, tier, hours, spread, warm_up); `finish` None: nobody can be written to."""

    matched: int
    reachable: int
    problems: list[Field]
    findings: list[Finding]
    samples: list[Sample]
    cost: CampaignEstimate | None
    limits: list[Cap]
    starts: datetime
    finish: datetime | None
    binding: str | None


class _Place(NamedTuple):
    start: str
    address: str
    people: int
    units: list[int]  # that all of them would take, by text
    spans: list[Span]
    held: str  # the rule that holds them at the start


async def preflight(actor: Actor, campaign_id: UUID, at: datetime | None = None) -> Preflight:
    """For a start at that moment, or now. Raises NotFound, Invalid."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        draft = await load_draft(r, campaign_id)
        found = await problems(r, draft)
        starts = start_of(at)
        if draft.kind is None:
            return Preflight(0, 0, found, [], [], None, [], starts, None, None)
        found += await money.problems(r, draft)
        drafts = await texts(r, draft)
        skipped, places = await judged_places(r, drafts, await rules_of(r, draft), starts)
        reachable = sum(one.people for one in places)
        whole = [Place(place(one.address).country, one.people, one.units) for one in places]
        cost = await estimates.of_places(r, draft, drafts, whole)
        limits = await money.limits(r, draft)
        missing, samples = await _values(r, draft)
        tier = await tier_of(r, draft, reachable, starts)
        young = await young_of(r, draft, starts)
        repeated = await _repeated(r, drafts)
        away = await gone(r, draft)
        held_by = await _held_by(r, draft) if PreflightRule.COUNTRY_UNREACHED.value in skipped else {}
    findings = [
        Finding(PreflightRule(reason), PreflightEffect.LEAVES_OUT, n, *held_by.get(reason, ()))
        for reason, n in sorted(skipped.items(), key=lambda i: -i[1])
    ]
    findings += [
        Finding(rule, PreflightEffect.LEAVES_OUT, n)
        for rule, n in ((PreflightRule.SAME_TEXT, repeated), (PreflightRule.CONTACT_DELETED, len(away)))
        if n
    ]
    findings += [Finding(PreflightRule.MISSING_VALUE, PreflightEffect.SUBSTITUTES, n, name) for name, n in missing.items() if n]
    findings += _of_hours(places, starts) + _of_money(cost.all, limits, reachable)
    findings = _of_templates(drafts, cost, reachable) + findings
    finish, binding = _finish(draft, places, starts, tier)
    if young is not None:
        findings.append(Finding(PreflightRule.WARM_UP, PreflightEffect.DELAYS, young.late, until=young.rule.until))
        if finish is not None and (ends := _warm(young, draft.throughput or 1.0)) > finish:
            finish, binding = ends, "warm_up"
    if tier is not None and tier.late:
        findings.append(Finding(PreflightRule.TIER, PreflightEffect.TELLS, reachable - tier.late, TODAY))
        findings.append(Finding(PreflightRule.TIER, PreflightEffect.DELAYS, tier.late, until=starts + tier.days * DAY))
    matched = sum(skipped.values()) + reachable
    return Preflight(matched, reachable, found, findings, samples, cost, limits, starts, finish, binding)


async def _held_by(r: Read, draft: Draft) -> dict[str, tuple[str, datetime | None, str]]:
    """Of those whom the provider does not reach: in which countries, and by which rules."""
    assert draft.kind is not None
    rows = await unreached.of(r, draft.kind, draft.template_category or "marketing")
    countries, sources = (
        ", ".join(dict.fromkeys(some)) for some in ([row.country for row in rows], [row.source for row in rows])
    )
    return {PreflightRule.COUNTRY_UNREACHED.value: (countries, None, sources)}


def start_of(at: datetime | None) -> datetime:
    """Now, or later. Raises Invalid for a moment that is too far away to reckon from."""
    if at is not None and at > now() + FARTHEST:
        raise RequestError.INVALID(fields=[RequestField.TOO_LATE("at")])
    return max(at or now(), now())


async def rules_of(r: Read, draft: Draft) -> Rules:
    return await load(r, draft.company_id, plan_of(draft.settings), draft.template_category or "marketing", calls=draft.rings)


async def judged_places(r: Read, drafts: Sequence[Draft], rules: Rules, at: datetime) -> tuple[dict[str, int], list[_Place]]:
    contents = [frozen_content(one) for one in drafts]
    audience = audience_of(drafts[0], fields_of(contents[0], contents))
    sql = _JUDGED.format(start=GROUP.format("p.address"), units=estimates.units(audience, contents))
    skipped: dict[str, int] = {}
    places = []
    for row in await r.fetch(audience.people + sql, *audience.args):
        if row["reason"] is not None:
            skipped[row["reason"]] = skipped.get(row["reason"], 0) + row["people"]
            continue
        spans = open_spans(rules, row["address"], at)
        holds = None if spans and spans[0][0] == at else rules.holds(place(row["address"]), at)
        held = "" if spans and spans[0][0] == at else holds.name if holds is not None else "?"
        places.append(_Place(row["start"], row["address"], row["people"], row["units"], spans, held))
    return skipped, places


async def _values(r: Read, draft: Draft) -> tuple[dict[str, int], list[Sample]]:
    """How many have no value for each field, and the message as some get it: half of them with a substitute, if there are any."""
    content = frozen_content(draft)
    fields = list(dict.fromkeys(name for one in await texts(r, draft) for name in frozen_content(one).fields))
    audience = audience_of(draft, fields)
    sums = ", ".join(f"count(*) filter (where btrim(v.params[{n}]) = '')::int as f{n}" for n in range(1, len(fields) + 1))
    counts: dict[str, int] = {}
    values = f"(select p.name, p.address, p.contact_id, {audience.params} as params from judged p where p.reason is null) v"
    if fields:
        row = await r.fetchrow(f"{audience.people} select {sums} from {values}", *audience.args)
        assert row is not None
        counts = {name: row[f"f{n}"] for n, name in enumerate(fields, 1)}
    bare = "exists (select from unnest(v.params) u where btrim(u) = '')"
    rows = await r.fetch(
        f"{audience.people} (select v.* from {values} where {bare} limit {SAMPLES // 2}) union all"
        f" (select v.* from {values} where not {bare} limit {SAMPLES})",
        *audience.args,
    )
    samples = []
    for one in rows[:SAMPLES]:
        params = list(one["params"])
        lacking = [name for name, value in zip(fields, params, strict=True) if not value.strip()]
        own = dict(zip(fields, params, strict=True))
        samples.append(Sample(one["name"], one["address"], draw(content, [own[name] for name in content.fields]).body, lacking))
    return counts, samples


def _of_templates(drafts: Sequence[Draft], cost: CampaignEstimate, reachable: int) -> list[Finding]:
    """Texts that nobody gets as they stand: their template is not approved, or was paused or disabled since."""
    shares = {one.variant: one.people for one in cost.texts}
    return [
        Finding(PreflightRule.TEMPLATE, PreflightEffect.STOPS, count, one.template_name, detail=one.template_status.value)
        for letter, one in zip(LETTERS, drafts, strict=False)
        if one.template_name is not None and one.template_status not in (None, TemplateStatus.APPROVED)
        and (count := shares.get(letter, 0) if len(drafts) > 1 else reachable)
    ]  # fmt: skip


class _Tier(NamedTuple):
    """The number's limit of new people in 24 hours: `room` of them are left at the start, `late` have to wait, for so many `days` at most."""

    limit: int
    room: int
    late: int

    @property
    def days(self) -> int:
        return -(-self.late // self.limit)


async def tier_of(r: Read, draft: Draft, reachable: int, starts: datetime) -> _Tier | None:
    """None where nobody counts people."""
    limit = draft.messaging_limit
    if not limit:
        return None
    if starts - now() >= DAY:  # what was used until now is free again
        return _Tier(limit, limit, max(0, reachable - limit))
    room = max(0, limit - await used_today(draft))
    if reachable <= room:
        return _Tier(limit, room, 0)
    audience = audience_of(draft)
    sql = f"{audience.people} select count(*)::int from judged p where p.reason is null and not {known_sql(audience, draft)}"
    fresh: int = await r.fetchval(sql, *audience.args)
    return _Tier(limit, room, max(0, fresh - room))


def known_sql(audience: Audience, draft: Draft) -> str:
    """SQL: the portfolio sent something to them within its moving day."""
    return _KNOWN.format(
        company=audience.company, rejected=int(AttemptState.REJECTED), portfolio=audience.arg(draft.portfolio_id, "text")
    )


class _Young(NamedTuple):
    """So many new people are more than the number may write to on the day of the start."""

    rule: warm_up.WarmUp
    late: int

    @property
    def room(self) -> int:
        return max(0, (self.rule.most or 0) - self.rule.used)


def _warm(young: _Young, speed: float) -> datetime:
    """When the last of them got it: each day takes as many as its step says, what comes after the last step is a day without a limit."""
    rule, left, days, last = young.rule, young.late, 0, 0
    tomorrow = (rule.today - rule.starts).days + 1
    while left > 0:
        at = tomorrow + days
        last = min(left, rule.steps[at]) if at < len(rule.steps) else left
        left, days = left - last, days + 1
    return rule.until + timedelta(days=days - 1, seconds=last / speed)


async def young_of(r: Read, draft: Draft, starts: datetime) -> _Young | None:
    """Of the pace of a young number: the new people beyond those whom it may write to on the day of the start."""
    assert draft.channel_id is not None
    rule = await warm_up.of(r, draft.company_id, draft.channel_id, starts)
    if rule is None or rule.most is None:
        return None
    audience = audience_of(draft)
    fresh: int = await r.fetchval(
        f"{audience.people} select count(*)::int from judged p where p.reason is null and {fresh_sql(audience, draft.channel_id)}",
        *audience.args,
    )
    late = fresh - _Young(rule, 0).room
    return _Young(rule, late) if late > 0 else None


def fresh_sql(audience: Any, channel_id: UUID) -> str:
    """SQL: the number and the person never wrote to one another."""
    here = audience.arg(channel_id, "uuid")
    return (
        f"not exists (select from message o where o.company_id = {audience.company} and o.contact_id = p.contact_id and o.channel_id = {here}"
        f" and o.sent_at is not null) and not exists (select from inbound_message i where i.company_id = {audience.company}"
        f" and i.contact_id = p.contact_id and i.channel_id = {here})"
    )


def _of_hours(places: Sequence[_Place], at: datetime) -> list[Finding]:
    found: dict[str, list[_Place]] = {}
    for one in places:
        if one.held and one.spans:
            found.setdefault(one.held, []).append(one)
    waiting = [
        Finding(
            PreflightRule.QUIET_HOURS, PreflightEffect.DELAYS, sum(p.people for p in held), name, min(p.spans[0][0] for p in held)
        )
        for name, held in found.items()
    ]
    never = sum(one.people for one in places if not one.spans)
    return waiting + ([Finding(PreflightRule.NO_HOURS, PreflightEffect.STOPS, never)] if never else [])


async def repeated_sql(r: Read, drafts: Sequence[Draft], audience: Audience) -> str | None:
    """SQL: the number had one of the texts within the company's window; None where that is not asked."""
    written = [content for content in map(frozen_content, drafts) if isinstance(content, TextContent)]
    if not audience.by_segment or not written or not (hours := await repeats.window(r, drafts[0].company_id)):
        return None
    return "(" + " or ".join(
        repeats.KNOWN.format(company=audience.company, hours=audience.arg(hours, "int"), address="p.address", text=audience.text(one))
        for one in written
    ) + ")"  # fmt: skip


async def _repeated(r: Read, drafts: Sequence[Draft]) -> int:
    contents = [frozen_content(one) for one in drafts]
    audience = audience_of(drafts[0], fields_of(contents[0], contents))
    condition = await repeated_sql(r, drafts, audience)
    if condition is None:
        return 0
    found: int = await r.fetchval(
        f"{audience.people} select count(*)::int from judged p where p.reason is null and {condition}", *audience.args
    )
    return found


async def gone(r: Read, draft: Draft) -> list[UUID]:
    """Of people who were chosen one by one: those who are no contact any more."""
    if not draft.audience.ids:
        return []
    rows = await r.fetch(
        "select distinct u.id from unnest($2::uuid[]) u(id)"
        " where not exists (select from contact c where c.company_id = $1 and c.id = u.id) order by u.id",
        draft.company_id,
        draft.audience.ids,
    )
    return [row["id"] for row in rows]


def _of_money(cost: Estimate, limits: Sequence[Cap], reachable: int) -> list[Finding]:
    found = [Finding(PreflightRule.PRICE_UNKNOWN, PreflightEffect.TELLS, cost.unpriced)] if cost.unpriced else []
    return found + spend_findings(cost, limits, reachable)


def spend_findings(cost: Estimate, limits: Sequence[Cap], reachable: int) -> list[Finding]:
    """Of each limit that is too small: how many do not get it any more."""
    found = []
    for limit in limits:
        total = next((one.amount for one in cost.totals if one.currency == limit.currency), 0)
        room = max(0, limit.most - limit.reserved)
        if total > room:  # about so many do not get it any more
            found.append(
                Finding(PreflightRule.SPEND_CAP, PreflightEffect.STOPS, reachable - reachable * room // total, limit.scope.value)
            )
    return found


def _finish(draft: Draft, places: Sequence[_Place], at: datetime, tier: _Tier | None) -> tuple[datetime | None, str | None]:
    """When the last one got it, and what decided that. The speed of the number is shared by all; each place has its own open time."""
    reachable = sum(one.people for one in places if one.spans)
    if not reachable or not draft.throughput:
        return None, None
    plan = plan_of(draft.settings)
    speed = "segments" if draft.capabilities is not None and draft.capabilities.unit == "segment" else "number"
    sending = sum(max(one.units) for one in places) / draft.throughput
    whole = max(sending, plan.spread_minutes * 60.0)
    finish, binding = at + timedelta(seconds=whole), "spread" if whole > sending else speed
    for one in places:
        if one.spans and (ends := _after(one.spans, whole)) > finish:
            finish, binding = ends, "hours"
    if tier is not None and tier.late and at + tier.days * DAY > finish:
        finish, binding = at + tier.days * DAY + timedelta(seconds=sending), "tier"
    return finish, binding


def _after(spans: Sequence[Span], seconds: float) -> datetime:
    """When so much open time has passed; the end of what is looked at where that is longer."""
    left = timedelta(seconds=seconds)
    for start, end in spans:
        if end - start >= left:
            return start + left
        left -= end - start
    return spans[-1][1]
