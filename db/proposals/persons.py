"""What becomes of proposals when conversations become one or two, because the person turns out to be somebody else.

Stands beneath the conversations, which call it with their rows held: knows its tables alone.
"""

from uuid import UUID

from db.work import Work

# What waits with either waits with the one that stays. A look that runs there has not seen the other's words: it is void. Where it saw newer
# ones before, the other's would be old to the next look; so that one goes as far back as the other's.
_MOVED = (
    "update lead_watch k set due_at = least(k.due_at, g.due_at), hard_at = least(k.hard_at, g.hard_at),"
    " newest_id = greatest(k.newest_id, g.newest_id), through_id = case when k.through_id > g.newest_id then g.through_id else k.through_id end,"
    " epoch = k.epoch + 1, lease_until = null, tries = 0 from lead_watch g where k.company_id = $1 and k.conversation_id = $2"
    " and g.company_id = $1 and g.conversation_id = $3 and g.board_id = k.board_id and g.due_at is not null",
    "update lead_watch g set conversation_id = $2, epoch = epoch + 1, lease_until = null where g.company_id = $1 and g.conversation_id = $3"
    " and not exists (select from lead_watch k where k.company_id = $1 and k.conversation_id = $2 and k.board_id = g.board_id)",
    "delete from lead_watch where company_id = $1 and conversation_id = $3 and $2::uuid <> $3",
    # Of two suggestions for the same, that of the conversation that stays.
    "update lead_proposal g set state = 'expired', decided_at = now() where g.company_id = $1 and g.conversation_id = $3 and g.state = 'proposed'"
    " and exists (select from lead_proposal k where k.company_id = $1 and k.conversation_id = $2 and k.state = 'proposed'"
    " and (k.board_id, k.tool, k.target) = (g.board_id, g.tool, g.target))",
    "update lead_proposal set conversation_id = $2 where company_id = $1 and conversation_id = $3",
    "update lead_judging set conversation_id = $2 where company_id = $1 and conversation_id = $3",
)
_EXPIRE = """
update lead_proposal set state = 'expired', decided_at = now() where company_id = $1 and conversation_id = $2 and state = 'proposed'
"""
_FORGET = """
delete from {table} p using conversation v
where p.company_id = $1 and v.company_id = $1 and v.id = p.conversation_id and v.contact_id = any($2::uuid[])
"""


async def forget(w: Work, contact_ids: list[UUID]) -> None:
    """These contacts are deleted, with what was read in their words."""
    for table in ("lead_watch", "lead_judging", "lead_proposal"):
        await w.execute(_FORGET.format(table=table), w.company_id, contact_ids)


async def join(w: Work, keep: UUID, gone: UUID) -> None:
    """`gone` becomes a part of `keep`."""
    for statement in _MOVED:
        await w.execute(statement, w.company_id, keep, gone)


async def part(w: Work, kept: UUID) -> None:
    """A part of it becomes another one's again: what waits was read from both."""
    await w.execute(_EXPIRE, w.company_id, kept)
