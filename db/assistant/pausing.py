"""Whoever is seen writing on is waited for longer, as far as their channel tells it.

It never opens a turn and never shortens a wait; what a run has taken already is left alone: the message that follows supersedes it.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from db.assistant.enums import AssistantMode, TurnState
from db.conversations.events import CustomerTyping
from db.permissions import Permission
from db.tenancy import worker
from db.work import read, system_read, work

GOES_ON = timedelta(seconds=8)
"""So long after they were last seen writing an answer is not begun; the turn's own limit holds."""
MOST = 200

_GATHERED = f"""
select t.company_id, t.conversation_id, v.channel_id, t.last_inbound_id from ai_turn t
join conversation v on v.company_id = t.company_id and v.id = t.conversation_id and v.channel_id = any($1::uuid[])
where t.state = '{TurnState.COLLECTING.value}' and t.mode = '{AssistantMode.AUTO.value}' and t.asks is null order by t.opened_at limit {MOST}
"""
_GOES_ON = f"""
update ai_turn set due_at = least(greatest(due_at, now() + $3::interval), hard_at)
where company_id = $1 and conversation_id = $2 and state = '{TurnState.COLLECTING.value}' and asks is null
"""


class Gathered(NamedTuple):
    """A conversation whose messages are gathered, and where the last of them came from."""

    company_id: UUID
    conversation_id: UUID
    channel_id: UUID
    address: str


async def gathered(channel_ids: Collection[UUID]) -> list[Gathered]:
    """Over these channels, of all companies, where the answer goes out by itself; those that wait longest."""
    if not channel_ids:
        return []
    async with system_read() as s:
        rows = await s.fetch(_GATHERED, list(channel_ids))
    found = []
    for company_id in dict.fromkeys(row["company_id"] for row in rows):
        theirs = [row for row in rows if row["company_id"] == company_id]
        async with read(worker(company_id), Permission.CONVERSATIONS_READ) as r:
            messages = await r.fetch(
                "select id, address from inbound_message where company_id = $1 and id = any($2::uuid[])",
                company_id,
                [row["last_inbound_id"] for row in theirs],
            )
        addresses = {one["id"]: one["address"] for one in messages}
        found += [
            Gathered(company_id, row["conversation_id"], row["channel_id"], address)
            for row in theirs
            if (address := addresses.get(row["last_inbound_id"]))
        ]
    return found


async def customer_types(company_id: UUID, conversation_id: UUID) -> None:
    """They were seen writing just now: the turn that gathers is due later, and who looks at the conversation sees it."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        contact_id = await w.fetchval(
            "select contact_id from conversation where company_id = $1 and id = $2", company_id, conversation_id
        )
        if contact_id is not None:
            await w.execute(_GOES_ON, company_id, conversation_id, GOES_ON)
            w.emit(CustomerTyping(conversation_id=conversation_id, contact_id=contact_id))
