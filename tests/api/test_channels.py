"""Channels over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from db.permissions import ROLE_PERMISSIONS, Permission, Role
from db.tenancy import Actor
from tests.api.conftest import SignInAs
from tests.db.channels.factories import make_campaign, make_channel

WHATSAPP_VALUES = {
    "phone_number_id": "111222333",
    "waba_id": "900100",
    "access_token": "EAAsecret-token-value",
    "app_secret": "app-secret-value",
}
SMS_VALUES = {"account_sid": "AC" + "a" * 32, "auth_token": "auth-token-value", "sender": "+15005550006"}
WHATSAPP = {"kind": "whatsapp", "name": "Loja", "values": WHATSAPP_VALUES}
SMS = {"kind": "sms", "name": "SMS", "values": SMS_VALUES}
SANDBOX = {"kind": "whatsapp", "sandbox": True, "name": "Ensaio"}


@pytest.mark.parametrize("body", [WHATSAPP, SMS, SANDBOX], ids=["whatsapp", "sms", "sandbox"])
async def test_connecting_answers_at_once_and_shows_no_secret(
    body: dict[str, Any], client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection
) -> None:
    headers = await sign_in_as(Role.ADMIN)
    answer = await client.post("/v1/channels", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    channel = answer.json()
    assert channel["state"] == "checking"
    for secret in ("EAAsecret-token-value", "app-secret-value", "auth-token-value"):
        assert secret not in answer.text
        row = await owner_db.fetchrow("select token, signing_secret from channel where id = $1", UUID(channel["id"]))
        assert row is not None
        assert all(secret.encode() not in (blob or b"") for blob in row)
    jobs = await owner_db.fetch("select name, payload::text as p from job where payload->>'channel_id' = $1", channel["id"])
    assert [job["name"] for job in jobs] == ["CheckChannel"]
    provider = "twilio" if body["kind"] == "sms" else "meta"
    assert f"/hooks/{provider}/{channel['id']}" in channel["webhook_url"]
    shown = (await client.get(f"/v1/channels/{channel['id']}", headers=headers)).json()
    assert {**shown, "messaging_used": None} == channel
    assert [item["id"] for item in (await client.get("/v1/channels", headers=headers)).json()["items"]] == [channel["id"]]


@pytest.mark.parametrize("role", list(ROLE_PERMISSIONS))
async def test_the_word_for_meta_is_for_who_changes_channels(
    role: Role, client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    made = (await client.post("/v1/channels", json=WHATSAPP, headers=await sign_in_as(Role.OWNER))).json()
    assert made["verify_token"]
    headers = await sign_in_as(role)
    one = (await client.get(f"/v1/channels/{made['id']}", headers=headers)).json()
    (listed,) = (await client.get("/v1/channels", headers=headers)).json()["items"]
    word = made["verify_token"] if role in {Role.OWNER, Role.ADMIN} else None
    assert one["verify_token"] == listed["verify_token"] == word


async def test_the_same_number_twice_is_a_conflict(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    headers = await sign_in_as()
    assert (await client.post("/v1/channels", json=WHATSAPP, headers=headers)).status_code == 201
    again = await client.post("/v1/channels", json=WHATSAPP, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "channel_exists")


@pytest.mark.parametrize("sender", ["5511987654321", "+55abc", "MG123", "+1"])
async def test_a_wrong_sender_is_named(sender: str, client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    answer = await client.post(
        "/v1/channels", json={**SMS, "values": {**SMS_VALUES, "sender": sender}}, headers=await sign_in_as()
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "values.sender")


async def test_new_secrets_replace_the_old_and_start_a_check(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    headers = await sign_in_as()
    before = await owner_db.fetchval("select token from channel where id = $1", channel)
    answer = await client.patch(f"/v1/channels/{channel}", json={"name": "Novo", "throughput": 20}, headers=headers)
    assert (answer.status_code, answer.json()["name"], answer.json()["throughput"]) == (200, "Novo", 20)
    assert await owner_db.fetchval("select count(*) from job where company_id = $1", owner.company_id) == 0
    answer = await client.patch(f"/v1/channels/{channel}", json={"values": {"access_token": "EAAanother"}}, headers=headers)
    assert answer.status_code == 200
    assert await owner_db.fetchval("select token from channel where id = $1", channel) != before
    assert await owner_db.fetchval("select count(*) from job where company_id = $1", owner.company_id) == 1
    wrong = await client.patch(f"/v1/channels/{channel}", json={"values": {"auth_token": "x"}}, headers=headers)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "values.auth_token")


async def test_pause_resume_archive(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    headers = await sign_in_as()
    base = f"/v1/channels/{channel}"
    assert (await client.post(f"{base}/resume", headers=headers)).json()["code"] == "channel_not_paused"
    paused = (await client.post(f"{base}/pause", headers=headers)).json()
    assert (paused["state"], paused["state_reason"]) == ("paused", "person")
    assert (await client.post(f"{base}/resume", headers=headers)).status_code == 200
    assert (await client.post(f"{base}/check", headers=headers)).status_code == 200
    campaign = await make_campaign(owner_db, owner, channel)
    used = await client.delete(base, headers=headers)
    assert (used.status_code, used.json()["code"]) == (409, "channel_in_use")
    await owner_db.execute("update campaign set state = 'finished' where id = $1", campaign)
    assert (await client.delete(base, headers=headers)).status_code == 200
    assert (await client.get(base, headers=headers)).status_code == 404
    assert await owner_db.fetchval("select token is null from channel where id = $1", channel)


async def test_who_may_do_what(
    client: httpx.AsyncClient,
    sign_in_as: SignInAs,
    headers_for: SignInAs,
    owner: Actor,
    stranger: Actor,
    owner_db: asyncpg.Connection,
) -> None:
    channel = await make_channel(owner_db, owner)
    base = f"/v1/channels/{channel}"
    assert (await client.get(base)).status_code == 401
    viewer, key = await sign_in_as(Role.VIEWER), await sign_in_as(scopes=[Permission.CHANNELS_READ])
    other = await headers_for(stranger)
    for headers in (viewer, key):
        assert (await client.get(base, headers=headers)).status_code == 200
        assert (await client.get(f"{base}/log", headers=headers)).status_code == 200
        assert (await client.post(f"{base}/pause", headers=headers)).status_code == 403
        assert (await client.post("/v1/channels", json=WHATSAPP, headers=headers)).status_code == 403
    for method, path in (
        ("GET", base),
        ("GET", f"{base}/log"),
        ("POST", f"{base}/check"),
        ("POST", f"{base}/pause"),
        ("DELETE", base),
    ):
        assert (await client.request(method, path, headers=other)).status_code == 404
        assert (await client.request(method, path.replace(str(channel), str(uuid4())), headers=other)).status_code == 404
    assert (await client.patch(base, json={"name": "x"}, headers=other)).status_code == 404
    assert (await client.get("/v1/channels", headers=other)).json()["items"] == []


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"kind": "carrier_pigeon"}, "kind", "unknown_value"),
        ({"values": {**SMS_VALUES, "colour": "blue"}}, "values.colour", "unknown_field"),
        ({"values": {**SMS_VALUES, "auth_token": ""}}, "values.auth_token", "required"),
        ({"values": {**SMS_VALUES, "account_sid": "AC1"}}, "values.account_sid", "account_sid"),
        ({"values": {**SMS_VALUES, "throughput": 5000}}, "values.throughput", "too_big"),
        ({"values": {**SMS_VALUES, "throughput": "fast"}}, "values.throughput", "wrong_type"),
        ({"values": {**SMS_VALUES, "sender": 12}}, "values.sender", "wrong_type"),
        ({"sandbox": True}, "values.account_sid", "unknown_field"),
    ],
)
async def test_what_does_not_fit_the_kinds_form_is_named(
    change: dict[str, Any], field: str, code: str, client: httpx.AsyncClient, sign_in_as: SignInAs
) -> None:
    answer = await client.post("/v1/channels", json={**SMS, **change}, headers=await sign_in_as())
    assert answer.status_code == 422, answer.text
    assert (field, code) in [(error["field"], error["code"]) for error in answer.json()["errors"]]


async def test_kinds_say_what_connecting_asks(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    answer = await client.get("/v1/channel-kinds", headers=await sign_in_as(Role.VIEWER))
    kinds = {kind["kind"]: kind for kind in answer.json()["items"]}
    assert {kind: [field["name"] for field in kinds[kind]["fields"]] for kind in kinds} == {
        "whatsapp": list(WHATSAPP_VALUES),
        "sms": [*SMS_VALUES, "throughput"],
        "voice_retell": ["api_key", "number", "throughput"],
        "voice_vapi": ["private_key", "phone_number_id", "assistant_id", "server_secret", "throughput"],
        "whatsapp_qr": [],
    }
    texts = [
        text for kind in kinds.values() for text in (kind["label"], kind["description"], *(f["label"] for f in kind["fields"]))
    ]
    assert all(text["en"] and text["pt-BR"] for text in texts)
    key = await sign_in_as(scopes=[Permission.CAMPAIGNS_READ])
    assert (await client.get("/v1/channel-kinds", headers=key)).status_code == 403
