"""Attempts to call a model, and what follows from how they end.

Every attempt is reserved before it and settled after it, whatever becomes of it. One more follows a connection that failed or a "slow
down" of at most ten seconds; nothing else is repeated. A question that finds the key refused, or no credit, stops the connection.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Self, TypeVar
from uuid import UUID

import msgspec
import structlog

from db.ai import connection, ledger
from db.ai.connection import STOPPED, Opened
from db.ai.enums import CallResult, ConnectionState
from db.ai.errors import CallFailure
from db.ai.ledger import About, Booked, Over, Tokens
from db.crypto import SealBroken
from workers.llm import chat, client
from workers.llm.client import Failed, failures
from workers.llm.completions import Reader
from workers.llm.outcomes import (
    KeyRefused,
    Made,
    NoCredit,
    NotConnected,
    Outcome,
    OverBudget,
    RateLimited,
    TimedOut,
    Unreachable,
    free,
    result_of,
)

log = structlog.get_logger("workers.llm")

LONGEST_WAIT = 10.0  # seconds that a second attempt is waited for
FIRST_WAIT = 1.0
LEASE_MORE = 30.0  # seconds after the time-out of an attempt, in which it is settled
T = TypeVar("T")


class Attempt:
    """One call, from its reservation to its settlement."""

    def __init__(self, ready: Opened, booked: Booked, most: Tokens) -> None:
        self.reader = Reader()
        self.request_id: str | None = None
        self._ready, self._booked, self._most = ready, booked, most
        self._began = time.monotonic()

    @classmethod
    async def begin(
        cls, ready: Opened, about: About, model: str, most: Tokens, timeout: float
    ) -> Self | OverBudget | NotConnected:
        """Reserves what it may cost."""
        if (off := client.models().off(ready.connection)) is not None:
            return off
        provider = ready.connection.provider
        booked = await ledger.reserve(
            ready.company_id, about, provider=provider, model=model, most=most, lease=timeout + LEASE_MORE
        )
        return OverBudget(booked.scope, booked.period) if isinstance(booked, Over) else cls(ready, booked, most)

    async def end(self, outcome: Outcome | None) -> Outcome:
        """Settles it; `outcome` None: somebody broke it off."""
        milliseconds = round((time.monotonic() - self._began) * 1000)
        tokens, estimated = self._used(outcome)
        settled = asyncio.ensure_future(
            ledger.settle(
                self._ready.company_id,
                self._booked,
                CallResult.CANCELLED if outcome is None else result_of(outcome),
                tokens,
                estimated=estimated,
                request_id=self.request_id,
                milliseconds=milliseconds,
            )
        )
        cost = await _to_its_end(settled)
        if outcome is None:
            return TimedOut()
        if isinstance(outcome, Made):
            return msgspec.structs.replace(
                outcome, usage=tokens, cost=cost, milliseconds=milliseconds, request_id=self.request_id
            )
        return outcome

    def _used(self, outcome: Outcome | None) -> tuple[Tokens, bool]:
        """Tokens, and whether they are an estimate: what was broken off, or came without figures, counts as read whole, and as written
        as far as it came; as the longest answer where nothing of it came, for it may be written all the same. What was refused, or
        never reached a model, costs nothing."""
        if self.reader.usage is not None:
            return self.reader.usage, False
        if outcome is not None and free(outcome) and not self.reader.text:
            return Tokens(), False
        unseen = outcome is None or isinstance(outcome, TimedOut | Unreachable)
        output = self._most.output if unseen and not self.reader.text else chat.text_tokens(self.reader.text)
        return Tokens(input=self._most.input, output=output), True


async def _to_its_end(settled: "asyncio.Future[T]") -> T:
    """The result; somebody who cancels meanwhile waits until it is written."""
    try:
        return await asyncio.shield(settled)
    except asyncio.CancelledError:
        await settled
        raise


async def attempted(
    ready: Opened, about: About, model: str, most: Tokens, timeout: float, call: Callable[[Attempt], Awaitable[Outcome]]
) -> Outcome:
    """One attempt of whatever kind: reserved, timed, settled. Cancelled, it is settled all the same."""
    attempt = await Attempt.begin(ready, about, model, most, timeout)
    if not isinstance(attempt, Attempt):
        return attempt
    outcome: Outcome | None = None
    try:
        with failures(ready.key):
            async with asyncio.timeout(timeout):
                outcome = await call(attempt)
    except Failed as failed:
        outcome = failed.outcome
    finally:
        outcome = await attempt.end(outcome)
    return outcome


async def repeated(ready: Opened, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """The first attempt, or the second one where that is worth it."""
    outcome = await attempt()
    if await worth_another(outcome):
        outcome = await attempt()
    return outcome


async def worth_another(outcome: Outcome) -> bool:
    """Waits as long as the server asks; whether another attempt makes sense then."""
    if isinstance(outcome, Unreachable) and not outcome.sent and outcome.failure is CallFailure.UNREACHABLE:
        await asyncio.sleep(FIRST_WAIT)
        return True
    if isinstance(outcome, RateLimited) and (outcome.retry_after or 0) <= LONGEST_WAIT:
        await asyncio.sleep(FIRST_WAIT if outcome.retry_after is None else outcome.retry_after)
        return True
    return False


async def ready_for(company_id: UUID) -> Opened | Outcome:
    """The connection, or why nothing is asked."""
    try:
        opened = await connection.opened(company_id)
    except SealBroken:
        return NotConnected(CallFailure.KEY_UNREADABLE)
    if opened is None:
        return NotConnected()
    state = opened.connection.state
    if state in STOPPED:
        return NoCredit() if state is ConnectionState.NO_CREDIT else KeyRefused()
    return opened


async def stop_for(ready: Opened, outcome: Outcome) -> None:
    """A refused key and an empty credit stop the connection, and the owners are told once. Not for a check, which says itself what the
    connection is, nor for vectors and voice, which a key that answers may not be allowed."""
    if isinstance(outcome, NoCredit | KeyRefused):
        state = ConnectionState.NO_CREDIT if isinstance(outcome, NoCredit) else ConnectionState.KEY_REFUSED
        log.warning("llm.stopped", company_id=str(ready.company_id), reason=state.value)
        await connection.stop(ready.company_id, ready.connection, state)
