"""Twins over true HTTP: fifty at once, at two processes in turn, make one thing."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest

from db.settings import Settings
from db.tenancy import Actor
from tests.api.conftest import Headers, bearer, fill_budgets
from tests.bench.ports import free_ports

TWINS = 50


@pytest.fixture
async def addresses(database: Settings) -> AsyncIterator[list[str]]:
    """Two processes of the API over the database of this test."""
    given = {name.upper(): str(value) for name, value in msgspec.structs.asdict(database).items() if value != ""}
    ports = free_ports(2)
    environment = {**os.environ, **given, "API_WORKERS": "1", "POOL_SIZE": "10", "LOG_LEVEL": "WARNING"}
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api", env={**environment, "API_PORT": str(port)},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )
        for port in ports
    ]  # fmt: skip
    found = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        async with httpx.AsyncClient() as client:
            for address in found:
                for _ in range(600):
                    with suppress(httpx.TransportError):
                        if (await client.get(f"{address}/health")).status_code == 200:
                            break
                    await asyncio.sleep(0.1)
        yield found
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                process.terminate()
        await asyncio.gather(*(process.wait() for process in processes))


async def _fifty(addresses: list[str], path: str, body: dict[str, Any], headers: Headers) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=TWINS)
    async with httpx.AsyncClient(timeout=120, limits=limits) as client:

        async def insist(number: int) -> httpx.Response:
            """As a partner does: what is busy is asked again, at the other process."""
            for step in range(100):
                answer = await client.post(addresses[(number + step) % 2] + path, json=body, headers=headers)
                if answer.status_code != 503 and not (
                    answer.status_code == 409 and answer.json()["code"] == "idempotency_in_progress"
                ):
                    return answer
                await asyncio.sleep(0.1)
            raise AssertionError(f"{path}: still busy")

        return await asyncio.gather(*(insist(number) for number in range(TWINS)))


async def test_fifty_twins_make_one_thing(
    addresses: list[str], owner: Actor, owner_db: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    auth = await bearer(owner_db, owner)
    board = (await client.post("/v1/boards", json={"name": "Vendas"}, headers=auth)).json()["id"]
    keyed = {**auth, "Idempotency-Key": uuid4().hex}
    for path, body, headers, status, table in (
        ("/v1/contacts", {"name": "Ana", "phone": "+5511955550001"}, keyed, 201, "contact"),
        ("/v1/contacts/upsert", {"external_id": "c1", "phone": "+5511955550002", "tags": ["vip"]}, auth, 200, "contact"),
        ("/v1/leads/upsert", {"external_id": "l1", "board_id": board, "title": "Um"}, auth, 200, "lead"),
        ("/v1/campaigns", {"name": "Verão"}, {**auth, "Idempotency-Key": uuid4().hex}, 201, "campaign"),
    ):
        count = f"select count(*) from {table} where company_id = $1"
        before = await owner_db.fetchval(count, owner.company_id)
        answers = await _fifty(addresses, path, body, headers)
        assert {answer.status_code for answer in answers} == {status}, [
            answer.text for answer in answers if answer.status_code != status
        ][:2]
        assert len({answer.json()["id"] for answer in answers}) == 1, path
        assert await owner_db.fetchval(count, owner.company_id) == before + 1, path
        if headers is not auth:
            assert sum("idempotency-replayed" in answer.headers for answer in answers) == TWINS - 1
        await fill_budgets()
