"""Asking a model: every way it can end is one typed outcome, and every attempt is in the ledger."""

import asyncio
import json
from uuid import uuid4

import asyncpg
import pytest

from db.ai import catalogue, connection
from db.ai.enums import ConnectionState, EmbedderKind, ModelLevel, Provider, Purpose
from db.ai.errors import CallFailure
from db.ai.ledger import About
from db.clock import now
from db.settings import Settings
from db.tenancy import Actor
from tests.workers.llm.conftest import Reply, Service, completion, connect, ok, refused
from workers.llm import attempts, chat, client
from workers.llm.ask import ask, embed, stream
from workers.llm.chat import Image, Message, Request, Text, Tool, ToolCall
from workers.llm.outcomes import (
    Answered,
    Called,
    CutOff,
    Filtered,
    KeyRefused,
    Malformed,
    ModelGone,
    NoCredit,
    NotConnected,
    Outcome,
    RateLimited,
    Refused,
    TimedOut,
    TooLong,
    Unreachable,
)

ABOUT = About(purpose=Purpose.ANSWER)
HELLO = Request(messages=[Message("system", "Você é a Lia."), Message("user", "oi")])
LOOK_UP = Tool("look_up", "Looks it up", {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]})


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_WAIT", 0.0)


async def booked(owner_db: asyncpg.Connection, owner: Actor) -> list[asyncpg.Record]:
    return await owner_db.fetch("select * from ai_usage where company_id = $1 order by id", owner.company_id)


