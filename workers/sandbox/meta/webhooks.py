"""Meta's webhooks: changes of one account batched into an envelope, signed by `X-Hub-Signature-256` over the raw bytes."""

import asyncio
import hashlib
import hmac
import random
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from pyreqwest.exceptions import PyreqwestError

from workers.sandbox.accounts import Accounts
from workers.sandbox.meta.account import MetaAccount
from workers.sandbox.webhooks import Told, Webhooks


class Item(msgspec.Struct):
    """One thing to tell Meta's subscriber. `number_id` "" for changes of the WABA."""

    field: str
    number_id: str
    key: str
    value: Any
    contact: dict[str, Any] | None = None
    told: Told | None = None


def meta_signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Batches:
    """What waits to be told to Meta's subscribers."""

    def __init__(self, accounts: Accounts, webhooks: Webhooks, seed: int) -> None:
        self._accounts = accounts
        self._webhooks = webhooks
        self._dice = random.Random(seed + 4)
        self._outbox: dict[str, list[Item]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._outbox)

    def tell(self, account: MetaAccount, item: Item) -> None:
        """Adds one item to the account's next batch."""
        if not account.webhook_url or not account.subscribed:
            if item.told:
                self._webhooks.settle([item.told])
            return
        batch = self._outbox.setdefault(account.id, [])
        batch.append(item)
        if len(batch) >= account.behaviour.batch_size:
            self._batch(account.id)
        elif len(batch) == 1:
            delay = account.behaviour.batch_ms / 1000
            self._timers[account.id] = asyncio.get_running_loop().call_later(delay, self._batch, account.id)

    def _batch(self, account_id: str) -> None:
        items = self._outbox.pop(account_id, [])
        if timer := self._timers.pop(account_id, None):
            timer.cancel()
        account = self._accounts.get(MetaAccount, account_id)
        if items and account is not None:
            told = [item.told for item in items if item.told]
            self._webhooks.post(account, account.webhook_url, self._envelope(account, items), told)

    def _envelope(self, account: MetaAccount, items: list[Item]) -> bytes:
        """Statuses of one number share a change; everything else has its own."""
        changes: list[dict[str, Any]] = []
        statuses: dict[str, dict[str, Any]] = {}
        for item in items:
            if item.key == "statuses" and item.number_id in statuses:
                change = statuses[item.number_id]
                change["statuses"].append(item.value)
                if item.contact and item.contact not in change["contacts"]:
                    change["contacts"].append(item.contact)
                continue
            value = item.value
            if item.number_id:
                number = account.number(item.number_id)
                shown = number.display_phone_number if number else ""
                value = {
                    "messaging_product": "whatsapp",
                    "metadata": {"display_phone_number": shown, "phone_number_id": item.number_id},
                }
                if item.contact:
                    value["contacts"] = [item.contact]
                value[item.key] = [item.value]
                if item.key == "statuses":
                    statuses[item.number_id] = value
            changes.append({"field": item.field, "value": value})
        entry = {"id": account.waba_id, "time": int(time.time()), "changes": changes}
        return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})

    def flush(self) -> None:
        """Hands over what waits."""
        for account_id in list(self._outbox):
            self._batch(account_id)

    def clear(self) -> None:
        self._outbox.clear()

    async def verify(self, url: str, verify_token: str) -> str:
        """Meta's GET handshake; "" when the endpoint echoed the challenge, else what went wrong."""
        challenge = str(self._dice.randrange(10**8, 10**9))
        query = urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token})
        if urlsplit(url).scheme not in ("http", "https"):
            return "the callback URL is not an http(s) address"
        joint = "&" if "?" in url else "?"
        try:
            status, text = await self._webhooks.fetch(url + joint + query)
            if status != 200:
                return f"HTTP Status Code = {status}; HTTP Message = {text[:100]}"
            return "" if text.strip() == challenge else "the challenge did not match"
        except PyreqwestError as error:
            return f"The URL couldn't be validated. {error.message}"
