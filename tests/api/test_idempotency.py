"""The same key twice: one effect, one answer; also at once, and after a crash in between."""

import asyncio
from uuid import uuid4

import asyncpg
import httpx
import pytest

from db import idempotency
from db.enums import Role
from db.errors import Conflict
from db.idempotency import Claim
from db.tenancy import Actor
from tests.api.conftest import Headers, bearer, make_member

BODY = {"name": "Zapier", "scopes": ["contacts:read"]}


async def keys_of(owner_db: asyncpg.Connection, actor: Actor) -> int:
    count: int = await owner_db.fetchval("select count(*) from api_key where company_id = $1", actor.company_id)
    return count


@pytest.fixture
async def headers(owner_db: asyncpg.Connection, owner: Actor) -> Headers:
    return {**await bearer(owner_db, owner), "Idempotency-Key": uuid4().hex}


async def test_the_second_gets_the_first_answer(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    first = await client.post("/v1/api-keys", json=BODY, headers=headers)
    second = await client.post("/v1/api-keys", json=BODY, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await keys_of(owner_db, owner) == 1
    kept = await owner_db.fetchval("select body from idempotency where company_id = $1", owner.company_id)
    assert first.json()["secret"].encode() not in kept


async def test_another_request_under_the_key_is_refused(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    await client.post("/v1/api-keys", json=BODY, headers=headers)
    other_body = await client.post("/v1/api-keys", json={**BODY, "name": "Other"}, headers=headers)
    colleague = await make_member(owner_db, owner, Role.ADMIN)
    other_person = await client.post("/v1/api-keys", json=BODY, headers={**headers, **await bearer(owner_db, colleague)})
    for answer in (other_body, other_person):
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_mismatch")


async def test_companies_do_not_share_keys(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, stranger: Actor, headers: Headers
) -> None:
    ours = await client.post("/v1/api-keys", json=BODY, headers=headers)
    theirs = await client.post("/v1/api-keys", json=BODY, headers={**headers, **await bearer(owner_db, stranger)})
    assert theirs.status_code == 201
    assert ours.json()["secret"] != theirs.json()["secret"]


async def test_many_at_once_make_one(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    answers = await asyncio.gather(*(client.post("/v1/api-keys", json=BODY, headers=headers) for _ in range(8)))
    assert await keys_of(owner_db, owner) == 1
    for answer in answers:
        if answer.status_code != 201:
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
            assert "retry-after" in answer.headers
    assert len({answer.json()["secret"] for answer in answers if answer.status_code == 201}) == 1


async def test_a_refusal_frees_the_key(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    wrong = await client.post("/v1/api-keys", json={"name": "", "scopes": []}, headers=headers)
    assert wrong.status_code == 422
    assert await owner_db.fetchval("select count(*) from idempotency where company_id = $1", owner.company_id) == 0
    assert (await client.post("/v1/api-keys", json=BODY, headers=headers)).status_code == 201


async def test_a_fault_of_ours_frees_the_key(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: object) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr("db.accounts.api_keys.create", broken)
        assert (await client.post("/v1/api-keys", json=BODY, headers=headers)).status_code == 500
    assert (await client.post("/v1/api-keys", json=BODY, headers=headers)).status_code == 201


async def test_a_dead_process_holds_the_key_for_a_minute(owner_db: asyncpg.Connection, owner: Actor) -> None:
    first = await idempotency.claim(owner.company_id, "k", b"same")
    assert isinstance(first, Claim)
    with pytest.raises(Conflict, match="in_progress"):
        await idempotency.claim(owner.company_id, "k", b"same")
    await owner_db.execute("update idempotency set created_at = now() - interval '61 s' where company_id = $1", owner.company_id)
    with pytest.raises(Conflict, match="mismatch"):
        await idempotency.claim(owner.company_id, "k", b"other")
    second = await idempotency.claim(owner.company_id, "k", b"same")
    assert isinstance(second, Claim)
    await idempotency.finish(first, idempotency.Answer(201, {}, b"late"))
    await idempotency.finish(second, idempotency.Answer(201, {}, b"right"))
    assert await idempotency.claim(owner.company_id, "k", b"same") == idempotency.Answer(201, {}, b"right")


async def test_keys_are_forgotten_after_a_day(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await idempotency.claim(owner.company_id, "k", b"same")
    await owner_db.execute(
        "update idempotency set created_at = now() - interval '25 hours' where company_id = $1", owner.company_id
    )
    assert isinstance(await idempotency.claim(owner.company_id, "k", b"other"), Claim)
    await owner_db.execute(
        "update idempotency set created_at = now() - interval '25 hours' where company_id = $1", owner.company_id
    )
    assert await idempotency.forget_old() >= 1


@pytest.mark.parametrize("key", ["x" * 201, "with space"])
async def test_odd_keys(client: httpx.AsyncClient, headers: Headers, key: str) -> None:
    answer = await client.post("/v1/api-keys", json=BODY, headers={**headers, "Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_idempotency_key")
