"""A server of models on a loopback socket that answers as told, and a company that is connected to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from db.ai import connection
from db.ai.connection import Opened, Settled
from db.ai.enums import EmbedderKind, Provider
from db.settings import Settings
from db.tenancy import Actor
from tests.workers.providers.peer import Peer, peer
from workers.llm import client

Body = dict[str, Any]
Reply = tuple[int, bytes | list[bytes], dict[str, str]]
"""Status, body (pieces: one after the other, without a length), headers."""


def completion(text: str | None = "Olá!", *, finish: str = "stop", usage: Body | None = None, **message: Any) -> Body:
    """A whole answer of `POST /chat/completions`."""
    told = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120} if usage is None else usage
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-2024-08-06",
        "choices": [choice],
        "usage": told,
    }


def ok(body: Body, **headers: str) -> Reply:
    return 200, json.dumps(body).encode(), {"content_type": "application/json", "x_request_id": "req_1", **headers}


def refused(status: int, code: str | None, message: str = "no", **headers: str) -> Reply:
    body = {"error": {"message": message, "type": "x", "param": None, "code": code}}
    return status, json.dumps(body).encode(), {"content_type": "application/json", **headers}


def chunks(*pieces: Body, done: bool = True) -> Reply:
    """A stream: each piece is the delta, finish_reason and usage of one chunk."""
    lines = []
    for piece in pieces:
        choices = (
            [] if "usage" in piece else [{"index": 0, "delta": piece.get("delta", {}), "finish_reason": piece.get("finish")}]
        )
        chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
        lines.append(b"data: " + json.dumps(chunk | {"usage": piece.get("usage")}).encode() + b"\n\n")
    return 200, [*lines, *([b"data: [DONE]\n\n"] if done else [])], {"content_type": "text/event-stream"}


class Service:
    """Answers by path; what nobody told gets the completion. `asked`: method and path, headers, body of each request."""

    def __init__(self) -> None:
        self.chat: list[Reply | Callable[[Body], Reply]] = []
        self.listed: Reply = ok({"object": "list", "data": [{"id": "gpt-4o"}, {"id": "text-embedding-3-small"}]})
        self.heard: Reply = ok(
            {"text": "Quero saber o preço.", "usage": {"type": "tokens", "input_tokens": 40, "output_tokens": 9}}
        )
        self.moderated: Reply | Callable[[Body], Reply] = ok({"id": "m", "model": "m", "results": [{"flagged": False}]})
        self.embedding: Callable[[Body], Reply] = vectors
        self.asked: list[tuple[str, dict[str, str], Body]] = []
        self.hold: asyncio.Event | None = None
        self.held = asyncio.Event()
        self.url = ""

    def reply(self, path: str, body: Body) -> Reply:
        if path.endswith("/models"):
            return self.listed
        if path.endswith("/transcriptions"):
            return self.heard
        if path.endswith("/moderations"):
            return self.moderated(body) if callable(self.moderated) else self.moderated
        if path.endswith("/embeddings"):
            return self.embedding(body)
        told = self.chat.pop(0) if len(self.chat) > 1 else self.chat[0] if self.chat else ok(completion())
        return told(body) if callable(told) else told

    @property
    def bodies(self) -> list[Body]:
        return [body for _, _, body in self.asked]

    async def serve(self, far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, raw = await far.read(reader)
            first, *lines = head.rstrip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            form = headers.get("content-type", "").startswith("multipart/")
            body = {"form": raw.decode("latin-1")} if form else json.loads(raw) if raw else {}
            self.asked.append((first.rpartition(" ")[0], headers, body))
            status, answer, told = self.reply(first.split(" ")[1].partition("?")[0], body)
            if self.hold is not None:
                self.held.set()
                await self.hold.wait()
            if isinstance(answer, bytes):
                await far.answer(writer, status, answer, **told)
                continue
            lines = [f"{name.replace('_', '-')}: {value}" for name, value in told.items()]
            writer.write(("\r\n".join([f"HTTP/1.1 {status} X", "connection: close", *lines]) + "\r\n\r\n").encode())
            for piece in answer:
                writer.write(piece)
                await writer.drain()
            return


def vectors(body: Body) -> Reply:
    """Three numbers for each text; the first is the text's length."""
    data = [
        {"object": "embedding", "index": number, "embedding": [float(len(text)), 0.5, -1.0]}
        for number, text in enumerate(body["input"])
    ]
    return ok({"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 7, "total_tokens": 7}})


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    told = Service()
    async with peer(told.serve) as far:
        told.url = f"{far.url}/v1"
        client.connect(client.Models(msgspec.structs.replace(settings, ai_allow_local=True), openai_url=told.url))
        yield told
        if told.hold is not None:
            told.hold.set()
        await client.close()


@pytest.fixture
async def connected(database: Settings, service: Service, owner: Actor) -> Actor:
    """The owner of a company whose service is ours, played as OpenAI."""
    await connect(owner)
    return owner


async def connect(owner: Actor, provider: Provider = Provider.OPENAI, **more: Any) -> Opened:
    """As saved, still to be checked."""
    wanted = {
        "key": "sk-test-0123456789abcdef",
        "chat_model": "gpt-4o",
        "embedder": EmbedderKind.SERVICE,
        "embedding_model": "any",
    } | more
    await connection.save(owner, Settled(provider=provider, **wanted))
    opened = await connection.opened(owner.company_id)
    assert opened is not None
    return opened
