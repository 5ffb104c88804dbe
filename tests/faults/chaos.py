"""Receivers of every bad habit, all at once, for a while: order is kept for each entity, nothing is lost, nobody follows where a redirect
leads, and receivers that are well notice nothing. How long their events took is told, with the others well and with the others sick."""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from db.tenancy import Actor
from db.webhooks import endpoints
from db.webhooks.enums import WebhookType
from tests.bench.harness import company, harness
from tests.faults.harness import Report
from tests.faults.hooks import Receiver, happens
from tests.workers.providers.certificate import contexts
from tests.workers.providers.peer import Peer, peer, reset

ENTITIES = 20
FULL_SECONDS = 600.0
LURE = "/where-a-redirect-leads"
Habit = Callable[[Peer, asyncio.StreamWriter], Awaitable[bool]]
"""What a receiver does in place of an answer; whether the connection goes on."""


async def _slow(far: Peer, writer: asyncio.StreamWriter) -> bool:
    await asyncio.sleep(120)
    return False


async def _status(far: Peer, writer: asyncio.StreamWriter) -> bool:
    await far.answer(writer, random.choice((400, 404, 422, 429, 500, 502, 503)), b"nao", retry_after="1")
    return True


async def _resets(far: Peer, writer: asyncio.StreamWriter) -> bool:
    if random.random() < 0.5:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it")
        await writer.drain()
    reset(writer)
    return False


async def _redirects(far: Peer, writer: asyncio.StreamWriter) -> bool:
    await far.answer(writer, random.choice((301, 302, 303, 307, 308)), location=far.url + LURE)
    return True


async def _large(far: Peer, writer: asyncio.StreamWriter) -> bool:
    await far.answer(writer, 500, b"x" * 10_000_000)
    return True


