"""Rules that hold for every operation of the API, walked from its own OpenAPI document: nobody gets in without a token, and another
company's ids do not exist."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from db.tenancy import Actor
from tests.api.conftest import SignInAs

PUBLIC = {
    ("POST", "/v1/auth/sign-up"),
    ("POST", "/v1/auth/sign-in"),
    ("POST", "/v1/auth/forgot-password"),
    ("POST", "/v1/auth/reset-password"),
    ("POST", "/v1/auth/verify-email"),
    ("POST", "/v1/analytics/reports/stop"),
    ("GET", "/v1/auth/providers"),
    ("POST", "/v1/auth/providers/{provider_id}/start"),
    ("POST", "/v1/auth/providers/return"),
    ("POST", "/v1/auth/providers/look"),
    ("POST", "/v1/auth/providers/complete"),
    ("GET", "/v1/auth/invitations/{token}"),
    ("POST", "/v1/auth/invitations/{token}/accept"),
}
# POSTs that take no Idempotency-Key although they have a caller, and why.
UNKEYED = {
    "/v1/conversations/{conversation_id}/presence": "says what is so now, and again",
    "/v1/conversations/{conversation_id}/template-preview": "reads only",
    "/v1/auth/sign-out": "ends the session that asks, so nobody can ask again",
    "/v1/auth/switch-company": "ends the session that asks, so nobody can ask again",
    "/v1/me/password": "ends the session that asks, so nobody can ask again",
    "/v1/me/identities": "a secret is made anew each time, and shown once",
    "/v1/me/second-factor": "a secret is made anew each time, and shown once",
    "/v1/me/second-factor/confirm": "a code works once",
    "/v1/me/second-factor/recovery-codes": "a code works once",
    "/v1/me/second-factor/turn-off": "a code works once",
    "/v1/campaigns/{campaign_id}/preflight": "reads only",
    "/v1/contacts/count": "reads only",
    "/v1/erasures/verify": "reads only",
    "/v1/knowledge-bases/{base_id}/search": "reads only",
    "/v1/campaigns/{campaign_id}/audience": "reads only",
    "/v1/campaigns/{campaign_id}/preview": "reads only",
    "/v1/templates/check": "reads only",
}
# The fuzz would end its own session with these, or never end.
ENDS = {"/v1/events", "/v1/auth/sign-out", "/v1/me/password", "/v1/me/sessions", "/v1/me/sessions/{session_id}"}
Operation = tuple[str, str, dict[str, Any]]


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield method.upper(), path, operation


def _filled(path: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: values[m[1]], path)


def _body(operation: dict[str, Any], document: dict[str, Any]) -> Any:
    """The first example of the request body; every operation with a body has one."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    if content.get("examples"):
        return next(iter(content["examples"].values()))["value"]
    return content.get("example")


async def test_nobody_gets_in_without_a_token(
    client: httpx.AsyncClient, document: dict[str, Any], belongings: dict[str, str]
) -> None:
    for method, path, _ in operations(document):
        answer = await client.request(method, _filled(path, {**belongings, "token": "x"}))
        if (method, path) in PUBLIC:
            assert answer.status_code != 401 or answer.json()["code"] == "bad_credentials", (method, path)
        else:
            assert answer.status_code == 401, (method, path, answer.status_code)
            assert answer.headers["content-type"].startswith("application/problem+json")


