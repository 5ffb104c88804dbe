"""What became of messages after they were said: they say something else, or were taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct, structs

from db.messages.enums import MessageState as M
from db.messages.taken_away import SAME_WRITER
from db.work import Read

Side = tuple[UUID, str, Literal["out", "in"]]


class Changed(Struct, frozen=True, kw_only=True):
    """`text`: what it says now. `by`: who deleted it, where that is not who wrote it: an administrator of the group, or who of the team did it as one.
    `state` and `reason`: of our last change, as of any message that goes out; one that did not go changed nothing."""

    edited_at: datetime | None = None
    text: str | None = None
    deleted_at: datetime | None = None
    by: str | None = None
    state: str | None = None
    reason: str | None = None


# Nobody changes what somebody else said: in a group whoever wrote it does, by whichever name, and its administrators take it away, ours too.
_BY_ADMIN = "i.kind = 'revoke' and (i.context->>'by_admin')::boolean"
_SELECT = f"""
select i.channel_id, i.context_provider_id as target, i.id, i.received_at as at, 'in' as direction, i.kind,
    coalesce(i.content->'content'->>'text', i.content->'content'->>'caption') as text, null::smallint as state, null as reason,
    case when {_BY_ADMIN} and {SAME_WRITER} is not true then i.context->>'writer' end as by
from inbound_message i join inbound_message t on t.company_id = $1 and t.channel_id = i.channel_id and t.provider_id = i.context_provider_id
    and t.contact_id = i.contact_id and (i.context->>'group_id' is null or {SAME_WRITER} or {_BY_ADMIN})
where i.company_id = $1 and i.context_provider_id = any($2::text[]) and i.kind in ('edit', 'revoke')
union all
select i.channel_id, i.context_provider_id, i.id, i.received_at, 'out', i.kind, null, null, null, i.context->>'writer'
from inbound_message i join message t on t.company_id = $1 and t.channel_id = i.channel_id and t.provider_id = i.context_provider_id
    and t.contact_id = i.contact_id
where i.company_id = $1 and i.context_provider_id = any($2::text[]) and {_BY_ADMIN}
union all
select m.channel_id, m.reacts_to, m.id, coalesce(m.sent_at, uuid_extract_timestamp(m.id)), case when t.id is null then 'out' else 'in' end,
    case when m.content->>'kind' = 'change' and m.content->>'body' is null then 'revoke' else m.content->>'kind' end,
    coalesce(m.content->>'body', m.content->'content'->>'text', m.content->'content'->>'caption'), m.state, m.reason,
    case when t.id is not null then u.name end
from message m left join inbound_message t on t.company_id = $1 and t.channel_id = m.channel_id and t.provider_id = m.reacts_to
left join account_user u on u.id = m.author_id
where m.company_id = $1 and m.reacts_to = any($2::text[]) and m.content->>'kind' in ('edit', 'revoke', 'change')
    and m.state not in ({M.SKIPPED}, {M.CANCELLED})
order by at, id
"""
_FAILED = (M.FAILED, M.FAILED_UNKNOWN)


async def of_messages(r: Read, company_id: UUID, provider_ids: Sequence[str]) -> dict[Side, Changed]:
    """By channel, provider's id of the message, and its direction."""
    found: dict[Side, Changed] = {}
    for row in await r.fetch(_SELECT, company_id, list(provider_ids)) if provider_ids else []:
        side: Side = (row["channel_id"], row["target"], row["direction"])
        known = found.get(side, Changed())
        state = None if row["state"] is None else M(row["state"])
        known = structs.replace(known, state=state.label if state is not None else None, reason=row["reason"])
        if state not in _FAILED:
            if row["kind"] == "revoke":
                known = structs.replace(known, deleted_at=row["at"], by=row["by"])
            else:
                known = structs.replace(known, edited_at=row["at"], text=row["text"])
        found[side] = known
    return found
