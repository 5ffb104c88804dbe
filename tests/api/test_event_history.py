"""What happened can be looked up: as webhooks tell it, by whoever may be told, once the company keeps it."""

from datetime import timedelta
from typing import Any

import asyncpg
import httpx

from db import event_consumers
from db.clock import now
from db.permissions import Permission
from db.tenancy import Actor
from db.webhooks import history
from db.work import system_work
from tests.api.conftest import Headers, SignInAs
from tests.api.test_borrowed_rights import new_key

URL = "/v1/events/history"


async def _listed(client: httpx.AsyncClient, auth: Headers, **query: Any) -> dict[str, Any]:
    answer = await client.get(URL, params=query, headers=auth)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_happened_is_listed_as_webhooks_tell_it(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    off = await client.get(URL, headers=auth)
    assert (off.status_code, off.json()["code"]) == (409, "history_not_kept")
    assert (await client.put(URL, json={"kept": True}, headers=auth)).json() == {"kept": True, "days": 14}
    assert (await _listed(client, auth))["items"] == []
    contact = (await client.post("/v1/contacts", json={"name": "Ana"}, headers=auth)).json()["id"]
    board = (await client.post("/v1/boards", json={"name": "Vendas"}, headers=auth)).json()
    first, second = [stage["id"] for stage in board["stages"]][:2]
    lead = (await client.post("/v1/leads", json={"board_id": board["id"], "title": "Um"}, headers=auth)).json()["id"]
    await client.post(f"/v1/leads/{lead}/move", json={"stage_id": second}, headers=auth)

    found = (await _listed(client, auth))["items"]
    assert [one["type"] for one in found] == ["contact.changed", "lead.changed", "lead.changed", "lead.moved"]
    assert found[0]["data"]["contact_id"] == contact
    assert (found[3]["data"]["from_stage_id"], found[3]["data"]["stage_id"]) == (first, second)
    assert len({one["id"] for one in found}) == 4
    assert found[2]["sequence"] == found[3]["sequence"] > found[1]["sequence"]
    # Page by page the same, also where one event is two types.
    paged, cursor = [], None
    while True:
        page = await _listed(client, auth, limit=1, **({"cursor": cursor} if cursor else {}))
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == found
    assert (await _listed(client, auth, type="lead.moved", limit=1))["items"] == found[3:]
    assert (await _listed(client, auth, since=(now() + timedelta(hours=1)).isoformat()))["items"] == []
    async with system_work() as s:
        await event_consumers.prune(s)
    assert (await _listed(client, auth))["items"] == found  # it waits, and wakes nobody
    jobs = "select count(*) from job where company_id = $1 and name = 'ReadEvents'"
    await event_consumers.wake_behind()
    assert await owner_db.fetchval(jobs, owner.company_id) == 0
    await client.put(URL, json={"kept": False}, headers=auth)
    assert (await client.get(URL, headers=auth)).status_code == 409


async def test_a_reader_sees_what_its_permissions_lead_to(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    await client.put(URL, json={"kept": True}, headers=auth)
    await client.post("/v1/contacts", json={"name": "Ana"}, headers=auth)
    await client.post("/v1/boards", json={"name": "Vendas"}, headers=auth)
    await client.post("/v1/campaigns", json={"name": "Verão"}, headers=auth)
    _, key = await new_key(client, auth, Permission.EVENTS_READ, Permission.CAMPAIGNS_READ)
    assert {one["type"] for one in (await _listed(client, key))["items"]} == {"campaign.changed"}
    refused = await client.get(URL, params={"type": "contact.changed"}, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (403, "webhook_type_not_yours")
    kept = await client.put(URL, json={"kept": False}, headers=key)
    assert kept.status_code == 403


async def test_what_is_rare_is_found_in_few_looks(owner: Actor) -> None:
    data = '{"stage_id": "b", "from_stage_id": null, "deleted": false}'
    looks: list[int] = []

    class Reads:
        async def fetch(self, _: str, __: object, first: int, *rest: Any) -> list[dict[str, Any]]:
            looks.append(first)
            numbers = range(first, min(first + rest[-1], 20_000))
            return [{"id": number, "type": "lead.changed", "at": now(), "data": data} for number in numbers]

    assert await history._collected(Reads(), owner, ["lead.moved"], None, (0, ""), 2) == []  # type: ignore[arg-type]
    assert len(looks) < 20
