"""What is left of messages when their person is erased, or when they are older than their company keeps what was said: states, times and
counts. A slice at a time; a slice that was done is not found again."""

from datetime import datetime
from uuid import UUID

from db.ids import first_of
from db.messages import calls, content, files, render
from db.messages.enums import FileReason, FileState, SkipReason
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.subjects import Subject
from db.tenancy import worker
from db.work import Work, read, work

# The provider's id of a message holds the number of its person.
_OUT = f"""
with picked as materialized (
    select id from message where company_id = $1 and contact_id = any($2::uuid[]) and (address <> '' or content is not null
        or params <> '{{}}' or provider_id is not null or context is not null) order by id limit $3 for update
), tries as (
    update attempt t set provider_id = null, detail = null from picked where t.company_id = $1 and t.message_id = picked.id
)
update message m set address = '', content = null, params = '{{}}', provider_id = null, context = null,
    reacts_to = case when reacts_to is not null then 'erased' end,
    dedupe_key = case when dedupe_key like 'echo:%' then 'erased:' || m.id else dedupe_key end, requeue_allowed = false,
    reason = case when state = {M.QUEUED} then '{SkipReason.CONTACT_DELETED}' else reason end,
    done_at = case when state = {M.QUEUED} then now() else done_at end,
    state = case when state <> {M.QUEUED} then state when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.CANCELLED} end
from picked where m.company_id = $1 and m.id = picked.id
"""
_EMPTY = """'{"kind": "text", "text": ""}'::jsonb"""
_IN = f"""
update inbound_message set address = '', body = '', content = {_EMPTY}, context = null, context_provider_id = null, referral = null,
    provider_id = 'erased:' || id
where company_id = $1 and id in (
    select id from inbound_message where company_id = $1 and contact_id = any($2::uuid[]) and address <> '' order by id limit $3 for update)
"""
# What the person said in groups, of which nobody is a contact.
_OVERHEARD = """
select id from inbound_message where company_id = $1 and contact_id in (select id from chat_group where company_id = $1)
    and (context->>'writer_number' = any($2::text[]) or context->>'writer_lid' = any($2::text[])) order by id limit $3 for update
"""
_UNSAID = f"""
update inbound_message set body = '', content = {_EMPTY}, context = jsonb_build_object('group_id', context->>'group_id'),
    context_provider_id = null, referral = null, provider_id = 'erased:' || id
where company_id = $1 and id = any($2::uuid[])
"""
_LOST = """
delete from lost_attempt where company_id = $1 and (contact_id = any($2::uuid[]) or address = any($3::text[]))
"""


async def erase(w: Work, person: Subject, most: int) -> dict[str, int]:
    """Takes what was said, and to which address, off some messages of the person; what waits is cancelled. Rows by table."""
    overheard = [row["id"] for row in await w.fetch(_OVERHEARD, w.company_id, person.addresses, most)] if person.addresses else []
    return {
        # finds those of earlier tries by their calls
        "message_file": await files.let_go(w, person.contact_ids) + (await files.let_go_of(w, overheard) if overheard else 0),
        "call": await calls.let_go(w, person.contact_ids),
        "message": await w.execute(_OUT, w.company_id, person.contact_ids, most),
        "inbound_message": await w.execute(_IN, w.company_id, person.contact_ids, most)
        + (await w.execute(_UNSAID, w.company_id, overheard) if overheard else 0),
        "lost_attempt": await w.execute(_LOST, w.company_id, person.contact_ids, person.addresses),
    }


async def under_way(w: Work, person: Subject) -> bool:
    """Whether a message to the person is with the provider at this moment: its answer will be written to the row."""
    return bool(
        await w.fetchval(
            f"select true from message where company_id = $1 and contact_id = any($2::uuid[]) and state = {M.SENDING} limit 1",
            w.company_id,
            person.contact_ids,
        )
    )


# -- what is older than its company keeps it

_FORGOTTEN_OUT = f"""
with picked as materialized (
    select id from message where company_id = $1 and id > $2 and id < $3 order by id limit $4
), emptied as (
    update message m set content = '{render.encode(render.ForgottenContent())}', params = '{{}}', context = null, requeue_allowed = false
    from picked where m.company_id = $1 and m.id = picked.id and m.state not in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}) and m.reacts_to is null
), spoken as (
    select id from picked union all select c.id from picked join call c on c.company_id = $1 and c.try_of = picked.id
), words as (
    delete from call_turn t using spoken where t.company_id = $1 and t.call_id = spoken.id
), said as (
    update call c set summary = null from spoken where c.company_id = $1 and c.id = spoken.id and c.summary is not null
)
select id from picked order by id desc limit 1
"""
_FORGOTTEN_IN = f"""
with picked as materialized (
    select id from inbound_message where company_id = $1 and id > $2 and id < $3 order by id limit $4
), emptied as (
    update inbound_message m set content = '{content.encode(content.FORGOTTEN)}', body = '', context = null, referral = null
    from picked where m.company_id = $1 and m.id = picked.id and m.kind <> all('{{reaction,preference,system}}')
), heard as (
    update message_file f set words = null from picked where f.company_id = $1 and f.message_id = picked.id and f.words is not null
), words as (
    delete from call_turn t using picked where t.company_id = $1 and t.call_id = picked.id
), said as (
    update call c set summary = null from picked where c.company_id = $1 and c.id = picked.id and c.summary is not null
)
select id from picked order by id desc limit 1
"""
_STORED = """
select id, key from message_file where company_id = $1 and id < $2 and state = 'stored' and message_id is not null order by id limit $3
"""


async def forget_out(w: Work, after: UUID, before: UUID, most: int) -> UUID | None:
    """Takes the words off some messages that went out and are over, by their ids; the last that was looked at, None when there are no more."""
    return await w.fetchval(_FORGOTTEN_OUT, w.company_id, after, before, most)  # type: ignore[no-any-return]


async def forget_in(w: Work, after: UUID, before: UUID, most: int) -> UUID | None:
    """The same for messages that came in."""
    return await w.fetchval(_FORGOTTEN_IN, w.company_id, after, before, most)  # type: ignore[no-any-return]


async def forget_media(company_id: UUID, moment: datetime, most: int) -> bool:
    """Deletes some files of messages that are older, the bytes before the row says so. False when there are none left."""
    async with read(worker(company_id), Permission.CONTACTS_READ) as r:
        rows = await r.fetch(_STORED, company_id, first_of(moment), most)
    await files.delete_bytes_of(company_id, rows)
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        await w.execute(
            "update message_file set state = $3, reason = $4, name = null, sha256 = null, size = null, thumbnail = false"
            " where company_id = $1 and id = any($2::uuid[])",
            company_id,
            [row["id"] for row in rows],
            FileState.GONE.value,
            FileReason.FORGOTTEN.value,
        )
    return len(rows) == most
