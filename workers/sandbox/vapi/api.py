"""VAPI's REST API: calls, numbers, assistants. Errors are `{"message": …, "error": …, "statusCode": …}`.

Sources: vapi_server_sdk 3.0.0 (types and paths), docs/contracts.
"""

import random
from datetime import datetime
from typing import Any, Final

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.behaviour import IMPOSSIBLE, down, draw_fault
from workers.sandbox.ledger import Flight, Ledger
from workers.sandbox.retell import scripts
from workers.sandbox.retell.api import E164
from workers.sandbox.server import Reply, Request, json_reply
from workers.sandbox.vapi.account import VapiAccount
from workers.sandbox.vapi.calls import Call, Calls, call_id
from workers.sandbox.vapi.talks import Talks

CUT: Final = Reply(0, cut=True)
_WORDS: Final = {401: "Invalid Key", 404: "Not Found", 429: "Over Concurrency Limit", 500: "Internal Server Error"}


def fail(status: int, message: str = "") -> Reply:
    word = _WORDS.get(status, "Bad Request")
    return json_reply({"message": message or word, "error": word, "statusCode": status}, status)


class Rest:
    def __init__(self, accounts: Accounts, ledger: Ledger, calls: Calls, talks: Talks, seed: int) -> None:
        self._accounts = accounts
        self._ledger = ledger
        self._calls = calls
        self._talks = talks
        self._seed = seed
        self._dice = random.Random(seed + 19)

    def handle(self, request: Request, path: list[str]) -> Reply:
        """`path`: the parts after /vapi."""
        scheme, _, key = request.header(b"authorization").partition(" ")
        account = self._accounts.find(VapiAccount, "private_key", key)
        if scheme.lower() != "bearer" or account is None or account.behaviour.access != "valid":
            return fail(401)
        if gone := down(account.behaviour, fail(500)):
            return gone
        match request.method, path:
            case "POST", ["call"]:
                return self._create(account, request)
            case "GET", ["call"]:
                return self._list(account, request)
            case "GET", ["call", identifier]:
                call = self._calls.by_id.get(identifier)
                mine = call is not None and call.account == account.id
                return json_reply(self._calls.view(account, call)) if call is not None and mine else fail(404)
            case "GET", ["phone-number", identifier] if identifier == account.phone_number_id:
                return json_reply(
                    {
                        "id": identifier,
                        "orgId": account.id,
                        "provider": "vapi",
                        "number": account.phone_number,
                        "status": "active",
                    }
                    | {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
                )
            case "GET", ["assistant"]:
                return json_reply([_assistant(account, one) for one in _assistants(account)])
            case "GET", ["assistant", identifier] if identifier in _assistants(account):
                return json_reply(_assistant(account, identifier))
        return fail(404)

    def _create(self, account: VapiAccount, request: Request) -> Reply:
        fault = draw_fault(account.behaviour, self._dice)
        if fault.before == "reset":
            return CUT
        if fault.before in ("429", "5xx", "poison"):
            return fail({"429": 429, "5xx": 500, "poison": 400}[fault.before])
        asked = self._asked(account, request)
        if isinstance(asked, Reply):
            return asked
        view = self._dial(account, request, asked)
        match fault.after:
            case "drop":
                return CUT
            case "5xx":
                return fail(500)
            case "poison":
                return json_reply({"id": self._dice.choice(IMPOSSIBLE)}, 201)
        reply = json_reply(view, 201)
        reply.delay = account.behaviour.hang_seconds if fault.after == "hang" else account.behaviour.latency(self._dice)
        return reply

    def _asked(self, account: VapiAccount, request: Request) -> dict[str, Any] | Reply:
        """What is asked, or the first reason to refuse."""
        try:
            asked = msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return fail(400, "not JSON")
        customer = asked.get("customer")
        if code := account.behaviour.refuse_code:
            return fail(code)
        if asked.get("phoneNumberId") != account.phone_number_id or asked.get("assistantId") not in _assistants(account):
            return fail(404, "Couldn't Find Phone Number Or Assistant")
        if not isinstance(customer, dict) or not E164.fullmatch(str(customer.get("number") or "")):
            return fail(400, "customer.number must be a valid phone number in the E.164 format")
        if self._calls.live(account) >= account.concurrency_limit:
            return fail(429)
        return asked

    def _dial(self, account: VapiAccount, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        to = asked["customer"]["number"]
        tag = str(asked.get("name") or "")
        flight = Flight(0, "vapi", account.id, account.phone_number, to, to, tag, "", "call", "accepted")
        said = {name: value for name, value in asked.items() if name not in ("name", "assistantOverrides")}
        number = self._ledger.accept(flight, msgspec.json.encode(said), request.body, 1)
        script = account.callees.get(to) or account.script or scripts.of_people(self._seed, number)
        call = Call(id=call_id(number), number=number, account=account.id, script=script, asked=asked)
        view = self._calls.view(account, call)
        self._talks.begin(account, call)
        return view

    def _list(self, account: VapiAccount, request: Request) -> Reply:
        """Newest first."""
        params = request.params()
        since = params.get("createdAtGe") or params.get("createdAtGt")
        first = datetime.fromisoformat(since).timestamp() if since else 0.0
        limit = int(params["limit"]) if params.get("limit", "").isdecimal() else 100
        found = sorted(
            (call for call in self._calls.mine(account) if call.created_at >= first), key=lambda call: -call.created_at
        )
        return json_reply([self._calls.view(account, call) for call in found[:limit]])


def _assistants(account: VapiAccount) -> dict[str, str]:
    return {account.assistant_id: "Atendente virtual", **account.other_assistants}


def _assistant(account: VapiAccount, identifier: str) -> dict[str, Any]:
    told = {
        "id": identifier,
        "orgId": account.id,
        "name": _assistants(account)[identifier],
        "server": {"url": account.server_url},
    }
    return told | {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
