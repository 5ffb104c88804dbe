"""How webhooks leave: batched, signed and retried for Meta; one form per event for Twilio, never retried.

Meta: `X-Hub-Signature-256` over the raw bytes; a failed POST is kept in SQLite and tried again after 1 s, 2 s, 4 s, …
for 7 days. Twilio: `X-Twilio-Signature` over the public URL; only a connection that could not be made is tried once
more. A status counts as told in the ledger once its webhook was answered or stored, so a crash repeats it, never loses it.
"""

import asyncio
import base64
import hashlib
import hmac
import random
import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import ConnectError, PyreqwestError

from workers.sandbox.accounts import Account, Accounts, MetaAccount, TwilioAccount
from workers.sandbox.config import Settings
from workers.sandbox.ledger import Ledger
from workers.sandbox.store import Store

WEEK: Final = 7 * 86_400
LANES: Final = {"meta": 4, "twilio": 32}
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


class Item(msgspec.Struct):
    """One thing to tell Meta's subscriber. `number_id` "" for changes of the WABA."""

    field: str
    number_id: str
    key: str
    value: Any
    contact: dict[str, Any] | None = None
    told: Told | None = None


def meta_signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def twilio_signature(token: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """`fields` may repeat a name: its distinct values are then signed in order."""
    data = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), data.encode(), hashlib.sha1).digest()).decode()


