"""Raw web sockets against the running web app: who may join a page, what a socket may say, and when it ends."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.e2e.stack import Stack

SECONDS = 20.0
REFUSED = '44{"message":"Implicit handshake failed"}'


class Visitor:
    """A browser without scripts: opens pages over HTTP and sockets by hand."""

    def __init__(self, stack: Stack, token: str | None) -> None:
        self.stack = stack
        self.http = httpx.AsyncClient(base_url=stack.ui, cookies={"mia_session": token} if token else {}, timeout=60)

    async def page(self, path: str) -> str:
        """Opens a page; its client id, which also stands in the address of its socket."""
        found = re.search(r"client_id[\"']: [\"']([0-9a-f-]{36})", (await self.http.get(path)).raise_for_status().text)
        assert found is not None
        return found[1]

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)

    def socket(self, client_id: str, cookie: str | None = None, origin: str | None = "own") -> Any:
        """The socket of a page, with this browser's cookies unless told otherwise."""
        query = {"EIO": 4, "transport": "websocket", "client_id": client_id, "implicit_handshake": "true"}
        query |= {"document_id": "d", "tab_id": "t", "old_tab_id": "", "next_message_id": 0}
        address = f"{self.stack.ui.replace('http', 'ws')}/_nicegui_ws/socket.io/?{urlencode(query)}"
        headers = {"Cookie": self.cookie if cookie is None else cookie}
        return connect(address, additional_headers=headers, origin=self.stack.ui if origin == "own" else origin, proxy=None)  # type: ignore[arg-type]


async def _greet(socket: ClientConnection) -> str:
    """Joins; the server's word on it."""
    await socket.recv()
    await socket.send("40")
    return str(await asyncio.wait_for(socket.recv(), SECONDS))


async def _until(socket: ClientConnection, wanted: str) -> str:
    async with asyncio.timeout(SECONDS):
        while wanted not in (frame := str(await socket.recv())):
            pass
    return frame


@pytest.fixture
async def visit(stack: Stack) -> AsyncIterator[Callable[[str | None], Visitor]]:
    """`visit(token)`: a browser of its own, with a session or, for None, without."""
    made: list[Visitor] = []

    def visitor(token: str | None) -> Visitor:
        made.append(Visitor(stack, token))
        return made[-1]

    yield visitor
    for each in made:
        await each.http.aclose()


@pytest.fixture
async def ana(stack: Stack, visit: Callable[[str | None], Visitor]) -> Visitor:
    return visit(await stack.token())


async def test_a_page_belongs_to_the_session_it_was_made_for(stack: Stack, ana: Visitor) -> None:
    async with ana.socket(await ana.page("/contacts")) as socket:
        assert (await _greet(socket)).startswith('40{"sid"')
    client_id = await ana.page("/contacts")
    other = await stack.token()
    for cookie in ("", "mia_session=made-up", f"mia_session={other}", ana.cookie.replace("mia_session", "mia_x")):
        async with ana.socket(client_id, cookie) as socket:
            assert await _greet(socket) == REFUSED, cookie
    for origin in (None, "https://evil.example"):
        with pytest.raises(InvalidStatus):
            async with ana.socket(client_id, origin=origin):
                pass


async def test_a_page_of_nobody_belongs_to_its_browser(visit: Callable[[str | None], Visitor]) -> None:
    one, two = visit(None), visit(None)
    client_id = await one.page("/sign-in")
    await two.page("/sign-in")
    async with two.socket(client_id) as socket:
        assert await _greet(socket) == REFUSED
    async with one.socket(client_id) as socket:
        assert (await _greet(socket)).startswith('40{"sid"')


async def test_a_socket_of_one_page_speaks_for_no_other(ana: Visitor) -> None:
    """Also when the other page is of the same browser: the second socket was opened for the first page."""
    target, own = await ana.page("/team"), await ana.page("/sign-in")
    async with ana.socket(own) as socket:
        await _greet(socket)
        shake = {"client_id": target, "tab_id": "t2", "document_id": "d2"}
        await socket.send("421" + json.dumps(["handshake", shake]))
        assert await _until(socket, "431") == "431[false]"


async def test_signing_out_elsewhere_ends_the_open_page(stack: Stack, ana: Visitor) -> None:
    client_id = await ana.page("/contacts")
    async with ana.socket(client_id) as socket:
        await _greet(socket)
        token = ana.http.cookies["mia_session"]
        async with httpx.AsyncClient(base_url=stack.api, headers={"Authorization": f"Bearer {token}"}, timeout=60) as api:
            (await api.post("/v1/auth/sign-out")).raise_for_status()
        assert "why=expired" in await _until(socket, '"open"')
        await _until(socket, "41")  # let go, whether the browser wants to or not
    async with ana.socket(client_id) as socket:
        assert await _greet(socket) == REFUSED


async def test_what_a_stranger_says_is_not_written_and_breaks_nothing(
    stack: Stack, visit: Callable[[str | None], Visitor]
) -> None:
    visitor = visit(None)
    before = len(stack.printed)
    for frame in (
        '42["log",{"client_id":"%","level":"error","message":"FORGED-LINE"}]',
        '42["event",{"client_id":5}]',
        '42["event"]',
        '42["event",{"client_id":"%","id":4,"listener_id":"x","args":["{{{"]}]',
        '42["event",{"client_id":"%","id":"x","listener_id":[],"args":7}]',
        '42["ack",{"client_id":"%","next_message_id":"a"}]',
        '42["javascript_response",{"client_id":"%"}]',
        '42["handshake",5]',
        '42["handshake"]',
        '451-["event",{"_placeholder":true,"num":0}]',
        "42{",
        "4299",
        "xx",
        "4" + "9" * 600_000,
    ):
        client_id = await visitor.page("/sign-in")
        async with visitor.socket(client_id) as socket:
            await _greet(socket)
            await socket.send(frame.replace("%", client_id))
            await asyncio.sleep(0.05)
    client_id = await visitor.page("/sign-in")
    async with visitor.socket(client_id) as socket:
        await _greet(socket)
        for _ in range(1000):
            await socket.send(f'42["event",{{"client_id":"{client_id}","id":4,"listener_id":"x","args":["{{"]}}]')
    assert (await visitor.http.get("/sign-in")).status_code == 200
    said = [line for line in stack.printed[before:] if "FORGED" in line or "Traceback" in line or "Error" in line]
    assert said == []
