"""What agents ask for while they work, over the API."""

from uuid import UUID

from api.contract.assists import Assist, AssistCreate, AssistKind, AssistTrace
from api.contract.base import Page
from ui.client.base import ApiClient


async def ask(api: ApiClient, conversation_id: UUID, body: AssistCreate, key: str) -> Assist:
    """It is written from then on; under the same `key` it is asked for once."""
    return await api.post(f"/v1/conversations/{conversation_id}/assist", Assist, body, key=key)


async def assist(api: ApiClient, conversation_id: UUID, assist_id: UUID) -> Assist:
    """As far as it is written."""
    return await api.get(f"/v1/conversations/{conversation_id}/assist/{assist_id}", Assist)


async def newest(api: ApiClient, conversation_id: UUID, what: AssistKind) -> Assist | None:
    """That was asked for last."""
    found = await api.get(f"/v1/conversations/{conversation_id}/assist", Page[Assist], {"what": what, "limit": 1})
    return found.items[0] if found.items else None


async def stop(api: ApiClient, conversation_id: UUID, assist_id: UUID) -> Assist:
    return await api.delete_from(f"/v1/conversations/{conversation_id}/assist/{assist_id}", Assist)


async def trace(api: ApiClient, conversation_id: UUID, assist_id: UUID) -> AssistTrace:
    return await api.get(f"/v1/conversations/{conversation_id}/assist/{assist_id}/trace", AssistTrace)
