"""What happens to a message after it was accepted: sent, delivered, read, answered, or failed, each at its moment.

A wheel of 50 ms slots holds every message once, in the slot of its next event; a million waiting messages cost no
sorting. Restart: flights are rebuilt from the ledger and go on from the last status that was told.
"""

import asyncio
import random
import time
from typing import Any, Final

from workers.sandbox import people
from workers.sandbox.accounts import Account, Accounts, MetaAccount, TwilioAccount
from workers.sandbox.behaviour import Behaviour, chance, within
from workers.sandbox.config import Settings
from workers.sandbox.inbound import Inbound
from workers.sandbox.ledger import Flight, Ledger
from workers.sandbox.webhooks import Item, Webhooks

SLOT: Final = 0.05
META_FAILURES: Final = {
    131026: "Message undeliverable",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
    130472: "User's number is part of an experiment",
    130403: "Message failed to send because the user has blocked this business",
    131050: "Unable to deliver the message. This recipient has chosen to stop receiving marketing messages.",
}
_META_MIX: Final = (131026, 131026, 131026, 131049, 131049, 130472, 130403)
_TWILIO_MIX: Final = (30003, 30003, 30003, 30005, 30006, 30006, 30007)
# salts of `chance`, one per question
FAIL, WHICH, SENT, DELIVERED, READ, REPLY, OPT_OUT, DISORDER, DELAY = range(1, 10)


