"""The OpenAPI document against what the API does, from outside: every operation is brought to every status that it documents, and
whatever it answers must be documented: status, media type, body, headers."""

import asyncio
import json
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from litestar import Litestar

from api import rate_limit
from api.auth import guard
from api.bodies import BodyDeadline
from db import valkey
from db.engine import Engine
from db.permissions import Permission
from db.tenancy import Actor
from tests.api.conftest import SignInAs
from tests.api.provocations import Request, Stage
from tests.api.schemas import Schemas
from tests.api.test_every_operation import _filled, operations

KITS = [import_module(f"tests.api.{file.stem}") for file in sorted(Path(__file__).parent.glob("*provocations.py"))]
SUCCESS = {id: scene for kit in KITS for id, scene in kit.SUCCESS.items()}
ALSO = {id: [scene for each in KITS for scene in each.ALSO.get(id, ())] for kit in KITS for id in kit.ALSO}
OPERATIONS = [line.split() for line in Path(__file__).with_name("operations.txt").read_text().splitlines() if line]
ENDLESS = {"events_get": "a stream: HEAD shows its head, tests/api/test_events.py reads it"}
UNSAID = {  # of every answer: RFC 9110, and how a browser is to treat it
    "content-type", "content-length", "cache-control", "x-content-type-options", "referrer-policy", "x-frame-options",
    "cross-origin-resource-policy", "content-security-policy", "x-accel-buffering", "connection", "server", "date",
}  # fmt: skip


class Conformance:
    """One operation, what it said so far, and the document's word on it."""

    def __init__(self, document: dict[str, Any], closed: Schemas, id: str, method: str, path: str) -> None:
        self.id, self.method, self.path = id, method, path
        self.operation: dict[str, Any] = next(each for m, p, each in operations(document) if (m, p) == (method, path))
        self.closed = closed
        self.headers = document["components"]["headers"]
        self.responses: dict[str, Any] = self.operation["responses"]
        self.parameters = {each["name"] for each in self.operation["parameters"]}
        self.body = self.operation.get("requestBody", {}).get("content", {})
        self.seen: set[str] = set()

    @property
    def success(self) -> str:
        return next(status for status in self.responses if status < "300")

    def check(self, answer: httpx.Response, wanted: str | None = None) -> None:
        """Raises AssertionError unless the answer is as documented."""
        status, where = str(answer.status_code), f"{self.id}: {answer.status_code} {answer.text[:300]}"
        assert wanted in (None, status), f"wanted {wanted}, {where}"
        assert status in self.responses, f"undocumented, {where}"
        described = self.responses[status]
        content = described.get("content", {})
        kind = answer.headers.get("content-type", "").partition(";")[0]
        assert list(content) == ([kind] if kind else []), where
        if kind in ("application/json", "application/problem+json") and answer.content:
            assert self.closed.errors(content[kind]["schema"], answer.json()) == [], where
        if kind == "application/problem+json" and answer.content:
            assert answer.json()["code"] in content[kind]["examples"], f"an undocumented code, {where}"
        self._check_headers(answer, described["headers"], where)
        assert status != self.success or "ratelimit" in answer.headers, where
        self.seen.add(status)

    def _check_headers(self, answer: httpx.Response, described: dict[str, Any], where: str) -> None:
        names = {name.lower() for name in described}
        assert set(answer.headers) - UNSAID - names == set(), where
        for name in described:
            header = self.headers[name]
            value: Any = answer.headers.get(name)
            assert value is not None or not header.get("required"), f"{name} is missing, {where}"
            if value is not None:
                value = int(value) if header["schema"]["type"] == "integer" else value
                assert self.closed.errors(header["schema"], value) == [], f"{name}: {value}, {where}"


@pytest.fixture
async def stage(
    owner_db: asyncpg.Connection,
    client: httpx.AsyncClient,
    owner: Actor,
    headers_for: SignInAs,
    belongings: dict[str, str],
) -> Stage:
    return Stage(owner_db, client, owner, await headers_for(owner), {**belongings, "token": "x" * 43})


def _example(it: Conformance, things: dict[str, str]) -> dict[str, Any]:
    """The document's own example with real ids in it."""
    content = it.body.get("application/json", {})
    found = content.get("example") or next((each["value"] for each in content.get("examples", {}).values()), {})
    return {name: things.get(name, value) for name, value in found.items()}


async def _send(it: Conformance, stage: Stage, request: Request, **given: Any) -> httpx.Response:
    path = _filled(it.path, {**stage.things, **request.path})
    headers = {**({} if it.operation["security"] == [] else stage.auth), **request.headers, **given.pop("headers", {})}
    if "content" not in given:
        given |= _body(it, stage, request)
        headers |= given.pop("headers", {})
    method = "HEAD" if it.id in ENDLESS else it.method
    return await stage.client.request(method, path, params=request.query, headers=headers, **given)


def _body(it: Conformance, stage: Stage, request: Request) -> dict[str, Any]:
    blank = b" " if request.another else b""
    if "multipart/form-data" in it.body:
        name, content = request.file or ("lista.csv", b"nome;telefone\nAna;11987654321\n")
        return {"files": {"file": (name, content + blank)}}
    if "application/json" in it.body:
        example = {} if request.whole else _example(it, stage.things)
        body = json.dumps({**example, **(request.body or {})}).encode()
        return {"content": body + blank, "headers": {"content-type": "application/json"}}
    return {"content": blank} if blank else {}


