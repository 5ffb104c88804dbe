"""The sandbox's own API, /sandbox/…: accounts, behaviour, ledger, and acting as a customer. Not part of any vendor's API.

Errors are `{"error": {"message": …}}` with 400, 404 or 409.
"""

from typing import Any, Final

import msgspec

from workers.sandbox.accounts import Account, Accounts, Taken
from workers.sandbox.behaviour import Behaviour
from workers.sandbox.deliveries import Deliveries
from workers.sandbox.inbound import Inbound
from workers.sandbox.ledger import Entry, Ledger
from workers.sandbox.mail.smtp import Mail
from workers.sandbox.server import Reply, Request, json_reply, problem
from workers.sandbox.store import Store
from workers.sandbox.vendor import Action, Answer, Incoming, Vendors
from workers.sandbox.webhooks import Webhooks

_THREAD: Final = "SELECT number, sender, text, provider_id, at FROM inbound WHERE account = ? AND (? = '' OR sender = ?) "


class ToContact(msgspec.Struct):
    """`to_contact`: the customer's phone, with or without +. `kind`: what they send, `target`: the message it is about: when left out
    the last one of ours, of an edit or a revocation the last one of theirs. `option`: the id of its button or row that they chose, of which
    `text` is the title and `description` the line under it. `group`: where they write it, instead of to the business alone: its name or id."""

    to_contact: str
    text: str = ""
    number_id: str = ""
    bsuid_only: bool = False
    stop: bool = True
    kind: str = "text"
    target: str | None = None
    option: str = ""
    description: str = ""
    group: str = ""


