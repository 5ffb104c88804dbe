"""One slice on the wire: its messages composed and sent a few at a time, and what every answer means for its own message.

It holds the results until they are written and the answers that mean more than their message until somebody acts on them
(workers/sending.py).
"""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import structlog

from db.channels.secrets import ChannelRow
from db.crypto import SealBroken
from db.messages.enums import AttemptState, MessageState, SkipReason, WaitRule
from db.messages.ledger import Claimed, Result
from db.messages.reasons import FailureReason
from workers.outage import Breaker, Tally
from workers.outcomes import (
    Accepted,
    OptedOut,
    Outcome,
    PauseChannel,
    Rejected,
    RetryAfter,
    StopCampaign,
    Unknown,
    retry_delay,
)
from workers.outgoing import Composer, Sender
from workers.providers.http1 import TooLate

log = structlog.get_logger("workers.batch")

MARGIN = 0.05  # share of the lease that must be left beyond the send timeout
MAX_TRIES = 5
NETWORK_PAUSE = 5.0  # seconds
PATIENT = (
    FailureReason.NETWORK,
    FailureReason.THROUGHPUT,
    FailureReason.API_RATE,
    FailureReason.QUEUE_FULL,
    FailureReason.NEW_PEOPLE_LIMIT,
)
"""The provider, not the message, is the reason: waiting costs no try."""


def _unsent(message: Claimed, state: MessageState, *, counts_as_try: bool = False, **why: Any) -> Result:
    """It did not go, and surely will not by this attempt. `why`: further fields of Result."""
    return Result(
        message.message_id,
        message.epoch,
        message.attempt_id,
        state,
        AttemptState.REJECTED,
        counts_as_try=counts_as_try,
        **why,
    )


def held_back(message: Claimed, wait: float) -> Result:
    """Not sent, because of a limit on the recipient (db/limits.py:recipients)."""
    reason = FailureReason.PAIR_RATE if wait > 0 else FailureReason.QUEUE_FULL
    return queued_again(message, reason, wait if wait > 0 else 300.0, "held back by our own limiter", WaitRule.PACE)


def said_before(message: Claimed) -> Result:
    """Not sent: the same text went to this number lately (db/messages/repeats.py)."""
    return _unsent(
        message,
        MessageState.SKIPPED,
        reason=SkipReason.SAME_TEXT.value,
        detail="not sent: this number had the same text lately",
    )


def contacted_before(message: Claimed) -> Result:
    """Not sent: another campaign wrote to them meanwhile (db/messages/contacted.py)."""
    return _unsent(
        message,
        MessageState.SKIPPED,
        reason=SkipReason.RECENTLY_MESSAGED.value,
        detail="not sent: another campaign wrote to them lately",
    )


def unknown_here(message: Claimed) -> Result:
    """Not sent: the person neither wrote nor said yes, and the number writes to no strangers (db/messages/strangers.py)."""
    return _unsent(
        message,
        MessageState.SKIPPED,
        reason=SkipReason.STRANGER.value,
        detail="not sent: they neither wrote within a year nor said yes",
    )


def not_taken(message: Claimed) -> Result:
    """Not sent: the provider refused the file at its head."""
    return _unsent(
        message,
        MessageState.FAILED,
        reason=FailureReason.MEDIA,
        detail="not sent: the provider did not take its file",
        counts_as_try=True,
    )


def too_dear(message: Claimed) -> Result:
    """Not sent: the month's limit of costs is reached, and later nobody wants it."""
    return _unsent(
        message,
        MessageState.FAILED,
        reason=FailureReason.SPEND_CAP,
        detail="not sent: the month's limit of costs is reached",
    )


def without_price(message: Claimed) -> Result:
    """Not sent: there is a limit of costs, and what it would cost is not known."""
    return _unsent(
        message,
        MessageState.FAILED,
        reason=FailureReason.PRICE_UNKNOWN,
        detail="not sent: there is a limit of costs, and the price for them is not known",
    )


def queued_again(
    message: Claimed, reason: FailureReason | None, retry_in: float, detail: str, by: WaitRule | None = None, name: str = ""
) -> Result:
    """Not sent after all, and no try of its own. `by`: the rule that holds it, `name`: as people call it."""
    return _unsent(
        message,
        MessageState.QUEUED,
        reason=reason,
        detail=detail,
        retry_in=retry_in,
        held_by=by.value if by is not None else None,
        held_name=name or None,
    )


