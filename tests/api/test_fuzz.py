"""Schemathesis against the real database: whatever data it makes of an operation's schema, the answer is no 5xx and is documented.

A few examples each in the suite; `just fuzz` makes many.
"""

import json
import os
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from tests.api.conftest import Headers, SignInAs, fill_budgets
from tests.api.schemas import Schemas
from tests.api.test_conformance import OPERATIONS, Conformance

FEW = 2  # in the test command
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", FEW))
# The fuzz would end its own session with these, or never end.
ENDS = {"events_get", "auth_sign_out", "me_password", "me_sessions_clear", "me_sessions_delete"}
FUZZED = [each for each in OPERATIONS if each[0] not in ENDS]


@pytest.fixture(scope="session")
async def schema(document: dict[str, Any]) -> Any:
    import schemathesis  # here: it takes seconds to load, and every process collects this file

    return schemathesis.openapi.from_dict(json.loads(json.dumps(document)))


@pytest.mark.parametrize(("id", "method", "path"), FUZZED, ids=[each[0] for each in FUZZED])
async def test_no_input_is_answered_with_a_server_error(
    document: dict[str, Any],
    closed: Schemas,
    schema: Any,
    client: httpx.AsyncClient,
    belongings: dict[str, str],
    sign_in_as: SignInAs,
    id: str,
    method: str,
    path: str,
) -> None:
    it, headers, cases = Conformance(document, closed, id, method, path), await sign_in_as(), list[Any]()

    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][method].as_strategy())
    def collect(case: Any) -> None:
        cases.append(case)

    collect()
    sent = 0
    for number, case in enumerate(cases):
        if number % 50 == 49:
            await fill_budgets()
        sent += await _call(client, case, headers, belongings, it)
    assert sent, "nothing of it can be written as HTTP"


async def _call(client: httpx.AsyncClient, case: Any, headers: Headers, belongings: dict[str, str], it: Conformance) -> bool:
    """Sends one case with a real token, half of them at real rows; says whether it can be written as HTTP."""
    for name in list(case.path_parameters or {}):
        if name in belongings and len(str(case.path_parameters[name])) % 2 == 0:
            case.path_parameters[name] = belongings[name]
    request = request_of(client, case, headers)
    if request is None:
        return False
    it.check(await client.send(request))
    return True


def request_of(client: httpx.AsyncClient, case: Any, headers: Headers) -> httpx.Request | None:
    """A case as a request with these headers; None when it cannot be written as HTTP."""
    kwargs = case.as_transport_kwargs(base_url="http://testserver")
    if isinstance(kwargs.get("data"), bytes | str):
        kwargs["content"] = kwargs.pop("data")
    kwargs["headers"] = {k: v for k, v in dict(kwargs["headers"]).items() if k.lower() != "authorization"} | headers
    wanted = ("method", "url", "headers", "params", "json", "content", "data", "files")
    try:
        request = client.build_request(**{k: v for k, v in kwargs.items() if k in wanted})
        request.read()
    except (httpx.InvalidURL, UnicodeError, TypeError, ValueError, AttributeError):
        return None
    return request
