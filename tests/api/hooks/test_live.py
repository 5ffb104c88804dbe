"""Questions of a provider that waits: stored first, answered from our own tables, and never with an error."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from api.hooks import live
from db.clock import now
from db.messages import greeting
from db.providers.retell.signature import sign_retell
from db.tenancy import Actor
from db.transfers import agents, queries, ringing
from db.transfers.enums import TransferOutcome
from tests.db.channels.factories import AUTH_TOKEN, make_channel, make_contact, put_inbox
from workers.inbound import process_inbox

ASKED = {
    "event": "call_inbound",
    "call_inbound": {"from_number": "+5511987654321", "to_number": "+551131234567", "call_id": "call_1"},
}


async def ask(client: httpx.AsyncClient, channel: UUID, body: bytes, key: str = AUTH_TOKEN) -> httpx.Response:
    headers = {"x-retell-signature": sign_retell(key, body, int(now().timestamp() * 1000))}
    return await client.post(f"/hooks/retell/{channel}/inbound", content=body, headers=headers)


async def stored(db: asyncpg.Connection, channel: UUID) -> list[str]:
    return [row["source"] for row in await db.fetch("select source from webhook_inbox where channel_id = $1", channel)]


async def test_who_calls_is_greeted_by_name(hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner, "voice_retell")
    await make_contact(owner_db, owner, "+5511987654321", "ANA DE SOUZA")
    answer = await ask(hook_client, channel, msgspec.json.encode(ASKED))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told = answer.json()["call_inbound"]
    assert told["dynamic_variables"]["greeting"] == "Olá, Ana!"
    assert all(isinstance(value, str) for value in told["dynamic_variables"].values())
    assert told["agent_override"]["agent"]["webhook_url"].endswith(f"/hooks/retell/{channel}/call")
    assert await stored(owner_db, channel) == ["retell_inbound"]
    forged = await ask(hook_client, channel, msgspec.json.encode(ASKED), "another key")
    assert forged.status_code == 401
    assert await stored(owner_db, channel) == ["retell_inbound"]


@pytest.mark.parametrize("trouble", ["slow", "no question"])
async def test_the_call_goes_on_without_a_name(
    trouble: str, hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forever(*_: Any) -> dict[str, str]:
        await asyncio.Event().wait()
        raise AssertionError

    if trouble == "slow":
        monkeypatch.setattr(greeting, "variables", forever)
    channel = await make_channel(owner_db, owner, "voice_retell")
    answer = await ask(hook_client, channel, msgspec.json.encode(ASKED) if trouble == "slow" else b'{"event":"call_inbound"}')
    assert answer.status_code == 200
    assert set(answer.json()["call_inbound"]) == {"agent_override"}
    assert await stored(owner_db, channel) == ["retell_inbound"]


async def _want(client: httpx.AsyncClient, channel: UUID, call_id: str) -> dict[str, str]:
    body = msgspec.json.encode({"name": "request_human", "args": {"reason": "Quer uma pessoa"}, "call": {"call_id": call_id}})
    headers = {"x-retell-signature": sign_retell(AUTH_TOKEN, body, int(now().timestamp() * 1000))}
    answer = await client.post(f"/hooks/retell/{channel}/human", content=body, headers=headers)
    assert answer.status_code == 200
    told: dict[str, str] = answer.json()
    return told


async def test_a_wish_for_a_person_waits_until_somebody_takes_it(
    hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner, "voice_retell")
    await ask(hook_client, channel, msgspec.json.encode(ASKED))
    await process_inbox(owner.company_id)
    assert owner.id is not None
    await agents.say(owner, available=True, phone="+5511911112222", skills=())
    asked = asyncio.create_task(_want(hook_client, channel, "call_1"))
    while (offer := await queries.offer(owner)) is None:
        await asyncio.sleep(0.05)
    await process_inbox(owner.company_id)  # the stored question is no second request
    assert offer.reason == "Quer uma pessoa"
    assert not asked.done()
    await ringing.accept(owner, offer.transfer_id)
    told = await asked
    assert (told["outcome"], told["transfer_number"]) == ("accepted", "+5511911112222")
    assert told["next"]
    transferred = {"event": "transfer_bridged", "call": {"call_id": "call_1", "direction": "inbound"}}
    for _ in range(2):
        await put_inbox(owner_db, owner, channel, msgspec.json.encode(transferred), "retell_call")
        await process_inbox(owner.company_id)
    [one] = await queries.transfers(owner, "all", before=None, limit=9)
    assert (one.outcome, one.owed, one.reason) == (TransferOutcome.CONNECTED, None, "Quer uma pessoa")


async def test_whoever_wants_a_person_hears_at_once_that_nobody_is_there(
    hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "UNKNOWN", 0.1)
    channel = await make_channel(owner_db, owner, "voice_retell")
    assert (await _want(hook_client, channel, "call_unknown"))["outcome"] == "nobody"
    await ask(hook_client, channel, msgspec.json.encode(ASKED))
    await process_inbox(owner.company_id)
    told = await _want(hook_client, channel, "call_1")
    assert (told["outcome"], told["transfer_number"]) == ("nobody", "")
    await process_inbox(owner.company_id)
    [one] = await queries.transfers(owner, "owed", before=None, limit=9)
    assert one.outcome is TransferOutcome.NOBODY
