"""Ways around the second factor that were tried: two at once, many accounts from one network, other companies, trusted browsers; and what a
company that asks for it shows to who has none."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from api.auth import guard
from db.accounts import attempts
from db.allowances import Bucket
from db.permissions import Permission, Role
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, Headers, bearer, fill_budgets, links_mailed, make_member
from tests.api.elsewhere import email_of, said
from tests.api.second_factor_provocations import turned_on
from tests.api.test_every_operation import _body, _filled, operations

_RESET = "/v1/auth/reset-password"


async def _signs_in(client: httpx.AsyncClient, email: str, **more: Any) -> httpx.Response:
    return await client.post("/v1/auth/sign-in", json={"email": email, "password": PASSWORD, **more})


async def test_one_recovery_code_opens_one_way_however_many_try(
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    ana: Actor,
) -> None:
    _, recovery = await turned_on(ana)
    email = await email_of(owner_db, ana)
    await client.post("/v1/auth/forgot-password", json={"email": email})
    token = (await links_mailed(owner_db, email))[-1].partition("token=")[2]
    reset = {"token": token, "password": "outra-senha-longa", "code": recovery[0]}
    answers = await asyncio.gather(
        client.post(_RESET, json=reset), *(_signs_in(client, email, code=recovery[0]) for _ in range(3))
    )
    assert sorted(one.status_code for one in answers) == [200, 401, 401, 401], [one.text[:90] for one in answers]


async def test_codes_of_many_accounts_are_counted_by_the_network(
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    ana: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has a list of passwords tries a few codes at each account."""
    monkeypatch.setattr(attempts, "CODE_NETWORK", Bucket("code-network", 3, 1 / 60))
    people = [ana, *[await make_member(owner_db, ana, Role.AGENT, PASSWORD) for _ in range(3)]]
    tried = []
    for one in people:
        await turned_on(one)
        tried.append(said(await _signs_in(client, await email_of(owner_db, one), code="000000x"))[0])
    assert tried == [401, 401, 401, 429]


async def test_sessions_of_all_companies_are_listed_and_ended(
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    ana: Actor,
    stranger: Actor,
) -> None:
    """Whoever got at one session changes the company with it, and would be seen nowhere."""
    mine = await bearer(owner_db, ana)
    await owner_db.execute(
        "insert into membership(company_id, user_id, role) values ($1, $2, 'agent')", stranger.company_id, ana.id
    )
    there = [await bearer(owner_db, Actor(company_id=stranger.company_id, kind="user", id=ana.id)) for _ in range(3)]
    name = await owner_db.fetchval("select name from company where id = $1", stranger.company_id)
    listed = (await client.get("/v1/me/sessions", headers=mine)).json()["items"]
    assert sorted((one["company"] == name, one["current"]) for one in listed) == [(False, True), *[(True, False)] * 3]
    other = next(one["id"] for one in listed if not one["current"])
    assert (await client.delete(f"/v1/me/sessions/{other}", headers=mine)).status_code == 204
    await client.delete("/v1/me/sessions", headers=mine)
    for headers in there:
        assert (await client.get("/v1/me", headers=headers)).status_code == 401
    ended = "select count(*) from audit_log where company_id = $1 and actor_id = $2 and action like 'session.%revoked'"
    assert await owner_db.fetchval(ended, stranger.company_id, ana.id) == 2


async def test_ending_all_others_trusts_no_browser_any_more(
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    ana: Actor,
) -> None:
    """A laptop that was stolen with its password."""
    _, recovery = await turned_on(ana)
    email = await email_of(owner_db, ana)
    device = (await _signs_in(client, email, code=recovery[0], trust_device=True)).json()["device"]
    assert (await _signs_in(client, email, device=device)).status_code == 200
    await client.delete("/v1/me/sessions", headers=await bearer(owner_db, ana))
    assert said(await _signs_in(client, email, device=device)) == (401, "second_factor_needed")


async def _lacks(owner_db: asyncpg.Connection, actor: Actor) -> Headers:
    await owner_db.execute("update company set second_factor_required = true where id = $1", actor.company_id)
    guard.forget_all()
    return await bearer(owner_db, actor)


OPEN = {
    # who one is, ending sessions, changing the company
    "/v1/me", "/v1/me/password", "/v1/me/verify-email", "/v1/me/sessions", "/v1/me/sessions/{session_id}",
    "/v1/auth/sign-out", "/v1/auth/switch-company",
    # setting it up, and ways in
    "/v1/me/second-factor", "/v1/me/second-factor/confirm", "/v1/me/second-factor/recovery-codes", "/v1/me/second-factor/turn-off",
    "/v1/me/identities", "/v1/me/identities/{identity_id}",
    # of a browser; nothing is sent to it meanwhile
    "/v1/me/push-key", "/v1/me/push-subscriptions", "/v1/me/push-subscriptions/{subscription_id}",
    "/v1/openapi.json",
    # finds what may be read, which is nothing; puts away a list of one's own
    "/v1/search", "/v1/home/first-steps",
}  # fmt: skip
"""What stays open to who lacks the second factor that the company asks for."""


async def test_who_lacks_it_can_do_nothing_in_the_company(
    client: httpx.AsyncClient,
    document: dict[str, Any],
    belongings: dict[str, str],
    owner_db: asyncpg.Connection,
    owner: Actor,
) -> None:
    headers = await _lacks(owner_db, owner)
    walked = 0
    for method, path, operation in operations(document):
        if path in OPEN or path.startswith(("/v1/auth/", "/v1/me/notification")) or not operation["security"]:
            continue
        content = operation.get("requestBody", {}).get("content", {})
        sent: dict[str, Any] = {}
        if "application/json" in content:
            sent["json"] = _body(operation, document)
        elif content:
            sent["files"] = {"file": ("a.csv", b"nome,telefone\n")}
        answer = await client.request(method, _filled(path, belongings), headers=headers, **sent)
        assert said(answer) == (403, "second_factor_required"), (method, path, answer.text[:200])
        walked += 1
        if walked % 40 == 0:
            await fill_budgets()
    assert walked > 150


async def test_a_change_of_company_leads_around_nothing(
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    ana: Actor,
    stranger: Actor,
) -> None:
    await owner_db.execute(
        "insert into membership(company_id, user_id, role) values ($1, $2, 'owner')", stranger.company_id, ana.id
    )
    await _lacks(owner_db, stranger)
    switched = await client.post(
        "/v1/auth/switch-company", json={"company_id": str(stranger.company_id)}, headers=await bearer(owner_db, ana)
    )
    assert switched.json()["me"]["second_factor_missing"]
    there = {"Authorization": f"Bearer {switched.json()['token']}"}
    assert said(await client.get("/v1/team", headers=there)) == (403, "second_factor_required")
    rule = await client.put("/v1/company/second-factor", json={"required": False}, headers=there)
    assert said(rule) == (403, "second_factor_required"), "an owner without it cannot take the rule back"
    key = await bearer(
        owner_db, Actor(company_id=stranger.company_id, kind="api_key", maker_id=ana.id, permissions=frozenset(Permission))
    )
    assert said(await client.put("/v1/company/second-factor", json={"required": False}, headers=key)) == (403, "people_only")
