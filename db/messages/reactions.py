"""Our reactions to what people wrote: one per message, changed and taken back.

Each is a message of the ledger, so it leaves once and what became of it is known. What counts is the last that reaches the provider: one
that is queued gives way to the next, one that is just being sent goes before it, and one that was replaced is never tried again.
"""

from uuid import UUID

import asyncpg

from db.assistant import human
from db.assistant.enums import TurnReason
from db.conversations import record
from db.errors import RequestError
from db.messages import answers, conversation, queueing, render
from db.messages.conversation import Entry
from db.messages.emoji import is_emoji
from db.messages.enums import MessageState as M
from db.messages.errors import ReplyError, ReplyField
from db.messages.events import ConversationChanged
from db.messages.inbound import NAMED, SILENT
from db.messages.render import ReactionContent
from db.providers import registry
from db.work import Work

_TARGET = f"""
select provider_id from inbound_message where company_id = $1 and id = $2 and contact_id = $3 and channel_id = $4 and kind <> all($5) and {NAMED}
"""
_CONVERSATION = "select id from conversation where company_id = $1 and contact_id = $2 and channel_id = $3 for no key update"
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('reaction'), hashtext($1))"
# Of one that may have gone nobody knows; what is being sent decides by itself, and is not tried again.
_GIVE_WAY = f"""
update message set requeue_allowed = false,
    done_at = case when queued then now() else done_at end,
    state = case when not queued then state when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.CANCELLED} end
where company_id = $1 and reacts_to = $2 and channel_id = $3 and (queued or requeue_allowed)
"""
_STANDS = f"""
select nullif(content->>'emoji', '') as emoji, state in ({M.UNKNOWN}, {M.FAILED_UNKNOWN}) as doubtful,
    case when state = {M.SENDING} then lease_until end as until
from message where company_id = $1 and reacts_to = $2 and channel_id = $3 and state not in ({M.FAILED}, {M.SKIPPED}, {M.CANCELLED})
order by id desc limit 1
"""


async def give_way(w: Work, target: str, channel_id: UUID) -> None:
    """What is to be done to a message and does not go any more: something else is. One after the other for each message."""
    await w.execute(_ONE_AT_A_TIME, target)
    await w.execute(_GIVE_WAY, w.company_id, target, channel_id)


async def react(w: Work, contact_id: UUID, channel_id: UUID, message_id: UUID, emoji: str | None) -> Entry:
    """The reaction to a message of this person is this one from now on, None: there is none. One that stands already is not sent again.
    Returns the message that it belongs to. Raises NotFound, Invalid, Conflict: the obstacle, or that the channel has no reactions."""
    if emoji is not None and not is_emoji(emoji):
        raise RequestError.INVALID(fields=[ReplyField.NOT_AN_EMOJI("emoji")])
    way = await answers.held(w, contact_id, channel_id)
    target: str | None = await w.fetchval(_TARGET, w.company_id, message_id, contact_id, channel_id, list(SILENT))
    if target is None:
        raise RequestError.NOT_FOUND(what="message")
    if not registry.provider(way.channel_kind).capabilities.reactions:
        raise ReplyError.REACTION_NOT_TAKEN()
    if way.obstacle is not None:
        raise way.obstacle()
    conversation_id = await w.fetchval(_CONVERSATION, w.company_id, contact_id, channel_id)  # before messages, as by every answer
    await w.execute(_ONE_AT_A_TIME, str(message_id))
    place = w.company_id, target, channel_id
    if not _is(await w.fetchrow(_STANDS, *place), emoji):
        await w.execute(_GIVE_WAY, *place)
        stands = await w.fetchrow(_STANDS, *place)
        changed = message_id
        if not _is(stands, emoji):
            assert way.address is not None
            changed = await queueing.queue(
                w,
                channel_id,
                purpose="reaction",
                contact_id=contact_id,
                address=way.address,
                content=render.encode(ReactionContent(target_id=target, emoji=emoji)),
                author_id=w.actor.id if w.actor is not None and w.actor.kind == "user" else None,
                reacts_to=target,
                not_before=None if stands is None else stands["until"],
            )
        w.audit("message.reacted", message_id, channel_id=channel_id, contact_id=contact_id)
        w.emit(ConversationChanged(contact_id=contact_id))
        await record.grew(w, channel_id, contact_id, changed)
        if emoji is not None and conversation_id is not None:
            await human.supersede_for_human(w, conversation_id, TurnReason.WROTE)
    return await conversation.sent(w, w.company_id, message_id)


def _is(stands: asyncpg.Record | None, emoji: str | None) -> bool:
    """Whether this is the reaction that the provider has, or gets next."""
    return emoji is None if stands is None else not stands["doubtful"] and stands["emoji"] == emoji
