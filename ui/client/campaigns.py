"""Campaigns over the API, and what their wizard chooses from: channels, templates, tags, fields, imports."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from api.contract.base import Page
from api.contract.campaign_progress import CampaignCall, ContactCampaign, Progress, Recipient, RecipientHistory
from api.contract.campaigns import (
    Binding,
    Campaign,
    CampaignCreate,
    CampaignFollowUp,
    CampaignLaunch,
    CampaignPatch,
    CampaignRow,
    CampaignTrialChoice,
    CampaignTrialResult,
    LandlinesNoted,
    Preview,
    Retried,
    RetryFailed,
    TestSend,
    TestSent,
)
from api.contract.channels import Channel, Template
from api.contract.contacts import CustomField, Import, Tag
from api.contract.costs import CampaignCost, Letter, SpendLimitSet
from api.contract.enums import CampaignState, CompareMetric, TemplateStatus
from api.contract.preflight import CampaignComparison, Preflight, PreflightAsked, PreflightFinding, PreflightPerson
from api.contract.reports import BestHours, CampaignGoal, CampaignReport
from ui.client.base import ApiClient, Params

_PAGE = 200  # the largest page that the API gives


async def campaigns(
    api: ApiClient, *, states: Sequence[CampaignState] = (), search: str = "", cursor: str | None = None, limit: int = 25
) -> Page[CampaignRow]:
    params = {"state": list(states) or None, "search": search or None, "cursor": cursor, "limit": min(limit, _PAGE)}
    return await api.get("/v1/campaigns", Page[CampaignRow], params)


async def campaign(api: ApiClient, campaign_id: UUID) -> Campaign:
    return await api.get(f"/v1/campaigns/{campaign_id}", Campaign)


async def create(api: ApiClient, body: CampaignCreate) -> Campaign:
    return await api.post("/v1/campaigns", Campaign, body)


async def change(api: ApiClient, campaign_id: UUID, body: CampaignPatch, version: int) -> Campaign:
    """Raises ApiProblem 412 when somebody else wrote since `version`."""
    return await api.patch(f"/v1/campaigns/{campaign_id}", Campaign, body, version=version)


async def choose_template(api: ApiClient, campaign_id: UUID, template_id: UUID, bindings: list[Binding]) -> None:
    """Puts a template into a draft."""
    found = await campaign(api, campaign_id)
    await change(api, campaign_id, CampaignPatch(template_id=template_id, bindings=bindings), found.version)


async def delete(api: ApiClient, campaign_id: UUID) -> None:
    await api.delete(f"/v1/campaigns/{campaign_id}")


async def preview(api: ApiClient, campaign_id: UUID, variant: int = 0) -> Preview:
    return await api.post(f"/v1/campaigns/{campaign_id}/preview?variant={variant}", Preview)


async def trial(api: ApiClient, campaign_id: UUID) -> CampaignTrialResult:
    return await api.get(f"/v1/campaigns/{campaign_id}/trial", CampaignTrialResult)


async def choose_text(api: ApiClient, campaign_id: UUID, letter: Letter) -> CampaignTrialResult:
    """Gives one text to all who wait."""
    return await api.post(f"/v1/campaigns/{campaign_id}/trial/winner", CampaignTrialResult, CampaignTrialChoice(variant=letter))


async def preflight(api: ApiClient, campaign_id: UUID, at: datetime | None) -> Preflight:
    return await api.post(f"/v1/campaigns/{campaign_id}/preflight", Preflight, PreflightAsked(at=at))


async def preflight_people(
    api: ApiClient, campaign_id: UUID, found: PreflightFinding, at: datetime | None, limit: int, cursor: str | None = None
) -> Page[PreflightPerson]:
    """Whom a finding is about, the first so many."""
    when = at.isoformat() if at else None
    params = {"rule": found.rule.value, "name": found.name, "at": when, "limit": limit, "cursor": cursor}
    return await api.get(f"/v1/campaigns/{campaign_id}/preflight/people", Page[PreflightPerson], params)


async def cost(api: ApiClient, campaign_id: UUID) -> CampaignCost:
    return await api.get(f"/v1/campaigns/{campaign_id}/cost", CampaignCost)


async def report(api: ApiClient, campaign_id: UUID) -> CampaignReport:
    return await api.get(f"/v1/campaigns/{campaign_id}/report", CampaignReport)


async def set_goal(api: ApiClient, campaign_id: UUID, goal: CampaignGoal) -> CampaignGoal:
    return await api.put(f"/v1/campaigns/{campaign_id}/goal", CampaignGoal, goal)


async def best_hours(api: ApiClient, channel_id: UUID) -> BestHours:
    return await api.get(f"/v1/channels/{channel_id}/best-hours", BestHours)


async def compare(api: ApiClient, campaign_ids: Sequence[UUID], metric: CompareMetric) -> CampaignComparison:
    params = {"campaign_id": [str(one) for one in campaign_ids], "metric": metric.value}
    return await api.get("/v1/campaigns/compare", CampaignComparison, params)


async def set_limit(api: ApiClient, campaign_id: UUID, micro: int | None, currency: str | None) -> Campaign:
    return await api.put(f"/v1/campaigns/{campaign_id}/limit", Campaign, SpendLimitSet(limit_micro=micro, currency=currency))


async def test(api: ApiClient, campaign_id: UUID, to: list[str], variant: Letter) -> TestSent:
    return await api.post(f"/v1/campaigns/{campaign_id}/test", TestSent, TestSend(to=to, variant=variant))


async def launch(api: ApiClient, campaign_id: UUID, at: datetime | None) -> Campaign:
    """Raises ApiProblem 409 `not_ready` with a problem per error (field = step, code = problem)."""
    return await api.post(f"/v1/campaigns/{campaign_id}/launch", Campaign, CampaignLaunch(at=at))


async def pause(api: ApiClient, campaign_id: UUID) -> Campaign:
    return await api.post(f"/v1/campaigns/{campaign_id}/pause", Campaign)


async def resume(api: ApiClient, campaign_id: UUID) -> Campaign:
    return await api.post(f"/v1/campaigns/{campaign_id}/resume", Campaign)


async def cancel(api: ApiClient, campaign_id: UUID) -> Campaign:
    return await api.post(f"/v1/campaigns/{campaign_id}/cancel", Campaign)


async def clone(api: ApiClient, campaign_id: UUID) -> Campaign:
    return await api.post(f"/v1/campaigns/{campaign_id}/clone", Campaign)


async def follow_up(api: ApiClient, campaign_id: UUID, body: CampaignFollowUp) -> Campaign:
    """The new draft. Raises ApiProblem 409 `nobody_left`."""
    return await api.post(f"/v1/campaigns/{campaign_id}/follow-up", Campaign, body)


async def note_landlines(api: ApiClient, campaign_id: UUID) -> int:
    return (await api.post(f"/v1/campaigns/{campaign_id}/note-landlines", LandlinesNoted)).noted


async def retry_failed(api: ApiClient, campaign_id: UUID, body: RetryFailed) -> int:
    return (await api.post(f"/v1/campaigns/{campaign_id}/retry-failed", Retried, body)).queued


async def progress(api: ApiClient, campaign_id: UUID) -> Progress:
    return await api.get(f"/v1/campaigns/{campaign_id}/progress", Progress)


async def calls(api: ApiClient, campaign_id: UUID, params: Params) -> Page[CampaignCall]:
    return await api.get(f"/v1/campaigns/{campaign_id}/calls", Page[CampaignCall], params)


async def recipients(api: ApiClient, campaign_id: UUID, params: Params) -> Page[Recipient]:
    return await api.get(f"/v1/campaigns/{campaign_id}/recipients", Page[Recipient], params)


async def history(api: ApiClient, contact_id: UUID, campaign_id: UUID) -> RecipientHistory:
    return await api.get(f"/v1/contacts/{contact_id}/campaigns/{campaign_id}", RecipientHistory)


async def of_contact(api: ApiClient, contact_id: UUID) -> list[ContactCampaign]:
    """Those that wrote to a person, newest first."""
    return (await api.get(f"/v1/contacts/{contact_id}/campaigns", Page[ContactCampaign])).items


async def channels(api: ApiClient) -> list[Channel]:
    return (await api.get("/v1/channels", Page[Channel], {"limit": _PAGE})).items


async def templates(api: ApiClient, channel_id: UUID, search: str = "") -> list[Template]:
    """Of one channel, whatever their status; by name."""
    params = {"channel_id": channel_id, "search": search or None, "limit": _PAGE}
    found = (await api.get("/v1/templates", Page[Template], params)).items
    return [template for template in found if template.status not in {TemplateStatus.DELETED, TemplateStatus.ARCHIVED}]


async def tags(api: ApiClient) -> list[Tag]:
    return (await api.get("/v1/tags", Page[Tag], {"limit": _PAGE})).items


async def custom_fields(api: ApiClient) -> list[CustomField]:
    return (await api.get("/v1/custom-fields", Page[CustomField])).items


async def imports(api: ApiClient) -> list[Import]:
    return (await api.get("/v1/imports", Page[Import], {"limit": _PAGE})).items
