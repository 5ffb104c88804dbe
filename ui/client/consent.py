"""What people asked for, and who is not written to, over the API."""

from urllib.parse import quote
from uuid import UUID

from api.contract.base import Page
from api.contract.consent import ConsentEntry, ConsentGiven, Suppression, SuppressionList, SuppressionsAdded
from ui.client.base import ApiClient, Params


async def entries(api: ApiClient, contact_id: UUID) -> list[ConsentEntry]:
    return (await api.get(f"/v1/contacts/{contact_id}/consent", Page[ConsentEntry])).items


async def write(api: ApiClient, contact_id: UUID, body: ConsentGiven) -> ConsentEntry:
    return await api.post(f"/v1/contacts/{contact_id}/consent", ConsentEntry, body)


async def suppressions(api: ApiClient, params: Params) -> Page[Suppression]:
    return await api.get("/v1/suppressions", Page[Suppression], params)


async def add(api: ApiClient, body: SuppressionList) -> SuppressionsAdded:
    return await api.post("/v1/suppressions", SuppressionsAdded, body)


async def lift(api: ApiClient, address: str, note: str) -> None:
    """`note` is the proof."""
    await api.delete(f"/v1/suppressions/{quote(address, safe='')}", {"note": note})
