"""A template for one person: the way on when the 24-hour window is closed, filled as campaigns fill it."""

import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from db.channels.secrets import load_channel
from db.contacts import consent
from db.messages.ledger import Claimed
from db.permissions import Permission, Role
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import read, work
from tests import factories
from tests.api.conftest import Headers, SignInAs
from tests.api.test_messages import PHONE, came
from workers.outgoing import Composer

TEXT = [{"placeholder": "1", "source": "first_name", "fallback": "cliente"}, {"placeholder": "2", "source": "custom.cidade"}]


class Scene:
    """An agent and Pessoa 0 of Niterói, over a WhatsApp number with a template of two places."""

    def __init__(self, client: httpx.AsyncClient, headers: Headers, db: asyncpg.Connection, owner: Actor) -> None:
        self.client, self.headers, self.db, self.owner = client, headers, db, owner
        self.channel = self.person = self.template = owner.company_id

    async def begin(self, kind: str = "whatsapp") -> "Scene":
        self.channel = await factories.channel(self.db, self.owner, kind)
        await factories.contacts(self.db, self.owner, 1)
        self.person = await self.db.fetchval("select id from contact where company_id = $1", self.owner.company_id)
        templates_of = self.channel if kind == "whatsapp" else await factories.channel(self.db, self.owner)
        self.template = await factories.template(self.db, self.owner, templates_of)
        return self

    async def conversation(self) -> str:
        body = {"contact_id": str(self.person), "channel_id": str(self.channel)}
        return str((await self.client.post("/v1/conversations", json=body, headers=self.headers)).json()["id"])

    async def send(self, bindings: list[dict[str, str]] = TEXT, template: UUID | None = None) -> httpx.Response:
        content = {"kind": "template", "template_id": str(template or self.template), "bindings": bindings}
        path = f"/v1/conversations/{await self.conversation()}/messages"
        return await self.client.post(path, json={"content": content}, headers=self.headers)

    async def preview(self, bindings: list[dict[str, str]] = TEXT) -> httpx.Response:
        path = f"/v1/conversations/{await self.conversation()}/template-preview"
        body = {"template_id": str(self.template), "bindings": bindings}
        return await self.client.post(path, json=body, headers=self.headers)


@pytest.fixture
async def scene(client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await Scene(client, await sign_in_as(Role.AGENT), owner_db, owner).begin()


def refused(answer: httpx.Response) -> tuple[int, str, list[tuple[str, str]]]:
    problem = answer.json()
    return answer.status_code, problem["code"], [(one["field"], one["code"]) for one in problem.get("errors", [])]


async def test_a_template_goes_when_the_window_is_closed_and_reads_as_the_person_sees_it(
    scene: Scene, database: Settings
) -> None:
    path = f"/v1/contacts/{scene.person}/reply-channels"
    [way] = (await scene.client.get(path, headers=scene.headers)).json()["items"]
    assert (way["obstacle"], way["template_obstacle"], way["opted_out"]) == ("window_closed", None, False)
    text = {"content": {"kind": "text", "text": "Oi"}}
    free = await scene.client.post(f"/v1/conversations/{await scene.conversation()}/messages", json=text, headers=scene.headers)
    assert refused(free)[:2] == (409, "window_closed")

    shown = (await scene.preview()).json()
    assert shown["body"] == "Oi Pessoa, tem novidade em Niterói!"
    assert shown["values"] == [{"placeholder": "1", "value": "Pessoa"}, {"placeholder": "2", "value": "Niterói"}]
    sent = await scene.send()
    assert sent.status_code == 202
    message = sent.json()
    assert (message["kind"], message["text"], message["footer"]) == ("template", shown["body"], shown["footer"])
    entries = (await scene.client.get(f"/v1/conversations/{await scene.conversation()}/entries", headers=scene.headers)).json()
    assert [one["message"]["text"] for one in entries["items"] if one["message"]] == [shown["body"]]

    row = await scene.db.fetchrow("select * from message where id = $1", UUID(message["id"]))
    claimed = Claimed(row["id"], 1, uuid4(), None, scene.person, PHONE, 1, 0, list(row["params"]), row["content"])
    async with read(worker(scene.owner.company_id), Permission.CHANNELS_READ) as r:
        channel = await load_channel(r, scene.channel)
    assert channel is not None
    name = await scene.db.fetchval("select name from template where id = $1", scene.template)
    parameters = [{"type": "text", "text": "Pessoa"}, {"type": "text", "text": "Niterói"}]
    assert json.loads(Composer(database, channel, None).compose(claimed)) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PHONE,
        "type": "template",
        "template": {
            "name": name,
            "language": {"code": "pt_BR"},
            "components": [{"type": "body", "parameters": parameters}],
        },
        "biz_opaque_callback_data": str(claimed.attempt_id),
    }


