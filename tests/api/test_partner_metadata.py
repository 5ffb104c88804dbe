"""What partners keep with leads, contacts and campaigns: their own id and a few words, by which these are found and brought up to date."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import Headers, SignInAs

UPSERT = "/v1/leads/upsert"


@pytest.fixture
async def auth(sign_in_as: SignInAs) -> Headers:
    return await sign_in_as(Role.OWNER)


@pytest.fixture
async def board(client: httpx.AsyncClient, auth: Headers) -> dict[str, Any]:
    made = await client.post("/v1/boards", json={"name": "Vendas"}, headers=auth)
    assert made.status_code == 201, made.text
    return made.json()


async def _upsert(client: httpx.AsyncClient, auth: Headers, **body: Any) -> dict[str, Any]:
    answer = await client.post(UPSERT, json=body, headers=auth)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_lead_is_found_by_its_partners_id(client: httpx.AsyncClient, auth: Headers, board: dict[str, Any]) -> None:
    first, second = [stage["id"] for stage in board["stages"]][:2]
    missing = await client.post(UPSERT, json={"external_id": "p1"}, headers=auth)
    assert [(one["field"], one["code"]) for one in missing.json()["errors"]] == [("board_id", "required"), ("title", "required")]
    made = await _upsert(
        client, auth, external_id="p1", board_id=board["id"], title="Reforma", tags=["vip"], metadata={"loja": "centro", "x": "1"}
    )
    assert (made["external_id"], made["metadata"], made["stage_id"]) == ("p1", {"loja": "centro", "x": "1"}, first)
    now = await _upsert(client, auth, external_id="p1", value_cents=5000, stage_id=second, metadata={"x": "", "y": "2"})
    assert (now["id"], now["title"], now["tags"], now["value_cents"]) == (made["id"], "Reforma", ["vip"], 5000)
    assert (now["metadata"], now["stage_id"]) == ({"loja": "centro", "y": "2"}, second)
    same = await _upsert(client, auth, external_id="p1", metadata={"y": "2"})
    assert same["version"] == now["version"]
    many = await client.post(UPSERT, json={"external_id": "p1", "metadata": {f"k{n}": "1" for n in range(19)}}, headers=auth)
    assert [one["code"] for one in many.json()["errors"]] == ["too_many"]
    other = (await client.post("/v1/boards", json={"name": "Outro"}, headers=auth)).json()
    moved = await client.post(UPSERT, json={"external_id": "p1", "board_id": other["id"]}, headers=auth)
    assert (moved.status_code, moved.json()["code"]) == (409, "other_board")


async def test_leads_are_found_by_what_is_kept(
    client: httpx.AsyncClient, auth: Headers, board: dict[str, Any], sign_in_as: SignInAs, stranger: Actor
) -> None:
    for number in range(3):
        loja = "centro" if number else "norte"
        await _upsert(client, auth, external_id=f"p{number}", board_id=board["id"], title=f"L{number}", metadata={"loja": loja})

    async def found(query: str, headers: Headers = auth) -> list[str]:
        answer = await client.get(f"/v1/leads?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return [one["external_id"] for one in answer.json()["items"]]

    assert await found("") == ["p2", "p1", "p0"]
    assert await found("metadata.loja=centro") == ["p2", "p1"]
    assert await found("metadata.loja=centro&external_id=p1") == ["p1"]
    assert await found("metadata.loja=sul") == []
    assert await found(f"metadata.loja=norte&board_id={board['id']}") == ["p0"]
    first = (await client.get("/v1/leads?metadata.loja=centro&limit=1", headers=auth)).json()
    assert await found(f"metadata.loja=centro&limit=1&cursor={first['next_cursor']}") == ["p1"]
    assert (await client.get("/v1/leads?meta.loja=centro", headers=auth)).status_code == 422


async def test_contacts_are_found_by_what_is_kept(client: httpx.AsyncClient, auth: Headers) -> None:
    for number in range(3):
        body = {"external_id": f"c{number}", "name": f"Ana {number}", "metadata": {"loja": "centro" if number else "norte"}}
        assert (await client.post("/v1/contacts/upsert", json=body, headers=auth)).status_code == 200
    for query, names in (
        ("metadata.loja=centro", ["Ana 1", "Ana 2"]),
        ("metadata.loja=centro&search=ana", ["Ana 1", "Ana 2"]),
        ("external_id=c0", ["Ana 0"]),
        ("external_id=c0&metadata.loja=centro", []),
    ):
        answer = (await client.get(f"/v1/contacts?{query}", headers=auth)).json()
        assert ([one["name"] for one in answer["items"]], answer["total"]) == (names, len(names)), query
    counted = await client.post("/v1/contacts/count", json={"metadata": {"loja": "norte"}}, headers=auth)
    assert counted.json() == {"count": 1, "is_estimate": False}


async def test_campaigns_keep_what_partners_give_whatever_their_state(
    client: httpx.AsyncClient, auth: Headers, owner_db: asyncpg.Connection
) -> None:
    body = {"name": "Verão", "external_id": "k1", "metadata": {"origem": "erp"}}
    made = (await client.post("/v1/campaigns", json=body, headers=auth)).json()
    assert (made["external_id"], made["metadata"]) == ("k1", {"origem": "erp"})
    twice = await client.post("/v1/campaigns", json=body, headers=auth)
    assert (twice.status_code, twice.json()["code"]) == (409, "external_id_taken")
    other = (await client.post("/v1/campaigns", json={"name": "Inverno"}, headers=auth)).json()
    taken = await client.patch(f"/v1/campaigns/{other['id']}", json={"external_id": "k1"}, headers=auth)
    assert (taken.status_code, taken.json()["code"]) == (409, "external_id_taken")
    await owner_db.execute("update campaign set state = 'finished' where id = $1::uuid", made["id"])
    url = f"/v1/campaigns/{made['id']}"
    kept = await client.patch(url, json={"metadata": {"lote": "7", "origem": ""}}, headers=auth)
    assert (kept.status_code, kept.json()["metadata"]) == (200, {"lote": "7"}), kept.text
    assert (await client.patch(url, json={"metadata": {"a": "1"}, "name": "X"}, headers=auth)).status_code == 409
    for query, ids in (("metadata.lote=7", [made["id"]]), ("metadata.lote=8", []), ("external_id=k1", [made["id"]])):
        assert [one["id"] for one in (await client.get(f"/v1/campaigns?{query}", headers=auth)).json()["items"]] == ids


async def test_twins_make_one_lead(
    client: httpx.AsyncClient, auth: Headers, board: dict[str, Any], owner: Actor, owner_db: asyncpg.Connection
) -> None:
    body = {"external_id": "gêmeo", "board_id": board["id"], "title": "Um só"}
    answers = await asyncio.gather(*(client.post(UPSERT, json=body, headers=auth) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await owner_db.fetchval("select count(*) from lead where company_id = $1", owner.company_id) == 1
