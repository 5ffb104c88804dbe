"""A worker that is asked to stop (SIGTERM), as at every new version."""

import asyncio
import signal
import subprocess
import time

from tests.faults.harness import Report, World
from tests.faults.installation import world

STOPS = 3


async def worker_stopped(recipients: int) -> Report:
    """A worker ends in the middle of a campaign, three times, and another one takes over. What is on the wire is waited for, and what
    is not goes back: nobody's outcome is unknown."""
    rate = max(100, recipients / 15)

    async def ended(worker: "subprocess.Popen[bytes]") -> float:
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        await asyncio.to_thread(worker.wait, 20)
        return time.monotonic() - began

    async def chaos(w: World) -> str:
        longest = 0.0
        for number in range(STOPS):
            await w.reached(w.campaign_id, (number + 1) / (STOPS + 1))
            longest = max(longest, await ended(w.programs.workers[-1]))
            w.start_worker()
        return f"{STOPS} stops, the longest {longest:.1f} s"

    async with world(recipients) as w:
        await w.behave()
        await w.rate(rate)
        began = time.monotonic()
        w.campaign_id = await w.launch()
        notes = await chaos(w)
        await w.finished(w.campaign_id, 120 + recipients / rate * 4)
        report = await w.prove("worker stopped", w.campaign_id, began, recipients=recipients, notes=notes)
        assert report.accepted == recipients, f"{report.accepted} of {recipients} got it"
        assert not any("policy" in how for how in report.unknown), report.unknown
        return report
