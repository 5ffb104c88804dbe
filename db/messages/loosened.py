"""Who waits for hours, for the pace of a young number or for the month's limit of costs is asked about anew once these are changed: whoever may be written to now goes now, and the others
are put off by the rules as they are (`db/campaigns/gate.py`). Who waits for something else, or has a moment of their own in a campaign that is spread
over hours, keeps it."""

from datetime import datetime, timedelta
from uuid import UUID

from db.clock import now
from db.jobs import ReleaseHeld
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, work

BATCH = 5_000
LATER = timedelta(minutes=1)
"""So long no claim lasts: whoever was put off at that moment by the rules of before is found by the second job."""
_QUEUES = """
select id from campaign where company_id = $1 and finished_at is null and state in ('running', 'paused', 'held')
union all select id from channel where company_id = $1 and archived_at is null
"""
_RELEASE = f"""
update message set next_at = now(), reason = null where company_id = $1 and queued and id = any(array(
    select id from message where company_id = $1 and queue_id = $2 and queued and next_at > $3
        and reason in ('{FailureReason.QUIET_HOURS}', '{FailureReason.WARM_UP}', '{FailureReason.SPEND_CAP}', '{FailureReason.PRICE_UNKNOWN}') limit $4 for update skip locked))
"""


async def ask(w: Work) -> None:
    """In the transaction that changes what holds people back. The second look counts from the last change: claims by the rules before it last as long."""
    w.enqueue(ReleaseHeld())
    await w.withdraw(ReleaseHeld(again=True))
    w.enqueue(ReleaseHeld(again=True), at=now() + LATER)


async def release(company_id: UUID) -> int:
    """All of a company's campaigns, sequences and single messages, in portions. Returns how many are due now."""
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        queues = [row["id"] for row in await w.fetch(_QUEUES, company_id)]
    moment = now()
    return sum([await _release(company_id, queue_id, moment) for queue_id in queues])


async def _release(company_id: UUID, queue_id: UUID, moment: datetime) -> int:
    released = some = await _portion(company_id, queue_id, moment)
    while some == BATCH:
        some = await _portion(company_id, queue_id, moment)
        released += some
    return released


async def _portion(company_id: UUID, queue_id: UUID, moment: datetime) -> int:
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        return await w.execute(_RELEASE, company_id, queue_id, moment, BATCH)
