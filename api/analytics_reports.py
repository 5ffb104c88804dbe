"""Reports of figures by mail, over HTTP."""

from uuid import UUID

from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody

from api import rate_limit
from api.auth.guard import Caller, person
from api.auth.views import CallOrigin
from api.contract.analytics_reports import FigureReport, FigureReportSet, ReportMail, ReportReader, ReportStop, ReportWanted
from api.contract.base import Done, Page
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from api.versions import IfMatch
from db.allowances import network_of, take_strictly
from db.analytics import report_mails, reports


def _told(found: reports.Report) -> FigureReport:
    readers = [ReportReader(**one._asdict()) for one in found.readers]
    return FigureReport(**{**found._asdict(), "readers": readers})


def _given(data: FigureReportSet) -> reports.ReportSet:
    return reports.ReportSet(
        data.name, data.rhythm, data.weekday, data.hour, data.channel_id, data.active, list(dict.fromkeys(data.reader_ids))
    )


class FigureReportController(Controller):
    path = "/v1/analytics/reports"
    tags = ("Analytics",)

    @get(summary="List reports by mail")
    async def list_reports(self, actor: Caller) -> Page[FigureReport]:
        """All of them by name, on one page. Needs `analytics:read`."""
        found = await reports.reports(actor)
        return Page(items=[_told(one) for one in found], next_cursor=None, total=len(found))

    @post(summary="Set up a report by mail")
    async def create_report(self, actor: Caller, data: JSONBody[FigureReportSet]) -> FigureReport:
        """Weekly or monthly, as HTML and PDF, to people of the team. Needs `analytics:read` and `company:write`."""
        return _told(await reports.add(actor, _given(data)))

    @put("/{report_id:uuid}", summary="Change a report by mail", opt={"versioned": True})
    async def set_report(
        self, actor: Caller, report_id: FromPath[UUID], data: JSONBody[FigureReportSet], expected: IfMatch
    ) -> FigureReport:
        """All of it. Who stopped it for themselves gets it no more, also when named again. Needs `analytics:read` and `company:write`."""
        return _told(await reports.change(actor, report_id, _given(data), expected))

    @delete("/{report_id:uuid}", summary="Delete a report by mail", opt={"versioned": True})
    async def delete_report(self, actor: Caller, report_id: FromPath[UUID], expected: IfMatch) -> None:
        """With what is known of its mails. Needs `analytics:read` and `company:write`."""
        await reports.delete(actor, report_id, expected)

    @post("/{report_id:uuid}/try", summary="Mail a report to oneself", status_code=200, opt={"rate": "send"})
    async def try_report(self, actor: Caller, report_id: FromPath[UUID]) -> Done:
        """The last whole period, now, beside the plan. For people. Needs `analytics:read` and `company:write`."""
        await report_mails.send_me(person(actor), report_id)
        return Done()

    @put("/{report_id:uuid}/wanted", summary="Stop a report for oneself, or take it back")
    async def set_wanted(self, actor: Caller, report_id: FromPath[UUID], data: JSONBody[ReportWanted]) -> Done:
        """Of a report of which one is a reader; 409 `not_a_reader` otherwise. Needs `analytics:read`."""
        await reports.subscribe(actor, report_id, data.wanted)
        return Done()

    @get("/{report_id:uuid}/mails", summary="List mails of a report")
    async def list_mails(
        self, actor: Caller, report_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[ReportMail]:
        """What came of each, the newest first. Needs `analytics:read` and `company:write`."""
        after = decode_cursor(cursor, tuple[UUID])
        found = await report_mails.mails(actor, report_id, after[0] if after else None, one_over(limit))
        return page(found, limit, lambda row: (row.id,), lambda row: ReportMail(**row._asdict()))

    @post(
        "/{report_id:uuid}/mails/{mail_id:uuid}/again",
        summary="Send a mail of a report again",
        status_code=200,
        opt={"rate": "send"},
    )
    async def send_again(self, actor: Caller, report_id: FromPath[UUID], mail_id: FromPath[UUID]) -> Done:
        """What failed, or of which nobody knows whether it went: then it may come twice. Needs `analytics:read` and `company:write`."""
        await report_mails.send_again(actor, report_id, mail_id)
        return Done()

    @post(
        "/stop",
        summary="Stop a report by the link in its mail",
        status_code=200,
        opt={"public": True},
        description="For who cannot sign in. Harmless when repeated. 404 when the link is none of ours, or its report is gone.",
    )
    async def stop_report(self, data: JSONBody[ReportStop], origin: CallOrigin) -> Done:
        await take_strictly((rate_limit.LINK_NETWORK, network_of(origin.ip or "")))
        await reports.unsubscribe(data.token)
        return Done()
