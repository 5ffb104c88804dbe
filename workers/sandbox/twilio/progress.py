"""What becomes of a text message: sent, delivered, answered, or undelivered."""

import time
from typing import Final
from urllib.parse import urlencode

from workers.sandbox import people
from workers.sandbox.deliveries import DELIVERED, FAIL, REPLY, Deliveries
from workers.sandbox.inbound import Inbound
from workers.sandbox.ledger import Flight, Ledger
from workers.sandbox.twilio.account import TwilioAccount
from workers.sandbox.twilio.ids import make_sid
from workers.sandbox.webhooks import Webhooks

_MIX: Final = (30003, 30003, 30003, 30005, 30006, 30006, 30007)


class Progress:
    def __init__(self, ledger: Ledger, inbound: Inbound, deliveries: Deliveries, webhooks: Webhooks) -> None:
        self._ledger = ledger
        self._inbound = inbound
        self._deliveries = deliveries
        self._webhooks = webhooks

    def advance(self, flight: Flight, account: TwilioAccount, now: float) -> float | None:
        behaviour = account.behaviour
        if flight.stage == "canceled":
            return None
        if flight.stage in ("accepted", "queued", "scheduled"):
            self._callback(flight, account, "sent")
            flight.stage = "sent"
            return self._deliveries.delay(flight, behaviour.delivered_seconds, DELIVERED)
        if flight.stage == "sent":
            landline = people.is_landline(flight.recipient.lstrip("+"))
            if landline or self._deliveries.happens(flight, FAIL, behaviour.failed_share):
                self._callback(flight, account, "undelivered", 30006 if landline else self._deliveries.pick(flight, _MIX))
                return None
            if not self._deliveries.happens(flight, DELIVERED, behaviour.delivered_share):
                self._ledger.set_status(flight.number, "sent", None, True)
                return None
            answers = self._deliveries.answers(flight, behaviour, behaviour.delivered_share)
            self._callback(flight, account, "delivered", done=not answers)
            flight.stage = "delivered"
            return self._deliveries.delay(flight, behaviour.reply_seconds, REPLY) if answers else None
        self._deliveries.reply(flight, account)
        self._ledger.set_status(flight.number, "delivered", None, True)
        return None

    def _callback(
        self, flight: Flight, account: TwilioAccount, status: str, error: int | None = None, done: bool | None = None
    ) -> None:
        sid = make_sid(self._inbound.salt, flight.number)
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
        self._webhooks.post(
            account, flight.prefix + flight.tag, urlencode(fields).encode(), [(flight.number, status, error, ends)]
        )
