"""Twilio's REST API under /2010-04-01/Accounts/{AccountSid}: messages, the account, its number.

Accepted messages wait in the sender's queue, which releases them at the number's segments per second. Errors carry
Twilio's envelope (contracts: Twilio, section 3).
"""

import base64
import binascii
import random
import re
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.behaviour import BEYOND, IMPOSSIBLE, Fault, down, draw_fault
from workers.sandbox.deliveries import Deliveries
from workers.sandbox.inbound import Inbound
from workers.sandbox.ledger import Entry, Flight, Ledger
from workers.sandbox.people import is_landline
from workers.sandbox.server import Reply, Request, json_reply
from workers.sandbox.twilio import media
from workers.sandbox.twilio.account import TwilioAccount
from workers.sandbox.twilio.errors import CUT, fail
from workers.sandbox.twilio.ids import make_sid, number_of
from workers.sandbox.twilio.limits import Limits
from workers.sandbox.twilio.segments import count_segments
from workers.sandbox.twilio.trunks import Trunks, number_view

E164: Final = re.compile(r"\+[1-9]\d{6,14}")
# Twilio's own test numbers
MAGIC_TO: Final = {
    "+15005550001": 21211, "+15005550002": 21612, "+15005550003": 21408, "+15005550004": 21610, "+15005550009": 21614,
}  # fmt: skip
MAGIC_FROM: Final = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
GONE: Final = b'{"Deleted":true}'
"""Content of a message that was deleted: the ledger still proves that it was accepted."""


def rfc2822(at: float | None) -> str | None:
    return None if at is None else format_datetime(datetime.fromtimestamp(int(at), UTC))