class Batch:
    """One slice on the wire."""

    task: asyncio.Task[None]

    def __init__(
        self,
        channel: ChannelRow,
        composer: Composer,
        sender: Sender,
        claimed_at: float,
        lease: float,
        messages: list[Claimed],
        concurrency: int,
        breaker: Breaker | None = None,
    ) -> None:
        self.channel = channel
        self.breaker = breaker or Breaker(channel.id, channel.probe_at)
        self.messages = messages
        self.concurrency = min(concurrency, len(messages))
        self.left = len(messages)  # not settled yet
        self.sent = 0
        self.alarm = False  # an answer that stops more than this slice, and nobody acted on it yet
        self.results: list[Result] = []  # not written yet
        self.notable: list[tuple[Claimed, Outcome]] = []
        self._composer = composer
        self._send = sender
        self._latest = claimed_at + lease * (1 - MARGIN) - sender.timeout
        self._halted = False
        self.tally = Tally(self.concurrency)

    def _again(self, message: Claimed, detail: str) -> None:
        """Not tried after all."""
        self.left -= 1
        self.results.append(queued_again(message, None, 0.0, detail))

    def halt(self) -> None:
        """What is not on the wire yet goes back into the queue."""
        self._halted = True

    async def work(self, todo: Iterator[Claimed]) -> None:
        for message in todo:
            if self._halted:
                self._again(message, "not sent: the slice was stopped")
            elif self.breaker.is_open:
                self._again(message, "not sent: the provider is down")
            else:
                try:
                    self._settle(message, await self._one(message))
                except TooLate as error:  # a frozen process that wakes up must drop its work
                    self._again(message, f"not sent: {error}")

    async def _one(self, message: Claimed) -> Outcome:
        try:
            body = self._composer.compose(message)
        except ValueError as error:  # what this person's values make of the text cannot pass
            return Rejected(FailureReason.TEMPLATE_PARAMETERS, None, str(error)[:300])
        except Exception as error:  # a poisoned message must not hold up the others
            log.error("sending.compose", message_id=str(message.message_id), exc_info=True)
            return Rejected(FailureReason.BAD_REQUEST, None, f"could not be written: {type(error).__name__}")
        try:
            return await self._send.send(self.channel, body, self._latest)
        except TooLate:
            raise
        except SealBroken as error:
            return PauseChannel(FailureReason.TOKEN_INVALID, message=f"the stored token does not open: {error}")
        except Exception as error:  # nobody knows how far it came
            log.error("sending.send", message_id=str(message.message_id), exc_info=True)
            return Unknown(f"broke off: {type(error).__name__}")

    def _settle(self, message: Claimed, outcome: Outcome) -> None:
        self.left -= 1
        self.breaker.record(outcome, self.tally)
        if isinstance(outcome, Accepted):
            self.sent += 1
            self.results.append(
                Result(
                    message.message_id,
                    message.epoch,
                    message.attempt_id,
                    MessageState.SENT,
                    AttemptState.ACCEPTED,
                    outcome.provider_id,
                    200,
                )
            )
            return
        make = Result(message.message_id, message.epoch, message.attempt_id, MessageState.FAILED, AttemptState.REJECTED)
        match outcome:
            case Unknown():
                make = make._replace(
                    state=MessageState.UNKNOWN,
                    attempt_state=AttemptState.UNKNOWN,
                    reason=FailureReason.UNKNOWN_OUTCOME,
                    detail=outcome.cause[:300],
                    counts_as_try=False,  # the policy counts its resends itself
                )
            case RetryAfter():
                patient = outcome.reason in PATIENT or (outcome.reason is FailureReason.TEMPORARY and self.breaker.is_open)
                make = make._replace(reason=outcome.reason, code=outcome.code, detail=outcome.message[:300])
                if patient or message.tries + 1 < MAX_TRIES:
                    delay = max(retry_delay(outcome, message.tries + 1), NETWORK_PAUSE if patient else 0.0)
                    make = make._replace(
                        state=MessageState.QUEUED, retry_in=delay * random.uniform(0.8, 1.3), counts_as_try=not patient
                    )
            case PauseChannel():
                self._halted = self.alarm = True
                make = make._replace(
                    state=MessageState.QUEUED,
                    reason=outcome.reason,
                    code=outcome.code,
                    detail=outcome.message[:300],
                    retry_in=1.0,
                    counts_as_try=False,
                )
            case StopCampaign():
                self._halted = self.alarm = True
                make = make._replace(reason=outcome.reason, code=outcome.code, detail=outcome.message[:300])
                if outcome.pause:
                    make = make._replace(state=MessageState.QUEUED, retry_in=1.0, counts_as_try=False)
            case OptedOut():
                make = make._replace(reason=FailureReason.OPTED_OUT, code=outcome.code, detail=outcome.message[:300])
            case Rejected():
                make = make._replace(reason=outcome.reason, code=outcome.code, detail=outcome.message[:300])
        self.results.append(make)
        self.notable.append((message, outcome))
