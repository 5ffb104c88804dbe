"""Webhooks on the wire: signed, in order for each entity, repeated by the schedule, and one endpoint never in the way of another's."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.accounts.enums import MailTemplate
from db.channels.events import ChannelChanged
from db.contacts.events import ContactsChanged
from db.event_consumers import take
from db.messages.events import MessageReceived
from db.permissions import Permission, Role
from db.tenancy import Actor, worker
from db.webhooks import deliveries, endpoints, replay
from db.webhooks.endpoints import Endpoint, Secrets
from db.webhooks.enums import OffBecause, WebhookType
from db.work import work
from tests import factories
from tests.api.conftest import make_member
from tests.workers.providers.peer import Peer, answering, peer, reset
from workers.hook_wire import HookWire
from workers.webhooks import Deliverer, read_events

T = WebhookType


@pytest.fixture
async def deliverer() -> AsyncIterator[Deliverer]:
    async with HookWire(allow_private=True) as wire:
        yield Deliverer(wire)


async def made(actor: Actor, url: str, *types: WebhookType, legacy: bool = False) -> tuple[Endpoint, Secrets]:
    chosen = list(types) or [T.CONTACT_CHANGED]
    return await endpoints.create(actor, url, "Loja", chosen, legacy_signature=legacy, local=True)


async def tell(actor: Actor, *events: ContactsChanged | ChannelChanged | MessageReceived) -> None:
    """Something happens, and every consumer of the company has read it."""
    async with work(actor, Permission.COMPANY_READ) as w:
        for event in events:
            w.emit(event)
    for endpoint in await endpoints.endpoints(actor):
        async with work(worker(actor.company_id), Permission.EVENTS_READ) as w:
            await read_events(w, str(endpoint.id), await take(w, f"webhooks:{endpoint.id}"))


async def deliver(deliverer: Deliverer) -> None:
    """Everything that is due now, and what becomes due by it."""
    await deliverer.round()
    await deliverer.idle()


async def make_due(owner_db: asyncpg.Connection, endpoint_id: UUID) -> None:
    """Time passes: every next try is due, and the endpoint is no longer left alone."""
    await owner_db.execute(
        "update webhook_delivery set next_at = now() where endpoint_id = $1 and state in ('waiting', 'sending')", endpoint_id
    )
    await owner_db.execute("update webhook_endpoint set due_at = now(), paused_until = null where id = $1", endpoint_id)


async def states(owner_db: asyncpg.Connection, endpoint_id: UUID) -> list[str]:
    rows = await owner_db.fetch("select state from webhook_delivery where endpoint_id = $1 order by sequence, id", endpoint_id)
    return [row["state"] for row in rows]


def raw_headers(head: str) -> dict[str, str]:
    pairs = (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    return {name.lower(): value for name, value in pairs}


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """By the text of Standard Webhooks 1.0, and by none of our code."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(one == f"v1,{expected}" for one in headers["webhook-signature"].split(" "))


async def test_an_event_arrives_signed_and_once(owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer) -> None:
    async with peer(answering(204)) as far:
        endpoint, secrets = await made(owner, far.url + "/hook", legacy=True)
        contact_id = uuid4()
        await tell(owner, ContactsChanged(contact_id=contact_id, version=3))
        await deliver(deliverer)
        await deliver(deliverer)
        ((head, body),) = far.requests
    headers = raw_headers(head)
    assert head.startswith("POST /hook HTTP/1.1")
    assert verified(secrets.secret, headers, body)
    assert not verified(secrets.secret, headers, body + b" ")
    assert secrets.legacy is not None
    assert headers["x-webhook-signature"] == hmac.new(secrets.legacy.encode(), body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["type"], told["data"]) == ("contact.changed", {"contact_id": str(contact_id), "version": 3})
    assert await states(owner_db, endpoint.id) == ["delivered"]


