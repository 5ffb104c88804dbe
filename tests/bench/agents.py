"""Those at a full desk: agents that hold a page of the web app without drawing it, and what one of them hears of the API."""

import asyncio
import contextlib
import json
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import socketio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.contract.events import ConversationEntryAdded, Frame

MOVES, ANSWERS, RELOADS = 20.0, 30.0, 180.0  # seconds between two conversations of an agent, two answers, two pages opened anew
_PATIENCE = 60.0


class Ear:
    """What one agent's connection to the API heard: of each entry when the worker told it and when it was here, and all events by type."""

    def __init__(self) -> None:
        self.told, self.heard = dict[UUID, float](), dict[UUID, float]()
        self.frames = Counter[str]()

    def take(self, text: str | bytes) -> None:
        frame = _read(text)
        self.frames[frame.type] += 1
        event = frame.event()
        if isinstance(event, ConversationEntryAdded) and frame.id:
            self.told[event.entry_id], self.heard[event.entry_id] = int(frame.id.partition("-")[0]) / 1000, time.time()


_read = msgspec.json.Decoder(Frame).decode


@contextlib.asynccontextmanager
async def listening(api_port: int, token: str) -> AsyncIterator[Ear]:
    ear = Ear()
    async with connect(
        f"ws://127.0.0.1:{api_port}/v1/events",
        additional_headers={"Authorization": f"Bearer {token}"},
        proxy=None,
        ping_interval=None,
    ) as socket:

        async def listen() -> None:
            with contextlib.suppress(ConnectionClosed):
                async for text in socket:
                    ear.take(text)

        task = asyncio.create_task(listen())
        yield ear
        task.cancel()


class Agent:
    """One person at work: a page that is held, a conversation now and then, an answer in it."""

    def __init__(self, ui: str, api_port: int, token: str, talks: list[UUID], errors: list[str]) -> None:
        self.moves = self.answers = self.updates = self.bytes = 0
        self.seen: dict[str, float] = {}  # a customer's message: when it was in this page's list
        self._ui, self._talks, self._errors = ui, talks, errors
        self._dice = random.Random(token)
        self._http = httpx.AsyncClient(base_url=ui, cookies={"mia_session": token}, timeout=_PATIENCE)
        headers = {"Authorization": f"Bearer {token}"}
        self._api = httpx.AsyncClient(base_url=f"http://127.0.0.1:{api_port}", headers=headers, timeout=_PATIENCE)
        self._socket: socketio.AsyncClient | None = None
        self._rows: dict[
            str, tuple[str, dict[str, Any]]
        ] = {}  # of the list by element: the conversation, and what its press sends
        self._talk = str(talks[0])

    async def __aenter__(self) -> "Agent":
        await self._open("/inbox")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()
        await self._http.aclose()
        await self._api.aclose()

    async def work(self) -> None:
        await asyncio.gather(self._moving(), self._answering(), self._reloading())

    async def _moving(self) -> None:
        while True:
            await asyncio.sleep(MOVES * self._dice.uniform(0.5, 1.5))
            if self._socket is None or not self._rows:
                continue
            self._talk, press = self._dice.choice(list(self._rows.values()))
            await self._socket.emit("event", {**press, "args": [json.dumps(self._talk)]})
            self.moves += 1

    async def _reloading(self) -> None:
        while True:
            await asyncio.sleep(RELOADS * self._dice.uniform(0.1, 1.9))
            await self._leave()
            await self._open(f"/inbox/{self._talk}")

    async def _answering(self) -> None:
        while True:
            await asyncio.sleep(ANSWERS * self._dice.uniform(0.5, 1.5))
            answer = await self._api.post(
                f"/v1/conversations/{self._talk}/messages",
                json={"content": {"kind": "text", "text": "Claro! Um momento."}},
                headers={"Idempotency-Key": uuid4().hex},
            )
            self._note(answer, "an answer")
            self.answers += answer.status_code == 202

    def _note(self, answer: httpx.Response, what: str) -> None:
        if answer.status_code >= 400:
            self._errors.append(f"{what}: {answer.status_code} {answer.text[:120]}")

    async def _open(self, path: str) -> None:
        """The page and its web socket, as the page's script joins it."""
        answer = await self._http.get(path)
        self._note(answer, path)
        found = re.search(r"query: (\{.*?\}),\n", answer.text)
        if found is None:
            self._errors.append(f"{path}: no page of the web app")
            return
        query: dict[str, Any] = json.loads(found[1].replace("'", '"').replace("True", "true").replace("False", "false"))
        query |= {"document_id": str(uuid4()), "tab_id": str(uuid4()), "old_tab_id": ""}
        joined = "&".join(f"{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in query.items())
        client_id, next_id = query["client_id"], int(query["next_message_id"])
        self._rows = {
            id: (
                element["props"]["data-conversation"],
                {"id": int(id), "client_id": client_id, "listener_id": press},
            )
            for id, element in _elements(answer.text).items()
            if "data-conversation" in element.get("props", {})
            for press in [one["listener_id"] for one in element["events"] if one["type"] == "click"]
        }
        socket = self._socket = socketio.AsyncClient(reconnection=False, logger=False)

        async def told(event: str, *given: Any) -> None:
            nonlocal next_id
            if given and isinstance(given[0], dict):
                next_id = max(next_id, given[0].get("_id", -1) + 1)
                self.updates, self.bytes = self.updates + 1, self.bytes + len(msgspec.json.encode(given))
                if event == "update":
                    self._see(given[0])
                if event == "run_javascript" and given[0].get("request_id"):
                    reply = {"request_id": given[0]["request_id"], "client_id": client_id, "result": None}
                    await socket.emit("javascript_response", reply)

        async def acknowledge() -> None:
            while True:
                await asyncio.sleep(3)
                await socket.emit("ack", {"client_id": client_id, "next_message_id": next_id})

        socket.on("*", told)
        cookies = "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())
        await socket.connect(
            f"{self._ui}?{joined}",
            headers={"Cookie": cookies, "Origin": self._ui},
            transports=["websocket"],
            socketio_path="/_nicegui_ws/socket.io",
            wait_timeout=int(_PATIENCE),
        )
        self._acks = asyncio.create_task(acknowledge())

    def _see(self, update: dict[str, Any]) -> None:
        for id, element in update.items():
            row = element.get("props", {}).get("row") if isinstance(element, dict) else None
            if row and id in self._rows:  # a row becomes another conversation's
                self._rows[id] = element["props"]["data-conversation"], self._rows[id][1]
            if row and row["text"].startswith("#"):
                self.seen.setdefault(row["text"], time.time())

    async def _leave(self) -> None:
        if self._socket is not None:
            self._acks.cancel()
            await self._socket.disconnect()
            self._socket = None


def _elements(page: str) -> dict[str, dict[str, Any]]:
    """The elements of a page, as its script reads them."""
    found = re.search(r"String\.raw`(.*?)`\)", page, re.DOTALL)
    assert found is not None
    text = found[1].replace("&#36;", "$").replace("&#96;", "`").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
    elements: dict[str, dict[str, Any]] = json.loads(text)
    return elements
