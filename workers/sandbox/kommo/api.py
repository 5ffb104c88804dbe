"""Kommo's API under /kommo/{name}, as far as companies use it (wire contract "kommo"): seven requests a second, 204 for nothing found, lists
replaced by what is written, refresh tokens that are good for one use."""

import random
import secrets
import time
from collections import deque
from typing import Any, Final

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.behaviour import down, draw_fault
from workers.sandbox.kommo import books as shelf
from workers.sandbox.kommo.account import Entity, Hook, KommoAccount
from workers.sandbox.kommo.books import FIRST, PIPELINES, STATUSES, Shelf
from workers.sandbox.kommo.telling import Teller
from workers.sandbox.server import Reply, Request, json_reply

NOUNS: Final = ("contacts", "leads")
PATIENCE: Final = 20
"""Refused requests after which the account answers 403 for a while."""
BLOCKED_SECONDS: Final = 5.0
MOST: Final = 250


def refusal(status: int, title: str, detail: str, **more: Any) -> Reply:
    kind = f"https://httpstatus.es/{status}"
    return json_reply({"title": title, "type": kind, "status": status, "detail": detail, **more}, status)


class Refused(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Limit:
    """Requests of one account in the last second, and those that it refused."""

    def __init__(self) -> None:
        self.taken: deque[float] = deque()
        self.most = 0  # in any second, as they came
        self.refused = 0
        self.blocked_until = 0.0

    def meet(self, per_second: int) -> Reply | None:
        now = time.monotonic()
        while self.taken and now - self.taken[0] >= 1.0:
            self.taken.popleft()
        if now < self.blocked_until:
            return refusal(403, "Forbidden", "Your IP is blocked")
        if not self.taken:
            self.refused = 0
        if len(self.taken) >= per_second:
            self.refused += 1
            if self.refused > PATIENCE:
                self.blocked_until = now + BLOCKED_SECONDS
            return refusal(429, "Too many requests", "Request limit exceeded", retry_after=1)
        self.taken.append(now)
        self.most = max(self.most, len(self.taken))
        return None


class Api:
    def __init__(self, accounts: Accounts, shelf: Shelf, teller: Teller, seed: int) -> None:
        self._accounts, self._shelf, self._teller = accounts, shelf, teller
        self._dice = random.Random(seed + 7)
        self.limits: dict[str, Limit] = {}

    def handle(self, request: Request, account: KommoAccount, path: list[str]) -> Reply:
        """`path`: the parts after /kommo/{name}."""
        behaviour = account.behaviour
        if gone := down(behaviour, refusal(503, "Service Unavailable", "Try again later")):
            return gone
        if (refused := self.limits.setdefault(account.id, Limit()).meet(account.per_second)) is not None:
            return refused
        latency = behaviour.latency(self._dice)
        try:
            reply = self._answered(request, account, path)
        except Refused as error:
            return error.reply
        if not reply.cut:
            reply.delay += latency
        return reply

    def _answered(self, request: Request, account: KommoAccount, path: list[str]) -> Reply:
        """With the faults of its account. Raises Refused."""
        behaviour = account.behaviour
        if path == ["oauth2", "access_token"] and request.method == "POST":
            return self._token(account, _body(request))
        if path[:2] != ["api", "v4"]:
            return refusal(404, "Not Found", "no such address")
        if (refused := self._unknown(account, request)) is not None:
            return refused
        fault = draw_fault(behaviour, self._dice) if request.method != "GET" else None
        if fault is not None and fault.before:
            return self._before(fault.before)
        reply = self._route(request, account, path[2:])
        if fault is not None and fault.after:
            match fault.after:
                case "drop" | "poison":
                    return Reply(0, cut=True)
                case "hang":
                    return Reply(0, delay=behaviour.hang_seconds, cut=True)
                case "5xx":
                    return refusal(504, "Gateway Timeout", "")
        return reply

    @staticmethod
    def _before(what: str) -> Reply:
        match what:
            case "reset":
                return Reply(0, cut=True)
            case "429":
                return refusal(429, "Too many requests", "Request limit exceeded", retry_after=1)
        return refusal(503, "Service Unavailable", "Try again later")

    def _unknown(self, account: KommoAccount, request: Request) -> Reply | None:
        scheme, _, token = request.header(b"authorization").partition(" ")
        good = token == account.token or (bool(account.access_token) and token == account.access_token)
        late = token == account.access_token and time.time() >= account.access_until
        if account.behaviour.access == "no_permission":
            return refusal(403, "Forbidden", "Not enough rights")
        if scheme.lower() != "bearer" or not good or late or account.behaviour.access == "expired":
            return refusal(401, "Unauthorized", "Invalid or expired access token")
        return None

    def _token(self, account: KommoAccount, body: Any) -> Reply:
        """A pair for the code, or for the refresh token of the last one; either is good for one use."""
        given = body if isinstance(body, dict) else {}
        known = given.get("client_id") == account.client_id and given.get("client_secret") == account.client_secret
        offered = given.get("code") if given.get("grant_type") == "authorization_code" else given.get("refresh_token")
        wanted = account.code if given.get("grant_type") == "authorization_code" else account.refresh_token
        if not known or not wanted or offered != wanted or not given.get("redirect_uri"):
            return refusal(
                400, "Bad Request", "Cannot decrypt the refresh token", hint="Authorization code has expired or was used"
            )
        if given.get("grant_type") == "authorization_code":
            account.code = ""
        account.access_token, account.refresh_token = f"at-{secrets.token_hex(24)}", f"rt-{secrets.token_hex(24)}"
        account.access_until = time.time() + account.access_seconds
        self._accounts.keep(account)
        pair = {"access_token": account.access_token, "refresh_token": account.refresh_token}
        return json_reply({"token_type": "Bearer", "expires_in": account.access_seconds, **pair})

    def _route(self, request: Request, account: KommoAccount, path: list[str]) -> Reply:
        where = f"{request.method} {'/'.join(path)}"
        match where:
            case "GET account":
                return json_reply(
                    {"id": account.number, "name": account.company, "subdomain": account.id, "country": "BR", "currency": "BRL"}
                )
            case "GET leads/pipelines":
                return json_reply({"_total_items": len(PIPELINES), "_embedded": {"pipelines": PIPELINES}})
            case "GET users":
                return json_reply({"_embedded": {"users": [{"id": 1, "name": "Ana", "email": "ana@example.test"}]}})
        if path == ["webhooks"]:
            return self._hooks(request, account)
        if path and path[0] in NOUNS:
            return self._nouns(request, account, path)
        return refusal(404, "Not Found", "no such address")

    def _nouns(self, request: Request, account: KommoAccount, path: list[str]) -> Reply:
        noun, method = path[0], request.method
        if len(path) == 1 and method == "GET":
            return self._listed(request, account, noun)
        if len(path) == 1 and method in ("POST", "PATCH"):
            return self._many(account, noun, _body(request), method == "POST")
        if len(path) >= 2 and path[1].isdecimal():
            found = getattr(self._shelf.of(account.id), noun).get(int(path[1]))
            if found is None:
                return Reply(204) if method == "GET" and len(path) == 2 else refusal(404, "Not Found", "Entity not found")
            if len(path) == 2 and method == "GET":
                return json_reply(found)
            if len(path) == 2 and method == "PATCH":
                given = _body(request)
                self._check(noun, [given])
                return json_reply(self.change(account, noun, found, given))
            if path[2:] == ["notes"]:
                return self._notes(request, account, noun, found)
        return refusal(404, "Not Found", "no such address")

    def _listed(self, request: Request, account: KommoAccount, noun: str) -> Reply:
        params = request.params()
        limit, page = int(params.get("limit", "50")), int(params.get("page", "1"))
        if limit > MOST:
            return refusal(422, "Unprocessable Entity", "limit is at most 250")
        found = [one for one in getattr(self._shelf.of(account.id), noun).values() if not one.get("is_deleted")]
        if query := params.get("query", ""):
            found = [one for one in found if shelf.matches(one, query)]
        shown = found[(page - 1) * limit : page * limit]
        if not shown:
            return Reply(204)
        return json_reply({"_page": page, "_embedded": {noun: shown}})

    def _check(self, noun: str, items: list[Any]) -> None:
        """One bad item refuses all of them. Raises Refused."""
        wrong = []
        for item in items:
            errors = []
            if not isinstance(item, dict):
                errors.append({"code": "InvalidType", "path": "", "detail": "This value should be an object."})
                item = {}
            if "name" in item and not isinstance(item["name"], str):
                errors.append({"code": "InvalidType", "path": "name", "detail": "This value should be of type string."})
            status = item.get("status_id")
            if noun == "leads" and status is not None and (item.get("pipeline_id", FIRST[0]), status) not in STATUSES:
                errors.append(
                    {"code": "NotSupportedChoice", "path": "status_id", "detail": "The value you selected is not a valid choice."}
                )
            for place, field in enumerate(item.get("custom_fields_values") or []):
                if not isinstance(field, dict) or field.get("field_code") not in ("PHONE", "EMAIL"):
                    path = f"custom_fields_values.{place}.field_id"
                    errors.append(
                        {"code": "NotSupportedChoice", "path": path, "detail": "The value you selected is not a valid choice."}
                    )
            if errors:
                wrong.append({"request_id": str(item.get("request_id", "0")), "errors": errors})
        if wrong:
            more = {"validation-errors": wrong}
            raise Refused(refusal(400, "Bad Request", "Request validation failed", **more))

    def _many(self, account: KommoAccount, noun: str, items: Any, fresh: bool) -> Reply:
        if not isinstance(items, list) or not 0 < len(items) <= MOST:
            return refusal(400, "Bad Request", "Request validation failed")
        self._check(noun, items)
        known = getattr(self._shelf.of(account.id), noun)
        made = []
        for item in items:
            if not fresh and item.get("id") not in known:
                return refusal(404, "Not Found", "Entity not found")
            entity = self.make(account, noun, item) if fresh else self.change(account, noun, known[item["id"]], item)
            made.append({"id": entity["id"], "request_id": item.get("request_id"), "is_deleted": False})
        return json_reply({"_embedded": {noun: made}})

    def make(self, account: KommoAccount, noun: str, item: Entity) -> Entity:
        """A new contact or lead, of which the account's webhooks tell."""
        given = {key: value for key, value in item.items() if key != "request_id"}
        entity = {"id": self._shelf.next_id(account.id), "name": "", **given, **shelf.stamp(), "is_deleted": False}
        if noun == "leads":
            entity.setdefault("pipeline_id", FIRST[0])
            entity.setdefault("status_id", FIRST[1])
            entity.setdefault("price", 0)
        self._shelf.keep(account.id, noun, entity)
        self._teller.tell(account, noun, "add", entity)
        return entity

    def change(self, account: KommoAccount, noun: str, entity: Entity, given: Entity) -> Entity:
        """Lists of a field are replaced by what is written; fields that are not named stay."""
        before = dict(entity)
        named = {field["field_code"] for field in given.get("custom_fields_values") or []}
        kept = [one for one in entity.get("custom_fields_values") or [] if one.get("field_code") not in named]
        after = {
            **entity,
            **{key: value for key, value in given.items() if key not in ("id", "request_id")},
            "updated_at": int(time.time()),
        }
        if named:
            after["custom_fields_values"] = [*kept, *given["custom_fields_values"]]
        self._shelf.keep(account.id, noun, after)
        moved = noun == "leads" and before.get("status_id") != after.get("status_id")
        if moved:
            self._teller.tell(account, noun, "status", {**after, "old_status_id": before.get("status_id")})
        self._teller.tell(account, noun, "update", after)
        return after

    def _notes(self, request: Request, account: KommoAccount, noun: str, entity: Entity) -> Reply:
        books = self._shelf.of(account.id)
        if request.method == "GET":
            found = [one for one in books.notes.values() if (one["noun"], one["entity_id"]) == (noun, entity["id"])]
            if request.params().get("order[id]") == "desc":
                found = found[::-1]
            return json_reply({"_embedded": {"notes": found[:MOST]}}) if found else Reply(204)
        items = _body(request)
        if request.method != "POST" or not isinstance(items, list):
            return refusal(400, "Bad Request", "Request validation failed")
        made = []
        for item in items:
            if not isinstance(item, dict) or item.get("note_type") not in ("common", "service_message", "call_in", "call_out"):
                return refusal(400, "Bad Request", "Request validation failed")
            note = {"id": self._shelf.next_id(account.id), "noun": noun, "entity_id": entity["id"], **shelf.stamp()}
            note |= {"note_type": item["note_type"], "params": item.get("params") or {}}
            self._shelf.keep(account.id, "notes", note)
            made.append({"id": note["id"], "entity_id": entity["id"], "request_id": item.get("request_id")})
        return json_reply({"_embedded": {"notes": made}})

    def _hooks(self, request: Request, account: KommoAccount) -> Reply:
        hooks = self._shelf.of(account.id).hooks
        if request.method == "GET":
            wanted = request.params().get("filter[destination]")
            found = [one for one in hooks.values() if wanted in (None, one.destination)]
            return json_reply({"_embedded": {"webhooks": found}}) if found else Reply(204)
        given = _body(request)
        if not isinstance(given, dict) or not isinstance(given.get("destination"), str):
            return refusal(400, "Bad Request", "Request validation failed")
        for one in [one for one in hooks.values() if one.destination == given["destination"]]:
            self._shelf.drop(account.id, "hooks", one.id)
        if request.method == "DELETE":
            return Reply(204)
        hook = Hook(self._shelf.next_id(account.id), given["destination"], [str(one) for one in given.get("settings") or []])
        self._shelf.keep(account.id, "hooks", hook)
        return json_reply(hook, 201)


def _body(request: Request) -> Any:
    """Raises Refused."""
    try:
        return msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(refusal(400, "Bad Request", "no JSON")) from None
