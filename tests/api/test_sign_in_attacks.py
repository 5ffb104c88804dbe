"""Ways around sign-in that were tried: answers that providers never give, and ways back after a password was changed."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import httpx2
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]

from api import rate_limit
from api.auth import oidc
from db.accounts import invitations
from db.allowances import Bucket
from db.tenancy import Actor, Origin
from tests.api.conftest import PASSWORD, bearer, links_mailed
from tests.api.elsewhere import Elsewhere, email_of, gmail, said

_LINK = "/v1/me/identities"
_RESET = "/v1/auth/reset-password"


async def _reset_link(client: httpx.AsyncClient, owner_db: asyncpg.Connection, email: str) -> str:
    await client.post("/v1/auth/forgot-password", json={"email": email})
    return (await links_mailed(owner_db, email))[-1].partition("token=")[2]


async def _identities(owner_db: asyncpg.Connection, actor: Actor) -> int:
    return int(await owner_db.fetchval("select count(*) from identity where user_id = $1", actor.id))


# What comes back from a provider


async def test_an_answer_that_others_send_ends_nobodys_sign_in(elsewhere: Elsewhere) -> None:
    """A link on any page leads a browser to the address of return, with its cookie."""
    started = await elsewhere.begin()
    forged = await elsewhere.back(started, {"code": "x", "state": "x"})
    assert said(forged) == (401, "sign_in_refused")
    assert said(await elsewhere.back(started, {"error": "access_denied", "state": "x"})) == (401, "sign_in_refused")
    assert (await elsewhere.back(started, await elsewhere.there(started, gmail()))).status_code == 200


async def test_who_answers_must_say_so_where_it_announced_that(elsewhere: Elsewhere) -> None:
    """RFC 9207: else the answer of one provider could be taken for another's."""
    started = await elsewhere.begin("oidc")
    brought = await elsewhere.there(started, gmail())
    assert brought.pop("iss").endswith("/identity/oidc")
    assert said(await elsewhere.back(started, brought)) == (401, "sign_in_refused")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("access_denied", (200, "")),
        ("login_required", (200, "")),
        ("temporarily_unavailable", (503, "provider_away")),
        ("server_error", (503, "provider_away")),
        ("redirect_uri_mismatch", (401, "sign_in_refused")),
        ("", (401, "sign_in_refused")),
    ],
)
async def test_an_error_of_the_provider_is_told_apart_from_turning_back(
    elsewhere: Elsewhere,
    error: str,
    outcome: tuple[int, str],
) -> None:
    started = await elsewhere.begin()
    brought = {"error": error, "state": oidc.derived(started["flow"], "state")}
    assert said(await elsewhere.back(started, brought)) == outcome
    assert said(await elsewhere.back(started, brought)) == (401, "sign_in_refused"), "once"


@pytest.mark.parametrize(
    ("provider", "at"),
    [
        ("google", "token"), ("google", "keys"), ("google", "openid-configuration"), ("google", "userinfo"),
        ("facebook", "access_token"), ("facebook", "debug_token"), ("facebook", "/me"),
    ],
)  # fmt: skip
async def test_an_answer_of_another_shape_is_no_fault_of_ours(elsewhere: Elsewhere, provider: str, at: str) -> None:
    started = await elsewhere.begin(provider)
    brought = await elsewhere.there(started, "" if at == "userinfo" else gmail())
    oidc._known.clear()
    await elsewhere.fault("odd", at)
    assert said(await elsewhere.back(started, brought)) in ((401, "sign_in_refused"), (503, "provider_away"))


@pytest.mark.parametrize(
    "keys", [{}, {"keys": "x"}, {"keys": [1]}, {"keys": [{"kty": "RSA"}]}, {"keys": [{"kty": "RSA", "n": "!", "e": 1}]}]
)
async def test_keys_that_cannot_be_read_are_an_outage(keys: dict[str, Any]) -> None:
    oidc._known.clear()
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=keys))
    async with AsyncOAuth2Client("x", "y", transport=transport) as client:
        with pytest.raises(oidc.Away):
            await oidc._keys(client, "https://provider.example/keys")


