"""The request log: each request of a company by its id, who asked and how it was answered; others see nothing of it."""

import asyncio
from typing import Any

import httpx
import pytest
from litestar import Litestar

from db.audit import requests
from db.permissions import Permission, Role
from db.work import system_work
from tests.api.conftest import Headers, SignInAs
from tests.api.test_borrowed_rights import new_key

URL = "/v1/requests"


def _journal(app: Litestar) -> Any:
    return app.state.journal


async def _listed(app: Litestar, client: httpx.AsyncClient, auth: Headers, **query: Any) -> list[dict[str, Any]]:
    await _journal(app).flush()
    answer = await client.get(URL, params=query, headers=auth)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_a_request_is_found_by_its_id(app: Litestar, client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    key_id, key = await new_key(client, auth, Permission.CONTACTS_READ)
    good = await client.get("/v1/contacts", headers=key)
    named = {**key, "X-Request-Id": "erp-order-1042"}
    refused = await client.post("/v1/contacts", json={"name": "Ana"}, headers=named)
    assert (refused.status_code, refused.headers["x-request-id"]) == (403, "erp-order-1042")
    [line] = await _listed(app, client, auth, request_id="erp-order-1042")
    assert (line["method"], line["path"], line["status"], line["code"]) == ("POST", "/v1/contacts", 403, "key_lacks_permission")
    assert (line["actor_kind"], line["actor_id"], line["ip"]) == ("api_key", key_id, "127.0.0.1")
    assert line["milliseconds"] > 0
    [line] = await _listed(app, client, auth, request_id=good.headers["x-request-id"])
    assert (line["status"], line["code"], line["actor_name"]) == (200, None, "Loja virtual")
    gone = await client.get(f"/v1/contacts/{key_id}", headers=key)
    [line] = await _listed(app, client, auth, request_id=gone.headers["x-request-id"])
    assert (line["path"], line["status"], line["code"]) == ("/v1/contacts/{contact_id}", 404, "not_found")
    by_key = await _listed(app, client, auth, actor_id=key_id)
    assert [one["status"] for one in by_key] == [404, 403, 200]
    assert [one["status"] for one in await _listed(app, client, auth, failed=True, keys=True)] == [404, 403]
    first = (await client.get(URL, params={"actor_id": key_id, "limit": 2}, headers=auth)).json()
    rest = (await client.get(URL, params={"actor_id": key_id, "limit": 2, "cursor": first["next_cursor"]}, headers=auth)).json()
    assert [one["status"] for one in first["items"] + rest["items"]] == [404, 403, 200]


async def test_lines_are_written_by_themselves(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    asked = (await client.get("/v1/company", headers=auth)).headers["x-request-id"]
    for _ in range(300):
        if (await client.get(URL, params={"request_id": asked}, headers=auth)).json()["items"]:
            return
        await asyncio.sleep(0.1)
    pytest.fail("nobody writes the request log")


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AGENT, Role.VIEWER])
async def test_only_who_reads_the_audit_log_reads_it(client: httpx.AsyncClient, sign_in_as: SignInAs, role: Role) -> None:
    assert (await client.get(URL, headers=await sign_in_as(role))).status_code == 403


async def test_lines_wait_while_the_database_is_away_and_go_after_a_week(
    app: Litestar, client: httpx.AsyncClient, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from db.errors import RequestError

    auth = await sign_in_as()
    real = requests.write

    async def away(lines: Any) -> None:
        raise RequestError.UNAVAILABLE(retry_after=1)

    monkeypatch.setattr(requests, "write", away)
    answer = await client.get("/v1/company", headers=auth)
    assert answer.status_code == 200
    await _journal(app).flush()
    monkeypatch.setattr(requests, "write", real)
    asked = answer.headers["x-request-id"]
    assert len(await _listed(app, client, auth, request_id=asked)) == 1
    async with system_work() as s:
        await requests.forget_old(s)
    assert len(await _listed(app, client, auth, request_id=asked)) == 1
    monkeypatch.setattr(requests, "KEEP_DAYS", -1)
    async with system_work() as s:
        await requests.forget_old(s)
    assert await _listed(app, client, auth, request_id=asked) == []
