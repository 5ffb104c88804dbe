"""How the installation is: each thing with the level that its figure has, and counts of the own company only."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from db.clock import now
from db.errors import Forbidden
from db.permissions import Role
from db.status import health
from db.status.enums import StatusCheck, StatusLevel
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import make_member

C, L = StatusCheck, StatusLevel


async def _levels(actor: Actor) -> dict[StatusCheck, StatusLevel]:
    return {one.check: one.level for one in (await health.status(actor)).checks}


async def _installation(db: asyncpg.Connection, **values: Any) -> None:
    for column, value in values.items():
        await db.execute(f"update installation set {column} = $1", value)


async def test_a_new_company_is_well(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    await _installation(owner_db, beat_at=now(), backed_up_at=None)
    await _trouble(owner_db, stranger)
    found = await health.status(owner)
    assert {one.check for one in found.checks} == set(C)
    assert {one.check for one in found.checks if one.level is not L.OK} <= {C.JOBS_WAIT, C.WEBHOOKS_WAIT}  # of all companies
    assert found.versions["Postgres"].startswith("18")
    assert found.versions["Valkey"]


async def _trouble(db: asyncpg.Connection, actor: Actor) -> None:
    channel = await factories.channel(db, actor, sandbox=False, state="error")
    await db.execute(
        "insert into job(company_id, name, queue, payload, state, max_tries) values ($1, 'CheckChannel', 'default', '{}', 'dead', 1)",
        actor.company_id,
    )
    await db.execute(
        "insert into webhook_inbox(company_id, channel_id, source, body, tries) values ($1, $2, 'meta', '', 5)",
        actor.company_id,
        channel,
    )
    await db.execute("insert into stat_check(company_id, took_ms, differences) values ($1, 1, 2)", actor.company_id)
    await db.execute("insert into hold(company_id, cause, since, generation) values ($1, 'restore', now(), 1)", actor.company_id)


async def test_what_is_wrong_is_said(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await _trouble(owner_db, owner)
    await owner_db.execute("update company set created_at = now() - interval '3 days' where id = $1", owner.company_id)
    await _installation(owner_db, beat_at=now() - timedelta(minutes=2), backed_up_at=None)
    levels = await _levels(owner)
    assert {check for check, level in levels.items() if level is L.BAD} >= {C.WORKERS, C.CHANNELS, C.HELD, C.BACKUP, C.FIGURES}
    assert levels[C.JOBS_GIVEN_UP] is levels[C.WEBHOOKS_GIVEN_UP] is L.WARN
    await _installation(owner_db, beat_at=now(), backed_up_at=now() - timedelta(hours=40))
    levels = await _levels(owner)
    assert (levels[C.WORKERS], levels[C.BACKUP]) == (L.OK, L.WARN)
    await _installation(owner_db, backed_up_at=now())
    assert (await _levels(owner))[C.BACKUP] is L.OK


@pytest.mark.parametrize(("waited", "level"), [(1, L.OK), (120, L.WARN), (2000, L.BAD)])
async def test_work_that_waits_is_slow_and_late(
    owner: Actor, monkeypatch: pytest.MonkeyPatch, waited: int, level: StatusLevel
) -> None:
    async def oldest() -> dict[str, float]:
        return {"job": float(waited), "webhook": 0.0}

    monkeypatch.setattr(health.backlog, "oldest", oldest)
    levels = await _levels(owner)
    assert (levels[C.JOBS_WAIT], levels[C.WEBHOOKS_WAIT]) == (level, L.OK)


async def test_valkey_away(owner: Actor, valkey_away: None) -> None:
    assert (await _levels(owner))[C.VALKEY] is L.BAD


async def test_it_is_the_owners_business(owner_db: asyncpg.Connection, owner: Actor) -> None:
    with pytest.raises(Forbidden):
        await health.status(await make_member(owner_db, owner, Role.AGENT))
