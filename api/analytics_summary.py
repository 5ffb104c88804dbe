"""A week in three sentences, over HTTP."""

from datetime import date
from typing import Annotated

from babel import numbers
from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter

from api.analytics_shared import Language, period_of
from api.analytics_tables import Words
from api.auth.guard import Caller
from api.contract.analytics_summary import AnalyticsSummary, SummaryChange, SummaryWhy
from api.together import together
from db.accounts.queries import company_of
from db.analytics import summary
from db.analytics.enums import Cause
from db.analytics.summary import Change, Summary
from db.permissions import Permission
from db.tenancy import Actor


def sentences(found: Summary, language: str) -> list[str]:
    """At most three: the two changes, and why the first may have come."""
    say, locale = Words(language), "en_US" if language == "en" else "pt_BR"

    def number(n: int) -> str:
        return str(numbers.format_decimal(n, "#,##0", locale))

    def change(one: Change) -> str:
        name = say(f"said_{one.counted.value}")
        if not one.before:
            return say("said_new").format(name=name, now=number(one.now))
        share = str(numbers.format_percent(abs(one.now - one.before) / one.before, "#,##0%", locale))
        up = one.now > one.before
        return say("said_up" if up else "said_down").format(
            name=name, share=share, now=number(one.now), before=number(one.before)
        )

    made = [change(one) for one in found.changes]
    if not made:
        return [say("said_nothing")]
    if found.why is not None:
        name = say.reason(found.why.name) if found.why.cause is Cause.REASON else found.why.name
        values = {"name": name, "people": number(found.why.people), "before": number(found.why.before)}
        made.append(say(f"said_{found.why.cause.value}").format(**values))
    return made


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