@pytest.mark.parametrize(
    ("said_for", "seconds"), [("public, max-age=300", 300), ("max-age=5", 60), ("max-age=99999", 3600), ("", 3600)]
)
async def test_keys_are_believed_as_long_as_the_provider_says(said_for: str, seconds: int) -> None:
    oidc._known.clear()
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json={"keys": []}, headers={"cache-control": said_for}))
    async with AsyncOAuth2Client("x", "y", transport=transport) as client:
        await oidc._kept(client, "https://provider.example/keys")
    assert oidc._known["https://provider.example/keys"][1] == seconds


@pytest.mark.parametrize("email", ["no address", "ana@loja.com\nBcc: all@loja.com", "a@b", "ana@loja.com,bia@loja.com"])
async def test_no_mail_goes_to_what_is_no_address(elsewhere: Elsewhere, email: str) -> None:
    _, needed = await elsewhere.whole(email, "oidc")
    assert (needed["step"], needed["email"]) == ("sign_up", None)


async def test_a_letter_that_is_folded_into_another_opens_nothing(
    elsewhere: Elsewhere,
    owner_db: asyncpg.Connection,
    ana: Actor,
) -> None:
    """The sign of Kelvin is a K to who folds it: k@ and the sign's @ may be two mailboxes."""
    victim = f"k{uuid4().hex}@example.com"
    await owner_db.execute("update account_user set email = $2 where id = $1", ana.id, victim)
    _, needed = await elsewhere.whole("\u212a" + victim[1:], "oidc")
    assert needed["step"] == "password"


