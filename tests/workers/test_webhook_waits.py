"""What waits for an endpoint is neither held up by what was forgotten, nor tried less often than its schedule says."""

import json
from uuid import uuid4

import asyncpg

from db.contacts.events import ContactsChanged
from db.tenancy import Actor
from db.webhooks import deliveries, endpoints
from db.work import system_work
from tests.workers.providers.peer import answering, peer
from tests.workers.test_webhooks import deliver, deliverer, made, make_due, states, tell
from workers.webhooks import Deliverer

__all__ = ["deliverer"]


async def test_tries_that_nothing_came_of_shorten_no_schedule(
    owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer
) -> None:
    async with peer(answering(500)) as far:
        endpoint, _ = await made(owner, far.url)
        await tell(owner, ContactsChanged(contact_id=uuid4()))
        for _ in range(len(deliveries.SCHEDULE) + 1):
            assert len((await deliveries.turn(owner.company_id, endpoint.id, [])).claimed) == 1
            await make_due(owner_db, endpoint.id)
        await deliver(deliverer)
        assert len(far.requests) == 1
    assert await states(owner_db, endpoint.id) == ["waiting"]


async def test_what_was_forgotten_while_it_was_off_holds_up_nothing(
    owner_db: asyncpg.Connection, owner: Actor, deliverer: Deliverer
) -> None:
    async with peer(answering(200)) as far:
        endpoint, _ = await made(owner, far.url)
        await endpoints.switch(owner, endpoint.id, on=False)
        contact_id = uuid4()
        for version in (1, 2):
            await tell(owner, ContactsChanged(contact_id=contact_id, version=version))
        aged = "update webhook_delivery set created_at = now() - interval '15 days' where endpoint_id = $1 and foremost"
        await owner_db.execute(aged, endpoint.id)
        async with system_work() as s:
            await deliveries.forget_old(s)
        assert await states(owner_db, endpoint.id) == ["waiting"]
        await endpoints.switch(owner, endpoint.id, on=True)
        await owner_db.execute(aged, endpoint.id)
        async with system_work() as s:
            await deliveries.forget_old(s)  # it is on: what waits goes out
        await deliver(deliverer)
        assert [json.loads(body)["data"]["version"] for _, body in far.requests] == [2]
