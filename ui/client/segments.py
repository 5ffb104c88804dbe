"""Segments over the API, and how many contacts a rule means."""

from uuid import UUID

from api.contract.base import Page
from api.contract.contacts import ContactCount, ContactFilter
from api.contract.segments import Segment, SegmentCreate, SegmentPatch, SegmentUse
from ui.client.base import ApiClient

_PAGE = 200  # the largest page that the API gives


async def segments(api: ApiClient) -> list[Segment]:
    """The first 200 by name."""
    return (await api.get("/v1/segments", Page[Segment], {"limit": _PAGE})).items


async def segment(api: ApiClient, segment_id: UUID) -> Segment:
    return await api.get(f"/v1/segments/{segment_id}", Segment)


async def create(api: ApiClient, body: SegmentCreate) -> Segment:
    return await api.post("/v1/segments", Segment, body)


async def change(api: ApiClient, seen: Segment, body: SegmentPatch) -> Segment:
    """412 when somebody changed it since it was `seen`."""
    return await api.patch(f"/v1/segments/{seen.id}", Segment, body, version=seen.version)


async def delete(api: ApiClient, segment_id: UUID) -> None:
    """Also where it is used: whoever asks was told by what."""
    await api.delete(f"/v1/segments/{segment_id}", {"detach": True})


async def uses(api: ApiClient, segment_id: UUID) -> list[SegmentUse]:
    return (await api.get(f"/v1/segments/{segment_id}/uses", Page[SegmentUse])).items


async def count(api: ApiClient, filter: ContactFilter) -> ContactCount:
    """Where there are many, about how many."""
    return await api.post("/v1/contacts/count", ContactCount, filter, {"count": "auto"})
