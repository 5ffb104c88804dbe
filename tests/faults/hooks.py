"""Webhooks out while workers are killed, Valkey is lost and Postgres crashes: every event arrives, those of one entity in their order, and
a receiver that is well gets everything while another one is sick. The receivers are the witnesses."""

import asyncio
import json
import random
import time
from collections import defaultdict
from contextlib import AsyncExitStack, suppress
from uuid import UUID, uuid4

import asyncpg

from db.contacts.events import ContactsChanged
from db.errors import RequestError, Unavailable
from db.permissions import Permission
from db.tenancy import Actor
from db.webhooks import endpoints
from db.webhooks.enums import WebhookType
from db.work import work
from tests.bench.harness import company, harness
from tests.faults.harness import LARGE, Report
from tests.workers.providers.peer import Peer, peer, reset

_ENTITIES = 20


class Receiver:
    """Takes events and tells them by entity, each once, in the order of their first arrival. `sick`: the share that it refuses."""

    def __init__(self, sick: float = 0.0) -> None:
        self.sick = sick
        self.taken: dict[str, list[int]] = defaultdict(list)
        self.requests = 0
        self._ids = set[str]()

    async def step(self, far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await far.read(reader)
            far.requests.clear()
            self.requests += 1
            await asyncio.sleep(random.uniform(0.0, 0.05))
            if random.random() < self.sick:
                trouble = random.choice(("status", "reset", "large", "redirect"))
                if trouble == "reset":
                    reset(writer)
                    return
                status = {"status": 500, "large": 503, "redirect": 302}[trouble]
                await far.answer(writer, status, b"x" * (10_000_000 if trouble == "large" else 0), location="http://127.0.0.1:1/")
                continue
            self.take(head, body)
            await far.answer(writer, 204)

    def take(self, head: str, body: bytes) -> None:
        """As a receiver does who keeps ids."""
        number = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("webhook-id"))
        if number not in self._ids:
            self._ids.add(number)
            told = json.loads(body)["data"]
            self.taken[told["contact_id"]].append(told["version"])

    @property
    def count(self) -> int:
        return sum(len(versions) for versions in self.taken.values())


async def hooks_broken(size: int) -> Report:
    """`size` events of twenty contacts to two endpoints, one well and one sick, on a machine where everything dies."""
    count = max(_ENTITIES, size // _ENTITIES * _ENTITIES)
    began, kills = time.monotonic(), 0
    well, sick = Receiver(), Receiver(0.3)
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(harness(webhooks_allow_local=True))
        peers = [await stack.enter_async_context(peer(one.step)) for one in (well, sick)]
        db = await asyncpg.connect(base.settings.database_owner_url)
        actor = await company(db)
        for far in peers:
            await endpoints.create(actor, far.url, "", [WebhookType.CONTACT_CHANGED], local=True)
        workers = [base.start("-m", "workers") for _ in range(2)]
        contacts = [uuid4() for _ in range(_ENTITIES)]
        disasters = ["kill", "valkey", "kill", "postgres", "kill"] * (3 if size >= LARGE else 1)
        parts = len(disasters)
        for place, disaster in enumerate(disasters):
            for version in range(place * count // _ENTITIES // parts, (place + 1) * count // _ENTITIES // parts):
                await happens(actor, contacts, version)
            await _grows(well, size)
            if disaster == "kill":
                base.stop(workers.pop(0), hard=True)
                workers.append(base.start("-m", "workers"))
                kills += 1
                if size < LARGE:
                    await _later(db)
            elif disaster == "valkey":
                base.lose_valkey()
                await asyncio.sleep(1)
                await asyncio.to_thread(base.return_valkey)
            else:
                await asyncio.to_thread(base.crash_postgres)
                db = await asyncpg.connect(base.settings.database_owner_url)
                await _later(db)
        sick.sick = 0.0
        versions = list(range(count // _ENTITIES))
        until = time.monotonic() + 300 + size / 20
        while min(well.count, sick.count) < len(versions) * _ENTITIES:
            assert time.monotonic() < until, f"{well.count} and {sick.count} of {count} arrived"
            with suppress(
                asyncpg.DeadlockDetectedError
            ):  # with workers that lock the same rows in another order; the next round does it
                await db.execute(
                    "update webhook_delivery set next_at = now() where state in ('waiting', 'sending') and foremost and next_at > now()"
                )
                await db.execute("update webhook_endpoint set due_at = now(), paused_until = null where off_because is null")
            await asyncio.sleep(2)
        await _prove(db, contacts, versions, well, sick)
        await db.close()
    again = well.requests + sick.requests - 2 * count
    return Report(
        "webhooks out",
        time.monotonic() - began,
        {"delivered": 2 * count},
        2 * count,
        0,
        0,
        notes=f"{kills} kills, {again} tries more",
    )


async def happens(actor: Actor, contacts: list[UUID], version: int) -> None:
    """Each contact is changed once; begun again while Postgres comes back."""
    while True:
        try:
            async with work(actor, Permission.COMPANY_READ) as w:
                for contact_id in contacts:
                    w.emit(ContactsChanged(contact_id=contact_id, version=version))
            return
        except Unavailable as error:
            if error.code is RequestError.OUTCOME_UNKNOWN:
                raise
            await asyncio.sleep(0.2)


async def _later(db: asyncpg.Connection) -> None:
    """The leases of the dead and the waits between tries are over."""
    await db.execute(
        "update webhook_delivery set next_at = now() where state in ('waiting', 'sending') and foremost and next_at > now()"
    )
    await db.execute("update webhook_endpoint set due_at = now(), paused_until = null where off_because is null")


async def _grows(receiver: Receiver, size: int) -> None:
    """Something arrives, so that what happens next happens in the middle of it."""
    before, until = receiver.count, time.monotonic() + 60
    while receiver.count < before + min(20, size // 40):
        assert time.monotonic() < until, "nothing arrives"
        await asyncio.sleep(0.05)


async def _prove(db: asyncpg.Connection, contacts: list[UUID], versions: list[int], *receivers: Receiver) -> None:
    """Nothing lost, nothing overtaken, and the log says so."""
    for receiver in receivers:
        for contact_id in contacts:
            assert receiver.taken[str(contact_id)] == versions, f"{contact_id}: {receiver.taken[str(contact_id)]}"
    until = time.monotonic() + 60
    while left := await db.fetchval("select count(*) from webhook_delivery where state <> 'delivered'"):
        assert time.monotonic() < until, f"{left} are not written back"
        await _later(db)
        await asyncio.sleep(1)
