"""Changes of what we wrote to somebody: a text says something else, or a message is taken back; where the platform takes that, and as long.

Each is a message of the ledger, as a reaction is, so it leaves once and what became of it is known; one that is queued gives way to the next.
"""

from uuid import UUID

from db.clock import now
from db.conversations import record
from db.errors import RequestError
from db.messages import answers, conversation, queueing, reactions, render
from db.messages.conversation import Entry
from db.messages.enums import MessageState as M
from db.messages.errors import ReplyError
from db.messages.events import ConversationChanged
from db.messages.render import ChangeContent
from db.providers import registry
from db.work import Work

_TARGET = f"""
select provider_id, sent_at, state in ({M.SENT}, {M.DELIVERED}, {M.READ}) as went from message
where company_id = $1 and id = $2 and contact_id = $3 and channel_id = $4 and reacts_to is null
"""
_CONVERSATION = "select from conversation where company_id = $1 and contact_id = $2 and channel_id = $3 for no key update"


async def change(w: Work, contact_id: UUID, channel_id: UUID, message_id: UUID, text: str | None) -> Entry:
    """A message of ours says this from now on; None: it is taken back. Returns the message. Raises NotFound, Conflict: the obstacle, that the
    channel takes no changes or not this one, or that it is too late."""
    way = await answers.held(w, contact_id, channel_id)
    row = await w.fetchrow(_TARGET, w.company_id, message_id, contact_id, channel_id)
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
    await w.execute(_CONVERSATION, w.company_id, contact_id, channel_id)  # before messages, as by every answer
    await reactions.give_way(w, target, channel_id)
    assert way.address is not None
    made = await queueing.queue(
        w,
        channel_id,
        purpose="change",
        contact_id=contact_id,
        address=way.address,
        content=render.encode(ChangeContent(target_id=target, body=text)),
        author_id=w.actor.id if w.actor is not None and w.actor.kind == "user" else None,
        reacts_to=target,
    )
    w.audit("message.taken_back" if text is None else "message.edited", message_id, channel_id=channel_id, contact_id=contact_id)
    w.emit(ConversationChanged(contact_id=contact_id))
    await record.grew(w, channel_id, contact_id, made)
    return await conversation.sent(w, w.company_id, message_id)
