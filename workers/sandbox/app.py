"""Builds the sandbox: state, the vendors' APIs, timed events, and the HTTP and SMTP servers.

One process, one event loop, one SQLite thread. `World.start` opens everything, `World.stop` keeps what was under way.
"""

import asyncio
import base64
import contextlib
import hmac
from collections.abc import Awaitable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.config import LOOPBACK, Settings
from workers.sandbox.control import Control
from workers.sandbox.deliveries import Deliveries
from workers.sandbox.identity.provider import Identity
from workers.sandbox.inbound import Inbound
from workers.sandbox.kommo.vendor import Kommo
from workers.sandbox.ledger import Ledger
from workers.sandbox.linked.vendor import Linked
from workers.sandbox.mail.smtp import Mail
from workers.sandbox.meta.vendor import Meta
from workers.sandbox.openai.vendor import OpenAI
from workers.sandbox.retell.vendor import Retell
from workers.sandbox.server import Connection, Reply, Request, bind, json_reply, listen, problem
from workers.sandbox.shared import Shared
from workers.sandbox.store import Store
from workers.sandbox.twilio.vendor import Twilio
from workers.sandbox.vapi.vendor import Vapi
from workers.sandbox.vendor import Vendors
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


VENDORS: Final[tuple[type[Meta] | type[Twilio] | type[OpenAI] | type[Kommo] | type[Retell] | type[Linked] | type[Vapi], ...]] = (
    Meta,
    Twilio,
    OpenAI,
    Kommo,
    Retell,
    Linked,
    Vapi,
)


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
        self.vendors: Vendors = {}
        self.accounts = accounts = Accounts(store, settings.seed, [vendor.account for vendor in VENDORS])
        self.ledger = ledger = Ledger(store)
        self.webhooks = webhooks = Webhooks(settings, store, accounts, ledger, self.vendors)
        self.inbound = inbound = Inbound(store, self.vendors)
        self.deliveries = deliveries = Deliveries(settings, accounts, inbound, self.vendors)
        self.mail = Mail(store)
        self.identity = Identity()
        self.control = Control(store, accounts, ledger, inbound, deliveries, webhooks, self.mail, self.vendors)
        await accounts.load()
        await inbound.load()
        await webhooks.load()
        await self.mail.load()
        shared = Shared(settings, store, accounts, ledger, webhooks, inbound, deliveries)
        for vendor in VENDORS:
            made = vendor(shared)
            self.vendors[vendor.account.kind] = made
            if isinstance(made, OpenAI):
                self.model = made
            if isinstance(made, Linked):
                self.linked = made
            await made.load()
        deliveries.resume(await ledger.load())
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
        """Closes the servers, stores unsent webhooks, writes what is in memory."""
        for server in self._servers:
            server.close()
        for connection in list(self._live):
            connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.linked.close()
        await self.webhooks.close()
        await self.store.close()

    def handle(self, request: Request) -> Reply | Awaitable[Reply]:
        """Routes one request."""
        path = request.path[1:].split("/")
        head = path[0]
        for vendor in self.vendors.values():
            if (answer := vendor.handle(request, path)) is not None:
                return answer
        if head == "identity":
            return self.identity.handle(request, path[1:])
        if head == "health":
            return self._health()
        if head in ("sandbox", "mail", "model"):
            if refusal := self._admin(request):
                return refusal
            match head:
                case "mail":
                    return self.mail.as_page()
                case "model":
                    return self.model.page()
                case "sandbox" if path[1:] == ["identity"]:
                    return self.identity.control(request)
                case "sandbox" if path[1:] == ["phones"]:
                    return self.linked.open(request)
            return self.control.handle(request, path[1:])
        return problem(404, "no such address")

    def _admin(self, request: Request) -> Reply | None:
        """The sandbox's own API: not for pages of other sites, and only with the token, or where none is set by a name of this
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
