"""Live events over a true web socket: shared by pages, filtered by type, resumed after a break, reset, ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
import uvicorn
from nicegui.testing import User

from api.contract.events import CampaignEvent, ContactsChanged
from tests.ui.fake_api import FakeApi
from ui import live


async def _until(check: Callable[[], object], seconds: float = 30) -> None:
    for _try in range(int(seconds / 0.05)):
        if check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


@pytest.fixture
async def events(api: FakeApi, user: User) -> AsyncIterator[FakeApi]:
    server = uvicorn.Server(uvicorn.Config(api.app, port=0, log_level="error", ws="wsproto", lifespan="off"))
    task = asyncio.create_task(server.serve())
    await _until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    live.Hubs.open(f"http://127.0.0.1:{port}")
    yield api
    await live.Hubs.close()
    server.should_exit = True
    await task


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
