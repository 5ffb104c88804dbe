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


class LoggedRequest(Output):
    """GET /v1/requests?request_id=&actor_id=&failed=&keys= → Page[LoggedRequest], newest first; kept for a week."""

    id: UUID
    at: Moment
    request_id: Annotated[str, example("b1946ac92492d2347c6235b4d2611184")]
    method: Annotated[str, example("POST")]
    path: Annotated[str, example("/v1/contacts/{contact_id}")]  # of the operation
    status: Annotated[int, example(422)]
    milliseconds: Annotated[float, example(12.4)]
    actor_kind: Annotated[str, example("api_key")]  # user, api_key
    actor_id: UUID | None
    actor_name: Annotated[str, example("ERP")] | None
    ip: Annotated[str, example("203.0.113.7")] | None
    code: Annotated[str, example("validation_failed")] | None  # of the error