class Webhooks:
    def __init__(self, settings: Settings, store: Store, accounts: Accounts, ledger: Ledger) -> None:
        self._settings = settings
        self._store = store
        self._accounts = accounts
        self._ledger = ledger
        self._dice = random.Random(settings.seed)
        self._outbox: dict[str, list[Item]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._queues: dict[str, deque[Outgoing]] = {}
        self._running: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.stored = 0
        self.posted = 0
        # the system's proxy must not see loopback addresses
        builder = ClientBuilder().timeout(timedelta(seconds=10)).follow_redirects(False).no_proxy()
        self._client = builder.user_agent("facebookexternalua").build()

    async def load(self) -> None:
        self.stored = (await self._store.query("SELECT count(*) FROM webhook"))[0][0]

    @property
    def waiting(self) -> int:
        """POSTs not answered yet, in memory and on disk."""
        return self.stored + sum(map(len, self._queues.values())) + sum(self._running.values()) + len(self._outbox)

    # Meta
    def tell(self, account: MetaAccount, item: Item) -> None:
        """Adds one item to the account's next batch."""
        if not account.webhook_url or not account.subscribed:
            if item.told:
                self._ledger.set_status(*item.told)
            return
        batch = self._outbox.setdefault(account.id, [])
        batch.append(item)
        if len(batch) >= account.behaviour.batch_size:
            self._batch(account.id)
        elif len(batch) == 1:
            delay = account.behaviour.batch_ms / 1000
            self._timers[account.id] = asyncio.get_running_loop().call_later(delay, self._batch, account.id)

    def _batch(self, account_id: str) -> None:
        items = self._outbox.pop(account_id, [])
        if timer := self._timers.pop(account_id, None):
            timer.cancel()
        account = self._accounts.by_id.get(account_id)
        if not items or not isinstance(account, MetaAccount):
            return
        told = [item.told for item in items if item.told]
        outgoing = Outgoing(account_id, account.webhook_url, self._envelope(account, items), told)
        behaviour = account.behaviour
        if self._dice.random() < behaviour.webhook_lost_share:
            self._tell_ledger(outgoing)
            return
        self._enqueue(outgoing)
        if self._dice.random() < behaviour.duplicate_webhook_share:
            self._enqueue(Outgoing(account_id, outgoing.url, outgoing.body))

    def _envelope(self, account: MetaAccount, items: list[Item]) -> bytes:
        """Statuses of one number share a change; everything else has its own."""
        changes: list[dict[str, Any]] = []
        statuses: dict[str, list[Any]] = {}
        for item in items:
            if item.key == "statuses" and item.number_id in statuses:
                statuses[item.number_id].append(item.value)
                continue
            value = item.value
            if item.number_id:
                found = self._accounts.by_number.get(item.number_id)
                shown = found[1].display_phone_number if found else ""
                value = {
                    "messaging_product": "whatsapp",
                    "metadata": {"display_phone_number": shown, "phone_number_id": item.number_id},
                }
                if item.contact:
                    value["contacts"] = [item.contact]
                value[item.key] = [item.value]
                if item.key == "statuses":
                    statuses[item.number_id] = value[item.key]
            changes.append({"field": item.field, "value": value})
        entry = {"id": account.waba_id, "time": int(time.time()), "changes": changes}
        return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})

    # Twilio
    def call(self, account: TwilioAccount, url: str, fields: list[tuple[str, str]], told: Sequence[Told] = ()) -> None:
        """Posts one form to a callback URL."""
        if not url or self._dice.random() < account.behaviour.webhook_lost_share:
            for change in told:
                self._ledger.set_status(*change)
            return
        body = urlencode(fields).encode()
        self._enqueue(Outgoing(account.id, url, body, told))
        if self._dice.random() < account.behaviour.duplicate_webhook_share:
            self._enqueue(Outgoing(account.id, url, body))

    # both
    def _enqueue(self, outgoing: Outgoing) -> None:
        account = self._accounts.by_id.get(outgoing.account)
        if account is None:
            return
        queue = self._queues.setdefault(outgoing.account, deque())
        meta = isinstance(account, MetaAccount)
        if account.behaviour.webhooks_paused or (meta and len(queue) >= SPILL):
            self._keep(outgoing, 0, time.time())
            return
        queue.append(outgoing)
        if self._running.get(outgoing.account, 0) < LANES["meta" if meta else "twilio"]:
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
                if delivered or isinstance(account, TwilioAccount):
                    self._tell_ledger(outgoing)
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
                if again or isinstance(account, MetaAccount):
                    return False
                await asyncio.sleep(0.5)
            except PyreqwestError:
                return False
        return False

    async def _post(self, account: Account, url: str, body: bytes) -> bool:
        request = self._client.post(self._reachable(url)).body_bytes(body)
        if isinstance(account, MetaAccount):
            request = request.header("content-type", "application/json")
            request = request.header("x-hub-signature-256", meta_signature(account.app_secret, body))
        else:
            fields = parse_qsl(body.decode(), keep_blank_values=True)
            request = request.header("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
            request = request.header("user-agent", "TwilioProxy/1.1")
            request = request.header("x-twilio-signature", twilio_signature(account.auth_token, url, fields))
            request = request.header("i-twilio-idempotency-token", hashlib.md5(body, usedforsecurity=False).hexdigest())
        response = await request.build().send()
        self.posted += 1
        return 200 <= response.status < 300

    def _reachable(self, url: str) -> str:
        for public, reachable in self._settings.routes:
            if url.startswith((public + "/", public + "?")) or url == public:
                return reachable + url[len(public) :]
        return url

    def _tell_ledger(self, outgoing: Outgoing) -> None:
        for change in outgoing.told:
            self._ledger.set_status(*change)

    # kept on disk
    def _keep(self, outgoing: Outgoing, tries: int, next_at: float) -> None:
        self.stored += 1
        self._store.put(_KEEP, (outgoing.account, outgoing.url, outgoing.body, b"", tries, time.time(), next_at))
        self._tell_ledger(outgoing)

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
        if isinstance(account, MetaAccount):
            # a subscription that moved meanwhile gets the old events at its new address, as with Meta
            outgoing.url = account.webhook_url
        if await self._deliver(account, outgoing) or isinstance(account, TwilioAccount):
            return None
        return min(2.0 ** min(tries, 30), account.behaviour.retry_cap_seconds) / speed

    async def verify(self, url: str, verify_token: str) -> str:
        """Meta's GET handshake; "" when the endpoint echoed the challenge, else what went wrong."""
        challenge = str(self._dice.randrange(10**8, 10**9))
        query = urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token})
        if urlsplit(url).scheme not in ("http", "https"):
            return "the callback URL is not an http(s) address"
        joint = "&" if "?" in url else "?"
        try:
            response = await self._client.get(self._reachable(url) + joint + query).build().send()
            if response.status != 200:
                return f"HTTP Status Code = {response.status}; HTTP Message = {(await response.text())[:100]}"
            return "" if (await response.text()).strip() == challenge else "the challenge did not match"
        except PyreqwestError as error:
            return f"The URL couldn't be validated. {error.message}"

    def forget(self) -> None:
        """Drops everything that waits (reset)."""
        self._outbox.clear()
        for queue in self._queues.values():
            queue.clear()
        self.stored = 0

    async def close(self) -> None:
        """Stores what Meta has not taken yet, so that a restart goes on with it."""
        self._closing = True
        for account_id in list(self._outbox):
            self._batch(account_id)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=3)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for account_id, queue in self._queues.items():
            for outgoing in queue:
                if isinstance(self._accounts.by_id.get(account_id), MetaAccount):
                    self._keep(outgoing, 0, time.time())
        await self._client.close()
