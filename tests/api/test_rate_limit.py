"""Allowances: shared by processes, open for ordinary routes and strict for sign-in while Valkey is away."""

import asyncio
import math
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import httpx
import pytest
from litestar import Litestar
from litestar.testing import RequestFactory

from api import rate_limit
from api.app import create_app
from api.auth import guard
from api.client_ip import client_ip
from db import allowances, valkey
from db.accounts import attempts
from db.accounts.identify import Identity, identify, new_session_token
from db.allowances import Bucket, network_of
from db.errors import TooManyRequests
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, SignInAs, bearer
from tests.conftest import running


@pytest.fixture
async def no_valkey(client: httpx.AsyncClient, database: Settings) -> AsyncIterator[None]:
    """Valkey answers nobody."""
    await valkey.close()
    valkey.connect("valkey://127.0.0.1:1")
    allowances._Local.buckets.clear()
    yield
    await valkey.close()
    valkey.connect(database.valkey_url)


async def test_two_processes_share_one_count(
    app: Litestar,
    client: httpx.AsyncClient,
    database: Settings,
    owner_db: asyncpg.Connection,
    owner: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(rate_limit.CLASSES, "read", Bucket("test-read", 20, 0.01))
    headers = await bearer(owner_db, owner)
    second_app = create_app(database)
    async with running(second_app):
        transport = httpx.ASGITransport(app=second_app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as second:
            both = [client.get("/v1/company", headers=headers) for _ in range(15)]
            both += [second.get("/v1/company", headers=headers) for _ in range(15)]
            answers = await asyncio.gather(*both)
    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [429] * 10
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "too_many_requests"
    assert int(refused.headers["retry-after"]) > 60
    assert refused.headers["ratelimit-policy"] == '"test-read";q=20;w=2000, "read-company";q=3000;w=30'
    assert refused.headers["ratelimit"].startswith('"test-read";r=0;t=')
    assert '"read-company";r=' in refused.headers["ratelimit"]


async def test_one_caller_does_not_use_anothers_allowance(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, stranger: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rate_limit.CLASSES, "read", Bucket("test-own", 1, 0.01))
    ours, theirs = await bearer(owner_db, owner), await bearer(owner_db, stranger)
    assert [(await client.get("/v1/company", headers=ours)).status_code for _ in range(2)] == [200, 429]
    assert (await client.get("/v1/company", headers=theirs)).status_code == 200


async def test_more_keys_do_not_mean_more_rate(
    client: httpx.AsyncClient,
    sign_in_as: SignInAs,
    owner_db: asyncpg.Connection,
    stranger: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(rate_limit.CLASSES, "read", Bucket("test-key", 600, 0.01))
    monkeypatch.setitem(rate_limit.COMPANY, "read", Bucket("test-company", 5, 0.01))
    keys = [await sign_in_as(scopes=[Permission.COMPANY_READ]) for _ in range(4)]
    answers = [await client.get("/v1/company", headers=key) for _ in range(2) for key in keys]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert '"test-key";r=598;' in answers[4].headers["ratelimit"], "what was refused by the company's bucket cost the key nothing"
    assert '"test-company";r=0;t=' in answers[-1].headers["ratelimit"]
    assert (await client.get("/v1/company", headers=await bearer(owner_db, stranger))).status_code == 200


@pytest.mark.parametrize(
    "path", ["/v1/campaigns/{id}/launch", "/v1/campaigns/{id}/test", "/v1/campaigns/{id}/retry-failed", "/v1/sandbox/{id}/reply"]
)
async def test_what_sends_has_an_allowance_of_its_own(
    client: httpx.AsyncClient, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setitem(rate_limit.CLASSES, "send", Bucket("test-send", 1, 0.01))
    headers = await sign_in_as()
    url = path.format(id=uuid4())
    answers = [await client.post(url, json={}, headers=headers) for _ in range(2)]
    assert [answer.status_code == 429 for answer in answers] == [False, True]
    assert answers[0].headers["ratelimit-policy"].startswith('"test-send";q=1;')


async def test_unknown_tokens_are_counted_by_address_and_then_cost_no_look_up(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "UNKNOWN_TOKEN_ADDRESS", Bucket("test-unknown", 20, 0.01))
    ours = await bearer(owner_db, owner)
    assert (await client.get("/v1/company", headers=ours)).status_code == 200
    looked_up = 0

    async def counted(token: str, address: str | None = None) -> Identity:
        nonlocal looked_up
        looked_up += 1
        return await identify(token, address)

    monkeypatch.setattr("api.auth.guard.identify", counted)
    monkeypatch.setattr(guard, "_REMEMBER", 0.0)
    statuses = []
    for _ in range(600):
        answer = await client.get("/v1/company", headers={"Authorization": f"Bearer {new_session_token()}"})
        statuses.append(answer.status_code)
    assert statuses == [401] * 20 + [429] * 580
    assert answer.json()["code"] == "too_many_requests"
    assert int(answer.headers["retry-after"]) > 60
    assert looked_up == 21
    assert (await client.get("/v1/company", headers=ours)).status_code == 200, "who was let in before is not locked out"
    guard._once_valid.clear()  # as in a process that started meanwhile
    assert (await client.get("/v1/company", headers=ours)).status_code == 200


async def test_noise_from_the_same_address_refuses_no_session_and_no_key_that_was_just_given_out(
    client: httpx.AsyncClient, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "UNKNOWN_TOKEN_ADDRESS", Bucket("test-unknown", 1, 0.01))
    body = {"company_name": "Loja", "name": "Ana", "email": f"{uuid4().hex}@example.com", "password": PASSWORD}
    await client.post("/v1/auth/sign-up", json=body)
    ours = await sign_in_as()
    assert (await client.get("/v1/company", headers=ours)).status_code == 200
    noise = [await client.get("/v1/me", headers={"Authorization": f"Bearer {new_session_token()}"}) for _ in range(2)]
    assert [answer.status_code for answer in noise] == [401, 429]
    session = (await client.post("/v1/auth/sign-in", json={"email": body["email"], "password": PASSWORD})).json()["token"]
    key = (await client.post("/v1/api-keys", json={"name": "k", "scopes": ["company:read"]}, headers=ours)).json()["secret"]
    for token in (session, key):
        assert (await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_whom_an_address_stands_for(address: str, expected: str) -> None:
    assert network_of(address) == expected


async def test_a_bucket_refills(client: httpx.AsyncClient) -> None:
    bucket = (Bucket("test-refill", 2, 0.5), "a")
    assert [(await allowances.take(bucket)).allowed for _ in range(3)] == [True, True, False]
    async with asyncio.timeout(120):
        while not (await allowances.take(bucket)).allowed:
            await asyncio.sleep(0.2)


async def test_all_or_nothing(client: httpx.AsyncClient) -> None:
    wide, narrow = (Bucket("test-wide", 5, 0.01), "a"), (Bucket("test-narrow", 1, 0.01), "a")
    assert [math.floor(left) for left in (await allowances.take(wide, narrow)).left] == [4, 0]
    assert [math.floor(left) for left in (await allowances.take(wide, narrow)).left] == [4, 0]


async def test_without_valkey_ordinary_routes_stay_open(
    no_valkey: None, client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    headers = await bearer(owner_db, owner)
    assert [(await client.get("/v1/company", headers=headers)).status_code for _ in range(3)] == [200] * 3
    ready = await client.get("/ready")
    assert ready.status_code == 503
    assert ready.json()["parts"]["valkey"]["ok"] is False
    assert ready.json()["parts"]["postgres"]["ok"] is True
    assert (await client.get("/health")).status_code == 200


async def test_without_valkey_sign_in_is_counted_here(no_valkey: None) -> None:
    taken = 0
    with pytest.raises(TooManyRequests):
        for _ in range(10):
            await allowances.take_strictly((attempts.PLACE, "a"))
            taken += 1
    assert taken == 2


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.1.1.1", "9.9.9.9"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (3, "1.1.1.1", "1.1.1.1"),
        (1, "nonsense", "9.9.9.9"),
        (1, "", "9.9.9.9"),
    ],
)
async def test_the_callers_address(proxies: int, forwarded: str, expected: str) -> None:
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded} if forwarded else {})
    request.scope["client"] = ("9.9.9.9", 1)
    assert client_ip(request, proxies) == expected
