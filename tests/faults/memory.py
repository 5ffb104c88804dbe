"""Databases that lose their memory: restored from a backup, or replaced by a replica that was behind. What they forgot was sent
already, and is not sent again."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from db.backup import backup, restore, server_program
from db.campaigns import actions
from db.clock import now
from db.engine import close_pools, open_pools
from db.holds import actions as holds
from db.holds import queries
from db.holds.enums import HoldDecision
from tests import factories
from tests.faults.harness import Report, World
from tests.faults.installation import world


async def _restored(w: World, backed_up: str) -> None:
    """Everything stops, the backup is put in place of what there is, everything starts."""
    settings = w.base.settings
    for process in [*w.programs.workers, w.programs.api]:
        if process is not None and process.poll() is None:
            w.base.stop(process)
    await w.db.close()
    await close_pools()
    await restore(settings.database_owner_url, w.base.folder / backed_up, settings, replace=True)
    await open_pools(settings, size=4)
    w.db = await asyncpg.connect(settings.database_owner_url)
    w.start_api()
    w.start_worker()

    async def held() -> bool:
        return bool(await queries.open_holds(w.actor))

    await w.until(held, 120, "the hold")


async def _discard_all(w: World) -> int:
    """What a person does who believes the statuses; returns how many people they had settled."""
    settled = 0
    for hold in await queries.open_holds(w.actor):
        settled += sum(item["settled"] for item in hold.items)
        await holds.decide(w.actor, hold.id, [item["id"] for item in hold.items], HoldDecision.DISCARDED)
    return settled


async def restored_in_mid_campaign(recipients: int) -> Report:
    """A backup is made while a campaign runs; it runs to its end, the backup is restored; statuses still come."""
    slow = {"delivered_seconds": [4.0, 60.0], "read_seconds": [1.0, 6.0]}  # some come after the restore, however long it takes
    async with world(recipients, alone=True) as w:
        await w.behave(**slow)
        await w.rate(max(100, recipients / 15))
        began = time.monotonic()
        campaign_id = await w.launch()
        await w.reached(campaign_id, 0.3)
        await backup(w.base.settings.database_owner_url, w.base.folder / "backup.zip", w.base.settings)
        await w.reached(campaign_id, 1.0)
        await _restored(w, "backup.zip")
        before = sum((await w.ledger()).values())
        until = time.monotonic() + 60
        while time.monotonic() < until and not any(
            item["settled"] for hold in await queries.open_holds(w.actor) for item in hold.items
        ):
            await asyncio.sleep(0.5)
        queued = (await w.counts(campaign_id)).get("queued", 0)
        settled = await _discard_all(w)
        await w.finished(campaign_id, 120)
        assert sum((await w.ledger()).values()) == before, "something was sent after the restore"
        assert settled, "no status settled anybody"
        notes = f"{settled} settled, {queued} held"
        return await w.prove("restored in mid-campaign", campaign_id, began, recipients=recipients, notes=notes, forgot=True)


async def planned_before_restore(recipients: int) -> Report:
    """A backup holds a planned campaign; it runs, the backup is restored, and the time of the plan has passed."""
    async with world(recipients, alone=True) as w:
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
    campaign_id = await factories.campaign(w.db, w.actor, w.channel_id, w.template_id, body=body)
    await actions.launch(w.actor, campaign_id, now() + timedelta(seconds=4))
    return campaign_id


class Replica:
    """A standby of a world's Postgres that takes its place under the same address."""

    def __init__(self, w: World) -> None:
        self._w = w
        server = w.base.postgres._server
        self._user = server.system_user
        self._primary = w.base.postgres.socket_folder
        self._folder = w.base.folder / "replica"
        self._folder.mkdir()
        if self._user:
            shutil.chown(self._folder, self._user)
        self._data, self._socket = self._folder / "pg", self._folder
        self._run("pg_basebackup", "-D", self._data, "-h", self._primary, "-U", "postgres", "-R", "-X", "stream", "-c", "fast")
        self._start(self._socket)

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [str(server_program(program)), *map(str, arguments)], user=self._user, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr

    def _start(self, socket: Path | str) -> None:
        subprocess.run(  # its children keep the pipes: none may be ours
            [server_program("pg_ctl"), "-D", self._data, "-l", self._folder / "log", "-w", "-o", f"-k {socket} -h ''", "start"],
            user=self._user, check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    async def lose_touch(self) -> None:
        """From now on nothing more arrives."""
        connection = await asyncpg.connect(f"postgresql://postgres@/masteria?host={self._socket}")
        await connection.execute("alter system set primary_conninfo = ''")
        await connection.execute("select pg_reload_conf()")
        while await connection.fetchval("select count(*) from pg_stat_wal_receiver"):
            await asyncio.sleep(0.05)
        await connection.close()

    def take_over(self) -> None:
        """The primary dies; this one answers at its address and is promoted."""
        postgres = self._w.base.postgres
        os.kill(postgres.pid, signal.SIGQUIT)
        while postgres.running():
            time.sleep(0.05)
        postgres._server._postmaster_info = None  # nothing is left to stop there
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "fast", "stop")
        self._start(self._primary)
        self._run("pg_ctl", "-D", self._data, "-w", "promote")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")


async def _failover(name: str, recipients: int, *, synchronous: bool) -> Report:
    """A replica takes over in mid-campaign and one of two workers dies with the primary."""
    async with world(recipients, workers=2, alone=True) as w:
        await w.rate(max(100, recipients / 15))
        replica = await asyncio.to_thread(Replica, w)
        try:
            if synchronous:
                await w.db.execute("alter system set synchronous_standby_names = '*'")
                await w.db.execute("select pg_reload_conf()")
            began = time.monotonic()
            campaign_id = await w.launch()
            await w.reached(campaign_id, 0.3)
            if not synchronous:
                await replica.lose_touch()
                await asyncio.sleep(2)
            w.kill(w.programs.workers[0])
            await asyncio.to_thread(replica.take_over)
            w.db = await asyncpg.connect(w.base.settings.database_owner_url)
            await w.finished(campaign_id, 120 + recipients / 100)
            lost = await w.db.fetchval("select count(*) from attempt where detail = 'sent before this database lost its memory'")
            assert await w.db.fetchval("select generation from installation") == 2, "nobody noticed"
            assert (lost == 0) is synchronous, f"{lost} claims were lost"
            counts, accepted = await w.counts(campaign_id), await w.ledger()
            doubled = sum(times > 1 for times in accepted.values())
            assert doubled == 0, f"{doubled} people got it twice"
            missing = sum(counts.values()) - len(accepted)
            assert missing <= counts.get("failed_unknown", 0), f"{missing} were not sent, and nobody knows"
            return Report(
                name, time.monotonic() - began, counts, sum(accepted.values()), doubled, missing, notes=f"{lost} claims lost"
            )
        finally:
            await asyncio.to_thread(replica.stop)


async def failover_behind(recipients: int) -> Report:
    """The replica is two seconds behind: what was sent meanwhile is queued in it."""
    return await _failover("failover, 2 s behind", recipients, synchronous=False)


async def failover_synchronous(recipients: int) -> Report:
    """With synchronous replication nothing is lost."""
    return await _failover("failover, synchronous", recipients, synchronous=True)
