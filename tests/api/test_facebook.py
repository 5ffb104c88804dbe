"""What Facebook tells our server: an account that was taken away there opens nothing here any more, and only Facebook can say so."""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from api.auth import facebook
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, Headers, bearer, make_member
from tests.api.elsewhere import Elsewhere, email_of, gmail, said

SECRET = "sandbox"


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(user_id: str, *, secret: str = SECRET, at: float | None = None, algorithm: str = "HMAC-SHA256") -> dict[str, str]:
    payload = _coded(json.dumps({"algorithm": algorithm, "issued_at": int(at or time.time()), "user_id": user_id}).encode())
    mark = _coded(hmac.digest(secret.encode(), payload.encode(), hashlib.sha256))
    return {"signed_request": f"{mark}.{payload}"}


@pytest.fixture
async def linked(
    elsewhere: Elsewhere, client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor
) -> tuple[Actor, Headers, str]:
    """Somebody with an account at Facebook: who, how they ask, and their id there."""
    person = await make_member(owner_db, owner, Role.AGENT, PASSWORD)
    headers, subject = await bearer(owner_db, person), f"fb-{person.id}"
    started = (
        await client.post("/v1/me/identities", json={"provider_id": "facebook", "password": PASSWORD}, headers=headers)
    ).json()
    answer = await elsewhere.back(started, await elsewhere.there(started, gmail(), subject=subject))
    assert answer.json()["step"] == "linked"
    return person, headers, subject


async def _left(client: httpx.AsyncClient, headers: Headers) -> int:
    return len((await client.get("/v1/me/identities", headers=headers)).json()["items"])


async def test_who_takes_our_access_away_is_unlinked_and_told(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, linked: tuple[Actor, Headers, str]
) -> None:
    person, headers, subject = linked
    url = f"{facebook.PATH}/deauthorize"
    for wrong in (
        signed(subject, secret="another"),
        signed(subject, algorithm="none"),
        {"signed_request": "x." + signed(subject)["signed_request"].partition(".")[2]},
        {"signed_request": "\u00e9"},
        {},
    ):
        assert (await client.post(url, data=wrong)).status_code == 403
    assert (await client.post(url, data=signed(subject, at=time.time() - 3600))).status_code == 200
    assert await _left(client, headers) == 1, "linked anew since"
    for _ in range(2):
        assert (await client.post(url, data=signed(subject))).status_code == 200
        assert await _left(client, headers) == 0
    told = await owner_db.fetch(
        "select params->>'code' as code from mail where recipient = $1 order by id", await email_of(owner_db, person)
    )
    assert [one["code"] for one in told] == ["identity_linked", "identity_withdrawn"]
    audited = "select count(*) from audit_log where actor_id = $1 and action = 'identity.withdrawn'"
    assert await owner_db.fetchval(audited, person.id) == 1


async def test_who_asks_for_deletion_gets_an_address_that_says_it_was_done(
    client: httpx.AsyncClient, linked: tuple[Actor, Headers, str]
) -> None:
    _, headers, subject = linked
    answer = (await client.post(f"{facebook.PATH}/deletion", data=signed(subject))).json()
    assert await _left(client, headers) == 0
    assert answer["url"].endswith(answer["confirmation_code"])
    shown = await client.get(urlsplit(answer["url"]).path)
    assert (shown.status_code, "apagamos" in shown.text, "we deleted" in shown.text) == (200, True, True)
    for made_up in ("x", f"1{answer['confirmation_code']}"):
        assert said(await client.get(f"{facebook.PATH}/deletions/{made_up}")) == (404, "not_found")
    assert (await client.post(f"{facebook.PATH}/deletion", data=signed(subject, secret="x"))).status_code == 403
