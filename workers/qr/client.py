"""One open session as the sending lanes use it: one letter once, with an outcome of the closed taxonomy."""

import asyncio
import contextlib
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec

from db.errors import Unavailable
from db.messages.reasons import FailureReason
from workers.outcomes import Accepted, Outcome, Refusal, Rejected, RetryAfter, Unknown
from workers.providers.http1 import TooLate
from workers.qr.port import Letter, Line, Lost, NotSent, Port, Refused

SEND_SECONDS = 20.0
"""For an answer of the platform; after that nobody knows."""
FIND_SECONDS = 15.0
SHOW_SECONDS = 2.0
FOUND = 5000
"""Numbers whose jid is remembered."""
AWAY = RetryAfter(None, FailureReason.NETWORK, message="the connection is not open")
_decode = msgspec.json.Decoder(Letter).decode


class SessionClient:
    """`until`: the monotonic moment at which the lease ends; nothing goes out at or after it. `outcome_for`: what a refusal means;
    `refused` is told of each. `writer_of`: who wrote a message, where that is not who an answer to it goes to;
    `own`: by what name we did."""

    def __init__(
        self,
        port: Port,
        line: Line,
        outcome_for: Callable[[int], Refusal],
        refused: Callable[[Refusal], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
        send_seconds: float = SEND_SECONDS,
        typing: tuple[float, float] = (0.0, 0.0),
        writer_of: Callable[[str], Awaitable[str | None]] | None = None,
        own: str | None = None,
    ) -> None:
        self.line = line
        self.until = 0.0
        self.is_open = False
        self._port, self._outcome_for, self._refused, self._clock = port, outcome_for, refused, clock
        self._send_seconds, self._typing = send_seconds, typing
        self._writer_of, self._own = writer_of, own
        self._jids: OrderedDict[str, str] = OrderedDict()

    @property
    def speaks(self) -> bool:
        """Whether it may send now."""
        return self.is_open and self._clock() < self.until

    async def send(self, body: bytes, latest: float) -> Outcome:
        """Never raises for trouble of the connection. Raises TooLate when nothing left by `latest` (monotonic)."""
        letter = _decode(body)
        try:
            jid = await self._jid(letter.to)
        except (NotSent, Lost, TimeoutError):
            return AWAY
        if jid is None:
            return Rejected(FailureReason.NOT_ON_WHATSAPP, message="the number is not on WhatsApp")
        named = letter.reply_to or (letter.reaction or letter.change or (None,))[0]
        try:
            if named is not None and self._writer_of is not None:
                writer = await self._writer_of(named)
                letter = msgspec.structs.replace(letter, writer=None if letter.change and writer == self._own else writer)
        except Unavailable:
            return AWAY
        if letter.message is not None:
            await self._write(jid)
        if not self.speaks:
            return AWAY
        if self._clock() > latest:
            raise TooLate("the claim is about to end")
        try:
            async with asyncio.timeout(self._send_seconds):
                answer = await self._port.send(self.line, jid, letter)
        except NotSent:
            return AWAY
        except (Lost, TimeoutError) as error:
            return Unknown("no answer in time" if isinstance(error, TimeoutError) else "the connection ended before the answer")
        if isinstance(answer, Refused):
            outcome = self._outcome_for(answer.code)
            await self._refused(outcome)
            return outcome
        return Accepted(letter.id, wa_id=jid)

    async def _write(self, jid: str) -> None:
        """Shows that somebody writes, for as long as this kind of channel does before a message; one that cannot be shown is not."""
        seconds = random.uniform(*self._typing)
        if seconds <= 0:
            return
        with contextlib.suppress(NotSent, Lost, TimeoutError):
            async with asyncio.timeout(SHOW_SECONDS):
                await self._port.show(self.line, jid, "typing")
        await asyncio.sleep(seconds)

    async def _jid(self, to: str) -> str | None:
        """None: not on WhatsApp. Numbers are asked about: those of Brazil are registered with or without their ninth digit."""
        if "@" in to:
            return to
        if to in self._jids:
            self._jids.move_to_end(to)
            return self._jids[to]
        if not self.speaks:
            raise NotSent
        async with asyncio.timeout(FIND_SECONDS):
            found = (await self._port.find(self.line, [to])).get(to)
        if found is not None:
            self._jids[to] = found
            if len(self._jids) > FOUND:
                self._jids.popitem(last=False)
        return found