async def test_an_answer_comes_with_what_it_used(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    usage = {
        "prompt_tokens": 2000, "completion_tokens": 100, "total_tokens": 2100,
        "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }  # fmt: skip
    service.chat = [ok(completion("Olá, Ana!", usage=usage))]
    persona, conversation, turn = uuid4(), uuid4(), uuid4()
    about = About(purpose=Purpose.DRAFT, persona_id=persona, conversation_id=conversation, turn_id=turn)
    outcome = await ask(connected.company_id, about, HELLO)
    assert isinstance(outcome, Answered)
    cost = -(-((2000 - 1024) * 2_500_000 + 1024 * 1_250_000 + 100 * 10_000_000) // 1_000_000)
    assert (outcome.text, outcome.cost, outcome.request_id, outcome.model) == ("Olá, Ana!", cost, "req_1", "gpt-4o-2024-08-06")
    (row,) = await booked(owner_db, connected)
    assert (row["result"], row["cost"], row["counted"], row["reserved"], row["estimated"]) == ("answered", cost, cost, 0, False)
    assert (row["input"], row["cached"], row["output"], row["reasoning"]) == (2000, 1024, 100, 40)
    assert (row["purpose"], row["persona_id"], row["conversation_id"], row["turn_id"]) == ("draft", persona, conversation, turn)
    assert (row["provider"], row["model"], row["request_id"]) == ("openai", "gpt-4o", "req_1")


async def test_the_question_as_it_goes_out(service: Service, connected: Actor) -> None:
    picture = Message("user", [Text("o que é isto?"), Image("data:image/png;base64,AA==")])
    request = Request(
        messages=[
            Message("system", "s"),
            picture,
            Message("assistant", "", (ToolCall("call_1", "look_up", '{"q":"x"}'),)),
            Message("tool", "nada", tool_call_id="call_1"),
        ],
        tools=[LOOK_UP],
        schema={"type": "object"},
        max_tokens=64,
        temperature=0.2,
        cache_key="lia:3",
        end_user="hmac",
    )
    await ask(connected.company_id, ABOUT, request)
    line, headers, body = service.asked[0]
    assert line == "POST /v1/chat/completions"
    assert headers["authorization"] == "Bearer sk-test-0123456789abcdef"
    assert {name for name in headers if name.startswith("openai-")} == set()
    assert body["messages"] == [
        {"role": "system", "content": "s"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "o que é isto?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"q":"x"}'}}],
        },
        {"role": "tool", "content": "nada", "tool_call_id": "call_1"},
    ]
    assert (body["model"], body["max_completion_tokens"], body["temperature"]) == ("gpt-4o", 64, 0.2)
    assert (body["prompt_cache_key"], body["safety_identifier"]) == ("lia:3", "hmac")
    assert body["tools"][0]["function"]["strict"] is True
    assert body["response_format"]["json_schema"] == {"name": "answer", "strict": True, "schema": {"type": "object"}}


async def test_a_model_that_thinks_is_asked_to_think_little_and_has_room(service: Service, connected: Actor) -> None:
    await ask(connected.company_id, ABOUT, Request(messages=HELLO.messages, model="gpt-6-luna", temperature=0.2, max_tokens=300))
    await ask(
        connected.company_id,
        ABOUT,
        Request(messages=HELLO.messages, model="gpt-6-luna", temperature=0.2, max_tokens=300, effort="low"),
    )
    little, more = service.bodies
    assert (little["reasoning_effort"], little["max_completion_tokens"], little["temperature"]) == ("none", 300, 0.2)
    assert (more["reasoning_effort"], more["max_completion_tokens"]) == ("low", 2300)
    assert "temperature" not in more


async def test_servers_that_know_less_are_asked_for_less(service: Service, database: Settings, owner: Actor) -> None:
    await connect(owner, Provider.COMPATIBLE, base_url=service.url, key=None, chat_model="llama")
    request = Request(messages=HELLO.messages, cache_key="k", end_user="h", temperature=0.5)
    assert isinstance(await ask(owner.company_id, ABOUT, request), Answered)
    body = service.bodies[0]
    assert set(body) == {"model", "messages", "max_tokens", "temperature"}


async def test_azure_has_its_own_address_and_header(service: Service, database: Settings, owner: Actor) -> None:
    base = service.url.removesuffix("/v1")
    await connect(owner, Provider.AZURE, base_url=base, api_version="2025-01-01", key="azure-key-1234", chat_model="minha-lia")
    assert isinstance(await ask(owner.company_id, ABOUT, HELLO), Answered)
    line, headers, _ = service.asked[0]
    assert line == "POST /openai/deployments/minha-lia/chat/completions?api-version=2025-01-01"
    assert headers["api-key"] == "azure-key-1234"
    await connect(owner, Provider.AZURE, base_url=f"{base}/openai/v1", key="azure-key-1234", chat_model="minha-lia")
    assert isinstance(await ask(owner.company_id, ABOUT, HELLO), Answered)
    line, headers, _ = service.asked[1]
    assert (line, headers["authorization"]) == ("POST /openai/v1/chat/completions", "Bearer azure-key-1234")


async def test_nothing_of_the_installations_environment_leaves(
    service: Service, connected: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "WEBHOOK_SECRET"):
        monkeypatch.setenv(f"OPENAI_{name}", "secret-of-the-house")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/elsewhere")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-house: secret-of-the-house")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert isinstance(await ask(connected.company_id, ABOUT, HELLO), Answered)
    assert "secret-of-the-house" not in json.dumps(service.asked)


@pytest.mark.parametrize(
    ("reply", "kind", "text"),
    [
        (ok(completion("metade", finish="length")), CutOff, "metade"),
        (ok(completion(None, refusal="Não posso.")), Refused, "Não posso."),
        (ok(completion(None, finish="content_filter")), Filtered, None),
        (ok(completion("")), Malformed, None),
        (ok({"choices": []}), Malformed, None),
        (ok({"choices": None, "usage": None}), Malformed, None),
        ((200, b"<html>hello", {"content_type": "text/html"}), Malformed, None),
        ((200, b"", {}), Malformed, None),
        ((200, b'{"choices": "no"}', {"content_type": "application/json"}), Malformed, None),
        (ok(completion("tem\x00nulo")), Answered, "temnulo"),
    ],
)
async def test_answers_of_every_kind(
    service: Service, connected: Actor, reply: Reply, kind: type[Outcome], text: str | None
) -> None:
    service.chat = [reply]
    outcome = await ask(connected.company_id, ABOUT, HELLO)
    assert type(outcome) is kind
    assert text is None or getattr(outcome, "text", None) == text


async def test_calls_of_tools_are_handed_on_as_written(service: Service, connected: Actor) -> None:
    calls = [
        {"id": "a", "type": "function", "function": {"name": "look_up", "arguments": '{"q": broken'}},
        {"type": "function", "function": {"name": "look_up", "arguments": "{}"}},
    ]
    service.chat = [ok(completion(None, finish="tool_calls", tool_calls=calls))]
    outcome = await ask(connected.company_id, ABOUT, HELLO)
    assert isinstance(outcome, Called)
    assert outcome.calls == (ToolCall("a", "look_up", '{"q": broken'), ToolCall("call_1", "look_up", "{}"))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (refused(400, "context_length_exceeded"), TooLong),
        (refused(400, "content_policy_violation"), Filtered),
        (refused(400, "something_new"), Malformed),
        (refused(404, "model_not_found"), ModelGone),
        (refused(403, "model_not_found"), ModelGone),
        (refused(404, "DeploymentNotFound"), ModelGone),
        ((404, b"not here", {}), Unreachable),
        ((403, b"<html>Request blocked", {"content_type": "text/html"}), Unreachable),
        (refused(403, None), ModelGone),
        (refused(422, None), Malformed),
        (refused(429, "rate_limit_exceeded", retry_after="60"), RateLimited),
        (refused(500, None), Unreachable),
        (refused(503, "overloaded"), Unreachable),
        ((502, b"<html>bad gateway", {}), Unreachable),
        (refused(408, None), TimedOut),
        (refused(413, None), TooLong),
        ((301, b"", {"location": "http://127.0.0.1:1/"}), Malformed),
    ],
)
async def test_refusals_cost_nothing_and_are_asked_once(
    service: Service, connected: Actor, owner_db: asyncpg.Connection, reply: Reply, expected: type[Outcome]
) -> None:
    service.chat = [reply]
    outcome = await ask(connected.company_id, ABOUT, HELLO)
    assert type(outcome) is expected
    assert len(service.asked) == 1
    (row,) = await booked(owner_db, connected)
    assert row["reserved"] == 0
    if expected not in (Filtered, TimedOut):
        assert row["counted"] == 0


