"""Changes of what we wrote to somebody: a text says something else, or a message is taken back; where the platform takes that, and as long. In a group
that our number administers, what others wrote is taken away as well.

Each is a message of the ledger, as a reaction is, so it leaves once and what became of it is known; one that is queued gives way to the next.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from db.clock import now
from db.conversations import record
from db.errors import RequestError
from db.jobs import GiveUpChange
from db.messages import answers, conversation, queueing, reactions, render
from db.messages.conversation import Entry
from db.messages.enums import MessageState as M
from db.messages.errors import ReplyError
from db.messages.events import ConversationChanged
from db.messages.inbound import SILENT
from db.messages.reasons import FailureReason
from db.messages.render import ChangeContent
from db.permissions import Permission
from db.providers import registry
from db.tenancy import worker
from db.work import Work, work

_TARGET = f"""
select provider_id, sent_at, state in ({M.SENT}, {M.DELIVERED}, {M.READ}) as went from message
where company_id = $1 and id = $2 and contact_id = $3 and channel_id = $4 and reacts_to is null
"""
_OTHERS = """
select i.provider_id, i.received_at as sent_at, i.kind <> all($5::text[]) and i.context->>'writer_address' is not null as went, g.ours
from inbound_message i join chat_group g on g.company_id = $1 and g.id = i.contact_id
where i.company_id = $1 and i.id = $2 and i.contact_id = $3 and i.channel_id = $4
"""
# What may have gone stays unknown.
_GIVE_UP = f"""
update message set done_at = now(), requeue_allowed = false,
    state = case when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.FAILED} end,
    reason = case when maybe_duplicate then '{FailureReason.UNKNOWN_OUTCOME}' else '{FailureReason.CHANGE_TOO_LATE}' end
where company_id = $1 and id = any($2::uuid[]) and queued and (content->>'until')::timestamptz <= now() returning contact_id
"""
_CONVERSATION = "select from conversation where company_id = $1 and contact_id = $2 and channel_id = $3 for no key update"


async def change(w: Work, contact_id: UUID, channel_id: UUID, message_id: UUID, text: str | None) -> Entry:
    """A message of ours says this from now on; None: it is taken back, and so is one of others in a group that the number administers. Returns the
    message. Raises NotFound, Conflict: the obstacle, that the channel takes no changes or not this one, or that it is too late."""
    way = await answers.held(w, contact_id, channel_id)
    row = await w.fetchrow(_TARGET, w.company_id, message_id, contact_id, channel_id)
    others = None if row is not None else await w.fetchrow(_OTHERS, w.company_id, message_id, contact_id, channel_id, SILENT)
    if others is not None and (text is not None or not others["ours"]):
        raise (ReplyError.NOTHING_TO_CHANGE if text is not None else ReplyError.NOT_GROUP_ADMIN)()
    row = row or others
    if row is None:
        raise RequestError.NOT_FOUND(what="message")
    can = registry.provider(way.channel_kind).capabilities
    if can.changes is None:
        raise ReplyError.CHANGE_NOT_TAKEN()
    if way.obstacle is not None:
        raise way.obstacle()
    found = await conversation.sent(w, w.company_id, message_id)
    gone = found.changed is not None and found.changed.deleted_at is not None
    if row["provider_id"] is None or not row["went"] or gone or (text is not None and found.kind != "text"):
        raise ReplyError.NOTHING_TO_CHANGE()
    within = can.changes.edit if text is not None else can.changes.take_back
    if row["sent_at"] is None or now() - row["sent_at"] > within:
        raise ReplyError.CHANGE_TOO_LATE(minutes=round(within.total_seconds() / 60))
    target: str = row["provider_id"]
    until: datetime = row["sent_at"] + within
    await w.execute(_CONVERSATION, w.company_id, contact_id, channel_id)  # before messages, as by every answer
    await reactions.give_way(w, target, channel_id)
    assert way.address is not None
    made = await queueing.queue(
        w,
        channel_id,
        purpose="change",
        contact_id=contact_id,
        address=way.address,
        content=render.encode(ChangeContent(target_id=target, body=text, until=until)),
        author_id=w.actor.id if w.actor is not None and w.actor.kind == "user" else None,
        reacts_to=target,
    )
    w.enqueue(GiveUpChange(message_id=made), at=until)
    w.audit("message.taken_back" if text is None else "message.edited", message_id, channel_id=channel_id, contact_id=contact_id)
    w.emit(ConversationChanged(contact_id=contact_id))
    await record.grew(w, channel_id, contact_id, made)
    return await conversation.sent(w, w.company_id, message_id)


async def give_up(company_id: UUID, message_id: UUID) -> None:
    """One that still waits when the platform takes it no more ends, and says so. Repeating it is harmless."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        await end_late(w, [message_id])


async def end_late(w: Work, message_ids: Sequence[UUID]) -> None:
    """The same of several, in the transaction of who has them in hand."""
    for row in await w.fetch(_GIVE_UP, w.company_id, list(message_ids)):
        w.emit(ConversationChanged(contact_id=row["contact_id"]))


def late(content: str | None) -> bool:
    """Whether this is a change that the platform takes no more."""
    if content is None or '"change"' not in content:
        return False
    change = render.decode(content)
    return isinstance(change, ChangeContent) and change.until is not None and change.until <= now()
