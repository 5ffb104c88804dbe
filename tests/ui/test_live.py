"""Live events over a true web socket: shared by pages, filtered by type, resumed after a break, reset, ended; what was asked in vain
is asked again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import uvicorn
from litestar import Litestar
from nicegui import ui
from nicegui.testing import User
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from api.contract.events import CampaignEvent, CampaignProgress, ContactsChanged
from db import event_stream
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import make_member
from tests.ui.conftest import Network
from tests.ui.fake_api import FakeApi
from ui import live, session
from ui.client import accounts
from ui.components.states import load


async def _until(check: Callable[[], object], seconds: float = 30) -> None:
    for _try in range(int(seconds / 0.05)):
        if check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


@asynccontextmanager
async def _served(app: Any) -> AsyncIterator[int]:
    """The port where an app is reached by true sockets."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="wsproto", lifespan="off"))
    task = asyncio.create_task(server.serve())
    await _until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    await live.Hubs.close()
    server.should_exit = True
    await task


@pytest.fixture
async def events(api: FakeApi, user: User) -> AsyncIterator[FakeApi]:
    async with _served(api.app) as port:
        live.Hubs.open(f"http://127.0.0.1:{port}")
        yield api


class Cable(httpx.AsyncBaseTransport):
    """The network between the web app and its API, requests and sockets; it can be cut."""

    def __init__(self, http: httpx.AsyncBaseTransport, port: int) -> None:
        self._http, self._port = http, port
        self._lines: set[asyncio.StreamWriter] = set()
        self._whole = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._whole:
            raise httpx.ConnectError("cut")
        return await self._http.handle_async_request(request)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._lines |= {writer, far_writer}
        await asyncio.gather(self._pipe(reader, far_writer), self._pipe(far_reader, writer))

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        self._lines.discard(writer)
        writer.close()

    def cut(self) -> None:
        self._whole = False
        for line in self._lines:
            line.transport.abort()

    def mend(self) -> None:
        self._whole = True


@pytest.fixture
async def cable(network: Network, real: User, app: Litestar) -> AsyncIterator[Cable]:
    """In front of the true API, for requests and for events."""
    async with _served(app) as port:
        network.api = cable = Cable(network.api, port)
        relay = await asyncio.start_server(cable.carry, "127.0.0.1", 0)
        live.Hubs.open(f"http://127.0.0.1:{relay.sockets[0].getsockname()[1]}")
        yield cable
        await live.Hubs.close()
        cable.cut()
        relay.close()


async def test_events_reach_the_pages_that_want_them(ana: User, events: FakeApi) -> None:
    seen: list[str] = []
    campaign = uuid4()
    client = await ana.open("/team")
    with ana:
        live.on(CampaignEvent, lambda event: seen.append(f"{event.type} {event.campaign_id}"))
        live.on(ContactsChanged, lambda event: seen.append("wrong"))
        live.on_reset(lambda: seen.append("reset"))
    await _until(lambda: events.state.sockets)
    assert len(events.state.sockets) == 1
    await events.send("campaign.progress", {"campaign_id": str(campaign)}, id="7-0")
    await events.send("of.a.newer.version", {}, id="8-0")
    await _until(lambda: seen)
    for socket in tuple(events.state.sockets):
        await socket.close(1012)
    await _until(lambda: len(events.state.socket_queries) == 2)
    assert events.state.socket_queries[1] == "last_event_id=8-0"
    await events.send("reset")
    await _until(lambda: len(seen) == 2)
    assert seen == [f"campaign.progress {campaign}", "reset"]
    client.delete()
    await events.send("campaign.progress", {"campaign_id": str(campaign)})
    await asyncio.sleep(0.2)
    assert len(seen) == 2


