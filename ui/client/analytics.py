"""Figures of a period over the API."""

from uuid import UUID

from api.contract.analytics import CampaignAnalytics, ConversationAnalytics, MessageAnalytics, Talk
from api.contract.analytics_annotations import AnalyticsAnnotation, AnnotationCreate
from api.contract.analytics_assistant import AssistantAnalytics
from api.contract.analytics_boards import BoardAnalytics, LeadCounted
from api.contract.analytics_calls import CallAnalytics, CallCounted
from api.contract.analytics_consent import ConsentAnalytics, ConsentCounted
from api.contract.analytics_conversions import Conversion, ConversionSetting, ConversionSettingSet
from api.contract.analytics_messages import MessageCounted
from api.contract.analytics_origins import OriginAnalytics, OriginLead
from api.contract.analytics_reports import FigureReport, FigureReportSet, ReportMail, ReportStop, ReportWanted
from api.contract.analytics_summary import AnalyticsSummary
from api.contract.analytics_views import AnalyticsView, AnalyticsViewSet, Dashboard, DashboardSet
from api.contract.base import Done, Page
from api.contract.enums import FigurePage
from ui.client.base import ApiClient, Params


async def conversations(api: ApiClient, params: Params) -> ConversationAnalytics:
    """`params`: since, until, channel_id, team_id, user_id, label_id."""
    return await api.get("/v1/analytics/conversations", ConversationAnalytics, params)


async def messages(api: ApiClient, params: Params) -> MessageAnalytics:
    """`params`: since, until, channel_id, campaign_id."""
    return await api.get("/v1/analytics/messages", MessageAnalytics, params)


async def campaigns(api: ApiClient, params: Params) -> CampaignAnalytics:
    """`params`: since, until, channel_id."""
    return await api.get("/v1/analytics/campaigns", CampaignAnalytics, params)


async def talks(api: ApiClient, params: Params) -> Page[Talk]:
    """`params`: fact, since, until, channel_id, team_id, user_id, label_id, cursor, limit."""
    return await api.get("/v1/analytics/talks", Page[Talk], params)


async def board(api: ApiClient, board_id: UUID, params: Params) -> BoardAnalytics:
    """`params`: since, until, owner_id, tag, channel_id."""
    return await api.get(f"/v1/analytics/boards/{board_id}", BoardAnalytics, params)


async def board_leads(api: ApiClient, board_id: UUID, params: Params) -> Page[LeadCounted]:
    """`params`: fact, stage_id, to_stage_id, since, until, owner_id, tag, channel_id, cursor, limit."""
    return await api.get(f"/v1/analytics/boards/{board_id}/leads", Page[LeadCounted], params)


async def assistant(api: ApiClient, params: Params) -> AssistantAnalytics:
    """`params`: since, until, channel_id."""
    return await api.get("/v1/analytics/assistant", AssistantAnalytics, params)


async def consent(api: ApiClient, params: Params) -> ConsentAnalytics:
    """`params`: since, until."""
    return await api.get("/v1/analytics/consent", ConsentAnalytics, params)


async def consent_entries(api: ApiClient, params: Params) -> Page[ConsentCounted]:
    """`params`: allowed, partly, source, since, until, cursor, limit."""
    return await api.get("/v1/analytics/consent/entries", Page[ConsentCounted], params)


async def calls(api: ApiClient, params: Params) -> CallAnalytics:
    """`params`: since, until, channel_id."""
    return await api.get("/v1/analytics/calls", CallAnalytics, params)


async def call_rows(api: ApiClient, params: Params) -> Page[CallCounted]:
    """`params`: fact, outcome, channel_id, since, until, cursor, limit."""
    return await api.get("/v1/analytics/calls/rows", Page[CallCounted], params)


async def origins(api: ApiClient, params: Params) -> OriginAnalytics:
    """`params`: touch, since, until."""
    return await api.get("/v1/analytics/origins", OriginAnalytics, params)


async def origin_leads(api: ApiClient, params: Params) -> Page[OriginLead]:
    """`params`: kind, key, won, touch, since, until, cursor, limit."""
    return await api.get("/v1/analytics/origins/leads", Page[OriginLead], params)


