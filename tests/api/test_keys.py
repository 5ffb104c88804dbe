"""Keys of partners: from where they are used, a new secret beside the old one, and test keys, which reach nobody real."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from api import dated
from api.auth import guard
from db.clock import now
from db.crypto import digest
from db.permissions import Permission
from db.simulated import CHANNEL_OF, INSIDE
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import Headers, SignInAs, fill_budgets
from tests.api.test_every_operation import PUBLIC, _body, _filled, operations

EVERYTHING = [one.value for one in Permission]


async def _made(client: httpx.AsyncClient, auth: Headers, **more: Any) -> tuple[dict[str, Any], Headers]:
    answer = await client.post(
        "/v1/api-keys", json={"name": "Loja", "scopes": ["keys:write", "company:read"], **more}, headers=auth
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["api_key"], {"Authorization": f"Bearer {answer.json()['secret']}"}


async def test_a_key_is_used_from_its_addresses_only(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    owner = await sign_in_as()
    here, as_here = await _made(client, owner, addresses=["127.0.0.1", "2001:db8::/32", "127.0.0.9/30"])
    assert here["addresses"] == ["127.0.0.1/32", "2001:db8::/32", "127.0.0.8/30"]
    assert (await client.get("/v1/company", headers=as_here)).status_code == 200
    elsewhere, as_elsewhere = await _made(client, owner, addresses=["203.0.113.0/24"])
    for _ in range(2):  # the second is remembered
        refused = await client.get("/v1/company", headers=as_elsewhere)
        assert (refused.status_code, refused.json()["code"]) == (403, "address_not_allowed")
    wrong = await client.patch(f"/v1/api-keys/{elsewhere['id']}", json={"addresses": ["1.2.3.4", "shop"]}, headers=owner)
    assert [(one["field"], one["code"]) for one in wrong.json()["errors"]] == [("addresses[1]", "network")]
    opened = await client.patch(f"/v1/api-keys/{elsewhere['id']}", json={"addresses": []}, headers=owner)
    assert (opened.status_code, opened.json()["addresses"], opened.json()["last_used_at"]) == (200, [], None)
    assert (await client.get("/v1/company", headers=as_elsewhere)).status_code == 200
    listed = {one["id"]: one for one in (await client.get("/v1/api-keys", headers=owner)).json()["items"]}
    assert {listed[one["id"]]["last_used_from"] for one in (here, elsewhere)} == {"127.0.0.1"}


async def test_a_key_goes_to_another_version_of_the_contract(
    client: httpx.AsyncClient, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await sign_in_as()
    key, auth = await _made(client, owner, addresses=["127.0.0.1"])
    first, url = key["api_version"], f"/v1/api-keys/{key['id']}"
    monkeypatch.setattr(dated, "VERSIONS", (first, "2027-05-01"))
    listed = (await client.get("/v1/api-keys", headers=owner)).json()["items"][0]
    assert (listed["api_version"], listed["newest_version"]) == (first, "2027-05-01")
    assert (await client.get("/v1/company", headers=auth)).headers["master-version"] == first
    refused = await client.patch(url, json={"api_version": "2026-01-01"}, headers=owner)
    assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [("api_version", "unknown_value")]
    changed = (await client.patch(url, json={"api_version": "2027-05-01"}, headers=owner)).json()
    assert (changed["api_version"], changed["addresses"]) == ("2027-05-01", ["127.0.0.1/32"])
    assert (await client.get("/v1/company", headers=auth)).headers["master-version"] == "2027-05-01"


async def test_a_secret_of_before_is_kept_under_a_key_from_its_next_use_on(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, sign_in_as: SignInAs
) -> None:
    owner = await sign_in_as()
    key, auth = await _made(client, owner)
    secret = auth["Authorization"].removeprefix("Bearer ")
    kept = "select secret_hash, old_secret_hash, rotated_at from api_key where id = $1"
    fresh = await owner_db.fetchrow(kept, UUID(key["id"]))
    assert (len(fresh["secret_hash"]), fresh["secret_hash"] == digest(secret)) == (33, False)
    await owner_db.execute("alter table api_key disable trigger rotated")
    await owner_db.execute("update api_key set secret_hash = $2 where id = $1", UUID(key["id"]), digest(secret))
    await owner_db.execute("alter table api_key enable trigger rotated")
    for _ in range(2):
        guard.forget_all()
        assert (await client.get("/v1/company", headers=auth)).status_code == 200
        assert await owner_db.fetchrow(kept, UUID(key["id"])) == fresh  # the same again, and nothing laid aside
    forged = {"Authorization": f"Bearer {secret[:-1]}{'a' if secret[-1] != 'a' else 'b'}"}
    assert (await client.get("/v1/company", headers=forged)).status_code == 401


async def test_a_rotated_key_has_two_secrets_for_a_while(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, sign_in_as: SignInAs
) -> None:
    owner = await sign_in_as()
    key, first = await _made(client, owner)
    url = f"/v1/api-keys/{key['id']}/rotate"
    late = await client.post(url, json={"old_valid_until": (now() + timedelta(days=31)).isoformat()}, headers=owner)
    assert late.json()["errors"][0]["code"] == "too_late"
    until = now() + timedelta(days=7)
    rotated = (await client.post(url, json={"old_valid_until": until.isoformat()}, headers=owner)).json()
    second = {"Authorization": f"Bearer {rotated['secret']}"}
    assert rotated["api_key"]["id"] == key["id"]
    assert rotated["api_key"]["old_valid_until"] is not None
    assert [(await client.get("/v1/company", headers=each)).status_code for each in (first, second)] == [200, 200]
    await owner_db.execute("update api_key set old_until = now() where id = $1", UUID(key["id"]))
    guard.forget_all()
    assert [(await client.get("/v1/company", headers=each)).status_code for each in (first, second)] == [401, 200]
    third = {
        "Authorization": f"Bearer {(await client.post(url, json={'old_valid_until': None}, headers=owner)).json()['secret']}"
    }
    assert [(await client.get("/v1/company", headers=each)).status_code for each in (first, second, third)] == [401, 401, 200]
    narrow = await sign_in_as(scopes=[Permission.KEYS_WRITE])
    wide = await client.post(url, json={"old_valid_until": None}, headers=narrow)
    assert (wide.status_code, wide.json()["code"]) == (403, "scope_too_wide")


async def test_a_test_key_makes_and_changes_test_keys_only(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    owner = await sign_in_as()
    live, _ = await _made(client, owner)
    key, auth = await _made(client, owner, test=True)
    assert (key["test"], key["prefix"][:9]) == (True, "mia_test_")
    body = {"name": "k", "scopes": ["company:read"]}
    answers = [
        await client.post("/v1/api-keys", json=body, headers=auth),
        await client.post(f"/v1/api-keys/{live['id']}/rotate", json={"old_valid_until": None}, headers=auth),
        await client.patch(f"/v1/api-keys/{live['id']}", json={"addresses": []}, headers=auth),
        await client.delete(f"/v1/api-keys/{live['id']}", headers=auth),
    ]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(403, "test_key")}
    assert (await client.post("/v1/api-keys", json={**body, "test": True}, headers=auth)).status_code == 201


async def test_a_test_key_writes_to_people_of_the_simulator_only(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, sign_in_as: SignInAs
) -> None:
    _, auth = await _made(client, await sign_in_as(), test=True, scopes=["messages:send", "contacts:read"])
    await factories.contacts(owner_db, owner, 1)
    contact = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    for sandbox, status in ((True, 202), (False, 403)):
        channel = await factories.channel(owner_db, owner, "sms", sandbox=sandbox, external_id=f"+1500555000{int(sandbox)}")
        body = {"contact_id": str(contact), "channel_id": str(channel), "content": {"kind": "text", "text": "Oi"}}
        sent = await client.post("/v1/messages", json=body, headers=auth)
        assert sent.status_code == status, sent.text
        if sandbox:
            found = await client.get(f"/v1/messages/{sent.json()['id']}", headers=auth)
            assert (found.json()["text"], found.json()["state"]) == ("Oi", "queued")
        else:
            assert sent.json()["code"] == "test_key"


async def test_what_somebody_wrote_is_for_who_sees_conversations(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, sign_in_as: SignInAs
) -> None:
    auth = await sign_in_as()
    channel = await factories.channel(owner_db, owner)
    await factories.contacts(owner_db, owner, 1)
    contact = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    await factories.message_file(owner_db, owner, channel, contact)
    message = await owner_db.fetchval("select id from inbound_message where company_id = $1", owner.company_id)
    _, without = await _made(client, auth, scopes=["contacts:read"])
    _, having = await _made(client, auth, scopes=["contacts:read", "conversations:read"])
    assert (await client.get(f"/v1/messages/{message}", headers=without)).status_code == 403
    assert (await client.get(f"/v1/messages/{message}", headers=having)).status_code == 200


async def test_no_operation_lets_a_test_key_reach_anybody_real(
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    owner: Actor,
    sign_in_as: SignInAs,
    document: dict[str, Any],
    belongings: dict[str, str],
) -> None:
    """Every operation that changes something, for a channel that is a real one: nothing waits to be sent, and no job that asks anybody."""
    _, auth = await _made(client, await sign_in_as(), test=True, scopes=EVERYTHING)
    await owner_db.execute("update channel set sandbox = false where company_id = $1", owner.company_id)
    await owner_db.execute("delete from job where company_id = $1", owner.company_id)
    waiting = "select count(*) from message where company_id = $1 and queued"
    before, refused = await owner_db.fetchval(waiting, owner.company_id), set[str]()
    for method, path, operation in sorted(operations(document), key=lambda one: one[0] == "DELETE"):  # what goes, goes last
        if method == "GET" or (method, path) in PUBLIC:
            continue
        await fill_budgets()
        answer = await client.request(
            method,
            _filled(path, {**belongings, "token": "x" * 43}),
            json=_ours(_body(operation, document), belongings),
            headers=auth,
        )
        assert answer.status_code < 500, (method, path, answer.text)
        if answer.status_code == 403 and answer.json()["code"] == "test_key":
            refused.add(operation["operationId"])
    assert await owner_db.fetchval(waiting, owner.company_id) == before
    rows = await owner_db.fetch(
        "select name, payload::text from job where company_id = $1 and name <> 'ReadEvents'", owner.company_id
    )
    assert {row["name"] for row in rows} <= {one.__name__ for one in INSIDE | set(CHANNEL_OF)}
    assert {"channels_templates_sync", "channels_check", "campaigns_clone"} <= refused, refused
    assert {"webhooks_create", "webhooks_update", "webhooks_enable", "webhooks_test", "webhooks_replay"} <= refused, refused


def _ours(body: Any, belongings: dict[str, str]) -> Any:
    """The same body about what the company has."""
    if isinstance(body, dict):
        return {name: belongings.get(name, _ours(value, belongings)) for name, value in body.items()}
    return [_ours(each, belongings) for each in body] if isinstance(body, list) else body


async def test_fifty_twins_make_one_thing(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, sign_in_as: SignInAs
) -> None:
    auth = {**await sign_in_as(), "Idempotency-Key": "fifty"}

    async def ask() -> httpx.Response:
        while True:
            answer = await client.post("/v1/contacts", json={"name": "Ana", "phone": "+5511955550000"}, headers=auth)
            if answer.status_code == 429:  # fifty are more than one caller's allowance
                await fill_budgets()
                continue
            if answer.status_code == 503 or (answer.status_code == 409 and answer.json()["code"] == "idempotency_in_progress"):
                await asyncio.sleep(0.05)
                continue
            return answer

    answers = await asyncio.gather(*(ask() for _ in range(50)))
    assert {one.status_code for one in answers} == {201}, {one.text for one in answers if one.status_code != 201}
    assert len({one.json()["id"] for one in answers}) == 1
    assert await owner_db.fetchval("select count(*) from contact where company_id = $1", owner.company_id) == 1
