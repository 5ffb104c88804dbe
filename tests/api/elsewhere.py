"""The providers that the sandbox plays, and a browser that goes there and back."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import asyncpg
import httpx

from db.tenancy import Actor

BACK = "http://127.0.0.1:8080/session/back"
COMPLETE = "/v1/auth/providers/complete"
RETURN = "/v1/auth/providers/return"


class Elsewhere:
    """The providers, and a browser that goes there and back."""

    def __init__(self, api: httpx.AsyncClient, browser: httpx.AsyncClient) -> None:
        self.api, self.browser = api, browser

    async def fault(self, fault: str, at: str = "") -> None:
        (await self.browser.post("/sandbox/identity", json={"fault": fault, "at": at})).raise_for_status()

    async def begin(self, provider: str = "google", **body: str) -> dict[str, str]:
        answer = await self.api.post(f"/v1/auth/providers/{provider}/start", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def there(self, started: dict[str, str], email: str, **more: str) -> dict[str, str]:
        """What comes back in the address after somebody said who they are."""
        form = {"go": "yes", "name": "Ana Lima", "email": email, "verified": "on", **more}
        form = {name: value for name, value in form.items() if value}
        assert (await self.browser.get(started["address"])).status_code == 200
        sent = await self.browser.post(started["address"], data=form)
        assert sent.status_code == 302, sent.text
        assert sent.headers["location"].startswith(BACK + "?")
        return dict(parse_qsl(urlsplit(sent.headers["location"]).query))

    async def back(self, started: dict[str, str], brought: dict[str, str]) -> httpx.Response:
        return await self.api.post(RETURN, json={"flow": started["flow"], **brought})

    async def whole(
        self, email: str, provider: str = "google", begin: dict[str, str] | None = None, **more: str
    ) -> tuple[str, dict[str, Any]]:
        """The flow, and what is needed next."""
        started = await self.begin(provider, **(begin or {}))
        answer = await self.back(started, await self.there(started, email, **more))
        assert answer.status_code == 200, answer.text
        return started["flow"], answer.json()

    async def complete(self, flow: str, **body: Any) -> httpx.Response:
        return await self.api.post(COMPLETE, json={"flow": flow, **body})


async def email_of(owner_db: asyncpg.Connection, actor: Actor) -> str:
    return str(await owner_db.fetchval("select email from account_user where id = $1", actor.id))


def gmail() -> str:
    return f"{uuid4().hex}@gmail.com"


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")
