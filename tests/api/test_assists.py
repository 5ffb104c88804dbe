"""What agents ask for, over HTTP: an id at once, the same answer for the same question, and nobody else's texts."""

from uuid import UUID

import asyncpg
import httpx

from db.permissions import Permission, Role
from db.tenancy import Actor
from tests.api.conftest import SignInAs


async def test_asking_answers_at_once_and_the_same_question_is_one(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, belongings: dict[str, str], sign_in_as: SignInAs
) -> None:
    path = f"/v1/conversations/{belongings['conversation_id']}/assist"
    auth = await sign_in_as()
    made = await client.post(path, json={"what": "next"}, headers=auth)
    assert (made.status_code, made.json()["state"], made.json()["language"]) == (201, "waiting", "pt-BR")
    assert (await client.get(f"{path}/{made.json()['id']}", headers=auth)).json() == made.json()
    again = await client.post(path, json={"what": "next"}, headers=auth)
    assert again.json()["id"] == made.json()["id"], "two presses are one question"
    drafts = {(await client.post(path, json={"what": "draft"}, headers=auth)).json()["id"] for _ in range(2)}
    assert len(drafts) == 2, "a draft is another one each time"
    under_a_key = {**auth, "Idempotency-Key": "once"}
    kept = {(await client.post(path, json={"what": "draft"}, headers=under_a_key)).json()["id"] for _ in range(2)}
    assert len(kept) == 1
    waiting = await owner_db.fetchval("select count(*) from job where company_id = $1 and name = 'RunAssist'", owner.company_id)
    assert waiting == 4
    listed = (await client.get(path, params={"what": "next", "limit": 1}, headers=auth)).json()
    assert [one["id"] for one in listed["items"]] == [made.json()["id"]]
    stopped = await client.delete(f"{path}/{made.json()['id']}", headers=auth)
    assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")


async def test_who_only_reads_asks_nothing_and_sees_nothing(
    client: httpx.AsyncClient, belongings: dict[str, str], sign_in_as: SignInAs
) -> None:
    path = f"/v1/conversations/{belongings['conversation_id']}/assist"
    for auth in (await sign_in_as(Role.VIEWER), await sign_in_as(scopes=[Permission.CONVERSATIONS_READ])):
        assert (await client.post(path, json={"what": "draft"}, headers=auth)).status_code == 403
        assert (await client.get(path, headers=auth)).status_code == 403
    draft = await client.post(path, json={"what": "draft"}, headers=await sign_in_as())
    agent = await sign_in_as(Role.AGENT)
    assert (await client.get(f"{path}/{draft.json()['id']}", headers=agent)).status_code == 404
    assert not [
        one for one in (await client.get(path, headers=agent)).json()["items"] if UUID(one["id"]) == UUID(draft.json()["id"])
    ]
    nothing = await client.post(path, json={"what": "shorter"}, headers=agent)
    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (422, "text")
