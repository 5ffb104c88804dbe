"""What somebody may write to one person, one Struct per kind; whether a channel takes it, and what of it the ledger keeps."""

from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from db.errors import RequestError, RequestField
from db.messages.enums import MessageState as M
from db.messages.enums import ReplyKind
from db.messages.errors import ReplyError, ReplyField
from db.messages.inbound import SILENT
from db.messages.render import AnswerContent, LiteralContent
from db.providers.definition import Capabilities
from db.work import Work


class TextReply(Struct, frozen=True):
    kind = ReplyKind.TEXT
    text: str


Reply = TextReply


class Place(NamedTuple):
    """The conversation in which it is written."""

    channel_id: UUID
    contact_id: UUID
    capabilities: Capabilities


_ANSWERED = f"""
select provider_id from inbound_message where company_id = $1 and id = $2 and contact_id = $3 and channel_id = $4 and kind <> all($5)
union all
select provider_id from message where company_id = $1 and id = $2 and contact_id = $3 and channel_id = $4
    and state in ({M.SENT}, {M.DELIVERED}, {M.READ})
"""


def trimmed(reply: Reply) -> Reply:
    """Without what means nothing. Raises Invalid for what is empty."""
    text = reply.text.strip()
    if not text:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("content.text")])
    return TextReply(text)


async def content(w: Work, place: Place, reply: Reply, reply_to: UUID | None) -> AnswerContent:
    """What is to be sent. `reply_to`: the message of the conversation that it answers. Raises Invalid, Conflict `kind_not_taken` or
    `reply_to_not_taken`."""
    can = place.capabilities
    if reply.kind not in can.reply_kinds:
        raise ReplyError.KIND_NOT_TAKEN()
    target = None if reply_to is None else await _answered(w, place, reply_to)
    if len(reply.text) > can.text_limit:
        raise RequestError.INVALID(fields=[RequestField.TOO_LONG("content.text", max=can.text_limit)])
    return LiteralContent(body=reply.text, reply_to=target)


async def _answered(w: Work, place: Place, message_id: UUID) -> str:
    """The provider's id of a message."""
    if not place.capabilities.reply_to:
        raise ReplyError.REPLY_TO_NOT_TAKEN()
    found: str | None = await w.fetchval(_ANSWERED, w.company_id, message_id, place.contact_id, place.channel_id, list(SILENT))
    if found is None:
        raise RequestError.INVALID(fields=[ReplyField.NOT_TO_ANSWER("reply_to")])
    return found
