"""What becomes of a person's messages when the person changes: says stop, is deleted, turns out to be somebody else known here.

Stands beneath the contacts, which call it in the transaction of the change: knows nothing but the ledger.
"""

from uuid import UUID

from db.conversations import persons, record
from db.conversations.enums import LineKind
from db.messages import calls, files
from db.messages.enums import MessageState as M
from db.messages.enums import SkipReason
from db.work import Work

# What is on its way or unknown is only marked: should it come back into the queue, the ledger ends it then (`ledger.py`).
# Another contact may hold the same address under another kind (wa_id and phone).
_SKIP = f"""
update message set requeue_allowed = false,
    reason = case when state = {M.QUEUED} then '{SkipReason.OPTED_OUT}' else reason end,
    done_at = case when state = {M.QUEUED} then now() else done_at end,
    state = case when state <> {M.QUEUED} then state when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.SKIPPED} end
where company_id = $1 and state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}) and contact_id = any(array(
    select unnest($2::uuid[]) union
    select o.contact_id from contact_identity i join contact_identity o on o.company_id = $1 and o.value = i.value
        and o.kind in ('phone', 'wa_id', 'bsuid') and o.contact_id <> i.contact_id
    where i.company_id = $1 and i.contact_id = any($2::uuid[]) and i.kind in ('phone', 'wa_id', 'bsuid')))
"""
_SKIP_IN_QUEUE = f"""
update message m set state = {M.SKIPPED}, reason = '{SkipReason.OPTED_OUT}', done_at = now(), requeue_allowed = false from contact c
where m.company_id = $1 and m.queue_id = $2 and m.queued
  and c.company_id = $1 and c.id = m.contact_id and c.opted_out_at is not null
"""
_OF_CATEGORY = """coalesce((select coalesce(k.content->>'category', 'marketing') from campaign k where k.company_id = $1 and k.id = m.campaign_id),
    m.content->>'category')"""
_SKIP_CATEGORY = f"""
update message m set requeue_allowed = false,
    reason = case when state = {M.QUEUED} then '{SkipReason.CATEGORY_REFUSED}' else reason end,
    done_at = case when state = {M.QUEUED} then now() else done_at end,
    state = case when state <> {M.QUEUED} then state when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.SKIPPED} end
where company_id = $1 and contact_id = $2 and state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}) and {_OF_CATEGORY} = $3
"""
_SKIP_REFUSING = f"""
update message m set state = {M.SKIPPED}, reason = '{SkipReason.CATEGORY_REFUSED}', done_at = now(), requeue_allowed = false from contact c
where m.company_id = $1 and m.queue_id = $2 and m.queued
  and c.company_id = $1 and c.id = m.contact_id and c.refuses <> '{{}}' and {_OF_CATEGORY} = any(c.refuses)
"""
_DETACH = f"""
update message set contact_id = null, requeue_allowed = false,
    reason = case when state = {M.QUEUED} then '{SkipReason.CONTACT_DELETED}' else reason end,
    done_at = case when state = {M.QUEUED} then now() else done_at end,
    state = case when state <> {M.QUEUED} then state when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.CANCELLED} end
where company_id = $1 and contact_id = any($2::uuid[])
"""

# What one person would get twice from one campaign, now that two contacts are one: what went out, or may have, comes first, then
# what waits for the contact that stayed ($2).
_TWICE = f"""
update message m set reason = '{SkipReason.DUPLICATE_ADDRESS}', done_at = now(), requeue_allowed = false,
    state = case when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.SKIPPED} end
where company_id = $1 and contact_id in ($2, $3) and state = {M.QUEUED} and campaign_id is not null and exists (
    select from message o where o.company_id = $1 and o.contact_id in ($2, $3) and o.campaign_id = m.campaign_id and o.id <> m.id
        and (o.state between {M.SENDING} and {M.READ} or o.state = {M.FAILED_UNKNOWN}
            or o.state = {M.QUEUED} and m.contact_id = $3 and o.contact_id = $2))
"""
# By their keys, which alone lead to all messages of a campaign, the skipped ones too.
_OF_CAMPAIGN = "m.company_id = $1 and m.dedupe_key > $2::uuid::text || ':' and m.dedupe_key < $2::uuid::text || ';' and m.contact_id is not null"
_CHANGED = f"""
select exists (select from message m left join contact c on c.company_id = $1 and c.id = m.contact_id
    where {_OF_CAMPAIGN} and (c.id is null or m.queued and (c.opted_out_at is not null or c.refuses <> '{{}}')))
"""
_GONE = f"""
select g.contact_id, j.contact_id as stayed from (
    select distinct contact_id from message m
    where {_OF_CAMPAIGN} and not exists (select from contact c where c.company_id = $1 and c.id = m.contact_id)) g
left join contact_merge j on j.company_id = $1 and j.merged_id = g.contact_id and j.undone_at is null
"""