class Rest:
    def __init__(
        self, accounts: Accounts, ledger: Ledger, limits: Limits, inbound: Inbound, deliveries: Deliveries, seed: int
    ) -> None:
        self._accounts = accounts
        self._ledger = ledger
        self._limits = limits
        self._inbound = inbound
        self._deliveries = deliveries
        self._trunks = Trunks(accounts, seed)
        self._dice = random.Random(seed + 3)
        self._queued: dict[int, Flight] = {}
        self._prefixes: dict[str, str] = {}

    def handle(self, request: Request, path: list[str]) -> Reply | Awaitable[Reply]:
        """`path`: the parts after /2010-04-01/Accounts, for example ["AC…", "Messages.json"]."""
        account = self._caller(request, path[0].removesuffix(".json"))
        if isinstance(account, Reply):
            return account
        if gone := down(account.behaviour, fail(20500)):
            return gone
        rest = "/".join(path[1:])
        if rest == "Messages.json":
            return self._send(account, request) if request.method == "POST" else self._list(account, request)
        if path[1:2] == ["Messages"] and path[3:4] == ["Media"] and len(path) == 5 and request.method == "GET":
            return media.redirect(path[4]) or fail(20404, request.path)
        if rest.startswith("Messages/") and rest.endswith(".json"):
            return self._message(account, request, rest[9:-5])
        if request.method == "GET" and not rest:
            return json_reply(_account_view(account))
        if request.method == "GET" and rest == "IncomingPhoneNumbers.json":
            return self._numbers(account, request)
        parts = [*path[1:-1], path[-1].removesuffix(".json")]
        if (answered := self._trunks.numbers(account, request, parts)) is not None:
            return answered
        if rest == f"IncomingPhoneNumbers/{account.phone_sid}.json":
            if request.method == "POST":
                account.inbound_url = dict(request.form()).get("SmsUrl", account.inbound_url)
                self._accounts.keep(account)
            return json_reply(_number_view(account))
        return fail(20404, request.path)

    def beside(self, request: Request, path: list[str]) -> Reply:
        """The hosts beside the API of 2010. `path`: trunking or pricing, v1, and what follows."""
        account = self._caller(request, None)
        if isinstance(account, Reply):
            return account
        if gone := down(account.behaviour, fail(20500)):
            return gone
        return self._trunks.prices(path[2:]) if path[0] == "pricing" else self._trunks.trunking(account, request, path[2:])

    def _caller(self, request: Request, sid: str | None) -> TwilioAccount | Reply:
        scheme, _, given = request.header(b"authorization").partition(" ")
        try:
            user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return fail(20003)
        account = self._accounts.find(TwilioAccount, "sid", user)
        if scheme.lower() != "basic" or account is None or account.auth_token != password:
            return fail(20003)
        if account.behaviour.access != "valid":
            return fail(20003)
        return account if sid in (None, user) else fail(20404, request.path)

    # send
    def _send(self, account: TwilioAccount, request: Request) -> Reply:
        fault = draw_fault(account.behaviour, self._dice)
        if fault.before == "reset":
            return CUT
        latency = account.behaviour.latency(self._dice)
        if fault.before == "429":
            reply = fail(20429)
        elif fault.before == "5xx":
            reply = fail(20500)
        elif fault.before == "poison":
            reply = fail(self._dice.choice([21211, BEYOND]), "poisoned\0")
        else:
            reply, latency = self._handle(account, request, fault, latency)
        if not reply.cut:
            reply.delay = latency
        return reply

    def _handle(self, account: TwilioAccount, request: Request, fault: Fault, latency: float) -> tuple[Reply, float]:
        fields = dict(request.form())
        problem = self._problem(account, fields)
        if problem is not None:
            return problem, latency
        disorder = account.behaviour.disorder_share
        early = not fault.after and disorder > 0 and self._dice.random() < disorder
        reply = self._accept(account, request, fields, early)
        if reply.status == 201:
            if fault.after == "drop":
                return CUT, 0
            if fault.after == "5xx":
                reply = fail(20500)
            elif fault.after == "poison":
                reply = json_reply({"sid": self._dice.choice(IMPOSSIBLE)}, 201)
            elif fault.after == "hang":
                latency = account.behaviour.hang_seconds
        return reply, latency + 0.3 if early else latency

    def _problem(self, account: TwilioAccount, fields: dict[str, str]) -> Reply | None:
        """The first reason to refuse, in the order in which Twilio looks."""
        if account.behaviour.refuse_code:
            return fail(account.behaviour.refuse_code)
        return (
            _wrong_address(fields.get("To", ""))
            or _wrong_sender(account, fields.get("From", ""), fields.get("MessagingServiceSid", ""))
            or _wrong_content(fields)
            or self._unreachable(account, fields["To"])
        )

    def _unreachable(self, account: TwilioAccount, to: str) -> Reply | None:
        if account.geo and not to.startswith(tuple(account.geo)):
            return fail(21408, to)
        if is_landline(to[1:]):
            return fail(21614, to)
        return fail(21610) if self._inbound.stopped(account.id, to) else None

    def _accept(self, account: TwilioAccount, request: Request, fields: dict[str, str], early: bool) -> Reply:
        now = time.time()
        segments = count_segments(fields.get("Body", "")) or 1
        at = self._limits.queue(account, segments, now)
        if at is None:
            return fail(21611)
        prefix, slash, tag = fields.get("StatusCallback", "").rpartition("/")
        # all messages of one sender share the prefix: one string instead of a million
        if len(self._prefixes) > 1000:
            self._prefixes.clear()
        prefix = self._prefixes.setdefault(prefix + slash, prefix + slash)
        to = fields["To"]
        flight = Flight(0, "twilio", account.id, account.phone_number, to, to, tag, prefix, "sms", "queued")
        content = msgspec.json.encode({k: fields[k] for k in ("Body", "MediaUrl", "ContentSid") if k in fields})
        number = self._ledger.accept(flight, content, request.body, segments)
        self._deliveries.depart(flight, account, at, early)
        if at > now + 1:
            self._queued[number] = flight
            if len(self._queued) > 10_000:
                self._queued = {n: f for n, f in self._queued.items() if f.stage == "queued"}
        by_service = bool(fields.get("MessagingServiceSid"))
        view = self._view(account, number, to, fields.get("Body", ""), segments, now, "queued", None, now)
        if by_service:
            view |= {"messaging_service_sid": account.messaging_service_sid, "status": "accepted", "num_segments": "0"}
            view["from"] = fields.get("From") or None
        return json_reply(view, 201)

    # read
    def _view(
        self,
        account: TwilioAccount,
        number: int,
        to: str,
        body: str,
        segments: int,
        created: float,
        status: str,
        error: int | None,
        updated: float,
    ) -> dict[str, Any]:
        sid = make_sid(self._inbound.salt, number)
        uri = f"/2010-04-01/Accounts/{account.account_sid}/Messages/{sid}"
        gone = status in ("sent", "delivered", "undelivered")
        return {
            "sid": sid,
            "account_sid": account.account_sid,
            "api_version": "2010-04-01",
            "status": status,
            "direction": "outbound-api",
            "from": account.phone_number,
            "to": to,
            "body": body,
            "num_segments": str(segments),
            "num_media": "0",
            "messaging_service_sid": None,
            "price": f"-{0.05 * segments:.5f}" if gone else None,
            "price_unit": "USD",
            "error_code": error,
            "error_message": None,
            "date_created": rfc2822(created),
            "date_sent": rfc2822(updated) if gone else None,
            "date_updated": rfc2822(updated),
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }

    def _entry_view(self, account: TwilioAccount, entry: Entry) -> dict[str, Any]:
        body = msgspec.json.decode(entry.content).get("Body", "")
        return self._view(
            account,
            entry.number,
            entry.recipient,
            body,
            entry.segments,
            entry.accepted_at,
            entry.status,
            entry.error,
            entry.updated_at,
        )

    async def _list(self, account: TwilioAccount, request: Request) -> Reply:
        """GET Messages.json, newest first. DateSent takes YYYY-MM-DD or a full ISO time; `DateSent>` and `DateSent<` too."""
        params = request.params()
        where: dict[str, Any] = {"account = ?": account.id, "content <> ?": GONE}
        if to := params.get("To"):
            where["recipient = ?"] = to
        if sender := params.get("From"):
            where["sender = ?"] = sender
        for name, sql in (("DateSent>", "accepted_at >= ?"), ("DateSent<", "accepted_at < ?"), ("DateSent", "")):
            if text := params.get(name):
                try:
                    at = datetime.fromisoformat(text)
                except ValueError:
                    return fail(20001, f"{name} is not a date")
                at = at if at.tzinfo else at.replace(tzinfo=UTC)
                if sql:
                    where[sql] = at.timestamp() + (86_400 if name == "DateSent<" and len(text) == 10 else 0)
                else:
                    where |= {"accepted_at >= ?": at.timestamp(), "accepted_at < ?": at.timestamp() + 86_400}
        size, page = params.get("PageSize", "50"), params.get("Page", "0")
        before = params.get("PageToken", "").removeprefix("PA")
        if not size.isdecimal() or not page.isdecimal() or (before and not before.isdecimal()):
            return fail(20001, "paging parameters must be numbers")
        if before:
            where["number < ?"] = int(before)
        limit = min(max(int(size), 1), 1000)
        entries = await self._ledger.entries(where, limit + 1, newest_first=True)
        shown, more = entries[:limit], len(entries) > limit
        uri = f"/2010-04-01/Accounts/{account.account_sid}/Messages.json"
        following = {**params, "PageSize": limit, "Page": int(page) + 1, "PageToken": f"PA{shown[-1].number}" if more else ""}
        return json_reply(
            {
                "messages": [self._entry_view(account, entry) for entry in shown],
                "page": int(page),
                "page_size": limit,
                "first_page_uri": f"{uri}?PageSize={limit}&Page=0",
                "next_page_uri": f"{uri}?{urlencode(following)}" if more else None,
                "previous_page_uri": None,
                "uri": f"{uri}?{request.query}",
            }
        )

    async def _message(self, account: TwilioAccount, request: Request, sid: str) -> Reply:
        entry = await self._ledger.entry(number_of(self._inbound.salt, sid))
        if entry is None or entry.account != account.id or bytes(entry.content) == GONE:
            return fail(20404, request.path)
        if request.method == "GET":
            return json_reply(self._entry_view(account, entry))
        if request.method == "POST" and dict(request.form()).get("Status") == "canceled":
            flight = self._queued.get(entry.number)
            if flight is None or flight.stage != "queued":
                return fail(30409)
            flight.stage = "canceled"
            self._ledger.set_status(entry.number, "canceled", None, True)
            entry.status = "canceled"
            return json_reply(self._entry_view(account, entry))
        if entry.status in ("queued", "accepted", "sending") and request.method in ("POST", "DELETE"):
            return fail(20009)
        if request.method == "POST" and dict(request.form()).get("Body") == "":
            self._ledger.redact(entry.number, b'{"Body":""}')
            entry.content = msgspec.Raw(b'{"Body":""}')
            return json_reply(self._entry_view(account, entry))
        if request.method == "DELETE":
            self._ledger.redact(entry.number, GONE)
            return Reply(204)
        return fail(20404, request.path)

    def _numbers(self, account: TwilioAccount, request: Request) -> Reply:
        wanted = request.params().get("PhoneNumber", "").strip()
        numbers = [_number_view(account)] if account.phone_number and wanted in ("", account.phone_number) else []
        numbers += [number_view(account, number) for number in account.bought if wanted in ("", number)]
        page = {"page": 0, "page_size": 50, "next_page_uri": None, "previous_page_uri": None}
        return json_reply({"incoming_phone_numbers": numbers, **page})