@pytest.mark.parametrize(
    ("status", "code", "expected", "state"),
    [
        (429, "insufficient_quota", NoCredit, ConnectionState.NO_CREDIT),
        (402, None, NoCredit, ConnectionState.NO_CREDIT),
        (401, "invalid_api_key", KeyRefused, ConnectionState.KEY_REFUSED),
        (401, None, KeyRefused, ConnectionState.KEY_REFUSED),
    ],
)
async def test_no_credit_and_a_refused_key_stop_the_connection_and_tell_the_owner_once(
    service: Service, connected: Actor, owner_db: asyncpg.Connection, status: int, code: str, expected: type[Outcome], state: str
) -> None:
    service.chat = [refused(status, code, "Incorrect API key provided: sk-test-0123456789abcdef.")]
    outcomes = await asyncio.gather(*(ask(connected.company_id, ABOUT, HELLO) for _ in range(3)))
    assert {type(outcome) for outcome in outcomes} == {expected}
    asked = len(service.asked)
    assert type(await ask(connected.company_id, ABOUT, HELLO)) is expected
    assert len(service.asked) == asked, "a stopped connection is not asked"
    now = await connection.connection(connected)
    assert now is not None
    assert now.state == state
    mails = await owner_db.fetch("select params from mail where company_id = $1 and template = 'ai_notice'", connected.company_id)
    assert [json.loads(mail["params"])["code"] for mail in mails] == [state]
    assert "sk-test" not in str(outcomes)


async def test_a_short_wait_is_waited_and_both_attempts_are_booked(
    service: Service, connected: Actor, owner_db: asyncpg.Connection
) -> None:
    service.chat = [refused(429, "rate_limit_exceeded", retry_after_ms="20"), ok(completion())]
    assert isinstance(await ask(connected.company_id, ABOUT, HELLO), Answered)
    assert [row["result"] for row in await booked(owner_db, connected)] == ["rate_limited", "answered"]
    service.chat = [refused(429, "rate_limit_exceeded"), refused(429, "rate_limit_exceeded"), ok(completion())]
    assert isinstance(await ask(connected.company_id, ABOUT, HELLO), RateLimited), "once more, no more"


async def test_a_connection_that_fails_is_tried_once_more(
    service: Service, connected: Actor, owner_db: asyncpg.Connection, settings: Settings
) -> None:
    await client.close()
    client.connect(client.Models(settings, openai_url="http://127.0.0.1:1/v1"))
    outcome = await ask(connected.company_id, ABOUT, HELLO)
    assert outcome == Unreachable(CallFailure.ADDRESS_REFUSED, "127.0.0.1 leads to a private or reserved address", sent=False)
    assert len(await booked(owner_db, connected)) == 1, "what is not allowed is not tried again"


