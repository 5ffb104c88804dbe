"""A number that is connected by a code, over the API: who sees the code, and what can be asked of it."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import httpx

from db import crypto
from db.clock import now
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import SignInAs

CODE = "https://wa.me/settings/linked_devices#2@ref,noise,identity,secret,1"


async def connect(client: httpx.AsyncClient, auth: dict[str, str]) -> str:
    made = await client.post("/v1/channels", json={"kind": "whatsapp_qr", "name": "Balcão", "values": {}}, headers=auth)
    assert made.status_code == 201, made.text
    assert made.json()["webhook_url"] is None
    return f"/v1/channels/{made.json()['id']}"


async def test_the_kind_says_that_it_is_paired(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    kinds = {one["kind"]: one for one in (await client.get("/v1/channel-kinds", headers=await sign_in_as())).json()["items"]}
    assert (kinds["whatsapp_qr"]["paired"], kinds["whatsapp"]["paired"]) == (True, False)
    assert kinds["whatsapp_qr"]["fields"] == []


async def test_a_code_is_asked_for_and_shown_to_who_may_connect(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    path = await connect(client, auth)
    fresh = (await client.get(f"{path}/session", headers=auth)).json()
    assert (fresh["state"], fresh["paired"], fresh["code"]) == ("new", False, None)
    asked = await client.post(f"{path}/session/code", json={}, headers=auth)
    assert (asked.status_code, asked.json()["state"]) == (202, "pairing")
    channel_id = UUID(path.rpartition("/")[2])
    sealed = crypto.ring().seal(CODE, company_id=owner.company_id, table="qr_session", column="code", row_id=channel_id)
    show = "update qr_session set code = $2, code_kind = 'qr', code_until = $3 where id = $1"
    await owner_db.execute(show, channel_id, sealed, now() + timedelta(seconds=60))
    shown = (await client.get(f"{path}/session", headers=auth)).json()
    assert (shown["code"], shown["code_kind"]) == (CODE, "qr")
    agent = (await client.get(f"{path}/session", headers=await sign_in_as(Role.AGENT))).json()
    assert (agent["state"], agent["code"]) == ("pairing", None)
    await owner_db.execute(show, channel_id, sealed, now() - timedelta(seconds=1))
    assert (await client.get(f"{path}/session", headers=auth)).json()["code"] is None


async def test_the_same_keys_are_never_used_for_another_pairing(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    path = await connect(client, auth)
    channel_id = UUID(path.rpartition("/")[2])
    await owner_db.execute(
        "insert into qr_key(company_id, id, channel_id, kind, sealed, epoch) values ($1, $2, $2, 'creds', 'x', 1)",
        owner.company_id,
        channel_id,
    )
    await client.post(f"{path}/session/code", json={}, headers=auth)
    assert await owner_db.fetchval("select count(*) from qr_key where channel_id = $1", channel_id) == 0


async def test_who_types_signs_in_says_for_which_number(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    path = await connect(client, auth)
    wrong = await client.post(f"{path}/session/code", json={"phone": "12"}, headers=auth)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "phone")
    assert (await client.post(f"{path}/session/code", json={"phone": "+55 11 98765-4321"}, headers=auth)).status_code == 202


async def test_an_open_number_is_disconnected_before_another_code(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    path = await connect(client, auth)
    channel_id = UUID(path.rpartition("/")[2])
    await owner_db.execute("update qr_session set state = 'open', wa_jid = '5511@s.whatsapp.net' where id = $1", channel_id)
    refused = await client.post(f"{path}/session/code", json={}, headers=auth)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_open")
    gone = await client.post(f"{path}/session/log-out", headers=auth)
    assert (gone.status_code, gone.json()["state"], gone.json()["paired"]) == (202, "logged_out", False)
    assert (await client.get(path, headers=auth)).json()["state_reason"] == "session_ended"
    assert (await client.post(f"{path}/session/open", headers=auth)).json()["code"] == "code_needed"
    assert (await client.post(f"{path}/session/code", json={}, headers=auth)).status_code == 202


async def test_after_a_block_a_person_says_that_it_sends_again(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    path = await connect(client, auth)
    channel_id = UUID(path.rpartition("/")[2])
    await owner_db.execute("update qr_session set state = 'open' where id = $1", channel_id)
    await owner_db.execute("update channel set state = 'error', state_reason = 'account_locked' where id = $1", channel_id)
    assert (await client.post(f"{path}/session/open", headers=auth)).status_code == 202
    assert (await client.get(path, headers=auth)).json()["state"] == "connected"


async def test_other_channels_have_no_session(
    client: httpx.AsyncClient, sign_in_as: SignInAs, belongings: dict[str, str]
) -> None:
    path = f"/v1/channels/{belongings['channel_id']}/session"
    assert (await client.get(path, headers=await sign_in_as())).status_code == 404


async def test_nothing_is_typed_in_for_it(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    body = {"kind": "whatsapp_qr", "name": "Balcão", "values": {"token": "x"}}
    assert (await client.post("/v1/channels", json=body, headers=await sign_in_as())).status_code == 422


async def test_a_rehearsal_is_connected_by_the_simulators_phone(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    rehearsal = {"kind": "whatsapp_qr", "name": "Balcão", "sandbox": True}
    made = (await client.post("/v1/channels", json=rehearsal, headers=auth)).json()
    assert made["sandbox"] is True
    scan = f"/v1/sandbox/{made['id']}/scan"
    assert (await client.post(scan, headers=auth)).json()["code"] == "no_code"
    await owner_db.execute(
        "update qr_session set code = 'x', code_kind = 'qr', code_until = now() + interval '1 minute' where id = $1",
        UUID(made["id"]),
    )
    assert (await client.post(scan, headers=auth)).status_code == 202
    asked = "select payload->>'verb' from job where company_id = $1 and payload->>'channel_id' = $2"
    assert await owner_db.fetchval(asked, owner.company_id, made["id"]) == "scan"
    real = (await client.post("/v1/channels", json={**rehearsal, "sandbox": False, "values": {}}, headers=auth)).json()
    assert (await client.post(f"/v1/sandbox/{real['id']}/scan", headers=auth)).status_code == 404


async def test_how_a_number_behaves_is_chosen(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    path = f"{await connect(client, auth)}/session"
    fresh = (await client.get(path, headers=auth)).json()
    assert (fresh["groups"], fresh["presence"], fresh["hours"]) == ("ignore", "offline", None)
    hours = {"opens": 540, "closes": 1080, "weekdays": [4, 0, 4]}
    wanted = {"groups": "show", "presence": "team", "hours": hours}
    shown = (await client.put(path, json=wanted, headers=auth)).json()
    assert (shown["groups"], shown["presence"], shown["hours"]) == ("show", "team", hours | {"weekdays": [0, 4]})
    wrong = await client.put(path, json=wanted | {"hours": hours | {"closes": 540}}, headers=auth)
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "odd_hours")
    assert (await client.put(path, json=wanted, headers=await sign_in_as(Role.AGENT))).status_code == 403
    assert (await client.put(path, json=wanted | {"hours": None}, headers=auth)).json()["hours"] is None
