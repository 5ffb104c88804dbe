"""Numbers of an account: its own one, and those of a trunk that were imported. An import may be lost like a call.

Source: retell-sdk 6.2.13, phone_number_import_params.py and phone_number_response.py.
"""

import random
from typing import Any

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.behaviour import draw_fault
from workers.sandbox.retell.account import Imported, RetellAccount
from workers.sandbox.retell.errors import CUT, fail, missing
from workers.sandbox.server import Reply, Request, json_reply
from workers.sandbox.twilio.trunks import carries


class Numbers:
    def __init__(self, accounts: Accounts, seed: int) -> None:
        self._accounts = accounts
        self._dice = random.Random(seed + 13)

    def handle(self, account: RetellAccount, request: Request, path: list[str]) -> Reply:
        """`path`: the parts after /retell."""
        match request.method, path:
            case "GET", ["v2", "list-phone-numbers"]:
                return json_reply({"items": [_number(account, one) for one in _all(account)], "has_more": False})
            case "GET", ["get-phone-number", number]:
                return json_reply(_number(account, number)) if number in _all(account) else missing(number, "phone-number")
            case "POST", ["import-phone-number"]:
                return self._import(account, request)
            case "DELETE", ["delete-phone-number", number]:
                return self._delete(account, number)
        return fail(404)

    def carries(self, account: RetellAccount) -> bool:
        """Whether calls from the account's number leave: one of a trunk needs the trunk behind it."""
        known = account.imported.get(account.phone_number)
        number = account.phone_number
        return known is None or carries(self._accounts, known.termination_uri, number, known.username, known.password)

    def _import(self, account: RetellAccount, request: Request) -> Reply:
        fault = draw_fault(account.behaviour, self._dice)
        if fault.before == "reset":
            return CUT
        if fault.before in ("429", "5xx"):
            return fail(429 if fault.before == "429" else 500)
        if account.behaviour.refuse_code:
            return fail(account.behaviour.refuse_code)
        try:
            asked = msgspec.json.decode(request.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return fail(400, "not JSON")
        number, uri = asked.get("phone_number"), asked.get("termination_uri")
        if not isinstance(number, str) or not isinstance(uri, str) or not uri:
            return fail(400, "phone_number and termination_uri are required")
        if number in _all(account):
            return fail(400, "The phone number exists already")
        speaks = [one.get("agent_id") for one in asked.get("outbound_agents") or []]
        if any(agent not in {account.agent_id, *account.other_agents} for agent in speaks):
            return missing(str(speaks[0]), "agent")
        account.imported[number] = Imported(
            termination_uri=uri,
            username=asked.get("sip_trunk_auth_username") or "",
            password=asked.get("sip_trunk_auth_password") or "",
            nickname=asked.get("nickname") or "",
            agent_id=speaks[0] if speaks else "",
        )
        account.phone_number = account.phone_number or number
        self._accounts.keep(account)
        reply = json_reply(_number(account, number), 201)
        match fault.after:
            case "drop":
                return CUT
            case "5xx":
                return fail(500)
            case "hang":
                reply.delay = account.behaviour.hang_seconds
        return reply

    def _delete(self, account: RetellAccount, number: str) -> Reply:
        if number not in account.imported:
            return missing(number, "phone-number")
        del account.imported[number]
        if account.phone_number == number:
            account.phone_number = next(iter(account.imported), "")
        self._accounts.keep(account)
        return Reply(204)


def _all(account: RetellAccount) -> list[str]:
    return [one for one in dict.fromkeys([account.phone_number, *account.imported]) if one]


def _number(account: RetellAccount, number: str) -> dict[str, Any]:
    known = account.imported.get(number)
    agent = account.agent_id if known is None else known.agent_id
    agents = [{"agent_id": agent, "agent_version": account.agent_version, "weight": 1}] if agent else []
    shown = {
        "phone_number": number,
        "phone_number_type": "custom",
        "nickname": account.company if known is None else known.nickname,
        "inbound_agents": agents,
        "outbound_agents": agents,
        "last_modification_timestamp": 1760000000000,
    }
    if known is not None:
        shown["sip_outbound_trunk_config"] = {
            "termination_uri": known.termination_uri,
            "auth_username": known.username or None,
            "transport": "TCP",
        }
    return shown
