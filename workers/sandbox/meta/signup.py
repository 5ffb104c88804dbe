"""Embedded Signup as the sandbox plays it: the script that opens the window, the window, and the exchange of its code.

The window is a page of this server in which a person chooses how it ends; what it tells the page that opened it has the form of
Meta's own messages.
"""

import secrets
import time
from pathlib import Path
from typing import Final

import msgspec

from workers.sandbox.accounts import UNNAMED, Accounts
from workers.sandbox.meta.account import MetaAccount
from workers.sandbox.meta.errors import fail
from workers.sandbox.server import Reply, Request, json_reply, problem

CODE_SECONDS: Final = 60.0  # Meta: 30
_HERE: Final = Path(__file__).parent
_PAGE: Final = b"content-security-policy: default-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"


class Choice(msgspec.Struct, forbid_unknown_fields=True):
    """How the window ends. `business` is the name of the person's company."""

    client_id: str
    business: str = "Empresa"
    outcome: str = "finish"


class Signup:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._codes: dict[str, tuple[str, MetaAccount, float]] = {}

    def handle(self, request: Request, path: list[str]) -> Reply:
        """`path`: the parts after /connect."""
        where = f"{request.method} {'/'.join(path)}"
        if where == "GET sdk.js":
            return Reply(200, (_HERE / "signup_sdk.js").read_bytes(), b"text/javascript; charset=utf-8")
        if where == "GET window.js":
            return Reply(200, (_HERE / "signup_window.js").read_bytes(), b"text/javascript; charset=utf-8")
        if where == "GET window":
            return Reply(200, (_HERE / "signup_window.html").read_bytes(), b"text/html; charset=utf-8", _PAGE)
        if where == "POST finish":
            return self._finish(request)
        return problem(404, "no such address")

    def _finish(self, request: Request) -> Reply:
        """What the window then tells: a code and the ids of what was chosen."""
        try:
            choice = msgspec.json.decode(request.body, type=Choice)
        except msgspec.MsgspecError as error:
            return problem(400, str(error))
        account = self._accounts.upsert(
            {
                "kind": "meta",
                "id": UNNAMED + secrets.token_hex(6),
                "company": choice.business[:80] or "Empresa",
                "tier": "TIER_10K",
            }
        )
        assert isinstance(account, MetaAccount)
        number = account.numbers[0]
        number.registered = False
        if choice.outcome == "pin":
            number.pin = "000000"
        if choice.outcome == "no_permission":
            account.behaviour = msgspec.structs.replace(account.behaviour, access="no_permission")
        self._accounts.keep(account)
        code = secrets.token_urlsafe(48)
        self._codes[code] = choice.client_id, account, time.time() + (-1 if choice.outcome == "expired" else CODE_SECONDS)
        told = {"phone_number_id": number.phone_number_id, "waba_id": account.waba_id, "business_id": account.business_id}
        return json_reply({"code": code, "data": told})

    def exchange(self, request: Request) -> Reply:
        """GET /{version}/oauth/access_token."""
        params = request.params()
        client_id, account, until = self._codes.pop(params.get("code", ""), ("", None, 0.0))
        if account is None:
            return fail(100, message="This authorization code has been used.", subcode=36009)
        if until < time.time():
            return fail(100, message="This authorization code has expired.", subcode=36007)
        if params.get("client_id") != client_id:
            return fail(101, message="Error validating application. Cannot get application info due to a system error.")
        return json_reply({"access_token": account.token, "token_type": "bearer"})
