"""The circuit breaker of a channel: notices that its provider is down, and asks until it is up again.

A failure is an answer that does not come, or comes broken, or says that the provider itself is in trouble. Their share among the
last answers is one number, the level, in which each answer weighs 5 %: it is kept in Valkey for all workers and moved on locally
with each answer, so that a process stops at once. A rising level first narrows what goes on the wire, then opens the breaker:
the channel is paused in Postgres (db/channels/outages.py), and a probe closes it again. After that the level starts just below
the limit: one message at a time, and one failure opens it anew.

Answers do not come in the order of their requests: refusals overtake, time-outs come last and many at once. So an answer counts as
the share of failures in its slice, and only once all that left with it is answered, half of it failed, or the results are written
(every 0.5 s). Otherwise ten refusals that overtook, or ten time-outs in a row, would be an outage of a provider that works.

Simulated with 100,000 answers each, slices of 1 to 32 and failures that come at once, with the others or as time-outs of 12 s: with
10 % failures it opened after 14,000 answers at the earliest, in 8 of 15 cases never; with 50 % after 10 to 206, and with nothing
but failures after 10 to 16.
"""

import asyncio
import contextlib
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from db import valkey
from db.channels import log as channel_log
from db.channels import outages
from db.channels.secrets import ChannelRow
from db.clock import now
from db.crypto import SealBroken
from db.jobs import ProbeChannel
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.work import work
from workers.control import Refused
from workers.credentials import channel_of
from workers.outcomes import Outcome, RetryAfter, Unknown
from workers.providers import registry
from workers.providers.wire import Wire
from workers.registration import Handler, Loop

log = structlog.get_logger("workers.outage")

WEIGHT = 0.05  # of one answer in the level
OPEN_AT = 0.4
NARROW_FROM, NARROWEST_FROM = 0.15, 0.3
ON_TRIAL = OPEN_AT - WEIGHT / 5
"""The level after an outage: one failure opens the breaker again, some twenty good answers bring the full speed back."""
REMEMBERED = timedelta(minutes=10)  # how long an outage puts a channel on trial, and a level without answers lives
AWAY = (FailureReason.NETWORK, FailureReason.TEMPORARY, FailureReason.UNKNOWN_OUTCOME)
"""What a failed probe or message says of the provider itself. Any other refusal is an answer."""
PROBE_TIMEOUT = 5.0  # seconds

_TELL = """
local level = tonumber(redis.call('GET', KEYS[1]) or ARGV[1])
local answers, failures, keep = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if answers > 0 then
    local kept = keep ^ answers
    level = level * kept + failures / answers * (1 - kept)
    redis.call('SET', KEYS[1], tostring(level), 'PX', ARGV[5])
end
return tostring(level)
"""
_tell = valkey.Script(_TELL)


def is_failure(outcome: Outcome) -> bool:
    """Whether the outcome of a message speaks against its provider, rather than of the message."""
    return isinstance(outcome, Unknown) or (isinstance(outcome, RetryAfter) and outcome.reason in AWAY)


def level_after(level: float, answers: int, failures: float) -> float:
    """The level after some more answers, in whatever order they came."""
    kept = (1 - WEIGHT) ** answers
    return level * kept + failures / answers * (1 - kept) if answers else level


def narrowed(level: float, slots: int) -> int:
    """How many of `slots` may be used at a level: all of them normally, one where an outage is likely."""
    share = (NARROWEST_FROM - level) / (NARROWEST_FROM - NARROW_FROM)
    return max(1, round(slots * min(1.0, share)))


def _detail(outcome: Outcome) -> str:
    """What happened in our own words: a provider's text may hold what no column takes."""
    match outcome:
        case Unknown():
            return outcome.cause
        case RetryAfter(code=None):
            return outcome.message
        case RetryAfter():
            return f"code {outcome.code}"
        case _:
            return ""


class Tally:
    """The answers of one slice, of which `wire` messages go out at once."""

    def __init__(self, wire: int) -> None:
        self.complete = False  # no answer is waited for any more
        self._wire = wire
        self._answers = self._failures = self._held = 0

    def add(self, failed: bool) -> None:
        self._answers += 1
        self._failures += failed
        self._held += 1
        self.complete = self.complete or self._answers >= self._wire or 2 * self._failures >= self._wire

    def take(self) -> tuple[int, float]:
        """How many answers count now, and the share of failures (0 to 1) as which each of them does."""
        if not self.complete or not self._held:
            return 0, 0.0
        held, self._held = self._held, 0
        return held, self._failures / self._answers