async def test_two_endpoints_get_one_id_and_a_retry_the_same_bytes(
    owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer
) -> None:
    async with peer(answering(500)) as sick, peer(answering(200)) as well:
        first, _ = await made(owner, sick.url)
        await made(owner, well.url)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliver(deliverer)
        await make_due(owner_db, first.id)
        await deliver(deliverer)
        assert len(sick.requests) == 2
        assert sick.requests[0][1] == sick.requests[1][1] == well.requests[0][1]
        ids = {raw_headers(head)["webhook-id"] for head, _ in (*sick.requests, *well.requests)}
    assert len(ids) == 1


async def test_of_one_entity_nothing_overtakes_and_others_do_not_wait(
    owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer
) -> None:
    stuck, free = uuid4(), uuid4()
    fails = True

    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await far.read(reader)
        await far.answer(writer, 500 if fails and str(stuck).encode() in body else 200)

    async with peer(step) as far:
        endpoint, _ = await made(owner, far.url)
        changes = [ContactsChanged(contact_id=one, version=version) for version in (1, 2, 3) for one in (stuck, free)]
        await tell(owner, *changes)
        await deliver(deliverer)

        def arrived(contact_id: UUID) -> list[int]:
            told = [json.loads(body)["data"] for _, body in far.requests]
            return [data["version"] for data in told if data["contact_id"] == str(contact_id)]

        assert arrived(free) == [1, 2, 3]
        assert arrived(stuck) == [1]
        fails = False
        await make_due(owner_db, endpoint.id)
        await deliver(deliverer)
        assert arrived(stuck) == [1, 1, 2, 3]


async def test_a_slow_endpoint_holds_up_no_other(owner: Actor, deliverer: Deliverer) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        asked.set()
        await go.wait()
        await far.answer(writer, 200)

    async with peer(slow) as sick, peer(answering(200)) as well:
        await made(owner, sick.url)
        await made(owner, well.url)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliverer.round()
        await asked.wait()
        for _ in range(20):
            await tell(owner, ContactsChanged(contact_id=uuid4()))
            await deliverer.round()
        while len(well.requests) < 21:
            await asyncio.sleep(0.01)
            await deliverer.round()
        assert not go.is_set()
        go.set()
        await deliverer.idle()


@pytest.mark.parametrize(("status", "failure"), [(302, "redirect"), (404, "status"), (429, "status")])
async def test_what_is_no_success_is_tried_again(
    owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer, status: int, failure: str
) -> None:
    opening = {"set_cookie": "sid=1", "x_auth_token": "t0k", "x_api_key": "k3y", "proxy_authenticate": "Basic"}
    async with peer(answering(status, b"nao", location="http://127.0.0.1:1/", retry_after="600", **opening)) as far:
        endpoint, _ = await made(owner, far.url)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliver(deliverer)
        assert len(far.requests) == 1
    row = await owner_db.fetchrow("select * from webhook_attempt where endpoint_id = $1", endpoint.id)
    assert row is not None
    assert (row["status"], row["failure"], row["answer"]) == (status, failure, "nao")
    assert '"retry-after": "600"' in row["answer_headers"]
    assert not {name.replace("_", "-") for name in opening} & set(json.loads(row["answer_headers"]))
    waits = await owner_db.fetchval(
        "select next_at - now() > interval '500 seconds' from webhook_delivery where endpoint_id = $1", endpoint.id
    )
    assert (await states(owner_db, endpoint.id), waits) == (["waiting"], True)


