"""The second factor: no way to a session leads around it, a code works once, and a company may ask it of everybody."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from db.accounts import second_factor
from db.accounts.attempts import CODE
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, Headers, bearer, fill_budgets, links_mailed, make_member
from tests.api.second_factor_provocations import code, turned_on


@pytest.fixture
async def ana(owner_db: asyncpg.Connection, owner: Actor) -> Actor:
    """An owner of `owner`'s company, with a password."""
    return await make_member(owner_db, owner, Role.OWNER, PASSWORD)


async def email_of(owner_db: asyncpg.Connection, actor: Actor) -> str:
    return str(await owner_db.fetchval("select email from account_user where id = $1", actor.id))


async def signs_in(client: httpx.AsyncClient, email: str, **more: Any) -> httpx.Response:
    return await client.post("/v1/auth/sign-in", json={"email": email, "password": PASSWORD, **more})


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_it_is_set_up_with_password_and_a_first_code(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor
) -> None:
    mine, other = await bearer(owner_db, ana), await bearer(owner_db, ana)
    path = "/v1/me/second-factor"
    assert (await client.get(path, headers=mine)).json() == {
        "since": None,
        "recovery_codes": 0,
        "required": False,
        "password": True,
    }
    assert said(await client.post(path, json={"password": "not this one"}, headers=mine)) == (422, "wrong_password")
    begun = (await client.post(path, json={"password": PASSWORD}, headers=mine)).json()
    assert begun["secret"] in begun["address"]
    email = await email_of(owner_db, ana)
    assert (await signs_in(client, email)).status_code == 200  # nothing is asked for yet
    assert said(await client.post(f"{path}/confirm", json={"code": "000000x"}, headers=mine)) == (422, "wrong_code")
    done = await client.post(f"{path}/confirm", json={"code": code(begun["secret"])}, headers=mine)
    assert done.status_code == 200, done.text
    assert len(set(done.json()["codes"])) == 10
    assert (await client.get(path, headers=mine)).json()["recovery_codes"] == 10
    assert (await client.get("/v1/me", headers=other)).status_code == 401, "opened without it"
    stored = await owner_db.fetch("select code_hash from recovery_code where user_id = $1", ana.id)
    assert not any(one.replace("-", "").encode() in row["code_hash"] for one in done.json()["codes"] for row in stored)
    assert begun["secret"].encode() not in await owner_db.fetchval("select secret from second_factor where user_id = $1", ana.id)
    (member,) = [one for one in (await client.get("/v1/team", headers=mine)).json()["items"] if one["user_id"] == str(ana.id)]
    assert member["second_factor"]


async def test_sign_in_asks_for_a_code_that_works_once(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor
) -> None:
    secret, recovery = await turned_on(ana)
    email = await email_of(owner_db, ana)
    assert said(await signs_in(client, email)) == (401, "second_factor_needed")
    wrong = await client.post("/v1/auth/sign-in", json={"email": email, "password": "not this one", "code": code(secret)})
    assert said(wrong) == (401, "bad_credentials"), "nothing is told before the password is right"
    assert said(await signs_in(client, email, code="000000x")) == (401, "second_factor_wrong")
    right = code(secret)
    assert (await signs_in(client, email, code=f"{right[:3]} {right[3:]}")).status_code == 200
    assert said(await signs_in(client, email, code=right)) == (401, "second_factor_wrong")
    assert (await signs_in(client, email, code=recovery[0].lower())).status_code == 200
    assert said(await signs_in(client, email, code=recovery[0])) == (401, "second_factor_wrong")
    used = await owner_db.fetchval("select count(*) from audit_log where actor_id = $1 and action = 'recovery_code.used'", ana.id)
    assert used == 1


