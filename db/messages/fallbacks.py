"""Who gets a message of another campaign because the first one surely did not reach them. Unknown outcomes are no failures: they may have arrived."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from db.messages.enums import MessageState as M
from db.work import Read, Work

# Two contacts that became one have two messages: one that went, or may have, is enough. Whoever spoke until the call broke off was reached.
_MISSED = f"""
select m.contact_id from message m where m.company_id = $1 and m.campaign_id = $2 and m.in_trouble and m.state = {M.FAILED}
    and m.requeue_allowed and m.contact_id is not null and m.reason = any($4::text[])
    and not exists (select from call c where c.company_id = $1 and c.id = m.id and (c.owed or c.outcome = 'fault' and c.started_at is not null))
    and not exists (select from message f where f.company_id = $1 and f.contact_id = m.contact_id and f.campaign_id = $3)
    and not exists (select from message o where o.company_id = $1 and o.contact_id = m.contact_id and o.campaign_id = $2
        and o.state not in ({M.FAILED}, {M.SKIPPED}, {M.CANCELLED}))
order by m.id limit $5
"""
# The first one arrived after all: what still waits in its place is not needed.
_NOT_NEEDED = f"""
update message f set state = {M.CANCELLED}, done_at = now(), lease_until = null from message m
where f.company_id = $1 and f.queue_id = $3 and f.queued and not f.maybe_duplicate
    and m.company_id = $1 and m.contact_id = f.contact_id and m.campaign_id = $2 and m.state in ({M.DELIVERED}, {M.READ})
"""
# Who waits for a number that has fallen. One that may have gone is no failure, and stays.
_GIVE_UP = f"""
update message set state = {M.FAILED}, reason = $3, done_at = now() where company_id = $1 and id in (
    select id from message where company_id = $1 and queue_id in ($2, (select trial_queue from campaign where company_id = $1 and id = $2))
        and queued and requeue_allowed and not maybe_duplicate and ($4::text is null or reason = $4)
    order by next_at, id limit $5 for update skip locked)
"""
_FIGURES = f"""
select count(*) filter (where f.state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}))::int as waiting,
    count(*) filter (where f.state in ({M.SENT}, {M.DELIVERED}, {M.READ}))::int as sent,
    count(*) filter (where f.state in ({M.DELIVERED}, {M.READ}))::int as delivered,
    count(*) filter (where f.replied_at is not null)::int as replied,
    count(*) filter (where f.state in ({M.FAILED}, {M.FAILED_UNKNOWN}))::int as failed,
    count(*) filter (where f.state = {M.SKIPPED})::int as skipped,
    count(*) filter (where f.state in ({M.DELIVERED}, {M.READ}) and m.state in ({M.DELIVERED}, {M.READ}))::int as both
from message f left join message m on m.company_id = $1 and m.contact_id = f.contact_id and m.campaign_id = $2
where f.company_id = $1 and f.dedupe_key > $3::uuid::text || ':' and f.dedupe_key < $3::uuid::text || ';' and f.state <> {M.CANCELLED}
"""


class Counted(NamedTuple):
    """`both`: whom the first message reached after all, too; they are one person."""

    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    replied: int = 0
    failed: int = 0
    skipped: int = 0
    both: int = 0


async def missed(w: Work, campaign_id: UUID, instead: UUID, reasons: Sequence[str], most: int) -> list[UUID]:
    """Whom a campaign surely did not reach for one of the reasons, and who has no message of the campaign `instead` yet."""
    rows = await w.fetch(_MISSED, w.company_id, campaign_id, instead, list(reasons), most)
    return [row["contact_id"] for row in rows]


async def drop_needless(w: Work, campaign_id: UUID, instead: UUID) -> int:
    """Ends what waits for people whom the first message reached after all. Returns how many."""
    return await w.execute(_NOT_NEEDED, w.company_id, campaign_id, instead)


async def give_up(w: Work, campaign_id: UUID, reason: str, only: str | None, most: int) -> int:
    """Ends what waits in the queue of a campaign, surely unsent, so that it may go another way; `only`: what waits for this reason. Returns how
    many."""
    return await w.execute(_GIVE_UP, w.company_id, campaign_id, reason, only, most)


async def figures(r: Read, company_id: UUID, campaign_id: UUID, instead: UUID) -> Counted:
    """What became of the messages in place of the first ones."""
    row = await r.fetchrow(_FIGURES, company_id, campaign_id, instead)
    return Counted(*row) if row is not None else Counted()
