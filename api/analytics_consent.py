"""Figures of what people asked for over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from api.analytics_file import Form
from api.analytics_shared import DAYS, Asked, Days, Language, Since, Tag, Until, hand_tables, period_of
from api.analytics_tables import Row, Table, Words
from api.auth.guard import Caller
from api.contract.analytics_consent import ConsentAnalytics, ConsentCounted, ConsentDay, ConsentFigures, ConsentSource
from api.contract.base import Page
from api.exports import Separator
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from api.together import together
from db.analytics import consent
from db.permissions import Permission
from db.tenancy import Actor

_FIGURES = ("out", "back", "out_of_some", "back_of_some", "sent")


async def consent_figures(actor: Actor, days: Asked, tag: str | None) -> ConsentAnalytics:
    found = await consent.consent(actor, days.since, days.until, tag, days.compare)
    return ConsentAnalytics(
        period=period_of(found.period),
        figures=ConsentFigures(**found.figures._asdict()),
        before=ConsentFigures(**found.before._asdict()),
        days=[ConsentDay(day=day, figures=ConsentFigures(**one._asdict())) for day, one in found.days.items()],
        sources=[ConsentSource(source=source, out=out, back=back) for source, out, back in found.sources],
    )


async def _consent(actor: Actor, days: Asked, tag: str | None) -> ConsentAnalytics:
    actor.require(Permission.ANALYTICS_READ)
    actor.require(Permission.CONTACTS_READ)
    return await together(("consent", actor.company_id, days, tag), lambda: consent_figures(actor, days, tag))


def tables(say: Words, found: ConsentAnalytics) -> list[Table]:
    heads = [say(f"consent_{name}") for name in _FIGURES[:-1]] + [say("sent")]

    def row(one: ConsentFigures) -> Row:
        return [getattr(one, name) for name in _FIGURES]

    return [
        Table(say("figures"), ["", *heads], [[say("now"), *row(found.figures)], [say("earlier"), *row(found.before)]]),
        Table(say("days"), [say("day"), *heads], [[one.day.isoformat(), *row(one.figures)] for one in found.days]),
        Table(
            say("sources"),
            [say("name"), say("consent_out"), say("consent_back")],
            [[one.source or say("none"), one.out, one.back] for one in found.sources],
        ),
    ]


class ConsentAnalyticsController(Controller):
    path = "/v1/analytics/consent"
    tags = ("Analytics",)

    @get(summary="Read figures of consent", dependencies=DAYS)
    async def read_consent(self, actor: Caller, days: Days, tag: Tag = None) -> ConsentAnalytics:
        """Who wanted nothing any more and who wanted messages, by day and by what it is known, with the days they are compared with. `sent` is null for a tag:
        messages are not counted by it. Each figure is the number of
        what `GET /v1/analytics/consent/entries` lists for it. At most 400 days. Needs `analytics:read` and `contacts:read`."""
        return await _consent(actor, days, tag)

    @get("/file", summary="Get figures of consent as a file", media_type="application/octet-stream", dependencies=DAYS)
    async def consent_file(
        self,
        actor: Caller,
        days: Days,
        tag: Tag = None,
        format: FromQuery[Form] = "xlsx",
        separator: Separator = ";",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """Every table of `GET /v1/analytics/consent`, as sheets (XLSX) or one below the other (CSV), in the company's language unless said. Needs
        `analytics:read` and `contacts:read`."""
        found = await _consent(actor, days, tag)
        return await hand_tables(
            actor, "consent", found.period, lambda say: tables(say, found), format, separator, language, {"tag": tag}
        )

    @get("/entries", summary="List what a figure of consent counts")
    async def list_entries(
        self,
        actor: Caller,
        allowed: Annotated[bool | None, QueryParameter(description="Those that wanted messages, or those that did not.")] = None,
        partly: Annotated[bool | None, QueryParameter(description="Of marketing or news alone, or of everything.")] = None,
        tag: Tag = None,
        source: FromQuery[Literal["keyword", "provider", "person", "import", "api", "list"] | None] = None,
        since: Since = None,
        until: Until = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ConsentCounted]:
        """The newest first; `total` is the figure. Needs `analytics:read` and `contacts:read`."""
        found, total = await consent.rows(
            actor, since, until, allowed=allowed, partly=partly, source=source, tag=tag,
            after=decode_cursor(cursor, tuple[datetime, UUID]), limit=one_over(limit),
        )  # fmt: skip
        return page(found, limit, lambda row: (row.at, row.id), lambda row: ConsentCounted(**row._asdict()), total)
