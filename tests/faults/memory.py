"""Databases that lose their memory: restored from a backup, or replaced by a replica that was behind. What they forgot was sent
already, and is not sent again."""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import asyncpg

from db.backup import backup, restore
from db.campaigns import actions
from db.clock import now
from db.engine import DB
from db.enums import HoldDecision
from db.holds import actions as holds
from db.holds import queries
from tests import scenes
from tests.faults.harness import Report, World, world


async def _restored(w: World, backed_up: str) -> None:
    """Everything stops, the backup is put in place of what there is, everything starts."""
    settings = w.base.settings
    for process in [*w.workers, w.api]:
        if process is not None and process.poll() is None:
            w.base.stop(process)
    await w.db.close()
    await DB.close()
    await restore(settings.database_owner_url, w.base.folder / backed_up, settings, replace=True)
    await DB.connect(settings.database_url, size=4)
    w.db = await asyncpg.connect(settings.database_owner_url)
    w.start_api()
    w.start_worker()

    async def held() -> bool:
        return bool(await queries.open_holds(w.actor))

    await w.until(held, 30, "the hold")


async def _discard_all(w: World) -> int:
    """What a person does who believes the statuses; returns how many people they had settled."""
    settled = 0
    for hold in await queries.open_holds(w.actor):
        settled += sum(item["settled"] for item in hold.items)
        await holds.decide(w.actor, hold.id, [item["id"] for item in hold.items], HoldDecision.DISCARDED)
    return settled


async def restored_in_mid_campaign(recipients: int) -> Report:
    """A backup is made while a campaign runs; it runs to its end, the backup is restored; statuses still come."""
    slow = {"delivered_seconds": [4.0, 12.0], "read_seconds": [1.0, 6.0]}
    async with world(recipients) as w:
        await w.behave(**slow)
        await w.rate(max(100, recipients / 15))
        began = time.monotonic()
        campaign_id = await w.launch()
        await w.reached(campaign_id, 0.3)
        await backup(w.base.settings.database_owner_url, w.base.folder / "backup.zip", w.base.settings)
        await w.reached(campaign_id, 1.0)
        await _restored(w, "backup.zip")
        before = sum((await w.ledger()).values())
        await asyncio.sleep(8)
        queued = (await w.counts(campaign_id)).get("queued", 0)
        settled = await _discard_all(w)
        await w.finished(campaign_id, 120)
        assert sum((await w.ledger()).values()) == before, "something was sent after the restore"
        assert settled, "no status settled anybody"
        return await w.prove(
            "restored in mid-campaign", campaign_id, began, recipients=recipients, notes=f"{settled} settled, {queued} held"
        )


async def planned_before_restore(recipients: int) -> Report:
    """A backup holds a planned campaign; it runs, the backup is restored, and the time of the plan has passed."""
    async with world(recipients) as w:
        await w.rate(max(200, recipients / 10))
        began = time.monotonic()
        campaign_id = await _plan(w)
        await backup(w.base.settings.database_owner_url, w.base.folder / "backup.zip", w.base.settings)
        await w.finished(campaign_id, 120 + recipients / 100)
        await _restored(w, "backup.zip")
        await asyncio.sleep(5)
        state = await w.db.fetchval("select state from campaign where id = $1", campaign_id)
        await _discard_all(w)
        await w.finished(campaign_id, 60)
        accepted = await w.ledger()
        doubled = sum(times > 1 for times in accepted.values())
        assert state == "held"
        assert doubled == 0
        return Report(
            "planned before the restore",
            time.monotonic() - began,
            await w.counts(campaign_id),
            sum(accepted.values()),
            doubled,
            0,
        )


async def _plan(w: World) -> UUID:
    body = None if w.template_id else "Oi {{first_name|cliente}}, tem novidade!"
    campaign_id = await scenes.campaign(w.db, w.actor, w.channel_id, w.template_id, body=body)
    await actions.launch(w.actor, campaign_id, now() + timedelta(seconds=4))
    return campaign_id
