"""Message templates over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.channels import Template, TemplateCheck, TemplateChecked, TemplateCreate, TemplateText, TemplateVersion
from api.contract.enums import TemplateStatus
from ui.client.base import ApiClient

_PAGE = 200  # the largest page that the API gives


async def templates(
    api: ApiClient, *, channel_id: UUID | None = None, status: TemplateStatus | None = None, search: str = "", limit: int = 50
) -> Page[Template]:
    params = {"channel_id": channel_id, "status": status, "search": search or None, "limit": min(limit, _PAGE)}
    return await api.get("/v1/templates", Page[Template], params)


async def create(api: ApiClient, body: TemplateCreate) -> Template:
    return await api.post("/v1/templates", Template, body)


async def delete(api: ApiClient, template_id: UUID) -> None:
    await api.delete(f"/v1/templates/{template_id}")


async def template(api: ApiClient, template_id: UUID) -> Template:
    return await api.get(f"/v1/templates/{template_id}", Template)


async def check(api: ApiClient, body: TemplateCheck) -> TemplateChecked:
    return await api.post("/v1/templates/check", TemplateChecked, body)


async def change(api: ApiClient, template_id: UUID, body: TemplateText) -> Template:
    return await api.put(f"/v1/templates/{template_id}", Template, body)


async def unpause(api: ApiClient, template_id: UUID) -> Template:
    return await api.post(f"/v1/templates/{template_id}/unpause", Template, None)


async def versions(api: ApiClient, template_id: UUID) -> list[TemplateVersion]:
    """Newest first."""
    return (await api.get(f"/v1/templates/{template_id}/versions", Page[TemplateVersion])).items
