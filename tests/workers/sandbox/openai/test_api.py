"""The wire: what the real package reads from the sandbox, whole and in pieces, and what is refused."""

import json
import math
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.workers.sandbox.openai.conftest import client
from tests.workers.sandbox.world import Sandbox, until
from workers.llm import local
from workers.sandbox import samples

MODEL = "gpt-6-luna"
FACTS = "[k1 · Entrega] Entregamos em todo o Brasil. O prazo é de 5 dias úteis.\n[k2] Aceitamos cartão em até 10 vezes."
ASKED: list[Any] = [{"role": "system", "content": FACTS}, {"role": "user", "content": "Qual o prazo de entrega?"}]
SEARCH: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "search_knowledge",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string"}},
            "required": ["query"],
            "additionalProperties": False,
        },
    },
}


async def test_an_answer_has_text_and_usage_that_adds_up(model: AsyncOpenAI) -> None:
    done = await model.chat.completions.create(model=MODEL, messages=ASKED)
    assert done.choices[0].message.content == "O prazo é de 5 dias úteis."
    assert done.choices[0].finish_reason == "stop"
    assert done.usage is not None
    assert done.usage.completion_tokens == math.ceil(len("O prazo é de 5 dias úteis.".encode()) / 4)
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    assert done._request_id
    assert (await model.chat.completions.create(model=MODEL, messages=ASKED)).choices == done.choices


async def test_a_stream_is_the_same_answer_in_pieces(model: AsyncOpenAI) -> None:
    whole = await model.chat.completions.create(model=MODEL, messages=ASKED)
    stream = await model.chat.completions.create(model=MODEL, messages=ASKED, stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:-1]] == ["stop"]
    assert chunks[-1].choices == []
    assert whole.usage is not None
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])
    plain = await model.chat.completions.create(model=MODEL, messages=ASKED, stream=True)
    assert all([chunk.choices and chunk.usage is None async for chunk in plain])


async def test_calls_arrive_whole_and_in_pieces(model: AsyncOpenAI) -> None:
    done = await model.chat.completions.create(model=MODEL, messages=ASKED, tools=[SEARCH])
    [call] = done.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"query": "Qual o prazo de entrega?"}
    assert (done.choices[0].finish_reason, done.choices[0].message.content) == ("tool_calls", None)
    stream = await model.chat.completions.create(model=MODEL, messages=ASKED, tools=[SEARCH], stream=True)
    pieces = [one async for chunk in stream for one in chunk.choices[0].delta.tool_calls or []]
    assert (pieces[0].id, pieces[0].function and pieces[0].function.name) == (call.id, "search_knowledge")
    assert "".join(one.function.arguments or "" for one in pieces if one.function) == call.function.arguments
    assert all(one.id is None for one in pieces[1:])
    messages = [
        ASKED[1],
        {"role": "assistant", "content": None, "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": json.dumps([{"id": "k1", "text": "O prazo é de 3 dias."}])},
    ]
    answered = await model.chat.completions.create(model=MODEL, messages=messages, tools=[SEARCH])
    assert "3 dias" in (answered.choices[0].message.content or "")
    with pytest.raises(openai.BadRequestError, match="did not have response messages"):
        await model.chat.completions.create(model=MODEL, messages=messages[:-1], tools=[SEARCH])


async def test_the_beginning_that_was_seen_before_is_cached(model: AsyncOpenAI) -> None:
    rules = [{"role": "system", "content": "Responda com calma. " * 300}]  # 6,000 bytes
    asked: list[Any] = [*rules, {"role": "user", "content": "oi"}]

    async def cached(messages: list[Any], key: str) -> int | None:
        done = await model.chat.completions.create(model=MODEL, messages=messages, prompt_cache_key=key)
        assert done.usage is not None
        assert done.usage.prompt_tokens_details is not None
        return done.usage.prompt_tokens_details.cached_tokens

    assert await cached(asked, "a") == 0
    assert await cached([*rules, {"role": "user", "content": "tem camisetas?"}], "a") == 1408  # 1,500 of them, in steps of 128
    assert await cached(asked, "b") == 0
    assert await cached([{"role": "system", "content": f"x{rules[0]['content']}"}], "a") == 0
    assert await cached([{"role": "user", "content": "oi"}], "a") == 0
    assert await cached([{"role": "user", "content": "oi"}], "a") == 0  # too short to be kept


