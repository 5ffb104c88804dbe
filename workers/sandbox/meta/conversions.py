"""The Conversions API of datasets: events of people who came by an ad that opens WhatsApp. Each name and id counts once, as at Meta within 48 hours; a
dataset is there as soon as somebody names it. GET shows what counted, which the real API does not."""

import json
import secrets
import time
from typing import Any, Final

from workers.sandbox.meta.account import MetaAccount
from workers.sandbox.meta.errors import fail
from workers.sandbox.server import Reply, Request, json_reply

NAMES: Final = ("LeadSubmitted", "Purchase", "AddToCart", "InitiateCheckout", "ViewContent")
OLDEST: Final = 7 * 86400
KEEP: Final = 10_000


class Events:
    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, str, str], dict[str, Any]] = {}  # by account, dataset, name and id

    def take(self, account: MetaAccount, dataset: str, request: Request) -> Reply:
        if request.method == "GET":
            found = [one for key, one in self._counted.items() if key[:2] == (account.id, dataset)]
            return json_reply({"data": found})
        if request.method != "POST":
            return fail(100, "Unsupported request.")
        try:
            given = json.loads(request.body)["data"]
            assert isinstance(given, list)
        except (ValueError, KeyError, TypeError, AssertionError):
            return fail(100, "Param data must be an array.")
        for one in given:
            if wrong := _wrong(account, one):
                return fail(100, wrong)
        for one in given:
            key = (account.id, dataset, one["event_name"], str(one.get("event_id") or secrets.token_hex(8)))
            self._counted.setdefault(key, {**one, "told": 0})["told"] += 1
        while len(self._counted) > KEEP:
            del self._counted[next(iter(self._counted))]
        return json_reply({"events_received": len(given), "messages": [], "fbtrace_id": secrets.token_urlsafe(12)})


def _wrong(account: MetaAccount, one: Any) -> str:
    """Why an event is refused; empty: it is taken."""
    if not isinstance(one, dict) or one.get("event_name") not in NAMES:
        return "Messaging Event Invalid Event Type"
    at = one.get("event_time")
    if not isinstance(at, int) or not time.time() - OLDEST <= at <= time.time() + 60:
        return "Event Timestamp Too Old"
    if (one.get("action_source"), one.get("messaging_channel")) != ("business_messaging", "whatsapp"):
        return "Param action_source must be business_messaging."
    user = one.get("user_data")
    if not isinstance(user, dict) or user.get("whatsapp_business_account_id") != account.waba_id or not user.get("ctwa_clid"):
        return "Messaging Event Missing User Data"
    worth = one.get("custom_data") or {}
    if worth and not (isinstance(worth.get("value"), int | float) and isinstance(worth.get("currency"), str)):
        return "Purchase events need a currency and a value."
    return ""
