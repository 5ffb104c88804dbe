"""What becomes of a WhatsApp message: sent, delivered, read, answered, or failed."""

from typing import Any, Final

from workers.sandbox import people
from workers.sandbox.behaviour import Behaviour
from workers.sandbox.deliveries import DELIVERED, DISORDER, FAIL, READ, REPLY, Deliveries
from workers.sandbox.inbound import Inbound
from workers.sandbox.ledger import Flight, Ledger
from workers.sandbox.meta.account import MetaAccount
from workers.sandbox.meta.ids import wamid
from workers.sandbox.meta.webhooks import Batches, Item

FAILURES: Final = {
    131026: "Message undeliverable",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
    130472: "User's number is part of an experiment",
    130403: "Message failed to send because the user has blocked this business",
    131050: "Unable to deliver the message. This recipient has chosen to stop receiving marketing messages.",
}
_MIX: Final = (131026, 131026, 131026, 131049, 131049, 130472, 130403)


class Progress:
    def __init__(self, speed: float, ledger: Ledger, inbound: Inbound, deliveries: Deliveries, batches: Batches) -> None:
        self._speed = speed
        self._ledger = ledger
        self._inbound = inbound
        self._deliveries = deliveries
        self._batches = batches

    def advance(self, flight: Flight, account: MetaAccount, now: float) -> float | None:
        """Makes the next event happen; seconds until the one after it, None at the end."""
        behaviour = account.behaviour
        stage = flight.stage
        if stage == "accepted":
            if error := self._failure(flight, account):
                self._status(flight, account, "failed", now, error=error)
                return None
            arrives = flight.category != "reaction" and self._deliveries.happens(flight, DELIVERED, behaviour.delivered_share)
            self._status(flight, account, "sent", now, done=not arrives)
            flight.stage = "sent"
            return self._deliveries.delay(flight, behaviour.delivered_seconds, DELIVERED) if arrives else None
        if stage == "sent":
            reads = self._deliveries.happens(flight, READ, behaviour.read_share)
            if reads and self._deliveries.happens(flight, DISORDER, behaviour.disorder_share):
                self._status(flight, account, "read", now, done=False)
                flight.stage = "late"
                return 0.5 / self._speed
            self._status(flight, account, "delivered", now, done=not reads)
            flight.stage = "delivered"
            return self._deliveries.delay(flight, behaviour.read_seconds, READ) if reads else None
        if stage == "late":
            self._status(flight, account, "delivered", now, done=False, told=False)
            flight.stage = "read"
            return self._reply_delay(flight, behaviour, account)
        if stage == "delivered":
            answers = self._deliveries.answers(flight, behaviour, behaviour.delivered_share * behaviour.read_share)
            self._status(flight, account, "read", now, done=not answers)
            flight.stage = "read"
            return self._deliveries.delay(flight, behaviour.reply_seconds, REPLY) if answers else None
        self._deliveries.reply(flight, account)
        self._ledger.set_status(flight.number, "read", None, True)
        return None

    def _reply_delay(self, flight: Flight, behaviour: Behaviour, account: MetaAccount) -> float | None:
        if self._deliveries.answers(flight, behaviour, behaviour.delivered_share * behaviour.read_share):
            return self._deliveries.delay(flight, behaviour.reply_seconds, REPLY)
        self._ledger.set_status(flight.number, "read", None, True)
        return None

    def _failure(self, flight: Flight, account: MetaAccount) -> int:
        if flight.category == "marketing":
            if self._inbound.stopped(account.id, flight.recipient):
                return 131050
            if flight.recipient.startswith("1") and len(flight.recipient) == 11:
                return 131049
        if people.is_landline(flight.recipient):
            return 131026
        if self._deliveries.happens(flight, FAIL, account.behaviour.failed_share):
            return self._deliveries.pick(flight, _MIX)
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
            "id": wamid(self._inbound.salt, flight.number, flight.wa_id),
            "status": status,
            "timestamp": str(int(now)),
            "recipient_id": flight.wa_id,
            "recipient_user_id": people.bsuid(flight.recipient),
        }
        if flight.tag:
            value["biz_opaque_callback_data"] = flight.tag
        if error is not None:
            title = FAILURES[error]
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
        contact = {"wa_id": flight.wa_id, "user_id": value["recipient_user_id"]}
        self._batches.tell(account, Item("messages", flight.sender, "statuses", value, contact, told=change))
