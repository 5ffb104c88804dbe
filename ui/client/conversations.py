"""The inbox over the API: conversations, what stands in them, and what is done with them."""

from uuid import UUID

from api.contract.base import Page
from api.contract.conversations import (
    Conversation,
    ConversationCounts,
    ConversationCreate,
    ConversationNoteCreate,
    ConversationsToday,
    ConversationUpdate,
    Presence,
    PresenceUpdate,
    ReadMark,
    ReplyCreate,
    ThreadEntry,
)
from api.contract.messages import Message, MessageAgain, MessageText, ReactionUpdate
from api.contract.replies import TemplatePreview, TemplatePreviewCreate
from ui.client.base import ApiClient, Params


async def conversations(api: ApiClient, params: Params) -> Page[Conversation]:
    """Where something was said last first."""
    return await api.get("/v1/conversations", Page[Conversation], params)


async def today(api: ApiClient) -> ConversationsToday:
    return await api.get("/v1/conversations/today", ConversationsToday)


async def counts(api: ApiClient) -> ConversationCounts:
    return await api.get("/v1/conversations/counts", ConversationCounts)


async def conversation(api: ApiClient, conversation_id: UUID) -> Conversation:
    return await api.get(f"/v1/conversations/{conversation_id}", Conversation)


async def of_contact(api: ApiClient, contact_id: UUID) -> list[Conversation]:
    return (await api.get(f"/v1/contacts/{contact_id}/conversations", Page[Conversation])).items


async def change(api: ApiClient, conversation_id: UUID, body: ConversationUpdate, version: int | None = None) -> Conversation:
    return await api.patch(f"/v1/conversations/{conversation_id}", Conversation, body, version=version)


async def read(api: ApiClient, conversation_id: UUID, seen: UUID | None) -> Conversation:
    """Read as far as the entry `seen`: what came later stays unread."""
    return await api.post(f"/v1/conversations/{conversation_id}/read", Conversation, ReadMark(seen=seen))


async def unread(api: ApiClient, conversation_id: UUID) -> Conversation:
    return await api.post(f"/v1/conversations/{conversation_id}/unread", Conversation)


async def entries(api: ApiClient, conversation_id: UUID, cursor: str | None = None, limit: int = 30) -> Page[ThreadEntry]:
    """Newest first."""
    return await api.get(f"/v1/conversations/{conversation_id}/entries", Page[ThreadEntry], {"cursor": cursor, "limit": limit})


async def entries_around(api: ApiClient, conversation_id: UUID, entry_id: UUID, limit: int) -> Page[ThreadEntry]:
    """An entry, and what stands before and after it; newest first."""
    return await api.get(f"/v1/conversations/{conversation_id}/entries", Page[ThreadEntry], {"around": entry_id, "limit": limit})


async def entries_after(api: ApiClient, conversation_id: UUID, cursor: str, limit: int) -> Page[ThreadEntry]:
    """What is newer than an entry; oldest first."""
    return await api.get(f"/v1/conversations/{conversation_id}/entries", Page[ThreadEntry], {"after": cursor, "limit": limit})


async def reply(api: ApiClient, conversation_id: UUID, body: ReplyCreate, key: str) -> Message:
    """Under the same `key` the same answer goes out once, however often this is called. 409 `someone_answered` when a colleague
    answered after what was `seen`."""
    return await api.post(f"/v1/conversations/{conversation_id}/messages", Message, body, key=key)


async def react(api: ApiClient, conversation_id: UUID, message_id: UUID, emoji: str) -> Message:
    """Our reaction to a message; "" takes it back. Returns the message."""
    path = f"/v1/conversations/{conversation_id}/messages/{message_id}/reaction"
    if not emoji:
        return await api.delete_from(path, Message)
    return await api.put(path, Message, ReactionUpdate(emoji=emoji))


async def change_message(api: ApiClient, conversation_id: UUID, message_id: UUID, text: str | None) -> Message:
    """A message of ours says this from now on; None takes it back. Returns the message."""
    path = f"/v1/conversations/{conversation_id}/messages/{message_id}"
    if text is None:
        return await api.delete_from(path, Message)
    return await api.put(f"{path}/text", Message, MessageText(text=text))


async def send_again(api: ApiClient, conversation_id: UUID, message_id: UUID, key: str, *, include_unknown: bool) -> Message:
    """A failed answer goes out once more, under the same `key` once."""
    path = f"/v1/conversations/{conversation_id}/messages/{message_id}/send-again"
    return await api.post(path, Message, MessageAgain(include_unknown=include_unknown), key=key)


async def preview_template(api: ApiClient, conversation_id: UUID, body: TemplatePreviewCreate) -> TemplatePreview:
    """A template as the person would see it."""
    return await api.post(f"/v1/conversations/{conversation_id}/template-preview", TemplatePreview, body)


async def add_note(api: ApiClient, conversation_id: UUID, body: ConversationNoteCreate, key: str) -> ThreadEntry:
    return await api.post(f"/v1/conversations/{conversation_id}/notes", ThreadEntry, body, key=key)


async def be_present(api: ApiClient, conversation_id: UUID, *, typing: bool = False, here: bool = True) -> list[Presence]:
    """Says that one looks, types, or left; answers who is here."""
    body = PresenceUpdate(typing=typing, here=here)
    return (await api.post(f"/v1/conversations/{conversation_id}/presence", Page[Presence], body)).items


async def open_one(api: ApiClient, contact_id: UUID, channel_id: UUID) -> Conversation:
    """The conversation with somebody over a channel, whether or not there was one."""
    return await api.post("/v1/conversations", Conversation, ConversationCreate(contact_id=contact_id, channel_id=channel_id))


async def label(api: ApiClient, conversation_id: UUID, label_id: UUID) -> Conversation:
    return await api.put(f"/v1/conversations/{conversation_id}/labels/{label_id}", Conversation)


async def unlabel(api: ApiClient, conversation_id: UUID, label_id: UUID) -> Conversation:
    return await api.delete_from(f"/v1/conversations/{conversation_id}/labels/{label_id}", Conversation)
