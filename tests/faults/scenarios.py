"""The disasters. Each runs a campaign, breaks something at the worst moment, and proves the promise afterwards."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

from db import valkey
from db.campaigns import actions
from tests.faults.blows import BAD_WEATHER, crash_postgres, end_provider, lose_valkey
from tests.faults.files import bombs_uploaded
from tests.faults.harness import LARGE, Report, World
from tests.faults.installation import world
from tests.faults.memory import failover_behind, failover_synchronous, planned_before_restore, restored_in_mid_campaign
from tests.faults.stops import worker_stopped

Scenario = Callable[[int], Awaitable[Report]]


async def _run(
    name: str,
    recipients: int,
    chaos: Callable[[World], Awaitable[str]],
    *,
    policy: str = "at_most_once",
    rate: float = 400,
    behaviour: dict[str, object] | None = None,
    **installation: Any,
) -> Report:
    """`installation`: as for `world`."""
    async with world(recipients, **installation) as w:
        await w.behave(**(behaviour or {}))
        await w.rate(rate)
        began = time.monotonic()
        campaign_id = await w.launch(policy)
        w.campaign_id = campaign_id
        notes = await chaos(w)
        await w.finished(campaign_id, 120 + installation.get("horizon", 0) + recipients / rate * 4)
        report = await w.prove(name, campaign_id, began, recipients=recipients, notes=notes)
        if not (behaviour or {}).get("webhook_lost_share"):
            assert "sent" not in report.states, f"statuses were lost: {report.states}"
        return report


async def _nothing(w: World) -> str:
    return ""


async def worker_killed(recipients: int) -> Report:
    """kill -9 ten times at random moments, each time a new worker takes over."""
    kills = 10 if recipients >= 2000 else 3

    async def chaos(w: World) -> str:
        for number in range(kills):
            await w.reached(w.campaign_id, (number + random.random()) / (kills + 1))
            w.kill(w.programs.workers[-1])
            w.start_worker()
        return f"{kills} kills"

    return await _run("worker killed (-9)", recipients, chaos, rate=max(100, recipients / 15))


async def worker_frozen(recipients: int) -> Report:
    """At least once: a worker freezes in the middle of a transaction (SIGSTOP) and wakes up after its lease. Its locks are gone
    long before, so the statuses of what it sent are written in time, and nobody is sent to again."""

    async def chaos(w: World) -> str:
        frozen = w.programs.workers[0]
        await w.reached(w.campaign_id, 0.3)
        while True:  # until it is caught with locks in its hands
            frozen.send_signal(signal.SIGSTOP)
            began = time.monotonic()
            await asyncio.sleep(0.3)
            if await w.db.fetchval(_STANDING_STILL):
                break
            frozen.send_signal(signal.SIGCONT)
            await asyncio.sleep(random.random() / 10)

        async def gone() -> bool:
            return not await w.db.fetchval(_STANDING_STILL)

        await w.until(gone, w.base.settings.send_lease / 2, "the end of a frozen worker's locks")
        held = time.monotonic() - began
        await asyncio.sleep(w.base.settings.send_lease + 1 - held)
        frozen.send_signal(signal.SIGCONT)
        return f"locks held {held:.1f} s"

    report = await _run(
        "worker frozen, at least once", recipients, chaos, policy="at_least_once", workers=2, rate=max(200, recipients / 20)
    )
    assert not report.doubled, f"{report.doubled} were sent to again"
    return report


_STANDING_STILL = """
select count(*) > 0 from pg_stat_activity
where application_name = 'masteria' and state like 'idle in transaction%' and state_change < now() - interval '0.25 seconds'
  and exists (select from pg_locks l where l.pid = pg_stat_activity.pid and l.locktype = 'transactionid')
