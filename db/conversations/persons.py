"""What becomes of conversations when the person changes: is deleted, turns out to be somebody else known here, or is parted again.

Each person has one conversation per channel at any time. Stands beneath the messages, which have gone where they belong by then.
"""

from uuid import UUID

import asyncpg

from db.assistant import human
from db.conversations.enums import LineKind
from db.conversations.events import ConversationUpdated
from db.conversations.record import MOST, line
from db.proposals import persons as proposals
from db.work import Work

_LOCK = """
select id, contact_id, channel_id from conversation where company_id = $1 and contact_id = any($2::uuid[]) order by id for update
"""
_TOLD = "returning id, contact_id, version"
_JOIN = f"""
update conversation k set
    state = case when 'open' in (k.state, o.state) then 'open' when 'snoozed' in (k.state, o.state) then 'snoozed' else 'closed' end,
    snoozed_until = case when 'open' in (k.state, o.state) then null else least(k.snoozed_until, o.snoozed_until) end,
    assignee_id = coalesce(k.assignee_id, o.assignee_id), team_id = coalesce(k.team_id, o.team_id),
    priority = case when k.priority = 'none' then o.priority else k.priority end,
    unread_at = (k.unread_at || o.unread_at)[1:{MOST}], unanswered_at = (array_sort(k.unanswered_at || o.unanswered_at))[1:{MOST}],
    address = case when (o.last_at, coalesce(o.last_id, o.id)) > (k.last_at, coalesce(k.last_id, k.id)) then o.address else k.address end,
    last_id = case when (o.last_at, coalesce(o.last_id, o.id)) > (k.last_at, coalesce(k.last_id, k.id)) then o.last_id else k.last_id end,
    last_at = greatest(k.last_at, o.last_at), last_inbound_at = greatest(k.last_inbound_at, o.last_inbound_at),
    echoed_at = greatest(k.echoed_at, o.echoed_at), opened_at = least(k.opened_at, o.opened_at), closed_at = greatest(k.closed_at, o.closed_at),
    answer_by = case when o.answer_id > k.answer_id or k.answer_id is null then o.answer_by else k.answer_by end,
    answer_id = case when o.answer_id > k.answer_id or k.answer_id is null then o.answer_id else k.answer_id end,
    first_reply_at = least(k.first_reply_at, o.first_reply_at), human_reply_at = least(k.human_reply_at, o.human_reply_at),
    asked_at = least(k.asked_at, o.asked_at),
    seen_id = case when o.seen_at > k.seen_at or k.seen_at is null then o.seen_id else k.seen_id end,
    told_id = case when o.seen_at > k.seen_at or k.seen_at is null then o.told_id else k.told_id end,
    seen_at = greatest(k.seen_at, o.seen_at),
    first_touch = case when (o.first_touch->>'at')::timestamptz < (k.first_touch->>'at')::timestamptz or k.first_touch is null
        then o.first_touch else k.first_touch end,
    last_touch = case when (o.last_touch->>'at')::timestamptz > (k.last_touch->>'at')::timestamptz or k.last_touch is null
        then o.last_touch else k.last_touch end,
    version = k.version + 1
from conversation o where k.company_id = $1 and k.id = $2 and o.company_id = $1 and o.id = $3
"""
_HANDED_OVER = (
    "update conversation_entry set conversation_id = $2 where company_id = $1 and conversation_id = $3",
    "insert into conversation_label(company_id, label_id, conversation_id) select company_id, label_id, $2 from conversation_label"
    " where company_id = $1 and conversation_id = $3 on conflict do nothing",
    "update talk set conversation_id = $2 where company_id = $1 and conversation_id = $3",
    "delete from conversation where company_id = $1 and id = $3 and id <> $2",
)
_MOVE = f"update conversation set contact_id = $3, version = version + 1 where company_id = $1 and id = $2 {_TOLD}"
_NEWEST = """
select * from (
    (select id, address, case when sent_at is not null then sent_at when done_at is not null then done_at else next_at end as at
     from message where company_id = $1 and contact_id = $2 and channel_id = $3 and campaign_id is null and reacts_to is null
       and dedupe_key not like 'test:%'
     order by 3 desc, 1 desc limit 1)
    union all
    (select id, address, received_at from inbound_message where company_id = $1 and contact_id = $2 and channel_id = $3
     and kind <> all('{preference,reaction,edit,revoke,system}') order by received_at desc, id desc limit 1)) m
order by at desc, id desc limit 1
"""
_CAME = """
select received_at from inbound_message where company_id = $1 and contact_id = $2 and channel_id = $3
    and kind <> all('{preference,reaction,edit,revoke,system}')
"""
# What waits goes with the person who wrote it; who cares for it, and its state, are the same for both.
_SHARED = f"""
update conversation b set state = k.state, snoozed_until = k.snoozed_until, assignee_id = k.assignee_id, team_id = k.team_id,
    priority = k.priority, opened_at = k.opened_at, closed_at = k.closed_at,
    unread_at = array(select t from unnest(k.unread_at) with ordinality u(t, n) where t in ({_CAME}) order by n),
    unanswered_at = array(select t from unnest(k.unanswered_at) t where t in ({_CAME}) order by t)
from conversation k where b.company_id = $1 and b.contact_id = $2 and b.channel_id = $3 and k.company_id = $1 and k.id = $4
returning b.id, b.contact_id, b.version
"""
_KEPT = f"""
update conversation k set last_id = $5, last_at = $6, address = $7, version = version + 1,
    last_inbound_at = (select max(received_at) from ({_CAME}) c),
    unread_at = array(select t from unnest(k.unread_at) with ordinality u(t, n) where t in ({_CAME}) order by n),
    unanswered_at = array(select t from unnest(k.unanswered_at) t where t in ({_CAME}) order by t)
where k.company_id = $1 and k.id = $4 {_TOLD}
"""


