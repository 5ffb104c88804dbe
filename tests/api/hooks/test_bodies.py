"""Bodies of webhooks: read only for an address that exists, and never too much of them at once."""

import asyncio
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api.hooks import asgi
from api.hooks.asgi import Hooks
from db.tenancy import Actor
from tests.api.test_bodies import Caller
from tests.api.test_headers import harmless
from tests.db.channels.factories import make_channel


@pytest.mark.parametrize("signed", [True, False])
async def test_the_body_of_a_webhook_is_read_only_for_a_channel_that_exists_and_with_a_signature(
    signed: bool, hooks: Hooks, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = uuid4() if signed else await make_channel(owner_db, owner)
    headers = {"x-hub-signature-256": "sha256=" + "0" * 64} if signed else {}
    caller = Caller(f"/hooks/meta/{channel}", headers)
    caller.push(b"x" * 1024)
    await hooks(caller.scope, caller.receive, caller.send)
    assert (caller.status, caller.read) == (404 if signed else 401, 0)


async def test_many_slow_bodies_hold_a_bounded_amount(hooks: Hooks, owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Somebody who knows an address sends large bodies and never ends them."""
    channel = await make_channel(owner_db, owner)
    many = asgi.IN_FLIGHT_LIMIT // asgi.BODY_LIMIT + 4
    callers = [Caller(f"/hooks/meta/{channel}", {"x-hub-signature-256": "sha256=" + "0" * 64}) for _ in range(many)]
    piece = b"x" * (asgi.BODY_LIMIT - 1)
    tasks = []
    for caller in callers:
        caller.push(piece)
        tasks.append(asyncio.create_task(hooks(caller.scope, caller.receive, caller.send)))
        await asyncio.sleep(0)
    while sum(caller.read > 0 or caller.status for caller in callers) < many:
        await asyncio.sleep(0.01)
    refused = [caller for caller in callers if caller.status == 503]
    assert len(refused) >= 3
    for caller in callers:
        caller.push(b"", more=False)
    await asyncio.gather(*tasks)
    assert {caller.status for caller in callers} == {401, 503}
    late = Caller(f"/hooks/meta/{channel}", {"x-hub-signature-256": "sha256=" + "0" * 64})
    late.push(b"x", more=True)
    late.push(b"y", more=False)
    await hooks(late.scope, late.receive, late.send)
    assert late.status == 401, "what was read is not given back"


async def test_answers_are_nothing_that_a_browser_would_take_for_a_page(
    hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    """What the caller sent may be repeated to them."""
    channel = await make_channel(owner_db, owner)
    for method, path, status in (
        ("GET", f"/hooks/meta/{channel}?hub.mode=subscribe&hub.verify_token=x&hub.challenge=<script>", 403),
        ("POST", f"/hooks/meta/{channel}", 401),
        ("PUT", f"/hooks/meta/{channel}", 405),
        ("POST", f"/hooks/meta/{uuid4()}", 404),
        ("POST", "/hooks/nobody/x", 404),
    ):
        answer = await hook_client.request(method, path)
        assert answer.status_code == status, (method, path, answer.status_code)
        harmless(answer)
