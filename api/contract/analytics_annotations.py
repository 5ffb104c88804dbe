"""What happened on the days of figures."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from db.analytics.enums import AnnotationKind


class AnalyticsAnnotation(Output):
    """GET /v1/analytics/annotations; POST AnnotationCreate; DELETE /{id} of those that were written. `body`: what was written, the name of the campaign
    that started (`campaign_id`), or whose price changed."""

    id: UUID
    day: date
    kind: AnnotationKind
    body: Annotated[str, example("Feriado em Porto Alegre")]
    campaign_id: UUID | None
    by_name: Annotated[str, example("Bia Souza")] | None


class AnnotationCreate(Input):
    day: date
    body: Annotated[str, Meta(min_length=1, max_length=200, examples=["Feriado em Porto Alegre"])]