class Control:
    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        ledger: Ledger,
        inbound: Inbound,
        deliveries: Deliveries,
        webhooks: Webhooks,
        mail: Mail,
        vendors: Vendors,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._ledger = ledger
        self._inbound = inbound
        self._deliveries = deliveries
        self._webhooks = webhooks
        self._mail = mail
        self._vendors = vendors
        self._actions: dict[str, Action] = {
            "PUT behaviour": self._set_behaviour,
            "GET behaviour": lambda account, _: json_reply(account.behaviour),
            "POST reply": self._reply,
            "POST opt-out": self._opt_out,
            "GET thread": self._thread,
        }

    def handle(self, request: Request, path: list[str]) -> Answer:
        """`path`: the parts after /sandbox."""
        try:
            return self._route(request, path)
        except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
            return problem(400, str(error))
        except Taken as error:
            return problem(409, str(error))

    def _route(self, request: Request, path: list[str]) -> Answer:
        where = f"{request.method} {'/'.join(path)}"
        if where == "GET ledger":
            return self._list(request)
        if where == "GET ledger/summary":
            return self._summary(request)
        if where == "GET mails":
            return self._mail.as_json(request)
        if where == "POST reset":
            return self._reset(request)
        if where == "GET accounts":
            return json_reply({"data": [self._view(account) for account in self._accounts.by_id.values()]})
        if where == "POST accounts":
            return json_reply(self._view(self._accounts.upsert(msgspec.json.decode(request.body, type=dict[str, Any]))), 201)
        if len(path) in (2, 3) and path[0] == "accounts":
            account = self._accounts.by_id.get(path[1])
            if account is None:
                return problem(404, f"no account {path[1]}")
            return self._account(request, account, path[2] if len(path) == 3 else "")
        return problem(404, "no such address")

    def _account(self, request: Request, account: Account, verb: str) -> Answer:
        if verb:
            name = f"{request.method} {verb}"
            action = self._actions.get(name) or self._vendors[account.kind].actions.get(name)
            return action(account, request) if action else problem(404, "no such address")
        if request.method == "PUT":
            given = msgspec.json.decode(request.body, type=dict[str, Any])
            account = self._accounts.upsert({**given, "id": account.id, "kind": account.kind})
        elif request.method == "DELETE":
            self._forget(account)
            return Reply(204)
        return json_reply(self._view(account))

    def _set_behaviour(self, account: Account, request: Request) -> Reply:
        given = msgspec.json.decode(request.body, type=dict[str, Any])
        account.behaviour = msgspec.convert({**msgspec.to_builtins(account.behaviour), **given}, Behaviour)
        self._accounts.keep(account)
        return json_reply(account.behaviour)

    def _person(self, account: Account, given: ToContact) -> str:
        digits = "".join(c for c in given.to_contact if c.isdigit())
        if not 7 <= len(digits) <= 15:
            raise msgspec.ValidationError("to_contact is not a phone number")
        return self._vendors[account.kind].person(digits)

    def _reply(self, account: Account, request: Request) -> Answer:
        """The customer writes to the business, in whatever kind."""
        given = msgspec.json.decode(request.body, type=ToContact)
        kinds = self._vendors[account.kind].kinds
        if given.kind not in kinds:
            raise msgspec.ValidationError(f"kind is one of {', '.join(sorted(kinds))}")
        if given.group and not self._vendors[account.kind].has_groups:
            raise msgspec.ValidationError("there are no groups here")
        if given.kind == "text" and not given.text:
            raise msgspec.ValidationError("text is empty")
        return self._receive(account, self._person(account, given), given)

    async def _receive(self, account: Account, phone: str, given: ToContact) -> Reply:
        target = given.target
        if target is None and given.kind in ("edit", "revoke"):
            target = await self._inbound.last(account.id, phone)
        elif target is None and given.kind != "text":
            last = await self._ledger.entries({"account = ?": account.id, "recipient = ?": phone}, 1, newest_first=True)
            target = self._shown(last[0]).provider_id if last else await self._inbound.last(account.id, phone)
        said = Incoming(given.text, given.number_id, given.bsuid_only, kind=given.kind, target=target)
        incoming = msgspec.structs.replace(said, option=given.option, description=given.description, group=given.group)
        try:
            return json_reply({"id": self._inbound.receive(account, phone, incoming)}, 201)
        except msgspec.ValidationError as error:
            return problem(400, str(error))

    def _opt_out(self, account: Account, request: Request) -> Reply:
        """Meta: marketing switched off in WhatsApp (`stop` false: on again). Twilio: STOP or START."""
        given = msgspec.json.decode(request.body, type=ToContact)
        self._vendors[account.kind].opt_out(account, self._person(account, given), given.stop)
        return json_reply({"success": True})

    async def _thread(self, account: Account, request: Request) -> Reply:
        """Both directions with one person (`contact`) or with everyone, newest last. Of one person also which of their messages the
        business read, and whether it writes to them (`typing`)."""
        params = request.params()
        contact = params.get("contact", "")
        if contact:
            contact = self._person(account, ToContact(contact))
        limit = _limit(params, 50)
        where: dict[str, Any] = {"account = ?": account.id} | ({"recipient = ?": contact} if contact else {})
        sent = [self._shown(entry) for entry in await self._ledger.entries(where, limit, newest_first=True)]
        rows = await self._store.query(_THREAD + "ORDER BY number DESC LIMIT ?", (account.id, contact, contact, limit))
        lines: list[dict[str, Any]] = [
            {"direction": "out", "at": e.accepted_at, "contact": e.recipient, "text": e.preview, "status": e.status}
            | {"id": e.provider_id, "error": e.error}
            for e in sent
        ]
        read, typing = await self._inbound.shown(account.id, contact) if contact else (0, False)
        lines += [
            {"direction": "in", "at": at, "contact": who, "text": text, "id": i} | ({"read": number <= read} if contact else {})
            for number, who, text, i, at in rows
        ]
        return json_reply({"data": sorted(lines, key=lambda line: line["at"])[-limit:], "typing": typing})

    # ledger
    async def _list(self, request: Request) -> Reply:
        """`since`: number after which to go on (exclusive); `order=desc` gives the newest first."""
        params = request.params()
        where: dict[str, Any] = {}
        for name in ("channel", "account", "recipient", "correlation", "status"):
            if name in params:
                where[f"{name} = ?"] = params[name]
        newest = params.get("order") == "desc"
        since = params.get("since", "0")
        if since.isdecimal() and int(since):
            where["number < ?" if newest else "number > ?"] = int(since)
        limit = _limit(params, 1000)
        entries = [self._shown(entry) for entry in await self._ledger.entries(where, limit, newest)]
        following = entries[-1].number if len(entries) == limit else None
        return json_reply({"data": entries, "next": following})

    def _shown(self, entry: Entry) -> Entry:
        self._vendors[entry.channel].describe(entry)
        return entry

    def _view(self, account: Account) -> dict[str, Any]:
        return self._vendors[account.kind].view(account)

    def _forget(self, account: Account) -> None:
        self._accounts.forget(account)
        self._vendors[account.kind].forget(account)

    async def _summary(self, request: Request) -> Reply:
        params = request.params()
        summary = await self._ledger.summary(params.get("account", ""), params.get("channel", ""))
        summary |= {"in_flight": self._deliveries.in_flight, "pending_webhooks": self._webhooks.waiting}
        return json_reply(summary | {"webhooks_posted": self._webhooks.posted})

    async def _reset(self, request: Request) -> Reply:
        """Forgets messages, waiting webhooks and counters; with {"accounts": true} the accounts too."""
        given = msgspec.json.decode(request.body, type=dict[str, Any]) if request.body else {}
        self._deliveries.clear()
        self._webhooks.forget()
        for vendor in self._vendors.values():
            vendor.clear()
        await self._ledger.reset()
        if given.get("accounts"):
            for account in list(self._accounts.by_id.values()):
                self._forget(account)
        return json_reply({"success": True})


def _limit(params: dict[str, str], usual: int) -> int:
    text = params.get("limit", "")
    return min(max(int(text), 1), 10_000) if text.isdecimal() else usual