async def skip(w: Work, contact_ids: list[UUID]) -> None:
    """These people said stop: what waits for them ends, and what is on its way is not queued again."""
    await w.execute(_SKIP, w.company_id, contact_ids)


async def catch_up(w: Work, campaign_id: UUID) -> None:
    """What people did while the queue of a campaign was being filled: who was merged or deleted takes the messages along, and who said stop or
    refused what it is about is skipped. Usually nobody did, and one look says so."""
    if await w.fetchval(_CHANGED, w.company_id, campaign_id):
        await _follow(w, campaign_id)
        await w.execute(_SKIP_REFUSING, w.company_id, campaign_id)
        await w.execute(_SKIP_IN_QUEUE, w.company_id, campaign_id)


async def skip_category(w: Work, contact_id: UUID, category: str) -> None:
    """The person refuses messages of this category: what waits of it ends, and what is on its way is not queued again."""
    await w.execute(_SKIP_CATEGORY, w.company_id, contact_id, category)


async def _follow(w: Work, campaign_id: UUID) -> None:
    gone = await w.fetch(_GONE, w.company_id, campaign_id)
    for row in gone:
        if row["stayed"] is not None:
            await reassign(w, row["stayed"], row["contact_id"])
    if deleted := [row["contact_id"] for row in gone if row["stayed"] is None]:
        await detach(w, deleted)


async def detach(w: Work, contact_ids: list[UUID]) -> None:
    """These contacts are deleted: what waits for them is cancelled, what was said with them stays counted without them, and the files
    that they sent go."""
    await persons.hold(w, contact_ids)
    await files.let_go(w, contact_ids)
    await calls.let_go(w, contact_ids)
    await w.execute(_DETACH, w.company_id, contact_ids)
    await w.execute(
        "update inbound_message set contact_id = null where company_id = $1 and contact_id = any($2::uuid[])",
        w.company_id,
        contact_ids,
    )
    await persons.forget(w, contact_ids)


async def say_opted_out(w: Work, contact_ids: list[UUID], how: str) -> None:
    """Their threads say that these people are not written to any more, and how that was said."""
    await record.consented(w, contact_ids, record.Consent(LineKind.OPTED_OUT, how))


async def say_opted_in(w: Work, contact_id: UUID) -> None:
    """The threads say that somebody is written to again."""
    await record.consented(w, [contact_id], record.Consent(LineKind.OPTED_IN, None))


async def reassign(w: Work, keep: UUID, other: UUID) -> None:
    """Everything said with `other` was said with `keep`: they are one person, and get nothing twice."""
    await persons.hold(w, [keep, other])
    await w.execute(_TWICE, w.company_id, keep, other)
    for table in ("message", "inbound_message"):
        await w.execute(
            f"update {table} set contact_id = $2 where company_id = $1 and contact_id = $3", w.company_id, keep, other
        )
    await persons.join(w, keep, other)


async def give_back(w: Work, kept: UUID, back: UUID) -> None:
    """What was said with `kept` over an address that `back` has was said with `back`: they are two people again."""
    await persons.hold(w, [kept, back])
    for table in ("message", "inbound_message"):
        await w.execute(
            f"update {table} set contact_id = $3 where company_id = $1 and contact_id = $2 and address in"
            " (select value from contact_identity where company_id = $1 and contact_id = $3)",
            w.company_id,
            kept,
            back,
        )
    await persons.part(w, kept, back)
