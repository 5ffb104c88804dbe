"""What happens to a message after it was accepted: sent, delivered, read, answered, or failed, each at its moment.

A wheel of 50 ms slots holds every message once, in the slot of its next event; a million waiting messages cost no
sorting. What happens at each moment is the vendor's (`advance`). Restart: flights are rebuilt from the ledger and go on from the last status that was told.
"""

import asyncio
import random
import time
from typing import Final

from workers.sandbox import people
from workers.sandbox.accounts import Account, Accounts
from workers.sandbox.behaviour import Behaviour, chance, within
from workers.sandbox.config import Settings
from workers.sandbox.inbound import Inbound
from workers.sandbox.ledger import Flight
from workers.sandbox.vendor import Incoming, Vendors

SLOT: Final = 0.05
# salts of `chance`, one per question
FAIL, WHICH, SENT, DELIVERED, READ, REPLY, OPT_OUT, DISORDER, DELAY = range(1, 10)


class Deliveries:
    def __init__(self, settings: Settings, accounts: Accounts, inbound: Inbound, vendors: Vendors) -> None:
        self._settings = settings
        self._accounts = accounts
        self._vendors = vendors
        self._inbound = inbound
        self._slots: dict[int, list[Flight]] = {}
        self._last = int(time.time() / SLOT)
        self._dice = random.Random(settings.seed + 1)
        self._generation = 0
        self.in_flight = 0

    def depart(self, flight: Flight, account: Account, at: float | None = None, early: bool = False) -> None:
        """Takes over an accepted message. `at`: when the sender's queue releases it; `early`: before our own answer."""
        start = time.time() if at is None else at
        wait = 0.0 if early else self.delay(flight, account.behaviour.sent_seconds, SENT)
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

    def delay(self, flight: Flight, span: tuple[float, float], salt: int) -> float:
        return within(span, chance(self._settings.seed, flight.number, DELAY * 100 + salt)) / self._settings.speed

    def happens(self, flight: Flight, salt: int, share: float) -> bool:
        return chance(self._settings.seed, flight.number, salt) < share

    def _advance(self, flight: Flight, now: float) -> None:
        account = self._accounts.by_id.get(flight.account)
        following = None if account is None else self._vendors[account.kind].advance(flight, account, now)
        if following is None:
            self.in_flight -= 1
        else:
            self._put(flight, now + following)

    def draw(self) -> float:
        """A number in [0, 1), another each time."""
        return self._dice.random()

    def pick(self, flight: Flight, mix: tuple[int, ...]) -> int:
        return mix[int(chance(self._settings.seed, flight.number, WHICH) * len(mix))]

    def answers(self, flight: Flight, behaviour: Behaviour, base: float) -> bool:
        """`base`: the share of sent messages that come this far."""
        return base > 0 and self.happens(flight, REPLY, behaviour.reply_share / base)

    def reply(self, flight: Flight, account: Account) -> None:
        behaviour = account.behaviour
        out = behaviour.reply_share > 0 and self.happens(flight, OPT_OUT, behaviour.opt_out_share / behaviour.reply_share)
        text = people.reply(self._settings.seed, flight.number, out)
        hidden = self._dice.random() < behaviour.bsuid_share
        self._inbound.receive(account, flight.recipient, Incoming(text, flight.sender, hidden, flight))
