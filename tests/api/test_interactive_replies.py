"""Buttons and lists: as they are written, as they stand in the thread, and what is refused; pressing them on the simulator's phone."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from db import queue
from db.jobs import SandboxControl
from db.permissions import Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import Headers, SignInAs
from tests.api.test_messages import PHONE, came
from tests.api.test_template_replies import refused

BUTTONS: dict[str, Any] = {"kind": "buttons", "text": " Qual cor? ", "buttons": [{"title": "Azul"}, {"title": " Verde "}]}
LIST: dict[str, Any] = {
    "kind": "list",
    "text": "Que tamanho?",
    "button": "Ver tamanhos",
    "rows": [{"title": "M", "description": "Azul"}, {"title": "G", "description": " "}],
}


class Scene:
    def __init__(self, client: httpx.AsyncClient, headers: Headers, db: asyncpg.Connection, owner: Actor) -> None:
        self.client, self.headers, self.db, self.owner = client, headers, db, owner
        self.channel = self.person = owner.company_id

    async def begin(self, kind: str = "whatsapp") -> "Scene":
        self.channel = await factories.channel(self.db, self.owner, kind)
        await factories.contacts(self.db, self.owner, 1)
        self.person = await self.db.fetchval("select id from contact where company_id = $1", self.owner.company_id)
        await came(self.db, self.owner, self.channel, self.person)
        return self

    async def send(self, content: dict[str, Any]) -> httpx.Response:
        body = {"contact_id": str(self.person), "channel_id": str(self.channel), "content": content}
        return await self.client.post("/v1/messages", json=body, headers=self.headers)

    async def press(self, message_id: str, option: int, address: str = PHONE) -> httpx.Response:
        body = {"address": address, "answers": message_id, "option": option}
        return await self.client.post(f"/v1/sandbox/{self.channel}/reply", json=body, headers=self.headers)


@pytest.fixture
async def scene(client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await Scene(client, await sign_in_as(Role.AGENT), owner_db, owner).begin()


async def test_buttons_and_lists_stand_in_the_thread_as_they_were_written(scene: Scene) -> None:
    sent = (await scene.send(BUTTONS)).json()
    assert (sent["kind"], sent["text"], sent["buttons"], sent["rows"]) == ("buttons", "Qual cor?", ["Azul", "Verde"], [])
    sent = (await scene.send(LIST)).json()
    rows = [{"title": "M", "description": "Azul"}, {"title": "G", "description": None}]
    assert (sent["kind"], sent["text"], sent["buttons"], sent["rows"]) == ("list", "Que tamanho?", ["Ver tamanhos"], rows)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ({**BUTTONS, "buttons": []}, [("content.buttons", "required")]),
        ({**BUTTONS, "buttons": [{"title": str(n)} for n in range(4)]}, [("content.buttons", "too_many")]),
        ({**BUTTONS, "buttons": [{"title": "x" * 21}]}, [("content.buttons[0].title", "too_long")]),
        ({**BUTTONS, "buttons": [{"title": "Azul"}, {"title": " Azul"}]}, [("content.buttons[1].title", "title_twice")]),
        ({**BUTTONS, "buttons": [{"title": "  "}]}, [("content.buttons[0].title", "required")]),
        ({**BUTTONS, "text": "  "}, [("content.text", "required")]),
        ({**BUTTONS, "text": "x" * 1025}, [("content.text", "too_long")]),
        ({**LIST, "rows": [{"title": str(n)} for n in range(11)]}, [("content.rows", "too_many")]),
        ({**LIST, "rows": [{"title": "M"}, {"title": "M"}]}, [("content.rows[1].title", "title_twice")]),
        ({**LIST, "rows": [{"title": "M", "description": "x" * 73}]}, [("content.rows[0].description", "too_long")]),
        ({**LIST, "button": "x" * 21}, [("content.button", "too_long")]),
    ],
)
async def test_what_whatsapp_would_refuse_is_named(scene: Scene, content: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    assert refused(await scene.send(content)) == (422, "invalid", wrong)


async def test_sms_takes_neither(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    scene = await Scene(client, await sign_in_as(Role.AGENT), owner_db, owner).begin("sms")
    for content in (BUTTONS, LIST):
        assert refused(await scene.send(content))[:2] == (409, "kind_not_taken")
    kinds = {
        one["kind"]: one["capabilities"] for one in (await client.get("/v1/channel-kinds", headers=scene.headers)).json()["items"]
    }
    assert set(kinds["whatsapp"]["reply_kinds"]) - set(kinds["sms"]["reply_kinds"]) >= {"buttons", "list"}


async def test_what_is_pressed_on_the_phone_names_the_message(scene: Scene) -> None:
    asked: list[dict[str, Any]] = []
    for number, content in enumerate((BUTTONS, LIST)):
        message_id = (await scene.send(content)).json()["id"]
        assert refused(await scene.press(message_id, 1))[:2] == (404, "not_found"), "it is not on the phone yet"
        await scene.db.execute(
            "update message set state = 3, provider_id = $2 where id = $1", UUID(message_id), f"wamid.{number}"
        )
        assert (await scene.press(message_id, 1)).status_code == 202
        assert refused(await scene.press(message_id, 2))[2] == [("option", "unknown_value")]
        assert refused(await scene.press(message_id, 1, "+5511900000001"))[:2] == (404, "not_found")
    rows = await scene.db.fetch(
        "select payload::text from job where company_id = $1 and name = 'SandboxControl'", scene.owner.company_id
    )
    for row in rows:
        job = queue.decode(row["payload"])
        assert isinstance(job, SandboxControl)
        asked.append(dict(job.params))
    assert sorted(asked, key=lambda one: one["target"]) == [
        {"address": PHONE, "kind": "button_reply", "target": "wamid.0", "text": "Verde", "option": "2", "description": ""},
        {"address": PHONE, "kind": "list_reply", "target": "wamid.1", "text": "G", "option": "2", "description": ""},
    ]


async def test_a_quick_reply_keeps_buttons_that_can_be_sent(scene: Scene) -> None:
    async def kept(**body: Any) -> httpx.Response:
        body = {"shortcut": "cor", "text": " Qual cor? ", "buttons": BUTTONS["buttons"], **body}
        return await scene.client.post("/v1/quick-replies", json=body, headers=scene.headers)

    for wrong, where, code in (
        ({"buttons": [{"title": "Azul"}, {"title": "Azul "}]}, "buttons[1].title", "title_twice"),
        ({"buttons": [{"title": " "}]}, "buttons[0].title", "required"),
        ({"text": "x" * 1025}, "text", "too_long"),
    ):
        refused = (await kept(**wrong)).json()
        assert [(one["field"], one["code"]) for one in refused["errors"]] == [(where, code)]
    made = (await kept()).json()
    assert (made["text"], made["buttons"]) == ("Qual cor?", [{"title": "Azul"}, {"title": "Verde"}])
    path = f"/v1/quick-replies/{made['id']}"
    refused = await scene.client.patch(path, json={"text": "x" * 1025}, headers={**scene.headers, "If-Match": "*"})
    assert refused.status_code == 422
    bare = await scene.client.patch(path, json={"text": "x" * 1025, "buttons": []}, headers={**scene.headers, "If-Match": "*"})
    assert bare.json()["buttons"] == []
    assert (await kept(shortcut="longo", text="x" * 4096, buttons=[])).status_code == 201
