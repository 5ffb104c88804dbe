"""The inbox over HTTP: thin, every rule is in db/conversations."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import Controller, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.buttons import PreviewButton
from api.contract.conversations import (
    Conversation,
    ConversationAssistant,
    ConversationCounts,
    ConversationCreate,
    ConversationNote,
    ConversationNoteCreate,
    ConversationsToday,
    ConversationUpdate,
    FoundLine,
    LabelRef,
    LastMessage,
    PersonRef,
    Presence,
    PresenceUpdate,
    ReadMark,
    ReplyCreate,
    SystemLine,
    TeamRef,
    TextMark,
    ThreadEntry,
    Touch,
)
from api.contract.messages import Message, MessageAgain, MessageText, ReactionUpdate
from api.contract.replies import TemplatePreview, TemplatePreviewCreate, TemplateValue
from api.messages import bindings_of, reply_of
from api.pagination import Cursor, Limit, decode_cursor, encode_cursor, one_over, page, struct
from api.versions import IfMatch
from db.conversations import actions, presence, queries, texts, thread, today
from db.conversations.enums import ConversationView
from db.errors import RequestError, RequestField


def _person(person: queries.Person | None) -> PersonRef | None:
    return None if person is None else PersonRef(id=person.id, name=person.name)


def _touch(touch: queries.Touch | None) -> Touch | None:
    return None if touch is None else struct(touch._asdict(), Touch)


def _seconds(since: datetime, until: datetime | None) -> int | None:
    return None if until is None else max(0, round((until - since).total_seconds()))


def conversation(row: queries.Conversation) -> Conversation:
    """As the wire has it."""
    last = None
    if row.last is not None:
        text = row.last.text[: queries.PREVIEW]
        last = struct(row.last._asdict(), LastMessage, at=row.last_at, text=text)
    return struct(
        row._asdict(),
        Conversation,
        last=last,
        assignee=_person(row.assignee),
        team=None if row.team is None else TeamRef(id=row.team.id, name=row.team.name),
        labels=[LabelRef(id=label.id, name=label.name, color=label.color) for label in row.labels],
        first_touch=_touch(row.first_touch),
        last_touch=_touch(row.last_touch),
        resolution_seconds=_seconds(row.opened_at, row.closed_at),
        found=None if row.found is None else _found(row.found),
        assistant=None if row.assistant is None else struct(row.assistant._asdict(), ConversationAssistant),
    )


def _found(line: texts.Line) -> FoundLine:
    return struct(line._asdict(), FoundLine, marks=[TextMark(start=start, end=end) for start, end in line.marks])


def entry(found: thread.Entry) -> ThreadEntry:
    """As the wire has it."""
    note, line = found.note, found.line
    return ThreadEntry(
        id=found.id,
        at=found.at,
        cursor=encode_cursor(found.at, found.id),
        message=None if found.message is None else struct(found.message._asdict(), Message),
        note=None
        if note is None
        else ConversationNote(
            body=note.body,
            author=_person(note.author),
            mentions=[PersonRef(id=each.id, name=each.name) for each in note.mentions],
        ),
        line=None if line is None else SystemLine(kind=line.kind, by=_person(line.by), whom=_person(line.whom), what=line.what),
    )


def _present(found: list[presence.Present]) -> Page[Presence]:
    items = [
        Presence(user=PersonRef(id=each.user.id, name=each.user.name), typing=each.typing, until=each.until) for each in found
    ]
    return Page(items=items, total=len(items))


class ConversationController(Controller):
    path = "/v1"
    tags = ("Conversations",)

    @get("/conversations", summary="List conversations")
    async def list_conversations(
        self,
        actor: Caller,
        view: FromQuery[Literal["open", "mine", "unassigned", "unread", "snoozed", "closed", "all", "waiting"]] = "open",
        channel_id: FromQuery[UUID | None] = None,
        team_id: FromQuery[UUID | None] = None,
        assignee_id: FromQuery[UUID | None] = None,
        label_id: FromQuery[UUID | None] = None,
        campaign_id: Annotated[
            UUID | None, QueryParameter(description="Of those who answered this campaign, as its figure `replied` counts them.")
        ] = None,
        search: Annotated[
            str | None,
            QueryParameter(
                max_length=100,
                description="Parts of the contact's name, phone numbers or e-mails, or words of a message or note, by their beginning.",
            ),
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Conversation]:
        """The newest message first. `mine`, `unassigned` and `open` are open ones, `unread` those of any state in which something is
        unread; `waiting` open ones in which somebody waits for an answer, who waits longest first. Needs `conversations:read`."""
        wanted = queries.Filter(
            ConversationView(view), channel_id, team_id, assignee_id, label_id, search=search, campaign_id=campaign_id
        )
        rows = await queries.conversations(
            actor, wanted, before=decode_cursor(cursor, tuple[datetime, UUID]), limit=one_over(limit)
        )
        waiting = wanted.view is ConversationView.WAITING
        return page(rows, limit, lambda row: (row.waiting_since if waiting else row.last_at, row.id), conversation)

    @get("/conversations/counts", summary="Count conversations")
    async def count_conversations(self, actor: Caller) -> ConversationCounts:
        """How many each view has; 1000 stands for that and more. Needs `conversations:read`."""
        return struct((await queries.counts(actor))._asdict(), ConversationCounts)

    @get("/conversations/today", summary="Read the day so far")
    async def read_today(self, actor: Caller) -> ConversationsToday:
        """Who wrote today, who has an answer, who waits, and how soon the first answer came. Needs `conversations:read`."""
        return struct((await today.today(actor))._asdict(), ConversationsToday)

    @get("/conversations/{conversation_id:uuid}", summary="Read a conversation")
    async def read_conversation(self, actor: Caller, conversation_id: FromPath[UUID]) -> Conversation:
        """Needs `conversations:read`."""
        return conversation(await queries.conversation_of(actor, conversation_id))

    @get("/contacts/{contact_id:uuid}/conversations", summary="Conversations with a contact")
    async def list_contact_conversations(self, actor: Caller, contact_id: FromPath[UUID]) -> Page[Conversation]:
        """One per channel, the newest message first. Needs `conversations:read`."""
        rows = await queries.of_contact(actor, contact_id)
        return Page(items=[conversation(row) for row in rows], total=len(rows))

    @get("/conversations/{conversation_id:uuid}/entries", summary="Read a thread")
    async def list_entries(
        self,
        actor: Caller,
        conversation_id: FromPath[UUID],
        cursor: Cursor = None,
        after: Annotated[
            str | None, QueryParameter(max_length=500, description="`cursor` of an entry: what is newer, oldest first.")
        ] = None,
        around: Annotated[
            UUID | None, QueryParameter(description="`id` of an entry: it, and what stands before and after.")
        ] = None,
        limit: Limit = 50,
    ) -> Page[ThreadEntry]:
        """Messages, notes and lines, newest first; `cursor` goes on with older ones, `after` gives newer ones, oldest first. Both take
        the `cursor` of any entry; only one of the three is given. Needs `conversations:read`."""
        given = [name for name, value in (("cursor", cursor), ("after", after), ("around", around)) if value is not None]
        if len(given) > 1:
            raise RequestError.INVALID(fields=[RequestField.UNKNOWN_PARAMETER(given[1])])
        if around is not None:
            near, more = await thread.around(actor, conversation_id, around, limit=limit)
            oldest = encode_cursor(near[-1].at, near[-1].id) if more else None
            return Page(items=[entry(each) for each in near], next_cursor=oldest)
        place = decode_cursor(cursor or after, tuple[datetime, UUID])
        direction: Literal["older", "newer"] = "newer" if after is not None else "older"
        found = await thread.entries(actor, conversation_id, beyond=place, direction=direction, limit=one_over(limit))
        return page(found, limit, lambda each: (each.at, each.id), entry)

    @post("/conversations", summary="Open a conversation", status_code=200)
    async def open_conversation(self, actor: Caller, data: JSONBody[ConversationCreate]) -> Conversation:
        """The conversation with a contact over a channel; it is made when there is none. Needs `conversations:write`."""
        return conversation(await actions.open_conversation(actor, data.contact_id, data.channel_id))

    @patch("/conversations/{conversation_id:uuid}", summary="Change a conversation", opt={"versioned": True})
    async def update_conversation(
        self, actor: Caller, conversation_id: FromPath[UUID], data: JSONBody[ConversationUpdate], expected: IfMatch
    ) -> Conversation:
        """Assign it, give it to a team, set its priority, snooze, close or open it. What is left out stays. Needs
        `conversations:write`."""
        wanted = actions.Change(data.state, data.snoozed_until, data.assignee_id, data.team_id, data.priority)
        return conversation(await actions.change(actor, conversation_id, wanted, expected=expected))

    @post("/conversations/{conversation_id:uuid}/read", summary="Mark a conversation as read", status_code=200)
    async def mark_read(self, actor: Caller, conversation_id: FromPath[UUID], data: JSONBody[ReadMark]) -> Conversation:
        """For the whole team. What came in after `seen` stays unread. Needs `conversations:write`."""
        return conversation(await actions.mark_read(actor, conversation_id, data.seen))

    @post("/conversations/{conversation_id:uuid}/unread", summary="Mark a conversation as unread", status_code=200)
    async def mark_unread(self, actor: Caller, conversation_id: FromPath[UUID]) -> Conversation:
        """For the whole team. Needs `conversations:write`."""
        return conversation(await actions.mark_unread(actor, conversation_id))

    @put("/conversations/{conversation_id:uuid}/labels/{label_id:uuid}", summary="Put a label on a conversation")
    async def put_label(self, actor: Caller, conversation_id: FromPath[UUID], label_id: FromPath[UUID]) -> Conversation:
        """Needs `conversations:write`."""
        return conversation(await actions.put_label(actor, conversation_id, label_id))

    @delete("/conversations/{conversation_id:uuid}/labels/{label_id:uuid}", summary="Take a label off", status_code=200)
    async def take_label(self, actor: Caller, conversation_id: FromPath[UUID], label_id: FromPath[UUID]) -> Conversation:
        """Needs `conversations:write`."""
        return conversation(await actions.take_label(actor, conversation_id, label_id))

    @post("/conversations/{conversation_id:uuid}/notes", summary="Add a note for colleagues")
    async def add_note(
        self, actor: Caller, conversation_id: FromPath[UUID], data: JSONBody[ConversationNoteCreate]
    ) -> ThreadEntry:
        """It stands in the thread and is never sent. `mentions` are members of the company. Needs `conversations:write`."""
        return entry(await actions.add_note(actor, conversation_id, data.body, data.mentions))

    @post("/conversations/{conversation_id:uuid}/messages", summary="Answer", status_code=202, opt={"rate": "send"})
    async def reply(self, actor: Caller, conversation_id: FromPath[UUID], data: JSONBody[ReplyCreate]) -> Message:
        """One answer, before all campaigns of the channel. 409 `kind_not_taken`, `reply_to_not_taken`, `template_not_text`,
        `file_type_not_taken`, `file_too_big_for_channel`, `caption_not_taken` and `voice_not_taken` say what its channel cannot do;
        409 `marketing_refused` that the person wants none of such a template, `country_unreached` that none arrives there; 409 `window_closed`, `opted_out`, `no_address` or
        `channel_not_connected` say why it may not go; 409 `someone_answered` that a colleague was quicker. Needs
        `conversations:write` and `messages:send`."""
        sent = await actions.reply(actor, conversation_id, reply_of(data.content), reply_to=data.reply_to, seen=data.seen)
        return struct(sent._asdict(), Message)

    @post(
        "/conversations/{conversation_id:uuid}/messages/{message_id:uuid}/send-again",
        summary="Send a failed answer again",
        status_code=202,
        opt={"rate": "send"},
    )
    async def send_again(
        self, actor: Caller, conversation_id: FromPath[UUID], message_id: FromPath[UUID], data: JSONBody[MessageAgain]
    ) -> Message:
        """The same message, at its place in the thread, to where the channel reaches the person now. 409 `not_sent_again` for one that
        did not fail, that may have arrived (without `include_unknown`), of a campaign or of the assistant; 409 `marketing_refused`, `country_unreached`,
        `window_closed`, `opted_out`, `no_address` or `channel_not_connected` say why it may not go. Needs `conversations:write` and
        `messages:send`."""
        sent = await actions.send_again(actor, conversation_id, message_id, include_unknown=data.include_unknown)
        return struct(sent._asdict(), Message)

    @put(
        "/conversations/{conversation_id:uuid}/messages/{message_id:uuid}/reaction",
        summary="React to a message",
        opt={"rate": "send"},
    )
    async def put_reaction(
        self, actor: Caller, conversation_id: FromPath[UUID], message_id: FromPath[UUID], data: JSONBody[ReactionUpdate]
    ) -> Message:
        """To what the person wrote, by one emoji; another one takes its place, and the same once more sends nothing. It is a message
        of kind `reaction`, sent like an answer. 409 `reaction_not_taken` where the channel has none; 409 `window_closed`,
        `opted_out`, `no_address` or `channel_not_connected` say why it may not go. Needs `conversations:write` and
        `messages:send`."""
        found = await actions.react(actor, conversation_id, message_id, data.emoji)
        return struct(found._asdict(), Message)

    @delete(
        "/conversations/{conversation_id:uuid}/messages/{message_id:uuid}/reaction",
        summary="Take a reaction back",
        status_code=200,
        opt={"rate": "send"},
    )
    async def delete_reaction(self, actor: Caller, conversation_id: FromPath[UUID], message_id: FromPath[UUID]) -> Message:
        """Ours to this message, if there is one; refused as reacting is. Needs `conversations:write` and `messages:send`."""
        return struct((await actions.react(actor, conversation_id, message_id, None))._asdict(), Message)

    @put(
        "/conversations/{conversation_id:uuid}/messages/{message_id:uuid}/text",
        summary="Change a message of ours",
        opt={"rate": "send"},
    )
    async def put_text(
        self, actor: Caller, conversation_id: FromPath[UUID], message_id: FromPath[UUID], data: JSONBody[MessageText]
    ) -> Message:
        """A text that was sent says this from now on, for the person too; they see that it was changed. It is a message of kind `edit`, sent
        like an answer; `changed` says what became of it. 409 `change_not_taken` where the channel has no changes, `change_too_late` after
        its `edit_minutes`, `nothing_to_change` for what is no sent text; `window_closed`, `opted_out`, `no_address` or
        `channel_not_connected` say why it may not go. Needs `conversations:write` and `messages:send`."""
        text = data.text.strip()
        if not text:
            raise RequestError.INVALID(fields=[RequestField.REQUIRED("text")])
        return struct((await actions.change_message(actor, conversation_id, message_id, text))._asdict(), Message)

    @delete(
        "/conversations/{conversation_id:uuid}/messages/{message_id:uuid}",
        summary="Take a message of ours back",
        status_code=200,
        opt={"rate": "send"},
    )
    async def take_back(self, actor: Caller, conversation_id: FromPath[UUID], message_id: FromPath[UUID]) -> Message:
        """What was sent is deleted for the person, who sees that something was; here it stays, marked. In a group with `group_admin` what others wrote
        is, too (else 409 `not_group_admin`). Refused as changing is, after `take_back_minutes`. Needs `conversations:write` and `messages:send`."""
        return struct((await actions.change_message(actor, conversation_id, message_id, None))._asdict(), Message)

    @post(
        "/conversations/{conversation_id:uuid}/template-preview",
        summary="Preview a template",
        status_code=200,
        opt={"idempotent": False},
    )
    async def preview_template(
        self, actor: Caller, conversation_id: FromPath[UUID], data: JSONBody[TemplatePreviewCreate]
    ) -> TemplatePreview:
        """An approved template as this person would see it, with what their contact has put into its places. Over a channel
        without templates it is one text; 409 `template_not_text` for one that begins with a file or a place. Sends nothing. Needs
        `conversations:read` and `templates:read`."""
        found = await actions.preview_template(actor, conversation_id, data.template_id, bindings_of(data.bindings))
        shown = found.shown
        return TemplatePreview(
            values=[
                TemplateValue(placeholder=slot.placeholder, value=value)
                for slot, value in zip(found.content.slots, found.values, strict=True)
            ],
            header=shown.header,
            header_file_id=shown.header_file_id,
            body=shown.body,
            footer=shown.footer,
            buttons=[PreviewButton(kind=kind, text=text) for kind, text in shown.buttons],
        )

    @get("/conversations/{conversation_id:uuid}/presence", summary="Who is here")
    async def list_presence(self, actor: Caller, conversation_id: FromPath[UUID]) -> Page[Presence]:
        """Who of the team looks at the conversation now, and who types. Needs `conversations:read`."""
        return _present(await presence.present(actor, conversation_id))

    @post(
        "/conversations/{conversation_id:uuid}/presence",
        summary="Say that I am here",
        status_code=200,
        opt={"idempotent": False},
    )
    async def say_presence(
        self, actor: Caller, conversation_id: FromPath[UUID], data: JSONBody[PresenceUpdate]
    ) -> Page[Presence]:
        """Holds for 30 seconds; `here` false ends it. Answers who is here. People only. Needs `conversations:read`."""
        return _present(await presence.say(actor, conversation_id, here=data.here, typing=data.typing))
