"""How people and we reacted to messages: what stands under each of them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from db.messages.enums import MessageState as M
from db.work import Read


class Reacted(Struct, frozen=True):
    """One reaction. `id`: of the message that brought it. `emoji` None: it was to be taken back, and that did not go. `author`: who of the
    team made it, `writer`: who of a group; `state` and `reason` as of any message that goes out."""

    id: UUID
    at: datetime
    direction: Literal["out", "in"]
    emoji: str | None
    author: str | None
    state: str | None
    reason: str | None
    writer: str | None = None


_FAILED = (M.FAILED, M.FAILED_UNKNOWN)
# Ours in the order in which they were made, theirs in that of the provider's time.
_SELECT = f"""
select i.channel_id, i.context_provider_id as target, i.id, i.received_at as at, 'in' as direction, nullif(i.body, '') as emoji,
    null as author, null::smallint as state, null as reason, i.context->>'writer' as writer,
    coalesce(i.context->>'writer_number', i.context->>'writer_lid', i.context->>'writer_address') as whose
from inbound_message i where i.company_id = $1 and i.context_provider_id = any($2::text[]) and i.kind = 'reaction'
union all
select m.channel_id, m.reacts_to, m.id, uuid_extract_timestamp(m.id), 'out', nullif(m.content->>'emoji', ''), u.name, m.state, m.reason, null, null
from message m left join account_user u on u.id = m.author_id
where m.company_id = $1 and m.reacts_to = any($2::text[]) and m.state not in ({M.SKIPPED}, {M.CANCELLED})
    and m.content->>'kind' = 'reaction'
order by at desc, id desc
"""


async def of_messages(r: Read, company_id: UUID, provider_ids: Sequence[str]) -> dict[tuple[UUID, str], list[Reacted]]:
    """By channel and provider's id of the message: theirs (in a group one of each) and ours, as far as they stand, and before ours that which did not go."""
    if not provider_ids:
        return {}
    found: dict[tuple[UUID, str], list[Reacted]] = defaultdict(list)
    settled: set[tuple[UUID, str, str, str | None]] = set()
    for row in await r.fetch(_SELECT, company_id, list(provider_ids)):
        place, side = (row["channel_id"], row["target"]), (row["channel_id"], row["target"], row["direction"], row["whose"])
        if side in settled:
            continue
        failed = row["state"] in _FAILED
        if not failed:
            settled.add(side)
        elif any(other.direction == "out" for other in found[place]):  # one that did not go is enough
            continue
        if row["emoji"] is not None or failed:
            state = None if row["state"] is None else M(row["state"]).label
            found[place].append(
                Reacted(row["id"], row["at"], row["direction"], row["emoji"], row["author"], state, row["reason"], row["writer"])
            )
    return found