async def test_every_operation_is_described(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert operation.get("summary"), (method, path)
        assert operation.get("description"), (method, path)
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            assert _body(operation, document) is not None, f"{method} {path} has no example"


async def test_every_post_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    without = set()
    for method, path, operation in operations(document):
        keyed = "Idempotency-Key" in [parameter["name"] for parameter in operation.get("parameters", ())]
        assert not (keyed and method != "POST"), (method, path)
        if method == "POST" and not keyed and (method, path) not in PUBLIC:
            without.add(path)
    assert without == set(UNKEYED)


async def test_no_change_ignores_the_version_it_depends_on(
    client: httpx.AsyncClient,
    document: dict[str, Any],
    belongings: dict[str, str],
    sign_in_as: SignInAs,
    owner_db: asyncpg.Connection,
) -> None:
    auth = {**await sign_in_as(), "If-Match": '"stale"'}
    before, versioned = await _fingerprint(owner_db, belongings), set()
    for method, path, operation in operations(document):
        if method == "GET" or (method, path) in PUBLIC:
            continue
        answer = await client.request(method, _filled(path, belongings), json=_body(operation, document), headers=auth)
        assert answer.status_code == 412, (method, path, answer.text[:200])
        if answer.json()["code"] == "changed_meanwhile":
            versioned.add((method, path))
            assert "If-Match" in [parameter["name"] for parameter in operation["parameters"]]
    assert {path.partition("_id}")[0] for _, path in versioned} == {
        "/v1/analytics/views/{view",
        "/v1/analytics/dashboard",
        "/v1/analytics/conversion-setting",
        "/v1/analytics/reports/{report",
        "/v1/contacts/{contact",
        "/v1/campaigns/{campaign",
        "/v1/boards/{board",
        "/v1/cadences/{cadence",
        "/v1/incoming-hooks/{incoming_hook",
        "/v1/segments/{segment",
        "/v1/stages/{stage",
        "/v1/leads/{lead",
        "/v1/stage-rules/{stage_rule",
        "/v1/conversations/{conversation",
        "/v1/labels/{label",
        "/v1/team/roles/{role",
        "/v1/teams/{team",
        "/v1/quick-replies/{reply",
        "/v1/office-hours",
        "/v1/send-hours/{send_hours",
        "/v1/warm-ups/{channel",
        "/v1/retention",
        "/v1/ai/connection",
        "/v1/ai/safety",
        "/v1/integrations/kommo",
        "/v1/personas/{persona",
        "/v1/knowledge-bases/{base",
        "/v1/knowledge-questions/{question",
        "/v1/knowledge-sources/{source",
        "/v1/webhooks/{webhook",
    }
    assert {method for method, _ in versioned} == {"PATCH", "DELETE", "POST", "PUT"}
    assert await _fingerprint(owner_db, belongings) == before


async def test_another_companys_ids_do_not_exist(
    client: httpx.AsyncClient,
    document: dict[str, Any],
    belongings: dict[str, str],
    stranger: Actor,
    headers_for: SignInAs,
    owner_db: asyncpg.Connection,
) -> None:
    auth = await headers_for(stranger)
    before = await _fingerprint(owner_db, belongings)
    tried = 0
    for method, path, operation in operations(document):
        if "{" not in path or (method, path) in PUBLIC:
            continue
        content = operation.get("requestBody", {}).get("content", {})
        kwargs: dict[str, Any] = {}
        if "application/json" in content:
            kwargs["json"] = _body(operation, document)
        elif content:
            kwargs["files"] = {"file": ("a.csv", b"nome,telefone\n")}
        answer = await client.request(method, _filled(path, belongings), headers=auth, **kwargs)
        assert answer.status_code == 404, (method, path, answer.status_code, answer.text[:300])
        tried += 1
    assert tried > 25
    assert await _fingerprint(owner_db, belongings) == before


async def _fingerprint(db: asyncpg.Connection, belongings: dict[str, str]) -> list[str]:
    """All rows of the company that owns the things, to show that nothing was touched."""
    company = await db.fetchval("select company_id from campaign where id = $1", UUID(belongings["campaign_id"]))
    found = []
    for table in (
        "channel",
        "template",
        "contact",
        "contact_identity",
        "campaign",
        "tag",
        "contact_note",
        "conversation",
        "conversation_entry",
        "label",
        "team",
        "quick_reply",
        "board",
        "stage",
        "lead",
        "lead_note",
        "lost_reason",
        "ai_assist",
        "knowledge_base",
        "knowledge_source",
        "knowledge_gap",
        "invitation",
        "membership",
    ):
        found += [str(dict(row)) for row in await db.fetch(f"select * from {table} where company_id = $1 order by 1, 2", company)]
    return found


async def test_a_list_of_one_company_never_shows_another(
    client: httpx.AsyncClient, document: dict[str, Any], belongings: dict[str, str], stranger: Actor, headers_for: SignInAs
) -> None:
    auth = await headers_for(stranger)
    await client.put("/v1/events/history", json={"kept": True}, headers=auth)
    ids = set(belongings.values()) - {"facebook"}
    for method, path, _ in operations(document):
        if method == "GET" and "{" not in path and path not in ("/v1/events", "/v1/openapi.json"):
            answer = await client.get(path, params={"/v1/search": {"q": "Pessoa"}}.get(path), headers=auth)
            assert answer.status_code == 200, (path, answer.text[:200])
            assert not [i for i in ids if i in answer.text], path
