"""No 500 from any input: every operation with values that break programs, in its body, its query, its path and its headers."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from db.permissions import Role
from tests.api.conftest import SignInAs, fill_budgets
from tests.api.test_every_operation import ENDS, _body, _filled, operations
from tests.api.test_fuzz import EXAMPLES, FEW

BODIES = {
    "not utf-8": b'{"name": "\xff\xfe"}',
    "deep": b"[" * 20_000,
    "deep object": b'{"a":' * 20_000,
    "nothing": b"",
    "null": b"null",
    "text": b'"x"',
    "number": b"1e999",
    "not a number": b"NaN",
    "list": b"[]",
    "cut off": b'{"name":',
    "nul": b'{"name": "a\\u0000b"}',
    "half a surrogate": b'{"name": "a\\ud800b"}',
    "twice": b'{"name": "a", "name": "b"}',
    "bom": b"\xef\xbb\xbf{}",
}
KINDS = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=latin-1"]
VALUES = [
    "", " ", "\u200b", "\x00", "\ud800", "a" * 3000, "-1", "0", "99999999999999999999", "1e999", "NaN", "null", "[]", "{}", "%", "'; --",
    "2025-01-01T00:00:00", "2025-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2025-13-45T99:99:99Z", "nonsense",
    "true", "\u202eabc", "00000000-0000-0000-0000-000000000000", "../../etc/passwd", "=1+1",
]  # fmt: skip
PARTS = 4  # so that several processes share the operations
ODD = [None, True, -1, 10**30, 1.5, [], {}, [None], {"a": {}}, [[]] * 50]


def _fields(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in an example body."""
    if path:
        yield path
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _fields(item, (*path, key))


