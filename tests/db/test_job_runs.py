"""The row of a job while it runs: one run holds it, and only that one writes its outcome."""

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from db import job_runs
from db.clock import now
from db.job_runs import Claimed
from db.jobs import JOBS, CheckChannel, RunImport
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work


@pytest.fixture
async def job_id(owner: Actor, owner_db: asyncpg.Connection) -> UUID:
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        w.enqueue(CheckChannel(channel_id=uuid4()))
    found: UUID = await owner_db.fetchval("select id from job where company_id = $1", owner.company_id)
    return found


async def claim(job_id: UUID) -> Claimed | None:
    return await job_runs.claim([CheckChannel], job_id=job_id, full=[], order=[])


async def test_the_lease_of_a_run_outlives_its_job_and_its_outcome_is_fenced(job_id: UUID, owner_db: asyncpg.Connection) -> None:
    first = await claim(job_id)
    assert first is not None
    lease = await owner_db.fetchval("select lease_until from job where id = $1", job_id) - now()
    assert timedelta(seconds=CheckChannel.timeout) < lease <= timedelta(seconds=CheckChannel.timeout + job_runs.LEASE_MARGIN)
    assert await claim(job_id) is None
    await owner_db.execute("update job set lease_until = now() - interval '1 second' where id = $1", job_id)
    second = await claim(job_id)
    assert second is not None
    await job_runs.done(job_id, first.tries)  # the run whose lease was taken over
    await job_runs.dead(job_id, first.tries, "late")
    await job_runs.again(job_id, first.tries, now(), "late", counts=True)
    assert await owner_db.fetchval("select state from job where id = $1", job_id) == "running"
    await job_runs.done(job_id, second.tries)
    assert await owner_db.fetchval("select true from job where id = $1", job_id) is None


@pytest.mark.parametrize(("counts", "tries"), [(True, 1), (False, 0)])
async def test_what_comes_again_is_a_try_or_none(job_id: UUID, owner_db: asyncpg.Connection, counts: bool, tries: int) -> None:
    claimed = await claim(job_id)
    assert claimed is not None
    await job_runs.again(job_id, claimed.tries, now(), "busy", counts=counts)
    row = await owner_db.fetchrow("select state, tries, lease_until, last_error from job where id = $1", job_id)
    assert tuple(row) == ("waiting", tries, None, "busy")


async def test_a_job_of_another_kind_is_not_taken(job_id: UUID) -> None:
    assert await job_runs.claim([], job_id=job_id, full=[], order=[]) is None


async def test_a_short_lease_is_prolonged_by_its_own_run_alone(job_id: UUID, owner_db: asyncpg.Connection) -> None:
    assert all(kind.lease < kind.timeout for kind in JOBS if kind.lease is not None)
    assert RunImport.lease is not None
    await owner_db.execute("update job set name = 'RunImport' where id = $1", job_id)
    claimed = await job_runs.claim([RunImport], job_id=job_id, full=[], order=[])
    assert claimed is not None
    left = "select lease_until - now() from job where id = $1"
    assert await owner_db.fetchval(left, job_id) <= timedelta(seconds=RunImport.lease + job_runs.LEASE_MARGIN)
    await owner_db.execute("update job set lease_until = now() + interval '1 second' where id = $1", job_id)
    assert await job_runs.prolong(job_id, claimed.tries, RunImport.lease)
    assert await owner_db.fetchval(left, job_id) > timedelta(seconds=RunImport.lease)
    assert not await job_runs.prolong(job_id, claimed.tries - 1, RunImport.lease)
