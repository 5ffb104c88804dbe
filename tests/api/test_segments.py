"""Segments over HTTP: kept, changed with If-Match, asked by lists and counts, named by campaigns."""

import asyncpg
from httpx import AsyncClient

from db.tenancy import Actor
from tests import factories
from tests.api.conftest import bearer

RULE = {"match": "all", "conditions": [{"kind": "field", "key": "cidade", "op": "is", "value": "NITEROI"}], "groups": []}


async def test_a_segment_is_kept_changed_and_used(client: AsyncClient, owner: Actor, owner_db: asyncpg.Connection) -> None:
    us = await bearer(owner_db, owner)
    await factories.contacts(owner_db, owner, 4)
    made = await client.post("/v1/segments", json={"name": " Niterói ", "rule": RULE}, headers=us)
    assert made.status_code == 201, made.text
    one = made.json()
    assert one["name"] == "Niterói"
    assert one["rule"]["conditions"] == RULE["conditions"]
    assert (await client.post("/v1/segments", json={"name": "niteroi", "rule": RULE}, headers=us)).json()[
        "code"
    ] == "segment_exists"
    path = f"/v1/segments/{one['id']}"

    async def counted(filter: object) -> int:
        answer = await client.post("/v1/contacts/count", json=filter, headers=us)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["count"])

    assert await counted({"segment_id": one["id"]}) == 2
    assert await counted({"rule": {"match": "none", "conditions": RULE["conditions"]}}) == 2
    assert await counted({"segment_id": one["id"], "rule": {"match": "none", "conditions": RULE["conditions"]}}) == 0
    listed = (await client.get("/v1/contacts", params={"segment_id": one["id"]}, headers=us)).json()
    assert [row["name"] for row in listed["items"]] == ["Pessoa 0", "Pessoa 2"]

    stale = await client.patch(path, json={"name": "Outro"}, headers={**us, "If-Match": '"7"'})
    assert stale.status_code == 412
    wider = {"match": "all", "conditions": [{"kind": "reachable", "by": "mobile"}]}
    changed = await client.patch(path, json={"rule": wider}, headers={**us, "If-Match": made.headers["etag"]})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert await counted({"segment_id": one["id"]}) == 4

    channel = await factories.channel(owner_db, owner, "sms")
    draft = {"name": "Volta", "channel_id": str(channel), "audience": {"segment_id": one["id"]}}
    campaign = (await client.post("/v1/campaigns", json=draft, headers=us)).json()
    assert campaign["audience"] == {"segment_id": one["id"]}
    assert [use["name"] for use in (await client.get(f"{path}/uses", headers=us)).json()["items"]] == ["Volta"]
    preview = (await client.post(f"/v1/campaigns/{campaign['id']}/preview", headers=us)).json()
    assert preview["audience"]["matched"] == 4

    refused = await client.delete(path, headers=us)
    assert (refused.status_code, refused.json()["code"], refused.json()["params"]) == (409, "segment_in_use", {"uses": "Volta"})
    assert (await client.delete(path, params={"detach": True}, headers=us)).status_code == 204
    preview = (await client.post(f"/v1/campaigns/{campaign['id']}/preview", headers=us)).json()
    assert preview["audience"]["matched"] == 0
    assert "segment_gone" in [found["code"] for found in preview["problems"]]
    assert [one["name"] for one in (await client.get("/v1/segments", headers=us)).json()["items"]] == []


async def test_what_is_wrong_is_said_at_its_place(client: AsyncClient, owner: Actor, owner_db: asyncpg.Connection) -> None:
    us = await bearer(owner_db, owner)
    inner = {"match": "any", "conditions": [{"kind": "field", "key": "nada", "op": "filled"}]}
    answer = await client.post("/v1/segments", json={"name": "x", "rule": {"groups": [inner]}}, headers=us)
    assert (answer.status_code, [(one["field"], one["code"]) for one in answer.json()["errors"]]) == (
        422,
        [("rule.groups[0].conditions[0].key", "segment_field_unknown")],
    )
    answer = await client.post("/v1/campaigns", json={"name": "x", "audience": {"rule": {"groups": [inner]}}}, headers=us)
    assert [one["field"] for one in answer.json()["errors"]] == ["audience.rule.groups[0].conditions[0].key"]
    unknown = await client.post("/v1/segments", json={"name": "x", "rule": {"conditions": [{"kind": "mood"}]}}, headers=us)
    assert unknown.status_code == 422