def _with(body: Any, path: tuple[str | int, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(body))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return copy


def _some(values: list[Any], turn: int, places: int) -> list[Any]:
    """A part of the values, another one in each place: all of them meet every operation, and the whole stays quick. Where much
    was asked for (`just fuzz`), all of them in each place."""
    parts = 1 if EXAMPLES > FEW else min(places, len(values))
    return values[turn % parts :: parts]


def _half(values: list[Any], number: int) -> list[Any]:
    """Of what the same code reads for all operations (whole bodies, their media types, ids in paths): one half for this operation, the
    other one for its neighbours. Where much was asked for, all."""
    return values if EXAMPLES > FEW else values[number % 2 :: 2]


def _requests(
    number: int, path: str, operation: dict[str, Any], values: dict[str, str], document: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    here = _filled(path, values)
    json_type = {"content-type": "application/json"}
    if "requestBody" in operation:
        for body in _half([*BODIES.values()], number):
            yield {"url": here, "content": body, "headers": json_type}
        for kind in _half(KINDS, number):
            yield {"url": here, "content": b'{"name":"x"}', "headers": {"content-type": kind}}
    example = _body(operation, document)
    places = list(_fields(example))
    for turn, place in enumerate(places):
        for value in _some([*VALUES, *ODD], turn, len(places)):
            body = json.dumps(_with(example, place, value)).encode()
            yield {"url": here, "content": body, "headers": json_type}
    parameters = [one for one in operation.get("parameters", []) if one["in"] in ("query", "path")]
    for turn, parameter in enumerate(parameters):
        some = _some(VALUES, turn, len(parameters))
        for value in some if parameter["in"] == "query" else _half(some, number):
            raw = value.encode("utf-8", "surrogatepass")
            quoted = "".join(f"%{byte:02x}" for byte in raw)
            if parameter["in"] == "query":
                yield {"url": f"{here}?{parameter['name']}={quoted}"}
            else:
                yield {"url": _filled(path, {**values, parameter["name"]: quoted})}
    yield {"url": f"{here}?nonsense=1"}
    yield {"url": here, "headers": {"if-match": '"\xff", W/"'.encode("latin-1"), "idempotency-key": "x" * 300}}
    yield {
        "url": here,
        "headers": {"x-forwarded-for": "::::, 999.1.1.1, x", "user-agent": b"\xff\xfe\x80", "accept-language": "q=x;;"},
    }


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_input_is_answered_with_a_server_error(
    part: int, client: httpx.AsyncClient, document: dict[str, Any], belongings: dict[str, str], sign_in_as: SignInAs
) -> None:
    headers = await sign_in_as(Role.OWNER)
    wrong: list[str] = []
    sent, seen = 0, Counter[int]()
    numbered = enumerate(one for one in operations(document) if one[1] not in ENDS)
    for number, (method, path, operation) in list(numbered)[part::PARTS]:
        for request in _requests(number, path, operation, {**belongings, "token": "x"}, document):
            kwargs = {**request, "headers": {**headers, **request.get("headers", {})}}
            answer = await client.request(method, **kwargs)
            sent += 1
            seen[answer.status_code] += 1
            if answer.status_code >= 500:
                wrong.append(
                    f"{method} {request['url'][:80]} {str(request.get('content', request.get('headers')))[:120]} {answer.status_code}"
                )
            if sent % 100 == 0:
                await fill_budgets()
    assert seen[422] > 600 / PARTS
    assert seen[200] > 50 / PARTS, "the sweep hardly got past the door"
    assert wrong == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (BODIES["not utf-8"], "application/json", 400),
        (BODIES["deep"], "application/json", 400),
        (BODIES["cut off"], "application/json", 400),
        (BODIES["nul"], "application/json", 422),
        (BODIES["half a surrogate"], "application/json", 400),
        (b'{"name":"x"}', "text/plain", 415),
        (b'{"name":"x"}', "application/x-www-form-urlencoded", 415),
        (b'{"name":"x"}', "multipart/form-data; boundary=x", 415),
        (b'{"name":"x"}', "", 415),
        (b'{"name":"x"}', "application/json; charset=utf-8", 201),
    ],
)
@pytest.mark.parametrize("anonymous", [False, True])
async def test_what_is_no_json_is_refused_before_anybody_looks(
    client: httpx.AsyncClient, sign_in_as: SignInAs, body: bytes, kind: str, status: int, anonymous: bool
) -> None:
    path = "/v1/auth/sign-in" if anonymous else "/v1/campaigns"
    headers = {"content-type": kind} | ({} if anonymous else await sign_in_as(Role.OWNER))
    answer = await client.post(path, content=body, headers=headers)
    assert answer.status_code == (422 if anonymous and status == 201 else status), answer.text
    assert answer.headers["content-type"] == ("application/json" if answer.is_success else "application/problem+json")


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("state=nonsense", "state", "unknown_value"),
        ("stat=failed", "stat", "unknown_parameter"),
        ("reason=nonsense", "reason", "unknown_value"),
        ("reason=%00", "reason", "bad_character"),
        ("search=%ff", "query", "bad_character"),
    ],
)
@pytest.mark.parametrize("list_", ["recipients", "recipients.csv"])
async def test_a_filter_that_nobody_knows_is_refused(
    client: httpx.AsyncClient, sign_in_as: SignInAs, belongings: dict[str, str], query: str, field: str, code: str, list_: str
) -> None:
    """Taken for no filter at all it would show, or export, everybody."""
    headers = await sign_in_as(Role.OWNER)
    answer = await client.get(f"/v1/campaigns/{belongings['campaign_id']}/{list_}?{query}", headers=headers)
    assert answer.status_code == 422, answer.text
    assert [(error["field"].split("[")[0], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


async def test_a_date_needs_its_offset(client: httpx.AsyncClient, sign_in_as: SignInAs, belongings: dict[str, str]) -> None:
    headers = await sign_in_as(Role.OWNER)
    for path, body in (
        (f"/v1/campaigns/{belongings['campaign_id']}/launch", {"at": "2031-01-31T09:00:00"}),
        ("/v1/api-keys", {"name": "x", "scopes": ["company:read"], "expires_at": "2031-01-31T09:00:00"}),
    ):
        answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code == 422, answer.text
        assert [error["code"] for error in answer.json()["errors"]] == ["needs_offset"]
    listed = await client.get("/v1/contacts", params={"created_after": "2031-01-31T09:00:00"}, headers=headers)
    assert listed.status_code == 422
