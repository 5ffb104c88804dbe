"""Calls that are handed to people, over the API."""

from uuid import UUID

from api.contract.base import Done, Page
from api.contract.call_queue import CallAgent, CallAgentPut, CallOffer, CallQueue, CallQueuePut, CallTransfer
from ui.client.base import ApiClient


async def agents(api: ApiClient) -> list[CallAgent]:
    return (await api.get("/v1/call-agents", Page[CallAgent])).items


async def say(api: ApiClient, body: CallAgentPut) -> CallAgent:
    """The person who looks takes calls, or does not."""
    return await api.put("/v1/call-agents/me", CallAgent, body)


async def queue(api: ApiClient) -> CallQueue:
    return await api.get("/v1/call-queue", CallQueue)


async def set_queue(api: ApiClient, body: CallQueuePut) -> CallQueue:
    return await api.put("/v1/call-queue", CallQueue, body)


async def offer(api: ApiClient) -> CallOffer | None:
    """What rings here."""
    found = (await api.get("/v1/call-offers", Page[CallOffer])).items
    return found[0] if found else None


async def accept(api: ApiClient, transfer_id: UUID) -> None:
    await api.post(f"/v1/call-transfers/{transfer_id}/accept", Done)


async def refuse(api: ApiClient, transfer_id: UUID) -> None:
    await api.post(f"/v1/call-transfers/{transfer_id}/refuse", Done)


async def transfers(api: ApiClient, view: str, limit: int) -> Page[CallTransfer]:
    return await api.get("/v1/call-transfers", Page[CallTransfer], params={"view": view, "limit": limit})


async def settle(api: ApiClient, transfer_id: UUID) -> CallTransfer:
    return await api.post(f"/v1/call-transfers/{transfer_id}/settle", CallTransfer)
