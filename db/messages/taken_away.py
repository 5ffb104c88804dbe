"""What an administrator of a group took away that others wrote. The platform does not say with it who is one: it is asked, and until then nothing is
taken away (`context.by_admin` is null). What the answer was stays: who is no administrator any more was one then."""

from collections.abc import Sequence
from uuid import UUID

from db.work import Read, Work

SAME_WRITER = """(i.context->>'writer_address' = t.context->>'writer_address'
        or i.context->>'writer_number' = t.context->>'writer_number' or i.context->>'writer_lid' = t.context->>'writer_lid')"""
"""SQL: two messages of a group, `i` and `t`, were written by one person, by whichever name."""

_ANOTHERS = f"""
select true from inbound_message i where i.company_id = $1 and i.id = $2 and i.kind = 'revoke' and not exists (
    select from inbound_message t where t.company_id = $1 and t.channel_id = i.channel_id and t.provider_id = i.context_provider_id and {SAME_WRITER})
"""
_SETTLE = """
update inbound_message i set context = i.context || jsonb_build_object('by_admin', coalesce(
    i.context->>'writer_address' = any($3) or (i.context->>'writer_lid') || '@lid' = any($3), false))
where i.company_id = $1 and i.contact_id = $2 and i.kind = 'revoke' and i.context->>'by_admin' is null and i.received_at > now() - interval '30 days'
returning i.channel_id, i.context_provider_id as target, (i.context->>'by_admin')::boolean as done
"""
_TARGETS = """
select id from inbound_message where company_id = $1 and contact_id = $2 and provider_id = any($3::text[])
union all select id from message where company_id = $1 and contact_id = $2 and provider_id = any($3::text[])
"""


async def is_asked_of(r: Read, company_id: UUID, message_id: UUID) -> bool:
    """Whether this takes away what somebody else wrote."""
    return bool(await r.fetchval(_ANOTHERS, company_id, message_id))


async def settle(w: Work, group_id: UUID, admins: Sequence[str]) -> list[UUID]:
    """These administer the group: what waits for it is taken away, or never. Returns the messages that are others now."""
    rows = await w.fetch(_SETTLE, w.company_id, group_id, list(admins))
    gone = [row["target"] for row in rows if row["done"]]
    return [row["id"] for row in await w.fetch(_TARGETS, w.company_id, group_id, gone)] if gone else []
