"""What is told of calls: how far one is, that somebody on the line wants a person, and whether they were put through."""

from datetime import datetime
from uuid import UUID

from db import ids
from db.costs import ledger as costs
from db.costs.ledger import Charge
from db.messages import calls
from db.messages.enums import CallOutcome, CallStage
from db.transfers import ringing
from db.transfers.enums import TransferOutcome
from db.transfers.ringing import Wish
from db.work import Work
from workers.progress import progress
from workers.providers.events import CallEvent, HandoverEvent, TransferEvent


async def happen(w: Work, channel_id: UUID, row_id: UUID, at: datetime, event: CallEvent | HandoverEvent | TransferEvent) -> None:
    """`row_id`: of the stored webhook. Harmless when it is repeated."""
    attempt_id = ids.parsed(event.correlation_id or "")
    match event:
        case CallEvent():
            await _call(w, channel_id, attempt_id, at, event)
        case HandoverEvent():
            wish = Wish(row_id, event.provider_id, attempt_id, event.reason, event.department, event.summary)
            await ringing.ask(w, channel_id, wish)
        case TransferEvent():
            await _transfer(w, channel_id, attempt_id, event)


async def _call(w: Work, channel_id: UUID, attempt_id: UUID | None, at: datetime, event: CallEvent) -> None:
    """What is known of a call; what it cost, once the provider has said its last word."""
    told = {name: getattr(event, name) for name in calls.Told._fields if hasattr(event, name)}
    turns = [calls.Turn(*turn) for turn in event.turns]
    of = {"provider_call_id": event.provider_id, "attempt_id": attempt_id, "channel_id": channel_id, "turns": turns}
    call_id = await calls.tell(w, calls.Told(**{**told, **of}))
    if call_id is not None and not event.inbound:
        progress.touch(w.company_id, await calls.campaign_of(w, call_id))
    if call_id is not None and event.stage >= CallStage.ENDED:
        await ringing.over(w, call_id, transferred=event.outcome is CallOutcome.TRANSFERRED)
    if event.cost is not None and event.stage is CallStage.ANALYZED and not event.inbound:
        await costs.bill(w, [Charge(attempt_id, event.provider_id, at, True, costs.CALL, amount=event.cost)])


async def _transfer(w: Work, channel_id: UUID, attempt_id: UUID | None, event: TransferEvent) -> None:
    """Who took a call speaks with the person, or was not reached."""
    call = await calls.running(w, channel_id, event.provider_id, attempt_id)
    if call is None:
        return
    if event.outcome is TransferOutcome.CONNECTED:
        await ringing.connected(w, call.id)
    else:
        await ringing.failed(w, call.id, event.outcome)