async def hold(w: Work, contact_ids: list[UUID]) -> None:
    """Their conversations are ours until this transaction ends: before their messages, as by everybody who answers."""
    await w.fetch(_LOCK, w.company_id, contact_ids)


async def forget(w: Work, contact_ids: list[UUID]) -> None:
    """These contacts are deleted, and their conversations with them."""
    await human.forget(w, contact_ids)
    await proposals.forget(w, contact_ids)
    await w.execute("delete from conversation where company_id = $1 and contact_id = any($2::uuid[])", w.company_id, contact_ids)


async def join(w: Work, keep: UUID, other: UUID) -> None:
    """What was with `other` is with `keep`: over a channel that both used, two conversations become one."""
    rows = await w.fetch(_LOCK, w.company_id, [keep, other])
    name = await w.fetchval("select nullif(name, '') from contact where company_id = $1 and id = $2", w.company_id, other)
    kept = {row["channel_id"]: row["id"] for row in rows if row["contact_id"] == keep}
    for row in rows:
        if row["contact_id"] == keep:
            continue
        if (stays := kept.get(row["channel_id"])) is None:
            _tell(w, await w.fetchrow(_MOVE, w.company_id, row["id"], keep))
            await line(w, row["id"], keep, LineKind.MERGED, what=name)
            continue
        told = await w.fetchrow(f"{_JOIN} returning k.id, k.contact_id, k.version", w.company_id, stays, row["id"])
        await human.join(w, stays, row["id"])
        await proposals.join(w, stays, row["id"])
        for statement in _HANDED_OVER:
            await w.execute(statement, w.company_id, stays, row["id"])
        await line(w, stays, keep, LineKind.MERGED, what=name)
        _tell(w, told)


async def part(w: Work, kept: UUID, back: UUID) -> None:
    """`back` has its messages again: over each channel where it said something it gets the conversation, with `kept` having its own
    where that said something too. Notes and lines stay where most was said: with `kept`."""
    rows = await w.fetch(_LOCK, w.company_id, [kept])
    shared = []
    for row in rows:
        theirs = await w.fetchrow(_NEWEST, w.company_id, back, row["channel_id"])
        ours = await w.fetchrow(_NEWEST, w.company_id, kept, row["channel_id"])
        if theirs is not None and ours is None:
            _tell(w, await w.fetchrow(_MOVE, w.company_id, row["id"], back))
        elif theirs is not None and ours is not None:
            shared.append((row, ours))
    await w.execute("select make_conversations($1, $2)", w.company_id, [back])
    for row, ours in shared:
        parted = await w.fetchrow(_SHARED, w.company_id, back, row["channel_id"], row["id"])
        assert parted is not None
        await human.part(w, row["id"], parted["id"])
        await proposals.part(w, row["id"])
        _tell(w, parted)
        newest = (ours["id"], ours["at"], ours["address"])
        _tell(w, await w.fetchrow(_KEPT, w.company_id, kept, row["channel_id"], row["id"], *newest))


def _tell(w: Work, row: asyncpg.Record | None) -> None:
    assert row is not None
    w.emit(ConversationUpdated(conversation_id=row["id"], contact_id=row["contact_id"], version=row["version"]))