async def test_nobody_listens(service: Service, database: Settings, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await connect(owner, Provider.COMPATIBLE, base_url="http://127.0.0.1:1/v1", chat_model="m")
    outcome = await ask(owner.company_id, ABOUT, HELLO)
    assert isinstance(outcome, Unreachable)
    assert not outcome.sent
    rows = await booked(owner_db, owner)
    assert [(row["result"], row["counted"], row["reserved"]) for row in rows] == [("unreachable", 0, 0)] * 2


async def test_silence_ends_with_a_time_out_and_counts_what_was_sent(
    service: Service, connected: Actor, owner_db: asyncpg.Connection
) -> None:
    service.hold = asyncio.Event()
    outcome = await ask(connected.company_id, ABOUT, Request(messages=HELLO.messages, timeout=0.3))
    assert outcome == TimedOut()
    (row,) = await booked(owner_db, connected)
    assert (row["result"], row["estimated"], row["reserved"]) == ("timed_out", True, 0)
    assert row["output"] == HELLO.max_tokens, "it may be written to its end all the same"


async def test_an_answer_cut_on_its_way_is_booked(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    service.chat = [(200, [b'{"choices": [{"mess'], {"content_type": "application/json", "content_length": "5000"})]
    outcome = await ask(connected.company_id, ABOUT, HELLO)
    assert isinstance(outcome, Unreachable)
    assert outcome.cut
    (row,) = await booked(owner_db, connected)
    assert (row["result"], row["estimated"], row["output"]) == ("unreachable", True, HELLO.max_tokens)


async def test_a_cancelled_question_is_booked(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    service.hold = asyncio.Event()
    task = asyncio.create_task(ask(connected.company_id, ABOUT, HELLO))
    await service.held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (row,) = await booked(owner_db, connected)
    assert (row["result"], row["reserved"], row["estimated"]) == ("cancelled", 0, True)
    assert row["output"] == HELLO.max_tokens


async def test_who_is_not_connected_asks_nobody(service: Service, database: Settings, owner: Actor) -> None:
    assert await ask(owner.company_id, ABOUT, HELLO) == NotConnected()
    assert [piece async for piece in stream(owner.company_id, ABOUT, HELLO)] == [NotConnected()]
    assert await embed(owner.company_id, ABOUT, ["a"], kind="query") == NotConnected()


async def test_a_server_that_hides_its_figures_is_estimated(
    service: Service, connected: Actor, owner_db: asyncpg.Connection
) -> None:
    service.chat = [ok(completion("Olá!", usage={}))]
    outcome = await ask(connected.company_id, ABOUT, HELLO)
    assert isinstance(outcome, Answered)
    (row,) = await booked(owner_db, connected)
    assert row["estimated"]
    assert (row["input"], row["output"]) == (outcome.usage.input, outcome.usage.output) != (0, 0)


async def test_an_answer_without_end_is_cut(service: Service, connected: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_BYTES", 1000)
    service.chat = [ok(completion("x" * 2000))]
    assert isinstance(await ask(connected.company_id, ABOUT, HELLO), Unreachable)


@pytest.mark.parametrize(
    ("provider", "level", "listed", "expected"),
    [
        (Provider.OPENAI, ModelLevel.ECONOMICAL, catalogue.ECONOMICAL, catalogue.ECONOMICAL),
        (Provider.OPENAI, ModelLevel.BALANCED, catalogue.BALANCED, catalogue.BALANCED),
        (Provider.OPENAI, ModelLevel.BEST, catalogue.BEST, catalogue.BEST),
        (Provider.SANDBOX, ModelLevel.BEST, catalogue.BEST, catalogue.BEST),
        (Provider.OPENAI, ModelLevel.BEST, "gpt-4o", "gpt-4o"),
        (Provider.COMPATIBLE, ModelLevel.BEST, catalogue.BEST, "gpt-4o"),
        (Provider.OPENAI, None, catalogue.BEST, "gpt-4o"),
    ],
)
def test_a_level_is_a_model_of_the_catalogue_where_the_service_lists_it(
    provider: Provider, level: ModelLevel | None, listed: str, expected: str
) -> None:
    found = connection.Connection(
        id=uuid4(), provider=provider, base_url="", api_version="", organization="", chat_model="gpt-4o", embedder=EmbedderKind.NONE,
        embedding_model="", embedding_dims=0, state=ConnectionState.READY, state_at=now(), checked_at=None, findings=[],
        models=["gpt-4o", listed], version=1, has_key=True,
    )  # fmt: skip
    opened = connection.Opened(company_id=uuid4(), connection=found, key="")
    assert chat.model_of(opened, Request(messages=[], level=level)) == expected
    assert chat.model_of(opened, Request(messages=[], level=level, model="o3")) == "o3"
