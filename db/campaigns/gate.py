"""What stands between a claimed message of a campaign and its sending: hours and money. Asked in the transaction of the claim, before anything
goes out, so that a rule holds whatever was true at the launch."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.campaigns.plan import Plan, plan_of
from db.campaigns.rules import Rules, load
from db.clock import now
from db.contacts.places import place, start
from db.costs import caps
from db.costs.caps import Admitted, Wanted
from db.costs.enums import CapScope, RateCategory
from db.messages import queueing
from db.messages.enums import WaitRule
from db.messages.ledger import Claimed
from db.messages.reasons import FailureReason
from db.messages.render import TemplateContent, decode
from db.providers import registry
from db.work import Work

PORTION = 5_000
"""So many others of a place that is closed are moved with one claim."""
NOT_SOON = 86_400.0
_CAMPAIGN = """
select coalesce(k.fallback_of, k.id) as subject_id, k.settings::text as settings, k.content->>'category' as category, c.kind, c.sandbox,
    exists (select from send_hours h where h.company_id = $1) as has_hours,
    exists (select from spend_cap s where s.company_id = $1 and s.subject_id in (k.id, k.fallback_of, $3)) as has_caps,
    exists (select from warm_up u where u.company_id = $1 and u.channel_id = k.channel_id) as warms
from campaign k join channel c on c.company_id = $1 and c.id = k.channel_id where k.company_id = $1 and k.id = $2
"""


async def at_once(w: Work, campaign_id: UUID) -> int | None:
    """How many calls of a campaign may go on at the same time; None: as many as the provider has places."""
    settings = await w.fetchval(
        "select settings::text from campaign where company_id = $1 and id = $2", w.company_id, campaign_id
    )
    return plan_of(msgspec.json.decode(settings or "{}")).calls.at_once


class Closed(NamedTuple):
    """Somebody who may not be written to now: seconds to wait, which rule holds them, and what of it."""

    wait: float
    rule: str
    by: WaitRule = WaitRule.QUIET_HOURS


class Asked(NamedTuple):
    """A campaign whose slice is claimed. `subject_id`: whose limit it counts for; what goes in place of another's messages counts for that one."""

    subject_id: UUID
    kind: str
    category: str
    simulated: bool
    rules: Rules | None
    has_caps: bool
    warms: bool  # the number is young
    recent_days: int = 0  # whom another campaign wrote to within so many days gets nothing


class Stop(NamedTuple):
    """The limit of costs that stops a campaign: it is reached, or (`unpriced`) no price in its currency is known for anybody."""

    scope: CapScope
    unpriced: bool = False

    @property
    def reason(self) -> FailureReason:
        return FailureReason.PRICE_UNKNOWN if self.unpriced else FailureReason.SPEND_CAP


async def ask(w: Work, campaign_id: UUID) -> Asked | None:
    """None: nothing stands in the way of anybody."""
    row = await w.fetchrow(_CAMPAIGN, w.company_id, campaign_id, caps.MONTH)
    if row is None:
        return None
    plan: Plan = plan_of(msgspec.json.decode(row["settings"]))
    rings = registry.provider(row["kind"]).capabilities.calls and not row["sandbox"]
    if (
        plan.hours is None
        and not rings
        and not row["has_hours"]
        and not row["has_caps"]
        and not row["warms"]
        and not plan.skip_recent_days
    ):
        return None
    category = caps.category_of(row["kind"], row["category"])
    ruled = plan.hours is not None or rings or row["has_hours"]
    rules = await load(w, w.company_id, plan, row["category"] or "marketing", calls=rings) if ruled else None
    return Asked(
        row["subject_id"], row["kind"], category, row["sandbox"], rules, row["has_caps"], row["warms"], plan.skip_recent_days
    )


async def closed(
    w: Work, asked: Asked, queue_id: UUID, messages: Sequence[Claimed], at: datetime | None = None
) -> dict[UUID, Closed]:
    """Who of these may not be written to now. Others of the same places that wait in the queue are moved to when they may."""
    if asked.rules is None or not asked.rules.any:
        return {}
    moment = at or now()
    starts: dict[str, Closed | None] = {}
    found: dict[UUID, Closed] = {}
    for message in messages:
        key = start(message.address)
        if key not in starts:
            starts[key] = _closed(asked.rules, message.address, moment)
        held = starts[key]
        if held is not None:
            found[message.message_id] = held
    waits = {key: held.wait for key, held in starts.items() if held is not None}
    if waits:
        await queueing.put_off(w, queue_id, waits, PORTION)
    return found


def _closed(rules: Rules, address: str, at: datetime) -> Closed | None:
    there = place(address)
    opens = rules.opens(there, at)
    if opens == at:
        return None
    wait = (opens - at).total_seconds() if opens is not None else NOT_SOON
    held = rules.holds(there, at)
    return Closed(wait, held.name, held.by) if held is not None else Closed(wait, "")


async def afford(w: Work, asked: Asked, messages: Sequence[Claimed]) -> Admitted:
    """Reserves what these cost; who does not fit under a limit does not go."""
    wanted = [Wanted(message.message_id, message.address, message.units, asked.category) for message in messages]
    return await caps.admit(w, asked.subject_id, asked.kind, wanted, simulated=asked.simulated)


async def afford_single(w: Work, kind: str, messages: Sequence[Claimed]) -> Admitted:
    """The same for what belongs to no campaign, under the limit of the company's month."""
    wanted = [
        Wanted(m.message_id, m.address, m.units, _category(kind, m.content), alone=True, by_hand=m.by_hand or m.purpose == "test")
        for m in messages
    ]
    return await caps.admit(w, None, kind, wanted, simulated=False)


def _category(kind: str, content: str | None) -> str:
    found = decode(content) if content is not None else None
    template = found.category if isinstance(found, TemplateContent) else RateCategory.SERVICE.value
    return caps.category_of(kind, template)


def stopped_by(scope: CapScope) -> str:
    """What the campaign says about its pause, for its page."""
    return f"limit:{scope.value}"
