"""Live events over real connections: order, resume, reset, a dead Valkey, ended sessions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.realtime import QUEUE, Frame, Listener
from db import event_stream, queue, valkey
from db.accounts.events import CompanyChanged, SessionRevoked, TeamChanged
from db.campaigns.events import CampaignProgress
from db.channels.events import ChannelChanged
from db.embedded import start_valkey
from db.event_stream import stream_key
from db.events import Event
from db.holds.events import HoldChanged
from db.permissions import Permission, Role
from db.settings import Settings
from db.tenancy import Actor
from tests.api.conftest import Headers, SignInAs, bearer, make_member


@pytest.fixture(scope="module")
async def port(app: Litestar) -> AsyncIterator[int]:
    """The app behind granian, in this process and loop. Its lifespan runs already."""

    async def http_only(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for answer in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
                await receive()
                await send({"type": answer})
            return
        await app(scope, receive, send)

    free = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    number: int = free.sockets[0].getsockname()[1]
    free.close()
    await free.wait_closed()
    server = Server(http_only, address="127.0.0.1", port=number, interface=Interfaces.ASGI, log_enabled=False)
    task = asyncio.create_task(server.serve())
    async with httpx.AsyncClient() as probe:
        for _ in range(1200):
            with suppress(httpx.TransportError):
                if (await probe.get(f"http://127.0.0.1:{number}/health")).status_code == 200:
                    break
            await asyncio.sleep(0.05)
    yield number
    server.stop()
    await task


@pytest.fixture
async def headers(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> Headers:
    return await bearer(owner_db, owner)


@asynccontextmanager
async def socket(port: int, headers: Headers, last_id: str | None = None, **more: str) -> AsyncIterator[ClientConnection]:
    query = f"?last_event_id={last_id}" if last_id else ""
    async with connect(f"ws://127.0.0.1:{port}/v1/events{query}", additional_headers={**headers, **more}, proxy=None) as ws:
        yield ws


async def settled(port: int, headers: Headers) -> None:
    """The reader has found Valkey again."""
    async with socket(port, headers) as ws:
        assert (await take(ws))["type"] == "hello"
        assert (await take(ws, 15))["type"] == "reset"


async def take(ws: ClientConnection, timeout: float = 5) -> dict[str, Any]:
    frame: dict[str, Any] = msgspec.json.decode(await asyncio.wait_for(ws.recv(), timeout))
    return frame


async def publish(actor: Actor, *what: Event) -> None:
    await event_stream.publish(actor.company_id, list(what))


async def test_events_arrive_in_order_and_only_ones_own(port: int, headers: Headers, owner: Actor, stranger: Actor) -> None:
    async with socket(port, headers) as ws:
        assert (await take(ws))["type"] == "hello"
        await publish(stranger, CompanyChanged())
        await publish(owner, TeamChanged(), CompanyChanged())
        first, second = await take(ws), await take(ws)
        assert [first["type"], second["type"]] == ["team.changed", "company.changed"]
        assert first["id"] < second["id"]
        assert first["data"] == {}
        assert first["at"].endswith("Z")
        with pytest.raises(TimeoutError):
            await take(ws, 0.3)


async def test_a_second_company_is_heard_at_once(
    port: int, headers: Headers, owner_db: asyncpg.Connection, owner: Actor, stranger: Actor
) -> None:
    async with socket(port, headers) as ours:
        await take(ours)
        async with socket(port, await bearer(owner_db, stranger)) as theirs:
            await take(theirs)
            await publish(stranger, TeamChanged())
            assert (await take(theirs, 1))["type"] == "team.changed"


async def test_resume_gives_what_came_meanwhile_once(port: int, headers: Headers, owner: Actor) -> None:
    await publish(owner, TeamChanged())
    async with socket(port, headers) as ws:
        start = (await take(ws))["id"]
    await publish(owner, CompanyChanged(), TeamChanged())
    async with socket(port, headers, start) as ws:
        assert [(await take(ws))["type"] for _ in range(3)] == ["hello", "company.changed", "team.changed"]
        await publish(owner, CompanyChanged())
        assert (await take(ws))["type"] == "company.changed"
        with pytest.raises(TimeoutError):
            await take(ws, 0.2)


@pytest.mark.parametrize("last_id", ["1-0", "nonsense", "9999999999999-0"])
async def test_an_id_that_is_gone_means_reset(port: int, headers: Headers, owner: Actor, last_id: str) -> None:
    await publish(owner, TeamChanged())
    async with socket(port, headers, last_id) as ws:
        assert (await take(ws))["type"] == "hello"
        reset = await take(ws)
        assert reset["type"] == "reset"
    await publish(owner, CompanyChanged())
    async with socket(port, headers, reset["id"]) as ws:
        assert [(await take(ws))["type"] for _ in range(2)] == ["hello", "company.changed"]


async def test_an_id_beyond_all_numbers_resets_nobody_else(
    port: int, headers: Headers, owner_db: asyncpg.Connection, stranger: Actor
) -> None:
    async with socket(port, await bearer(owner_db, stranger)) as theirs:
        await take(theirs)
        async with socket(port, headers, "18446744073709551616-0") as ours:
            assert [(await take(ours))["type"] for _ in range(2)] == ["hello", "reset"]
            await publish(stranger, TeamChanged())
            assert (await take(theirs))["type"] == "team.changed"


async def test_a_trimmed_or_wiped_stream_means_reset(port: int, headers: Headers, owner: Actor) -> None:
    await publish(owner, TeamChanged())
    async with socket(port, headers) as ws:
        start = (await take(ws))["id"]
    await valkey.client().delete(stream_key(owner.company_id))
    async with socket(port, headers, start) as ws:
        assert [(await take(ws))["type"] for _ in range(2)] == ["hello", "reset"]


async def test_valkey_dies_and_comes_back(port: int, headers: Headers, owner: Actor, database: Settings, tmp_path: Path) -> None:
    server = start_valkey(tmp_path / "valkey", settings={"appendonly": "no"})
    number = int(str(server.connection_url).rpartition(":")[2])
    usual = valkey.client()
    queue.forget_queues()
    mortal = valkey.connect(str(server.connection_url))
    await asyncio.sleep(2.5)  # the reader's last wait on the usual server ends
    try:
        async with socket(port, headers) as ws:
            assert (await take(ws))["type"] == "hello"
            await publish(owner, TeamChanged())
            assert (await take(ws))["type"] == "team.changed"
            server.terminate()
            await publish(owner, CompanyChanged())
            server = start_valkey(tmp_path / "again", port=number, settings={"appendonly": "no"})
            assert (await take(ws, 15))["type"] == "reset"
            await publish(owner, TeamChanged())
            assert (await take(ws))["type"] == "team.changed"
    finally:
        fresh = valkey.connect(database.valkey_url)
        queue.forget_queues()
        server.terminate()
        await settled(port, headers)
        await mortal.aclose()
        await usual.aclose()
        assert valkey.client() is fresh


async def test_what_another_program_could_not_tell_is_fetched_anew(port: int, headers: Headers, owner: Actor) -> None:
    async with socket(port, headers) as ws:
        start, usual = (await take(ws))["id"], valkey.client()
        cut = valkey.connect("unix:///nowhere")
        await publish(owner, TeamChanged())
        valkey._client = usual
        reset = await take(ws, 15)
        assert reset["type"] == "reset"
        await publish(owner, CompanyChanged())
        async with socket(port, headers, start) as late:
            assert [(await take(late))["type"] for _ in range(2)] == ["hello", "reset"]
        async with socket(port, headers, reset["id"]) as ours:
            assert [(await take(ours))["type"] for _ in range(2)] == ["hello", "company.changed"]
        await cut.aclose()


async def test_a_revoked_session_is_cut_off(port: int, headers: Headers, owner_db: asyncpg.Connection, owner: Actor) -> None:
    other = await bearer(owner_db, owner)
    sessions = await owner_db.fetch("select id from session where user_id = $1 order by id", owner.id)
    async with socket(port, headers) as ended, socket(port, other) as kept:
        await take(ended)
        await take(kept)
        assert owner.id is not None
        await publish(owner, SessionRevoked(user_id=owner.id, session_id=sessions[0]["id"]))
        assert (await take(ended))["type"] == "session.revoked"
        with pytest.raises(ConnectionClosed) as closed:
            await take(ended)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        await take(kept)
        with pytest.raises(TimeoutError):
            await take(kept, 0.3)


async def test_without_its_event_the_heartbeat_finds_an_ended_session(
    port: int, headers: Headers, owner_db: asyncpg.Connection, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.realtime.HEARTBEAT", 0.2)
    monkeypatch.setattr("api.auth.guard._REMEMBER", 0.0)
    async with socket(port, headers) as ws:
        await take(ws)
        assert (await take(ws))["type"] == "ping"
        await owner_db.execute("update session set revoked_at = now() where user_id = $1", owner.id)
        with pytest.raises(ConnectionClosed):
            while True:
                await take(ws)


async def test_who_may_not_listen(port: int, headers: Headers, sign_in_as: SignInAs) -> None:
    cases: list[tuple[Headers, dict[str, str]]] = [
        ({}, {}),
        ({"Authorization": "Bearer mia_s_" + "a" * 43}, {}),
        (await sign_in_as(scopes=[Permission.CONTACTS_READ]), {}),
        (headers, {"Origin": "https://evil.example.com"}),
    ]
    for credentials, more in cases:
        with pytest.raises(InvalidStatus) as refused:
            async with socket(port, credentials, None, **more):
                pass
        assert refused.value.response.status_code == 403
    async with socket(port, headers, None, Origin="http://127.0.0.1:8080") as ws:
        assert (await take(ws))["type"] == "hello"


async def test_who_comes_when_there_is_no_room_hears_when_to_come_again(
    port: int, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.realtime.MAX_PER_OWNER", 0)
    async with socket(port, headers) as ws:
        with pytest.raises(ConnectionClosed) as closed:
            await take(ws)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "too_many_listeners retry-after=30")


async def test_server_sent_events(port: int, headers: Headers, owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.realtime.HEARTBEAT", 0.3)
    await publish(owner, TeamChanged())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        async with http.stream("GET", "/v1/events", headers={**headers, "Accept": "text/event-stream"}) as stream:
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.aiter_lines()
            hello_id = (await anext(lines)).removeprefix("id: ")
            assert msgspec.json.decode((await anext(lines)).removeprefix("data: "))["type"] == "hello"
            await publish(owner, CompanyChanged())
            got = []
            async for line in lines:
                got.append(line)
                if line.startswith(": ping"):
                    break
            assert any('"company.changed"' in line for line in got)
        resume = {**headers, "Last-Event-ID": hello_id}
        async with http.stream("GET", "/v1/events", headers=resume) as stream:
            lines = stream.aiter_lines()
            seen = [line async for line in _until(lines, "company.changed")]
            assert seen
        refused = await http.get("/v1/events")
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def _until(lines: AsyncIterator[str], word: str) -> AsyncIterator[str]:
    async for line in lines:
        if word in line:
            yield line
            return


async def test_a_slow_listener_is_reset_not_fed_for_ever(owner: Actor) -> None:
    listener = Listener(owner)
    for number in range(QUEUE + 10):
        listener.put(Frame(f"{number}-0", "team.changed", b"{}"))
    first = await listener.take(0)
    assert first == Frame(f"{QUEUE}-0", "reset", b'{"type":"reset","id":"%d-0"}' % QUEUE)
    assert [await listener.take(0) for _ in range(10)][:1] == [Frame(f"{QUEUE + 1}-0", "team.changed", b"{}")]


async def test_a_busy_stream_does_not_outlive_its_session(
    port: int, headers: Headers, owner_db: asyncpg.Connection, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.realtime.HEARTBEAT", 0.3)
    monkeypatch.setattr("api.auth.guard._REMEMBER", 0.0)

    async def chatter() -> None:
        while True:
            await publish(owner, TeamChanged())
            await asyncio.sleep(0.05)

    async with socket(port, headers) as ws:
        await take(ws)
        talking = asyncio.create_task(chatter())
        try:
            await owner_db.execute("update session set revoked_at = now() where user_id = $1", owner.id)
            with pytest.raises(ConnectionClosed):
                async with asyncio.timeout(30):
                    while True:
                        await take(ws)
        finally:
            talking.cancel()


async def test_who_may_not_read_campaigns_hears_nothing_of_them(port: int, owner: Actor, sign_in_as: SignInAs) -> None:
    progress, channel = CampaignProgress(campaign_id=uuid4()), ChannelChanged(channel_id=uuid4())
    key = await sign_in_as(scopes=[Permission.EVENTS_READ, Permission.CHANNELS_READ])
    async with socket(port, key) as ws:
        start = (await take(ws))["id"]
        await publish(owner, progress, channel)
        assert (await take(ws))["type"] == "channel.changed"
    async with socket(port, key, start) as ws:
        assert [(await take(ws))["type"] for _ in range(2)] == ["hello", "channel.changed"]
        with pytest.raises(TimeoutError):
            await take(ws, 0.2)
    async with socket(port, await sign_in_as(Role.VIEWER), start) as ws:
        assert [(await take(ws))["type"] for _ in range(3)] == ["hello", "campaign.progress", "channel.changed"]


async def test_the_end_of_a_session_is_nobody_elses_business(
    port: int, headers: Headers, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    colleague = await make_member(owner_db, owner, Role.ADMIN)
    assert colleague.id is not None
    async with socket(port, headers) as ws:
        await take(ws)
        await publish(owner, SessionRevoked(user_id=colleague.id), TeamChanged())
        assert (await take(ws))["type"] == "team.changed"


async def test_who_may_less_hears_less_at_once(port: int, owner_db: asyncpg.Connection, owner: Actor) -> None:
    maker = await make_member(owner_db, owner, Role.ADMIN)
    assert maker.id is not None
    scopes = frozenset({Permission.EVENTS_READ, Permission.COMPANY_READ, Permission.COMPANY_WRITE, Permission.TEAM_READ})
    key = await bearer(owner_db, msgspec.structs.replace(maker, kind="api_key", id=None, maker_id=maker.id, permissions=scopes))
    hold = HoldChanged(hold_id=uuid4())
    for headers in (await bearer(owner_db, maker), key):
        await owner_db.execute("update membership set role = 'admin' where user_id = $1", maker.id)
        async with socket(port, headers) as ws:
            await take(ws)
            await publish(owner, hold)
            assert (await take(ws))["type"] == "hold.changed"
            await owner_db.execute("update membership set role = 'viewer' where user_id = $1", maker.id)
            await publish(owner, TeamChanged(), hold)
            two = {(await take(ws))["type"], (await take(ws))["type"]}
            assert two == {"reset", "team.changed"}  # pages look anew what they may
            await publish(owner, hold, CompanyChanged())
            assert (await take(ws))["type"] == "company.changed"


async def test_a_heartbeat_says_where_to_resume(  # who hears little would otherwise fall off the stream's end
    port: int, owner: Actor, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.realtime.HEARTBEAT", 0.3)
    key = await sign_in_as(scopes=[Permission.EVENTS_READ, Permission.TEAM_READ])
    async with socket(port, key) as ws:
        start = (await take(ws))["id"]
        await publish(owner, CompanyChanged())
        while (ping := await take(ws))["id"] == start:
            pass
    await valkey.client().xtrim(stream_key(owner.company_id), maxlen=1, approximate=False)
    async with socket(port, key, ping["id"]) as ws:
        assert (await take(ws))["type"] == "hello"
        await publish(owner, TeamChanged())
        assert (await take(ws))["type"] == "team.changed"


async def test_an_event_of_a_newer_version_is_passed_over(port: int, headers: Headers, owner: Actor) -> None:
    async with socket(port, headers) as ws:
        await take(ws)
        unknown = b'{"type":"tomorrow.happened","at":"2026-03-02T14:05:00Z","data":{"type":"session.revoked"}}'
        await valkey.client().xadd(stream_key(owner.company_id), {"e": unknown})
        await publish(owner, TeamChanged())
        assert (await take(ws))["type"] == "team.changed"
