"""Reports of campaigns over HTTP: thin, every figure is from db/campaigns/report.py; the file and the table say what the page says."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, get, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from api.auth.guard import Caller
from api.contract.reports import BestHours, CampaignGoal, CampaignReport, ReportFormat
from api.exports import BOM, Separator, csv_lines, csv_stream
from api.preflight import spent
from api.recipients_csv import file_name
from api.report.layout import layout
from api.report.words import Words, compared
from db.accounts.queries import company_of
from db.campaigns import goals, report
from db.campaigns.goals import Goal
from db.permissions import Permission
from db.tenancy import Actor

T = TypeVar("T", str, bytes)
Language = Literal["pt-BR", "en"]
_OF_CAMPAIGN = ("id", "name", "state", "channel_name", "channel_kind", "started_at", "finished_at")


async def _report(actor: Actor, campaign_id: UUID) -> CampaignReport:
    found = await report.report(actor, campaign_id)
    told: dict[str, Any] = {name: found.campaign[name] for name in _OF_CAMPAIGN}
    times = {**msgspec.to_builtins(found.times), "edges": list(report.EDGES)}
    rest = {
        "reports_read": found.reports_read,
        "at": found.at,
        "time_zone": found.zone,
        "figures": found.figures,
        "goal": found.goal,
        "converted": found.converted,
        "times": times,
        "best": _best(found.best),
        "failures": found.failures,
        "skipped": found.skipped,
        "fallback": found.alone,
        "spent": [spent(one, found.figures.delivered, found.figures.replied) for one in found.spent],
    }
    return msgspec.convert({**told, **rest}, CampaignReport, from_attributes=True)


def _best(found: report.BestHours) -> dict[str, Any]:
    return {"hours": [one._asdict() for one in found.hours], "best": found.best}


async def _words(actor: Actor, language: Language | None, zone: str) -> Words:
    """In the language asked for; the company's own unless said."""
    company = await company_of(actor)
    return Words(language or company["language"], ZoneInfo(zone), company["name"])


async def _once(body: T) -> AsyncIterator[T]:
    yield body


class ReportController(Controller):
    path = "/v1/campaigns/{campaign_id:uuid}"
    tags = ("Campaigns",)

    @get("/report", summary="Read a campaign's report")
    async def read_report(self, actor: Caller, campaign_id: FromPath[UUID]) -> CampaignReport:
        """How far people went, how soon and at what hours they read, what it cost and why it failed. Needs `campaigns:read`."""
        return await _report(actor, campaign_id)

    @put("/goal", summary="Say what counts as done")
    async def set_goal(self, actor: Caller, campaign_id: FromPath[UUID], data: JSONBody[CampaignGoal]) -> CampaignGoal:
        """At any time; the report counts anew. Needs `campaigns:write` and `boards:read`, for a tag `contacts:read` too."""
        kept = await goals.set_goal(actor, campaign_id, Goal(data.kind, data.ids, data.days))
        return CampaignGoal(kind=kept.kind, ids=kept.ids, days=kept.days)

    @get("/report.csv", summary="Export a campaign's report", media_type="text/csv")
    async def export_report(
        self,
        actor: Caller,
        campaign_id: FromPath[UUID],
        separator: Separator = ";",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """The report's figures as CSV (UTF-8 with BOM), in the company's language unless said. Needs `campaigns:read`."""
        found = await _report(actor, campaign_id)
        words = await _words(actor, language, found.time_zone)
        return csv_stream(_once(BOM + csv_lines(words.table(found), separator)), f"{file_name(found.name)}.csv")

    @get(
        "/report/file",
        summary="Get a campaign's report as a file",
        media_type="application/octet-stream",  # as clients that are generated read it
    )
    async def report_file(
        self,
        actor: Caller,
        campaign_id: FromPath[UUID],
        format: FromQuery[ReportFormat] = "pdf",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """One page to share, as PDF or as a picture (PNG), in the company's language unless said. Nobody is named in it. Needs `campaigns:read`."""
        found = await _report(actor, campaign_id)
        page = layout(found, await _words(actor, language, found.time_zone))
        from api.report.drawing import pdf, png  # loaded with the first file that somebody asks for

        body = pdf(page, found.name) if format == "pdf" else png(page)
        told = {"Content-Disposition": f'attachment; filename="{file_name(found.name)}.{format}"'}
        return Stream(_once(body), media_type="application/octet-stream", headers=told)


class CompareFileController(Controller):
    path = "/v1/campaigns/compare.csv"
    tags = ("Campaigns",)

    @get(summary="Export a comparison of campaigns", media_type="text/csv")
    async def export_comparison(
        self,
        actor: Caller,
        campaign_ids: Annotated[
            list[UUID] | None, QueryParameter(name="campaign_id", max_items=10, description="May be repeated, at most ten times.")
        ] = None,
        separator: Separator = ";",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """Each campaign's figures and costs in a row, as CSV (UTF-8 with BOM), in the company's language unless said. Needs `campaigns:read`."""
        actor.require(Permission.CAMPAIGNS_READ)  # also where nothing is compared
        found = [await _report(actor, one) for one in dict.fromkeys(campaign_ids or [])]
        company = await company_of(actor)
        words = await _words(actor, language, found[0].time_zone if found else company["time_zone"])
        return csv_stream(_once(BOM + csv_lines(compared(words, found), separator)), "campaigns.csv")


class BestHoursController(Controller):
    path = "/v1/channels/{channel_id:uuid}/best-hours"
    tags = ("Campaigns",)

    @get(summary="Read when to send")
    async def read_hours(self, actor: Caller, channel_id: FromPath[UUID]) -> BestHours:
        """At which hour campaigns of a channel did best in the last 90 days, by the lower end of what is sure. Needs `campaigns:read`."""
        return msgspec.convert(_best(await report.best_hours(actor, channel_id)), BestHours)
