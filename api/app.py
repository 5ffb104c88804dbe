"""Builds the API: routes, guard, errors, limits and what it connects to. Nothing here decides about a company's data."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from api import accounts, dated, errors, events, health, incoming, kommo, pagination, roles, strict, versions
from api.ai import AiController
from api.analytics import AnalyticsController
from api.analytics_annotations import AnnotationController
from api.analytics_assistant import AssistantAnalyticsController
from api.analytics_boards import BoardAnalyticsController
from api.analytics_calls import CallAnalyticsController
from api.analytics_consent import ConsentAnalyticsController
from api.analytics_conversions import ConversionController
from api.analytics_messages import MessageRowsController
from api.analytics_origins import OriginAnalyticsController
from api.analytics_reports import FigureReportController
from api.analytics_summary import SummaryController
from api.analytics_views import DashboardController, ViewController
from api.assistant import AssistantController
from api.assists import AssistController
from api.audit import AuditController
from api.auth import facebook
from api.auth.guard import guard, provide_actor
from api.auth.identities import IdentitiesController, ProvidersController
from api.auth.recover import RecoverController
from api.auth.second_factor import SecondFactorController, SecondFactorRuleController
from api.auth.sign_in import SignInController
from api.auth.views import provide_origin
from api.boards import BoardController, StageController
from api.bodies import BodyDeadline
from api.bookings import AppointmentController, BookingController
from api.cadences import CadenceController, ContactCadenceController
from api.call_queue import CallQueueController
from api.calls import CallController
from api.campaigns import CampaignController, ContactCampaignController
from api.channel_health import ChannelHealthController
from api.channel_sessions import ChannelSessionController
from api.channel_signups import ChannelSignupController
from api.channels import ChannelController, KindController
from api.consent import ConsentController, SuppressionController
from api.contacts import ContactController, CustomFieldController, TagController
from api.conversations import ConversationController
from api.costs import CostController, SendHoursController, WarmUpController
from api.duplicates import DuplicateController
from api.event_history import EventHistoryController
from api.exports import ExportController
from api.files import FileController, hand_over
from api.holds import HoldController
from api.home import HomeController
from api.hooks.asgi import Hooks, in_front
from api.idempotency import Idempotent, on_replay, take_key
from api.imports import ImportController
from api.inbox import LabelController, OfficeHoursController, QuickReplyController, TeamController
from api.journal import Journal
from api.knowledge import (
    KnowledgeBaseController,
    KnowledgeGapController,
    KnowledgeQuestionController,
    KnowledgeSourceController,
)
from api.lead_fields import LeadFieldController
from api.lead_proposals import BoardAiController, LeadProposalController
from api.leads import BoardLeadController, BoardTotalsController, ContactLeadController, LeadController
from api.leads_csv import LeadExportController
from api.location import locate
from api.log import RequestLogging
from api.mcp.controller import McpController
from api.mcp.server import Agents
from api.messages import MessageController
from api.methods import Methods
from api.notifications import NotificationController
from api.openapi import routes as openapi
from api.openapi.problems import error_index, error_page
from api.persona_trials import PersonaTrialController
from api.personas import PersonaController, PersonaDraftController
from api.phone_setups import PhoneSetupController
from api.preflight import CompareController, PreflightController
from api.privacy import (
    ContactExportController,
    ContactPrivacyController,
    ErasureController,
    RetentionController,
    hand_out,
)
from api.push import PushController
from api.realtime import Hub
from api.reports import BestHoursController, CompareFileController, ReportController
from api.request_log import RequestController
from api.sandbox import SandboxController, SandboxModelController
from api.search import SearchController
from api.segments import SegmentController
from api.sending_rules import CallRuleController, HolidayController, OptOutWordController, UnreachedCountryController
from api.stage_rules import BoardRuleController, StageRuleController, StageTryController
from api.status import StatusController
from api.templates import TemplateController
from api.trials import TrialController
from api.webhooks import WebhookController
from db import blobs, crypto, valkey
from db.engine import DB, close_pools, open_pools
from db.idempotency import Replayed
from db.settings import Settings

log = structlog.get_logger("api")

BODY_LIMIT = 64 * 1024  # bytes; a route that takes more says so itself

# One controller per capability.
CONTROLLERS: Sequence[ControllerRouterHandler] = (
    SignInController,
    RecoverController,
    ProvidersController,
    IdentitiesController,
    SecondFactorController,
    SecondFactorRuleController,
    accounts.MeController,
    accounts.CompanyController,
    accounts.TeamController,
    accounts.ApiKeyController,
    roles.RoleController,
    AuditController,
    AnalyticsController,
    AnnotationController,
    AssistantAnalyticsController,
    BoardAnalyticsController,
    CallAnalyticsController,
    ConsentAnalyticsController,
    MessageRowsController,
    OriginAnalyticsController,
    FigureReportController,
    ConversionController,
    ViewController,
    DashboardController,
    SummaryController,
    McpController,
    HomeController,
    HoldController,
    CadenceController,
    ContactCadenceController,
    CampaignController,
    ContactCampaignController,
    PreflightController,
    CompareController,
    CompareFileController,
    ReportController,
    BestHoursController,
    TrialController,
    CostController,
    SendHoursController,
    OptOutWordController,
    HolidayController,
    CallRuleController,
    UnreachedCountryController,
    WarmUpController,
    KindController,
    ChannelSessionController,
    ChannelSignupController,
    PhoneSetupController,
    ChannelController,
    ChannelHealthController,
    TemplateController,
    SandboxController,
    SandboxModelController,
    ContactController,
    CallController,
    CallQueueController,
    MessageController,
    ConversationController,
    AssistantController,
    AssistController,
    LabelController,
    OfficeHoursController,
    TeamController,
    QuickReplyController,
    FileController,
    PushController,
    SearchController,
    StatusController,
    NotificationController,
    ExportController,
    TagController,
    CustomFieldController,
    SegmentController,
    ConsentController,
    DuplicateController,
    SuppressionController,
    ImportController,
    BoardController,
    StageController,
    BoardRuleController,
    StageRuleController,
    StageTryController,
    BoardLeadController,
    LeadExportController,
    BoardTotalsController,
    ContactLeadController,
    LeadController,
    LeadFieldController,
    BoardAiController,
    BookingController,
    AppointmentController,
    LeadProposalController,
    incoming.IncomingHookController,
    kommo.KommoController,
    AiController,
    PersonaController,
    PersonaDraftController,
    PersonaTrialController,
    KnowledgeBaseController,
    KnowledgeSourceController,
    KnowledgeGapController,
    KnowledgeQuestionController,
    WebhookController,
    ContactPrivacyController,
    ContactExportController,
    ErasureController,
    RetentionController,
    EventHistoryController,
    RequestController,
)


@asynccontextmanager
async def _connections(app: Litestar) -> AsyncIterator[None]:
    """Postgres, Valkey and the key ring for as long as the app runs; what was open before is left alone. Neither server has to be
    there: what needs it is answered with 503 until it is."""
    settings: Settings = app.state.settings
    owns_database, owns_valkey, owns_files = DB.pool is None, not valkey.connected(), not blobs.connected()
    crypto.load_ring(settings.secret_keys, settings.data_dir)
    if owns_valkey:
        valkey.connect(settings.valkey_url)
        valkey.watch()
    if owns_files:
        blobs.connect(settings)
    hub = Hub()
    app.state.hub = hub
    try:
        if owns_database:
            await open_pools(settings, size=settings.pool_size, acquire_timeout=5)
        hub.start()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, hub.end_all)  # see __main__
        yield
    finally:
        await hub.close()
        if owns_files:
            await blobs.close()
        if owns_database:
            await close_pools()
        if owns_valkey:
            await valkey.close()


async def before_request(request: Request[Any, Any, Any]) -> None:
    """After the guard, before the handler."""
    strict.refuse_address(request)
    pagination.bind(request)
    dated.bind(request)
    versions.refuse_blind_if_match(request)
    strict.refuse_other_forms(request)
    await take_key(request)


async def after_request(response: Response[Any]) -> Response[Any]:
    """Headers that follow from the body."""
    return await dated.older(await locate(await versions.tag(response)))


def create_app(settings: Settings) -> Litestar:
    """The ASGI application. `settings` must name the databases: `__main__` finds the embedded ones."""
    hooks, journal = Hooks(settings), Journal()
    app = Litestar(
        route_handlers=[
            *CONTROLLERS,
            events.events_socket,
            events.events_stream,
            health.health,
            health.ready,
            health.metrics,
            hand_over,
            hand_out,
            facebook.deauthorize,
            facebook.deletion,
            facebook.deleted,
            incoming.receive,
            kommo.receive,
            openapi.openapi_json,
            openapi.try_script,
            error_index,
            error_page,
        ],
        guards=[guard],
        before_request=before_request,
        after_request=after_request,
        dependencies={
            "actor": Provide(provide_actor),
            "expected": Provide(versions.provide_expected),
            "origin": Provide(provide_origin),
        },
        exception_handlers={**errors.HANDLERS, Replayed: on_replay},
        request_class=strict.StrictRequest,
        request_max_body_size=BODY_LIMIT,
        lifespan=[_connections, lambda _: journal.running(), lambda _: hooks.running(), lambda app: app.state.agents.running()],
        state=State({"settings": settings, "journal": journal}),
        openapi_config=openapi.config(),
        logging_config=None,
        debug=False,
    )
    https = settings.webhook_url.startswith("https://")
    agents = Agents(app, Methods(BodyDeadline(Idempotent(app.asgi_handler))))
    agents.inner = RequestLogging(agents.api, https=https, journal=journal)
    app.state.agents = agents
    app.asgi_handler = in_front(hooks, RequestLogging(agents, https=https, journal=journal))
    return app
