"""A provider that lives in one folder of tests is connected, checked, sends, and is heard: no other file knows of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from api.hooks.asgi import Hooks
from db.channels.queries import channel
from db.jobs import CheckChannel
from db.messages import answers
from db.messages.enums import MessageState
from db.messages.replies import TextReply
from db.providers import registry as definitions
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import SignInAs
from tests.api.hooks.conftest import client_of
from tests.providers.pigeon.adapter import ADAPTER
from tests.providers.pigeon.definition import PROVIDER, sign
from tests.workers.providers.peer import Peer, peer
from workers.channels import ChannelJobs
from workers.inbound import process_inbox
from workers.outgoing import Sender
from workers.providers import registry as adapters
from workers.providers.wire import Wire
from workers.sending import Lanes

WHISTLE = "tweetlong"


@pytest.fixture(autouse=True)
def pigeons() -> Iterator[None]:
    definitions.register(PROVIDER)
    adapters.register(ADAPTER)
    yield
    adapters._by_kind.pop(PROVIDER.kind)
    definitions._by_kind.pop(PROVIDER.kind)
    for webhook in PROVIDER.webhooks:
        definitions._by_source.pop(webhook.source)


class Loft:
    """The pigeons' owner: takes letters of who knows the whistle."""

    def __init__(self) -> None:
        self.letters: list[dict[str, str]] = []

    async def step(self, far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await far.read(reader)
            if f"whistle {WHISTLE}" not in head.lower():
                await far.answer(writer, 401, b"{}")
            elif head.startswith("GET /loft "):
                await far.answer(writer, 200, b'{"pigeons": 7}')
            else:
                self.letters.append(msgspec.json.decode(body))
                await far.answer(writer, 200, msgspec.json.encode({"ring": f"ring-{len(self.letters)}"}))


@pytest.fixture
async def loft() -> AsyncIterator[Loft]:
    made = Loft()
    async with peer(made.step) as server:
        ADAPTER.base = server.url
        yield made


async def connect(client: httpx.AsyncClient, auth: dict[str, str], whistle: str = WHISTLE) -> httpx.Response:
    body = {"kind": "pigeon", "name": "Pombos", "values": {"loft": "loft-1", "whistle": whistle}}
    return await client.post("/v1/channels", json=body, headers=auth)


async def test_it_shows_up_with_its_form_and_refuses_what_does_not_fit(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    kinds = {kind["kind"]: kind for kind in (await client.get("/v1/channel-kinds", headers=auth)).json()["items"]}
    assert kinds["pigeon"]["label"] == {"en": "Carrier pigeon", "pt-BR": "Pombo-correio"}
    assert [(field["name"], field["type"]) for field in kinds["pigeon"]["fields"]] == [("loft", "text"), ("whistle", "secret")]
    wrong = await connect(client, auth, whistle="T7")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "values.whistle")


async def test_a_letter_goes_out_lands_and_is_answered(
    client: httpx.AsyncClient,
    sign_in_as: SignInAs,
    hooks: Hooks,
    loft: Loft,
    database: Settings,
    owner: Actor,
    owner_db: asyncpg.Connection,
) -> None:
    made = (await connect(client, await sign_in_as())).json()
    channel_id, base = UUID(made["id"]), f"/hooks/pigeons/{made['id']}"
    assert made["webhook_url"].endswith(f"{base}/letters")
    async with Wire() as wire:
        await ChannelJobs(database, wire).check_channel(owner.company_id, CheckChannel(channel_id=channel_id))
        view = await channel(owner, channel_id)
        assert (view.state, [line.value for line in view.check]) == ("connected", ["7"])

        await factories.contacts(owner_db, owner, 1)
        contact_id, phone = await owner_db.fetchrow(
            "select contact_id, value from contact_identity where company_id = $1 and kind = 'phone'", owner.company_id
        )
        sent = await answers.send(owner, contact_id, channel_id, TextReply("Chegou!"))
        lanes = Lanes(database, Sender(database, wire))
        await lanes.run(owner.company_id, channel_id, 0)
        await lanes.drain()
    (letter,) = loft.letters
    assert (letter["to"], letter["text"]) == (phone, "Chegou!")

    async with client_of(hooks) as door:

        async def tell(path: str, told: dict[str, str], secret: str = WHISTLE) -> httpx.Response:
            body = msgspec.json.encode(told)
            return await door.post(path, content=body, headers={"x-pigeon": sign(secret, body)})

        landed = urlsplit(letter["tell"]).path
        forged = await tell(landed, {"ring": "ring-1", "is": "delivered"}, secret="another")
        assert (forged.status_code, (await door.post(landed, content=b"{}")).status_code) == (418, 418)
        answer = await tell(landed, {"ring": "ring-1", "is": "delivered"})
        assert (answer.status_code, answer.content) == (200, b"coo")
        assert (await tell(f"{base}/letters", {"ring": "ring-9", "from": phone, "text": "Obrigada"})).status_code == 200
    assert await process_inbox(owner.company_id) == 2
    state = await owner_db.fetchval("select state from message where id = $1", sent.id)
    assert state == MessageState.DELIVERED
    heard = await owner_db.fetchrow("select contact_id, body from inbound_message where channel_id = $1", channel_id)
    assert heard is not None
    assert tuple(heard) == (contact_id, "Obrigada")


async def test_a_wrong_whistle_is_an_error_of_the_channel(
    client: httpx.AsyncClient, sign_in_as: SignInAs, loft: Loft, database: Settings, owner: Actor
) -> None:
    made = (await connect(client, await sign_in_as(), whistle="wrong")).json()
    channel_id = UUID(made["id"])
    async with Wire() as wire:
        await ChannelJobs(database, wire).check_channel(owner.company_id, CheckChannel(channel_id=channel_id))
    view = await channel(owner, channel_id)
    assert (view.state, view.state_reason) == ("error", "bad_request")


def test_two_providers_do_not_share_a_name() -> None:
    for change in ({"kind": "dove"}, {"name": "doves"}, {"kind": "dove", "name": "doves"}):
        with pytest.raises(ValueError, match="collides"):
            definitions.register(msgspec.structs.replace(PROVIDER, **change))