async def test_twins_with_one_code_open_one_session(client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor) -> None:
    secret, _ = await turned_on(ana)
    email, right = await email_of(owner_db, ana), code(secret)
    answers = await asyncio.gather(*(signs_in(client, email, code=right) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 401, 401, 401]


async def test_guessing_codes_is_counted_and_a_known_device_has_its_own_tries(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor
) -> None:
    secret, recovery = await turned_on(ana)
    email = await email_of(owner_db, ana)
    device = (await signs_in(client, email, code=recovery[0])).json()["device"]
    for _ in range(CODE.size):
        assert said(await signs_in(client, email, code="000000x")) == (401, "second_factor_wrong")
    assert said(await signs_in(client, email, code=code(secret))) == (429, "too_many_attempts")
    assert (await signs_in(client, email, code=code(secret), device=device)).status_code == 200


async def test_a_trusted_device_is_asked_for_nothing_until_it_is_forgotten(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor
) -> None:
    _, recovery = await turned_on(ana)
    email = await email_of(owner_db, ana)
    known = (await signs_in(client, email, code=recovery[0])).json()["device"]
    assert said(await signs_in(client, email, device=known)) == (401, "second_factor_needed"), "known is not trusted"
    assert (await signs_in(client, email, code=recovery[1], device=known, trust_device=True)).json()["device"] == known
    trusted = await signs_in(client, email, device=known)
    assert trusted.status_code == 200
    await owner_db.execute("update known_device set trusted_until = now() - interval '1 s' where user_id = $1", ana.id)
    assert said(await signs_in(client, email, device=known)) == (401, "second_factor_needed")


async def test_without_a_second_factor_no_device_can_be_trusted_ahead(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor
) -> None:
    """Else who knows the password could be ready before it is turned on."""
    email = await email_of(owner_db, ana)
    device = (await signs_in(client, email, trust_device=True)).json()["device"]
    assert (
        await owner_db.fetchval("select count(*) from known_device where user_id = $1 and trusted_until is not null", ana.id) == 0
    )
    await turned_on(ana)
    assert said(await signs_in(client, email, device=device)) == (401, "second_factor_needed")


async def test_a_link_from_the_mailbox_is_not_enough(client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor) -> None:
    secret, _ = await turned_on(ana)
    email = await email_of(owner_db, ana)
    await client.post("/v1/auth/forgot-password", json={"email": email})
    body = {"token": (await links_mailed(owner_db, email))[-1].partition("token=")[2], "password": "outra-senha-longa"}
    assert said(await client.post("/v1/auth/reset-password", json=body)) == (401, "second_factor_needed")
    assert said(await client.post("/v1/auth/reset-password", json={**body, "code": "000000x"})) == (401, "second_factor_wrong")
    assert said(await signs_in(client, email)) == (401, "second_factor_needed"), "the password is still the old one"
    assert (await client.post("/v1/auth/reset-password", json={**body, "code": code(secret)})).status_code == 200


async def test_an_invitation_asks_for_it_too(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor, stranger: Actor
) -> None:
    secret, _ = await turned_on(ana)
    invited = {"email": await email_of(owner_db, ana), "role": "agent"}
    made = await client.post("/v1/team/invitations", json=invited, headers=await bearer(owner_db, stranger))
    path = "/v1/auth/invitations/" + made.json()["link"].rpartition("/")[2] + "/accept"
    assert said(await client.post(path, json={"password": PASSWORD})) == (401, "second_factor_needed")
    assert said(await client.post(path, json={"password": PASSWORD, "code": "000000x"})) == (401, "second_factor_wrong")
    assert (await client.post(path, json={"password": PASSWORD, "code": code(secret)})).status_code == 200


async def test_it_is_turned_off_and_codes_are_made_anew_only_with_a_code(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor
) -> None:
    secret, old = await turned_on(ana)
    mine, path = await bearer(owner_db, ana), "/v1/me/second-factor"
    assert said(await client.post(f"{path}/recovery-codes", json={"code": "000000x"}, headers=mine)) == (422, "wrong_code")
    fresh = (await client.post(f"{path}/recovery-codes", json={"code": code(secret)}, headers=mine)).json()["codes"]
    assert said(await client.post(f"{path}/turn-off", json={"code": old[0]}, headers=mine)) == (422, "wrong_code")
    assert (await client.post(f"{path}/turn-off", json={"code": fresh[0]}, headers=mine)).status_code == 200
    told = "select template, params->>'code' as code from mail where recipient = $1"
    (mail,) = await owner_db.fetch(told, await email_of(owner_db, ana))
    assert (mail["template"], mail["code"]) == ("account_notice", "second_factor_off")
    assert (await signs_in(client, await email_of(owner_db, ana))).status_code == 200
    assert await owner_db.fetchval("select count(*) from recovery_code where user_id = $1", ana.id) == 0


async def test_a_company_that_asks_for_it_shows_nothing_to_who_has_none(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor
) -> None:
    rule = "/v1/company/second-factor"
    mine = await bearer(owner_db, ana)
    assert said(await client.put(rule, json={"required": True}, headers=mine)) == (409, "second_factor_off")
    admin = await make_member(owner_db, ana, Role.ADMIN, PASSWORD)
    theirs = await bearer(owner_db, admin)
    assert said(await client.put(rule, json={"required": True}, headers=theirs)) == (403, "owner_only")
    body = {"name": "Loja", "scopes": ["team:read", "keys:write"]}
    key = {"Authorization": f"Bearer {(await client.post('/v1/api-keys', json=body, headers=theirs)).json()['secret']}"}
    assert (await client.get("/v1/team", headers=key)).status_code == 200
    await turned_on(ana)
    mine = await bearer(owner_db, ana)
    assert (await client.put(rule, json={"required": True}, headers=mine)).json()["second_factor_required"]
    assert said(await client.get("/v1/team", headers=theirs)) == (403, "second_factor_required")
    assert said(await client.get("/v1/team", headers=key)) == (403, "second_factor_required"), "a key is no way around it"
    assert [one["second_factor_missing"] for one in (await client.get("/v1/api-keys", headers=mine)).json()["items"]] == [True]
    me = (await client.get("/v1/me", headers=theirs)).json()
    assert (me["second_factor_missing"], me["permissions"], me["role"]) == (True, [], "admin")
    opened = (await signs_in(client, await email_of(owner_db, admin))).json()
    assert (opened["me"]["second_factor_missing"], opened["me"]["permissions"]) == (True, [])
    assert (await client.get("/v1/team", headers=mine)).status_code == 200
    await _sets_up(client, {"Authorization": f"Bearer {opened['token']}"})
    assert (await client.get("/v1/team", headers=key)).status_code == 200
    assert not (await client.get("/v1/api-keys", headers=key)).json()["items"][0]["second_factor_missing"]


async def _sets_up(client: httpx.AsyncClient, headers: Headers) -> None:
    begun = await client.post("/v1/me/second-factor", json={"password": PASSWORD}, headers=headers)
    done = await client.post("/v1/me/second-factor/confirm", json={"code": code(begun.json()["secret"])}, headers=headers)
    assert done.status_code == 200, done.text
    assert (await client.get("/v1/team", headers=headers)).status_code == 200


async def test_the_operator_takes_it_off_for_who_lost_everything(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor
) -> None:
    email = await email_of(owner_db, ana)
    assert not await second_factor.take_off(email)
    await turned_on(ana)
    assert await second_factor.take_off(email.upper())
    await fill_budgets()
    assert (await signs_in(client, email)).status_code == 200


async def test_another_persons_code_is_none(client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor) -> None:
    await turned_on(ana)
    bruno = await make_member(owner_db, ana, Role.AGENT, PASSWORD)
    secret, recovery = await turned_on(bruno)
    for theirs in (code(secret), recovery[0]):
        assert said(await signs_in(client, await email_of(owner_db, ana), code=theirs)) == (401, "second_factor_wrong")
