"""How webhooks leave: a queue and a few lanes per account, faults on the way, and a store for those that are tried again.

What they say and how they are signed is the vendor's. A vendor that repeats has a failed POST kept in SQLite and tried again
after 1 s, 2 s, 4 s, … for 7 days, or as often as that vendor tries. A status counts as told in the ledger once its webhook was answered or stored, so a crash
repeats it, never loses it.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import ConnectError, PyreqwestError

from workers.sandbox.accounts import Account, Accounts
from workers.sandbox.config import Settings
from workers.sandbox.ledger import Ledger
from workers.sandbox.store import Store
from workers.sandbox.vendor import Vendors

WEEK: Final = 7 * 86_400
SPILL: Final = 400
_KEEP: Final = "INSERT INTO webhook (account, url, body, headers, tries, first_at, next_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
_AGAIN: Final = "UPDATE webhook SET tries = tries + 1, next_at = ? WHERE number = ?"
Told = tuple[int, str, int | None, bool]


class Outgoing(msgspec.Struct):
    """One POST to make. `told`: the ledger changes (number, status, error, done) that it announces."""

    account: str
    url: str
    body: bytes
    told: Sequence[Told] = ()


class Webhooks:
    def __init__(self, settings: Settings, store: Store, accounts: Accounts, ledger: Ledger, vendors: Vendors) -> None:
        self._settings = settings
        self._store = store
        self._accounts = accounts
        self._ledger = ledger
        self._vendors = vendors
        self._dice = random.Random(settings.seed)
        self._queues: dict[str, deque[Outgoing]] = {}
        self._running: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.stored = 0
        self.posted = 0
        # the system's proxy must not see loopback addresses
        builder = ClientBuilder().timeout(timedelta(seconds=10)).follow_redirects(False).no_proxy()
        self._client = builder.build()

    async def load(self) -> None:
        self.stored = (await self._store.query("SELECT count(*) FROM webhook"))[0][0]

    @property
    def waiting(self) -> int:
        """POSTs not answered yet, in memory and on disk."""
        queued = sum(map(len, self._queues.values())) + sum(self._running.values())
        return self.stored + queued + sum(vendor.waiting for vendor in self._vendors.values())

    def post(self, account: Account, url: str, body: bytes, told: Sequence[Told] = ()) -> None:
        """Queues one POST; it may get lost or be doubled, as the account's behaviour says. Without `url` nobody is told."""
        if not url or self._dice.random() < account.behaviour.webhook_lost_share:
            self.settle(told)
            return
        self._enqueue(Outgoing(account.id, url, body, told))
        if self._dice.random() < account.behaviour.duplicate_webhook_share:
            self._enqueue(Outgoing(account.id, url, body))

    def settle(self, told: Sequence[Told]) -> None:
        """These changes count as told."""
        for change in told:
            self._ledger.set_status(*change)

    async def fetch(self, url: str) -> tuple[int, str]:
        """Status and text of one GET. Raises PyreqwestError."""
        response = await self._client.get(self._reachable(url)).build().send()
        return response.status, await response.text()

    def _enqueue(self, outgoing: Outgoing) -> None:
        account = self._accounts.by_id.get(outgoing.account)
        if account is None:
            return
        queue = self._queues.setdefault(outgoing.account, deque())
        vendor = self._vendors[account.kind]
        if account.behaviour.webhooks_paused or (vendor.keeps_webhooks and len(queue) >= SPILL):
            self._keep(outgoing, 0, time.time())
            return
        queue.append(outgoing)
        if self._running.get(outgoing.account, 0) < vendor.lanes:
            self._running[outgoing.account] = self._running.get(outgoing.account, 0) + 1
            task = asyncio.get_running_loop().create_task(self._lane(outgoing.account, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _lane(self, account_id: str, queue: deque[Outgoing]) -> None:
        try:
            while queue and not self._closing:
                outgoing = queue.popleft()
                account = self._accounts.by_id.get(account_id)
                if account is None:
                    continue
                try:
                    delivered = await self._deliver(account, outgoing)
                except asyncio.CancelledError:
                    queue.appendleft(outgoing)
                    raise
                if delivered or not self._vendors[account.kind].keeps_webhooks:
                    self.settle(outgoing.told)
                else:
                    self._keep(outgoing, 1, time.time() + 1 / self._settings.speed)
        finally:
            self._running[account_id] -= 1

    async def _deliver(self, account: Account, outgoing: Outgoing) -> bool:
        """One POST; True when the other side answered 2xx."""
        for again in (False, True):
            try:
                return await self._post(account, outgoing.url, outgoing.body)
            except ConnectError:
                if again or self._vendors[account.kind].keeps_webhooks:
                    return False
                await asyncio.sleep(0.5)
            except PyreqwestError:
                return False
        return False

    async def _post(self, account: Account, url: str, body: bytes) -> bool:
        status, _ = await self.ask(account, url, body)
        self.posted += 1
        return 200 <= status < 300

    async def ask(self, account: Account, url: str, body: bytes, seconds: float = 10.0) -> tuple[int, bytes]:
        """Status and body of one signed POST that is answered. Raises PyreqwestError."""
        request = self._client.post(self._reachable(url)).body_bytes(body).timeout(timedelta(seconds=seconds))
        for name, value in self._vendors[account.kind].headers(account, url, body).items():
            request = request.header(name, value)
        response = await request.build().send()
        return response.status, bytes(await response.bytes())

    def _reachable(self, url: str) -> str:
        for public, reachable in self._settings.routes:
            if url.startswith((public + "/", public + "?")) or url == public:
                return reachable + url[len(public) :]
        return url

    # kept on disk
    def _keep(self, outgoing: Outgoing, tries: int, next_at: float) -> None:
        self.stored += 1
        self._store.put(_KEEP, (outgoing.account, outgoing.url, outgoing.body, b"", tries, time.time(), next_at))
        self.settle(outgoing.told)

    async def retry_for_ever(self) -> None:
        """Tries stored webhooks when they are due. Runs as a task until it is cancelled."""
        while True:
            await asyncio.sleep(min(0.25, 1 / self._settings.speed))
            if self.stored:
                await self._retry_due()

    async def _retry_due(self) -> None:
        paused = [a.id for a in self._accounts.by_id.values() if a.behaviour.webhooks_paused]
        marks = ",".join("?" * len(paused))
        due = await self._store.query(
            f"SELECT number, account, url, body, tries, first_at FROM webhook WHERE next_at <= ? "
            f"AND account NOT IN ({marks}) ORDER BY next_at LIMIT 100",
            (time.time(), *paused),
        )
        gate = asyncio.Semaphore(8)

        async def one(number: int, account_id: str, url: str, body: bytes, tries: int, first_at: float) -> None:
            async with gate:
                wait = await self._retry(Outgoing(account_id, url, body), tries, first_at)
            if wait is None:
                self.stored -= 1
                self._store.put("DELETE FROM webhook WHERE number = ?", (number,))
            else:
                self._store.put(_AGAIN, (time.time() + wait, number))

        await asyncio.gather(*(one(*row) for row in due))

    async def _retry(self, outgoing: Outgoing, tries: int, first_at: float) -> float | None:
        """One more try; seconds to wait before the next, None when there is none."""
        account = self._accounts.by_id.get(outgoing.account)
        speed = self._settings.speed
        if account is None or (time.time() - first_at) * speed > WEEK:
            return None
        vendor = self._vendors[account.kind]
        outgoing.url = vendor.address(account, outgoing.url)
        if await self._deliver(account, outgoing) or not vendor.keeps_webhooks:
            return None
        if vendor.tries is not None and tries + 1 >= vendor.tries:
            return None
        return min(2.0 ** min(tries, 30), account.behaviour.retry_cap_seconds) / speed

    def forget(self) -> None:
        """Drops everything that waits (reset)."""
        for queue in self._queues.values():
            queue.clear()
        self.stored = 0

    async def close(self) -> None:
        """Stores what repeating vendors could not hand over yet, so that a restart goes on with it."""
        self._closing = True
        for vendor in self._vendors.values():
            vendor.flush()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=3)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for account_id, queue in self._queues.items():
            account = self._accounts.by_id.get(account_id)
            for outgoing in queue:
                if account is not None and self._vendors[account.kind].keeps_webhooks:
                    self._keep(outgoing, 0, time.time())
        await self._client.close()
