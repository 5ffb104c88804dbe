"""Sign-up, sign-in, sessions: nothing planted, nothing told about who exists, nothing outlives its revocation."""

import time
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api.auth import guard
from db.crypto import digest
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, Headers, SignInAs, bearer, links_mailed, make_member
from tests.conftest import make_company


def new_company(**more: str) -> dict[str, str]:
    return {
        "company_name": "Loja Aurora",
        "name": "Ana Lima",
        "email": f"{uuid4().hex}@example.com",
        "password": PASSWORD,
        **more,
    }


async def signed_up(client: httpx.AsyncClient, **more: str) -> tuple[dict[str, str], Headers]:
    body = new_company(**more)
    response = await client.post("/v1/auth/sign-up", json=body)
    assert response.status_code == 201, response.text
    return body, {"Authorization": f"Bearer {response.json()['token']}"}


@pytest.mark.usefixtures("dear_passwords")
async def test_sign_up_opens_a_company_with_its_owner(client: httpx.AsyncClient, owner_db: asyncpg.Connection) -> None:
    body, headers = await signed_up(client)
    me = (await client.get("/v1/me", headers=headers)).json()
    assert me["role"] == "owner"
    assert me["email"] == body["email"]
    assert me["company"]["name"] == "Loja Aurora"
    assert [company["id"] for company in me["companies"]] == [me["company"]["id"]]
    stored = await owner_db.fetchval("select password_hash from account_user where id = $1", me["user_id"])
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    again = await client.post("/v1/auth/sign-up", json=new_company(email=body["email"].upper()))
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")


async def test_the_token_is_stored_as_hash_only(client: httpx.AsyncClient, owner_db: asyncpg.Connection) -> None:
    _, headers = await signed_up(client)
    token = headers["Authorization"].removeprefix("Bearer ")
    assert len(token) == len("mia_s_") + 43
    assert await owner_db.fetchval("select count(*) from session where token_hash = $1", digest(token)) == 1


async def test_every_sign_in_makes_a_new_token_whatever_was_sent(client: httpx.AsyncClient) -> None:
    body, first = await signed_up(client)
    planted = {"Authorization": "Bearer mia_s_" + "a" * 43, "Cookie": "session=planted"}
    tokens = set()
    for headers in ({}, first, planted):
        answer = await client.post("/v1/auth/sign-in", json={"email": body["email"], "password": PASSWORD}, headers=headers)
        assert answer.status_code == 200
        tokens.add(answer.json()["token"])
    assert len(tokens) == 3
    assert "Bearer mia_s_" + "a" * 43 not in {f"Bearer {token}" for token in tokens}
    assert (await client.get("/v1/me", headers=planted)).status_code == 401


