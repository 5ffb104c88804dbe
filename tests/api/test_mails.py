"""What leaves by mail: links sealed while they wait, and no way to have us write to strangers without end."""

import asyncio
from uuid import uuid4

import asyncpg
import httpx
import pytest

from db.accounts import invitations, verification
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, Headers, bearer, links_mailed
from tests.conftest import make_company


async def invite(client: httpx.AsyncClient, headers: Headers, email: str) -> dict[str, str]:
    answer = await client.post("/v1/team/invitations", json={"email": email, "role": "agent"}, headers=headers)
    assert answer.status_code == 201, answer.text
    body: dict[str, str] = answer.json()
    return body


async def verified(owner_db: asyncpg.Connection, actor: Actor) -> Headers:
    await owner_db.execute("update account_user set email_verified_at = now() where id = $1", actor.id)
    return await bearer(owner_db, actor)


@pytest.fixture
async def headers(owner_db: asyncpg.Connection, owner: Actor) -> Headers:
    """Of an owner whose own address is verified."""
    return await verified(owner_db, owner)


def somebody() -> str:
    return f"{uuid4().hex}@example.com"


async def test_inviting_again_mails_three_times_and_the_link_works_on(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, headers: Headers
) -> None:
    email = somebody()
    made = [await invite(client, headers, email) for _ in range(5)]
    assert [one["mail"] for one in made] == ["sent"] * 3 + ["recipient_limit"] * 2
    assert len(await links_mailed(owner_db, email)) == 3
    token = made[-1]["link"].rpartition("/")[2]
    joined = await client.post(f"/v1/auth/invitations/{token}/accept", json={"password": PASSWORD, "name": "Bruno"})
    assert joined.status_code == 200, joined.text


async def test_many_at_once_are_counted_one_after_the_other(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, headers: Headers
) -> None:
    email = somebody()
    await asyncio.gather(*(invite(client, headers, email) for _ in range(12)))
    assert len(await links_mailed(owner_db, email)) == invitations.MAILS_AGAIN


async def test_many_companies_cannot_bury_one_address(client: httpx.AsyncClient, owner_db: asyncpg.Connection) -> None:
    email, outcomes = somebody(), []
    for n in range(invitations.MAILS_TO_ADDRESS + 2):
        company = await make_company(owner_db, f"Loja {n}")
        outcomes.append((await invite(client, await verified(owner_db, company), email))["mail"])
    assert outcomes == ["sent"] * invitations.MAILS_TO_ADDRESS + ["recipient_limit"] * 2


async def test_a_company_mails_so_many_a_day(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "MAILS_OF_COMPANY", 2)
    assert [(await invite(client, headers, somebody()))["mail"] for _ in range(3)] == ["sent", "sent", "company_limit"]
    monkeypatch.setattr(invitations, "INVITATIONS_PER_DAY", 3)
    over = await client.post("/v1/team/invitations", json={"email": somebody(), "role": "agent"}, headers=headers)
    assert (over.status_code, over.json()["code"]) == (409, "too_many_invitations")


async def test_a_stranger_who_signed_up_mails_few_until_the_address_is_theirs(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection
) -> None:
    body = {"company_name": "Loja", "name": "Ana", "email": somebody(), "password": PASSWORD}
    headers = {"Authorization": f"Bearer {(await client.post('/v1/auth/sign-up', json=body)).json()['token']}"}
    outcomes = [(await invite(client, headers, somebody()))["mail"] for _ in range(5)]
    assert outcomes == ["sent"] * invitations.MAILS_UNVERIFIED + ["verify_first"] * 2
    assert (await client.get("/v1/me", headers=headers)).json()["email_verified"] is False
    (link,) = await links_mailed(owner_db, body["email"])
    assert "/verify-email?token=" in link
    token = {"token": link.partition("token=")[2]}
    for _ in range(2):  # a mail program may open it before the person does
        assert (await client.post("/v1/auth/verify-email", json=token)).json() == {"ok": True}
    assert (await client.get("/v1/me", headers=headers)).json()["email_verified"] is True
    assert (await invite(client, headers, somebody()))["mail"] == "sent"


async def test_links_to_verify_are_few_and_end(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    headers = await bearer(owner_db, owner)
    answers = [await client.post("/v1/me/verify-email", headers=headers) for _ in range(verification.MAILS_PER_DAY + 1)]
    assert [answer.status_code for answer in answers] == [200] * verification.MAILS_PER_DAY + [429]
    email = await owner_db.fetchval("select email from account_user where id = $1", owner.id)
    links = await links_mailed(owner_db, email)
    assert len(links) == verification.MAILS_PER_DAY
    await owner_db.execute("update email_verification set expires_at = now() where user_id = $1", owner.id)
    late = await client.post("/v1/auth/verify-email", json={"token": links[0].partition("token=")[2]})
    assert (late.status_code, late.json()["code"]) == (422, "link_expired")


async def test_a_waiting_mail_shows_its_link_to_nobody(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    """Who reads the tables, or a backup, signs in as nobody."""
    email = await owner_db.fetchval("select email from account_user where id = $1", owner.id)
    await client.post("/v1/auth/forgot-password", json={"email": email})
    token = (await invite(client, headers, somebody()))["link"].rpartition("/")[2]
    tokens = [token, *(link.partition("token=")[2] for link in await links_mailed(owner_db, email))]
    assert len(tokens) == 2
    for table in ("job", "mail", "audit_log", "invitation"):
        rows = await owner_db.fetch(f"select * from {table} where company_id = $1", owner.company_id)
        assert rows
        for one in tokens:
            assert not [
                row
                for row in rows
                if one in str(dict(row)) or one.encode() in b"".join(v for v in row.values() if isinstance(v, bytes))
            ]


@pytest.mark.parametrize(
    "name", ["Ganhe em https://evil.example", "www.evil.example", "evil.example/premio", "Ana ana@evil.example"]
)
async def test_names_hold_no_addresses(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, headers: Headers, name: str
) -> None:
    sign_up = {"company_name": "Loja", "name": "Ana", "email": somebody(), "password": PASSWORD}
    token = (await invite(client, headers, somebody()))["link"].rpartition("/")[2]
    for answer, field in (
        (await client.post("/v1/auth/sign-up", json={**sign_up, "company_name": name}), "company_name"),
        (await client.post("/v1/auth/sign-up", json={**sign_up, "name": name}), "name"),
        (await client.patch("/v1/me", json={"name": name}, headers=headers), "name"),
        (await client.patch("/v1/company", json={"name": name}, headers=headers), "name"),
        (await client.post(f"/v1/auth/invitations/{token}/accept", json={"password": PASSWORD, "name": name}), "name"),
    ):
        assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, [field]), answer.text
        assert answer.json()["errors"][0]["code"] == "address_in_name"


async def test_names_that_only_look_like_one_pass(client: httpx.AsyncClient, headers: Headers) -> None:
    for name in ("Booking.com", "J.P. Morgan", "Loja S.A.", "Rua 7/8", "Café & Cia."):
        assert (await client.patch("/v1/company", json={"name": name}, headers=headers)).status_code == 200, name
