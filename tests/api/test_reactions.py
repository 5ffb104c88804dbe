"""Reactions, places and contacts over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from db.permissions import Permission, Role
from db.tenancy import Actor
from tests.api.conftest import SignInAs
from tests.api.test_interactive_replies import Scene
from tests.api.test_template_replies import refused

PLACE: dict[str, Any] = {
    "kind": "location",
    "latitude": -23.5614,
    "longitude": -46.6559,
    "name": "Loja",
    "address": "Av. Paulista",
}


@pytest.fixture
async def scene(client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await Scene(client, await sign_in_as(Role.AGENT), owner_db, owner).begin()


async def _asked(scene: Scene) -> str:
    """Where the reaction to what the person wrote is put."""
    body = {"contact_id": str(scene.person), "channel_id": str(scene.channel)}
    conversation = (await scene.client.post("/v1/conversations", json=body, headers=scene.headers)).json()["id"]
    message = await scene.db.fetchval("select id from inbound_message where channel_id = $1", scene.channel)
    return f"/v1/conversations/{conversation}/messages/{message}/reaction"


async def test_a_reaction_is_put_and_taken_back(scene: Scene) -> None:
    path = await _asked(scene)
    for _twice in range(2):
        put = await scene.client.put(path, json={"emoji": "👍"}, headers=scene.headers)
        assert put.status_code == 200
        [reaction] = put.json()["reactions"]
        assert (put.json()["direction"], reaction["direction"], reaction["emoji"], reaction["state"]) == (
            "in",
            "out",
            "👍",
            "queued",
        )
        assert reaction["author"]
    assert await scene.db.fetchval("select count(*) from message where company_id = $1", scene.owner.company_id) == 1
    entries = (await scene.client.get(path.rsplit("/messages", 1)[0] + "/entries", headers=scene.headers)).json()["items"]
    assert [one["message"]["kind"] for one in entries if one["message"] and one["message"]["direction"] == "out"] == ["reaction"]
    gone = await scene.client.delete(path, headers=scene.headers)
    assert (gone.status_code, gone.json()["reactions"]) == (200, [])


async def test_what_is_no_reaction_is_named(scene: Scene) -> None:
    path = await _asked(scene)
    for body, wrong in (({"emoji": "oi"}, "not_an_emoji"), ({"emoji": ""}, "required"), ({"emoji": "👍" * 41}, "too_long")):
        answer = await scene.client.put(path, json=body, headers=scene.headers)
        assert refused(answer) == (422, "invalid", [("emoji", wrong)])
    elsewhere = path.replace(path.split("/")[-2], str(uuid4()))
    assert refused(await scene.client.put(elsewhere, json={"emoji": "👍"}, headers=scene.headers))[:2] == (404, "not_found")


async def test_a_place_and_a_contact_stand_in_the_thread_like_those_that_come_in(scene: Scene) -> None:
    sent = (await scene.send(PLACE)).json()
    assert (sent["kind"], sent["content"]["latitude"], sent["content"]["name"]) == ("location", -23.5614, "Loja")
    sent = (await scene.send({"kind": "contact", "contact_id": str(scene.person)})).json()
    assert sent["kind"] == "contacts"
    assert [(card["name"], [one["phone"] for one in card["phones"]]) for card in sent["content"]["contacts"]] == [
        ("Pessoa 0", ["+5511900000000"])
    ]


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ({**PLACE, "latitude": 90.5}, ("content.latitude", "too_large")),
        ({**PLACE, "longitude": -181}, ("content.longitude", "too_small")),
        ({"kind": "contact", "contact_id": str(uuid4())}, ("content.contact_id", "no_such_contact")),
    ],
)
async def test_what_cannot_be_sent_is_named(scene: Scene, content: dict[str, Any], wrong: tuple[str, str]) -> None:
    status, code, fields = refused(await scene.send(content))
    assert (status, code, [path for path, _ in fields]) == (422, "invalid", [wrong[0]])


async def test_a_contact_without_a_number_or_without_the_right_to_see_it(
    scene: Scene, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    nobody: UUID = await owner_db.fetchval(
        "insert into contact(company_id, name) values ($1, 'Sem número') returning id", owner.company_id
    )
    answer = refused(await scene.send({"kind": "contact", "contact_id": str(nobody)}))
    assert answer == (422, "invalid", [("content.contact_id", "contact_without_number")])
    scene.headers = await sign_in_as(scopes=[Permission.MESSAGES_SEND])
    assert refused(await scene.send({"kind": "contact", "contact_id": str(scene.person)}))[0] == 403


async def test_sms_takes_none_of_them(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    scene = await Scene(client, await sign_in_as(Role.AGENT), owner_db, owner).begin("sms")
    for content in (PLACE, {"kind": "contact", "contact_id": str(scene.person)}):
        assert refused(await scene.send(content))[:2] == (409, "kind_not_taken")
    answer = await client.put(await _asked(scene), json={"emoji": "👍"}, headers=scene.headers)
    assert refused(answer)[:2] == (409, "reaction_not_taken")
