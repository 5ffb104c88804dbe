"""Notifications at a push service: encrypted for the browser, signed by us, forgotten where they cannot arrive."""

import base64
import json
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import http_ece
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from db import crypto
from db.conversations import actions
from db.conversations.actions import Change
from db.jobs import SendPush
from db.notifications import subscriptions, vapid
from db.notifications.subscriptions import Target
from db.permissions import Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import make_member
from tests.workers.providers.peer import Peer, answering, peer
from workers.http import OutboundClient
from workers.push import PushJobs
from workers.runtime import Retry

PAGE = "https://painel.lojaaurora.com.br"
SECRET = b"0123456789abcdef"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture
async def jobs() -> AsyncIterator[PushJobs]:
    async with OutboundClient(allow_private=True) as outbound:
        yield PushJobs(PAGE, outbound)


@pytest.fixture
async def conversation_id(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    channel_id = await factories.channel(owner_db, owner)
    await factories.contacts(owner_db, owner, 1)
    contact_id = await owner_db.fetchval(
        "update contact set name = 'Maria Souza' where company_id = $1 returning id", owner.company_id
    )
    return (await actions.open_conversation(owner, contact_id, channel_id)).id


class Browser:
    """One with keys of its own, whose push service is a peer of the test."""

    def __init__(self, service: Peer) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.target = Target(f"{service.url}/send/1", _text(point), _text(SECRET))

    def read(self, body: bytes) -> dict[str, str]:
        shown: dict[str, str] = json.loads(http_ece.decrypt(body, private_key=self.key, auth_secret=SECRET, version="aes128gcm"))
        return shown


def job(owner: Actor, conversation_id: UUID) -> SendPush:
    assert owner.id is not None
    return SendPush(user_id=owner.id, kind="assigned", conversation_id=conversation_id)


async def test_a_browser_gets_what_only_it_can_read(owner: Actor, conversation_id: UUID, jobs: PushJobs) -> None:
    async with peer(answering(201)) as service:
        browser = Browser(service)
        await subscriptions.subscribe(owner, browser.target, None)
        await jobs.send_push(owner.company_id, job(owner, conversation_id))
    [(head, body)] = service.requests
    assert browser.read(body) == {
        "title": "Maria Souza",
        "body": "Uma conversa agora é sua.",
        "url": f"/inbox/{conversation_id}",
        "tag": f"conversation:{conversation_id}",
        "count": 0,
    }
    headers = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
    headers = {name.lower(): value for name, value in headers.items()}
    assert Vapid02.verify(headers["authorization"])
    token = headers["authorization"].split("t=")[1].split(",")[0]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (claims["aud"], claims["sub"]) == (service.url, PAGE)
    assert headers["authorization"].endswith("k=" + _text(vapid.public_key(crypto.ring().current)))
    assert headers["content-encoding"] == "aes128gcm"
    assert int(headers["ttl"]) > 0


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(owner: Actor, conversation_id: UUID, jobs: PushJobs, status: int) -> None:
    async with peer(answering(status)) as service:
        await subscriptions.subscribe(owner, Browser(service).target, None)
        await jobs.send_push(owner.company_id, job(owner, conversation_id))
    assert await subscriptions.subscriptions(owner) == []


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_a_service_in_trouble_is_asked_again(owner: Actor, conversation_id: UUID, jobs: PushJobs, status: int) -> None:
    async with peer(answering(status)) as service:
        await subscriptions.subscribe(owner, Browser(service).target, None)
        with pytest.raises(Retry):
            await jobs.send_push(owner.company_id, job(owner, conversation_id))
    assert len(await subscriptions.subscriptions(owner)) == 1


async def test_what_one_browser_took_rings_in_no_other_again(owner: Actor, conversation_id: UUID, jobs: PushJobs) -> None:
    async with peer(answering(201)) as well, peer(answering(503)) as ill:
        for service in (well, ill):
            await subscriptions.subscribe(owner, Browser(service).target, None)
        await jobs.send_push(owner.company_id, job(owner, conversation_id))
    assert (len(well.requests), len(ill.requests)) == (1, 1)


async def test_an_address_inside_our_network_is_never_called(owner: Actor, conversation_id: UUID) -> None:
    async with peer(answering(201)) as service, OutboundClient() as outbound:
        await subscriptions.subscribe(owner, Browser(service).target, None)
        await PushJobs(PAGE, outbound).send_push(owner.company_id, job(owner, conversation_id))
    assert service.connections == 0
    assert await subscriptions.subscriptions(owner) == []


async def test_a_subscription_under_a_key_that_left_the_ring_ends(
    owner_db: asyncpg.Connection, owner: Actor, conversation_id: UUID, jobs: PushJobs
) -> None:
    async with peer(answering(201)) as service:
        await subscriptions.subscribe(owner, Browser(service).target, None)
        await owner_db.execute("update push_subscription set server_key = 'gone' where company_id = $1", owner.company_id)
        await jobs.send_push(owner.company_id, job(owner, conversation_id))
    assert service.connections == 0
    assert await subscriptions.subscriptions(owner) == []


async def test_who_gets_a_conversation_or_is_named_is_called(
    owner_db: asyncpg.Connection, owner: Actor, conversation_id: UUID
) -> None:
    other = await make_member(owner_db, owner, Role.AGENT)
    assert owner.id is not None
    assert other.id is not None
    await actions.change(owner, conversation_id, Change(assignee_id=owner.id))  # who acts knows
    await actions.change(owner, conversation_id, Change(assignee_id=other.id))
    await actions.change(owner, conversation_id, Change(assignee_id=None))
    await actions.add_note(owner, conversation_id, "Bia, veja isto.", [other.id])
    rows = await owner_db.fetch(
        "select payload from job where company_id = $1 and name = 'SendPush' order by id", owner.company_id
    )
    called = [msgspec.json.decode(row["payload"]) for row in rows]
    assert [(one["user_id"], one["kind"]) for one in called] == [(str(other.id), "assigned"), (str(other.id), "mentioned")]


async def test_a_conversation_that_is_gone_calls_nobody(owner: Actor, jobs: PushJobs) -> None:
    async with peer(answering(201)) as service:
        await subscriptions.subscribe(owner, Browser(service).target, None)
        await jobs.send_push(owner.company_id, job(owner, UUID(int=1)))
    assert service.connections == 0
