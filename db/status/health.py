"""How the installation and a company's part of it are, for its owners: each thing that is looked at with a level and its figure. Ages are of
the whole installation, because all companies wait for the same workers; counts are the company's own."""

import sys
import time
from datetime import datetime, timedelta
from typing import NamedTuple

from db import backlog, valkey
from db.clock import now
from db.errors import AppError
from db.permissions import Permission
from db.status.enums import StatusCheck, StatusLevel
from db.tenancy import Actor
from db.work import read

ALIVE = timedelta(seconds=60)
"""A worker beats once a second; without a beat for so long there is none."""
SLOW, LATE = 60.0, 900.0
"""Seconds that work may wait before it is slow, and late."""
BACKUP_WITHIN = timedelta(hours=36)
FIGURES_WITHIN = timedelta(hours=48)

C, L = StatusCheck, StatusLevel

_SEEN = """
select i.beat_at, i.backed_up_at, c.created_at,
    (select count(*) from job where company_id = $1 and state = 'dead')::int as dead,
    (select count(*) from webhook_inbox where company_id = $1 and tries >= 5)::int as given_up,
    (select count(*) from channel where company_id = $1 and not sandbox and archived_at is null and state in ('error', 'paused'))::int as standing,
    (select count(*) from channel where company_id = $1 and not sandbox and archived_at is null and state = 'error')::int as broken,
    (select count(*) from hold where company_id = $1 and ended_at is null)::int as holds,
    (select at from stat_check where company_id = $1 order by at desc limit 1) as checked_at,
    (select differences from stat_check where company_id = $1 order by at desc limit 1) as differences,
    current_setting('server_version') as postgres
from installation i cross join company c where c.id = $1
"""


class Check(NamedTuple):
    """`n`: how many; `seconds`: how long; `at`: when it last was."""

    check: StatusCheck
    level: StatusLevel
    n: int | None = None
    seconds: float | None = None
    at: datetime | None = None


class Status(NamedTuple):
    """`versions`: program → version."""

    checks: list[Check]
    versions: dict[str, str]


async def status(actor: Actor) -> Status:
    """Without Postgres nobody is known, so that it answers is known by then. Needs `company:write`."""
    started = time.perf_counter()
    async with read(actor, Permission.COMPANY_WRITE) as r:
        row = await r.fetchrow(_SEEN, actor.company_id)
    assert row is not None
    checks = [Check(C.DATABASE, L.OK, seconds=time.perf_counter() - started)]
    versions = {"Postgres": row["postgres"].split()[0], "Python": sys.version.split()[0]}
    started = time.perf_counter()
    try:
        told = await valkey.client().info("server")
        checks.append(Check(C.VALKEY, L.OK, seconds=time.perf_counter() - started))
        versions["Valkey"] = str(told.get("valkey_version") or told.get("redis_version") or "")
    except valkey.Down:
        checks.append(Check(C.VALKEY, L.BAD))
    alive = row["beat_at"] is not None and row["beat_at"] > now() - ALIVE
    checks.append(Check(C.WORKERS, L.OK if alive else L.BAD, at=row["beat_at"]))
    try:
        ages = await backlog.oldest()
        checks += [Check(C.JOBS_WAIT, _age(ages["job"]), seconds=ages["job"])]
        checks += [Check(C.WEBHOOKS_WAIT, _age(ages["webhook"]), seconds=ages["webhook"])]
    except AppError:
        checks[0] = Check(C.DATABASE, L.BAD)
    checks += [
        Check(C.JOBS_GIVEN_UP, L.WARN if row["dead"] else L.OK, row["dead"]),
        Check(C.WEBHOOKS_GIVEN_UP, L.WARN if row["given_up"] else L.OK, row["given_up"]),
        Check(C.CHANNELS, L.BAD if row["broken"] else L.WARN if row["standing"] else L.OK, row["standing"]),
        Check(C.HELD, L.BAD if row["holds"] else L.OK, row["holds"]),
        Check(C.BACKUP, _recent(row["backed_up_at"], row["created_at"], BACKUP_WITHIN), at=row["backed_up_at"]),
        Check(
            C.FIGURES,
            _figures(row["checked_at"], row["differences"], row["created_at"]),
            row["differences"],
            at=row["checked_at"],
        ),
    ]
    return Status(checks, versions)


def _age(seconds: float) -> StatusLevel:
    return L.BAD if seconds >= LATE else L.WARN if seconds >= SLOW else L.OK


def _recent(last: datetime | None, since: datetime, within: timedelta) -> StatusLevel:
    """Whoever began within that time owes none yet."""
    return L.OK if max(last or since, since) > now() - within else L.BAD if last is None else L.WARN


def _figures(at: datetime | None, differences: int | None, since: datetime) -> StatusLevel:
    return L.BAD if differences else L.OK if _recent(at, since, FIGURES_WITHIN) is L.OK else L.WARN