@pytest.mark.parametrize(("id", "method", "path"), OPERATIONS, ids=[each[0] for each in OPERATIONS])
async def test_an_operation_answers_as_documented(
    document: dict[str, Any],
    closed: Schemas,
    stage: Stage,
    app: Litestar,
    sign_in_as: SignInAs,
    monkeypatch: pytest.MonkeyPatch,
    id: str,
    method: str,
    path: str,
) -> None:
    it = Conformance(document, closed, id, method, path)
    keyed, private = "Idempotency-Key" in it.parameters, it.operation["security"] != []
    plain = Request(
        query={one["name"]: "ana" for one in it.operation.get("parameters", ()) if one["in"] == "query" and one.get("required")}
    )

    if private:
        it.check(await _send(it, stage, plain, headers={"Authorization": "Bearer mia_s_" + "x" * 43}), "401")
        key = await sign_in_as(
            scopes=[Permission.EVENTS_READ if id.startswith(("audit_", "requests_")) else Permission.AUDIT_READ]
        )
        if "403" in it.responses:
            it.check(await _send(it, stage, plain, headers=key), "403")
    if "404" in it.responses:
        elsewhere = dict.fromkeys(stage.things, str(uuid4())) | {"address": "+5511999999999", "token": "y" * 43}
        asked = {name: elsewhere[name] for name in it.parameters & elsewhere.keys() if f"{{{name}}}" not in it.path}
        body = {name: elsewhere[name] for name in _example(it, {}) if name in elsewhere}
        missing = Request(path=elsewhere, query=asked, body=body)
        it.check(await _send(it, stage, missing), "404")
    if method != "GET":
        it.check(await _send(it, stage, plain, headers={"If-Match": '"stale"'}), "412")
    it.check(await _send(it, stage, Request(query={"nonsense": "1"})), "422")
    if it.body:
        kind = next(iter(it.body))
        await _bad_bodies(it, stage, kind)
    elif keyed:
        it.check(await _send(it, stage, plain, content=b"x" * 70_000, headers={"Idempotency-Key": "large"}), "413")
    if it.body or keyed:
        it.check(await _slow(it, stage, app, keyed=keyed), "408")
        example = _example(it, stage.things)
        if (strangers := _strangers(example)) != example:
            it.check(await _send(it, stage, Request(body=strangers)))
    await _out_of_budget(it, stage)
    if "503" in it.responses:
        with monkeypatch.context() as patch:
            patch.setattr(Engine, "up", property(lambda _: False))
            guard.forget_all()
            it.check(await _send(it, stage, plain), "503")
    for scene in ALSO.get(id, ()):
        request = await scene(stage)
        it.check(await _send(it, stage, request), str(request.status))
    await _success(it, stage, keyed=keyed)
    assert set(it.responses) == it.seen, f"documented, never seen: {sorted(set(it.responses) - it.seen)}"


def _strangers(value: Any) -> Any:
    """A body in which every id is one that does not exist."""
    if isinstance(value, dict):
        return {name: _strangers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_strangers(item) for item in value]
    return str(uuid4()) if isinstance(value, str) and len(value) == 36 and value.count("-") == 4 else value


async def _bad_bodies(it: Conformance, stage: Stage, kind: str) -> None:
    as_kind = {"content-type": kind}
    it.check(await _send(it, stage, Request(), content=b"{", headers=as_kind), "400")
    it.check(await _send(it, stage, Request(), content=b"{}", headers={"content-type": "text/plain"}), "415")
    it.check(await _send(it, stage, Request(), content=b"{}", headers={**as_kind, "content-length": str(1 << 30)}), "413")


async def _slow(it: Conformance, stage: Stage, app: Litestar, *, keyed: bool) -> httpx.Response:
    """A body that never comes, under a limit of a moment instead of 15 seconds."""
    transport = httpx.ASGITransport(app=BodyDeadline(app, grace=0.02), raise_app_exceptions=False)  # type: ignore[arg-type]

    async def never() -> AsyncIterator[bytes]:
        await asyncio.sleep(10)
        yield b""

    kind = next(iter(it.body), "application/json")
    kind += "; boundary=x" if kind.startswith("multipart") else ""
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as slow:
        headers = {"content-type": kind} | ({"Idempotency-Key": "slow"} if keyed else {})
        return await _send(
            it, Stage(stage.db, slow, stage.owner, stage.auth, stage.things), Request(), content=never(), headers=headers
        )


async def _out_of_budget(it: Conformance, stage: Stage) -> None:
    """The caller's buckets are empty for a moment."""
    owner = "127.0.0.1" if it.operation["security"] == [] else str(stage.owner.id)
    keys = [f"limit:{{{bucket.name}}}:{owner}" for bucket in rate_limit.CLASSES.values()]
    at = int((await valkey.client().time())[0]) * 1000
    for key in keys:
        await valkey.client().hset(key, mapping={"n": -1000, "at": at})
    it.check(await _send(it, stage, Request()), "429")
    await valkey.client().delete(*keys)


async def _success(it: Conformance, stage: Stage, *, keyed: bool) -> None:
    request = await SUCCESS[it.id](stage) if it.id in SUCCESS else Request()
    if not keyed:
        it.check(await _send(it, stage, request), it.success)
        return
    headers = {"Idempotency-Key": "once"}
    first = await _send(it, stage, request, headers=headers)
    it.check(first, it.success)
    again = await _send(it, stage, request, headers=headers)
    it.check(again, it.success)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    request.another = True
    it.check(await _send(it, stage, request, headers=headers), "409")
