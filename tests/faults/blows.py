"""What breaks in the middle of the work, whatever is being sent: a campaign, or the letter of a cadence's step. Each returns what there is to tell.
How long nothing could go out because of it is added to `World.away`."""

import asyncio
import time

import asyncpg

from tests.faults.harness import World

BAD_WEATHER: dict[str, object] = {
    "error_429_share": 0.03,
    "error_5xx_share": 0.03,
    "drop_after_accept_share": 0.03,
    "hang_share": 0.02,
    "hang_seconds": 6.0,
    "reset_before_share": 0.02,
    "duplicate_webhook_share": 0.1,
    "disorder_share": 0.2,
}


async def lose_valkey(w: World) -> str:
    """Valkey is killed and comes back empty."""
    await w.reached(w.campaign_id, 0.3)
    with w.nothing_goes():
        w.base.lose_valkey()
        await asyncio.sleep(2)
        await asyncio.to_thread(w.base.return_valkey)
    return f"sending again after {await w.sends_again(60):.1f} s"


async def crash_postgres(w: World) -> str:
    """Postgres crashes (-m immediate) in the middle and is started again; no program of ours is restarted."""
    await w.reached(w.campaign_id, 0.4)
    with w.nothing_goes():
        await asyncio.to_thread(w.base.crash_postgres)
        w.db = await asyncpg.connect(w.base.settings.database_owner_url)
    dead = [process.pid for process in w.programs.workers if process.poll() is not None]
    assert not dead, "a worker died with Postgres"
    return "crashed once"


async def end_provider(w: World, lasts: float) -> str:
    """The provider goes down three times: it answers 503, it is silent, it cannot be connected to. Each time the channel pauses by
    itself and goes on by itself."""
    notes = []
    for number, kind in enumerate(("errors", "silence", "refused")):
        await w.reached(w.campaign_id, 0.1 + 0.3 * number)
        with w.nothing_goes():
            began = time.monotonic()
            if kind == "refused":
                await asyncio.to_thread(w.stop_sandbox)
            else:
                await w.behave(outage=kind)
            await w.until(w.channel_is("paused"), 60, f"the pause ({kind})")
            paused = time.monotonic() - began
            await asyncio.sleep(max(0.0, lasts - paused))
            if kind == "refused":
                w.start_sandbox()
            else:
                await w.behave()
            ended = time.monotonic()
            await w.until(w.channel_is("connected"), 60, f"the end of the pause ({kind})")
            healed = time.monotonic() - ended
        unknown = (await w.counts(w.campaign_id)).get("unknown", 0)
        notes.append(f"{kind}: paused after {paused:.1f} s, on {healed:.1f} s after it was well, {unknown} unknown")
    return "; ".join(notes)