"""


async def two_workers(recipients: int) -> Report:
    """Two processes share the lanes; one of them is killed half-way and does not come back."""

    async def chaos(w: World) -> str:
        await w.reached(w.campaign_id, 0.5)
        w.kill(w.programs.workers[0])
        return "one of two killed"

    return await _run("two workers", recipients, chaos, workers=2, rate=max(400, recipients / 10))


async def valkey_lost(recipients: int) -> Report:
    """Valkey is killed and comes back empty."""
    return await _run("Valkey lost", recipients, lose_valkey, rate=max(60, recipients / 15))


async def portfolio_day(recipients: int) -> Report:
    """Valkey is emptied, killed, or comes back with an older state, again and again while a portfolio's day fills up at full
    speed. The provider, who would take everybody, is never asked for more people than the day may have."""
    limit, losses = (1000, 8) if recipients >= 2000 else (250, 3)
    async with world(2 * limit, workers=2) as w:
        await w.behave()
        await w.rate(1000)
        await w.db.execute("update channel set messaging_limit = $2 where id = $1", w.channel_id, limit)
        began = time.monotonic()
        w.campaign_id = await w.launch()

        async def accepted(people: float) -> None:
            async def there() -> bool:
                return len(await w.ledger()) >= people

            await w.until(there, 90, f"{people:.0f} of {limit} people")

        for number in range(losses):
            await accepted(limit * (number + random.random()) / (losses + 1))
            way = number % 3
            if way == 0:
                await asyncio.to_thread(w.base.keep_valkey)
                await valkey.client().flushall()
                continue
            await asyncio.to_thread(w.base.lose_valkey, older=way == 1)
            await asyncio.to_thread(w.base.return_valkey)
        await accepted(limit)
        await valkey.client().flushall()
        await asyncio.sleep(3)
        await actions.cancel(w.actor, w.campaign_id)
        await w.finished(w.campaign_id, 60)
        report = await w.prove("portfolio's day", w.campaign_id, began, recipients=2 * limit, notes=f"{losses + 1} losses")
        assert report.accepted == limit, f"{report.accepted} people, {limit} allowed"
        return report


async def postgres_restarted(recipients: int) -> Report:
    """Postgres crashes (-m immediate) in the middle and is started again; no program of ours is restarted."""
    return await _run("Postgres crashed", recipients, crash_postgres, rate=max(100, recipients / 15))


async def api_down(recipients: int) -> Report:
    """The API is killed while statuses arrive and comes back later; the provider repeats what it could not deliver."""

    async def chaos(w: World) -> str:
        await w.reached(w.campaign_id, 0.3)
        assert w.programs.api is not None
        w.kill(w.programs.api)
        await asyncio.sleep(3)
        w.start_api()
        return "3 s without the API"

    return await _run("API down", recipients, chaos, rate=max(100, recipients / 15))


_STATES = "select h.state, c.finished_at is not null from channel h, campaign c where h.id = $1 and c.id = $2"


async def _bad_provider(name: str, recipients: int, policy: str) -> Report:
    async def chaos(w: World) -> str:
        async def finished() -> bool:
            state, ended = await w.db.fetchrow(_STATES, w.channel_id, w.campaign_id)
            # In small it runs beside everything else, and a busy machine's time-outs speak against the provider, too.
            assert state == "connected" or recipients < LARGE, "a provider that mostly answers was declared down"
            return bool(ended)

        await w.until(finished, 120 + recipients / 50, "the end")
        return ""

    return await _run(name, recipients, chaos, policy=policy, rate=max(200, recipients / 15), behaviour=BAD_WEATHER)


async def bad_provider(recipients: int) -> Report:
    """429, 5xx, answers that never come, connections closed after acceptance, doubled and disordered webhooks; at most once."""
    return await _bad_provider("bad provider, at most once", recipients, "at_most_once")


async def bad_provider_at_least_once(recipients: int) -> Report:
    """The same under at-least-once: nobody is lost, and who may have got it twice is marked."""
    return await _bad_provider("bad provider, at least once", recipients, "at_least_once")


async def _poisoned(recipients: int, policy: str) -> Report:
    behaviour: dict[str, object] = {"poisoned_share": 0.05}
    report = await _run(f"poisoned answers, {policy.replace('_', ' ')}", recipients, _nothing, policy=policy, behaviour=behaviour)
    refused = report.states.get("failed", 0)
    assert refused, "no answer was poisoned"
    assert report.accepted + refused == recipients, report
    assert set(report.states) <= {"delivered", "read", "failed"}, report
    assert not report.doubled, report
    return report


async def poisoned_answers(recipients: int) -> Report:
    """One answer in twenty holds a NUL, an id longer than an index takes or a code beyond 32 bits: its message ends as it says, and
    every other one arrives once; at most once."""
    return await _poisoned(recipients, "at_most_once")


async def poisoned_answers_at_least_once(recipients: int) -> Report:
    """The same under at-least-once: nobody is written to again for another one's answer."""
    return await _poisoned(recipients, "at_least_once")


async def silent_twilio(recipients: int) -> Report:
    """SMS: the same bad weather, and no status webhook ever arrives. What became of a message is known only by asking."""
    behaviour, horizon = {**BAD_WEATHER, "webhook_lost_share": 1.0}, 40 if recipients < 2000 else 60
    rate = max(200, recipients / 60)
    return await _run("silent Twilio", recipients, _nothing, behaviour=behaviour, rate=rate, kind="sms", horizon=horizon)


