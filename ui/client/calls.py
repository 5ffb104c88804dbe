"""Calls by virtual agents over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.calls import CallChannel, CallCreate, CallDetail, CallOrder, CallOrderCreate, CallOrderKind
from api.contract.messages import Message
from ui.client.base import ApiClient


async def channels(api: ApiClient, contact_id: UUID) -> list[CallChannel]:
    return (await api.get(f"/v1/contacts/{contact_id}/call-channels", Page[CallChannel])).items


async def call(api: ApiClient, contact_id: UUID, channel_id: UUID, agent: str, key: str) -> Message:
    """Under the same `key` the person is called once, however often this is called."""
    return await api.post(f"/v1/contacts/{contact_id}/call", Message, CallCreate(channel_id=channel_id, agent=agent), key=key)


async def one(api: ApiClient, call_id: UUID) -> CallDetail:
    return await api.get(f"/v1/calls/{call_id}", CallDetail)


async def orders(api: ApiClient, call_id: UUID) -> Page[CallOrder]:
    return await api.get(f"/v1/calls/{call_id}/orders", Page[CallOrder])


async def order(api: ApiClient, call_id: UUID, kind: CallOrderKind, text: str = "") -> CallOrder:
    return await api.post(f"/v1/calls/{call_id}/orders", CallOrder, CallOrderCreate(kind=kind, text=text))
