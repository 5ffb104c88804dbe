"""Dated versions: who is answered in which one, what of it goes away, and lists of a few fields only."""

from datetime import date
from typing import Any

import httpx
import pytest

from api import dated
from api.auth import guard
from api.dated import Change
from db.permissions import Permission
from tests.api.conftest import SignInAs
from tests.api.test_borrowed_rights import new_key

OLD, NEW = dated.VERSIONS[-1], "2027-03-01"


def _alias(body: dict[str, Any]) -> None:
    body["title"] = body["name"]


async def test_a_key_keeps_the_version_in_which_it_was_made(
    client: httpx.AsyncClient, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = await sign_in_as()
    _, early = await new_key(client, auth, Permission.COMPANY_READ, Permission.CONTACTS_READ)
    plain = await client.get("/v1/company", headers=early)
    assert (plain.headers["master-version"], "deprecation" in plain.headers) == (OLD, False)
    # A change that only this test makes: companies lose their title, and tags are no longer listed.
    monkeypatch.setattr(dated, "VERSIONS", (*dated.VERSIONS, NEW))
    changes = (
        Change(NEW, "GET /v1/company", date(2027, 9, 1), _alias),
        Change(NEW, "GET /v1/tags", date(2027, 9, 1)),
    )
    monkeypatch.setattr(dated, "CHANGES", changes)
    _, late = await new_key(client, auth, Permission.COMPANY_READ, Permission.CONTACTS_READ)
    guard.forget_all()

    found = await client.get("/v1/company", headers=early)
    assert found.headers["master-version"] == OLD
    assert found.headers["deprecation"] == "@1803859200"
    assert found.headers["sunset"] == "Wed, 01 Sep 2027 00:00:00 GMT"
    assert found.json()["title"] == found.json()["name"]
    for headers in (late, auth, {**early, "Master-Version": NEW}):
        found = await client.get("/v1/company", headers=headers)
        assert (found.headers["master-version"], "title" in found.json()) == (NEW, False)
        assert "deprecation" not in found.headers
    listed = await client.get("/v1/tags", headers=early)
    assert (listed.status_code, listed.headers["sunset"]) == (200, "Wed, 01 Sep 2027 00:00:00 GMT")
    assert (await client.get("/v1/tags", headers=late)).status_code == 404
    assert (await client.get("/v1/tags", headers={**late, "Master-Version": OLD})).status_code == 200
    keys = (await client.get("/v1/api-keys", headers=auth)).json()["items"]
    assert sorted(key["api_version"] for key in keys) == [OLD, NEW]


async def test_a_version_that_there_is_not_is_refused(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    answer = await client.get("/v1/company", headers={**await sign_in_as(), "Master-Version": "2020-01-01"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Master-Version")


@pytest.mark.parametrize("path", ["/v1/contacts", "/v1/leads", "/v1/campaigns"])
async def test_lists_hold_the_fields_that_are_asked_for(client: httpx.AsyncClient, sign_in_as: SignInAs, path: str) -> None:
    auth = await sign_in_as()
    board = (await client.post("/v1/boards", json={"name": "Vendas"}, headers=auth)).json()
    for number in range(2):
        name = f"Um {number}"
        body = {"board_id": board["id"], "title": name} if path == "/v1/leads" else {"name": name}
        assert (await client.post(path, json=body, headers=auth)).status_code == 201
    name = "title" if path == "/v1/leads" else "name"
    whole = (await client.get(path, headers=auth)).json()
    few = (await client.get(f"{path}?fields={name}", headers=auth)).json()
    assert few["items"] == [{"id": one["id"], name: one[name]} for one in whole["items"]]
    first = (await client.get(f"{path}?fields={name}&limit=1", headers=auth)).json()
    rest = (await client.get(f"{path}?limit=1&cursor={first['next_cursor']}", headers=auth)).json()
    assert rest["items"] == whole["items"][1:]
    wrong = await client.get(f"{path}?fields=name,nothing,title", headers=auth)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "fields")