async def test_a_frame_that_comes_to_many_sessions_is_read_once(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    decode = live._decode
    monkeypatch.setattr(live, "_decode", lambda frame: (read.append(frame), decode(frame))[1])
    await ana.open("/team")
    seen: list[str] = []
    with ana:
        live.on(ContactsChanged, lambda event: 1 / 0)
        live.on(ContactsChanged, lambda event: seen.append("told"))
    [hub] = live._hubs.values()
    others = [live._Hub(f"session {number}") for number in range(3)]
    frame = f'{{"id": "{uuid4()}", "type": "contacts.changed", "at": "2026-03-02T14:05:00Z", "data": {{"contact_id": null}}}}'
    for one in (hub, *others):
        one._take(frame)
    assert len(read) == 1
    assert seen == ["told"]  # although the other could not
    with ana:
        live.on(ContactsChanged, lambda event: seen.append("later"))
    hub._take(frame)
    assert seen == ["told", "told", "later"]


async def test_a_page_that_was_left_hears_once_its_browser_is_back(
    ana: User, events: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For pages that were left, for another one or without a connection, nothing is asked and drawn: most never come back."""
    monkeypatch.setattr(live, "MOST_WAITING", 1)
    left: list[str] = []
    other: list[str] = []
    client = await ana.open("/team")
    with ana:
        live.on(ContactsChanged, lambda event: left.append("changed"))
        live.on_reset(lambda: left.append("reset"))
    await ana.open("/team")
    with ana:
        live.on(ContactsChanged, lambda event: other.append("changed"))
    await _until(lambda: events.state.sockets)

    async def leave_and_come_back(changes: int, heard: list[str]) -> None:
        [(socket, document)] = client._socket_to_document_id.items()
        client.handle_disconnect(socket)
        before, other[:] = list(left), []
        for _change in range(changes):
            await events.send("contacts.changed", {"contact_id": str(uuid4())})
        await _until(lambda: len(other) == changes)
        assert left == before
        await client.handle_handshake(f"{socket}-again", "tab", None, document, None)
        await _until(lambda: left == heard)

    await leave_and_come_back(1, ["changed"])
    await leave_and_come_back(2, ["changed", "reset"])


async def test_a_session_that_ended_leads_to_sign_in(ana: User, events: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    await ana.open("/team")
    await _until(lambda: events.state.sockets)
    events.state.tokens.clear()
    for socket in tuple(events.state.sockets):
        await socket.close(1012)
    await ana.should_see("Sua sessão terminou. Entre de novo para continuar.", retries=40)


async def test_after_a_cut_of_the_network_nothing_is_missing(
    real: User, cable: Cable, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    """Events of the meantime are heard in their order, once; what could not be read then is read without a press."""
    heard: list[UUID] = []
    await real.open("/team")
    await real.should_see("Ana Lima")
    with real:
        live.on(CampaignProgress, lambda event: heard.append(event.campaign_id))
    cable.cut()
    told = [uuid4() for _ in range(3)]
    await event_stream.publish(owner.company_id, [CampaignProgress(campaign_id=each) for each in told])
    await make_member(owner_db, owner, Role.AGENT)
    with real:
        api = session.current().api
        load(lambda: accounts.team(api), lambda page: ui.label(f"Loaded: {len(page.items)}"))
    await real.should_see("Não foi possível carregar")
    cable.mend()
    await real.should_see("Loaded: 2")
    await real.should_see("2 pessoas")  # the list of the page, which had not failed
    await _until(lambda: heard == told)
    await event_stream.publish(owner.company_id, [CampaignProgress(campaign_id=owner.company_id)])
    await _until(lambda: len(heard) > 3)
    assert heard == [*told, owner.company_id]


async def test_what_was_asked_in_vain_is_asked_again_when_the_api_is_heard(ana: User, events: FakeApi) -> None:
    """The stream stood all the time, so no event tells of it again; the place listens to nothing by itself."""
    await ana.open("/team")
    await _until(lambda: events.state.sockets)
    events.state.down = True
    with ana:
        api = session.current().api
        load(lambda: accounts.invitations(api), lambda page: ui.label(f"Invited: {page.items[0].email}"))
    await ana.should_see("Não foi possível carregar")
    events.state.down = False
    await events.send("ping")
    await ana.should_see("Invited: novo@lojaaurora.com.br")


async def test_pages_that_asked_before_the_stream_stood_ask_again(ana: User, events: FakeApi) -> None:
    where, live.Hubs.events_url = live.Hubs.events_url, "ws://127.0.0.1:1/v1/events"
    seen: list[str] = []
    await ana.open("/team")
    with ana:
        live.on_reset(lambda: seen.append("reset"))
    live.Hubs.events_url = where
    await _until(lambda: seen)
    await ana.open("/team")
    with ana:
        live.on_reset(lambda: seen.append("of the second page"))
    assert len(events.state.sockets) == 1
    await events.send("contacts.changed", {"contact_id": str(uuid4())})
    await asyncio.sleep(0.1)
    assert seen == ["reset"]


async def test_an_api_without_room_is_asked_ever_less_often_and_never_too_soon(
    ana: User, events: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, float]] = []

    def pause(tries: int, told: float) -> float:
        asked.append((tries, told))
        return 0.0

    monkeypatch.setattr(live, "_pause", pause)
    events.state.full = 3
    await ana.open("/team")
    await _until(lambda: events.state.sockets)
    assert asked == [(0, 7.0), (1, 7.0), (2, 7.0)]
    for socket in tuple(events.state.sockets):
        await socket.close(1012)
    await _until(lambda: len(asked) == 4)
    assert asked[3] == (0, 0.0)  # it stood meanwhile


def test_pages_that_lost_the_api_come_back_apart_and_no_sooner_than_told() -> None:
    waits = [live._pause(2, 30.0) for _ in range(50)]
    assert all(30 <= wait <= 39 for wait in waits)
    assert len(set(waits)) > 1
    assert all(1.4 <= live._pause(2, 0.0) <= 2.6 for _ in range(50))


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [(503, "5", 5.0), (429, "90", 90.0), (429, "99999", 300.0), (503, "soon", 0.0), (503, None, 0.0), (403, "5", 0.0)],
)
def test_a_proxy_in_front_of_the_api_is_heard_too(status: int, value: str | None, seconds: float) -> None:
    headers = Headers({"Retry-After": value} if value else {})
    assert live._told(InvalidStatus(Response(status, "refused", headers))) == seconds