async def test_unknown_person_and_wrong_password_look_alike(client: httpx.AsyncClient) -> None:
    body, _ = await signed_up(client)
    wrong = await client.post("/v1/auth/sign-in", json={"email": body["email"], "password": "not this one"})
    unknown = await client.post("/v1/auth/sign-in", json={"email": "nobody@example.com", "password": "not this one"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong.json()["code"] == "bad_credentials"


async def test_forgotten_passwords_look_alike_and_work_once(client: httpx.AsyncClient, owner_db: asyncpg.Connection) -> None:
    body, old = await signed_up(client)
    known = await client.post("/v1/auth/forgot-password", json={"email": body["email"]})
    started = time.monotonic()
    unknown = await client.post("/v1/auth/forgot-password", json={"email": "nobody@example.com"})
    assert time.monotonic() - started > 0.2
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    link = (await links_mailed(owner_db, body["email"]))[-1]
    token = link.partition("token=")[2]
    reset = {"token": token, "password": "outra-senha-longa"}
    done = await client.post("/v1/auth/reset-password", json=reset)
    assert done.status_code == 200, done.text
    assert (await client.get("/v1/me", headers=old)).status_code == 401
    assert (await client.post("/v1/auth/reset-password", json=reset)).json()["code"] == "link_expired"
    assert (await client.post("/v1/auth/sign-in", json={"email": body["email"], "password": PASSWORD})).status_code == 401
    assert (
        await client.post("/v1/auth/sign-in", json={"email": body["email"], "password": reset["password"]})
    ).status_code == 200


async def test_an_expired_link_is_refused(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await owner_db.execute(
        "insert into password_reset(user_id, token_hash, expires_at) values ($1, $2, now() - interval '1 s')",
        owner.id,
        digest("x" * 43),
    )
    answer = await client.post("/v1/auth/reset-password", json={"token": "x" * 43, "password": "outra-senha-longa"})
    assert (answer.status_code, answer.json()["code"]) == (422, "link_expired")


async def test_a_changed_password_ends_the_other_sessions(client: httpx.AsyncClient) -> None:
    body, first = await signed_up(client)
    second = (await client.post("/v1/auth/sign-in", json={"email": body["email"], "password": PASSWORD})).json()["token"]
    change = {"current_password": "wrong", "new_password": "outra-senha-longa"}
    assert (await client.post("/v1/me/password", json=change, headers=first)).json()["code"] == "wrong_password"
    answer = await client.post("/v1/me/password", json={**change, "current_password": PASSWORD}, headers=first)
    assert answer.status_code == 200
    fresh = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await client.get("/v1/me", headers=fresh)).status_code == 200
    for ended in (first, {"Authorization": f"Bearer {second}"}):
        assert (await client.get("/v1/me", headers=ended)).status_code == 401


async def test_switching_the_company_gives_no_fresh_tries_of_the_password(client: httpx.AsyncClient) -> None:
    _, headers = await signed_up(client)
    company_id = (await client.get("/v1/me", headers=headers)).json()["company"]["id"]
    answers = []
    for _ in range(3):
        for _ in range(5):
            guess = {"current_password": "not this one", "new_password": "outra-senha-longa"}
            answers.append((await client.post("/v1/me/password", json=guess, headers=headers)).json()["code"])
        switched = await client.post("/v1/auth/switch-company", json={"company_id": company_id}, headers=headers)
        headers = {"Authorization": f"Bearer {switched.json()['token']}"}
    assert answers == ["wrong_password"] * 10 + ["too_many_attempts"] * 5


async def test_sign_out_ends_the_session(client: httpx.AsyncClient) -> None:
    _, headers = await signed_up(client)
    assert (await client.post("/v1/auth/sign-out", headers=headers)).json() == {"ok": True}
    assert (await client.get("/v1/me", headers=headers)).status_code == 401


async def test_a_revocation_elsewhere_holds_within_five_seconds(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await bearer(owner_db, owner)
    assert (await client.get("/v1/me", headers=headers)).status_code == 200
    await owner_db.execute("update session set revoked_at = now() where user_id = $1", owner.id)
    assert guard._REMEMBER <= 5
    real = time.monotonic()
    monkeypatch.setattr("api.auth.guard.time.monotonic", lambda: real + 3.1)
    assert (await client.get("/v1/me", headers=headers)).status_code == 401


@pytest.mark.parametrize("ending", ["expires_at = now()", "last_seen_at = now() - interval '25 hours'", "revoked_at = now()"])
async def test_ended_sessions_are_refused(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, ending: str
) -> None:
    headers = await bearer(owner_db, owner)
    await owner_db.execute(f"update session set {ending} where user_id = $1", owner.id)
    answer = await client.get("/v1/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_last_seen_slides_at_most_once_a_minute(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    headers = await bearer(owner_db, owner)
    seen = "select last_seen_at from session where user_id = $1"
    before = await owner_db.fetchval(seen, owner.id)
    await client.get("/v1/me", headers=headers)
    assert await owner_db.fetchval(seen, owner.id) == before
    await owner_db.execute("update session set last_seen_at = now() - interval '2 minutes' where user_id = $1", owner.id)
    guard.forget_all()
    await client.get("/v1/me", headers=headers)
    assert await owner_db.fetchval(seen, owner.id) > before


async def test_sessions_are_listed_and_ended(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    here, there = await bearer(owner_db, owner), await bearer(owner_db, owner)
    items = (await client.get("/v1/me/sessions", headers=here)).json()["items"]
    assert sorted(item["current"] for item in items) == [False, True]
    other = next(item["id"] for item in items if not item["current"])
    assert (await client.delete(f"/v1/me/sessions/{other}", headers=here)).status_code == 204
    assert (await client.get("/v1/me", headers=there)).status_code == 401
    assert (await client.delete(f"/v1/me/sessions/{other}", headers=here)).status_code == 404
    third = await bearer(owner_db, owner)
    assert (await client.delete("/v1/me/sessions", headers=here)).status_code == 204
    assert (await client.get("/v1/me", headers=third)).status_code == 401
    assert (await client.get("/v1/me", headers=here)).status_code == 200


async def test_nobody_ends_a_colleagues_session(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, sign_in_as: SignInAs
) -> None:
    colleague = await make_member(owner_db, owner, Role.AGENT)
    await bearer(owner_db, colleague)
    session_id = await owner_db.fetchval("select id from session where user_id = $1", colleague.id)
    assert (await client.delete(f"/v1/me/sessions/{session_id}", headers=await sign_in_as())).status_code == 404


async def test_switching_companies_gives_a_new_session(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    other = await make_company(owner_db, "Filial")
    headers = await bearer(owner_db, owner)
    switch = {"company_id": str(other.company_id)}
    assert (await client.post("/v1/auth/switch-company", json=switch, headers=headers)).status_code == 404
    await owner_db.execute(
        "insert into membership(company_id, user_id, role) values ($1, $2, 'viewer')", other.company_id, owner.id
    )
    answer = await client.post("/v1/auth/switch-company", json=switch, headers=headers)
    assert answer.json()["me"]["role"] == "viewer"
    assert answer.json()["me"]["company"]["name"] == "Filial"
    assert (await client.get("/v1/me", headers=headers)).status_code == 401
    fresh = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await client.get("/v1/company", headers=fresh)).json()["name"] == "Filial"


async def test_sign_in_is_limited_per_account(client: httpx.AsyncClient) -> None:
    body, _ = await signed_up(client)
    wrong = {"email": body["email"], "password": "not this one"}
    answers = [await client.post("/v1/auth/sign-in", json=wrong) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].json()["code"] == "too_many_attempts"
    right = await client.post("/v1/auth/sign-in", json={"email": body["email"], "password": PASSWORD})
    assert right.status_code == 429
    assert (await client.post("/v1/auth/sign-in", json={"email": "other@example.com", "password": "x"})).status_code == 401
