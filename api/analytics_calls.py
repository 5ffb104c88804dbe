"""Figures of calls over HTTP."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from api.analytics_file import Form
from api.analytics_shared import (
    DAYS,
    Asked,
    ChannelId,
    Days,
    Language,
    Since,
    Tag,
    TeamId,
    Until,
    hand_tables,
    period_of,
    times_of,
)
from api.analytics_tables import Row, Table, Words, times_cells
from api.auth.guard import Caller
from api.contract.analytics import MessageSpent
from api.contract.analytics_calls import CallAnalytics, CallCounted, CallDay, CallEnded, CallFigures
from api.contract.base import Page
from api.exports import Separator
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from api.together import together
from db.analytics import calls
from db.analytics.calls import CallWhere
from db.analytics.enums import CallFact
from db.messages.enums import CallOutcome
from db.permissions import Permission
from db.tenancy import Actor


def provide_call_where(channel_id: ChannelId = None, team_id: TeamId = None, tag: Tag = None) -> CallWhere:
    """Dependency `where`."""
    return CallWhere(channel_id, team_id, tag)


OfCalls: TypeAlias = NamedDependency[CallWhere]
_WHERE = {"where": Provide(provide_call_where, sync_to_thread=False)}


def _figures(found: calls.Figures) -> CallFigures:
    return CallFigures(called=found.called, talked=found.talked, length=times_of(found.length))


async def call_figures(actor: Actor, days: Asked, where: CallWhere) -> CallAnalytics:
    found = await calls.calls(actor, days.since, days.until, where, days.compare)
    return CallAnalytics(
        period=period_of(found.period),
        figures=_figures(found.figures),
        before=_figures(found.before),
        days=[CallDay(day=day, called=one.called, talked=one.talked) for day, one in found.days.items()],
        outcomes=[CallEnded(outcome=outcome, count=n) for outcome, n in found.outcomes],
        hours=found.hours,
        talked_hours=found.talked_hours,
        spent=None
        if found.spent is None
        else [MessageSpent(currency=one.currency, amount_micro=one.amount, messages=one.calls) for one in found.spent],
    )


async def _calls(actor: Actor, days: Asked, where: CallWhere) -> CallAnalytics:
    actor.require(Permission.ANALYTICS_READ)
    actor.require(Permission.CONVERSATIONS_READ)
    key = ("calls", actor.company_id, days, where)
    return await together(key, lambda: call_figures(actor, days, where))


def tables(say: Words, found: CallAnalytics) -> list[Table]:
    def row(one: CallFigures) -> Row:
        return [one.called, one.talked, *times_cells(one.length)]

    heads = [say("called"), say("talked"), say("half"), say("most")]
    hours = [f"{hour:02}" for hour in range(24)]
    return [
        Table(say("figures"), ["", *heads], [[say("now"), *row(found.figures)], [say("earlier"), *row(found.before)]]),
        Table(say("days"), [say("day"), *heads[:2]], [[one.day.isoformat(), one.called, one.talked] for one in found.days]),
        Table(
            say("outcomes"), [say("name"), say("called")], [[one.outcome or say("running"), one.count] for one in found.outcomes]
        ),
        Table(say("called_hours"), ["", *hours], [[say(f"weekday_{n}"), *line] for n, line in enumerate(found.hours)]),
        Table(say("talked_hours"), ["", *hours], [[say(f"weekday_{n}"), *line] for n, line in enumerate(found.talked_hours)]),
        Table(
            say("spent"),
            [say("currency"), say("amount"), say("called")],
            [[one.currency, one.amount_micro / 1e6, one.messages] for one in found.spent or []],
        ),
    ]


class CallAnalyticsController(Controller):
    path = "/v1/analytics/calls"
    tags = ("Analytics",)

    @get(summary="Read figures of calls", dependencies={**DAYS, **_WHERE})
    async def read_calls(self, actor: Caller, days: Days, where: OfCalls) -> CallAnalytics:
        """How many calls a person answered, by day, weekday and hour, how long they talked, how calls ended and what they cost (null for a team or a tag: it is
        counted by channel), with the days they are compared with.
        At most 400 days. Needs `analytics:read` and `conversations:read`."""
        return await _calls(actor, days, where)

    @get(
        "/file", summary="Get figures of calls as a file", media_type="application/octet-stream", dependencies={**DAYS, **_WHERE}
    )
    async def calls_file(
        self,
        actor: Caller,
        days: Days,
        where: OfCalls,
        format: FromQuery[Form] = "xlsx",
        separator: Separator = ";",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """Every table of `GET /v1/analytics/calls`, as sheets (XLSX) or one below the other (CSV), in the company's language unless said. Needs
        `analytics:read` and `conversations:read`."""
        found = await _calls(actor, days, where)
        asked = where._asdict()
        return await hand_tables(actor, "calls", found.period, lambda say: tables(say, found), format, separator, language, asked)

    @get("/rows", summary="List what a figure of calls counts", dependencies=_WHERE)
    async def list_rows(
        self,
        actor: Caller,
        where: OfCalls,
        fact: Annotated[CallFact, QueryParameter(description="Which figure.")] = CallFact.CALLED,
        outcome: Annotated[CallOutcome | None, QueryParameter(description="Only calls that ended so.")] = None,
        since: Since = None,
        until: Until = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[CallCounted]:
        """The calls that a figure counts, the newest first; `total` is the figure. Needs `analytics:read` and `conversations:read`."""
        found, total = await calls.rows(
            actor, fact, since, until, where, outcome=outcome,
            after=decode_cursor(cursor, tuple[datetime, UUID]), limit=one_over(limit),
        )  # fmt: skip
        return page(found, limit, lambda row: (row.at, row.id), lambda row: CallCounted(fact=fact, **row._asdict()), total)
