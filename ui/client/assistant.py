"""The assistant of a conversation over the API: who answers, switching it, its drafts."""

from uuid import UUID

from api.contract.assistant import Assistant, AssistantMode, AssistantTrace, AssistantUpdate
from ui.client.base import ApiClient


async def assistant(api: ApiClient, conversation_id: UUID) -> Assistant:
    return await api.get(f"/v1/conversations/{conversation_id}/assistant", Assistant)


async def switch(api: ApiClient, conversation_id: UUID, mode: AssistantMode | None) -> Assistant:
    """None: as its persona has it."""
    return await api.put(f"/v1/conversations/{conversation_id}/assistant", Assistant, AssistantUpdate(mode=mode))


async def take_over(api: ApiClient, conversation_id: UUID) -> Assistant:
    return await api.post(f"/v1/conversations/{conversation_id}/assistant/take-over", Assistant)


async def give_back(api: ApiClient, conversation_id: UUID) -> Assistant:
    return await api.post(f"/v1/conversations/{conversation_id}/assistant/give-back", Assistant)


async def put_away(api: ApiClient, conversation_id: UUID, turn_id: UUID) -> Assistant:
    """Nobody wants this draft."""
    return await api.delete_from(f"/v1/conversations/{conversation_id}/assistant/drafts/{turn_id}", Assistant)


async def keep_facts(api: ApiClient, conversation_id: UUID, turn_id: UUID) -> Assistant:
    """What this draft found out is written to the contact."""
    return await api.post(f"/v1/conversations/{conversation_id}/assistant/drafts/{turn_id}/keep", Assistant)


async def trace(api: ApiClient, conversation_id: UUID, turn_id: UUID) -> AssistantTrace:
    return await api.get(f"/v1/conversations/{conversation_id}/assistant/turns/{turn_id}", AssistantTrace)
