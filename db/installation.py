"""Whether this database is the one that we know: not a backup, not a copy, not one that lost time (decision 13).

`look` is every worker's heartbeat: it compares what the database recorded with what the witnesses outside recorded, and acts. Until a
database is recognised nothing leaves: every statement that lets something leave asks SQL's `at_home` with what this process knows.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog

from db import witness
from db.holds.enums import HoldCause
from db.witness import JOURNAL_SECONDS, Seen, Slice
from db.work import system_work

log = structlog.get_logger("db.installation")

_MARGIN = timedelta(seconds=15)  # how much younger than the journal a loss must be to be trusted to it


class Undecided(Exception):
    """A witness that does not answer knows whether this database may send. Until then it may not."""


class Row(NamedTuple):
    """What the database recorded of itself, and the server that it is on now."""

    id: UUID
    generation: int
    place: str | None
    beat: int
    beat_at: datetime | None
    restored_from: datetime | None
    here: str
    started_at: datetime  # of the server


class Verdict(NamedTuple):
    """`hold`: what was to be sent is held. `recover`: a short loss, made good from the journal. Neither: all is well."""

    hold: HoldCause | None = None
    recover: bool = False


def judge(row: Row, seen: Seen | None, *, asked: bool) -> Verdict:
    """Compares what the database and the witnesses recorded. `asked`: every witness answered. Raises Undecided where one that did
    not could change the result."""
    if row.restored_from is not None:
        return Verdict(HoldCause.RESTORE)
    if row.place is None or row.beat_at is None:
        return Verdict()  # its first generation
    server, _, line = row.place.rpartition("/")
    server_here, _, line_here = row.here.rpartition("/")
    if server != server_here:
        return Verdict(HoldCause.COPY)
    if seen is not None and seen.generation > row.generation:
        return Verdict(HoldCause.ROLLBACK)
    lost = seen is not None and seen.generation == row.generation and seen.beat > row.beat
    if lost or line != line_here:
        if not asked:
            raise Undecided("Valkey does not answer, and only it knows what this database forgot.")
        told = seen is not None and seen.journal_from is not None and seen.journal_from <= row.beat
        if told and seen is not None and seen.at - row.beat_at < timedelta(seconds=JOURNAL_SECONDS) - _MARGIN:
            return Verdict(recover=True)
        return Verdict(HoldCause.ROLLBACK if line == line_here else HoldCause.FAILOVER)
    if seen is None and row.started_at > row.beat_at:
        # Nobody outside knows it, and its server was started after anybody here was alive: it may be a copy of the disk.
        if not asked:
            raise Undecided("Valkey does not answer, and nobody else knows this database.")
        return Verdict(HoldCause.COPY)
    return Verdict()


_known: Seen | None = None


def life() -> Seen | None:
    """The generation of the installation that this process works for, which ends with a restore, a copy or a failover that lost
    commits; None before the first look."""
    return _known


def fence() -> tuple[UUID, int, int]:
    """The arguments of SQL's `at_home`; before the first look they fit no installation."""
    return (_known.id, _known.generation, _known.beat) if _known is not None else (UUID(int=0), 0, 0)


_ROW = """
select id, generation, place, beat, beat_at, restored_from, place() as here, pg_postmaster_start_time() as started_at
from installation for update
"""
_BEAT = """
update installation set place = place(), beat = greatest(beat, $1) + 1, beat_at = now(), generation = $2, id = $3,
    restored_from = null
returning beat, beat_at
"""


Holder = Callable[[HoldCause, datetime, int], Coroutine[Any, Any, int]]
"""Holds everything of every company: (cause, since when, generation) → how many companies. Must be harmless when repeated."""
Recoverer = Callable[[list[Slice], list[tuple[UUID, UUID]], datetime, int], Coroutine[Any, Any, int]]
"""Tells the database what it forgot: (claims, jobs that were started, since when, generation) → how many claims. Must be harmless
when repeated."""


async def look(data_dir: Path, hold: Holder, recover: Recoverer) -> bool:
    """One heartbeat. True when another generation of the installation began since this process last looked. Raises Undecided and
    valkey.Down while that cannot be told; then nothing leaves."""
    global _known
    async with system_work() as s:
        found = await s.fetchrow(_ROW)  # locked: one process judges at a time
        assert found is not None
        row = Row(*found)
        told, asked = await witness.recall(row.id, data_dir)
        mine = [_known] if _known is not None and _known.id == row.id else []
        seen = witness.furthest([*([told] if told else []), *mine])
        verdict = judge(row, seen, asked=asked)
        beat, generation, new_id = row.beat, row.generation, row.id
        if verdict.hold or row.place is None:
            new_id = await s.fetchval("select gen_random_uuid()")
        if verdict.hold or verdict.recover:
            beat = max(row.beat, seen.beat if seen else 0)
            generation = max(row.generation, seen.generation if seen else 0) + 1
            assert row.restored_from is not None or row.beat_at is not None
            since: datetime = row.beat_at or row.restored_from  # type: ignore[assignment]
            await s.execute("set local idle_in_transaction_session_timeout = '5min'")  # ours only holds the row meanwhile
            if asked:  # from here on no earlier generation gets a claim into the journal: none is missed, none goes out
                await witness.bar(row.id, generation)
            if verdict.hold:
                companies = await _apart(hold(verdict.hold, since, generation))
                log.warning("installation.held", cause=verdict.hold.value, since=since.isoformat(), companies=companies)
            else:
                claims, jobs = await witness.journal(row.id), await witness.started_jobs(row.id)
                count = await _apart(recover(claims, jobs, since, generation))
                log.warning("installation.recovered", since=since.isoformat(), claims=count, place=row.here)
        now_at = await s.fetchrow(_BEAT, beat, generation, new_id)
        assert now_at is not None
    before, _known = _known, Seen(new_id, generation, now_at["beat"], now_at["beat_at"])
    if verdict.hold:  # recognises a disk of the generation that ended, should it be started again
        await witness.remember(msgspec.structs.replace(_known, id=row.id), data_dir)
    await witness.remember(_known, data_dir)
    return before is not None and (before.id, before.generation) != (new_id, generation)


async def _apart(work: Coroutine[Any, Any, int]) -> int:
    """In transactions of its own, while ours holds the row."""
    return await asyncio.create_task(work, context=contextvars.Context())


async def mark_restored(connection: Any, made_at: datetime) -> None:
    """For a restore: nothing leaves this database until a worker has held what its queues hold."""
    await connection.execute("update installation set place = null, restored_from = $1", made_at)


def forget() -> None:
    """For a process that opens another database (tests)."""
    global _known
    _known = None