async def _headers(far: Peer, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-more: " + b"y" * 500 + b"\r\n")
        await writer.drain()


async def _drips(far: Peer, writer: asyncio.StreamWriter) -> bool:
    for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n":
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(3)
    return False


async def _other(far: Peer, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
    await writer.drain()
    return False


HABITS: dict[str, Habit] = {
    "slow": _slow, "status": _status, "resets": _resets, "redirects": _redirects, "large": _large, "headers": _headers, "drips": _drips,
    "other": _other,
}  # fmt: skip


class Sick(Receiver):
    """Gives in to its habit at a share `sick` of all requests."""

    def __init__(self, habit: str, sick: float) -> None:
        super().__init__(sick)
        self._habit = HABITS[habit]

    async def step(self, far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await far.read(reader)
            far.requests.clear()
            self.requests += 1
            assert LURE not in head, "a redirect was followed"
            if random.random() < self.sick:
                if not await self._habit(far, writer):
                    return
                continue
            self.take(head, body)
            await far.answer(writer, 204)


class Well(Receiver):
    """Notes when each event arrived first."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[tuple[str, int], float] = {}

    def take(self, head: str, body: bytes) -> None:
        told = json.loads(body)["data"]
        self.at.setdefault((told["contact_id"], told["version"]), time.monotonic())
        super().take(head, body)


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]


async def hooks_chaos(size: int) -> Report:
    """At full size ten minutes, the first of every six without any habit."""
    seconds = FULL_SECONDS * min(1.0, size / 20_000)
    began = time.monotonic()
    sick = {name: Sick(name, 0.0) for name in HABITS}
    well, behind_tls = [Well(), Well()], Receiver()
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(harness(webhooks_allow_local=True))
        far = {name: await stack.enter_async_context(peer(one.step)) for name, one in sick.items()}
        healthy = [await stack.enter_async_context(peer(one.step)) for one in well]
        db = await asyncpg.connect(base.settings.database_owner_url)
        actor = await company(db)
        for one in (*healthy, *far.values()):
            await _listen(actor, one.url)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        wrong = await stack.enter_async_context(peer(behind_tls.step, tls=contexts(folder, "localhost")[0]))
        wrong_id = await _listen(actor, wrong.url.replace("http:", "https:"))
        sick_ids = [one.id for one in await endpoints.endpoints(actor) if one.url not in {peer.url for peer in healthy}]
        for _ in range(2):
            base.start("-m", "workers")
        contacts = [uuid4() for _ in range(ENTITIES)]
        told: dict[int, float] = {}
        await _tell(db, actor, contacts, told, sick_ids, 0)
        await _arrive(well, ENTITIES, db, [])  # the workers are up
        first = len(told)
        await _tell(db, actor, contacts, told, sick_ids, seconds / 6)
        calm = len(told)
        for one in sick.values():
            one.sick = 0.6
        await _tell(db, actor, contacts, told, sick_ids, seconds * 5 / 6)
        versions = list(told)
        await _arrive(well, len(versions) * ENTITIES, db, [])  # while the others are still sick
        for one in sick.values():
            one.sick = 0.0
        mended = await stack.enter_async_context(peer(behind_tls.step))
        await endpoints.change(actor, wrong_id, url=mended.url, local=True)
        await _arrive([*sick.values(), behind_tls], len(versions) * ENTITIES, db, sick_ids)
        for receiver in (*well, *sick.values(), behind_tls):
            for contact_id in contacts:
                assert receiver.taken[str(contact_id)] == versions, f"{contact_id}: {receiver.taken[str(contact_id)]}"
        failures = await db.fetch(
            "select failure, count(*) as n from webhook_attempt where failure is not null group by 1 order by 1"
        )
        await db.close()
    took = [[one.at[str(contact_id), version] - at for one in well for contact_id in contacts] for version, at in told.items()]
    before, during = (p95([each for some in part for each in some]) for part in (took[first:calm], took[calm:]))
    count = len(versions) * ENTITIES * (len(well) + len(sick) + 1)
    why = ", ".join(f"{row['n']} {row['failure']}" for row in failures)
    notes = f"well: p95 {before:.2f} s among well ones, {during:.2f} s among sick ones; tries that failed: {why}"
    return Report("webhooks out, chaos", time.monotonic() - began, {"delivered": count}, count, 0, 0, notes=notes)


async def _listen(actor: Actor, url: str) -> UUID:
    made, _ = await endpoints.create(actor, url, "", [WebhookType.CONTACT_CHANGED], local=True)
    return made.id


async def _tell(
    db: asyncpg.Connection, actor: Actor, contacts: list[UUID], told: dict[int, float], sick: list[UUID], seconds: float
) -> None:
    """Every contact changes twice a second; whoever is sick is tried again soon, again and again."""
    until = time.monotonic() + seconds
    while time.monotonic() < until or not told:
        version = len(told)
        await happens(actor, contacts, version)
        told[version] = time.monotonic()
        await hurry(db, sick)
        await asyncio.sleep(0.5)


async def hurry(db: asyncpg.Connection, endpoint_ids: list[UUID]) -> None:
    """Waits between tries, and pauses, are over for these; in minutes, none comes to the end of its three days."""
    await db.execute(
        "update webhook_delivery set next_at = now(), tries = least(tries, 1) where endpoint_id = any($1::uuid[]) and state = 'waiting' and foremost and next_at > now()",
        endpoint_ids,
    )
    await db.execute(
        "update webhook_endpoint set due_at = least(due_at, now()), paused_until = null where id = any($1::uuid[])"
        " and (due_at > now() or paused_until is not null)",
        endpoint_ids,
    )


async def _arrive(receivers: list[Well] | list[Receiver], count: int, db: asyncpg.Connection, hurried: list[UUID]) -> None:
    until = time.monotonic() + 300 + count / 20
    while min(one.count for one in receivers) < count:
        assert time.monotonic() < until, f"{[one.count for one in receivers]} of {count} arrived"
        await hurry(db, hurried)
        await asyncio.sleep(1)
