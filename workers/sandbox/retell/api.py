"""Retell's REST API: calls, numbers, agents, places for calls. Errors are `{"status": "error", "message": …}`.

Sources: retell-sdk 6.2.13 (types and paths), docs/contracts.
"""

import random
import re
import time
from typing import Any, Final

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.behaviour import IMPOSSIBLE, Fault, down, draw_fault
from workers.sandbox.deliveries import SENT, Deliveries
from workers.sandbox.ledger import Flight, Ledger
from workers.sandbox.retell import audio, scripts
from workers.sandbox.retell.account import RetellAccount
from workers.sandbox.retell.calls import Call, Calls, call_id, digest
from workers.sandbox.retell.errors import CUT, fail, missing
from workers.sandbox.retell.numbers import Numbers
from workers.sandbox.retell.progress import Progress
from workers.sandbox.retell.scripts import Script
from workers.sandbox.server import Reply, Request, json_reply

E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_TEXTS: Final = ("override_agent_id", "idempotency_key")
_MAPS: Final = ("metadata", "retell_llm_dynamic_variables", "custom_sip_headers", "agent_override")


class Rest:
    def __init__(
        self, accounts: Accounts, ledger: Ledger, calls: Calls, deliveries: Deliveries, progress: Progress, seed: int
    ) -> None:
        self._accounts = accounts
        self._ledger = ledger
        self._calls = calls
        self._deliveries = deliveries
        self._progress = progress
        self._seed = seed
        self._dice = random.Random(seed + 7)
        self._numbers = Numbers(accounts, seed)

    def handle(self, request: Request, path: list[str]) -> Reply:
        """`path`: the parts after /retell."""
        account = self._caller(request)
        if isinstance(account, Reply):
            return account
        if gone := down(account.behaviour, fail(500)):
            return gone
        match request.method, path:
            case "POST", ["v2", "create-phone-call"]:
                return self._create(account, request)
            case "GET", ["v2", "get-call", identifier]:
                return self._shown(account, identifier)
            case "POST" | "PATCH", ["v2", "stop-call" | "update-live-call" as what, identifier]:
                return self._stop(account, identifier) if what == "stop-call" else self._told(account, identifier, request)
            case "POST", ["v3", "list-calls"]:
                return self._list(account, request)
            case "GET", ["get-concurrency"]:
                return json_reply(self._concurrency(account))
            case _, ["get-phone-number" | "import-phone-number" | "delete-phone-number", *_] | ["v2", "list-phone-numbers"]:
                return self._numbers.handle(account, request, path)
            case "GET", ["get-agent", agent]:
                return json_reply(_agent(account, agent)) if agent in _agents(account) else missing(agent, "agent")
            case "POST", ["v2", "list-agents"]:
                return _listed_agents(account, request)
        return fail(404)

    def recording(self, request: Request, name: str) -> Reply:
        """GET of a recording's address; after its time it works no more."""
        call = self._calls.by_id.get(name.removesuffix(".wav"))
        until = request.params().get("expires", "")
        if call is None or call.ended_at is None or call.started_at is None:
            return Reply(404, b"no such file", b"text/plain")
        if not until.isdecimal() or int(until) <= time.time():
            return Reply(
                403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", b"application/xml"
            )
        return Reply(200, audio.recording(self._calls.turns(call), call.ended_at - call.started_at), b"audio/wav")

    def _caller(self, request: Request) -> RetellAccount | Reply:
        scheme, _, key = request.header(b"authorization").partition(" ")
        account = self._accounts.find(RetellAccount, "api_key", key)
        if scheme.lower() != "bearer" or account is None or account.behaviour.access != "valid":
            return fail(401)
        return account

    # calling
    def _create(self, account: RetellAccount, request: Request) -> Reply:
        fault = draw_fault(account.behaviour, self._dice)
        if fault.before == "reset":
            return CUT
        latency = account.behaviour.latency(self._dice)
        if fault.before == "429":
            reply = fail(429)
        elif fault.before == "5xx":
            reply = fail(500)
        elif fault.before == "poison":
            reply = fail(self._dice.choice([400, 422]), "poisoned\0")
        else:
            reply, latency = self._handle(account, request, fault, latency)
        if not reply.cut:
            reply.delay = latency
        return reply

    def _handle(self, account: RetellAccount, request: Request, fault: Fault, latency: float) -> tuple[Reply, float]:
        asked = _body(request)
        if isinstance(asked, Reply):
            return asked, latency
        known = self._calls.of_key(account, asked["idempotency_key"]) if asked.get("idempotency_key") else None
        if known is not None:
            if known.digest != digest(request.body):
                return fail(400, "idempotency_key was used with another request"), latency
            return json_reply(self._calls.view(account, known), 201), latency
        if problem := self._problem(account, asked):
            return problem, latency
        early = not fault.after and self._dice.random() < account.behaviour.disorder_share
        reply = json_reply(self._calls.view(account, self._dial(account, request, asked, early)), 201)
        match fault.after:
            case "drop":
                return CUT, 0
            case "5xx":
                return fail(500), latency
            case "poison":
                return json_reply({"call_id": self._dice.choice(IMPOSSIBLE)}, 201), latency
            case "hang":
                return reply, account.behaviour.hang_seconds
        return reply, latency + 0.3 if early else latency

    def _problem(self, account: RetellAccount, asked: dict[str, Any]) -> Reply | None:
        """The first reason to refuse."""
        if code := account.behaviour.refuse_code:
            return fail(code)
        if asked["from_number"] != account.phone_number:
            return missing(asked["from_number"], "phone-number")
        if asked.get("override_agent_id", account.agent_id) not in _agents(account):
            return missing(asked["override_agent_id"], "agent")
        if asked.get("honor_internal_dnc") is True and asked["to_number"] in account.do_not_call:
            return fail(400, "The contact is marked do_not_call")
        if self._calls.live(account) >= account.concurrency_limit:
            return fail(429, "Concurrency limit reached")
        return None

    def _dial(self, account: RetellAccount, request: Request, asked: dict[str, Any], early: bool) -> Call:
        to = asked["to_number"]
        metadata = asked.get("metadata") or {}
        tag = str(metadata.get("attempt") or asked.get("idempotency_key") or "")
        said = {name: value for name, value in asked.items() if name not in ("idempotency_key", "metadata")}
        flight = Flight(0, "retell", account.id, account.phone_number, to, to, tag, "", "call", "accepted")
        number = self._ledger.accept(flight, msgspec.json.encode(said), request.body, 1)
        unreached = None if self._numbers.carries(account) else Script.NO_LINE
        script = unreached or account.callees.get(to) or account.script or scripts.of_people(self._seed, number)
        call = Call(
            id=call_id(number),
            number=number,
            account=account.id,
            script=script,
            asked=asked,
            digest=digest(request.body),
            created_at=time.time(),
        )
        self._calls.keep(call)
        ring = 0.0 if early else self._deliveries.delay(flight, account.ring_seconds, SENT)
        self._deliveries.depart(flight, account, time.time() + ring, early=True)
        return call

    # reading
    def _mine(self, account: RetellAccount, identifier: str) -> Call | None:
        call = self._calls.by_id.get(identifier)
        return call if call is not None and call.account == account.id else None

    def _shown(self, account: RetellAccount, identifier: str) -> Reply:
        call = self._mine(account, identifier)
        return fail(422) if call is None else json_reply(self._calls.view(account, call))

    def _stop(self, account: RetellAccount, identifier: str) -> Reply:
        call = self._mine(account, identifier)
        if call is None or call.ended_at is not None:
            return fail(422, "The call is not live")
        self._progress.stop(account, call)
        return Reply(204)

    def _told(self, account: RetellAccount, identifier: str, request: Request) -> Reply:
        """The agent of a call that goes on learns something."""
        call, asked = self._mine(account, identifier), _json(request) or {}
        if call is None or call.started_at is None or call.ended_at is not None:
            return fail(422, "The call is not live")
        context = (asked.get("call_control") or {}).get("additional_context")
        if not isinstance(context, str) or not context:
            return fail(400, "call_control.additional_context must be a string")
        self._progress.hear(account, call, context)
        return json_reply(self._calls.view(account, call))

    def _list(self, account: RetellAccount, request: Request) -> Reply:
        """Newest first unless told otherwise; filters by metadata, status and number, what else is asked is refused loudly."""
        asked = _json(request)
        if asked is None:
            return fail(400, "not JSON")
        criteria = asked.get("filter_criteria") or {}
        if unknown := set(criteria) - {"metadata", "call_status", "to_number"}:
            return fail(400, f"the sandbox does not filter by {', '.join(sorted(unknown))}")
        found = [call for call in self._calls.mine(account) if self._fits(account, call, criteria)]
        found.sort(key=lambda call: call.number, reverse=asked.get("sort_order") != "ascending")
        start = str(asked.get("pagination_key") or "")
        begun = int(start) if start.isdecimal() else 0
        found = found[begun:]
        limit = asked["limit"] if isinstance(asked.get("limit"), int) else 50
        answer: dict[str, Any] = {
            "items": [self._calls.view(account, call, brief=True) for call in found[:limit]],
            "has_more": len(found) > limit,
        }
        if answer["has_more"]:
            answer["pagination_key"] = str(begun + limit)
        if asked.get("include_total"):
            answer["total"] = begun + len(found)
        return json_reply(answer)

    def _fits(self, account: RetellAccount, call: Call, criteria: dict[str, Any]) -> bool:
        metadata = call.asked.get("metadata") or {}
        view = self._calls.view(account, call, brief=True)
        wanted = [metadata.get(one["key"]) == one["value"] for one in criteria.get("metadata") or [] if one.get("op") == "eq"]
        if status := criteria.get("call_status"):
            wanted.append(view["call_status"] in status["value"])
        if number := criteria.get("to_number"):
            wanted.append(view["to_number"] == number["value"])
        return all(wanted)

    def _concurrency(self, account: RetellAccount) -> dict[str, Any]:
        return {
            "current_concurrency": self._calls.live(account),
            "concurrency_limit": account.concurrency_limit,
            "base_concurrency": account.concurrency_limit,
            "purchased_concurrency": 0,
            "concurrency_purchase_limit": 100,
            "remaining_purchase_limit": 100,
            "concurrency_burst_enabled": False,
            "concurrency_burst_limit": 0,
            "reserved_inbound_concurrency": 0,
        }