class Deliveries:
    def __init__(self, settings: Settings, accounts: Accounts, ledger: Ledger, webhooks: Webhooks, inbound: Inbound) -> None:
        self._settings = settings
        self._accounts = accounts
        self._ledger = ledger
        self._webhooks = webhooks
        self._inbound = inbound
        self._slots: dict[int, list[Flight]] = {}
        self._last = int(time.time() / SLOT)
        self._dice = random.Random(settings.seed + 1)
        self._generation = 0
        self.in_flight = 0

    def depart(self, flight: Flight, account: Account, at: float | None = None, early: bool = False) -> None:
        """Takes over an accepted message. `at`: when the sender's queue releases it; `early`: before our own answer."""
        start = time.time() if at is None else at
        wait = 0.0 if early else self._delay(flight, account.behaviour.sent_seconds, SENT)
        self.in_flight += 1
        self._put(flight, start + wait)

    def resume(self, flights: list[tuple[Flight, float]]) -> None:
        """Puts flights of an earlier run back; what was due meanwhile comes within two seconds."""
        for flight, _ in flights:
            self.in_flight += 1
            self._put(flight, time.time() + 2 * self._dice.random() / self._settings.speed)

    def clear(self) -> None:
        self._slots.clear()
        self.in_flight = 0

    async def run_for_ever(self) -> None:
        """Turns the wheel. Runs as a task until it is cancelled."""
        while True:
            await asyncio.sleep(SLOT)
            now = time.time()
            upto = int(now / SLOT)
            for slot in range(self._last + 1, upto + 1):
                # first, so that nothing is put into a slot that is being emptied
                self._last = slot
                for at, flight in enumerate(self._slots.pop(slot, ())):
                    self._advance(flight, now)
                    if at % 200 == 199:
                        # a full slot must not keep senders waiting
                        await asyncio.sleep(0)

    def _put(self, flight: Flight, at: float) -> None:
        slot = max(int(at / SLOT), self._last + 1)
        if (waiting := self._slots.get(slot)) is None:
            self._slots[slot] = [flight]
        else:
            waiting.append(flight)

    def _delay(self, flight: Flight, span: tuple[float, float], salt: int) -> float:
        return within(span, chance(self._settings.seed, flight.number, DELAY * 100 + salt)) / self._settings.speed

    def _happens(self, flight: Flight, salt: int, share: float) -> bool:
        return chance(self._settings.seed, flight.number, salt) < share

    def _advance(self, flight: Flight, now: float) -> None:
        account = self._accounts.by_id.get(flight.account)
        if isinstance(account, MetaAccount):
            following = self._advance_meta(flight, account, now)
        elif isinstance(account, TwilioAccount):
            following = self._advance_twilio(flight, account, now)
        else:
            following = None
        if following is None:
            self.in_flight -= 1
        else:
            self._put(flight, now + following)

    # Meta
    def _advance_meta(self, flight: Flight, account: MetaAccount, now: float) -> float | None:
        """Makes the next event happen; seconds until the one after it, None at the end."""
        behaviour = account.behaviour
        stage = flight.stage
        if stage == "accepted":
            if error := self._meta_failure(flight, account):
                self._status(flight, account, "failed", now, error=error)
                return None
            arrives = flight.category != "reaction" and self._happens(flight, DELIVERED, behaviour.delivered_share)
            self._status(flight, account, "sent", now, done=not arrives)
            flight.stage = "sent"
            return self._delay(flight, behaviour.delivered_seconds, DELIVERED) if arrives else None
        if stage == "sent":
            reads = self._happens(flight, READ, behaviour.read_share)
            if reads and self._happens(flight, DISORDER, behaviour.disorder_share):
                self._status(flight, account, "read", now, done=False)
                flight.stage = "late"
                return 0.5 / self._settings.speed
            self._status(flight, account, "delivered", now, done=not reads)
            flight.stage = "delivered"
            return self._delay(flight, behaviour.read_seconds, READ) if reads else None
        if stage == "late":
            self._status(flight, account, "delivered", now, done=False, told=False)
            flight.stage = "read"
            return self._reply_delay(flight, behaviour, account)
        if stage == "delivered":
            answers = self._answers(flight, behaviour, behaviour.delivered_share * behaviour.read_share)
            self._status(flight, account, "read", now, done=not answers)
            flight.stage = "read"
            return self._delay(flight, behaviour.reply_seconds, REPLY) if answers else None
        self._reply(flight, account)
        self._ledger.set_status(flight.number, "read", None, True)
        return None

    def _reply_delay(self, flight: Flight, behaviour: Behaviour, account: MetaAccount) -> float | None:
        if self._answers(flight, behaviour, behaviour.delivered_share * behaviour.read_share):
            return self._delay(flight, behaviour.reply_seconds, REPLY)
        self._ledger.set_status(flight.number, "read", None, True)
        return None

    def _meta_failure(self, flight: Flight, account: MetaAccount) -> int:
        if flight.category == "marketing":
            if self._inbound.stopped_marketing(account.id, flight.recipient):
                return 131050
            if flight.recipient.startswith("1") and len(flight.recipient) == 11:
                return 131049
        if people.is_landline(flight.recipient):
            return 131026
        if self._happens(flight, FAIL, account.behaviour.failed_share):
            return self._pick(flight, _META_MIX)
        return 0

    def _status(
        self,
        flight: Flight,
        account: MetaAccount,
        status: str,
        now: float,
        done: bool = True,
        error: int | None = None,
        told: bool = True,
    ) -> None:
        value: dict[str, Any] = {
            "id": self._inbound.wamid(flight.number, flight.wa_id),
            "status": status,
            "timestamp": str(int(now)),
            "recipient_id": flight.wa_id,
            "recipient_user_id": people.bsuid(flight.recipient),
        }
        if flight.tag:
            value["biz_opaque_callback_data"] = flight.tag
        if error is not None:
            title = META_FAILURES[error]
            value["errors"] = [
                {
                    "code": error,
                    "title": title,
                    "message": title,
                    "error_data": {"details": title},
                    "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
                }
            ]
        elif flight.category != "reaction":
            free = flight.category == "service"
            value["pricing"] = {
                "billable": not free,
                "pricing_model": "PMP",
                "type": "free_customer_service" if free else "regular",
                "category": flight.category,
            }
        change = (flight.number, status, error, done) if told else None
        self._webhooks.tell(account, Item("messages", flight.sender, "statuses", value, told=change))

    # Twilio
    def _advance_twilio(self, flight: Flight, account: TwilioAccount, now: float) -> float | None:
        behaviour = account.behaviour
        if flight.stage == "canceled":
            return None
        if flight.stage in ("accepted", "queued", "scheduled"):
            self._callback(flight, account, "sent")
            flight.stage = "sent"
            return self._delay(flight, behaviour.delivered_seconds, DELIVERED)
        if flight.stage == "sent":
            landline = people.is_landline(flight.recipient.lstrip("+"))
            if landline or self._happens(flight, FAIL, behaviour.failed_share):
                self._callback(flight, account, "undelivered", 30006 if landline else self._pick(flight, _TWILIO_MIX))
                return None
            if not self._happens(flight, DELIVERED, behaviour.delivered_share):
                self._ledger.set_status(flight.number, "sent", None, True)
                return None
            answers = self._answers(flight, behaviour, behaviour.delivered_share)
            self._callback(flight, account, "delivered", done=not answers)
            flight.stage = "delivered"
            return self._delay(flight, behaviour.reply_seconds, REPLY) if answers else None
        self._reply(flight, account)
        self._ledger.set_status(flight.number, "delivered", None, True)
        return None

    def _callback(
        self, flight: Flight, account: TwilioAccount, status: str, error: int | None = None, done: bool | None = None
    ) -> None:
        sid = self._inbound.sid(flight.number)
        fields = [
            ("AccountSid", account.account_sid),
            ("ApiVersion", "2010-04-01"),
            ("From", flight.sender),
            ("To", flight.recipient),
            ("MessageSid", sid),
            ("SmsSid", sid),
            ("MessageStatus", status),
            ("SmsStatus", status),
        ]
        if error is not None:
            fields.append(("ErrorCode", str(error)))
        if status in ("delivered", "undelivered"):
            fields.append(("RawDlrDoneDate", time.strftime("%y%m%d%H%M", time.gmtime())))
        ends = status != "sent" if done is None else done
        self._webhooks.call(account, flight.prefix + flight.tag, fields, [(flight.number, status, error, ends)])

    # both
    def _pick(self, flight: Flight, mix: tuple[int, ...]) -> int:
        return mix[int(chance(self._settings.seed, flight.number, WHICH) * len(mix))]

    def _answers(self, flight: Flight, behaviour: Behaviour, base: float) -> bool:
        """`base`: the share of sent messages that come this far."""
        return base > 0 and self._happens(flight, REPLY, behaviour.reply_share / base)

    def _reply(self, flight: Flight, account: Account) -> None:
        behaviour = account.behaviour
        out = behaviour.reply_share > 0 and self._happens(flight, OPT_OUT, behaviour.opt_out_share / behaviour.reply_share)
        text = people.reply(self._settings.seed, flight.number, out)
        hidden = self._dice.random() < behaviour.bsuid_share
        self._inbound.receive(account, flight.recipient, text, number_id=flight.sender, hidden=hidden, answers=flight)
