"""What a team has for its inbox, over the API: labels, teams, quick replies, office hours. Changing and deleting name the version that was seen."""

from uuid import UUID

from api.contract.base import Page
from api.contract.conversations import (
    Label,
    LabelCreate,
    LabelPatch,
    OfficeHours,
    OfficeHoursPatch,
    QuickReply,
    QuickReplyCreate,
    QuickReplyPatch,
    Team,
    TeamCreate,
    TeamPatch,
)
from ui.client.base import ApiClient


async def labels(api: ApiClient) -> list[Label]:
    return (await api.get("/v1/labels", Page[Label])).items


async def counted_labels(api: ApiClient) -> list[Label]:
    """With how many conversations have each."""
    return (await api.get("/v1/labels", Page[Label], {"counted": True})).items


async def create_label(api: ApiClient, body: LabelCreate) -> Label:
    return await api.post("/v1/labels", Label, body)


async def change_label(api: ApiClient, label_id: UUID, body: LabelPatch, version: int) -> Label:
    return await api.patch(f"/v1/labels/{label_id}", Label, body, version=version)


async def delete_label(api: ApiClient, label_id: UUID, version: int) -> None:
    await api.delete(f"/v1/labels/{label_id}", version=version)


async def teams(api: ApiClient) -> list[Team]:
    return (await api.get("/v1/teams", Page[Team])).items


async def create_team(api: ApiClient, body: TeamCreate) -> Team:
    return await api.post("/v1/teams", Team, body)


async def change_team(api: ApiClient, team_id: UUID, body: TeamPatch, version: int) -> Team:
    return await api.patch(f"/v1/teams/{team_id}", Team, body, version=version)


async def delete_team(api: ApiClient, team_id: UUID, version: int) -> None:
    await api.delete(f"/v1/teams/{team_id}", version=version)


async def quick_replies(api: ApiClient) -> list[QuickReply]:
    return (await api.get("/v1/quick-replies", Page[QuickReply])).items


async def create_quick_reply(api: ApiClient, body: QuickReplyCreate) -> QuickReply:
    return await api.post("/v1/quick-replies", QuickReply, body)


async def change_quick_reply(api: ApiClient, reply_id: UUID, body: QuickReplyPatch, version: int) -> QuickReply:
    return await api.patch(f"/v1/quick-replies/{reply_id}", QuickReply, body, version=version)


async def delete_quick_reply(api: ApiClient, reply_id: UUID, version: int) -> None:
    await api.delete(f"/v1/quick-replies/{reply_id}", version=version)


async def office_hours(api: ApiClient) -> OfficeHours:
    return await api.get("/v1/office-hours", OfficeHours)


async def change_office_hours(api: ApiClient, body: OfficeHoursPatch, version: int) -> OfficeHours:
    return await api.patch("/v1/office-hours", OfficeHours, body, version=version)