def _json(request: Request) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(request.body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _body(request: Request) -> dict[str, Any] | Reply:
    """What create-phone-call is asked, or why it cannot be read."""
    asked = _json(request)
    if asked is None:
        return fail(400, "not JSON")
    for name in ("from_number", "to_number"):
        if not isinstance(asked.get(name), str) or not E164.fullmatch(asked[name]):
            return fail(400, f"{name} must be E.164")
    for name in _TEXTS:
        if not isinstance(asked.get(name, ""), str):
            return fail(400, f"{name} must be a string")
    for name in _MAPS:
        if not isinstance(asked.get(name, {}), dict):
            return fail(400, f"{name} must be an object")
    if not isinstance(asked.get("agent_override", {}).get("agent", {}), dict):
        return fail(400, "agent_override.agent must be an object")
    variables = asked.get("retell_llm_dynamic_variables", {})
    if not all(isinstance(value, str) for value in variables.values()):
        return fail(400, "retell_llm_dynamic_variables must map strings to strings")
    return asked


def _agents(account: RetellAccount) -> dict[str, str]:
    return {account.agent_id: account.agent_name, **account.other_agents}


def _agent(account: RetellAccount, agent: str) -> dict[str, Any]:
    return {
        "agent_id": agent,
        "version": account.agent_version,
        "is_published": True,
        "agent_name": _agents(account)[agent],
        "voice_id": "11labs-Adrian",
        "language": "pt-BR",
        "response_engine": {"type": "retell-llm", "llm_id": f"llm_{agent[6:]}", "version": 0},
        "webhook_url": account.webhook_url,
        "last_modification_timestamp": 1760000000000,
    }


def _listed_agents(account: RetellAccount, request: Request) -> Reply:
    """A page at a time."""
    params = request.params()
    limit = int(params["limit"]) if params.get("limit", "").isdecimal() else 50
    start = params.get("pagination_key", "")
    begun = int(start) if start.isdecimal() else 0
    every = list(_agents(account).items())
    answer: dict[str, Any] = {
        "items": [_listed_agent(identifier, name) for identifier, name in every[begun : begun + limit]],
        "has_more": len(every) > begun + limit,
    }
    if answer["has_more"]:
        answer["pagination_key"] = str(begun + limit)
    return json_reply(answer)


def _listed_agent(identifier: str, name: str) -> dict[str, Any]:
    return {
        "agent_id": identifier,
        "agent_name": name,
        "channel": "voice",
        "is_suspended": False,
        "tags": {},
        "user_modified_timestamp": 1760000000000,
    }
