"""What changed in a week and why it may have: the figures that changed by more than chance makes, the most surprising first, and what
happened meanwhile. From figures alone, so that the same figures always say the same."""

from datetime import date, timedelta
from math import sqrt
from typing import NamedTuple
from uuid import UUID

from db.analytics import campaigns, messages, rollup, talks
from db.analytics.enums import Cause, Counted, TalkFact
from db.analytics.period import Period, compared, period
from db.analytics.talks import Where
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.stats.metrics import Metric
from db.tenancy import Actor
from db.work import read

DAYS = 7
SURE = 2.5  # standard deviations of a count: what is nearer is taken for chance
_LEAST = 5  # of either week: fewer say nothing


class Change(NamedTuple):
    counted: Counted
    now: int
    before: int

    @property
    def surprise(self) -> float:
        return abs(self.now - self.before) / sqrt(self.now + self.before) if self.now + self.before else 0.0


class Why(NamedTuple):
    cause: Cause
    name: str
    people: int
    before: int = 0


class Summary(NamedTuple):
    """`changes`: at most two; `why`: of the first, as far as anything is known."""

    period: Period
    changes: list[Change]
    why: Why | None


async def summary(actor: Actor, last: date | None) -> Summary:
    """Of the seven days up to `last`, yesterday unless said, beside the seven before. Raises Forbidden, Invalid."""
    actor.require(Permission.BOARDS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        today = await period(r, actor.company_id, None, None)
        end = last or today.last - timedelta(days=1)
    return await of_days(actor, date.fromordinal(max(end.toordinal() - DAYS + 1, 1)), end)  # the calendar has a first day


async def of_days(actor: Actor, first: date, last: date) -> Summary:
    """The same of other days, beside as many before them. Raises Forbidden, Invalid."""
    actor.require(Permission.BOARDS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        halves = await compared(of, lambda one: rollup.kept(r, one, [Metric.BEGAN]))
        came = [sum(row["n"] for row in half) for half in halves]
    sent = await messages.messages(actor, of.first, of.last, None)
    talked = await talks.talks(actor, of.first, of.last, Where())
    started = await campaigns.campaigns(actor, of.first, of.last, None)
    pairs = {
        **{one: (getattr(sent.figures, one), getattr(sent.before, one)) for one in list(Counted)[:5]},
        **{
            one: (talked.figures.counts[TalkFact(one.value)], talked.before.counts[TalkFact(one.value)])
            for one in list(Counted)[5:9]
        },
        Counted.LEADS: (came[0], came[1]),
    }
    found = [Change(counted, *pair) for counted, pair in pairs.items() if max(pair) >= _LEAST]
    sure = sorted((one for one in found if one.surprise >= SURE), key=lambda one: -one.surprise)
    changes = _apart(sure)[:2]
    why = await _why(actor, changes[0], of, sent, started) if changes else None
    return Summary(of, changes, why)


_SAME = (
    {Counted.SENT, Counted.DELIVERED},
    {Counted.RECEIVED, Counted.OPENED, Counted.REPLIED},
    {Counted.CLOSED, Counted.CLOSED_ALONE},
)
"""What goes up and down together is said once."""


def _apart(changes: list[Change]) -> list[Change]:
    kept: list[Change] = []
    for one in changes:
        if not any({one.counted, other.counted} <= same for other in kept for same in _SAME):
            kept.append(one)
    return kept


async def _why(actor: Actor, change: Change, of: Period, sent: messages.Messages, started: campaigns.Campaigns) -> Why | None:
    """The largest thing that goes with it: for more failures their reason, for more of all else a campaign, else the channel where it is."""
    if change.counted is Counted.FAILED and change.now > change.before and sent.refusals:
        reason, n = sent.refusals[0]
        return Why(Cause.REASON, FailureReason(reason).value, n)
    largest = max(started.items, key=lambda one: one.figures.sent, default=None)
    if change.now > change.before and largest is not None and largest.figures.sent >= _LEAST:
        return Why(Cause.CAMPAIGN, largest.name, largest.figures.sent)
    if change.counted not in list(Counted)[:5]:
        return None
    return await _channel(actor, change, of, sent)


async def _channel(actor: Actor, change: Change, of: Period, sent: messages.Messages) -> Why | None:
    """The channel with at least half of the change."""
    earlier = await messages.messages(actor, of.before.first, of.before.last, None)
    name = change.counted.value
    then: dict[UUID, tuple[str, int]] = {one.id: (one.name, getattr(one.figures, name)) for one in earlier.channels}
    today: dict[UUID, tuple[str, int]] = {one.id: (one.name, getattr(one.figures, name)) for one in sent.channels}
    keys = set(then) | set(today)
    if len(keys) < 2:
        return None
    moved = {key: today.get(key, ("", 0))[1] - then.get(key, ("", 0))[1] for key in keys}
    key = max(moved, key=lambda one: (moved[one] * (change.now - change.before), str(one)))
    if abs(moved[key]) * 2 < abs(change.now - change.before):
        return None
    label = today.get(key, then.get(key, ("", 0)))[0]
    return Why(Cause.CHANNEL, label, today.get(key, ("", 0))[1], then.get(key, ("", 0))[1]) if label else None
