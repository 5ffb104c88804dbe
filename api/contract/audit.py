"""Who did what."""

from typing import Annotated, Any
from uuid import UUID

from api.contract.base import Output, example
from db.contacts.filter import Moment


class AuditEntry(Output):
    """GET /v1/audit → Page[AuditEntry], newest first; filters `action` (a name or `campaign.*`), `subject_id`, `actor_id`."""

    id: UUID
    at: Moment
    actor_kind: Annotated[str, example("user")]  # user, api_key, worker
    actor_id: UUID | None
    actor_name: Annotated[str, example("Ana Lima")] | None
    action: Annotated[str, example("campaign.launched")]  # such as campaign.launched
    subject_id: UUID | None
    data: dict[str, Any]
    ip: Annotated[str, example("203.0.113.7")] | None
