"""VAPI's REST API as one channel sees it: calling, asking what became of a call, checking number and assistant.

`send` never raises for trouble on the network and never repeats itself; the other calls raise `ProviderError`.
Source: vapi_server_sdk 3.0.0.
"""

import math
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from db import storable
from workers.outcomes import Accepted, Outcome, Unknown
from workers.providers.vapi.errors import classify
from workers.providers.wire import Answer, Wire

T = TypeVar("T")
LISTED = 100
_SLACK = timedelta(minutes=2)


class Customer(msgspec.Struct, frozen=True, rename="camel"):
    external_id: str | None = None
    number: str | None = None


class Made(msgspec.Struct, frozen=True):
    """What `POST /call` answers, as far as it matters."""

    id: str
    status: str = ""
    name: str | None = None
    customer: Customer | None = None


class Number(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    number: str | None = None
    assistant_id: str | None = None


class Monitor(msgspec.Struct, frozen=True, rename="camel"):
    listen_url: str | None = None
    control_url: str | None = None


class Live(msgspec.Struct, frozen=True, rename="camel"):
    """Where a call that goes on is heard and told things."""

    id: str
    status: str = ""
    monitor: Monitor | None = None


class Assistant(msgspec.Struct, frozen=True):
    id: str
    name: str | None = None
    server: Any = None


_made = msgspec.json.Decoder(Made, strict=False)


class VapiClient:
    """One private key. Cheap to make: connections belong to the `Wire`."""

    def __init__(self, base_url: str, key: str, *, wire: Wire) -> None:
        self._base = base_url.rstrip("/")
        self._secret = key.encode("utf-8", "replace")
        self._headers = {"authorization": f"Bearer {key}"}
        self._wire = wire

    async def send(self, body: bytes, *, latest: float = math.inf) -> Outcome:
        """Places one call once; raises TooLate after `latest` (monotonic)."""
        headers = {**self._headers, "content-type": "application/json"}
        answer = await self._wire.post(f"{self._base}/call", headers, body, latest=latest)
        if not isinstance(answer, Answer):
            return answer
        return accepted(answer.body) if 200 <= answer.status < 300 else classify(answer.without(self._secret))

    async def find(self, attempt: str, phone_number_id: str, since: datetime) -> str | None:
        """The id of the call that an attempt made: of those that were made over the number since then, the one that has its name. None: it
        is not among them; more than a page of them proves nothing."""
        asked = {"phoneNumberId": phone_number_id, "createdAtGe": (since - _SLACK).isoformat(), "limit": LISTED}
        found = await self._call("GET", f"/call?{urlencode(asked)}", list[Made])
        return next((one.id for one in found if attempt in (one.name, one.customer.external_id if one.customer else None)), None)

    async def call(self, call_id: str) -> dict[str, Any]:
        return await self._call("GET", f"/call/{quote(call_id, safe='')}", dict[str, Any])

    async def live(self, call_id: str) -> Live:
        return await self._call("GET", f"/call/{quote(call_id, safe='')}", Live)

    async def control(self, url: str, body: dict[str, Any]) -> None:
        """Tells a call that goes on something, at the address that the call itself named: that is the proof, the key does not go there."""
        await self._wire.tell("POST", url, classify, headers={}, secret=b"", json=body)

    async def number(self, phone_number_id: str) -> Number:
        return await self._call("GET", f"/phone-number/{quote(phone_number_id, safe='')}", Number)

    async def assistant(self, assistant_id: str) -> Assistant:
        return await self._call("GET", f"/assistant/{quote(assistant_id, safe='')}", Assistant)

    async def assistants(self, most: int) -> list[Assistant]:
        """Those of the account, newest first, at most so many."""
        return await self._call("GET", f"/assistant?{urlencode({'limit': most})}", list[Assistant])

    async def _call(self, method: str, path: str, kind: type[T], **parts: Any) -> T:
        """One control call. Raises `ProviderError` unless it is a 2xx of the expected shape."""
        return await self._wire.ask(
            method, self._base + path, kind, classify, headers=self._headers, secret=self._secret, **parts
        )


def accepted(body: bytes) -> Accepted | Unknown:
    """The outcome of a 2xx: accepted when it names the call, else unknown."""
    try:
        made = _made.decode(body)
    except (ValueError, RecursionError):
        return Unknown("2xx without an id")
    call_id = storable.key(made.id)
    return Accepted(call_id, provider_status=storable.text(made.status, 40)) if call_id else Unknown("2xx without an id")
