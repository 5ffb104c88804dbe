"""Sign-in by an account elsewhere, over true HTTP with the providers that the sandbox plays: who gets in, and what proves nothing."""

from urllib.parse import parse_qsl, urlsplit

import asyncpg
import httpx
import pytest

from api.auth import oidc
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, Headers, bearer, links_mailed, make_member
from tests.api.elsewhere import BACK, Elsewhere, email_of, gmail, said
from tests.api.second_factor_provocations import code, turned_on


async def test_the_screens_learn_which_there_are(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/auth/providers")).json()["items"]
    assert found == [
        {"id": "google", "label": "Google"},
        {"id": "facebook", "label": "Facebook"},
        {"id": "oidc", "label": "Entrada"},
    ]
    assert (await client.post("/v1/auth/providers/myspace/start", json={})).status_code == 404


async def test_the_address_carries_state_nonce_and_challenge(elsewhere: Elsewhere) -> None:
    one, two = await elsewhere.begin(), await elsewhere.begin()
    asked = dict(parse_qsl(urlsplit(one["address"]).query))
    assert {"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge"} <= set(asked)
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == ("S256", BACK)
    other = dict(parse_qsl(urlsplit(two["address"]).query))
    assert not {asked[name] for name in ("state", "nonce", "code_challenge")} & {
        other[name] for name in ("state", "nonce", "code_challenge")
    }
    assert one["flow"] not in one["address"]


@pytest.mark.parametrize("provider", ["google", "facebook", "oidc"])
async def test_who_is_new_makes_a_company(
    elsewhere: Elsewhere, owner_db: asyncpg.Connection, client: httpx.AsyncClient, provider: str
) -> None:
    email = gmail()
    flow, needed = await elsewhere.whole(email, provider)
    assert needed == {"step": "sign_up", "provider": provider, "email": email, "name": "Ana Lima", "company": None}
    assert said(await elsewhere.complete(flow)) == (422, "invalid")
    done = await elsewhere.complete(flow, company_name="Loja Nova")
    assert done.status_code == 200, done.text
    me = done.json()["me"]
    assert (me["role"], me["email"], me["name"], me["company"]["name"]) == ("owner", email, "Ana Lima", "Loja Nova")
    assert me["email_verified"] == (provider != "facebook"), "Facebook does not say"
    assert bool(await links_mailed(owner_db, email)) == (provider == "facebook")
    assert said(await elsewhere.complete(flow, company_name="Loja Nova")) == (401, "sign_in_refused"), "once"
    again, needed = await elsewhere.whole(email, provider)
    assert needed["step"] == "ready"
    assert (await elsewhere.complete(again)).json()["me"]["user_id"] == me["user_id"]
    refused = await client.post("/v1/auth/sign-in", json={"email": email, "password": "none"})
    assert said(refused) == (401, "bad_credentials")


@pytest.mark.parametrize(
    ("provider", "verified", "ours"),
    [("facebook", "on", True), ("google", "", True), ("oidc", "on", False), ("google", "on", True)],
)
async def test_an_account_is_linked_only_by_its_password(
    elsewhere: Elsewhere, owner_db: asyncpg.Connection, ana: Actor, provider: str, verified: str, ours: bool
) -> None:
    """Facebook never says that an address is confirmed, others not of this one, or we have not seen it; and of an address elsewhere than at
    Gmail not even Google knows whose it is today."""
    email = await email_of(owner_db, ana)
    if not ours:
        await owner_db.execute("update account_user set email_verified_at = null where id = $1", ana.id)
    flow, needed = await elsewhere.whole(email, provider, verified=verified)
    assert needed["step"] == "password"
    assert said(await elsewhere.complete(flow)) == (422, "invalid")
    assert said(await elsewhere.complete(flow, password="not this one")) == (401, "bad_credentials")
    assert await owner_db.fetchval("select count(*) from identity where user_id = $1", ana.id) == 0
    done = await elsewhere.complete(flow, password=PASSWORD)
    assert done.json()["me"]["user_id"] == str(ana.id)
    again, needed = await elsewhere.whole(email, provider, verified="")
    assert (needed["step"], (await elsewhere.complete(again)).status_code) == ("ready", 200)


async def test_an_address_that_both_have_seen_is_enough(elsewhere: Elsewhere, owner_db: asyncpg.Connection, ana: Actor) -> None:
    flow, needed = await elsewhere.whole(await email_of(owner_db, ana), "oidc")
    assert needed["step"] == "ready"
    assert (await elsewhere.complete(flow)).json()["me"]["user_id"] == str(ana.id)


async def test_the_subject_counts_and_not_the_address(elsewhere: Elsewhere, owner_db: asyncpg.Connection, ana: Actor) -> None:
    email = await email_of(owner_db, ana)
    flow, _ = await elsewhere.whole(email, "oidc", subject="one")
    await elsewhere.complete(flow)
    moved, needed = await elsewhere.whole(gmail(), "oidc", subject="one")
    assert needed["step"] == "ready"
    assert (await elsewhere.complete(moved)).json()["me"]["user_id"] == str(ana.id)


async def test_the_second_factor_is_asked_for_all_the_same(
    elsewhere: Elsewhere, owner_db: asyncpg.Connection, ana: Actor
) -> None:
    secret, _ = await turned_on(ana)
    flow, needed = await elsewhere.whole(await email_of(owner_db, ana), "oidc")
    assert needed["step"] == "ready"
    assert said(await elsewhere.complete(flow)) == (401, "second_factor_needed")
    assert said(await elsewhere.complete(flow, code="000000x")) == (401, "second_factor_wrong")
    assert await owner_db.fetchval("select count(*) from identity where user_id = $1", ana.id) == 0, "nothing is linked before"
    assert (await elsewhere.complete(flow, code=code(secret))).status_code == 200


@pytest.mark.parametrize(
    "fault",
    ["nonce", "audience", "azp", "issuer", "expired", "alg_none", "hs256", "other_key", "at_hash", "no_subject", "no_token"],
)
async def test_a_token_that_breaks_a_rule_proves_nothing(elsewhere: Elsewhere, fault: str) -> None:
    started = await elsewhere.begin()
    brought = await elsewhere.there(started, gmail())
    await elsewhere.fault(fault)
    assert said(await elsewhere.back(started, brought)) == (401, "sign_in_refused")
    assert said(await elsewhere.complete(started["flow"], company_name="X")) == (401, "sign_in_refused")
    assert said(await elsewhere.back(started, brought)) == (401, "sign_in_refused"), "a code goes out once"


@pytest.mark.parametrize("fault", ["other_app", "other_person"])
async def test_a_facebook_token_must_be_ours_and_theirs(elsewhere: Elsewhere, fault: str) -> None:
    started = await elsewhere.begin("facebook")
    brought = await elsewhere.there(started, gmail())
    await elsewhere.fault(fault)
    assert said(await elsewhere.back(started, brought)) == (401, "sign_in_refused")


@pytest.mark.parametrize("fault", ["away", "cut", "garbage"])
async def test_a_provider_that_does_not_answer_is_away(elsewhere: Elsewhere, fault: str) -> None:
    started = await elsewhere.begin()
    brought = await elsewhere.there(started, gmail())
    await elsewhere.fault(fault)
    assert said(await elsewhere.back(started, brought)) == (503, "provider_away")
    oidc._known.clear()
    await elsewhere.fault(fault)
    assert said(await elsewhere.api.post("/v1/auth/providers/google/start", json={})) == (503, "provider_away")


async def test_new_keys_are_fetched_once_they_are_used(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    await elsewhere.whole(gmail())
    await elsewhere.fault("rotate")
    monkeypatch.setattr(oidc, "AGAIN", 0.0)
    _, needed = await elsewhere.whole(gmail())
    assert needed["step"] == "sign_up"


async def test_another_browsers_return_is_refused(elsewhere: Elsewhere) -> None:
    """An attacker's code in the victim's browser, and the victim's code in the attacker's."""
    mine, theirs = await elsewhere.begin(), await elsewhere.begin()
    brought = await elsewhere.there(theirs, gmail())
    assert said(await elsewhere.back(mine, brought)) == (401, "sign_in_refused")
    # what others send ends nobody's flow: it is still the one below
    own_state = await elsewhere.there(mine, gmail())
    swapped = await elsewhere.back(mine, {**brought, "state": own_state["state"]})
    assert said(swapped) == (401, "sign_in_refused"), "the code was made for another challenge"
    third = await elsewhere.begin()
    brought = await elsewhere.there(third, gmail())
    assert said(await elsewhere.back(third, {**brought, "iss": "https://evil.example"})) == (401, "sign_in_refused")


async def test_who_turns_back_is_told_so_and_an_old_flow_is_over(elsewhere: Elsewhere, owner_db: asyncpg.Connection) -> None:
    started = await elsewhere.begin()
    answer = await elsewhere.back(started, await elsewhere.there(started, gmail(), go="no"))
    assert answer.json()["step"] == "cancelled"
    flow, _ = await elsewhere.whole(gmail())
    await owner_db.execute("update sign_in_flow set expires_at = now() - interval '1 s'")
    assert said(await elsewhere.complete(flow, company_name="X")) == (401, "sign_in_refused")


async def test_without_an_address_one_is_asked_for(elsewhere: Elsewhere, owner_db: asyncpg.Connection, ana: Actor) -> None:
    flow, needed = await elsewhere.whole("", "facebook")
    assert (needed["step"], needed["email"]) == ("sign_up", None)
    assert said(await elsewhere.complete(flow, company_name="X")) == (422, "invalid")
    taken = await elsewhere.complete(flow, company_name="X", email=await email_of(owner_db, ana))
    assert said(taken) == (409, "email_taken"), "an address that somebody writes leads to nobody's account"
    done = await elsewhere.complete(flow, company_name="X", email=gmail())
    assert not done.json()["me"]["email_verified"]


async def _invited(client: httpx.AsyncClient, headers: Headers, email: str) -> str:
    made = await client.post("/v1/team/invitations", json={"email": email, "role": "agent"}, headers=headers)
    return str(made.json()["link"]).rpartition("/")[2]


async def test_an_invitation_is_accepted_with_its_address_only(
    elsewhere: Elsewhere, client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor
) -> None:
    email = gmail()
    link = await _invited(client, await bearer(owner_db, ana), email)
    started = await elsewhere.begin(invitation=link)
    answer = await elsewhere.back(started, await elsewhere.there(started, gmail()))
    assert answer.json()["step"] == "other_address"
    assert said(await elsewhere.complete(started["flow"])) == (409, "invitation_other_address")
    flow, needed = await elsewhere.whole(email, begin={"invitation": link})
    assert needed["step"] == "ready"
    assert needed["company"]
    me = (await elsewhere.complete(flow)).json()["me"]
    assert (me["company"]["id"], me["role"], me["email"]) == (str(ana.company_id), "agent", email)
    assert (await client.get(f"/v1/auth/invitations/{link}")).status_code == 404
    assert (await client.post("/v1/auth/providers/google/start", json={"invitation": link})).status_code == 404


async def test_whoever_is_signed_in_links_and_unlinks(
    elsewhere: Elsewhere, client: httpx.AsyncClient, owner_db: asyncpg.Connection, ana: Actor, stranger: Actor
) -> None:
    mine = await bearer(owner_db, ana)
    body = {"provider_id": "facebook", "password": PASSWORD}
    started = (await client.post("/v1/me/identities", json=body, headers=mine)).json()
    answer = await elsewhere.back(started, await elsewhere.there(started, gmail(), subject="fb-1"))
    assert answer.json()["step"] == "linked"
    assert await links_mailed(owner_db, await email_of(owner_db, ana)) == ["/settings?tab=security"], "they learn of it"
    assert said(await elsewhere.complete(started["flow"])) == (401, "sign_in_refused"), "a link opens no session"
    (linked,) = (await client.get("/v1/me/identities", headers=mine)).json()["items"]
    theirs = await bearer(owner_db, await make_member(owner_db, stranger, Role.AGENT, PASSWORD))
    other = (await client.post("/v1/me/identities", json=body, headers=theirs)).json()
    taken = await elsewhere.back(other, await elsewhere.there(other, gmail(), subject="fb-1"))
    assert taken.json()["step"] == "taken"
    path = f"/v1/me/identities/{linked['id']}"
    assert (await client.delete(path, headers=theirs)).status_code == 404
    assert (await client.delete(path, headers=mine)).status_code == 204


async def test_the_only_way_in_stays(elsewhere: Elsewhere, client: httpx.AsyncClient, owner_db: asyncpg.Connection) -> None:
    email = gmail()
    flow, _ = await elsewhere.whole(email)
    mine = {"Authorization": f"Bearer {(await elsewhere.complete(flow, company_name='X')).json()['token']}"}
    (linked,) = (await client.get("/v1/me/identities", headers=mine)).json()["items"]
    assert said(await client.delete(f"/v1/me/identities/{linked['id']}", headers=mine)) == (409, "last_way_in")
    assert not (await client.get("/v1/me/second-factor", headers=mine)).json()["password"]
    begun = await client.post("/v1/me/second-factor", json={}, headers=mine)
    assert begun.status_code == 200, "signed in just now"
    await owner_db.execute(
        "update session set proven_at = now() - interval '11 minutes' where user_id = (select id from account_user where email = $1)",
        email,
    )
    assert said(await client.post("/v1/me/second-factor", json={}, headers=mine)) == (403, "sign_in_again")


async def test_a_mailbox_takes_an_account_back_from_who_made_it_without(
    elsewhere: Elsewhere, client: httpx.AsyncClient, owner_db: asyncpg.Connection
) -> None:
    """Somebody signs up by Facebook with an address that is not theirs; its owner comes later, by a link from the mailbox."""
    email = gmail()
    flow, _ = await elsewhere.whole(email, "facebook")
    await elsewhere.complete(flow, company_name="X")
    await client.post("/v1/auth/forgot-password", json={"email": email})
    token = (await links_mailed(owner_db, email))[-1].partition("token=")[2]
    assert (await client.post("/v1/auth/reset-password", json={"token": token, "password": PASSWORD})).status_code == 200
    _, needed = await elsewhere.whole(email, "facebook")
    assert needed["step"] == "password"
