"""Requests to the API over real connections: no cookie is kept, nothing is repeated, and a loss is told from a time-out."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from ui.client.transport import Transport

ANSWER = b"HTTP/1.1 200 OK\r\nset-cookie: mia=secret\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """Answers the first request of each connection; a path of `/lost` ends the connection instead, `/never` waits."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heard.append(head.decode().lower())
                if "/lost" in self.heard[-1]:
                    break
                if "/never" in self.heard[-1]:
                    await asyncio.sleep(60)
                writer.write(ANSWER)
        except asyncio.IncompleteReadError:
            pass
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, httpx.AsyncClient]]:
    made = Server()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with httpx.AsyncClient(base_url=address, transport=Transport(4), timeout=httpx.Timeout(30, read=0.2)) as http:
        yield made, http
    listening.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_what_a_lost_connection_took_with_it_is_not_repeated(server: tuple[Server, httpx.AsyncClient], method: str) -> None:
    made, http = server
    assert (await http.get("/a")).text == "ok"  # the connection is kept
    with pytest.raises(httpx.NetworkError):
        await http.request(method, "/lost")
    assert [line.split()[1] for line in made.heard] == ["/a", "/lost"]


async def test_a_time_out_is_one(server: tuple[Server, httpx.AsyncClient]) -> None:
    _made, http = server
    with pytest.raises(httpx.TimeoutException):
        await http.get("/never")


async def test_no_server_is_a_loss() -> None:
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1", transport=Transport(4)) as http:
        with pytest.raises(httpx.TransportError) as raised:
            await http.get("/")
    assert not isinstance(raised.value, httpx.TimeoutException)


async def test_the_cookies_of_one_request_are_not_sent_with_another(server: tuple[Server, httpx.AsyncClient]) -> None:
    made, http = server
    await http.get("/a")
    http.cookies.clear()  # httpx's own, which follow the client and not the connections
    await http.get("/b")
    assert "cookie:" not in made.heard[1]
