"""The bell over HTTP: one's own lines, and nobody else's."""

import asyncpg
import httpx

from db.notifications import calls
from db.notifications.enums import NotificationKind
from db.permissions import Permission, Role
from db.tenancy import Actor, worker
from db.work import work
from tests import factories
from tests.api.conftest import SignInAs


async def test_a_line_is_listed_marked_and_seen(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, sign_in_as: SignInAs
) -> None:
    auth = await sign_in_as()
    channel = await factories.channel(owner_db, owner)
    campaign = await owner_db.fetchval(
        "insert into campaign(company_id, name, channel_id, audience) values ($1, 'Natal', $2, '{}') returning id",
        owner.company_id,
        channel,
    )
    async with work(worker(owner.company_id), Permission.CAMPAIGNS_SEND) as w:
        await calls.tell_of_end(w, owner.id, NotificationKind.CAMPAIGN, campaign, "finished")
    listed = (await client.get("/v1/me/notifications", headers=auth)).json()["items"]
    assert [(one["kind"], one["name"], one["code"], one["subject_id"]) for one in listed] == [
        ("campaign", "Natal", "finished", str(campaign))
    ]
    assert (await client.get("/v1/me/notifications/unread", headers=auth)).json() == {"unread": 1}
    path = f"/v1/me/notifications/{listed[0]['id']}"
    marked = await client.patch(path, json={"read": True}, headers=auth)
    assert marked.json()["read_at"] is not None
    assert (await client.get("/v1/me/notifications", params={"unread": "true"}, headers=auth)).json()["items"] == []
    await client.patch(path, json={"read": False}, headers=auth)
    seen = await client.post("/v1/me/notifications/seen", json={"subject_id": str(campaign)}, headers=auth)
    assert seen.json() == {"unread": 0}
    other = await sign_in_as(Role.MANAGER)
    assert (await client.patch(path, json={"read": False}, headers=other)).status_code == 404


async def test_ways_are_chosen(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    chosen = {"kind": "assigned", "in_app": True, "push": False, "mail": True}
    assert (await client.put("/v1/me/notification-choices", json=chosen, headers=auth)).json() == chosen
    found = (await client.get("/v1/me/notification-choices", headers=auth)).json()["choices"]
    assert chosen in found
    refused = await client.put("/v1/me/notification-choices", json={**chosen, "kind": "notice", "mail": False}, headers=auth)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "always_mailed"