async def test_a_cap_cuts_and_thinking_counts(model: AsyncOpenAI) -> None:
    done = await model.chat.completions.create(model=MODEL, messages=ASKED, max_completion_tokens=3)
    assert (done.choices[0].finish_reason, done.choices[0].message.content) == ("length", "O prazo é d")
    thought = await model.chat.completions.create(
        model=MODEL, messages=ASKED, reasoning_effort="medium", max_completion_tokens=500
    )
    assert thought.usage is not None
    assert thought.usage.completion_tokens_details is not None
    assert thought.usage.completion_tokens_details.reasoning_tokens == 128
    assert thought.usage.completion_tokens == 128 + 7


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"messages": []}, "empty_array"),
        ({"max_tokens": 5}, "unsupported_parameter"),
        ({"tools": [{**SEARCH, "function": {**SEARCH["function"], "parameters": {"type": "object"}}}]}, "invalid_function_parameters"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "A", "strict": True, "schema": {"type": "array"}}}}, "invalid_json_schema"),
        ({"messages": [*ASKED, {"role": "tool", "tool_call_id": "x", "content": "?"}]}, None),
    ],
)  # fmt: skip
async def test_what_openai_refuses_is_refused(model: AsyncOpenAI, given: dict[str, Any], code: str | None) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await model.chat.completions.create(**{"model": MODEL, "messages": ASKED, **given})
    assert refused.value.code == code
    assert refused.value.request_id


async def test_keys_models_and_ends(sandbox: Sandbox, model: AsyncOpenAI) -> None:
    names = [one.id async for one in await model.models.list()]
    assert {MODEL, "text-embedding-3-small", "whisper-1"} <= set(names)
    assert "gpt-4" not in names
    with pytest.raises(openai.NotFoundError) as gone:
        await model.chat.completions.create(model="gpt-4", messages=ASKED)
    assert (gone.value.code, "deprecated" in gone.value.message) == ("model_not_found", True)
    assert (await model.models.retrieve("gpt-4o")).id == "gpt-4o"
    await sandbox.http.post("/sandbox/accounts", json={"kind": "openai", "id": "openai", "model": {"retired": ["gpt-4o"]}})
    with pytest.raises(openai.NotFoundError):
        await model.models.retrieve("gpt-4o")
    assert "gpt-4o" not in [one.id async for one in await model.models.list()]
    for key in ("sk-wrong", "sandbox-../x", ""):
        async with client(sandbox, key or "x") as stranger:
            with pytest.raises(openai.AuthenticationError) as refused:
                await stranger.models.list()
            assert refused.value.code == "invalid_api_key"
    account = (await sandbox.http.post("/sandbox/accounts", json={"kind": "openai", "id": "loja"})).json()
    async with client(sandbox, account["api_key"]) as own:
        assert await own.models.retrieve(MODEL)


async def test_too_long_is_counted(sandbox: Sandbox, model: AsyncOpenAI) -> None:
    await sandbox.http.post("/sandbox/accounts", json={"kind": "openai", "id": "openai", "model": {"context": 40}})
    with pytest.raises(openai.BadRequestError, match="maximum context length is 40 tokens") as refused:
        await model.chat.completions.create(model=MODEL, messages=ASKED)
    assert refused.value.code == "context_length_exceeded"