async def sms_worker_killed(recipients: int) -> Report:
    """SMS: kill -9 three times; the callbacks name the attempts."""

    async def chaos(w: World) -> str:
        for number in range(3):
            await w.reached(w.campaign_id, (number + random.random()) / 4)
            w.kill(w.programs.workers[-1])
            w.start_worker()
        return "3 kills"

    return await _run("SMS, worker killed", recipients, chaos, rate=max(100, recipients / 60), kind="sms")


async def provider_outage(recipients: int) -> Report:
    """The provider goes down three times in one campaign: it answers 503, it is silent, it cannot be connected to. Each time the
    channel pauses by itself and goes on by itself, and only what was on the wire has no result."""
    lasts = 60.0 if recipients >= LARGE else 2.5
    report = await _run("provider outage", recipients, lambda w: end_provider(w, lasts), rate=max(80, recipients / 15))
    assert report.states.get("failed_unknown", 0) <= 300, f"too many without a result: {report.states}"  # 3 × 64 slots and some
    assert "failed" not in report.states, f"an outage is nobody's failure: {report.states}"
    return report


async def postgres_swallowed(recipients: int) -> Report:
    """Packets to Postgres are dropped for a while: nothing is refused, nothing is answered. Nobody is restarted."""
    lasts, patience = (60, 1) if recipients >= 2000 else (8, 5)  # other tests run beside the small one

    async def chaos(w: World) -> str:
        await w.reached(w.campaign_id, 0.3)
        lines = w.log_lines()
        w.way.fall_silent()
        began = time.monotonic()

        async def noticed() -> bool:
            return not await w.ready()

        await w.until(noticed, 9 * patience, "/ready to notice")
        for most in (6, 4):  # the first may still wait for an answer
            status, took = await w.asked()
            assert (status, took < most * patience) == (503, True), f"{status} after {took:.1f} s"
        await asyncio.sleep(max(0.0, lasts - (time.monotonic() - began)))
        w.way.speak()
        took = await w.sends_again(20 * patience)
        await w.until(w.ready, 10 * patience, "/ready to be well")
        lines = w.few_lines(lines, began)
        return f"sending again {took:.1f} s after {lasts} s of silence, {lines} log lines"

    return await _run("Postgres swallowed", recipients, chaos, rate=max(30, recipients / 30), by_way=True)


async def valkey_frozen(recipients: int) -> Report:
    """Valkey stands still (SIGSTOP) and goes on later; the API answers meanwhile."""
    lasts = 60 if recipients >= 2000 else 6

    async def chaos(w: World) -> str:
        await w.reached(w.campaign_id, 0.3)
        lines, longest = w.log_lines(), 0.0
        pid = w.base.valkey._process.pid
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        try:
            until = began + lasts
            while time.monotonic() < until:
                status, took = await w.asked()
                assert status in (401, 429), status
                longest = max(longest, took)
                await asyncio.sleep(0.2)
        finally:
            os.kill(pid, signal.SIGCONT)
        took = await w.sends_again(20 if recipients >= 2000 else 100)
        lines = w.few_lines(lines, began)
        # It waits no longer than a look, whatever Valkey does.
        assert recipients < 2000 or longest < 0.75 * lasts, f"an answer took {longest:.1f} s"
        return f"longest answer {longest:.2f} s, sending again after {took:.1f} s, {lines} log lines"

    return await _run("Valkey frozen", recipients, chaos, rate=max(30, recipients / 30))


PROGRAMS: list[Scenario] = [
    worker_killed,
    worker_stopped,
    worker_frozen,
    two_workers,
    sms_worker_killed,
    api_down,
    postgres_restarted,
    bombs_uploaded,
]
SURROUNDINGS: list[Scenario] = [valkey_lost, valkey_frozen, portfolio_day, provider_outage]
WEATHER: list[Scenario] = [
    bad_provider,
    bad_provider_at_least_once,
    poisoned_answers,
    poisoned_answers_at_least_once,
    silent_twilio,
]
"""One company's provider behaves badly and nothing else is touched: they can run beside each other."""
ALONE: list[Scenario] = [
    restored_in_mid_campaign,
    planned_before_restore,
    failover_behind,
    failover_synchronous,
    postgres_swallowed,
]
"""They leave an installation that is not as before."""
ALL = [*PROGRAMS, *SURROUNDINGS, *WEATHER, *ALONE]
