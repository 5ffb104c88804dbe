"""Conversations over the API: what was said, how it can be answered, and the answer."""

from uuid import UUID

from api.contract.base import Page
from api.contract.messages import FileLink, FileRoom, Message, MessageCreate, MessageFile, ReplyChannel
from ui.client.base import ApiClient, Uploaded


async def messages(api: ApiClient, contact_id: UUID, cursor: str | None = None, limit: int = 30) -> Page[Message]:
    """Newest first."""
    return await api.get(f"/v1/contacts/{contact_id}/messages", Page[Message], {"cursor": cursor, "limit": limit})


async def one(api: ApiClient, message_id: UUID) -> Message:
    return await api.get(f"/v1/messages/{message_id}", Message)


async def file(api: ApiClient, file_id: UUID) -> FileLink:
    """With addresses that work for five minutes."""
    return await api.get(f"/v1/message-files/{file_id}", FileLink)


async def room(api: ApiClient) -> FileRoom:
    """How much of the company's room uploaded files take."""
    return await api.get("/v1/message-files/room", FileRoom)


async def upload(api: ApiClient, file: Uploaded) -> MessageFile:
    """A file that is to be sent; of the one who uploads it until a message takes it."""
    return await api.upload("/v1/message-files", MessageFile, file)


async def reply_channels(api: ApiClient, contact_id: UUID) -> list[ReplyChannel]:
    return (await api.get(f"/v1/contacts/{contact_id}/reply-channels", Page[ReplyChannel])).items


async def send(api: ApiClient, body: MessageCreate, key: str) -> Message:
    """Under the same `key` the same text goes out once, however often this is called."""
    return await api.post("/v1/messages", Message, body, key=key)
