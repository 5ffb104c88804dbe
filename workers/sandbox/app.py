"""Puts the outside world together: state, the vendors' APIs, time that passes, and the doors in.

One process, one event loop, one SQLite thread. `World.start` opens everything, `World.stop` keeps what was under way.
"""

import asyncio
import base64
import contextlib
import hmac
from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from workers.sandbox.accounts import Accounts, MetaAccount
from workers.sandbox.config import LOOPBACK, Settings
from workers.sandbox.control import Control, problem
from workers.sandbox.deliveries import Deliveries
from workers.sandbox.inbound import Inbound
from workers.sandbox.ledger import Ledger
from workers.sandbox.limits import Limits
from workers.sandbox.mail.smtp import Mail
from workers.sandbox.meta.api import VERSION, Graph
from workers.sandbox.meta.errors import no_object, no_token
from workers.sandbox.meta.media import Media
from workers.sandbox.meta.messages import Messages
from workers.sandbox.meta.templates import Templates
from workers.sandbox.server import Connection, Reply, Request, bind, json_reply, listen
from workers.sandbox.store import Store
from workers.sandbox.twilio.api import Twilio
from workers.sandbox.webhooks import Webhooks


def _authorized(header: str, wanted: str) -> bool:
    """Bearer for programs; Basic, with any name, because browsers ask for it."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            value = base64.b64decode(value, validate=True).decode("utf-8", "replace").partition(":")[2]
    return hmac.compare_digest(value.encode("utf-8", "replace"), wanted.encode())


def _hostname(host: str) -> str | None:
    """The name in a Host header, None when it holds none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


class World:
    """The running sandbox. After `start`, `port` and `smtp_port` are the ports really taken (-1: mail is off)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = settings.port
        self.smtp_port = settings.smtp_port
        self._servers: list[asyncio.Server] = []
        self._live: set[Connection] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Raises OSError when a port is taken."""
        taken = bind(self.settings.host, self.settings.port)
        self.port = taken.getsockname()[1]
        settings = self.settings = msgspec.structs.replace(self.settings, port=self.port)
        self.store = store = Store(settings.data)
        self.accounts = Accounts(store, settings.seed)
        self.ledger = Ledger(store)
        self.limits = Limits()
        self.webhooks = Webhooks(settings, store, self.accounts, self.ledger)
        self.inbound = Inbound(store, self.webhooks)
        self.deliveries = Deliveries(settings, self.accounts, self.ledger, self.webhooks, self.inbound)
        self.templates = Templates(settings, store, self.accounts, self.webhooks)
        self.media = Media(settings, store)
        self.mail = Mail(store)
        messages = Messages(settings, self.ledger, self.limits, self.templates, self.media, self.inbound, self.deliveries)
        self.graph = Graph(settings, self.accounts, self.limits, messages, self.templates, self.media, self.webhooks)
        self.twilio = Twilio(self.accounts, self.ledger, self.limits, self.inbound, self.deliveries, settings.seed)
        self.control = Control(
            store,
            self.accounts,
            self.ledger,
            self.limits,
            self.templates,
            self.inbound,
            self.deliveries,
            self.webhooks,
            self.mail,
        )
        await self.accounts.load()
        await self.inbound.load()
        await self.webhooks.load()
        await self.templates.load()
        await self.media.load()
        await self.mail.load()
        self.deliveries.resume(await self.ledger.load())
        await self._rebuild_tiers()
        server, self._live = await listen(self.handle, taken)
        self._servers.append(server)
        if settings.smtp_port >= 0:
            smtp = await self.mail.listen(settings.host, settings.smtp_port)
            self.smtp_port = smtp.sockets[0].getsockname()[1]
            self._servers.append(smtp)
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self.deliveries.run_for_ever()),
            loop.create_task(self.webhooks.retry_for_ever()),
        ]

    async def stop(self) -> None:
        """Closes the doors, stores unsent webhooks, writes what is in memory."""
        for server in self._servers:
            server.close()
        for connection in list(self._live):
            connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.webhooks.close()
        await self.store.close()

    async def _rebuild_tiers(self) -> None:
        rows: list[tuple[Any, ...]] = await self.store.query(
            "SELECT account, recipient, max(accepted_at) FROM ledger WHERE channel = 'meta' AND category <> 'service' "
            "AND accepted_at > strftime('%s', 'now') - 86400 GROUP BY account, recipient"
        )
        for account_id, recipient, at in rows:
            account = self.accounts.by_id.get(account_id)
            if isinstance(account, MetaAccount):
                self.limits.remember_person(account, recipient, at)

    def handle(self, request: Request) -> Reply | Awaitable[Reply]:
        """Routes one request."""
        path = request.path[1:].split("/")
        head = path[0]
        if VERSION.fullmatch(head):
            return self.graph.handle(request, path[1:]) if len(path) > 1 and path[1] else no_object(request.method, "")
        if head == "2010-04-01" and len(path) > 2 and path[1] == "Accounts":
            return self.twilio.handle(request, path[2:])
        if head == "whatsapp_business" and len(path) == 3:
            return self._attachment(request, path[2])
        if head == "health":
            return self._health()
        if head in ("sandbox", "mail"):
            if refusal := self._admin(request):
                return refusal
            return self.mail.as_page() if head == "mail" else self.control.handle(request, path[1:])
        return problem(404, "no such address")

    def _admin(self, request: Request) -> Reply | None:
        """The sandbox's own door: not for pages of other sites, and only with the token, or where none is set by a name of this
        machine: a site that points its own name here (DNS rebinding) reads nothing."""
        host, origin = request.header(b"host"), request.header(b"origin")
        if origin and urlsplit(origin).netloc != host:
            return problem(403, "cross-origin requests are refused")
        if wanted := self.settings.admin_token:
            if not _authorized(request.header(b"authorization"), wanted):
                refusal = problem(401, "the sandbox's admin token is needed")
                refusal.extra = b'www-authenticate: Basic realm="sandbox"\r\n'
                return refusal
        elif _hostname(host) not in {*LOOPBACK, self.settings.host}:
            return problem(403, "this server is not called by that name")
        return None

    def _attachment(self, request: Request, key: str) -> Reply:
        account = self.accounts.by_token.get(request.header(b"authorization").removeprefix("Bearer "))
        return self.media.download(account.id, key) if account else no_token("An access token is required.")

    def _health(self) -> Reply:
        return json_reply(
            {
                "status": "ok",
                "accounts": len(self.accounts.by_id),
                "accepted": self.ledger.accepted,
                "in_flight": self.deliveries.in_flight,
                "pending_webhooks": self.webhooks.waiting,
            }
        )
