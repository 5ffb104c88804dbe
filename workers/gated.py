"""What a lane does about the hours and the money of a campaign (db/campaigns/gate.py): who may not be written to goes back into the queue in the
transaction of the claim, and a campaign whose limit is reached pauses."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from db.campaigns import gate, lifecycle
from db.campaigns.gate import Asked
from db.channels.secrets import ChannelRow
from db.clock import now
from db.costs.enums import CapScope
from db.messages import ledger
from db.messages.ledger import Claimed
from db.messages.reasons import FailureReason
from db.work import Work
from workers import outgoing
from workers.batch import queued_again

AGAIN = 5.0  # seconds; the campaign pauses meanwhile


async def by_hours(w: Work, channel: ChannelRow, queue_id: UUID, asked: Asked | None, batch: Sequence[Claimed]) -> list[Claimed]:
    """Those who may be written to now; the others wait."""
    closed = await gate.closed(w, asked, queue_id, batch) if asked is not None and batch else {}
    if not closed:
        return list(batch)
    waiting = [message for message in batch if message.message_id in closed]
    results = [
        queued_again(
            one, FailureReason.QUIET_HOURS, closed[one.message_id].wait, f"held by the rule {closed[one.message_id].rule}"
        )
        for one in waiting
    ]
    await ledger.finish(w, results, horizon=channel.unknown_horizon)
    soonest = min(held.wait for held in closed.values())
    await outgoing.note_limit(channel, "quiet_hours", None, until=now() + timedelta(seconds=soonest))
    return [message for message in batch if message.message_id not in closed]


async def by_money(
    w: Work, channel: ChannelRow, asked: Asked | None, batch: Sequence[Claimed]
) -> tuple[list[Claimed], CapScope | None]:
    """Those whose cost fits under every limit, reserved; and which limit stops the others."""
    if asked is None or not asked.has_caps or not batch:
        return list(batch), None
    admitted = await gate.afford(w, asked, batch)
    dear = [one for one in batch if one.message_id not in admitted.go]
    if dear:
        results = [queued_again(one, FailureReason.SPEND_CAP, AGAIN, "would pass the limit of costs") for one in dear]
        await ledger.finish(w, results, horizon=channel.unknown_horizon)
    return [one for one in batch if one.message_id in admitted.go], admitted.stop


async def stop(company_id: UUID, campaign_id: UUID, scope: CapScope) -> None:
    """After the claim is committed. Should this process die before: the next claim comes to the same."""
    await lifecycle.stop(company_id, campaign_id, FailureReason.SPEND_CAP.value, gate.stopped_by(scope), pause=True)
