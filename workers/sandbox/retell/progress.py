"""What becomes of a call: it rings, is answered, ends, and is analysed, each told at its moment or out of order."""

import asyncio
import time
from collections.abc import Callable

import msgspec

from workers.sandbox.deliveries import DELIVERED, DISORDER, READ, Deliveries
from workers.sandbox.ledger import Flight
from workers.sandbox.retell.account import RetellAccount
from workers.sandbox.retell.calls import Call, Calls
from workers.sandbox.retell.scripts import Script
from workers.sandbox.webhooks import Told, Webhooks


class Progress:
    def __init__(self, calls: Calls, deliveries: Deliveries, webhooks: Webhooks) -> None:
        self._calls = calls
        self._deliveries = deliveries
        self._webhooks = webhooks
        self.wanting: Callable[[RetellAccount, Call], asyncio.Task[None]] | None = None
        """Begins to ask for a person."""
        self._wanting: dict[str, asyncio.Task[None]] = {}

    def advance(self, flight: Flight, account: RetellAccount, now: float) -> float | None:
        call = self._calls.of_number(flight.number)
        if call is None:
            return None
        late = self._deliveries.happens(flight, DISORDER, account.behaviour.disorder_share)
        if call.ended_at is not None:
            self.analyze(account, call)
            return None
        if call.started_at is None and call.connects:
            self.answer(account, call, silent=late)
            return self._deliveries.delay(flight, account.talk_seconds, DELIVERED)
        if account.tells_words and call.connects and call.said < len(call.course.lines) and call.hears("transcript_updated"):
            call.said += 1
            self._calls.keep(call)
            self.tell(account, call, "transcript_updated")
            return self._deliveries.delay(flight, account.talk_seconds, DELIVERED) / len(call.course.lines)
        if (
            call.connects
            and (call.script in (Script.WANTS_A_PERSON, Script.ASKS) or call.wants_person)
            and call.ended_at is None
            and self.wanting is not None
        ):
            task = self._wanting.get(call.id)
            if task is None:
                task = self._wanting[call.id] = self.wanting(account, call)
            if not task.done():
                return 0.1
            del self._wanting[call.id]
        self.end(account, call)
        if late and call.started_at is not None:
            self.tell(account, call, "call_started", "sent")
        return self._deliveries.delay(flight, account.analysis_seconds, READ)

    def stop(self, account: RetellAccount, call: Call) -> None:
        """Hangs up. What follows is told at the call's next moment."""
        call.stopped = True
        self.end(account, call)

    def hear(self, account: RetellAccount, call: Call, hint: str) -> None:
        """The agent is told something: it speaks on with it, or asks for the person that it is told of."""
        if "request_human" in hint:
            call.wants_person = True
            if self.wanting is not None and call.id not in self._wanting and not call.inbound:
                self._wanting[call.id] = self.wanting(account, call)
        else:
            call.hints.append(hint)
        self._calls.keep(call)
        if call.hears("transcript_updated") and account.tells_words:
            call.said = max(call.said, 1)
            self.tell(account, call, "transcript_updated")

    def answer(self, account: RetellAccount, call: Call, *, silent: bool = False) -> None:
        """Somebody takes it. `silent`: it is told later."""
        call.started_at = time.time()
        self._calls.keep(call)
        if not silent:
            self.tell(account, call, "call_started", "sent")

    def end(self, account: RetellAccount, call: Call) -> None:
        call.ended_at = time.time()
        self._calls.keep(call)
        self.tell(account, call, "call_ended", _ledger_status(call))

    def analyze(self, account: RetellAccount, call: Call) -> None:
        call.analyzed = True
        self._calls.keep(call)
        self.tell(account, call, "call_analyzed", _ledger_status(call), done=True)

    def tell(self, account: RetellAccount, call: Call, event: str, status: str = "sent", *, done: bool = False) -> None:
        body = msgspec.json.encode({"event": event, "call": self._calls.view(account, call)})
        told: list[Told] = [] if call.inbound else [(call.number, status, None, done)]
        self._webhooks.post(account, call.webhook_url or account.webhook_url, body, told)


def _ledger_status(call: Call) -> str:
    return "undelivered" if call.started_at is None else "delivered"
