"""The AI service over HTTP: connected without showing the key, priced, counted, budgeted."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from db.ai import ledger
from db.ai.enums import CallResult, Purpose
from db.ai.ledger import About, Booked, Tokens
from db.permissions import Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import Headers, SignInAs, bearer
from tests.db.assistant.scene import Scene

KEY = "sk-proj-0123456789abcdefghij"
OPENAI = {"provider": "openai", "key": KEY, "chat_model": "gpt-4o"}


@pytest.fixture
async def auth(owner_db: asyncpg.Connection, owner: Actor) -> Headers:
    return await bearer(owner_db, owner)


async def put(client: httpx.AsyncClient, auth: Headers, **body: Any) -> httpx.Response:
    return await client.put("/v1/ai/connection", json=body, headers=auth)


async def test_a_connection_is_kept_checked_and_its_key_never_shown(
    client: httpx.AsyncClient, auth: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    empty = await client.get("/v1/ai/connection", headers=auth)
    assert (empty.json()["provider"], empty.json()["version"]) == (None, 0)
    made = await put(client, auth, **OPENAI, organization="org-1")
    assert made.status_code == 200, made.text
    shown = made.json()
    assert KEY not in made.text
    assert (shown["has_key"], shown["state"], shown["embedding_model"], shown["embedding_dims"]) == (
        True, "checking", "text-embedding-3-small", 1536,
    )  # fmt: skip
    row = await owner_db.fetchrow("select key from ai_connection where company_id = $1", owner.company_id)
    assert KEY.encode() not in row["key"]
    jobs = await owner_db.fetchval(
        "select count(*) from job where company_id = $1 and payload->>'type' = 'CheckAi'", owner.company_id
    )
    assert jobs == 1
    said = await owner_db.fetchval(
        "select string_agg(data::text, ' ') from audit_log where company_id = $1 and action like 'ai%'", owner.company_id
    )
    assert KEY not in said
    kept = await put(client, auth, provider="openai", chat_model="gpt-4o-mini")
    assert (kept.json()["has_key"], kept.json()["chat_model"]) == (True, "gpt-4o-mini"), "the key stays"
    gone = await client.delete("/v1/ai/connection", headers=auth)
    assert gone.status_code == 204
    assert (await client.get("/v1/ai/connection", headers=auth)).json()["provider"] is None
    assert await owner_db.fetchval("select count(*) from ai_connection where company_id = $1", owner.company_id) == 0


async def test_a_key_goes_only_where_it_was_given_for(
    client: httpx.AsyncClient, auth: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await put(client, auth, **OPENAI)
    moved = await put(client, auth, provider="compatible", base_url="https://evil.example/v1", chat_model="m")
    assert moved.status_code == 200
    assert moved.json()["has_key"] is False
    await put(client, auth, provider="compatible", base_url="https://mine.example/v1", chat_model="m", key=KEY)
    moved = await put(client, auth, provider="compatible", base_url="https://evil.example/v1", chat_model="m")
    assert moved.json()["has_key"] is False
    assert await owner_db.fetchval("select key from ai_connection where company_id = $1", owner.company_id) is None


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"provider": "openai"}, "key", "ai_key_needed"),
        ({"provider": "openai", "key": "tem espaços aqui"}, "key", "ai_key_needed"),
        ({"provider": "compatible", "chat_model": "m"}, "base_url", "ai_base_url"),
        ({"provider": "compatible", "base_url": "ftp://x", "chat_model": "m"}, "base_url", "ai_base_url"),
        ({"provider": "compatible", "base_url": "https://[x", "chat_model": "m"}, "base_url", "ai_base_url"),
        ({"provider": "compatible", "base_url": "https://x:port/v1", "chat_model": "m"}, "base_url", "ai_base_url"),
        ({"provider": "compatible", "base_url": "https://u:p@x.example/v1", "chat_model": "m"}, "base_url", "ai_base_url"),
        ({"provider": "compatible", "base_url": "https://x.example/v1?a=1", "chat_model": "m"}, "base_url", "ai_base_url"),
        ({"provider": "compatible", "base_url": "https://x.example/v1"}, "chat_model", "ai_model_name"),
        ({"provider": "azure", "base_url": "https://x.example", "chat_model": "m"}, "key", "ai_key_needed"),
        ({"provider": "openai", "key": KEY, "chat_model": "não é nome"}, "chat_model", "ai_model_name"),
    ],
)
async def test_what_is_missing_is_marked(client: httpx.AsyncClient, auth: Headers, body: Any, field: str, code: str) -> None:
    answer = await put(client, auth, **body)
    assert answer.status_code == 422
    assert (field, code) in [(each["field"], each["code"]) for each in answer.json()["errors"]]


@pytest.mark.parametrize("days", ["until=0001-01-10", "since=0001-01-01&until=0001-01-01", "since=9999-12-31"])
async def test_usage_of_the_first_and_the_last_days_there_are(client: httpx.AsyncClient, auth: Headers, days: str) -> None:
    answer = await client.get(f"/v1/ai/usage?{days}", headers=auth)
    assert (answer.status_code, answer.json()["days"]) == (200, [])


async def test_two_who_edit_at_once_are_told(client: httpx.AsyncClient, auth: Headers) -> None:
    made = await put(client, auth, **OPENAI)
    stale = {**auth, "If-Match": made.headers["etag"]}
    assert (await client.put("/v1/ai/connection", json=OPENAI, headers=stale)).status_code == 200
    assert (await client.put("/v1/ai/connection", json=OPENAI, headers=stale)).status_code == 412


async def test_old_models_stay_selectable_and_say_when_they_end(client: httpx.AsyncClient, auth: Headers) -> None:
    for name in ("gpt-3.5-turbo", "gpt-4", "gpt-4o"):
        assert (await put(client, auth, provider="openai", key=KEY, chat_model=name)).json()["chat_model"] == name
    found = {each["name"]: each for each in (await client.get("/v1/ai/models", headers=auth)).json()["items"]}
    assert found["gpt-3.5-turbo"]["retired_on"] == "2026-10-23"
    assert found["gpt-3.5-turbo"]["state"] == "retired"
    assert found["gpt-3.5-turbo"]["replacement"] in found
    assert found["gpt-4o"]["in_use"]
    assert found["gpt-6.1-terra"]["price"] == {
        "input_micro": 1_000_000, "cached_micro": 50_000, "cache_write_micro": 1_250_000, "output_micro": 5_000_000, "own": False,
    }  # fmt: skip
    assert found["gpt-5.6-sol"]["price"] is None


async def test_what_the_key_may_use_is_marked(
    client: httpx.AsyncClient, auth: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await put(client, auth, **OPENAI)
    listed = ["gpt-4o", "gpt-4o-2024-08-06", "ft:gpt-4o:loja", "whisper-1", "gpt-audio-mini", "text-embedding-3-small"]
    await owner_db.execute("update ai_connection set models = $2 where company_id = $1", owner.company_id, listed)
    found = {each["name"]: each for each in (await client.get("/v1/ai/models", headers=auth)).json()["items"]}
    assert (found["gpt-4o"]["usable"], found["gpt-4"]["usable"], found["ft:gpt-4o:loja"]["usable"]) == (True, False, True)
    assert not {"whisper-1", "gpt-audio-mini", "gpt-4o-2024-08-06"} & set(found)
    assert found["text-embedding-3-small"]["kind"] == "embedding"
    assert found[OPENAI["chat_model"]]["levels"] == ["economical", "balanced", "best"]  # the key may use none of ours
    await owner_db.execute(
        "update ai_connection set models = $2 where company_id = $1", owner.company_id, [*listed, "gpt-6-luna", "gpt-6.1-sol"]
    )
    found = {each["name"]: each for each in (await client.get("/v1/ai/models", headers=auth)).json()["items"]}
    assert (found["gpt-6-luna"]["levels"], found["gpt-6.1-sol"]["levels"]) == (["economical"], ["best"])
    assert "balanced" in found[OPENAI["chat_model"]]["levels"]


async def test_a_price_of_ones_own_stands_before_ours(client: httpx.AsyncClient, auth: Headers) -> None:
    body = {"model": "minha-lia", "input_micro": 1, "cached_micro": 0, "cache_write_micro": 2, "output_micro": 3}
    answer = await client.put("/v1/ai/models/price", json=body, headers=auth)
    (mine,) = [each for each in answer.json()["items"] if each["name"] == "minha-lia"]
    assert mine["price"] == {"input_micro": 1, "cached_micro": 0, "cache_write_micro": 2, "output_micro": 3, "own": True}
    await client.put("/v1/ai/models/price", json=body | {"input_micro": 9}, headers=auth)
    (mine,) = [each for each in (await client.get("/v1/ai/models", headers=auth)).json()["items"] if each["name"] == "minha-lia"]
    assert mine["price"]["input_micro"] == 9


async def test_usage_adds_up_by_day_persona_purpose_and_model(
    client: httpx.AsyncClient, auth: Headers, owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    lia = await owner_db.fetchval(
        "insert into persona(company_id, name, draft) values ($1, 'Lia', '{}') returning id", owner.company_id
    )

    async def call(actor: Actor, model: str, tokens: Tokens, result: CallResult = CallResult.ANSWERED, **about: Any) -> None:
        booked = await ledger.reserve(
            actor.company_id, About(**{"purpose": Purpose.ANSWER} | about), provider="openai", model=model, most=tokens, lease=60
        )
        assert isinstance(booked, Booked)
        await ledger.settle(actor.company_id, booked, result, tokens)

    scene = await Scene.another(owner, owner_db, await factories.channel(owner_db, owner))
    await scene.wrote()
    about = {"persona_id": lia, "conversation_id": scene.conversation}
    await call(owner, "gpt-4o", Tokens(1000, 500, 0, 100), merged=2, **about)
    await call(owner, "gpt-4o", Tokens(), CallResult.RATE_LIMITED, persona_id=lia)
    await call(owner, "minha-lia", Tokens(10, 0, 4, 10), purpose=Purpose.DRAFT, persona_id=uuid4())
    await call(stranger, "gpt-4o", Tokens(1_000_000))
    told = (await client.get("/v1/ai/usage", headers=auth)).json()
    cost = (500 * 2_500_000 + 500 * 1_250_000 + 100 * 10_000_000) // 1_000_000
    assert told["total"] == {
        "calls": 3, "failed": 1, "input_tokens": 1010, "cached_tokens": 500, "cache_write_tokens": 4, "output_tokens": 110,
        "cost_micro": cost, "unpriced": 1, "merged": 2, "saved_micro": 2 * cost,
    }  # fmt: skip
    assert [(day["persona"], day["sums"]["calls"]) for day in told["days"] if day["persona_id"] == str(lia)] == [("Lia", 2)]
    assert {each["purpose"]: each["sums"]["calls"] for each in told["purposes"]} == {"answer": 2, "draft": 1}
    assert {each["model"]: each["sums"]["calls"] for each in told["models"]} == {"gpt-4o": 2, "minha-lia": 1}
    [dear] = told["conversations"]
    assert (dear["conversation_id"], dear["name"], dear["sums"]["cost_micro"]) == (str(scene.conversation), "Ana Lima", cost)
    await owner_db.execute("update ai_usage set at = '2026-01-05 02:30+00' where company_id = $1", owner.company_id)
    past = (await client.get("/v1/ai/usage?since=2026-01-04&until=2026-01-04", headers=auth)).json()
    assert past["total"]["calls"] == 3, "in São Paulo it was the evening of the fourth"
    wrong = await client.get("/v1/ai/usage?since=2026-01-04&until=2026-01-03", headers=auth)
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "ai_range")
    assert (await client.get("/v1/ai/usage?since=2020-01-01", headers=auth)).status_code == 422


async def test_budgets_are_set_changed_and_removed(client: httpx.AsyncClient, auth: Headers) -> None:
    month = {"scope": "company", "period": "month", "limit_micro": 50_000_000}
    await client.put("/v1/ai/budgets", json=month, headers=auth)
    each = {"scope": "conversation", "period": "day", "limit_micro": 200_000}
    answer = await client.put("/v1/ai/budgets", json=each, headers=auth)
    assert [(one["scope"], one["subject_id"], one["limit_micro"], one["spent_micro"]) for one in answer.json()["items"]] == [
        ("company", None, 50_000_000, 0),
        ("conversation", None, 200_000, 0),
    ]
    assert datetime.fromisoformat(answer.json()["items"][0]["starts"]).astimezone(UTC).day == 1
    answer = await client.put("/v1/ai/budgets", json=each | {"limit_micro": None}, headers=auth)
    assert answer.json()["total"] == 1
    wrong = await client.put("/v1/ai/budgets", json=month | {"subject_id": str(uuid4())}, headers=auth)
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "ai_budget_subject")
    assert (await client.put("/v1/ai/budgets", json=month | {"limit_micro": 0}, headers=auth)).status_code == 422


@pytest.mark.parametrize(("role", "reads", "writes"), [(Role.ADMIN, 200, 200), (Role.MANAGER, 200, 403), (Role.AGENT, 403, 403)])
async def test_who_sees_and_who_changes(
    client: httpx.AsyncClient, sign_in_as: SignInAs, role: Role, reads: int, writes: int
) -> None:
    auth = await sign_in_as(role)
    for path in ("connection", "models", "usage", "budgets"):
        assert (await client.get(f"/v1/ai/{path}", headers=auth)).status_code == reads
    assert (await put(client, auth, provider="sandbox")).status_code == writes


async def test_what_waits_for_a_person_stands_on_the_first_page(
    client: httpx.AsyncClient, auth: Headers, owner: Actor, owner_db: asyncpg.Connection, sign_in_as: SignInAs
) -> None:
    async def lines(headers: Headers) -> list[tuple[str, str, int | None]]:
        home = (await client.get("/v1/home", headers=headers)).json()
        return [(one["code"], one["detail"], one["count"]) for one in home["attention"] if one["code"].startswith("ai_")]

    await put(client, auth, **OPENAI | {"chat_model": "gpt-3.5-turbo"})
    await owner_db.execute("update ai_connection set state = 'no_credit' where company_id = $1", owner.company_id)
    await client.put("/v1/ai/budgets", json={"scope": "company", "period": "day", "limit_micro": 10_000}, headers=auth)
    booked = await ledger.reserve(
        owner.company_id, About(purpose=Purpose.ANSWER), provider="openai", model="gpt-4o", most=Tokens(4_000), lease=60
    )
    assert isinstance(booked, Booked)
    await ledger.settle(owner.company_id, booked, CallResult.ANSWERED, Tokens(3_400))
    told = [("ai_stopped", "no_credit", None), ("ai_budget", "day", 85), ("ai_model_ends", "retired", None)]
    assert await lines(auth) == told
    assert await lines(await sign_in_as(Role.AGENT)) == []


async def test_a_model_says_which_personas_ask_for_it_and_warns_of_theirs(
    client: httpx.AsyncClient, auth: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await put(client, auth, **OPENAI | {"chat_model": "gpt-6.1-terra"})

    async def live(name: str, model: str, state: str = "live") -> str:
        config = f'{{"instructions": "Ajude.", "model": {model}}}'
        persona = await owner_db.fetchval(
            "insert into persona(company_id, name, draft, state) values ($1, $2, $3, $4) returning id",
            owner.company_id,
            name,
            config,
            state,
        )
        await owner_db.execute(
            "with made as (insert into persona_version(company_id, persona_id, number, config) values ($1, $2, 1, $3) returning id)"
            " update persona set published_id = made.id from made where persona.id = $2",
            owner.company_id,
            persona,
            config,
        )
        return str(persona)

    lia = await live("Lia", '{"preset": "custom", "name": "gpt-3.5-turbo"}')
    bia = await live("Bia", '{"preset": "best"}')
    await live("Leo", '{"preset": "custom", "name": "gpt-4"}', "paused")
    found = {each["name"]: each for each in (await client.get("/v1/ai/models", headers=auth)).json()["items"]}
    assert found["gpt-3.5-turbo"]["personas"] == [{"id": lia, "name": "Lia"}]
    assert found["gpt-6.1-terra"]["personas"] == [{"id": bia, "name": "Bia"}]  # ours for the level is not listed
    assert found["gpt-4"]["personas"] == []
    home = (await client.get("/v1/home", headers=auth)).json()["attention"]
    assert [(one["subject"], one["detail"]) for one in home if one["code"] == "ai_model_ends"] == [("gpt-3.5-turbo", "retired")]


async def test_how_carefully_the_ai_is_kept(client: httpx.AsyncClient, auth: Headers) -> None:
    first = await client.get("/v1/ai/safety", headers=auth)
    assert first.json() == {"trace_days": 30, "moderates": False, "version": 0}
    wanted = {"trace_days": 90, "moderates": True}
    changed = await client.put("/v1/ai/safety", json=wanted, headers={**auth, "If-Match": first.headers["etag"]})
    assert changed.json() == {**wanted, "version": 1}
    stale = await client.put("/v1/ai/safety", json=wanted, headers={**auth, "If-Match": first.headers["etag"]})
    assert stale.status_code == 412
    assert (await client.put("/v1/ai/safety", json={**wanted, "trace_days": 0}, headers=auth)).status_code == 422
    assert (await client.get("/v1/ai/safety", headers=auth)).json() == {**wanted, "version": 1}