async def message_rows(api: ApiClient, params: Params) -> Page[MessageCounted]:
    """`params`: fact, channel_id, campaign_id, of_campaigns, author, user_id, reason, since, until, cursor, limit."""
    return await api.get("/v1/analytics/messages/rows", Page[MessageCounted], params)


async def summary(api: ApiClient, language: str) -> AnalyticsSummary:
    """The last seven whole days in three sentences of a language."""
    return await api.get("/v1/analytics/summary", AnalyticsSummary, {"language": language})


async def annotations(api: ApiClient, params: Params) -> list[AnalyticsAnnotation]:
    """`params`: since, until."""
    return (await api.get("/v1/analytics/annotations", Page[AnalyticsAnnotation], params)).items


async def annotate(api: ApiClient, data: AnnotationCreate) -> AnalyticsAnnotation:
    return await api.post("/v1/analytics/annotations", AnalyticsAnnotation, data)


async def forget_annotation(api: ApiClient, annotation_id: UUID) -> None:
    await api.delete(f"/v1/analytics/annotations/{annotation_id}")


async def views(api: ApiClient, page: FigurePage) -> list[AnalyticsView]:
    """One's own, then everybody's."""
    return (await api.get("/v1/analytics/views", Page[AnalyticsView], {"page": page.value})).items


async def save_view(api: ApiClient, data: AnalyticsViewSet) -> AnalyticsView:
    return await api.post("/v1/analytics/views", AnalyticsView, data)


async def change_view(api: ApiClient, view_id: UUID, data: AnalyticsViewSet, version: int) -> AnalyticsView:
    return await api.put(f"/v1/analytics/views/{view_id}", AnalyticsView, data, version=version)


async def delete_view(api: ApiClient, view_id: UUID, version: int) -> None:
    await api.delete(f"/v1/analytics/views/{view_id}", version=version)


async def dashboard(api: ApiClient) -> Dashboard:
    return await api.get("/v1/analytics/dashboard", Dashboard)


async def arrange(api: ApiClient, data: DashboardSet, version: int) -> Dashboard:
    return await api.put("/v1/analytics/dashboard", Dashboard, data, version=version)


async def reports(api: ApiClient) -> list[FigureReport]:
    return (await api.get("/v1/analytics/reports", Page[FigureReport])).items


async def add_report(api: ApiClient, data: FigureReportSet) -> FigureReport:
    return await api.post("/v1/analytics/reports", FigureReport, data)


async def set_report(api: ApiClient, report_id: UUID, data: FigureReportSet, version: int) -> FigureReport:
    return await api.put(f"/v1/analytics/reports/{report_id}", FigureReport, data, version=version)


async def delete_report(api: ApiClient, report_id: UUID, version: int) -> None:
    await api.delete(f"/v1/analytics/reports/{report_id}", version=version)


async def try_report(api: ApiClient, report_id: UUID) -> Done:
    return await api.post(f"/v1/analytics/reports/{report_id}/try", Done)


async def want_report(api: ApiClient, report_id: UUID, wanted: bool) -> Done:
    return await api.put(f"/v1/analytics/reports/{report_id}/wanted", Done, ReportWanted(wanted=wanted))


async def report_mails(api: ApiClient, report_id: UUID) -> list[ReportMail]:
    """The newest hundred."""
    return (await api.get(f"/v1/analytics/reports/{report_id}/mails", Page[ReportMail], {"limit": 100})).items


async def send_report_again(api: ApiClient, report_id: UUID, mail_id: UUID) -> Done:
    return await api.post(f"/v1/analytics/reports/{report_id}/mails/{mail_id}/again", Done)


async def stop_report(api: ApiClient, token: str) -> Done:
    """By the link in a mail; nobody is signed in."""
    return await api.post("/v1/analytics/reports/stop", Done, ReportStop(token=token))


async def conversion_setting(api: ApiClient) -> ConversionSetting:
    return await api.get("/v1/analytics/conversion-setting", ConversionSetting)


async def set_conversions(api: ApiClient, data: ConversionSettingSet, version: int) -> ConversionSetting:
    return await api.put("/v1/analytics/conversion-setting", ConversionSetting, data, version=version)


async def conversions(api: ApiClient) -> Page[Conversion]:
    """The newest hundred."""
    return await api.get("/v1/analytics/conversions", Page[Conversion], {"limit": 100})
