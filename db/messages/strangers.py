"""Who may be written to where the platform blocks numbers that write to strangers: whoever wrote within a year, or said yes."""

from collections.abc import Sequence
from uuid import UUID

from db.contacts.enums import SAMPLE
from db.messages.ledger import Claimed
from db.work import Work

WITHIN = "12 months"
KNOWN = f"""({{source}} = '{SAMPLE}' or exists (select from inbound_message i where i.company_id = {{company}} and i.contact_id = {{contact}}
        and i.received_at > now() - interval '{WITHIN}')
    or exists (select from consent_entry e where e.company_id = {{company}} and e.contact_id = {{contact}} and e.allowed
        and (e.category is null or e.category = {{category}})))"""
"""SQL. Who takes a consent back has opted out or refuses the category, and is left out for that. Invented people know everybody: the simulator alone
writes to them."""
_CATEGORY = "coalesce(k.content->>'category', 'marketing')"
_AMONG = f"""
select m.id from message m left join campaign k on k.company_id = $1 and k.id = m.campaign_id
left join contact c on c.company_id = $1 and c.id = m.contact_id
where m.company_id = $1 and m.id = any($2::uuid[])
    and not {KNOWN.format(company="$1", contact="m.contact_id", source="coalesce(c.source, '')", category=_CATEGORY)}
"""


async def among(w: Work, batch: Sequence[Claimed]) -> set[UUID]:
    """Those of these messages that would go to somebody who neither wrote nor said yes."""
    return {row["id"] for row in await w.fetch(_AMONG, w.company_id, [one.message_id for one in batch])}
