"""A message of ours says something else, or is deleted for the person, as long as the platform takes that."""

from uuid import UUID

import asyncpg
import httpx
import pytest

from db.messages.enums import MessageState as M
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import SignInAs
from tests.api.test_interactive_replies import Scene
from tests.api.test_template_replies import refused


class Said(Scene):
    """Over a number that is connected by a code somebody was answered."""

    path = ""

    async def say(self) -> "Said":
        body = {"contact_id": str(self.person), "channel_id": str(self.channel)}
        conversation = (await self.client.post("/v1/conversations", json=body, headers=self.headers)).json()["id"]
        self.base = f"/v1/conversations/{conversation}"
        sent = (await self.send({"kind": "text", "text": "Chega amanha"})).json()
        self.id = UUID(sent["id"])
        self.path = f"{self.base}/messages/{self.id}"
        return self

    async def went(self, ago: str = "1 minute", state: M = M.DELIVERED) -> None:
        await self.db.execute(
            "update message set state = $2, provider_id = 'OURS', sent_at = now() - $3::text::interval where id = $1",
            self.id, int(state), ago,
        )  # fmt: skip

    async def now_says(self, text: str) -> httpx.Response:
        return await self.client.put(f"{self.path}/text", json={"text": text}, headers=self.headers)

    async def delete(self) -> httpx.Response:
        return await self.client.delete(self.path, headers=self.headers)


@pytest.fixture
async def said(client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor) -> Said:
    made = Said(client, await sign_in_as(Role.AGENT), owner_db, owner)
    await made.begin("whatsapp_qr")
    return await made.say()


async def test_a_text_is_changed_and_then_deleted(said: Said) -> None:
    await said.went()
    found = (await said.now_says(" Chega amanhã ")).json()
    assert (found["text"], found["changed"]["text"], found["changed"]["state"]) == ("Chega amanha", "Chega amanhã", "queued")
    assert found["reactions"] == []
    found = (await said.delete()).json()
    assert found["changed"]["deleted_at"] is not None
    assert refused(await said.now_says("Mais"))[:2] == (409, "nothing_to_change")
    rows = await said.db.fetch(
        "select content->>'body' as body, state, at_least_once from message where reacts_to = 'OURS' and company_id = $1 order by id",
        said.owner.company_id,
    )
    assert [tuple(row) for row in rows] == [("Chega amanhã", M.CANCELLED, True), (None, M.QUEUED, True)]
    items = (await said.client.get(f"{said.base}/entries", headers=said.headers)).json()["items"]
    shown = next(one["message"] for one in items if one["message"] and one["message"]["id"] == str(said.id))
    assert shown["changed"]["deleted_at"] is not None


async def test_one_that_did_not_go_changed_nothing(said: Said) -> None:
    await said.went()
    await said.now_says("Outra coisa")
    await said.db.execute(f"update message set state = {M.FAILED}, reason = 'bad_request' where reacts_to = 'OURS'")
    shown = (await said.client.get(f"/v1/messages/{said.id}", headers=said.headers)).json()
    assert (shown["changed"]["text"], shown["changed"]["state"], shown["changed"]["reason"]) == (None, "failed", "bad_request")


async def test_what_cannot_be_changed_says_why(said: Said) -> None:
    assert refused(await said.now_says("Oi"))[:2] == (409, "nothing_to_change")  # it is not sent yet
    await said.went("16 minutes")
    assert refused(await said.now_says("Oi"))[:2] == (409, "change_too_late")
    assert refused(await said.now_says("  "))[:2] == (422, "invalid")
    assert (await said.delete()).status_code == 200
    await said.db.execute("delete from attempt where company_id = $1", said.owner.company_id)
    await said.db.execute("delete from message where reacts_to = 'OURS'")
    await said.went("61 hours")
    assert refused(await said.delete())[:2] == (409, "change_too_late")
    await said.db.execute("update channel set kind = 'whatsapp' where id = $1", said.channel)
    assert refused(await said.delete())[:2] == (409, "change_not_taken")


async def test_what_the_person_changed_stands_at_their_message_and_nobody_elses(said: Said) -> None:
    theirs = await said.db.fetchrow("select id, provider_id from inbound_message where channel_id = $1", said.channel)
    assert theirs is not None
    other = await said.db.fetchval(
        "insert into contact(company_id, name) values ($1, 'Outra') returning id", said.owner.company_id
    )
    for contact, name, text in ((said.person, "E1", "Corrigido"), (other, "E2", "Alheio")):
        await said.db.execute(
            "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, context_provider_id, received_at)"
            " values ($1, $2, $3, $4, '+5511', 'edit', jsonb_build_object('kind', 'edit', 'content', jsonb_build_object('text', $5::text)), $6, now())",
            said.owner.company_id, said.channel, contact, name, text, theirs["provider_id"],
        )  # fmt: skip
    items = (await said.client.get(f"{said.base}/entries", headers=said.headers)).json()["items"]
    shown = next(one["message"] for one in items if one["message"] and one["message"]["id"] == str(theirs["id"]))
    assert (shown["changed"]["text"], shown["changed"]["state"]) == ("Corrigido", None)
