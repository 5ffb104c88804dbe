"""An answer that did not go is none: whoever asked waits again, and the conversation is open and says so in every list.

After the fact, in a transaction of its own: whoever writes what became of messages holds them, and a conversation is held before its messages.
"""

from uuid import UUID

from db.conversations import record
from db.conversations.enums import ConversationState, LineKind
from db.conversations.events import ConversationUpdated
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.tenancy import worker
from db.work import work

_LOCK = """
select v.id, v.state from conversation v join message m on m.company_id = $1 and m.id = $2
where v.company_id = $1 and v.contact_id = m.contact_id and v.channel_id = m.channel_id for no key update of v
"""
# Only the newest answer: whoever was answered since does not wait. What waits already goes on waiting.
_MISSED = f"""
update conversation v set version = version + 1,
    unanswered_at = case when v.answer_id = $3 and v.unanswered_at = '{{}}' and v.last_inbound_at is not null
        then array[v.last_inbound_at] else v.unanswered_at end,
    state = case when v.answer_id = $3 then 'open' else v.state end,
    snoozed_until = case when v.answer_id = $3 then null else v.snoozed_until end,
    first_reply_at = case when v.answer_id = $3 and v.first_reply_at >= uuid_extract_timestamp($3) - interval '1 second' then null
        else v.first_reply_at end,
    human_reply_at = case when v.answer_id = $3 and v.human_reply_at >= uuid_extract_timestamp($3) - interval '1 second' then null
        else v.human_reply_at end
where v.company_id = $1 and v.id = $2 and exists (
    select from message m where m.company_id = $1 and m.id = $3 and m.state in ({M.FAILED}, {M.FAILED_UNKNOWN}))
returning v.contact_id, v.version, v.state
"""


async def missed(company_id: UUID, message_id: UUID) -> None:
    """Harmless when it is repeated, and when the message is on its way again."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        held = await w.fetchrow(_LOCK, company_id, message_id)
        if held is None:
            return
        row = await w.fetchrow(_MISSED, company_id, held["id"], message_id)
        if row is None:
            return
        if row["state"] != held["state"] and held["state"] == ConversationState.CLOSED:
            await record.line(w, held["id"], row["contact_id"], LineKind.REOPENED)
        w.emit(ConversationUpdated(conversation_id=held["id"], contact_id=row["contact_id"], version=row["version"]))