def _wrong_address(to: str) -> Reply | None:
    if not to:
        return fail(21604)
    if to in MAGIC_TO:
        return fail(MAGIC_TO[to], to)
    return None if E164.fullmatch(to) else fail(21211, to[:40])


def _wrong_sender(account: TwilioAccount, sender: str, service: str) -> Reply | None:
    if sender in MAGIC_FROM:
        return fail(MAGIC_FROM[sender], sender)
    if not sender and not service:
        return fail(21603)
    if service and service != account.messaging_service_sid:
        return fail(21703, service[:40])
    if sender and not E164.fullmatch(sender):
        return fail(21212, sender[:40])
    return fail(21606, sender) if sender and sender != account.phone_number else None


def _wrong_content(fields: dict[str, str]) -> Reply | None:
    body, callback = fields.get("Body", ""), fields.get("StatusCallback", "")
    if not body and not fields.get("MediaUrl") and not fields.get("ContentSid"):
        return fail(21602)
    if len(body) > 1600:
        return fail(21617)
    return fail(21609, callback[:80]) if callback and not callback.startswith(("http://", "https://")) else None


def _account_view(account: TwilioAccount) -> dict[str, Any]:
    return {
        "sid": account.account_sid,
        "friendly_name": account.company,
        "status": "active",
        "type": "Full",
        "owner_account_sid": account.account_sid,
        "date_created": "Thu, 09 Oct 2025 08:53:20 +0000",
        "uri": f"/2010-04-01/Accounts/{account.account_sid}.json",
    }


def _number_view(account: TwilioAccount) -> dict[str, Any]:
    return {
        "sid": account.phone_sid,
        "account_sid": account.account_sid,
        "phone_number": account.phone_number,
        "friendly_name": account.phone_number,
        "capabilities": {"voice": False, "sms": True, "mms": False, "fax": False},
        "sms_url": account.inbound_url,
        "sms_method": "POST",
        "status": "in-use",
        "trunk_sid": None,
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{account.account_sid}/IncomingPhoneNumbers/{account.phone_sid}.json",
    }