async def test_what_nothing_fills_is_named(scene: Scene) -> None:
    await scene.db.execute("update contact set custom = '{}', name = '' where id = $1", scene.person)
    shown = (await scene.preview()).json()
    assert shown["body"] == "Oi cliente, tem novidade em {{2}}!"
    assert shown["values"][1] == {"placeholder": "2", "value": ""}
    assert refused(await scene.send()) == (422, "invalid", [("content.bindings", "value_missing")])
    assert refused(await scene.send([])) == (422, "invalid", [("content.bindings", "value_missing")] * 2)
    written = [{"placeholder": "1", "source": "constant", "fallback": "Ana"}, {**TEXT[1], "fallback": "sua  cidade"}]
    assert (await scene.send(written)).json()["text"] == "Oi Ana, tem novidade em sua cidade!"
    unknown = [{"placeholder": "1", "source": "custom.cor"}]
    assert refused(await scene.preview(unknown))[2] == [("bindings[0].source", "unknown_contact_field")]
    assert refused(await scene.send(unknown))[2] == [("content.bindings[0].source", "unknown_contact_field")]


async def test_only_an_approved_template_of_the_channel_goes(scene: Scene, stranger: Actor) -> None:
    waiting = await factories.template(scene.db, scene.owner, scene.channel, status="pending")
    not_approved = (422, "invalid", [("content.template_id", "template_not_approved")])
    assert refused(await scene.send(template=waiting)) == not_approved
    other = await factories.template(scene.db, scene.owner, await factories.channel(scene.db, scene.owner))
    theirs = await factories.template(scene.db, stranger, await factories.channel(scene.db, stranger))
    for template in (other, theirs, uuid4()):
        assert refused(await scene.send(template=template)) == (422, "invalid", [("content.template_id", "template_unknown")])


async def test_who_said_stop_gets_no_marketing_whatever_they_wrote_since(scene: Scene) -> None:
    async with work(scene.owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [scene.person], "keyword")
    assert refused(await scene.send())[:2] == (409, "marketing_refused")
    await came(scene.db, scene.owner, scene.channel, scene.person, ago="-1 second")
    assert refused(await scene.send())[:2] == (409, "marketing_refused")
    await scene.db.execute("update template set category = 'utility' where id = $1", scene.template)
    assert (await scene.send()).status_code == 202
    await scene.db.execute("delete from inbound_message where contact_id = $1", scene.person)
    [way] = (await scene.client.get(f"/v1/contacts/{scene.person}/reply-channels", headers=scene.headers)).json()["items"]
    assert (way["obstacle"], way["template_obstacle"], way["opted_out"]) == ("opted_out", None, True)
    assert (await scene.send()).status_code == 202


async def test_marketing_does_not_go_where_it_does_not_arrive(scene: Scene) -> None:
    await scene.db.execute(
        "update contact_identity set value = '+12125550123', region = 'US' where contact_id = $1", scene.person
    )
    assert refused(await scene.send())[:2] == (409, "country_unreached")
    await scene.db.execute("update template set category = 'utility' where id = $1", scene.template)
    sent = await scene.send()
    assert sent.status_code == 202
    await scene.db.execute(
        "update message set state = 6, content = jsonb_set(content, '{category}', '\"marketing\"') where id = $1",
        UUID(sent.json()["id"]),
    )
    path = f"/v1/conversations/{await scene.conversation()}/messages/{sent.json()['id']}/send-again"
    again = await scene.client.post(path, json={}, headers=scene.headers)
    assert refused(again)[:2] == (409, "country_unreached")
    found = (await scene.client.get("/v1/unreached-countries", headers=scene.headers)).json()["items"]
    assert [(one["country"], one["category"], one["source"][:4]) for one in found] == [("US", "marketing", "Meta")]


