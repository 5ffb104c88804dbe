"""A running sandbox, a product that listens to its webhooks, and a client, all over true HTTP on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import msgspec

from workers.sandbox.app import World
from workers.sandbox.config import Settings
from workers.sandbox.server import Reply, Request, bind, listen

TEMPLATE = {
    "name": "promo_1",
    "category": "MARKETING",
    "language": "pt_BR",
    "components": [
        {"type": "BODY", "text": "Oi {{1}}, chegou a promoção de {{2}}!", "example": {"body_text": [["Ana", "maio"]]}},
        {"type": "FOOTER", "text": "Responda SAIR para não receber"},
    ],
}
# nobody reads, answers or fails unless a test says so
QUIET = {
    "failed_share": 0,
    "delivered_share": 1,
    "read_share": 1,
    "reply_share": 0,
    "opt_out_share": 0,
    "short_wa_share": 0,
    "latency_ms": 0,
    "latency_jitter_ms": 0,
    "review_seconds": [25, 30],
}


class Product:
    """Stands where the API stands: keeps what it is sent, answers `status`, echoes Meta's challenge."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.status = 200
        self.answer = b""
        self.token = "verify-me"
        self.port = 0

    def handle(self, request: Request) -> Reply:
        if request.method == "GET":
            params = request.params()
            good = params.get("hub.verify_token") == self.token
            return Reply(200 if good else 403, params.get("hub.challenge", "").encode(), b"text/plain")
        if self.status == 200:
            self.requests.append(request)
        return Reply(self.status, self.answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def values(self, key: str) -> list[dict[str, Any]]:
        """Everything Meta told under value[key], in order; the values themselves for key ""."""
        found: list[dict[str, Any]] = []
        for request in self.requests:
            if request.header(b"content-type").startswith("application/json"):
                for entry in msgspec.json.decode(request.body)["entry"]:
                    for change in entry["changes"]:
                        found += change["value"].get(key, []) if key else [change["value"] | {"field": change["field"]}]
        return found

    def forms(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(r.body.decode(), keep_blank_values=True)) for r in self.requests if b"=" in r.body]


class Sandbox:
    """One world and a client of it."""

    def __init__(self, folder: Path, speed: float = 50.0) -> None:
        self.settings = Settings(port=0, smtp_port=0, data=folder, speed=speed)
        self.product = Product()

    async def open(self) -> None:
        self.world = World(self.settings)
        await self.world.start()
        self.base = self.world.settings.base_url
        self.http = httpx.AsyncClient(base_url=self.base, timeout=60, trust_env=False)

    async def close(self) -> None:
        await self.http.aclose()
        await self.world.stop()

    async def restart(self) -> None:
        await self.close()
        await self.open()

    async def account(self, kind: str, **fields: Any) -> dict[str, Any]:
        behaviour = {**QUIET, **fields.pop("behaviour", {})}
        hook = {"webhook_url": f"{self.product.url}/hooks/meta/1"} if kind == "meta" else {}
        if kind == "twilio":
            hook = {"inbound_url": f"{self.product.url}/hooks/twilio/1/message"}
        if kind == "retell":
            hook = {"webhook_url": f"{self.product.url}/hooks/retell/1"}
        if kind == "vapi":
            hook = {"server_url": f"{self.product.url}/hooks/vapi/1"}
        body = {"kind": kind, "id": f"{kind}-1", "company": "Loja", **hook, "behaviour": behaviour, **fields}
        answer = await self.http.post("/sandbox/accounts", json=body)
        assert answer.status_code == 201, answer.text
        account: dict[str, Any] = answer.json()
        return account

    async def behave(self, account: dict[str, Any], **changes: Any) -> None:
        answer = await self.http.put(f"/sandbox/accounts/{account['id']}/behaviour", json=changes)
        assert answer.status_code == 200, answer.text

    async def template(self, account: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Creates a template and approves it."""
        body = {**TEMPLATE, **fields}
        made = await self.graph(account, "POST", f"/{account['waba_id']}/message_templates", json=body)
        assert made.status_code == 200, made.text
        review = {"name": body["name"], "language": body["language"], "event": "APPROVED"}
        await self.http.post(f"/sandbox/accounts/{account['id']}/template-review", json=review)
        shown: dict[str, Any] = made.json()
        return shown

    async def graph(self, account: dict[str, Any], method: str, path: str, **rest: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {account['token']}"}
        return await self.http.request(method, f"/v25.0{path}", headers=headers, **rest)

    async def send(self, account: dict[str, Any], to: str, /, tag: str = "", **fields: Any) -> httpx.Response:
        """One template send, unless `type` says otherwise."""
        texts = [{"type": "text", "text": "Ana"}, {"type": "text", "text": "maio"}]
        template = {
            "name": "promo_1",
            "language": {"code": "pt_BR"},
            "components": [{"type": "body", "parameters": texts}],
        }
        body = {"messaging_product": "whatsapp", "to": to, "type": "template", "template": template, **fields}
        if tag:
            body["biz_opaque_callback_data"] = tag
        return await self.graph(account, "POST", f"/{account['phone_number_id']}/messages", json=body)

    async def sms(self, account: dict[str, Any], to: str, body: str = "oi", **fields: str) -> httpx.Response:
        form = {"To": to, "From": account["phone_number"], "Body": body, **fields}
        return await self.twilio(account, "POST", "/Messages.json", data=form)

    async def twilio(self, account: dict[str, Any], method: str, path: str, **rest: Any) -> httpx.Response:
        sid = account["account_sid"]
        rest.setdefault("auth", (sid, account["auth_token"]))
        return await self.http.request(method, f"/2010-04-01/Accounts/{sid}{path}", **rest)

    async def summary(self) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.http.get("/sandbox/ledger/summary")).json()
        return shown


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(folder: Path, speed: float = 50.0) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(folder, speed)
    taken = bind("127.0.0.1", 0)
    sandbox.product.port = taken.getsockname()[1]
    server, live = await listen(sandbox.product.handle, taken)
    await sandbox.open()
    try:
        yield sandbox
    finally:
        await sandbox.close()
        server.close()
        for connection in list(live):
            connection.close()
