"""Figures of the leads of a board over HTTP."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from api.analytics_file import Form
from api.analytics_shared import DAYS, Asked, Days, Language, Since, TeamId, Until, hand_tables, period_of, times_of
from api.analytics_tables import Table, Words, times_cells
from api.auth.guard import Caller
from api.contract.analytics_boards import (
    BoardAnalytics,
    LeadCounted,
    LeadDay,
    LeadFigures,
    LeadLost,
    StageFigures,
    StagePassed,
)
from api.contract.base import Page
from api.exports import Separator
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from api.together import together
from db.analytics import leads
from db.analytics.enums import LeadFact
from db.analytics.leads import LeadWhere
from db.permissions import Permission
from db.tenancy import Actor


def provide_lead_where(
    owner_id: Annotated[UUID | None, QueryParameter(description="Only leads of this person.")] = None,
    tag: Annotated[str | None, QueryParameter(max_length=60, description="Only leads with this tag.")] = None,
    channel_id: Annotated[UUID | None, QueryParameter(description="Only leads whose conversation is on this channel.")] = None,
    team_id: TeamId = None,
) -> LeadWhere:
    """Dependency `where`: leads as they are now."""
    return LeadWhere(owner_id, tag, channel_id, team_id)


OfLeads: TypeAlias = NamedDependency[LeadWhere]
_WHERE = {"where": Provide(provide_lead_where, sync_to_thread=False)}
_FIGURES = ("entered", "moved", "won", "lost")
_VALUES = ("entered_value", "won_value", "lost_value")


async def board_figures(actor: Actor, board_id: UUID, days: Asked, where: LeadWhere) -> BoardAnalytics:
    found = await leads.leads(actor, board_id, days.since, days.until, where, days.compare)
    return BoardAnalytics(
        period=period_of(found.period),
        board_id=found.board_id,
        currency=found.currency,
        figures=LeadFigures(**found.figures._asdict()),
        before=LeadFigures(**found.before._asdict()),
        days=[LeadDay(day=day, figures=LeadFigures(**one._asdict())) for day, one in found.days.items()],
        stages=[
            StageFigures(**{
                **{name: value for name, value in one._asdict().items() if name != "number"},
                "stood": times_of(one.stood),
            })
            for one in found.stages
        ],
        passed=[
            StagePassed(from_id=one.from_id, to_id=one.to_id, leads=one.leads, took=times_of(one.took)) for one in found.passed
        ],
        reasons=[LeadLost(reason=reason, leads=n, value_cents=value) for reason, n, value in found.reasons],
    )  # fmt: skip


async def _board(actor: Actor, board_id: UUID, days: Asked, where: LeadWhere) -> BoardAnalytics:
    actor.require(Permission.ANALYTICS_READ)
    actor.require(Permission.BOARDS_READ)
    key = ("board", actor.company_id, board_id, days, where)
    return await together(key, lambda: board_figures(actor, board_id, days, where))


def tables(say: Words, found: BoardAnalytics) -> list[Table]:
    heads = [*(say(f"leads_{name}") for name in _FIGURES), *(f"{say(name)} ({found.currency})" for name in _VALUES)]

    def row(one: LeadFigures) -> list[str | int | float | None]:
        return [*(getattr(one, name) for name in _FIGURES), *(getattr(one, name) / 100 for name in _VALUES)]

    names = {one.id: one.name for one in found.stages}
    stage_heads = [
        say("name"),
        say("arrived"),
        f"{say('arrived_value')} ({found.currency})",
        say("leads_moved"),
        say("half"),
        say("most"),
        say("standing"),
    ]
    return [
        Table(say("figures"), ["", *heads], [[say("now"), *row(found.figures)], [say("earlier"), *row(found.before)]]),
        Table(say("days"), [say("day"), *heads], [[one.day.isoformat(), *row(one.figures)] for one in found.days]),
        Table(
            say("stages"), stage_heads,
            [[one.name, one.arrived, one.arrived_value / 100, one.moved, *times_cells(one.stood), one.standing] for one in found.stages],
        ),
        Table(
            say("conversion"), [say("from_stage"), say("reached"), say("to_stage"), say("passed"), say("half"), say("most")],
            [
                [names.get(one.from_id, ""), next((s.reached for s in found.stages if s.id == one.from_id), 0), names.get(one.to_id, ""), one.leads, *times_cells(one.took)]
                for one in found.passed
            ],
        ),
        Table(
            say("lost_reasons"), [say("reason"), say("leads"), f"{say('lost_value')} ({found.currency})"],
            [[one.reason or say("none"), one.leads, one.value_cents / 100] for one in found.reasons],
        ),
    ]  # fmt: skip


class BoardAnalyticsController(Controller):
    path = "/v1/analytics/boards/{board_id:uuid}"
    tags = ("Analytics",)

    @get(summary="Read figures of a board", dependencies={**DAYS, **_WHERE})
    async def read_board(self, actor: Caller, days: Days, board_id: FromPath[UUID], where: OfLeads) -> BoardAnalytics:
        """What came, moved, was won and lost, by day and stage, how long leads stood in each stage, and how many of those that came into one stage
        came later into another. Each figure is the number of what `…/leads` lists for it. At most 400 days. Needs `analytics:read` and
        `boards:read`."""
        return await _board(actor, board_id, days, where)

    @get(
        "/file",
        summary="Get figures of a board as a file",
        media_type="application/octet-stream",
        dependencies={**DAYS, **_WHERE},
    )
    async def board_file(
        self,
        actor: Caller,
        days: Days,
        board_id: FromPath[UUID],
        where: OfLeads,
        format: FromQuery[Form] = "xlsx",
        separator: Separator = ";",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """Every table of `GET /v1/analytics/boards/{board_id}`, as sheets (XLSX) or one below the other (CSV), in the company's language unless
        said. Needs `analytics:read` and `boards:read`."""
        found = await _board(actor, board_id, days, where)
        return await hand_tables(
            actor, "board", found.period, lambda say: tables(say, found), format, separator, language, where._asdict()
        )

    @get("/leads", summary="List what a figure of a board counts", dependencies=_WHERE)
    async def list_counted(
        self,
        actor: Caller,
        board_id: FromPath[UUID],
        where: OfLeads,
        fact: Annotated[LeadFact, QueryParameter(description="Which figure.")] = LeadFact.ENTERED,
        stage_id: Annotated[UUID | None, QueryParameter(description="Of this stage; of `passed`: from it.")] = None,
        to_stage_id: Annotated[UUID | None, QueryParameter(description="Of `passed`: into this stage.")] = None,
        since: Since = None,
        until: Until = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[LeadCounted]:
        """What a figure counts, the newest first; `total` is the figure. Needs `analytics:read` and `boards:read`."""
        after = decode_cursor(cursor, tuple[datetime, UUID])
        stages = (stage_id, to_stage_id)
        found, total = await leads.rows(actor, board_id, fact, stages, since, until, where, after, one_over(limit))
        return page(found, limit, lambda row: (row.at, row.id), lambda row: LeadCounted(fact=fact, **row._asdict()), total)