async def test_who_signs_in_takes_nothing_from_the_office(
    elsewhere: Elsewhere, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only going to the provider is counted, and what fails."""
    monkeypatch.setattr(rate_limit, "LINK_NETWORK", Bucket("link-network", 3, 1e-6))
    flow, _ = await elsewhere.whole(gmail())
    assert (await client.post("/v1/auth/providers/look", json={"flow": flow})).status_code == 200
    assert (await elsewhere.complete(flow, company_name="Loja")).status_code == 200
    started = await elsewhere.begin()
    assert said(await elsewhere.back(started, {"code": "x", "state": "x"})) == (401, "sign_in_refused")
    assert said(await elsewhere.back(started, {"code": "x", "state": "x"})) == (429, "too_many_requests")


# Ways back in


async def test_linking_needs_the_password_and_a_change_of_company_shows_nothing(
    elsewhere: Elsewhere,
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    ana: Actor,
    stranger: Actor,
) -> None:
    """Else a session that somebody got hold of opens a way in that outlives the next password."""
    mine, body = await bearer(owner_db, ana), {"provider_id": "facebook"}
    assert said(await client.post(_LINK, json=body, headers=mine)) == (422, "wrong_password")
    assert said(await client.post(_LINK, json={**body, "password": "not this one"}, headers=mine)) == (422, "wrong_password")
    await owner_db.execute("update account_user set password_hash = 'none' where id = $1", ana.id)
    assert (await client.post(_LINK, json=body, headers=mine)).status_code == 200, "signed in just now"
    await owner_db.execute("update session set proven_at = now() - interval '11 minutes' where user_id = $1", ana.id)
    await owner_db.execute(
        "insert into membership(company_id, user_id, role) values ($1, $2, 'agent')", stranger.company_id, ana.id
    )
    switched = await client.post("/v1/auth/switch-company", json={"company_id": str(stranger.company_id)}, headers=mine)
    there = {"Authorization": f"Bearer {switched.json()['token']}"}
    for path, sent in ((_LINK, body), ("/v1/me/second-factor", {})):
        assert said(await client.post(path, json=sent, headers=there)) == (403, "sign_in_again")


async def test_a_new_password_by_link_closes_every_other_way_in(
    elsewhere: Elsewhere,
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    ana: Actor,
) -> None:
    """Somebody had the account for a while: linked an account of theirs, and has another link on its way."""
    mine, body = await bearer(owner_db, ana), {"provider_id": "facebook", "password": PASSWORD}
    for subject in ("thief-1", None):
        started = (await client.post(_LINK, json=body, headers=mine)).json()
        brought = await elsewhere.there(started, gmail(), subject=subject or "thief-2")
        if subject is not None:
            assert (await elsewhere.back(started, brought)).json()["step"] == "linked"
    token = await _reset_link(client, owner_db, await email_of(owner_db, ana))
    assert (await client.post(_RESET, json={"token": token, "password": "outra-senha-longa"})).status_code == 200
    assert await _identities(owner_db, ana) == 0
    assert said(await elsewhere.back(started, brought)) == (401, "sign_in_refused")
    assert await _identities(owner_db, ana) == 0


async def test_a_first_password_by_link_leaves_the_account_elsewhere(
    elsewhere: Elsewhere,
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
) -> None:
    email = gmail()
    flow, _ = await elsewhere.whole(email)
    assert (await elsewhere.complete(flow, company_name="X")).status_code == 200
    token = await _reset_link(client, owner_db, email)
    assert (await client.post(_RESET, json={"token": token, "password": PASSWORD})).status_code == 200
    _, needed = await elsewhere.whole(email, verified="")
    assert needed["step"] == "ready"


async def _invited(owner_db: asyncpg.Connection, client: httpx.AsyncClient, by: Actor, email: str) -> str:
    body = {"email": email, "role": "agent"}
    made = await client.post("/v1/team/invitations", json=body, headers=await bearer(owner_db, by))
    return str(made.json()["link"]).rpartition("/")[2]


async def test_an_invitation_for_the_address_of_the_linked_account_is_accepted(
    elsewhere: Elsewhere,
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    ana: Actor,
    stranger: Actor,
) -> None:
    await owner_db.execute(
        "insert into identity(user_id, provider, issuer, subject) values ($1, 'facebook', $2, 'fb-ana')",
        ana.id,
        f"{elsewhere.browser.base_url}/identity/facebook".replace("//identity", "/identity"),
    )
    link = await _invited(owner_db, client, stranger, await email_of(owner_db, ana))
    flow, needed = await elsewhere.whole(gmail(), "facebook", begin={"invitation": link}, subject="fb-ana")
    assert needed["step"] == "ready"
    assert (await elsewhere.complete(flow)).json()["me"]["company"]["id"] == str(stranger.company_id)


async def accepting_while(owner_db: asyncpg.Connection, person: Actor, link: str, change: str) -> asyncio.Task[Any]:
    """An invitation that is being accepted, and waits for the person's row, while `change` is made to it."""
    async with owner_db.transaction():
        await owner_db.execute("select from account_user where id = $1 for no key update", person.id)
        accepting = asyncio.create_task(invitations.accept(Origin(ip="127.0.0.1"), link, PASSWORD, None))
        while not accepting.done():
            if await owner_db.fetchval("select true from pg_locks where not granted limit 1"):
                break
            await asyncio.sleep(0.02)
        await owner_db.execute(change, person.id)
    return accepting


async def test_a_second_factor_turned_on_meanwhile_is_asked_for(
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    ana: Actor,
    stranger: Actor,
) -> None:
    """An invitation is being accepted while the person turns it on: the session would not be among those that are ended."""
    link = await _invited(owner_db, client, stranger, await email_of(owner_db, ana))
    accepting = await accepting_while(owner_db, ana, link, "update account_user set second_factor_at = now() where id = $1")
    with pytest.raises(Exception, match="second_factor_needed"):
        await accepting


async def test_a_password_changed_meanwhile_accepts_no_invitation(
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    ana: Actor,
    stranger: Actor,
) -> None:
    link = await _invited(owner_db, client, stranger, await email_of(owner_db, ana))
    accepting = await accepting_while(owner_db, ana, link, "update account_user set password_hash = 'another' where id = $1")
    with pytest.raises(Exception, match="bad_credentials"):
        await accepting
