"""Kommo's API, version 4, over true HTTP: one call, one answer, and a clear word on whether it may have been taken.

Every call first gets a permit of its account: six a second, never more than seven in any second, by all workers together
(`db/limits.py`). Nothing is repeated here. Wire contract: docs/contracts/kommo.md.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from db import limits, storable
from db.clock import now
from db.kommo.access import Grant, Pair
from db.kommo.connection import SANDBOX
from db.kommo.errors import KommoReason
from db.settings import Settings
from workers.http import OutboundAnswer, OutboundClient, OutboundError

RATE, ROOM = 6.0, 1.0
PATIENCE = 20.0  # seconds to wait for a permit
TIMEOUT = 12.0
HELD_PATIENCE, HELD_TIMEOUT = 3.0, 8.0
"""The same while a row is locked: together well within what a transaction may stand still (`Settings.transaction_idle`)."""
MAX_BYTES = 4 * 1024 * 1024
_SURELY_NOT_SENT = frozenset(("blocked", "dns", "connect", "tls"))


class Trouble(Exception):
    """A call brought no success. `unsure`: Kommo may have taken it all the same. `retry_after`: seconds for which it asks to be left alone."""

    def __init__(self, reason: KommoReason, detail: str = "", *, unsure: bool = False, retry_after: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.unsure = unsure
        self.retry_after = retry_after


def limit_key(host: str, company_id: UUID) -> UUID:
    """What is counted together: an account, whichever companies are connected to it."""
    return uuid5(NAMESPACE_URL, f"kommo:{company_id if host == SANDBOX else host}")


class Calls:
    """The way of one process to Kommo. `local`: where the simulator is."""

    def __init__(self, settings: Settings, http: OutboundClient | None = None) -> None:
        self._sandbox = settings.sandbox_url
        self._theirs = http or OutboundClient()
        self._local = OutboundClient(allow_private=True)

    async def close(self) -> None:
        await self._theirs.close()
        await self._local.close()

    def account(self, company_id: UUID, host: str, token: str) -> "Kommo":
        """The account of a company. Raises Trouble where its host cannot be called here."""
        if host != SANDBOX:
            return Kommo(self._theirs, f"https://{host}", token, limit_key(host, company_id))
        if not self._sandbox:
            raise Trouble(KommoReason.UNREACHABLE, "the simulator is switched off")
        base = f"{self._sandbox}/kommo/{company_id.hex}"
        return Kommo(self._local, base, token, limit_key(host, company_id))


class Kommo:
    """One account."""

    def __init__(self, http: OutboundClient, base: str, token: str, key: UUID) -> None:
        self._http, self._base, self._token, self._key = http, base, token, key

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """The JSON of an answer; None for 204, by which Kommo says that nothing was found. Raises Trouble, valkey.Down."""
        where = f"/api/v4/{path}" + (f"?{urlencode(query)}" if query else "")
        return self._read(await self._call("GET", where, None), writes=False)

    async def send(self, method: str, path: str, body: Any) -> Any:
        """The same for what changes something there."""
        return self._read(await self._call(method, f"/api/v4/{path}", body), writes=True)

    async def exchange(self, grant: Grant) -> Pair:
        """A new pair for a code, or for the refresh token of the last pair. Raises Trouble, valkey.Down."""
        how = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
        if grant.code:
            how = {"grant_type": "authorization_code", "code": grant.code}
        elif not grant.refresh_token:
            raise Trouble(KommoReason.TOKEN_REFUSED, "no refresh token")
        asked = {
            "client_id": grant.client_id,
            "client_secret": grant.client_secret,
            "redirect_uri": grant.redirect_uri,
            **how,
        }
        answer = await self._call("POST", "/oauth2/access_token", asked, bare=True)
        if answer.status in (400, 401, 403):
            reason = KommoReason.CODE_REFUSED if grant.code else KommoReason.TOKEN_REFUSED
            raise Trouble(reason, _told(answer))
        found = self._read(answer, writes=False)
        try:
            seconds = min(int(found["expires_in"]), 400 * 86_400)
            return Pair(str(found["access_token"]), str(found["refresh_token"]), now() + timedelta(seconds=seconds))
        except (KeyError, TypeError, ValueError):
            raise Trouble(KommoReason.ODD_ANSWER, "no pair of tokens") from None

    async def _call(self, method: str, where: str, body: Any, *, bare: bool = False) -> OutboundAnswer:
        await self._permit(HELD_PATIENCE if bare else PATIENCE)
        headers = {"accept": "application/json"} | ({} if bare else {"authorization": f"Bearer {self._token}"})
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = msgspec.json.encode(body)
        try:
            return await self._http.request(
                method,
                self._base + where,
                headers=headers,
                content=content,
                timeout=HELD_TIMEOUT if bare else TIMEOUT,
                max_bytes=MAX_BYTES,
                truncate=False,
            )
        except OutboundError as error:
            lost = method != "GET" and error.kind not in _SURELY_NOT_SENT
            raise Trouble(KommoReason.UNSURE if lost else KommoReason.UNREACHABLE, error.kind, unsure=lost) from error

    async def _permit(self, patience: float) -> None:
        """Waits for the next one of the account. Raises Trouble when too many wait, valkey.Down."""
        until = time.monotonic() + patience
        while True:
            permit = await limits.acquire(self._key, rate=RATE, want=1, room=ROOM)
            if permit.granted:
                return
            if time.monotonic() + permit.wait > until:
                raise Trouble(KommoReason.BUSY, "too many wait for this account", retry_after=5.0)
            await asyncio.sleep(permit.wait)

    def _read(self, answer: OutboundAnswer, *, writes: bool) -> Any:
        """Raises Trouble unless it is a success."""
        if answer.status == 204:
            return None
        if 200 <= answer.status < 300:
            try:
                return storable.tree(msgspec.json.decode(answer.body))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                reason = KommoReason.UNSURE if writes else KommoReason.ODD_ANSWER
                raise Trouble(reason, "no JSON", unsure=writes) from error
        raise _refusal(answer, writes=writes)


def _refusal(answer: OutboundAnswer, *, writes: bool) -> Trouble:
    told = _told(answer)
    match answer.status:
        case 401:
            return Trouble(KommoReason.TOKEN_REFUSED, told)
        case 402:
            return Trouble(KommoReason.UNPAID, told)
        case 403:
            return Trouble(KommoReason.FORBIDDEN, told)
        case 404:
            return Trouble(KommoReason.GONE, told)
        case 429:
            return Trouble(KommoReason.BUSY, told, retry_after=_asked_to_wait(answer))
    if answer.status >= 500:
        return Trouble(KommoReason.UNSURE if writes else KommoReason.UNREACHABLE, f"HTTP {answer.status}", unsure=writes)
    return Trouble(KommoReason.REFUSED, told)


def _body(answer: OutboundAnswer) -> dict[str, Any]:
    try:
        found = storable.tree(msgspec.json.decode(answer.body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _asked_to_wait(answer: OutboundAnswer) -> float | None:
    value = _body(answer).get("retry_after", answer.headers.get("retry-after"))
    try:
        return max(float(value), 0.0) if value is not None else None
    except (TypeError, ValueError):
        return None


def _told(answer: OutboundAnswer) -> str:
    """What Kommo says is wrong, for people: without what was sent."""
    body = _body(answer)
    said = [str(body.get("detail") or body.get("title") or body.get("hint") or f"HTTP {answer.status}")]
    errors = body.get("validation-errors")
    for item in errors if isinstance(errors, list) else []:
        for one in item.get("errors", []) if isinstance(item, dict) else []:
            if isinstance(one, dict):
                said.append(f"{one.get('path', '')}: {one.get('detail', '')}")
    return " · ".join(said)[:500]
