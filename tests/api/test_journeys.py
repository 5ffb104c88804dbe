"""Schemathesis as somebody who goes on with what they got: whatever is made is read, changed, used elsewhere and deleted, in orders that nobody
wrote down. No answer on the way is a 5xx, and each is documented.

The ways between operations follow from the document (which answer holds the id that which path wants). A few ways in the suite; `just fuzz`
takes many.
"""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import FlakyStrategyDefinition

from tests.api.conftest import Headers, SignInAs, fill_budgets
from tests.api.schemas import Schemas
from tests.api.test_conformance import OPERATIONS, Conformance
from tests.api.test_fuzz import ENDS, EXAMPLES, FEW, request_of

JOURNEYS = 3 if EXAMPLES <= FEW else EXAMPLES
STEPS = 25  # the later ones have something to go on with

FIGURES = {id for id, *_ in OPERATIONS if id.startswith("analytics_")}  # nothing leads from one of them to another operation
LEAVES = {"auth_switch_company"}  # the session ends with it


class Traveller:
    """Sends cases from another thread, over the client of the test's loop, and holds every answer against the document."""

    def __init__(
        self, document: dict[str, Any], closed: Schemas, client: httpx.AsyncClient, sign_in: SignInAs, things: dict[str, str]
    ) -> None:
        self.known = {(method, path): Conformance(document, closed, id, method, path) for id, method, path in OPERATIONS}
        self.client, self.sign_in, self.loop = client, sign_in, asyncio.get_running_loop()
        self.headers: Headers = {}
        self.things = things
        self.seen, self.ways, self.followed, self.sent = Counter[int](), 0, 0, 0

    def enter(self) -> None:
        """With a session of its own: the journey before may have ended its."""
        self.headers = asyncio.run_coroutine_threadsafe(self.sign_in(), self.loop).result(60)  # type: ignore[arg-type]

    def begin(self, case: Any) -> None:
        """A way that begins here begins at something that is there."""
        for name in set(case.path_parameters or {}) & set(self.things):
            case.path_parameters[name] = self.things[name]

    def send(self, case: Any) -> httpx.Response:
        return asyncio.run_coroutine_threadsafe(self._send(case), self.loop).result(60)

    async def _send(self, case: Any) -> httpx.Response:
        if self.sent % 50 == 0:
            await fill_budgets()
        self.sent += 1
        request = request_of(self.client, case, self.headers)
        if request is None:  # cannot be written as HTTP
            request = self.client.build_request("GET", "/v1/me", headers=self.headers)
            return await self.client.send(request)
        answer = await self.client.send(request)
        self.seen[answer.status_code] += 1
        self.known[case.method.upper(), case.operation.path].check(answer)
        return answer


async def test_no_way_through_the_operations_ends_in_a_server_error(
    document: dict[str, Any], closed: Schemas, client: httpx.AsyncClient, sign_in_as: SignInAs, belongings: dict[str, str]
) -> None:
    import schemathesis  # here: it takes seconds to load, and every process collects this file
    from schemathesis.core.transport import Response

    traveller = Traveller(document, closed, client, sign_in_as, belongings)
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(document))).exclude(
        operation_id=sorted(ENDS | LEAVES | FIGURES)
    )
    machine: Any = await asyncio.to_thread(schema.as_state_machine)

    class Journey(machine):  # type: ignore[misc]
        def setup(self) -> None:
            traveller.enter()

        def step(self, input: Any) -> Any:
            traveller.ways += input.transition is not None
            if input.is_applied:
                traveller.followed += 1
            else:
                traveller.begin(input.case)
            return super().step(input)

        def call(self, case: Any, **_: Any) -> Any:
            return Response.from_any(traveller.send(case))

        def validate_response(self, response: Any, case: Any, *_: Any, **__: Any) -> None:
            """`send` has."""

    few = settings(
        max_examples=JOURNEYS, stateful_step_count=STEPS, deadline=None, database=None, derandomize=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    with suppress(FlakyStrategyDefinition):  # the company of the second journey is no longer that of the first
        await asyncio.to_thread(Journey.run, settings=few)
    told = f"{traveller.ways} ways, {traveller.followed} gone on with what came, {traveller.sent} sent: {dict(traveller.seen)}"
    assert traveller.followed >= 3, told
    assert sum(count for status, count in traveller.seen.items() if status < 300) > traveller.sent / 5, told
