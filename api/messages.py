"""Conversations over HTTP: thin, every rule is in db/messages."""

from datetime import datetime
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.campaigns import Binding
from api.contract.messages import Message, MessageCreate, ReplyChannel
from api.contract.replies import (
    ButtonsReply,
    ContactReply,
    FileReply,
    LocationReply,
    MenuReply,
    ReplyContent,
    TemplateReply,
    TextReply,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from db.messages import answers, conversation, render, replies


def reply_of(content: ReplyContent) -> replies.Reply:
    """As the actions take it."""
    match content:
        case TextReply():
            return replies.TextReply(content.text)
        case FileReply():
            return replies.FileReply(content.file_id, content.caption or "", content.voice)
        case TemplateReply():
            return replies.TemplateReply(content.template_id, bindings_of(content.bindings))
        case ButtonsReply():
            return replies.ButtonsReply(content.text, [one.title for one in content.buttons])
        case MenuReply():
            rows = [render.Row(row.title, row.description) for row in content.rows]
            return replies.ListReply(content.text, content.button, rows)
        case LocationReply():
            return replies.LocationReply(content.latitude, content.longitude, content.name, content.address)
        case ContactReply():
            return replies.ContactReply(content.contact_id)


def bindings_of(given: list[Binding]) -> list[render.Binding]:
    """As the actions take them."""
    return [render.Binding(one.placeholder, one.source, one.fallback) for one in given]


class MessageController(Controller):
    path = "/v1"
    tags = ("Messages",)

    @get("/contacts/{contact_id:uuid}/messages", summary="Messages with a contact")
    async def list_messages(
        self, actor: Caller, contact_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[Message]:
        """What went out and what came in over all channels, newest first."""
        entries = await conversation.messages(
            actor, contact_id, before=decode_cursor(cursor, tuple[datetime, UUID]), limit=one_over(limit)
        )
        return page(entries, limit, lambda entry: (entry.at, entry.id), lambda entry: struct(entry._asdict(), Message))

    @get("/contacts/{contact_id:uuid}/reply-channels", summary="How a contact can be answered")
    async def list_reply_channels(self, actor: Caller, contact_id: FromPath[UUID]) -> Page[ReplyChannel]:
        """Every channel, the one over which the person wrote last first, with what stands in the way of a free text now."""
        ways = await answers.reply_channels(actor, contact_id)
        return Page(items=[struct(way._asdict(), ReplyChannel) for way in ways], total=len(ways))

    @get("/messages/{message_id:uuid}", summary="Read a message")
    async def read_message(self, actor: Caller, message_id: FromPath[UUID]) -> Message:
        """What became of a message that was sent, of a campaign too, or one that came in. Needs `contacts:read`, and
        `conversations:read` for one that came in."""
        return struct((await conversation.message(actor, message_id))._asdict(), Message)

    @post("/messages", summary="Answer a contact", status_code=202, opt={"rate": "send"})
    async def send_message(self, actor: Caller, data: JSONBody[MessageCreate]) -> Message:
        """One answer, before all campaigns of the channel. 409 `kind_not_taken`, `reply_to_not_taken`, `template_not_text`,
        `file_type_not_taken`, `file_too_big_for_channel`, `caption_not_taken` and `voice_not_taken` say what the channel cannot do;
        409 `marketing_refused` that the person wants none of such a template, `country_unreached` that none arrives there; 409 `window_closed`, `opted_out`, `no_address` or
        `channel_not_connected` say why it may not go; 409 `someone_answered` that a colleague was quicker. Needs `messages:send`."""
        reply = reply_of(data.content)
        sent = await answers.send(actor, data.contact_id, data.channel_id, reply, reply_to=data.reply_to, seen=data.seen)
        return struct(sent._asdict(), Message)
