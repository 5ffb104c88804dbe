"""The connection to Kommo over the API: secrets stay, rights bound who sends what, and whoever calls the address is not believed."""

from typing import Any

import asyncpg
import httpx
import pytest

from db.crypto import digest
from db.permissions import Permission, Role
from db.tenancy import Actor
from tests.api.conftest import SignInAs
from tests.api.test_borrowed_rights import new_key

PATH = "/v1/integrations/kommo"
TOKEN: dict[str, Any] = {"way": "token", "host": "https://lojaaurora.kommo.com/leads/", "token": "secret-token-1234"}


async def test_a_token_is_kept_and_never_shown(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    made = (await client.put(PATH, json=TOKEN, headers=auth)).json()
    assert (made["host"], made["state"], made["version"]) == ("lojaaurora.kommo.com", "checking", 1)
    for where in (PATH, "/v1/audit", f"{PATH}/tasks"):
        assert "secret-token-1234" not in (await client.get(where, headers=auth)).text
    assert await owner_db.fetchval("select count(*) from job where name = 'CheckKommo'") >= 1
    assert (await client.delete(PATH, headers=auth)).status_code == 204
    assert (await client.get(PATH, headers=auth)).json()["way"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"host": "evil.test"}, "host"), ({"token": ""}, "token"), ({"token": "two words"}, "token"), ({"way": "oauth"}, "code")],
)
async def test_what_can_never_work_is_refused_where_it_stands(
    client: httpx.AsyncClient, sign_in_as: SignInAs, changes: dict[str, str], field: str
) -> None:
    refused = await client.put(PATH, json=TOKEN | changes, headers=await sign_in_as())
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == [field]


async def test_a_key_pushes_with_the_rights_of_what_it_pushes(
    client: httpx.AsyncClient, sign_in_as: SignInAs, belongings: dict[str, str]
) -> None:
    auth = await sign_in_as()
    _, key = await new_key(client, auth, Permission.CONTACTS_WRITE)
    pushed = await client.post(f"{PATH}/push-contact", json={"contact_id": belongings["contact_id"]}, headers=key)
    again = await client.post(f"{PATH}/push-contact", json={"contact_id": belongings["contact_id"]}, headers=key)
    assert (pushed.status_code, pushed.json()["state"]) == (202, "waiting")
    assert again.json()["id"] == pushed.json()["id"]
    note = {"lead_id": belongings["lead_id"], "text": "Ligar"}
    assert (await client.post(f"{PATH}/push-lead-note", json=note, headers=key)).status_code == 403
    assert (await client.get(PATH, headers=key)).status_code == 403
    assert (await client.get(f"{PATH}/tasks", headers=await sign_in_as(Role.AGENT))).status_code == 403


async def test_a_rule_does_nothing_that_who_sets_it_may_not(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as(picked=[Permission.INTEGRATIONS_READ, Permission.INTEGRATIONS_WRITE])
    assert (await client.put(PATH, json=TOKEN, headers=auth)).status_code == 200
    for rule in ("push_contacts", "push_leads", "push_notes", "take_contacts", "take_leads"):
        refused = await client.patch(PATH, json={rule: True}, headers=auth)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), rule
    assert (await client.patch(PATH, json={"push_contacts": True}, headers=await sign_in_as())).status_code == 200
    assert (await client.patch(PATH, json={"push_contacts": True, "push_notes": False}, headers=auth)).status_code == 200
    assert (await client.put(PATH, json=TOKEN | {"host": "mine.kommo.com"}, headers=auth)).status_code == 403
    assert (await client.put(PATH, json=TOKEN, headers=auth)).status_code == 200


async def test_whoever_calls_the_address_is_answered_and_not_believed(
    client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await owner_db.execute(
        "insert into kommo_connection(company_id, id, way, host, hook_hash, hook_token, state, account_id, take_leads)"
        " values ($1, $1, 'token', 'aurora.kommo.com', $2, '', 'ready', 7, true)",
        owner.company_id,
        digest("a-token"),
    )

    async def call(token: str, body: str) -> int:
        form = {"content-type": "application/x-www-form-urlencoded"}
        return (await client.post(f"/v1/hooks/kommo/{token}", content=body, headers=form)).status_code

    told = "account[id]=7&account[subdomain]=aurora&leads[status][0][id]=20&leads[status][0][status_id]=142"
    assert await call("another", told) == 404
    assert await call("a-token", told.replace("[id]=7", "[id]=8")) == 403
    assert await call("a-token", told.replace("=aurora", "=other")) == 403
    assert await call("a-token", told) == 200
    assert await call("a-token", told) == 200
    assert await call("a-token", "&".join(f"a{number}=1" for number in range(6000))) == 400
    rows = await owner_db.fetch("select kind, kommo_id, state from kommo_task where company_id = $1", owner.company_id)
    assert [tuple(row) for row in rows] == [("take_lead", 20, "waiting")]
