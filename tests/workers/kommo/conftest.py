"""A company that is connected to Kommo as the sandbox plays it, over true HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from db.event_consumers import take
from db.jobs import CheckKommo, SyncKommo
from db.kommo import connection, hooks
from db.kommo.connection import CONSUMER, Connection, Mapped, Wanted
from db.kommo.enums import KommoWay
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import work
from workers.kommo.job import Jobs, read_events
from workers.runtime import Snooze
from workers.sandbox.app import World
from workers.sandbox.config import Settings as SandboxSettings

NEW, OFFER, WON, LOST = (701, 7011), (701, 7012), (701, 142), (701, 143)


class There:
    """The account in Kommo, and what people do in it."""

    def __init__(self, actor: Actor, base: str) -> None:
        self.account = f"kommo-{actor.company_id.hex}"
        self.http = httpx.AsyncClient(base_url=base, timeout=30, trust_env=False)

    async def _ask(self, method: str, verb: str, body: Any = None) -> dict[str, Any]:
        answer = await self.http.request(method, f"/sandbox/accounts/{self.account}/{verb}", json=body)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def books(self) -> dict[str, Any]:
        return await self._ask("GET", "books")

    async def behave(self, **changes: Any) -> None:
        await self._ask("PUT", "behaviour", changes)

    async def contact(self, **fields: Any) -> dict[str, Any]:
        return await self._ask("POST", "contact", fields)

    async def move(self, kommo_id: int, place: tuple[int, int]) -> None:
        await self._ask("POST", "lead", {"id": kommo_id, "pipeline_id": place[0], "status_id": place[1]})

    async def change(self, **fields: Any) -> None:
        answer = await self.http.put(f"/sandbox/accounts/{self.account}", json=fields)
        assert answer.status_code == 200, answer.text


class Here:
    """The company: its jobs run when a test says so."""

    def __init__(self, actor: Actor, jobs: Jobs, db: asyncpg.Connection) -> None:
        self.actor, self.jobs, self.db = actor, jobs, db

    async def check(self) -> Connection:
        await self.jobs.check(self.actor.company_id, CheckKommo())
        return await self.now()

    async def now(self) -> Connection:
        found = await connection.connection(self.actor)
        assert found is not None
        return found

    async def sync(self) -> None:
        """Rules read what happened, then everything that is due is done."""
        async with work(worker(self.actor.company_id), Permission.EVENTS_READ) as w:
            await read_events(w, "", await take(w, CONSUMER))
        await self.due()

    async def due(self) -> None:
        await self.jobs.sync(self.actor.company_id, SyncKommo())

    async def snoozed(self) -> bool:
        """Whether the job puts itself off."""
        try:
            await self.due()
        except Snooze:
            return True
        return False

    async def later(self) -> None:
        """Time passes: what waits is due, and Kommo had its rest."""
        await self.db.execute(
            "update kommo_task set next_at = now() where company_id = $1 and state in ('waiting', 'sending', 'unknown')",
            self.actor.company_id,
        )
        await self.db.execute("update kommo_connection set rest_until = null where company_id = $1", self.actor.company_id)

    async def rules(self, stages: dict[UUID, tuple[int, int]] | None = None, **rules: bool) -> Connection:
        mapped = None if stages is None else [Mapped(stage, *place) for stage, place in stages.items()]
        return await connection.change(self.actor, rules, mapped)

    async def told(self, body: bytes) -> bool:
        """Kommo calls."""
        return await hooks.receive(self.actor.company_id, body)

    async def tasks(self) -> list[tuple[str, str, str | None]]:
        rows = await self.db.fetch(
            "select kind, state, reason from kommo_task where company_id = $1 order by id", self.actor.company_id
        )
        return [(row["kind"], row["state"], row["reason"]) for row in rows]

    async def stages(self) -> list[UUID]:
        """Of a board, in their order: two open ones, one won and one lost."""
        board = await self.db.fetchval(
            "insert into board(company_id, name) values ($1, 'Kommo') returning id", self.actor.company_id
        )
        return [
            await self.db.fetchval(
                "insert into stage(company_id, board_id, name, rank, kind, color) values ($1, $2, $3, $4, $5, 'blue') returning id",
                self.actor.company_id,
                board,
                name,
                f"0.{place}",
                kind,
            )
            for place, (name, kind) in enumerate(
                (("Novo", "open"), ("Proposta", "open"), ("Ganho", "won"), ("Perdido", "lost")), 1
            )
        ]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(SandboxSettings(port=0, smtp_port=-1, data=tmp_path / "sandbox", speed=100))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def there(owner: Actor, world: World) -> AsyncIterator[There]:
    far = There(owner, world.settings.base_url)
    yield far
    await far.http.aclose()


@pytest.fixture
async def jobs(database: Settings, world: World) -> AsyncIterator[Jobs]:
    made = Jobs(msgspec.structs.replace(database, sandbox_url=world.settings.base_url))
    yield made
    await made.close()


@pytest.fixture
async def here(owner: Actor, jobs: Jobs, there: There, owner_db: asyncpg.Connection) -> Here:
    """Connected and checked; no rule is on."""
    await connection.save(owner, Wanted(way=KommoWay.SANDBOX), redirect_uri="https://panel.test/", sandbox=True)
    company = Here(owner, jobs, owner_db)
    await company.check()
    return company
