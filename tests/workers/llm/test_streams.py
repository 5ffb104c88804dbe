"""Answers piece by piece, and vectors: the same outcomes, the same ledger."""

import json
from contextlib import aclosing
from typing import Any

import asyncpg
import pytest

from db.ai import connection, ledger
from db.ai.enums import CallResult, ConnectionState, EmbedderKind, Purpose
from db.ai.errors import CallFailure
from db.ai.ledger import About
from db.settings import Settings
from db.tenancy import Actor
from tests.workers.llm.conftest import Body, Reply, Service, chunks, connect, ok, refused, vectors
from workers.llm import local
from workers.llm.ask import embed, embedder_of, stream
from workers.llm.chat import Message, Request, ToolCall
from workers.llm.embeddings import Embedder
from workers.llm.outcomes import (
    Answered,
    Called,
    CutOff,
    Malformed,
    NoCredit,
    NotConnected,
    Unreachable,
)

ABOUT = About(purpose=Purpose.ANSWER)
HELLO = Request(messages=[Message("system", "Você é a Lia."), Message("user", "oi")])


async def booked(owner_db: asyncpg.Connection, owner: Actor) -> list[asyncpg.Record]:
    return await owner_db.fetch("select * from ai_usage where company_id = $1 order by id", owner.company_id)


async def listen(owner: Actor, request: Request = HELLO) -> tuple[list[str], Any]:
    heard = [piece async for piece in stream(owner.company_id, ABOUT, request)]
    return [piece for piece in heard if isinstance(piece, str)], heard[-1]


