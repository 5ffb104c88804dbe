"""Retell's REST API as one channel sees it: calling, asking what became of a call, checking the account.

`send` never raises for trouble on the network and never repeats itself; the other calls raise `ProviderError`.
Source: retell-sdk 6.2.13.
"""

import math
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from db import storable
from workers.outcomes import Accepted, Outcome, Unknown
from workers.providers.retell.errors import classify
from workers.providers.wire import Answer, ProviderError, Wire

T = TypeVar("T")
_LISTED = 100


class Made(msgspec.Struct, frozen=True):
    """What create-phone-call answers, as far as it matters."""

    call_id: str
    call_status: str = ""


class _Listed(msgspec.Struct, frozen=True):
    items: list[Made] = []


class Places(msgspec.Struct, frozen=True):
    """How many calls there may be at once, and how many there are."""

    current_concurrency: int = 0
    concurrency_limit: int = 0
    reserved_inbound_concurrency: int = 0


class Agent(msgspec.Struct, frozen=True):
    agent_id: str
    agent_version: int | str | None = None


class ListedAgent(msgspec.Struct, frozen=True):
    """Of the account. One that only takes transfers speaks with nobody who is called."""

    agent_id: str
    agent_name: str | None = None
    channel: str = "voice"
    is_suspended: bool = False
    is_transfer_agent: bool | None = None


class _Agents(msgspec.Struct, frozen=True):
    items: list[ListedAgent] = []
    has_more: bool = False
    pagination_key: str | None = None


class Number(msgspec.Struct, frozen=True):
    """A number of the account; `outbound_agents` speak when it calls."""

    phone_number: str
    nickname: str | None = None
    outbound_agents: list[Agent] | None = None
    outbound_agent_id: str | None = None


_made = msgspec.json.Decoder(Made, strict=False)


class RetellClient:
    """One API key. Cheap to make: connections belong to the `Wire`."""

    def __init__(self, base_url: str, api_key: str, *, wire: Wire) -> None:
        self._base = base_url.rstrip("/")
        self._secret = api_key.encode("utf-8", "replace")
        self._headers = {"authorization": f"Bearer {api_key}"}
        self._wire = wire

    async def send(self, body: bytes, *, latest: float = math.inf) -> Outcome:
        """Places one call once; raises TooLate after `latest` (monotonic). `body` comes from `payloads.call_body`."""
        headers = {**self._headers, "content-type": "application/json"}
        answer = await self._wire.post(f"{self._base}/v2/create-phone-call", headers, body, latest=latest)
        if not isinstance(answer, Answer):
            return answer
        return accepted(answer.body) if 200 <= answer.status < 300 else classify(answer.without(self._secret))

    async def find(self, attempt: str) -> str | None:
        """The id of the call that an attempt made, by what it wrote into it; None: Retell shows none."""
        wanted = {"metadata": [{"key": "attempt", "type": "string", "op": "eq", "value": attempt}]}
        body = {"filter_criteria": wanted, "limit": 2, "sort_order": "ascending"}
        found = await self._call("POST", "/v3/list-calls", _Listed, json=body)
        return found.items[0].call_id if found.items else None

    async def call(self, call_id: str) -> dict[str, Any]:
        """The call object."""
        return await self._call("GET", f"/v2/get-call/{quote(call_id, safe='')}", dict[str, Any])

    async def places(self) -> Places:
        return await self._call("GET", "/get-concurrency", Places)

    async def tell(self, call_id: str, context: str) -> None:
        """The agent of a call that goes on learns something that the person does not hear, and speaks on with it."""
        told = {"call_control": {"additional_context": context, "trigger_response": True}}
        await self._tell("PATCH", f"/v2/update-live-call/{quote(call_id, safe='')}", json=told)

    async def stop(self, call_id: str) -> None:
        await self._tell("POST", f"/v2/stop-call/{quote(call_id, safe='')}")

    async def number(self, number: str) -> Number:
        return await self._call("GET", f"/get-phone-number/{quote(number, safe='+')}", Number)

    async def imported(self, number: str, kind: type[T]) -> T:
        """A number as Retell has it."""
        return await self._call("GET", f"/get-phone-number/{quote(number, safe='+')}", kind)

    async def import_number(self, body: dict[str, Any], kind: type[T]) -> T:
        """Makes a number of a trunk known to Retell, once."""
        return await self._call("POST", "/import-phone-number", kind, json=body)

    async def delete_number(self, number: str) -> None:
        """Harmless where it is gone."""
        try:
            await self._tell("DELETE", f"/delete-phone-number/{quote(number, safe='+')}")
        except ProviderError as error:
            if error.http_status != 404:
                raise

    async def agents(self, most: int) -> list[ListedAgent]:
        """Those of the account that can be called with, at most so many."""
        found: list[ListedAgent] = []
        page = _Agents(has_more=True)
        body = {"filter_criteria": {"channel": {"op": "eq", "type": "string", "value": "voice"}}}
        while page.has_more and len(found) < most:
            params = {"limit": str(_LISTED)} | ({"pagination_key": page.pagination_key} if page.pagination_key else {})
            page = await self._call("POST", "/v2/list-agents", _Agents, json=body, params=params)
            found += [one for one in page.items if one.channel == "voice" and not (one.is_suspended or one.is_transfer_agent)]
            if not page.pagination_key or not page.items:
                break
        return found[:most]

    async def _call(self, method: str, path: str, kind: type[T], **parts: Any) -> T:
        """One control call. Raises `ProviderError` unless it is a 2xx of the expected shape."""
        return await self._wire.ask(
            method, self._base + path, kind, classify, headers=self._headers, secret=self._secret, **parts
        )

    async def _tell(self, method: str, path: str, **parts: Any) -> None:
        """One control call whose answer says nothing. Raises `ProviderError` unless it is a 2xx."""
        await self._wire.tell(method, self._base + path, classify, headers=self._headers, secret=self._secret, **parts)


def accepted(body: bytes) -> Accepted | Unknown:
    """The outcome of a 2xx: accepted when it names the call, else unknown."""
    try:
        made = _made.decode(body)
    except (ValueError, RecursionError):
        return Unknown("2xx without a call_id")
    call_id = storable.key(made.call_id)
    return Accepted(call_id, provider_status=storable.text(made.call_status, 40)) if call_id else Unknown("2xx without a call_id")
