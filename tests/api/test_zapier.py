"""The app's definition for Zapier, run by node against the API: what it asks for is there, and what it gives has an id."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from db.channels.events import ChannelChanged
from db.contacts.events import ContactsChanged
from db.event_consumers import take
from db.permissions import Permission, Role
from db.tenancy import Actor, worker
from db.work import work
from tests.api.conftest import SignInAs
from tests.api.test_borrowed_rights import new_key
from tests.node import node
from workers.webhooks import read_events

CHECK = Path("docs/zapier/test/check.js").resolve()
P = Permission
RIGHTS = (
    P.WEBHOOKS_READ, P.WEBHOOKS_WRITE, P.CONTACTS_READ, P.CONTACTS_WRITE, P.BOARDS_READ, P.LEADS_WRITE, P.CHANNELS_READ, P.MESSAGES_SEND,
    P.CONVERSATIONS_READ, P.CAMPAIGNS_READ,
)  # fmt: skip


class Zap:
    """The app in a process of node, whose requests go to the API of the test."""

    def __init__(self, process: asyncio.subprocess.Process, client: httpx.AsyncClient) -> None:
        self._process, self._client = process, client
        self.requests: list[dict[str, Any]] = []

    async def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(await asyncio.wait_for(self._process.stdout.readline(), 120))
        return found

    def _say(self, told: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told).encode() + b"\n")

    async def run(self, kind: str, key: str = "", what: str = "perform", **bundle: Any) -> Any:
        """What the app gives; a dict with `thrown` for what it throws."""
        self._say({"kind": kind, "key": key, "what": what, "bundle": bundle})
        while "request" in (told := await self._line()):
            asked = told["request"]
            self.requests.append(asked)
            body = {} if asked.get("body") is None else {"json": asked["body"]}
            answer = await self._client.request(asked["method"], asked["url"], headers=asked["headers"], **body)
            data = answer.json() if answer.content else None
            self._say({"status": answer.status_code, "headers": dict(answer.headers), "data": data})
        return told.get("came", told)


async def _started(client: httpx.AsyncClient, key: str) -> Zap:
    pipe = asyncio.subprocess.PIPE
    url = str(client.base_url)
    process = await asyncio.create_subprocess_exec(node(), str(CHECK), f"{url.rstrip('/')}/", key, stdin=pipe, stdout=pipe)
    return Zap(process, client)


@pytest.fixture
async def zap(client: httpx.AsyncClient, sign_in_as: SignInAs, belongings: dict[str, str]) -> AsyncIterator[Zap]:
    _, key = await new_key(client, await sign_in_as(), *RIGHTS)
    found = await _started(client, key["Authorization"].removeprefix("Bearer "))
    yield found
    found._process.kill()
    await found._process.wait()


async def test_the_definition_is_whole() -> None:
    process = await asyncio.create_subprocess_exec(node(), str(CHECK), stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    assert (process.returncode, told) == (0, b"ok: 10 triggers, 5 actions\n")


async def test_a_key_is_tested_and_a_wrong_one_asks_for_another(zap: Zap, client: httpx.AsyncClient) -> None:
    assert (await zap.run("authentication", what="test"))["company"]["name"]
    stranger = await _started(client, "mia_live_12345678_" + "a" * 43)
    told = await stranger.run("authentication", what="test")
    stranger._process.kill()
    await stranger._process.wait()
    assert told["thrown"] == "RefreshAuthError"


async def test_actions_and_searches_give_what_they_made(zap: Zap, belongings: dict[str, str]) -> None:
    given = {"phone": "11 91234-5678", "name": "Caio Reis", "email": "", "tags": ["Zap"]}
    contact = await zap.run("creates", "contact", inputData=given, meta={"zap": {"id": 7}, "zap_run_id": "r1"})
    assert contact["name"] == "Caio Reis"
    assert zap.requests[-1]["headers"]["Idempotency-Key"] == "zapier-7-r1-contact"
    again = await zap.run("creates", "contact", inputData=given, meta={"zap": {"id": 7}, "zap_run_id": "r1"})
    assert again["id"] == contact["id"]
    (found,) = await zap.run("searches", "find_contact", inputData={"search": "91234-5678"})
    assert found["id"] == contact["id"]
    boards, channels = await zap.run("triggers", "boards"), await zap.run("triggers", "channels")
    assert belongings["board_id"] in [one["id"] for one in boards]
    assert belongings["channel_id"] in [one["id"] for one in channels]
    stages = await zap.run("triggers", "stages", inputData={"board_id": belongings["board_id"]})
    asked = {"board_id": belongings["board_id"], "stage_id": stages[0]["id"], "title": "Bicicleta", "value": "149.90"}
    lead = await zap.run("creates", "lead", inputData={**asked, "contact_id": contact["id"]})
    assert (lead["title"], lead["value_cents"]) == ("Bicicleta", 14990)
    assert (await zap.run("creates", "lead_note", inputData={"lead_id": lead["id"], "body": "Ligar"}))["id"]
    assert (await zap.run("creates", "contact_note", inputData={"contact_id": contact["id"], "body": "À tarde"}))["id"]
    newest, *_ = await zap.run("triggers", "new_contact")
    assert newest["id"] == contact["id"]
    refused = await zap.run(
        "creates", "message", inputData={"channel_id": belongings["channel_id"], "contact_id": str(uuid4()), "text": "Oi"}
    )
    assert (refused["thrown"], refused["status"]) == ("AppError", 404)
    assert refused["message"].startswith("This is not here")


async def test_a_hook_is_made_and_ended_with_its_zap_and_tells_what_its_samples_show(
    zap: Zap, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    target = "https://hooks.zapier.com/hooks/standard/1/abc/"
    first = await zap.run("triggers", "contact_changed", "performSubscribe", targetUrl=target)
    other = await zap.run("triggers", "contact_changed", "performSubscribe", targetUrl=target)
    assert first["id"] != other["id"]
    async with work(owner, P.COMPANY_READ) as w:
        w.emit(ContactsChanged(contact_id=uuid4(), version=3))
        w.emit(ChannelChanged(channel_id=uuid4()))
    async with work(worker(owner.company_id), P.EVENTS_READ) as w:
        await read_events(w, first["id"], await take(w, f"webhooks:{first['id']}"))
    row = await owner_db.fetchrow("select event_id, body from webhook_delivery where endpoint_id = $1", first["id"])
    assert row is not None
    pushed = {"cleanedRequest": json.loads(row["body"]), "rawRequest": {"headers": {"Http-Webhook-Id": row["event_id"]}}}
    (event,) = await zap.run("triggers", "contact_changed", **pushed)
    (sample,) = await zap.run("triggers", "contact_changed", "performList")
    assert event["id"] == row["event_id"]
    assert set(event) == set(sample)
    for _ in range(2):  # deleted twice is no error
        assert (await zap.run("triggers", "contact_changed", "performUnsubscribe", subscribeData=first))["id"] == first["id"]
    assert await owner_db.fetchval("select count(*) from webhook_endpoint where id = $1", first["id"]) == 0


async def test_a_key_without_the_right_is_told_so(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    _, key = await new_key(client, await sign_in_as(Role.OWNER), P.CONTACTS_READ)
    weak = await _started(client, key["Authorization"].removeprefix("Bearer "))
    told = await weak.run("creates", "contact", inputData={"phone": "11912345678"})
    weak._process.kill()
    await weak._process.wait()
    assert (told["thrown"], told["status"]) == ("AppError", 403)
