"""Files made to hurt who reads them, uploaded while others work."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from uuid import uuid4

from db import blobs
from db.contacts import imports
from db.jobs import SendMail
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests.bench.harness import company, peak_rss_mb
from tests.faults.harness import Report, World
from tests.faults.installation import world
from tests.workers.imports.bombs import one_cell, same_string, text, workbook

PATIENCE = 2.0  # seconds that another company's mail may wait; judged at full size, on a machine of its own


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def _bombs(folder: Path, size: int) -> list[Path]:
    """One that holds `size` strings and is only slow, one that is a cell of runs, one that is a single line."""
    source = random.Random(1)
    strings = "".join(f"<si><t>{source.getrandbits(64):x}</t></si>" for _ in range(size))
    return [
        workbook(folder / "strings.xlsx", same_string(10), lambda: ["<sst>", strings, "</sst>"]),
        workbook(folder / "cell.xlsx", one_cell(800_000, 4000)),
        text(folder / "line.csv", ("x" * 1_000_000, 40 if size > 1_000_000 else 20)),
    ]


async def _mail_waits(w: World, actor: Actor) -> float:
    """Seconds from enqueuing a mail until a worker takes it in hand."""
    began = time.monotonic()
    async with work(actor, Permission.TEAM_WRITE) as change:
        change.enqueue(SendMail(mail_id=uuid4()))

    async def taken() -> bool:
        left = await w.db.fetchval("select count(*) from job where company_id = $1 and tries = 0", actor.company_id)
        return bool(left == 0)

    await w.until(taken, 60, "a mail")
    await w.db.execute("delete from job where company_id = $1 and state <> 'running'", actor.company_id)
    return time.monotonic() - began


async def bombs_uploaded(recipients: int) -> Report:
    """One company uploads bombs; a campaign goes on, and a third company's mail waits no longer than without them."""
    count, size = (20, 2_000_000) if recipients >= 2000 else (3, 100_000)
    async with world(recipients) as w:
        before = blobs._store
        blobs.connect(w.base.settings)
        try:
            bombs = await asyncio.to_thread(_bombs, w.base.folder, size)
            await w.behave()
            await w.rate(max(100, recipients / 15))
            began = time.monotonic()
            w.campaign_id = await w.launch()
            attacker, other = await company(w.db), await company(w.db)
            for bomb in islice(cycle(bombs), count):
                await imports.upload(attacker, bomb.name, _pieces(bomb))
            waits = [await _mail_waits(w, other)]
            while await w.db.fetchval("select count(*) from contact_import where state = 'uploaded' and sheet = '{}'"):
                waits.append(await _mail_waits(w, other))
                assert time.monotonic() - began < 400, "the bombs do not end"
            took = time.monotonic() - began
            ends = await w.db.fetch("select error, count(*) as n from contact_import group by 1 order by 1")
            peak = max(peak_rss_mb(process.pid) for process in w.programs.workers)
            await w.finished(w.campaign_id, 120 + recipients / 100 * 4)
        finally:
            with suppress(Exception):
                await blobs.close()
            blobs._store = before
        assert len(waits) > 1, "another company's mail waited for the bombs"
        assert recipients < 2000 or max(waits) < PATIENCE, f"another company's mail waited {max(waits):.1f} s"
        assert {row["error"] for row in ends} == {None, "cell_too_long", "row_too_long"}, ends
        notes = f"{count} bombs in {took:.0f} s, {len(waits)} mails waited {max(waits):.2f} s at most, worker's peak {peak} MB"
        return await w.prove("bombs uploaded", w.campaign_id, began, recipients=recipients, notes=notes)
