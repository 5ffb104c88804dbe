"""How long a body may take, and what made-up requests leave behind."""

import asyncio
import json
from typing import Any

from litestar import Litestar

from api import health
from api.bodies import BodyDeadline


class Caller:
    """Sends the head of a request and its body piece by piece, in ASGI's terms; `status` is the answer's."""

    def __init__(self, path: str, headers: dict[str, str], *, method: str = "POST") -> None:
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.scope: Any = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": raw, "client": ("127.0.0.1", 1),
            "server": ("testserver", 80), "state": {}, "extensions": {},
        }  # fmt: skip
        self.read = 0
        self.status = 0
        self.body = b""
        self._pieces: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()

    def push(self, piece: bytes, *, more: bool = True) -> None:
        self._pieces.put_nowait((piece, more))

    async def receive(self) -> Any:
        piece, more = await self._pieces.get()
        self.read += len(piece)
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")


async def test_a_body_that_does_not_come_is_cut_off(app: Litestar) -> None:
    caller = Caller("/v1/auth/sign-in", {"content-type": "application/json", "content-length": "100"})
    caller.push(b'{"email":')
    async with asyncio.timeout(10):
        await BodyDeadline(app, grace=0.05)(caller.scope, caller.receive, caller.send)
    assert (caller.status, json.loads(caller.body)["code"]) == (408, "too_slow")


async def test_a_body_that_comes_at_a_fair_speed_has_its_time() -> None:
    caller = Caller("/", {})
    got = b""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal got
        more = True
        while more:
            message = await receive()
            got += message["body"]
            more = message["more_body"]

    async def slowly() -> None:
        for number in range(6):
            caller.push(b"x" * 4096, more=number < 5)
            await asyncio.sleep(0.05)

    await asyncio.gather(BodyDeadline(app, grace=0.2)(caller.scope, caller.receive, caller.send), slowly())  # type: ignore[arg-type]
    assert len(got) == 6 * 4096


async def test_made_up_methods_are_one_label(app: Litestar) -> None:
    for number in range(20):
        caller = Caller("/nowhere", {}, method=f"MADEUP{number}")
        caller.push(b"", more=False)
        await app(caller.scope, caller.receive, caller.send)
    text = health.generate_latest(health._registry).decode()
    assert "MADEUP" not in text
    assert 'method="OTHER"' in text
