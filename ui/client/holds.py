"""What is held after a restore or a failover, over the API."""

from uuid import UUID

from api.contract.enums import HoldDecision
from api.contract.holds import Decide, Holds
from ui.client.base import ApiClient


async def holds(api: ApiClient) -> Holds:
    return await api.get("/v1/holds", Holds)


async def decide(api: ApiClient, hold_id: UUID, items: list[UUID], decision: HoldDecision) -> Holds:
    return await api.post(f"/v1/holds/{hold_id}/decide", Holds, Decide(items=items, decision=decision))
