"""Who did what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from api.contract.base import Output


class AuditEntry(Output):
    """GET /v1/audit → Page[AuditEntry], newest first; filters `action` (a name or `campaign.*`), `subject_id`, `actor_id`."""

    id: UUID
    at: datetime
    actor_kind: str  # user, api_key, worker
    actor_id: UUID | None
    actor_name: str | None
    action: str  # such as campaign.launched
    subject_id: UUID | None
    data: dict[str, Any]
    ip: str | None
