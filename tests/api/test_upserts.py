"""Contacts of partners: found by their own id, phone or e-mail and brought up to date, one or a thousand at once."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from db.contacts import upserts
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import Headers, SignInAs

ONE, MANY = "/v1/contacts/upsert", "/v1/contacts/upsert/bulk"


@pytest.fixture
async def auth(sign_in_as: SignInAs) -> Headers:
    return await sign_in_as(Role.AGENT)


async def _many(client: httpx.AsyncClient, auth: Headers, *items: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(MANY, json={"items": items}, headers=auth)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_contact_is_found_by_each_of_its_keys(client: httpx.AsyncClient, auth: Headers) -> None:
    made = (
        await client.post(
            ONE,
            json={
                "external_id": "c1",
                "name": "Ana",
                "phone": "(11) 95555-0001",
                "tags": ["vip"],
                "metadata": {"loja": "centro", "x": "1"},
            },
            headers=auth,
        )
    ).json()
    assert (made["external_id"], made["metadata"]) == ("c1", {"loja": "centro", "x": "1"})
    for body in (
        {"external_id": "c1", "email": "ana@example.com", "metadata": {"x": ""}},
        {"phone": "+55 11 95555-0001", "name": "Ana Lima"},
        {"email": "ANA@example.com", "tags": ["atacado"]},
    ):
        found = await client.post(ONE, json=body, headers=auth)
        assert (found.status_code, found.json()["id"]) == (200, made["id"]), found.text
    now = (await client.get(f"/v1/contacts/{made['id']}", headers=auth)).json()
    assert (now["name"], now["metadata"], [tag["name"] for tag in now["tags"]]) == (
        "Ana Lima",
        {"loja": "centro"},
        ["atacado", "vip"],
    )
    assert sorted(one["value"] for one in now["identities"]) == ["+5511955550001", "ana@example.com"]
    listed = (await client.get("/v1/contacts?search=lima", headers=auth)).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]


async def test_each_of_many_is_told_what_became_of_it(client: httpx.AsyncClient, auth: Headers) -> None:
    await _many(client, auth, {"external_id": "a", "phone": "+5511955550001"}, {"external_id": "b", "email": "b@example.com"})
    found = await _many(
        client,
        auth,
        {"external_id": "a", "phone": "+5511955550001"},
        {"external_id": "a", "name": "Outra"},
        {"external_id": "b", "phone": "+5511955550001"},
        {"external_id": "c", "phone": "123"},
        {"name": "Ninguém"},
        {"phone": "+5511955550001", "external_id": "z"},
        {"external_id": "b", "name": "Bia"},
        {"external_id": "n", "custom": {"nada": "1"}},
        {"external_id": "new", "tags": ["vip"]},
    )
    assert [one["outcome"] for one in found["items"]] == [
        "unchanged", "refused", "refused", "refused", "refused", "refused", "updated", "refused", "created",
    ]  # fmt: skip
    wrong = [(one["errors"][0]["field"], one["errors"][0]["code"]) for one in found["items"] if one["errors"]]
    assert [code for _, code in wrong if code in {"repeated", "of_another_contact", "no_key", "other_external_id", "field_unknown"}] == [
        "repeated", "of_another_contact", "no_key", "other_external_id", "field_unknown",
    ]  # fmt: skip
    assert (found["created"], found["updated"], found["unchanged"], found["refused"]) == (1, 1, 1, 6)
    refused = await client.post(ONE, json={"external_id": "b", "phone": "+5511955550001"}, headers=auth)
    assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [("phone", "of_another_contact")]


async def test_who_said_stop_comes_opted_out(
    client: httpx.AsyncClient, auth: Headers, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await owner_db.execute(
        "insert into suppression(company_id, address, source) values ($1, '+5511955550009', 'keyword')", owner.company_id
    )
    made = (await client.post(ONE, json={"phone": "+5511955550009"}, headers=auth)).json()
    assert made["opted_out_at"] is not None


async def test_a_thousand_cost_as_many_statements_as_one(owner: Actor, owner_db: asyncpg.Connection) -> None:
    items = [
        upserts.Item(external_id=f"e{n}", name=f"Pessoa {n}", phone=f"+55119{51111000 + n}", tags=["lote"]) for n in range(1000)
    ]
    assert {one.outcome.value for one in await upserts.upsert(owner, items)} == {"created"}
    assert {one.outcome.value for one in await upserts.upsert(owner, items)} == {"unchanged"}
    assert await owner_db.fetchval("select count(*) from contact_tag where company_id = $1", owner.company_id) == 1000


async def test_fifty_at_once_make_one_contact(
    client: httpx.AsyncClient, auth: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    body = {"external_id": "twin", "phone": "+5511955550002", "name": "Gêmea"}
    answers = await asyncio.gather(*(client.post(ONE, json=body, headers=auth) for _ in range(50)))
    done = [one for one in answers if one.status_code == 200]
    assert {one.status_code for one in answers} <= {200, 503}
    assert len({one.json()["id"] for one in done}) == 1
    assert await owner_db.fetchval("select count(*) from contact where company_id = $1", owner.company_id) == 1
