"""The short commands of `python -m db`: each attaches to the servers, does one thing, says what it did."""

import argparse
import asyncio
import code
import sys
from pathlib import Path
from typing import Any

import asyncpg

from db import crypto, queue, rotate, valkey
from db.accounts import second_factor
from db.backup import BackupError, backup, restore
from db.clock import now
from db.deployment import Refused, close_demo, for_real_people
from db.engine import DB, close_pools, open_pools
from db.holds import queries
from db.holds.actions import decide
from db.holds.enums import HoldDecision
from db.installation import mark_restored
from db.migrate import MigrationError, migrate
from db.seed.accounts import EMAIL, PASSWORD
from db.seed.company import DEMO, LARGE
from db.seed.demo import seed
from db.seed.large import seed_large
from db.settings import Settings
from db.stats import check, fold
from db.tenancy import worker
from db.up.lock import Running
from db.up.output import say
from db.up.servers import attached
from db.work import system_read, system_work


def run(args: argparse.Namespace, settings: Settings) -> int:
    """The exit code; expected failures are one sentence on stderr."""
    try:
        with attached(settings) as found:
            if args.command == "shell":
                return shell(found)
            say(asyncio.run(_COMMANDS[args.command](found, args)))
    except (Running, MigrationError, BackupError, rotate.RotationError, OSError, asyncpg.PostgresError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def owner(settings: Settings) -> str:
    return settings.database_owner_url or settings.database_url


async def _migrate(settings: Settings, args: argparse.Namespace) -> str:
    ran = await migrate(owner(settings))
    return f"Ran {', '.join(ran)}." if ran else "The schema is up to date."


async def _close_demo(settings: Settings, args: argparse.Namespace) -> str:
    found = await close_demo(owner(settings))
    return f"Closed: {', '.join(sorted(found))}." if found else "The published password lets nobody in."


async def _seed(settings: Settings, args: argparse.Namespace) -> str:
    if for_real_people(settings):
        raise Refused("PUBLIC_URL is https: the demo company has a password that everybody can read, so it is not made here.")
    await migrate(owner(settings))
    crypto.load_ring(settings.secret_keys, settings.data_dir)
    made, company, email = await seed(settings), DEMO.name, EMAIL
    if args.large:
        made, company, email = await seed_large(settings, args.large, say), LARGE.name, LARGE.team[0][0]
    return f"{company} {'is there.' if made else 'was there already.'} Sign in as {email} with {PASSWORD}"


async def _backup(settings: Settings, args: argparse.Namespace) -> str:
    path: Path = args.file or Path(f"masteria-{now():%Y%m%d-%H%M%S}.zip")
    summary = await backup(owner(settings), path, settings)
    return f"{path}: {summary}"


async def _restore(settings: Settings, args: argparse.Namespace) -> str:
    summary = await restore(owner(settings), args.file, settings, replace=args.replace)
    return f"Restored from {args.file}: {summary}"


async def _held(settings: Settings, args: argparse.Namespace) -> str:
    """Lists. `--release` continues everything of everybody: that nobody gets anything twice is the operator's word. `--hold` is for
    what nothing can notice, a machine that was copied or set back as a whole."""
    connection = await asyncpg.connect(owner(settings))
    try:
        if args.hold:
            await mark_restored(connection, now())
        place = await connection.fetchrow("select place, restored_from from installation")
        rows = await queries.everywhere(connection)
    finally:
        await connection.close()
    lines = [
        f"{row['company']}: {row['kind']} {row['name']} ({row['waiting']} in the queue; {row['cause']}, data of {row['since']:%Y-%m-%d %H:%M:%S} UTC)"
        for row in rows
    ]
    if place is not None and place["restored_from"] is not None:
        lines.append("Nothing is sent. The first worker that starts holds what waits, and lists it here.")
    if args.release and rows:
        valkey.connect(settings.valkey_url)
        await open_pools(settings, size=2)
        try:
            for company_id, hold_id in {(row["company_id"], row["hold_id"]): None for row in rows}:
                items = [row["id"] for row in rows if row["hold_id"] == hold_id]
                await decide(worker(company_id), hold_id, items, HoldDecision.CONTINUED)
        finally:
            await close_pools()
            await valkey.close()
        lines.append("All of it goes on.")
    return "\n".join(lines or ["Nothing is held."])


async def _stats(settings: Settings, args: argparse.Namespace) -> str:
    await open_pools(settings, size=2)
    try:
        async with system_read() as s:
            companies = await check.companies(s)
        lines = []
        for company_id in companies:
            wrong = []
            if not args.rebuild:
                async with system_read() as s:
                    wrong = await check.differences(s, company_id)
            lines += [f"{company_id} {w.day} {w.metric.name.lower()}: {w.kept} kept, {w.counted} counted" for w in wrong]
            if args.rebuild or (wrong and args.repair):
                async with system_work() as s:
                    await check.repair(s, company_id)
        if args.rebuild:
            while await fold.fold():
                pass
            return f"All figures of {len(companies)} companies were counted anew."
        if lines and args.repair:
            lines.append("Counted anew.")
        return "\n".join(lines or [f"All figures of {len(companies)} companies are right."])
    finally:
        await close_pools()


async def _rotate(settings: Settings, args: argparse.Namespace) -> str:
    ring = crypto.load_ring(settings.secret_keys, settings.data_dir)
    return (await rotate.rotate(owner(settings), ring)).sentence(ring.current)


async def _sweep(settings: Settings, args: argparse.Namespace) -> str:
    valkey.connect(settings.valkey_url)
    try:
        connection = await asyncpg.connect(owner(settings))
        try:
            rows = await connection.fetch(
                "select id, queue, next_at from job where state = 'waiting' and next_at <= now() order by next_at limit 1000"
            )
        finally:
            await connection.close()
        await queue.wake([queue.Wake(row["id"], row["queue"], row["next_at"]) for row in rows])
        return f"Woke {len(rows)} jobs."
    finally:
        await valkey.close()


async def _second_factor_off(settings: Settings, args: argparse.Namespace) -> str:
    valkey.connect(settings.valkey_url)
    await open_pools(settings, size=2)
    try:
        off = await second_factor.take_off(args.email)
    finally:
        await close_pools()
        await valkey.close()
    return f"{args.email} signs in by the password alone now." if off else f"{args.email} has no second step."


_COMMANDS: dict[str, Any] = {
    "migrate": _migrate,
    "seed": _seed,
    "close-demo": _close_demo,
    "second-factor-off": _second_factor_off,
    "backup": _backup,
    "restore": _restore,
    "held": _held,
    "stats": _stats,
    "rotate-keys": _rotate,
    "sweep": _sweep,
}


def shell(settings: Settings) -> int:
    """A prompt with `run(coroutine)` and the database connected; nobody else uses its event loop."""
    runner = asyncio.Runner()
    try:
        crypto.load_ring(settings.secret_keys, settings.data_dir)
        valkey.connect(settings.valkey_url)
        runner.run(open_pools(settings, size=5))
        banner = (
            "Master IA. run(coroutine) waits for a coroutine: \n"
            "  from db.work import system_read\n"
            "  async def names():\n"
            "      async with system_read() as s: return await s.fetch('select id, name from company')\n"
            "  run(names())"
        )
        code.interact(banner, local={"run": runner.run, "DB": DB, "settings": settings}, exitmsg="")
    finally:
        runner.run(close_pools())
        runner.run(valkey.close())
        runner.close()
    return 0
