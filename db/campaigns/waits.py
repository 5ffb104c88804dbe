"""What the waiting messages of a campaign wait for: which rule holds how many people until when. Told as it is now, so that a rule that was changed
a moment ago is not told as it was. Nothing here decides: workers ask the same rules at each claim."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from db.campaigns.enums import CampaignState
from db.campaigns.plan import plan_of
from db.campaigns.rules import Rules, load
from db.channels.enums import ChannelState
from db.clock import now
from db.contacts.places import GROUP, place
from db.messages.enums import WaitRule
from db.messages.reasons import FailureReason
from db.providers import registry
from db.work import Read

SOON = timedelta(seconds=30)
"""Who has a turn within it waits for nothing worth telling."""
MOST = 100_000
"""So many waiting messages are looked at: counting more takes longer than a page may."""
_LATER = f"""
select reason, start, min(address) as address, count(*)::int as people, min(next_at) as until from (
    select reason, {GROUP.format("address")} as start, address, next_at from message
    where company_id = $1 and queue_id = $2 and queued and next_at > $3 limit {MOST}) w group by 1, 2
"""
_DUE = f"""
select count(*)::int from (select from message where company_id = $1 and queue_id = $2 and queued and next_at <= $3 limit {MOST}) w
"""
_CAMPAIGN = """
select k.state, k.state_reason, k.state_detail, k.settings::text as settings, k.content->>'category' as category, c.kind, c.sandbox,
    c.state as channel_state, c.state_reason as channel_reason, c.paused_until
from campaign k join channel c on c.company_id = $1 and c.id = k.channel_id where k.company_id = $1 and k.id = $2
"""
_PACE = (FailureReason.PAIR_RATE.value, FailureReason.QUEUE_FULL.value, FailureReason.NEW_PEOPLE_LIMIT.value)
_OPEN = (CampaignState.RUNNING.value, CampaignState.PAUSED.value)
_MONEY = (FailureReason.SPEND_CAP.value, FailureReason.PRICE_UNKNOWN.value)
_LIMIT = "limit:"  # gate.stopped_by


class Wait(msgspec.Struct, frozen=True):
    """`name`: of the company's rule (`campaign`: the campaign's own hours), the limit of costs, where the law is from, or why the channel or a try
    failed. `until`: when the first of them goes on by itself."""

    rule: WaitRule
    name: str
    count: int
    until: datetime | None


class _Asked(NamedTuple):
    row: Any
    rules: Rules
    spreads: bool
    rings: bool
    at: datetime


async def waits(r: Read, campaign_id: UUID, tier_until: datetime | None, *, tier: bool = False) -> list[Wait]:
    """Most people first; empty where nothing holds anybody. `tier`: the number's daily limit of people is used up, until then."""
    assert r.actor is not None
    company_id = r.actor.company_id
    asked = await _ask(r, company_id, campaign_id)
    if asked is None:
        return []
    found: dict[tuple[WaitRule, str], Wait] = {}
    for row in await r.fetch(_LATER, company_id, campaign_id, asked.at + SOON):
        _add(found, _why(asked, row["reason"], row["address"], row["people"], row["until"]))
    standing = _standing(asked, tier_until, tier)
    if standing is not None and (due := await r.fetchval(_DUE, company_id, campaign_id, asked.at + SOON)):
        _add(found, msgspec.structs.replace(standing, count=due))
    return sorted(found.values(), key=lambda one: (-one.count, one.rule.value, one.name))


async def of_message(
    r: Read, company_id: UUID, campaign_id: UUID, reason: str | None, address: str, next_at: datetime
) -> Wait | None:
    """Of one message that is queued; None: nothing holds it."""
    asked = await _ask(r, company_id, campaign_id)
    if asked is None:
        return None
    return _standing(asked, None, False) if next_at <= asked.at + SOON else _why(asked, reason, address, 1, next_at)


async def _ask(r: Read, company_id: UUID, campaign_id: UUID) -> _Asked | None:
    row = await r.fetchrow(_CAMPAIGN, company_id, campaign_id)
    if row is None or row["state"] not in _OPEN:
        return None
    plan = plan_of(msgspec.json.decode(row["settings"]))
    rings = registry.provider(row["kind"]).capabilities.calls and not row["sandbox"]
    rules = await load(r, company_id, plan, row["category"] or "marketing", calls=rings)
    return _Asked(row, rules, plan.spread_minutes > 0, rings, now())


def _standing(asked: _Asked, tier_until: datetime | None, tier: bool) -> Wait | None:
    """What holds those whose turn it is."""
    row = asked.row
    if row["state"] == CampaignState.PAUSED.value:
        stopped = row["state_reason"] in _MONEY
        return Wait(WaitRule.SPEND_CAP, _scope(row["state_detail"]), 1, None) if stopped else None
    if row["channel_state"] != ChannelState.CONNECTED.value:
        return Wait(WaitRule.CHANNEL, row["channel_reason"] or "", 1, row["paused_until"])
    return Wait(WaitRule.TIER, "", 1, tier_until) if tier else None


def _scope(detail: str | None) -> str:
    return (detail or "").removeprefix(_LIMIT)


def _why(asked: _Asked, reason: str | None, address: str, people: int, until: datetime) -> Wait:
    """Of those at one place who have their turn later."""
    if reason == FailureReason.QUIET_HOURS.value or (reason is None and asked.spreads):
        there = place(address)
        holds = asked.rules.holds(there, asked.at)
        if holds is not None:
            opens = asked.rules.opens(there, asked.at)
            return Wait(holds.by, holds.name, people, until if opens is None else max(opens, asked.at))
        if asked.rings and reason is not None:  # it opened a moment ago
            return Wait(WaitRule.CALL_HOURS, asked.rules.law(there), people, until)
        return Wait(WaitRule.SPREAD if asked.spreads else WaitRule.QUIET_HOURS, "", people, until)
    if reason is None:
        return Wait(WaitRule.MOMENT, "", people, until)
    if reason == FailureReason.WARM_UP.value:
        return Wait(WaitRule.WARM_UP, "", people, until)
    if reason in _MONEY:
        return Wait(WaitRule.SPEND_CAP, _scope(asked.row["state_detail"]), people, None)
    return Wait(WaitRule.PACE if reason in _PACE else WaitRule.RETRY, reason, people, until)


def _add(found: dict[tuple[WaitRule, str], Wait], one: Wait) -> None:
    key = one.rule, one.name
    known = found.get(key)
    if known is not None:
        ends = [until for until in (known.until, one.until) if until is not None]
        one = msgspec.structs.replace(one, count=known.count + one.count, until=min(ends, default=None))
    found[key] = one
