"""The history of changes over the API."""

from api.contract.audit import AuditEntry, LoggedRequest
from api.contract.base import Page
from ui.client.base import ApiClient, Params


async def entries(api: ApiClient, params: Params) -> Page[AuditEntry]:
    """Newest first. `params`: action, subject_id, actor_id, since, until, cursor, limit."""
    return await api.get("/v1/audit", Page[AuditEntry], params)


async def requests(api: ApiClient, params: Params) -> Page[LoggedRequest]:
    """Newest first. `params`: request_id, actor_id, failed, keys, cursor, limit."""
    return await api.get("/v1/requests", Page[LoggedRequest], params)
