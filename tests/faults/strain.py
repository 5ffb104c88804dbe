"""Loads of `just stress`, each with its witness: how much was done, how long each took, what was answered wrongly, lost or doubled."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from api.contract.events import Frame
from db import event_stream
from db.campaigns.events import CampaignProgress
from db.channels.secrets import seal
from db.contacts import imports
from db.contacts.imports import ColumnTarget
from db.errors import Conflict, Unavailable
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import bearer
from tests.bench.harness import company
from tests.bench.imports import TARGETS, _pieces, rows
from tests.bench.load import Connection
from tests.bench.webhooks import BUSINESS, NUMBER, SECRET, message_webhook, signed
from tests.faults.chaos import Well
from tests.faults.hooks import happens

_decode = msgspec.json.Decoder(Frame).decode


class Kind:
    """One load. `again`: what was tried anew because a program or server was down, as a provider, a browser or a client does."""

    def __init__(self, name: str) -> None:
        self.name, self.done, self.again = name, 0, 0
        self.seconds, self.errors = list[float](), list[str]()
        self.lost = self.doubled = 0

    def quantile(self, share: float) -> float | None:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


class Inbound(Kind):
    """People write: signed webhooks at a fixed rate whatever the API does, each repeated until it is taken, as Meta does."""

    def __init__(self, rate: float, port: int) -> None:
        super().__init__("inbound webhooks")
        self._rate, self._port, self._sent = rate, port, 0

    async def settle(self, db: asyncpg.Connection) -> None:
        self.actor = await company(db)
        self._channel = await factories.channel(
            db, self.actor, sandbox=False, external_id=NUMBER, account_id=BUSINESS, checked_at=await db.fetchval("select now()")
        )
        secret = seal(self.actor.company_id, self._channel, "signing_secret", SECRET)
        await db.execute("update channel set signing_secret = $2 where id = $1", self._channel, secret)

    async def run(self, over: Callable[[], bool]) -> None:
        began = time.perf_counter()
        lines = asyncio.Queue[Connection | None]()
        for _ in range(64):
            lines.put_nowait(None)
        async with asyncio.TaskGroup() as group:
            while not over():
                due = began + self._sent / self._rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(self._one(self._sent, due, lines))
                self._sent += 1
                while self._sent - self.done - len(self.errors) > 5000:  # nobody keeps more than that waiting
                    await asyncio.sleep(0.05)

    async def _one(self, number: int, due: float, lines: asyncio.Queue[Connection | None]) -> None:
        body = message_webhook(f"wamid.STRESS{number:09}", f"55119{80_000_000 + number % 2000}", f"Oi {number}", int(time.time()))
        request = signed(f"/hooks/meta/{self._channel}", body)
        line = await lines.get()
        try:
            while True:
                try:
                    if line is None or line.closed:
                        line = (await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self._port))[1]
                    status = await asyncio.wait_for(line.ask(request), 30)
                except (OSError, TimeoutError):
                    status, line = 0, None
                if status == 200:
                    break
                if status not in (0, 503):
                    self.errors.append(f"{status}")
                    return
                self.again += 1
                if line is not None:
                    line.close()
                    line = None
                await asyncio.sleep(0.5)
        finally:
            lines.put_nowait(line)
        self.done += 1
        self.seconds.append(time.perf_counter() - due)

    async def prove(self, db: asyncpg.Connection) -> None:
        """Waits until all are processed: each is one message."""
        limit = time.monotonic() + 120 + self.done / 50
        waiting = "select count(*) from webhook_inbox where company_id = $1 and tries < 5"
        while await db.fetchval(waiting, self.actor.company_id) and time.monotonic() < limit:
            await asyncio.sleep(1)
        found = await db.fetchrow(
            "select count(*) as n, count(distinct provider_id) as once from inbound_message where company_id = $1",
            self.actor.company_id,
        )
        assert found is not None
        self.lost, self.doubled = self.done - found["once"], found["n"] - found["once"]


class Live(Kind):
    """Browsers that listen, and come back by the last id they saw. Heard is what was told, in time or by a `reset` after it."""

    def __init__(self, clients: int, ports: list[int]) -> None:
        super().__init__("live events")
        self._clients, self._ports = clients, ports
        self._told: dict[UUID, dict[UUID, float]] = {}
        self._heard = list[tuple[UUID, Counter[UUID], list[float]]]()
        self._over = False

    async def settle(self, db: asyncpg.Connection) -> None:
        self._actors = [await company(db) for _ in range(20)]
        self._headers = [await bearer(db, actor) for actor in self._actors]
        self._told = {actor.company_id: {} for actor in self._actors}

    async def run(self, over: Callable[[], bool]) -> None:
        listening = [asyncio.create_task(self._listen(number)) for number in range(self._clients)]
        await asyncio.sleep(10)
        while not over():
            for actor in self._actors:
                event = uuid4()
                self._told[actor.company_id][event] = time.perf_counter()
                await event_stream.publish(actor.company_id, [CampaignProgress(campaign_id=event)])
            await asyncio.sleep(1)
        await asyncio.sleep(15)
        self._over = True
        for task in listening:
            task.cancel()
        results = await asyncio.gather(*listening, return_exceptions=True)
        self.errors += [repr(one) for one in results if isinstance(one, Exception)]

    async def _listen(self, number: int) -> None:
        actor, last = self._actors[number % 20], None
        told, heard, resets = self._told[actor.company_id], Counter[UUID](), list[float]()
        self._heard.append((actor.company_id, heard, resets))
        began = time.perf_counter()
        resets.append(began)  # what was told before it came
        while not self._over:
            address = f"ws://127.0.0.1:{self._ports[number % len(self._ports)]}/v1/events" + (
                f"?last_event_id={last}" if last else ""
            )
            try:
                async with connect(address, additional_headers=self._headers[number % 20], proxy=None, open_timeout=20) as socket:
                    if last is None:
                        resets.append(time.perf_counter() + 1)
                    async for text in socket:
                        frame = _decode(text)
                        last = frame.id or last
                        if frame.type == "reset":
                            resets.append(time.perf_counter())
                        elif isinstance(event := frame.event(), CampaignProgress):
                            heard[event.campaign_id] += 1
                            self.done += 1
                            self.seconds.append(time.perf_counter() - told[event.campaign_id])
            except (OSError, WebSocketException, TimeoutError):
                pass
            self.again += 1
            await asyncio.sleep(random.uniform(0.2, 1.5))

    async def prove(self, db: asyncpg.Connection) -> None:
        for company_id, heard, resets in self._heard:
            sure = max(resets)
            self.lost += sum(1 for event, at in self._told[company_id].items() if at > sure and event not in heard)
            self.doubled += sum(n - 1 for n in heard.values())


class Imports(Kind):
    """Lists of contacts, one after the other, each into a company of its own: uploaded, looked at, mapped, taken over."""

    def __init__(self, size: int) -> None:
        super().__init__("imports (rows)")
        self._size, self._made = size, list[tuple[Actor, int]]()

    async def settle(self, db: asyncpg.Connection) -> None:
        self._actors = [await company(db) for _ in range(60)]

    async def run(self, over: Callable[[], bool]) -> None:
        text, people, _broken = rows(self._size)
        while not over() and self._actors:
            actor, began = self._actors.pop(), time.perf_counter()
            try:
                import_id = await self._uploaded(actor, text)
                await self._until(actor, import_id, "ready")
                await self._start(actor, import_id)
                await self._until(actor, import_id, "completed")
            except (AssertionError, Conflict) as error:
                self.errors.append(repr(error))
                continue
            self._made.append((actor, people))
            self.done += self._size
            self.seconds.append(time.perf_counter() - began)

    async def _uploaded(self, actor: Actor, text: str) -> UUID:
        while True:
            try:
                return (await imports.upload(actor, "lista.csv", _pieces(text)))["id"]  # type: ignore[no-any-return]
            except Unavailable:
                self.again += 1
                await asyncio.sleep(0.5)

    async def _start(self, actor: Actor, import_id: UUID) -> None:
        columns = [ColumnTarget(i, name, "cidade" if name == "custom" else None) for i, name in enumerate(TARGETS)]
        while True:
            try:
                await imports.start(actor, import_id, columns, [], None)
                return
            except Unavailable:
                self.again += 1
                await asyncio.sleep(0.5)
                with suppress(Unavailable):
                    if (await imports.one_import(actor, import_id))["state"] != "ready":
                        return

    async def _until(self, actor: Actor, import_id: UUID, state: str) -> None:
        limit = time.monotonic() + 300
        while True:
            with suppress(Unavailable):
                row = await imports.one_import(actor, import_id)
                if row["state"] == state:
                    return
                assert row["state"] not in ("failed", "cancelled"), f"an import is {row['state']}: {row['error']}"
            assert time.monotonic() < limit, f"an import was not {state} in time"
            await asyncio.sleep(0.25)

    async def prove(self, db: asyncpg.Connection) -> None:
        for actor, people in self._made:
            n = await db.fetchval("select count(*) from contact where company_id = $1", actor.company_id)
            self.lost += max(0, people - n)
            self.doubled += max(0, n - people)


class Hooks(Kind):
    """Events that go out to a receiver, in the order of each contact."""

    def __init__(self, receiver: Well) -> None:
        super().__init__("webhooks out")
        self._receiver, self._contacts = receiver, [uuid4() for _ in range(20)]
        self._told = list[float]()

    async def run(self, actor: Actor, over: Callable[[], bool]) -> None:
        while not over():
            self._told.append(time.monotonic())
            await happens(actor, self._contacts, len(self._told) - 1)
            await asyncio.sleep(1)

    async def prove(self, db: asyncpg.Connection) -> None:
        wanted, limit = len(self._told) * len(self._contacts), time.monotonic() + 180
        while self._receiver.count < wanted and time.monotonic() < limit:
            await db.execute("update webhook_endpoint set due_at = now(), paused_until = null where off_because is null")
            await asyncio.sleep(1)
        self.done, self.again = self._receiver.count, self._receiver.requests - self._receiver.count
        for contact_id in self._contacts:
            taken = self._receiver.taken[str(contact_id)]
            self.lost += len(set(range(len(self._told))) - set(taken))
            if taken != sorted(taken):
                self.errors.append(f"events of {contact_id} overtook one another")
            self.seconds += [
                at - self._told[version] for version in taken if (at := self._receiver.at.get((str(contact_id), version)))
            ]


class Requests(Kind):
    """People who read lists, over two API processes: a request that a kill cut off, or that was told to come back, is made again."""

    def __init__(self, ports: list[int]) -> None:
        super().__init__("requests")
        self._ports = ports

    async def run(self, db: asyncpg.Connection, actor: Actor, over: Callable[[], bool]) -> None:
        headers = await bearer(db, actor)
        timeout = httpx.Timeout(30, connect=2)
        async with httpx.AsyncClient(timeout=timeout, limits=httpx.Limits(max_keepalive_connections=0)) as http:
            await asyncio.gather(*(self._person(http, headers, number, over) for number in range(4)))

    async def _person(self, http: httpx.AsyncClient, headers: dict[str, str], number: int, over: Callable[[], bool]) -> None:
        paths = ("/v1/contacts?limit=20", "/v1/campaigns?limit=20", "/v1/conversations?limit=20", "/v1/analytics/messages")
        while not over():
            number += 1
            began = time.perf_counter()
            while True:
                try:
                    url = f"http://127.0.0.1:{self._ports[(number + self.again) % len(self._ports)]}{paths[number % len(paths)]}"
                    answer = await http.get(url, headers=headers)
                except httpx.TransportError:
                    self.again += 1
                else:
                    if answer.status_code not in (429, 503):
                        break
                    self.again += 1
                await asyncio.sleep(0.1)
            if answer.status_code == 200:
                self.done += 1
                self.seconds.append(time.perf_counter() - began)
            else:
                self.errors.append(f"{answer.status_code} {answer.text[:200]}")
            await asyncio.sleep(0.3)
