"""Tells providers that a message was read (a job) and that somebody writes an answer (a wake-up without a row).

Neither matters enough to alarm anybody: a refusal is noted in the program's log, a provider that does not answer is asked again for two
minutes, and a channel that does not send tells nothing.
"""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import structlog

from db import valkey
from db.channels.secrets import Credentials
from db.clock import now
from db.conversations import receipts
from db.conversations.receipts import Receipt
from db.crypto import SealBroken
from db.jobs import MarkRead
from db.messages.reasons import FailureReason
from db.qr import typing as typing_over
from db.settings import Settings
from workers.control import TRANSIENT
from workers.credentials import channel_of
from workers.outcomes import reason_of
from workers.providers import registry
from workers.providers.wire import ProviderError, Wire
from workers.registration import Handler
from workers.runtime import Cancel, Retry

log = structlog.get_logger("workers.receipts")

PATIENCE = timedelta(minutes=2)
STALE = 10.0  # seconds after which nobody is shown any more that somebody wrote
TYPING_SECONDS = 5.0  # for the call: it must hold up nothing
TYPING_SLOTS = 3  # at once; more are let go


class Receipts:
    """What this module needs."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire
        self._typing = 0

    async def mark_read(self, company_id: UUID, job: MarkRead) -> None:
        """Raises Retry while the provider does not answer, for as long as it matters."""
        receipt = await receipts.to_tell(company_id, job.conversation_id)
        if receipt is None:
            return
        reason = await self._tell(company_id, receipt, typing=False)
        if reason is None:
            await receipts.told(company_id, job.conversation_id, receipt)
            return
        if reason in TRANSIENT and now() - receipt.seen_at < PATIENCE:
            raise Retry(reason=f"read receipt: {reason}")
        log.info("receipt.let_go", channel_id=str(receipt.channel_id), reason=reason.value)

    async def show_typing(self, company_id: UUID, conversation_id: UUID, at: float) -> None:
        """`at`: when somebody wrote, in epoch seconds. Does nothing where it comes too late."""
        if time.time() - at > STALE or self._typing >= TYPING_SLOTS:
            return
        self._typing += 1
        try:
            async with asyncio.timeout(TYPING_SECONDS):
                receipt = await receipts.writes(company_id, conversation_id)
                if receipt is not None and await self._tell(company_id, receipt, typing=True) is None:
                    await receipts.shown_typing(company_id, receipt)
        except (TimeoutError, *valkey.Down):
            log.debug("typing.let_go", conversation_id=str(conversation_id))
        finally:
            self._typing -= 1

    async def _tell(self, company_id: UUID, receipt: Receipt, *, typing: bool) -> FailureReason | None:
        """One call; why it failed."""
        try:
            known: Credentials = await channel_of(company_id, receipt.channel_id)
        except (Cancel, SealBroken):
            return FailureReason.TOKEN_INVALID
        channel = known.channel
        adapter = registry.adapter(channel.kind)
        can = adapter.provider.capabilities
        if not (can.typing if typing else can.read_receipts):
            return FailureReason.BAD_REQUEST
        if not channel.sendable:
            return FailureReason.TEMPORARY
        if can.session is not None:  # who holds the connection shows it; what was read is told there too (workers/qr)
            return None if await typing_over.say(company_id, channel.id, receipt.address) else FailureReason.TEMPORARY
        client = adapter.client(self._settings, self._wire, channel, known.token)
        try:
            await adapter.mark_read(client, channel, receipt.provider_id, typing=typing)
        except ProviderError as error:
            return reason_of(error.outcome) or FailureReason.UNKNOWN_OUTCOME
        return None


JOBS = (Handler(MarkRead, lambda r: Receipts(r.settings, r.wire).mark_read),)
