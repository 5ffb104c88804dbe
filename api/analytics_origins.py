"""What brought the leads of a period, over HTTP."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from api.analytics_file import Form
from api.analytics_shared import DAYS, Asked, Days, Language, Since, TeamId, Until, hand_tables, period_of
from api.analytics_tables import Table, Words
from api.auth.guard import Caller
from api.contract.analytics_origins import Origin, OriginAnalytics, OriginLead, OriginSpent, OriginWorth
from api.contract.base import Page
from api.exports import Separator
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from api.together import together
from db.analytics import origins
from db.analytics.enums import OriginKind, WhichTouch
from db.analytics.origins import OriginWhere
from db.costs.ledger import Spent
from db.permissions import Permission
from db.tenancy import Actor

OfTouch = Annotated[
    WhichTouch, QueryParameter(description="The first ad or campaign that somebody answered, or the last before the lead.")
]


def provide_origin_where(
    tag: Annotated[str | None, QueryParameter(max_length=60, description="Only leads with this tag.")] = None,
    team_id: TeamId = None,
) -> OriginWhere:
    """Dependency `where`: leads as they are now."""
    return OriginWhere(tag, team_id)


OfOrigins: TypeAlias = NamedDependency[OriginWhere]
_WHERE = {"where": Provide(provide_origin_where, sync_to_thread=False)}


def _spent(each: Spent, of: origins.Origin) -> OriginSpent:
    def share(n: int) -> int | None:
        return round(each.amount / n) if n and each.currency is not None else None

    return OriginSpent(
        currency=each.currency,
        amount_micro=each.amount,
        messages=each.messages,
        per_lead_micro=share(of.leads),
        per_won_micro=share(of.won),
    )


def _origins(found: list[origins.Origin]) -> list[Origin]:
    return [
        Origin(
            kind=one.kind,
            key=one.key,
            name=one.name,
            leads=one.leads,
            won=one.won,
            worth=[OriginWorth(currency=each.currency, cents=each.cents) for each in one.worth],
            spent=[_spent(each, one) for each in one.spent],
        )
        for one in found
    ]


async def origin_figures(actor: Actor, days: Asked, touch: WhichTouch, where: OriginWhere) -> OriginAnalytics:
    found = await origins.origins(actor, days.since, days.until, touch, where, days.compare)
    return OriginAnalytics(
        period=period_of(found.period),
        touch=touch,
        leads=found.leads,
        won=found.won,
        leads_before=found.leads_before,
        won_before=found.won_before,
        ads=_origins(found.ads),
        campaigns=_origins(found.campaigns),
        templates=_origins(found.templates),
    )


async def _read(actor: Actor, days: Asked, touch: WhichTouch, where: OriginWhere) -> OriginAnalytics:
    for right in (Permission.ANALYTICS_READ, Permission.BOARDS_READ, Permission.CAMPAIGNS_READ):
        actor.require(right)
    key = ("origins", actor.company_id, days, touch, where)
    return await together(key, lambda: origin_figures(actor, days, touch, where))


def tables(say: Words, found: OriginAnalytics) -> list[Table]:
    heads = [say("name"), say("leads"), say("leads_won"), say("won_value"), say("spent")]
    return [
        Table(
            say(name),
            heads,
            [
                [
                    one.name or one.key or say("none"),
                    one.leads,
                    one.won,
                    " · ".join(f"{each.cents / 100:.2f} {each.currency}" for each in one.worth),
                    " · ".join(f"{each.amount_micro / 1e6:.2f} {each.currency}" for each in one.spent if each.currency),
                ]
                for one in rows
            ],
        )
        for name, rows in (("ads", found.ads), ("campaigns", found.campaigns), ("templates", found.templates))
    ]


class OriginAnalyticsController(Controller):
    path = "/v1/analytics/origins"
    tags = ("Analytics",)

    @get(summary="Read what brought leads", dependencies={**DAYS, **_WHERE})
    async def read_origins(
        self, actor: Caller, days: Days, where: OfOrigins, touch: OfTouch = WhichTouch.FIRST
    ) -> OriginAnalytics:
        """Leads, those won and what they cost, for each ad, campaign and template that their contact answered. Each list adds up; its rows are listed by
        `GET /v1/analytics/origins/leads`. At most 400 days. Needs `analytics:read`, `boards:read` and `campaigns:read`."""
        return await _read(actor, days, touch, where)

    @get(
        "/file",
        summary="Get what brought leads as a file",
        media_type="application/octet-stream",
        dependencies={**DAYS, **_WHERE},
    )
    async def origins_file(
        self,
        actor: Caller,
        days: Days,
        where: OfOrigins,
        touch: OfTouch = WhichTouch.FIRST,
        format: FromQuery[Form] = "xlsx",
        separator: Separator = ";",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """Every table of `GET /v1/analytics/origins`, as sheets (XLSX) or one below the other (CSV), in the company's language unless said. Needs
        `analytics:read`, `boards:read` and `campaigns:read`."""
        found = await _read(actor, days, touch, where)
        asked = {"touch": touch.value, **where._asdict()}
        return await hand_tables(
            actor, "origins", found.period, lambda say: tables(say, found), format, separator, language, asked
        )

    @get("/leads", summary="List the leads that something brought", dependencies=_WHERE)
    async def list_brought(
        self,
        actor: Caller,
        where: OfOrigins,
        kind: Annotated[OriginKind, QueryParameter(description="An ad, a campaign or a template.")] = OriginKind.CAMPAIGN,
        key: Annotated[
            str, QueryParameter(max_length=2000, description="Which one; empty: those that none of this kind brought.")
        ] = "",
        won: Annotated[bool, QueryParameter(description="Only those that were won.")] = False,
        touch: OfTouch = WhichTouch.FIRST,
        since: Since = None,
        until: Until = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[OriginLead]:
        """The newest first; `total` is the figure. Needs `analytics:read`, `boards:read` and `campaigns:read`."""
        found, total = await origins.rows(
            actor,
            since,
            until,
            touch,
            kind,
            key,
            where,
            won=won,
            after=decode_cursor(cursor, tuple[datetime, UUID]),
            limit=one_over(limit),
        )
        return page(found, limit, lambda row: (row.at, row.id), lambda row: OriginLead(**row._asdict()), total)
