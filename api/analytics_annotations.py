"""What happened on the days of figures, over HTTP."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from api.analytics_shared import Since, Until
from api.auth.guard import Caller
from api.contract.analytics_annotations import AnalyticsAnnotation, AnnotationCreate
from api.contract.base import Page
from db.analytics import annotations


class AnnotationController(Controller):
    path = "/v1/analytics/annotations"
    tags = ("Analytics",)

    @get(summary="List what happened")
    async def list_annotations(self, actor: Caller, since: Since = None, until: Until = None) -> Page[AnalyticsAnnotation]:
        """Campaigns that started, own prices that changed (for who has `campaigns:read`) and what somebody wrote down, the newest 200 of the period on one
        page. Needs `analytics:read`."""
        found = await annotations.annotations(actor, since, until)
        return Page(items=[AnalyticsAnnotation(**one._asdict()) for one in found], next_cursor=None, total=len(found))

    @post(summary="Write down what happened")
    async def annotate(self, actor: Caller, data: JSONBody[AnnotationCreate]) -> AnalyticsAnnotation:
        """Beside the figures of a day, for everybody who sees them. Needs `analytics:read` and `campaigns:write`."""
        return AnalyticsAnnotation(**(await annotations.annotate(actor, data.day, data.body))._asdict())

    @delete("/{annotation_id:uuid}", summary="Take back what was written down")
    async def delete_annotation(self, actor: Caller, annotation_id: FromPath[UUID]) -> None:
        """For good. Needs `analytics:read` and `campaigns:write`."""
        await annotations.forget(actor, annotation_id)