async def test_vectors_are_near_where_texts_are(model: AsyncOpenAI) -> None:
    async def of(texts: str | list[str], **more: Any) -> list[list[float]]:
        answer = await model.embeddings.create(model="text-embedding-3-small", input=texts, **more)
        assert answer.model == local.engine().model
        return [one.embedding for one in answer.data]

    def near(one: list[float], other: list[float]) -> float:
        return sum(a * b for a, b in zip(one, other, strict=True))

    [asked] = await of("Qual o prazo de entrega?")
    right, wrong = await of(["Prazo de entrega: cinco dias úteis.", "Nossa equipe gosta de futebol."])
    assert len(asked) == 1536
    assert near(asked, asked) == pytest.approx(1, abs=1e-3)
    assert near(asked, right) > near(asked, wrong)
    short, floats = await of(["prazo"], dimensions=128), await of(["prazo"], dimensions=128, encoding_format="float")
    assert len(short[0]) == 128
    assert short[0] == pytest.approx(floats[0], abs=1e-6)
    assert near(short[0], short[0]) == pytest.approx(1, abs=1e-3)
    for bad in ([], [""], ["x"] * 2049, ["x" * 40_000]):
        with pytest.raises(openai.BadRequestError):
            await of(bad)


async def test_a_voice_note_says_what_was_written(sandbox: Sandbox, model: AsyncOpenAI) -> None:
    for mime, name in (("audio/ogg", "note.ogg"), ("audio/mpeg", "note.mp3")):
        said = await model.audio.transcriptions.create(
            model="whisper-1", file=(name, samples.voice("Quero duas camisetas, tá? " * 20, mime)), language="pt"
        )
        assert said.text == "Quero duas camisetas, tá? " * 20
        other = await model.audio.transcriptions.create(model="whisper-1", file=(name, samples.of(mime)))
        assert other.text == "Áudio de 2 segundos."
    with pytest.raises(openai.BadRequestError, match="Invalid file format"):
        await model.audio.transcriptions.create(model="whisper-1", file=("a.ogg", b"no sound at all"))


async def test_what_a_person_says_is_heard(sandbox: Sandbox, model: AsyncOpenAI) -> None:
    account = await sandbox.account("meta")
    body = {"to_contact": "5511987654321", "kind": "voice", "text": "Vocês abrem no domingo?"}
    await sandbox.http.post(f"/sandbox/accounts/{account['id']}/reply", json=body)
    await until(lambda: bool(sandbox.product.values("messages")))
    [message] = sandbox.product.values("messages")
    link = (await sandbox.graph(account, "GET", f"/{message['audio']['id']}")).json()["url"]
    heard = await sandbox.http.get(link, headers={"authorization": f"Bearer {account['token']}"})
    said = await model.audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=("voice.ogg", heard.content))
    assert said.text == "Vocês abrem no domingo?"


async def test_moderation_flags(model: AsyncOpenAI) -> None:
    answer = await model.moderations.create(input=["Quero uma camiseta", "seu idiota"])
    assert [one.flagged for one in answer.results] == [False, True]
    assert answer.results[1].categories.harassment


async def test_what_the_model_saw_is_kept_without_keys(sandbox: Sandbox, model: AsyncOpenAI) -> None:
    secret = "sk-proj-abcdefghijklmnopqrstuvwxyz"
    await model.chat.completions.create(model=MODEL, messages=[*ASKED, {"role": "user", "content": f"chave {secret}"}])
    await model.embeddings.create(model="text-embedding-3-small", input="prazo")
    await model.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "<script>alert(1)</script>"}])
    await sandbox.restart()
    page = await sandbox.http.get("/model")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Qual o prazo de entrega?" in page.text
    assert "O prazo é de 5 dias úteis." in page.text
    assert "<script>" not in page.text
    assert secret not in page.text
    kept = (await sandbox.http.get("/sandbox/accounts/openai/requests")).json()["data"]
    assert [one["kind"] for one in kept] == ["chat", "embeddings", "chat"]
    assert kept[2]["asked"]["messages"][-1]["content"] == "chave […]"
    assert kept[2]["answered"]["message"]["content"]
    assert kept[2]["usage"]["prompt_tokens"] > 0
    assert secret not in json.dumps(kept)
    assert "authorization" not in json.dumps(kept).lower()
