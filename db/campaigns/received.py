"""Which campaigns wrote to one person, and what came of it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db.contacts.notes import must_exist
from db.messages.enums import MessageState
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

MOST = 50

# The order is that of the index message_thread.
_RECEIVED = f"""
select m.campaign_id, c.name, m.state, m.replied_at,
    case when m.sent_at is not null then m.sent_at when m.done_at is not null then m.done_at else m.next_at end as at
from message m
join campaign c on c.company_id = $1 and c.id = m.campaign_id
where m.company_id = $1 and m.contact_id = $2 and m.state not in ({MessageState.SKIPPED}, {MessageState.CANCELLED})
    and m.dedupe_key not like 'test:%'
order by at desc, m.id desc limit {MOST}
"""


class Received(NamedTuple):
    """A campaign's message to the person. `at`: when it went, or is to go."""

    campaign_id: UUID
    name: str
    at: datetime
    state: str
    replied_at: datetime | None


async def received(actor: Actor, contact_id: UUID) -> list[Received]:
    """The newest first, at most MOST. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        await must_exist(r, actor.company_id, contact_id)
        rows = await r.fetch(_RECEIVED, actor.company_id, contact_id)
    return [
        Received(row["campaign_id"], row["name"], row["at"], MessageState(row["state"]).label, row["replied_at"]) for row in rows
    ]
