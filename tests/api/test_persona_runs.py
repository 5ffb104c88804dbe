"""Runs of test cases over HTTP."""

from typing import Any

import asyncpg
import httpx

from db.tenancy import Actor
from tests.api.conftest import bearer

CASE = {"name": "Oi", "lines": [{"who": "customer", "text": "Oi"}], "expect": {"contains": ["oi"]}}


async def test_a_run_is_asked_for_without_a_body_and_those_of_a_model_stand_apart(
    client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    auth = await bearer(owner_db, owner)
    made = await client.post("/v1/personas", json={"name": "Lia", "starting": "sales"}, headers=auth)
    path = f"/v1/personas/{made.json()['id']}"
    assert (await client.post(f"{path}/cases", json=CASE, headers=auth)).status_code == 201
    run = await client.post(f"{path}/runs", headers=auth)
    assert (run.status_code, run.json()["model"]) == (202, ""), run.text
    await owner_db.execute("update persona_trial set state = 'done', missed = '[]' where run_id = $1", run.json()["id"])
    again = await client.post(f"{path}/runs", json={}, headers=auth)
    assert again.status_code == 202, again.text
    replay = await owner_db.fetchval(
        "insert into persona_run(company_id, persona_id, model) values ($1, $2, 'gpt-4o') returning id",
        owner.company_id,
        made.json()["id"],
    )

    async def newest(**asked: Any) -> list[str]:
        return [one["id"] for one in (await client.get(f"{path}/runs", params=asked, headers=auth)).json()["items"]]

    assert (await newest(), await newest(draft="true")) == ([str(replay)], [again.json()["id"]])


async def test_the_document_says_which_body_may_be_left_out(document: dict[str, Any]) -> None:
    without = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if not operation.get("requestBody", {"required": True})["required"]
    ]
    assert without == ["personas_runs_create"]
