"""The inbox over HTTP: two people at once, cursors both ways, who is here, and what listeners are told."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest
from msgspec import UNSET

from db import event_stream, valkey
from db.contacts.actions import create_contact
from db.conversations import office_hours
from db.permissions import Permission, Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import Headers, SignInAs
from tests.db.conversations.test_conversations import PHONE, T0, Scene


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    channel = await factories.channel(owner_db, owner)
    contact = (await create_contact(owner, name="Ana Lima", phone=PHONE, tag_names=[], custom={}))["id"]
    return Scene(owner, channel, contact)


async def heard(scene: Scene) -> list[dict[str, Any]]:
    """What listeners of the company were told."""
    kept = await valkey.client().xrange(event_stream.stream_key(scene.owner.company_id))
    return [msgspec.json.decode(fields[b"e"]) for _, fields in kept]


async def test_of_two_who_answer_at_once_one_goes(
    client: httpx.AsyncClient, scene: Scene, sign_in_as: SignInAs, owner_db: asyncpg.Connection
) -> None:
    seen = str(await scene.wrote(1))
    conversation = (await scene.the()).id
    agents = [await sign_in_as(Role.AGENT) for _ in range(4)]
    path = f"/v1/conversations/{conversation}/messages"

    async def answer(auth: Headers, seen: str, key: str) -> httpx.Response:
        return await client.post(
            path, json={"content": {"kind": "text", "text": "Já olho"}, "seen": seen}, headers={**auth, "Idempotency-Key": key}
        )

    answers = await asyncio.gather(*(answer(auth, seen, f"key-{number}") for number, auth in enumerate(agents)))
    assert sorted(each.status_code for each in answers) == [202, 409, 409, 409]
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"someone_answered"}
    late = next(number for number, each in enumerate(answers) if each.status_code == 409)
    told = answers[late].json()["params"]["seen"]
    again = await answer(agents[late], told, f"key-{late}-again")
    repeated = await answer(agents[late], told, f"key-{late}-again")  # the network broke: the same once more
    assert (again.status_code, repeated.json()["id"], repeated.headers["idempotency-replayed"]) == (
        202,
        again.json()["id"],
        "true",
    )
    assert await owner_db.fetchval("select count(*) from message where company_id = $1", scene.owner.company_id) == 2


async def test_a_list_is_paged_and_filtered(client: httpx.AsyncClient, scene: Scene, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as(Role.VIEWER)
    for number in range(5):
        contact = (
            await create_contact(scene.owner, name=f"Bia {number}", phone=f"+551198765000{number}", tag_names=[], custom={})
        )["id"]
        await Scene(scene.owner, scene.channel, contact).wrote(number, key=f"m-{number}")
    names, cursor = [], None
    while True:
        page = (
            await client.get("/v1/conversations", params={"limit": 2, **({"cursor": cursor} if cursor else {})}, headers=auth)
        ).json()
        names += [row["contact_name"] for row in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert names == [f"Bia {number}" for number in (4, 3, 2, 1, 0)]
    for params, count in (
        ({"search": "bia 3"}, 1),
        ({"channel_id": str(scene.channel)}, 5),
        ({"channel_id": str(uuid4())}, 0),
        ({"view": "mine"}, 0),
        ({"view": "closed"}, 0),
        ({"label_id": str(uuid4())}, 0),
    ):
        assert len((await client.get("/v1/conversations", params=params, headers=auth)).json()["items"]) == count, params
    counts = (await client.get("/v1/conversations/counts", headers=auth)).json()
    assert counts == {"open": 5, "mine": 0, "unassigned": 5, "unread": 5, "snoozed": 0}


async def test_the_figure_of_who_answered_and_their_conversations_agree(
    client: httpx.AsyncClient, scene: Scene, sign_in_as: SignInAs, owner_db: asyncpg.Connection
) -> None:
    """Also of a person whom a later campaign brought again, and not of one whom another campaign brought."""
    auth, company = await sign_in_as(Role.VIEWER), scene.owner.company_id
    first, later = [
        await factories.campaign(owner_db, scene.owner, scene.channel, body="Oi", name=name) for name in ("Natal", "Páscoa")
    ]

    async def sent(campaign: UUID, contact: UUID, at: int) -> None:
        await owner_db.execute(
            "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, sent_at)"
            " values ($1, $2, $2, $3, $4, $5, $6, 4, $7)",
            company, scene.channel, campaign, contact, PHONE, f"{campaign}:{contact}", T0 + timedelta(minutes=at),
        )  # fmt: skip

    other = (await create_contact(scene.owner, name="Bia", phone="+5511987650001", tag_names=[], custom={}))["id"]
    silent = (await create_contact(scene.owner, name="Caio", phone="+5511987650002", tag_names=[], custom={}))["id"]
    for contact in (scene.contact, silent):
        await sent(first, contact, 0)
    await scene.wrote(1, "Quero")
    for contact in (scene.contact, other):
        await sent(later, contact, 10)
    await scene.wrote(11, "Quero também")
    await Scene(scene.owner, scene.channel, other).wrote(12, "Eu quero", key="bia")
    for campaign, names in ((first, ["Ana Lima"]), (later, ["Bia", "Ana Lima"])):
        given = {"view": "all", "campaign_id": str(campaign)}
        found = (await client.get("/v1/conversations", params=given, headers=auth)).json()["items"]
        assert [one["contact_name"] for one in found] == names
        progress = (await client.get(f"/v1/campaigns/{campaign}/progress", headers=auth)).json()
        assert progress["figures"]["replied"] == len(names)
    got = (await client.get(f"/v1/contacts/{scene.contact}/campaigns", headers=auth)).json()["items"]
    assert [(one["name"], one["replied_at"] is not None) for one in got] == [("Páscoa", True), ("Natal", True)]
    [unanswered] = (await client.get(f"/v1/contacts/{silent}/campaigns", headers=auth)).json()["items"]
    assert (unanswered["state"], unanswered["replied_at"]) == ("delivered", None)


async def test_the_thread_goes_on_from_any_entry(client: httpx.AsyncClient, scene: Scene, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as(Role.AGENT)
    for minute in range(1, 5):
        await scene.wrote(minute, str(minute))
    path = f"/v1/conversations/{(await scene.the()).id}"
    entries = (await client.get(f"{path}/entries", params={"limit": 2}, headers=auth)).json()
    assert [each["message"]["text"] for each in entries["items"]] == ["4", "3"]
    older = (await client.get(f"{path}/entries", params={"cursor": entries["items"][1]["cursor"]}, headers=auth)).json()
    assert [each["message"]["text"] for each in older["items"]] == ["2", "1"]
    note = (await client.post(f"{path}/notes", json={"body": "Cuidado"}, headers=auth)).json()
    assert (note["note"]["body"], note["note"]["author"]["name"], note["message"]) == ("Cuidado", "Pessoa agent", None)
    newer = (await client.get(f"{path}/entries", params={"after": entries["items"][0]["cursor"]}, headers=auth)).json()
    assert [each["id"] for each in newer["items"]] == [note["id"]]
    both = {"after": note["cursor"], "cursor": note["cursor"]}
    assert (await client.get(f"{path}/entries", params=both, headers=auth)).status_code == 422


async def test_a_change_on_condition_of_a_version(client: httpx.AsyncClient, scene: Scene, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as(Role.AGENT)
    await scene.wrote(1)
    path = f"/v1/conversations/{(await scene.the()).id}"
    tag = (await client.get(path, headers=auth)).headers["etag"]
    first = await client.patch(path, json={"priority": "high"}, headers={**auth, "If-Match": tag})
    assert (first.status_code, first.json()["priority"]) == (200, "high")
    assert (await client.patch(path, json={"priority": "low"}, headers={**auth, "If-Match": tag})).status_code == 412
    snoozed = await client.patch(path, json={"state": "snoozed"}, headers=auth)
    assert (snoozed.status_code, snoozed.json()["errors"][0]["field"]) == (422, "snoozed_until")


async def test_labels_stand_on_conversations(client: httpx.AsyncClient, scene: Scene, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as(Role.AGENT)
    await scene.wrote(1)
    path = f"/v1/conversations/{(await scene.the()).id}"
    label = (await client.post("/v1/labels", json={"name": "Troca", "color": "#2f6f4f"}, headers=auth)).json()
    for _ in range(2):
        put = await client.put(f"{path}/labels/{label['id']}", headers=auth)
        assert put.json()["labels"] == [{name: label[name] for name in ("id", "name", "color")}]
    counted = (await client.get("/v1/labels", params={"counted": True}, headers=auth)).json()["items"]
    assert [(each["name"], each["conversations"]) for each in counted] == [("Troca", 1)]
    found = (await client.get("/v1/conversations", params={"label_id": label["id"]}, headers=auth)).json()
    assert len(found["items"]) == 1
    assert (await client.delete(f"{path}/labels/{label['id']}", headers=auth)).json()["labels"] == []
    lines = (await client.get(f"{path}/entries", headers=auth)).json()["items"]
    assert [each["line"]["kind"] for each in lines if each["line"]] == ["unlabeled", "labeled"]


async def test_who_is_here_and_types(client: httpx.AsyncClient, scene: Scene, sign_in_as: SignInAs) -> None:
    await scene.wrote(1)
    bia, viewer = await sign_in_as(Role.AGENT), await sign_in_as(Role.VIEWER)
    path = f"/v1/conversations/{(await scene.the()).id}/presence"
    assert (await client.get(path, headers=viewer)).json()["items"] == []
    await client.post(path, json={"typing": True}, headers=bia)
    [here] = (await client.get(path, headers=viewer)).json()["items"]
    assert (here["user"]["name"], here["typing"]) == ("Pessoa agent", True)
    await client.post(path, json={}, headers=bia)
    assert [each["typing"] for each in (await client.get(path, headers=viewer)).json()["items"]] == [False]
    await client.post(path, json={"here": False}, headers=bia)
    assert (await client.get(path, headers=viewer)).json()["items"] == []
    key = await sign_in_as(scopes=[Permission.CONVERSATIONS_READ])
    assert (await client.post(path, json={}, headers=key)).json()["code"] == "people_only"


async def test_a_key_that_may_not_send_answers_nobody(client: httpx.AsyncClient, scene: Scene, sign_in_as: SignInAs) -> None:
    await scene.wrote(1)
    key = await sign_in_as(scopes=[Permission.CONVERSATIONS_READ, Permission.CONVERSATIONS_WRITE])
    path = f"/v1/conversations/{(await scene.the()).id}/messages"
    refused = await client.post(path, json={"content": {"kind": "text", "text": "Oi"}}, headers=key)
    assert (refused.status_code, refused.json()["params"]["permission"]) == (403, "messages:send")


async def test_a_message_is_told_to_who_looks(scene: Scene) -> None:
    message = await scene.wrote(1)
    conversation = (await scene.the()).id
    told = [fields[b"e"].decode() for _, fields in await valkey.client().xrange(event_stream.stream_key(scene.owner.company_id))]
    assert [each for each in told if '"conversation.updated"' in each and str(conversation) in each]
    assert [each for each in told if '"conversation.entry"' in each and str(message) in each]


async def test_a_conversation_is_opened_once(client: httpx.AsyncClient, scene: Scene, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as(Role.AGENT)
    body = {"contact_id": str(scene.contact), "channel_id": str(scene.channel)}
    made = await asyncio.gather(*(client.post("/v1/conversations", json=body, headers=auth) for _ in range(3)))
    assert {each.status_code for each in made} == {200}
    assert len({each.json()["id"] for each in made}) == 1
    assert (made[0].json()["address"], made[0].json()["last"]) == (PHONE, None)
    found = (await client.get(f"/v1/contacts/{scene.contact}/conversations", headers=auth)).json()
    assert [UUID(each["id"]) for each in found["items"]] == [(await scene.the()).id]


async def test_times_are_told(client: httpx.AsyncClient, scene: Scene, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    await scene.wrote(1)
    path = f"/v1/conversations/{(await scene.the()).id}"
    assert (await client.patch("/v1/company", json={"answer_target": 15}, headers=auth)).json()["answer_target"] == 15
    assert (await client.patch("/v1/company", json={"answer_target": 0}, headers=auth)).status_code == 422
    waits = (await client.get("/v1/conversations", params={"view": "waiting", "limit": 1}, headers=auth)).json()["items"]
    assert waits[0]["answer_due_at"] > waits[0]["waiting_since"]
    assert (waits[0]["first_reply_seconds"], waits[0]["resolution_seconds"]) == (None, None)
    body = {"content": {"kind": "text", "text": "Oi!"}}
    await client.post(f"{path}/messages", json=body, headers={**auth, "Idempotency-Key": "answer"})
    closed = (await client.patch(path, json={"state": "closed"}, headers=auth)).json()
    assert 6000 < closed["first_reply_seconds"] <= closed["resolution_seconds"] < 9000
    assert (await client.get("/v1/conversations", params={"view": "waiting"}, headers=auth)).json()["items"] == []
    again = {"content": {"kind": "text", "text": "Mais uma coisa"}}
    await client.post(f"{path}/messages", json=again, headers={**auth, "Idempotency-Key": "again"})
    told = await heard(scene)
    took = [(one["type"], one["data"]) for one in told if one["type"] in {"conversation.answered", "conversation.closed"}]
    assert [kind for kind, _data in took] == ["conversation.answered", "conversation.closed"]
    assert [data["seconds"] for _kind, data in took] == [closed["first_reply_seconds"], closed["resolution_seconds"]]
    assert {data["user_id"] for _kind, data in took} == {str(scene.owner.id)}


async def test_an_answer_on_the_phone_tells_how_long_it_took_in_office_hours(scene: Scene) -> None:
    await office_hours.change(scene.owner, enabled=True, hours=[], holidays=UNSET, away_text=UNSET)
    await scene.phoned(30)  # told before the message that it answers
    await scene.wrote(1)
    told = await heard(scene)
    [took] = [one["data"] for one in told if one["type"] == "conversation.answered"]
    assert (took["seconds"], took["office_seconds"], took["user_id"]) == (29 * 60, 0, None)
