"""Webhooks over the API: secrets are shown once, rights bound what one may be told, addresses are refused at once."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from db.permissions import Permission, Role
from tests.api.conftest import SignInAs
from tests.api.test_borrowed_rights import new_key

BODY: dict[str, Any] = {"url": "https://example.com/hook", "types": ["contact.changed"], "description": "Loja"}


async def test_a_secret_is_shown_when_it_is_made_and_never_again(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    made = (await client.post("/v1/webhooks", json=BODY | {"legacy_signature": True}, headers=auth)).json()
    assert made["secret"].startswith("whsec_")
    assert made["legacy_secret"] != made["secret"]
    path = f"/v1/webhooks/{made['id']}"
    rotated = (await client.post(f"{path}/rotate", headers=auth)).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["webhook"]["old_until"] is not None
    for where in ("/v1/webhooks", path, f"{path}/deliveries", "/v1/audit"):
        text = (await client.get(where, headers=auth)).text
        assert made["secret"] not in text
        assert rotated["secret"] not in text


async def test_one_is_told_what_one_may_see(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    key_id, key = await new_key(client, auth, Permission.WEBHOOKS_WRITE, Permission.WEBHOOKS_READ, Permission.CONTACTS_READ)
    made = await client.post("/v1/webhooks", json=BODY, headers=key)
    assert made.status_code == 201
    refused = await client.post("/v1/webhooks", json=BODY | {"types": ["message.received"]}, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (403, "webhook_type_not_yours")
    assert refused.json()["params"] == {"permission": "conversations:read"}
    path = f"/v1/webhooks/{made.json()['id']}"

    async def with_what() -> tuple[bool, bool]:
        found = (await client.get(path, headers=auth)).json()
        return found["made_with"] is not None, found["key_ended"]

    assert await with_what() == (True, False)
    assert (await client.delete(f"/v1/api-keys/{key_id}", headers=auth)).status_code == 204
    assert await with_what() == (True, True), "it goes on, and says so"
    assert (await client.patch(path, json={"types": BODY["types"]}, headers=auth)).status_code == 200
    assert await with_what() == (False, False)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AGENT, Role.VIEWER])
async def test_only_admins_see_webhooks(client: httpx.AsyncClient, sign_in_as: SignInAs, role: Role) -> None:
    auth = await sign_in_as(role)
    assert (await client.get("/v1/webhooks", headers=auth)).status_code == 403
    assert (await client.post("/v1/webhooks", json=BODY, headers=auth)).status_code == 403


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://localhost/",
        "https://a:b@example.com/",
        "https://example.com:22/",
        "ftp://x",
        "x",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://postgres/",
        "https://169.254.169.254/",
    ],
)
async def test_an_address_that_can_never_be_called_is_refused(client: httpx.AsyncClient, sign_in_as: SignInAs, url: str) -> None:
    refused = await client.post("/v1/webhooks", json=BODY | {"url": url}, headers=await sign_in_as())
    assert (refused.status_code, refused.json()["errors"][0]["field"], refused.json()["errors"][0]["code"]) == (
        422,
        "url",
        "webhook_address",
    )


async def test_off_and_on_and_a_test_in_between(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    path = f"/v1/webhooks/{(await client.post('/v1/webhooks', json=BODY, headers=auth)).json()['id']}"
    assert (await client.post(f"{path}/disable", headers=auth)).json()["off_because"] == "person"
    assert (await client.post(f"{path}/test", headers=auth)).json()["code"] == "webhook_off"
    assert (await client.post(f"{path}/enable", headers=auth)).json()["off_because"] is None
    sent = (await client.post(f"{path}/test", headers=auth)).json()["delivery_id"]
    (row,) = (await client.get(f"{path}/deliveries", headers=auth)).json()["items"]
    assert (row["id"], row["type"], row["state"]) == (sent, "ping", "waiting")
    detail = (await client.get(f"{path}/deliveries/{sent}", headers=auth)).json()
    assert detail["body"].startswith('{"type":"ping"')
    assert detail["tries"] == []


async def test_what_was_told_is_shown_and_diverted_only_by_who_may_see_it(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    made = (await client.post("/v1/webhooks", json=BODY | {"types": ["message.received"]}, headers=auth)).json()
    path = f"/v1/webhooks/{made['id']}"
    delivery = await owner_db.fetchval(
        "insert into webhook_delivery(company_id, endpoint_id, event_id, type, entity, sequence, body) select company_id, id, 'msg_1',"
        " 'message.received', 'x', 1, '{}' from webhook_endpoint where id = $1 returning id",
        UUID(made["id"]),
    )
    _, key = await new_key(client, auth, Permission.WEBHOOKS_WRITE, Permission.WEBHOOKS_READ, Permission.CONTACTS_READ)
    elsewhere, narrower = {"url": "https://example.org/hook"}, {"types": ["contact.changed"]}
    for refused in (
        await client.get(f"{path}/deliveries/{delivery}", headers=key),
        await client.patch(path, json=elsewhere, headers=key),
        await client.patch(path, json=elsewhere | narrower, headers=key),
    ):
        assert (refused.status_code, refused.json().get("code")) == (403, "webhook_type_not_yours"), refused.text
    assert (await client.patch(path, json=narrower, headers=key)).status_code == 200
    assert (await client.patch(path, json=elsewhere, headers=key)).status_code == 403, "it may be sent again"
    assert (await client.get(f"{path}/deliveries/{delivery}", headers=auth)).status_code == 200
    assert (await client.patch(path, json=elsewhere, headers=auth)).status_code == 200
    await owner_db.execute("delete from webhook_delivery where id = $1", delivery)
    assert (await client.patch(path, json={"url": "https://example.net/hook"}, headers=key)).status_code == 200