async def test_over_sms_a_template_is_the_text_that_it_shows(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    scene = await Scene(client, await sign_in_as(Role.AGENT), owner_db, owner).begin("sms")
    sent = (await scene.send()).json()
    text = "Oi Pessoa, tem novidade em Niterói!\n\nResponda SAIR para não receber"
    assert (sent["kind"], sent["text"], sent["footer"]) == ("text", text, None)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [scene.person], "keyword")
    await owner_db.execute("update template set category = 'utility' where id = $1", scene.template)
    assert refused(await scene.send())[:2] == (409, "opted_out")


LINKED = [
    {"type": "HEADER", "format": "TEXT", "text": "Loja Aurora"},
    {"type": "BODY", "text": "Oi {{1}}, seu pedido saiu."},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Obrigada"},
            {"type": "URL", "text": "Acompanhar", "url": "https://loja.example/p/{{1}}"},
            {"type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "+551130000000"},
            {"type": "COPY_CODE", "text": "Copiar cupom", "example": ["AURORA"]},
        ],
    },
]


async def test_over_sms_the_addresses_of_buttons_are_read_and_files_are_refused(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    scene = await Scene(client, await sign_in_as(Role.AGENT), owner_db, owner).begin("sms")
    number = await factories.channel(owner_db, owner)
    scene.template = await factories.template(owner_db, owner, number, components=LINKED)
    bindings = [
        TEXT[0],
        {"placeholder": "button.1.1", "source": "constant", "fallback": "4512"},
        {"placeholder": "button.3.1", "source": "constant", "fallback": "NATAL10"},
    ]
    text = (
        "Loja Aurora\n\nOi Pessoa, seu pedido saiu.\n\n"
        "Acompanhar: https://loja.example/p/4512\nLigar: +551130000000\nCopiar cupom: NATAL10"
    )
    shown = (await scene.preview(bindings)).json()
    assert (shown["header"], shown["body"], shown["footer"], shown["buttons"]) == (None, text, None, [])
    assert (await scene.send(bindings)).json()["text"] == text
    for form in ("IMAGE", "VIDEO", "DOCUMENT", "LOCATION"):
        components = [{"type": "HEADER", "format": form}, LINKED[1]]
        scene.template = await factories.template(owner_db, owner, number, components=components)
        for answer in (await scene.preview(TEXT[:1]), await scene.send(TEXT[:1])):
            assert refused(answer)[:2] == (409, "template_not_text")


async def test_a_code_for_signing_in_is_no_link_over_sms(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    scene = await Scene(client, await sign_in_as(Role.AGENT), owner_db, owner).begin("sms")
    number = await factories.channel(owner_db, owner)
    url = {"type": "URL", "text": "Copiar", "url": "https://www.whatsapp.com/otp/code/?code=otp{{1}}"}
    components = [{"type": "BODY", "text": "{{1}} é o seu código."}, {"type": "BUTTONS", "buttons": [url]}]
    scene.template = await factories.template(owner_db, owner, number, components=components)
    await owner_db.execute("update template set category = 'authentication' where id = $1", scene.template)
    sent = await scene.send([{"placeholder": "1", "source": "constant", "fallback": "4512"}])
    assert sent.json()["text"] == "4512 é o seu código."


async def test_a_template_quotes_nothing(scene: Scene) -> None:
    body: dict[str, Any] = {"content": {"kind": "template", "template_id": str(scene.template), "bindings": TEXT}}
    path = f"/v1/conversations/{await scene.conversation()}/messages"
    answer = await scene.client.post(path, json={**body, "reply_to": str(uuid4())}, headers=scene.headers)
    assert refused(answer)[:2] == (409, "reply_to_not_taken")
