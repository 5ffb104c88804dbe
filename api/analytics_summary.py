"""A week in three sentences, over HTTP."""

from datetime import date
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter

from api.analytics_shared import Language, period_of
from api.auth.guard import Caller
from api.contract.analytics_summary import AnalyticsSummary, SummaryChange, SummaryWhy
from api.together import together
from db.accounts.queries import company_of
from db.analytics import summary
from db.analytics.sentences import sentences
from db.permissions import Permission
from db.tenancy import Actor


async def _summary(actor: Actor, until: date | None, language: str) -> AnalyticsSummary:
    found = await summary.summary(actor, until)
    return AnalyticsSummary(
        period=period_of(found.period),
        sentences=sentences(found, language),
        changes=[SummaryChange(counted=one.counted, now=one.now, before=one.before) for one in found.changes],
        why=None if found.why is None else SummaryWhy(**found.why._asdict()),
    )


class SummaryController(Controller):
    path = "/v1/analytics/summary"
    tags = ("Analytics",)

    @get(summary="Read a week in three sentences")
    async def read_summary(
        self,
        actor: Caller,
        until: Annotated[date | None, QueryParameter(description="The last of the seven days; yesterday unless said.")] = None,
        language: FromQuery[Language | None] = None,
    ) -> AnalyticsSummary:
        """What changed most in seven days beside the seven before, and why it may have, in the company's language unless said. Only changes that are larger
        than chance makes. Needs `analytics:read`, `conversations:read`, `campaigns:read` and `boards:read`."""
        for right in (
            Permission.ANALYTICS_READ,
            Permission.CONVERSATIONS_READ,
            Permission.CAMPAIGNS_READ,
            Permission.BOARDS_READ,
        ):
            actor.require(right)
        speaks: str = language or (await company_of(actor))["language"]
        return await together(("summary", actor.company_id, until, speaks), lambda: _summary(actor, until, speaks))