async def test_resets_and_endless_answers_are_failures_or_cut(
    owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer
) -> None:
    async def resets(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        reset(writer)

    async with peer(resets) as broken, peer(answering(200, b"x" * 10_000_000)) as endless:
        one, _ = await made(owner, broken.url)
        two, _ = await made(owner, endless.url)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliver(deliverer)
    assert await states(owner_db, one.id) == ["waiting"]
    assert await owner_db.fetchval("select failure from webhook_attempt where endpoint_id = $1", one.id) == "protocol"
    assert await states(owner_db, two.id) == ["delivered"]
    assert await owner_db.fetchval("select length(answer) from webhook_attempt where endpoint_id = $1", two.id) <= 500


async def test_410_switches_off_and_what_waits_goes_out_later(
    owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer
) -> None:
    gone = True

    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        await far.answer(writer, 410 if gone else 200)

    async with peer(step) as far:
        endpoint, _ = await made(owner, far.url)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliver(deliverer)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliver(deliverer)
        assert len(far.requests) == 1
        assert (await endpoints.endpoint(owner, endpoint.id)).off_because is OffBecause.GONE
        mailed = await owner_db.fetchval(
            "select params->>'code' from mail where company_id = $1 and template = $2",
            owner.company_id,
            MailTemplate.WEBHOOK_NOTICE,
        )
        assert mailed == "gone"
        gone = False
        await endpoints.switch(owner, endpoint.id, on=True)
        await make_due(owner_db, endpoint.id)
        await deliver(deliverer)
        assert await states(owner_db, endpoint.id) == ["delivered", "delivered"]


async def test_owners_are_told_after_a_day_and_it_is_off_after_five(
    owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer
) -> None:
    async def fail(days: int) -> list[str]:
        await owner_db.execute(
            "update webhook_endpoint set failing_since = now() - make_interval(days => $2, mins => 1) where id = $1",
            endpoint.id,
            days,
        )
        await make_due(owner_db, endpoint.id)
        await deliver(deliverer)
        rows = await owner_db.fetch(
            "select params->>'code' as code from mail where company_id = $1 and template = 'webhook_notice' order by id",
            owner.company_id,
        )
        return [row["code"] for row in rows]

    async with peer(answering(500)) as far:
        endpoint, _ = await made(owner, far.url)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliver(deliverer)
        assert await fail(0) == []
        assert await fail(1) == ["failing"]
        assert await fail(2) == ["failing"]
        assert await fail(5) == ["failing", "off"]
        assert (await endpoints.endpoint(owner, endpoint.id)).off_because is OffBecause.FAILING


async def test_after_five_failures_one_try_at_a_time(owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer) -> None:
    async with peer(answering(500)) as far:
        endpoint, _ = await made(owner, far.url)
        await tell(owner, *(ContactsChanged(contact_id=uuid4()) for _ in range(10)))
        await deliver(deliverer)
        before = len(far.requests)
        await make_due(owner_db, endpoint.id)
        await deliver(deliverer)
        assert len(far.requests) == before + 1


async def test_every_try_of_the_schedule_then_it_failed(owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer) -> None:
    async with peer(answering(500)) as far:
        endpoint, _ = await made(owner, far.url)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        for _ in range(len(deliveries.SCHEDULE) + 3):
            await make_due(owner_db, endpoint.id)
            await deliver(deliverer)
        assert len(far.requests) == len(deliveries.SCHEDULE) + 1
    assert await states(owner_db, endpoint.id) == ["failed"]


async def test_a_worker_that_died_leaves_a_lease(owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer) -> None:
    async with peer(answering(200)) as far:
        endpoint, _ = await made(owner, far.url)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        taken = await deliveries.turn(owner.company_id, endpoint.id, [])
        assert len(taken.claimed) == 1  # and its worker dies here
        await deliver(deliverer)
        assert far.requests == []
        await make_due(owner_db, endpoint.id)
        await deliver(deliverer)
        assert len(far.requests) == 1
        late = deliveries.Tried(
            claimed=taken.claimed[0], at=endpoint.created_at, seconds=1.0, failure=deliveries.TryFailure.TIMEOUT
        )
        await deliveries.turn(owner.company_id, endpoint.id, [late])
    assert await states(owner_db, endpoint.id) == ["delivered"]


async def test_both_secrets_sign_for_a_day(owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer) -> None:
    async with peer(answering(200)) as far:
        endpoint, old = await made(owner, far.url)
        _, new = await endpoints.rotate(owner, endpoint.id)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliver(deliverer)
        await owner_db.execute("update webhook_endpoint set old_until = now() where id = $1", endpoint.id)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliver(deliverer)
        signs = [[verified(secrets.secret, raw_headers(head), body) for secrets in (new, old)] for head, body in far.requests]
    assert signs == [[True, True], [True, False]]


async def test_who_lost_rights_is_told_no_more(owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer) -> None:
    admin = await make_member(owner_db, owner, Role.ADMIN)
    async with peer(answering(200)) as far:
        endpoint, _ = await made(admin, far.url, T.CONTACT_CHANGED)
        await owner_db.execute("delete from membership where company_id = $1 and user_id = $2", owner.company_id, admin.id)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliver(deliverer)
        assert far.requests == []
    assert await states(owner_db, endpoint.id) == []


async def test_a_private_address_is_never_called(owner_db: asyncpg.Connection, owner: Actor) -> None:
    async with peer(answering(200)) as far, HookWire() as wire:
        endpoint, _ = await made(owner, far.url.replace("http:", "https:"))
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        await deliver(Deliverer(wire))
        assert far.connections == 0
    assert await owner_db.fetchval("select failure from webhook_attempt where endpoint_id = $1", endpoint.id) == "blocked"


async def test_what_was_written_is_told(owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer) -> None:
    channel_id = await factories.channel(owner_db, owner)
    await factories.contacts(owner_db, owner, 1)
    contact_id = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    message_id = await owner_db.fetchval(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
        " values ($1, $2, $3, 'wamid.1', '+5511988887777', 'text', 'Oi!', '{\"kind\": \"text\"}', now()) returning id",
        owner.company_id,
        channel_id,
        contact_id,
    )
    async with peer(answering(200)) as far:
        await made(owner, far.url, T.MESSAGE_RECEIVED)
        events = [MessageReceived(channel_id=channel_id, contact_id=contact_id, message_id=one) for one in (message_id, uuid4())]
        await tell(owner, *events)
        await deliver(deliverer)
        told = [json.loads(body)["data"] for _, body in far.requests]
    assert [(data["kind"], data["text"], data["address"]) for data in told] == [("text", "Oi!", "+5511988887777"), (None,) * 3]


async def test_one_and_a_range_are_sent_again(owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer) -> None:
    async with peer(answering(200)) as far:
        endpoint, _ = await made(owner, far.url)
        contact_id = uuid4()
        await tell(owner, *(ContactsChanged(contact_id=contact_id, version=version) for version in (1, 2, 3)))
        await deliver(deliverer)
        listed = await replay.deliveries(owner, endpoint.id, before=None, limit=10)
        await replay.again(owner, endpoint.id, listed[-1]["id"])
        await deliver(deliverer)
        assert far.requests[3][1] == far.requests[0][1]
        until = await owner_db.fetchval("select now() + interval '1 second'")
        assert await replay.again_range(owner, endpoint.id, endpoint.created_at, until, delivered_too=False) == 0
        assert await replay.again_range(owner, endpoint.id, endpoint.created_at, until, delivered_too=True) == 3
        await deliver(deliverer)
        assert [json.loads(body)["data"]["version"] for _, body in far.requests] == [1, 2, 3, 1, 1, 2, 3]
        _, tries = await replay.delivery(owner, endpoint.id, listed[-1]["id"])
        assert [one["status"] for one in tries] == [200, 200, 200]


async def test_a_test_does_not_wait_for_what_is_stuck(owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer) -> None:
    async with peer(answering(200)) as far:
        endpoint, secrets = await made(owner, far.url)
        await replay.send_test(owner, endpoint.id)
        await deliver(deliverer)
        ((head, body),) = far.requests
    assert json.loads(body)["type"] == "ping"
    assert verified(secrets.secret, raw_headers(head), body)