class Breaker:
    """One channel between two outages, as this process sees it. Once open it stays so: after the outage there is a new one."""

    def __init__(self, channel_id: UUID, period: datetime | None) -> None:
        self.period = period
        self.level = ON_TRIAL if period is not None and period > now() - REMEMBERED else 0.0
        self.is_open = False
        self.detail = ""  # of the last failure
        self._initial = self.level
        self._key = f"failures:{channel_id}:{period.timestamp() if period else 0}"
        self._answers, self._failures = 0, 0.0  # not told to the others yet

    def record(self, outcome: Outcome, slice_: Tally) -> None:
        """Takes note of what became of one message of a slice."""
        failed = is_failure(outcome)
        if failed:
            self.detail = _detail(outcome)
        slice_.add(failed)
        self._count(slice_)

    def wait_no_longer(self, slice_: Tally) -> None:
        """The answers of a slice that are there count, and each later one as it comes."""
        slice_.complete = True
        self._count(slice_)

    def _count(self, slice_: Tally) -> None:
        answers, share = slice_.take()
        self._answers += answers
        self._failures += answers * share
        self._move(level_after(self.level, answers, answers * share))

    async def exchange(self) -> None:
        """Tells the other workers of the new answers and learns of theirs. Without Valkey this process judges alone."""
        answers, failures, self._answers, self._failures = self._answers, self._failures, 0, 0.0
        with contextlib.suppress(*valkey.Down):
            told = [self._initial, answers, failures, 1 - WEIGHT, int(REMEMBERED.total_seconds() * 1000)]
            level = float(await _tell.run([self._key], told))
            self._move(level_after(level, self._answers, self._failures))  # with those that came meanwhile

    def _move(self, level: float) -> None:
        self.level = level
        self.is_open = self.is_open or level >= OPEN_AT


class Breakers:
    """Those of one process, by channel."""

    def __init__(self) -> None:
        self._known: dict[UUID, Breaker] = {}

    def of(self, channel: ChannelRow) -> Breaker:
        """The breaker of the channel's present period; a new one after each outage."""
        known = self._known.get(channel.id)
        if known is None or known.period != channel.probe_at:
            known = self._known[channel.id] = Breaker(channel.id, channel.probe_at)
        return known


async def pause(channel: ChannelRow, breaker: Breaker) -> None:
    """The breaker is open: pauses the channel until a probe is answered. Harmless when repeated."""
    async with work(worker(channel.company_id), Permission.CHANNELS_WRITE) as w:
        begun = await outages.begin(w, channel.id, breaker.detail, period=breaker.period)
    if begun:
        log.warning("channel.outage", channel_id=str(channel.id), detail=breaker.detail)


class ProbeJobs:
    """The job of this module with what it needs."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    async def probe_channel(self, company_id: UUID, job: ProbeChannel) -> None:
        """Asks the provider something harmless, unlike a message whose answer may get lost.
        Any answer that is the provider's own ends the outage; what it complains of, the next message finds out."""
        actor = worker(company_id)
        try:
            known = await channel_of(company_id, job.channel_id)
        except SealBroken:  # the next message stops the channel for that
            async with work(actor, Permission.CHANNELS_WRITE) as w:
                await outages.over(w, job.channel_id)
            return
        channel, control = known.channel, registry.control(self._settings, self._wire, known)
        summary, request, question = registry.adapter(channel.kind).probe(control)
        answered = silent = False
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                await control.call("check", summary, request, question)
            answered = True
        except Refused as refused:
            answered = refused.reason not in AWAY
        except TimeoutError:
            silent = True
        async with work(actor, Permission.CHANNELS_WRITE) as w:
            await control.write_log(w)
            if silent:
                waited = int(PROBE_TIMEOUT * 1000)
                await channel_log.record(w, channel.id, "check", False, summary, duration_ms=waited, request=request)
            if not answered:
                await outages.goes_on(w, channel.id)
            elif await outages.over(w, channel.id):
                log.warning("channel.recovered", channel_id=str(channel.id))


JOBS = (Handler(ProbeChannel, lambda r: ProbeJobs(r.settings, r.wire).probe_channel),)
LOOPS = (Loop("outages", 1.0, outages.probe_due),)