async def test_a_stream_gives_pieces_then_the_whole(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    usage = {"prompt_tokens": 50, "completion_tokens": 5, "total_tokens": 55}
    service.chat = [chunks({"delta": {"content": "Olá"}}, {"delta": {"content": ", Ana"}}, {"finish": "stop"}, {"usage": usage})]
    pieces, outcome = await listen(connected)
    assert pieces == ["Olá", ", Ana"]
    assert isinstance(outcome, Answered)
    assert (outcome.text, outcome.usage.input, outcome.usage.output) == ("Olá, Ana", 50, 5)
    (row,) = await booked(owner_db, connected)
    assert (row["result"], row["cost"]) == ("answered", outcome.cost)
    assert service.bodies[0]["stream_options"] == {"include_usage": True}


async def test_streamed_calls_are_joined_by_their_place(service: Service, connected: Actor) -> None:
    def call(place: int, arguments: str, **more: Any) -> Body:
        return {
            "delta": {"tool_calls": [{"index": place, "function": {"arguments": arguments, **more.pop("function", {})}, **more}]}
        }

    service.chat = [
        chunks(
            call(0, "", id="a", function={"name": "look_up"}),
            call(1, "{}", id="b", function={"name": "look_up"}),
            call(0, '{"q":'),
            call(0, '"x"}'),
            {"finish": "tool_calls"},
        )
    ]
    _, outcome = await listen(connected)
    assert isinstance(outcome, Called)
    assert outcome.calls == (ToolCall("a", "look_up", '{"q":"x"}'), ToolCall("b", "look_up", "{}"))


async def test_a_stream_that_breaks_says_so(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    service.chat = [chunks({"delta": {"content": "Olá"}}, done=False)]
    pieces, outcome = await listen(connected)
    assert pieces == ["Olá"]
    assert isinstance(outcome, CutOff)
    status, lines, headers = chunks({"delta": {"content": "Olá"}}, done=False)
    assert isinstance(lines, list)
    error = b'data: {"error": {"message": "overloaded", "code": "server_error"}}\n\n'
    service.chat = [(status, [*lines, error], headers)]
    pieces, outcome = await listen(connected)
    assert pieces == ["Olá"]
    assert isinstance(outcome, Unreachable)
    rows = await booked(owner_db, connected)
    assert all(row["estimated"] and row["counted"] > 0 for row in rows), "what was written is counted"
    service.chat = [refused(429, "insufficient_quota")]
    assert isinstance((await listen(connected))[1], NoCredit)


async def test_who_stops_listening_is_booked(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    service.chat = [chunks(*({"delta": {"content": "a"}} for _ in range(50)))]
    async with aclosing(stream(connected.company_id, ABOUT, HELLO)) as pieces:
        async for _ in pieces:
            break
    (row,) = await booked(owner_db, connected)
    assert (row["result"], row["reserved"], row["estimated"]) == ("cancelled", 0, True)


async def test_vectors_come_in_order_and_in_batches(
    service: Service, connected: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.llm.embeddings.TEXTS_AT_ONCE", 2)

    def backwards(body: Body) -> Reply:
        status, raw, headers = vectors(body)
        assert isinstance(raw, bytes)
        told = json.loads(raw)
        return status, json.dumps(told | {"data": told["data"][::-1]}).encode(), headers

    service.embedding = backwards
    found = await embed(connected.company_id, About(purpose=Purpose.EMBED), ["a", "bbb", " "], kind="passage")
    assert found == [[1.0, 0.5, -1.0], [3.0, 0.5, -1.0], [1.0, 0.5, -1.0]]
    assert [body["input"] for body in service.bodies] == [["a", "bbb"], ["."]]
    assert [(row["purpose"], row["input"]) for row in await booked(owner_db, connected)] == [("embed", 7), ("embed", 7)]


async def test_vectors_of_another_length_or_service_are_none(service: Service, connected: Actor) -> None:
    about = About(purpose=Purpose.EMBED)
    assert isinstance(
        await embed(connected.company_id, about, ["a"], kind="query", embedder=Embedder("openai", "any", 4)), Malformed
    )
    assert isinstance(
        await embed(connected.company_id, about, ["a"], kind="query", embedder=Embedder("azure", "any", 3)), NotConnected
    )
    service.embedding = lambda _: ok({"data": []})
    assert isinstance(await embed(connected.company_id, about, ["a"], kind="query"), Malformed)


async def test_the_local_model_asks_nobody_and_costs_nothing(
    service: Service, connected: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect(connected, embedder=EmbedderKind.LOCAL)
    found = await connection.connection(connected)
    assert found is not None
    await connection.stop(connected.company_id, found, ConnectionState.NO_CREDIT)
    chosen = await embedder_of(connected.company_id)
    assert chosen == Embedder("local", local.MODEL, local.DIMS)
    found = await embed(connected.company_id, About(purpose=Purpose.EMBED), ["prazo de entrega", "x"], kind="passage")
    assert isinstance(found, list)
    assert [len(vector) for vector in found] == [local.DIMS] * 2
    assert service.asked == []
    assert await booked(owner_db, connected) == []
    other = Embedder("local", "another-model", 8)
    assert await embed(connected.company_id, ABOUT, ["x"], kind="query", embedder=other) == NotConnected(CallFailure.LOCAL_OFF)
    monkeypatch.setattr(local, "installed", lambda: False)
    assert await embed(connected.company_id, ABOUT, ["x"], kind="query") == NotConnected(CallFailure.LOCAL_OFF)


async def test_a_late_settlement_is_counted_and_a_second_one_is_not(
    database: Settings, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    booked_now = await ledger.reserve(
        owner.company_id, ABOUT, provider="openai", model="gpt-4o", most=ledger.Tokens(100, output=50), lease=-1
    )
    assert isinstance(booked_now, ledger.Booked)
    await ledger.free_expired()
    (row,) = await booked(owner_db, owner)
    assert (row["result"], row["reserved"], row["counted"], row["estimated"]) == ("lost", 0, 750, True)
    for _ in range(2):
        await ledger.settle(owner.company_id, booked_now, CallResult.ANSWERED, ledger.Tokens(100, output=10))
    (row,) = await booked(owner_db, owner)
    assert (row["result"], row["counted"]) == ("answered", 350)


@pytest.mark.parametrize("line", [b"1", b'"x"', b"null", b"[]"])
async def test_a_line_that_is_no_object_is_malformed(service: Service, connected: Actor, line: bytes) -> None:
    service.chat = [(200, [b"data: " + line + b"\n\n", b"data: [DONE]\n\n"], {"content_type": "text/event-stream"})]
    (outcome,) = [piece async for piece in stream(connected.company_id, ABOUT, HELLO)]
    assert isinstance(outcome, Malformed)


async def test_a_stream_cut_inside_a_call_calls_nothing(service: Service, connected: Actor) -> None:
    call = {"index": 0, "id": "a", "function": {"name": "look_up", "arguments": '{"q": "pra'}}
    service.chat = [chunks({"delta": {"tool_calls": [call]}}, done=False)]
    (outcome,) = [piece async for piece in stream(connected.company_id, ABOUT, HELLO)]
    assert isinstance(outcome, CutOff)
