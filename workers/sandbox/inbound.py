"""The customer's side: a person writes to the business, opts out, opens the 24 h window.

Holds what the platforms remember about a person: the open window (Meta), the STOP (Twilio), the marketing stop (Meta);
all kept over a restart. Also makes the providers' message ids, which contain our number so that no index is needed.
"""

import base64
import hashlib
import secrets
import time
from typing import Any, Final

from workers.sandbox import people
from workers.sandbox.accounts import Account, MetaAccount, TwilioAccount
from workers.sandbox.ledger import Flight
from workers.sandbox.store import Store
from workers.sandbox.twilio.segments import count_segments
from workers.sandbox.webhooks import Item, Webhooks

WINDOW: Final = 86_400.0
_HEX: Final = frozenset("0123456789abcdef")


class Inbound:
    def __init__(self, store: Store, webhooks: Webhooks) -> None:
        self._store = store
        self._webhooks = webhooks
        self._salt = b""
        self._next = 1
        self._windows: dict[str, float] = {}
        self._stops: set[str] = set()

    async def load(self) -> None:
        salt = dict(await self._store.recall("salt"))
        self._salt = salt.get("ids", b"")
        if not self._salt:
            value = secrets.token_hex(5)
            self._store.remember("salt", "ids", value)
            self._salt = f'"{value}"'.encode()
        self._windows = {key: float(value) for key, value in await self._store.recall("window")}
        self._stops = {key for key, _ in await self._store.recall("stop")}
        self._next = (await self._store.query("SELECT coalesce(max(number), 0) + 1 FROM inbound"))[0][0]

    # ids
    def wamid(self, number: int, phone: str) -> str:
        """Meta's message id: `wamid.` and base64 of the person's number and 18 hex characters."""
        unique = f"{self._salt[1:9].decode()}{number:010X}".upper().encode()
        raw = b"\x1c\x18%c%b\x15\x02\x00\x11\x18\x12%b\x00" % (len(phone), phone.encode(), unique)
        return "wamid." + base64.b64encode(raw).decode()

    def sid(self, number: int, prefix: str = "SM") -> str:
        head = hashlib.blake2b(b"%b%d" % (self._salt, number), digest_size=8).hexdigest()
        return f"{prefix}{head}{number:016x}"

    def number_of_sid(self, sid: str) -> int:
        """The number inside one of our sids; 0 when it is not ours."""
        if len(sid) != 34 or not set(sid[2:]) <= _HEX:
            return 0
        number = int(sid[18:], 16)
        return number if self.sid(number, sid[:2]) == sid else 0

    # what the platform remembers
    def window_open(self, account_id: str, phone: str, now: float) -> bool:
        return self._windows.get(f"{account_id}|{phone}", 0.0) > now

    def stopped(self, account_id: str, phone: str) -> bool:
        """Twilio: the person replied STOP to this account."""
        return f"{account_id}|{phone}" in self._stops

    def stopped_marketing(self, account_id: str, phone: str) -> bool:
        """Meta: the person switched this business's marketing off."""
        return f"{account_id}|{phone}" in self._stops

    def _stop(self, account_id: str, phone: str, stop: bool) -> None:
        key = f"{account_id}|{phone}"
        (self._stops.add if stop else self._stops.discard)(key)
        self._store.remember("stop", key, True if stop else None)

    # events
    def receive(
        self,
        account: Account,
        phone: str,
        text: str,
        number_id: str = "",
        hidden: bool = False,
        answers: Flight | None = None,
    ) -> str:
        """The person (`phone`: digits for Meta, E.164 for Twilio) writes `text`; returns the message id.

        `number_id`: which of a WABA's numbers is written to, the first when empty. `hidden`: only a BSUID, no phone.
        """
        number, self._next = self._next, self._next + 1
        now = time.time()
        if isinstance(account, MetaAccount):
            identifier = self._receive_meta(account, phone, text, number_id, hidden, answers, number, now)
            recipient = number_id
        else:
            identifier = self._receive_twilio(account, phone, text, number)
            recipient = account.phone_number
        self._store.put(
            "INSERT INTO inbound VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, account.id, phone, recipient, text, identifier, now),
        )
        return identifier

    def _receive_meta(
        self,
        account: MetaAccount,
        phone: str,
        text: str,
        number_id: str,
        hidden: bool,
        answers: Flight | None,
        number: int,
        now: float,
    ) -> str:
        ours = next((n for n in account.numbers if n.phone_number_id == number_id), account.numbers[0])
        wa_id = answers.wa_id if answers else people.wa_id(phone, account.behaviour.short_wa_share)
        # the inbound numbers share the format with ours: the high bit keeps the ids apart
        identifier = self.wamid(number | 1 << 39, wa_id)
        user = people.bsuid(phone)
        key = f"{account.id}|{phone}"
        self._windows[key] = now + WINDOW
        self._store.put("INSERT OR REPLACE INTO state VALUES ('window', ?, ?)", (key, str(now + WINDOW)))
        contact: dict[str, Any] = {"profile": {"name": people.name(phone)}, "wa_id": wa_id, "user_id": user}
        message: dict[str, Any] = {
            "from": wa_id,
            "from_user_id": user,
            "id": identifier,
            "timestamp": str(int(now)),
            "type": "text",
            "text": {"body": text},
        }
        if hidden:
            contact["profile"]["username"] = people.name(phone).lower().replace(" ", ".")
            del contact["wa_id"], message["from"]
        if answers and answers.number % 3 == 0:
            # some people use "reply", most just write
            message["context"] = {"from": ours.display_phone_number, "id": self.wamid(answers.number, answers.wa_id)}
        self._webhooks.tell(account, Item("messages", ours.phone_number_id, "messages", message, contact))
        return identifier

    def _receive_twilio(self, account: TwilioAccount, phone: str, text: str, number: int) -> str:
        identifier = self.sid(number | 1 << 39)
        fields = [
            ("ToCountry", "BR"),
            ("ToState", ""),
            ("SmsMessageSid", identifier),
            ("NumMedia", "0"),
            ("ToCity", ""),
            ("FromZip", ""),
            ("SmsSid", identifier),
            ("FromState", ""),
            ("SmsStatus", "received"),
            ("FromCity", ""),
            ("Body", text),
            ("FromCountry", "BR" if phone.startswith("+55") else "US"),
            ("To", account.phone_number),
            ("ToZip", ""),
            ("NumSegments", str(count_segments(text))),
            ("MessageSid", identifier),
            ("AccountSid", account.account_sid),
            ("From", phone),
            ("ApiVersion", "2010-04-01"),
        ]
        word = text.strip().upper()
        if word in people.STOP_WORDS or word in people.START_WORDS:
            self._stop(account.id, phone, word in people.STOP_WORDS)
            fields.append(("OptOutType", "STOP" if word in people.STOP_WORDS else "START"))
        self._webhooks.call(account, account.inbound_url, fields)
        return identifier

    def opt_out(self, account: Account, phone: str, stop: bool = True) -> None:
        """Meta: the person switches marketing off (or on) in WhatsApp, told by `user_preferences`. Twilio: STOP/START."""
        if isinstance(account, TwilioAccount):
            self.receive(account, phone, "STOP" if stop else "START")
            return
        self._stop(account.id, phone, stop)
        wa_id = people.wa_id(phone, account.behaviour.short_wa_share)
        value = {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": account.numbers[0].display_phone_number,
                "phone_number_id": account.numbers[0].phone_number_id,
            },
            "contacts": [{"profile": {"name": people.name(phone)}, "wa_id": wa_id, "user_id": people.bsuid(phone)}],
            "user_preferences": [
                {
                    "wa_id": wa_id,
                    "user_id": people.bsuid(phone),
                    "detail": f"User requested to {'stop' if stop else 'resume'} marketing messages",
                    "category": "marketing_messages",
                    "value": "stop" if stop else "resume",
                    "timestamp": int(time.time()),
                }
            ],
        }
        self._webhooks.tell(account, Item("user_preferences", "", "", value))
