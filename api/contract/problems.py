"""Every code that a problem of ours can carry, for who shows it: the screens, the pages of the codes and the OpenAPI document.

Sentences are English message ids with parameters in braces; their Portuguese is in `locales/` beside this file. A capability adds
its lists here; a test holds them against the code."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from db.accounts.errors import AccountError as AccountError
from db.accounts.errors import AccountField
from db.agents.errors import AgentError
from db.ai.errors import AiError as AiError
from db.ai.errors import AiField
from db.ai.errors import CallFailure as CallFailure
from db.analytics.errors import AnalyticsError, AnalyticsField, ConversionField, ReportError, ReportField
from db.boards.errors import BoardError as BoardError
from db.boards.errors import BoardField
from db.bookings.errors import BookingError
from db.cadences.errors import CadenceError, CadenceField
from db.campaigns.errors import CampaignError, CampaignField, WarmUpField
from db.channels.errors import ChannelError, ChannelField, TemplateField
from db.channels.errors import CheckDetail as CheckDetail
from db.channels.errors import NetworkFailure as NetworkFailure
from db.channels.errors import SignupFailure as SignupFailure
from db.contacts.errors import ContactError as ContactError
from db.contacts.errors import ContactField, ContactImportField, SegmentField
from db.contacts.errors import ContactImportError as ContactImportError
from db.contacts.reasons import FileProblem as FileProblem
from db.contacts.reasons import Reason as Reason
from db.contacts.reasons import RowWarning as RowWarning
from db.contacts.reasons import StayReason as StayReason
from db.conversations.errors import ConversationError as ConversationError
from db.conversations.errors import ConversationField
from db.costs.errors import CostField
from db.errors import Code as Code
from db.errors import ErrorCode, FieldCode, RequestField
from db.errors import Params as Params
from db.errors import RequestError as RequestError
from db.errors import fill as fill
from db.holds.errors import HoldError
from db.incoming.errors import IncomingError, IncomingField
from db.knowledge.errors import KnowledgeError as KnowledgeError
from db.knowledge.errors import KnowledgeField
from db.knowledge.errors import SourceFailure as SourceFailure
from db.kommo.errors import KommoError, KommoField
from db.kommo.errors import KommoReason as KommoReason
from db.messages.errors import CallError, MessageError, ReplyField, UploadError
from db.messages.errors import ReplyError as ReplyError
from db.notifications.errors import NotificationError, NotificationField
from db.personas.errors import PersonaError
from db.personas.errors import PersonaField as PersonaField
from db.proposals.errors import ProposalError, ProposalField
from db.qr.errors import SessionError
from db.telephony.errors import SetupFailure as SetupFailure
from db.telephony.errors import TelephonyError
from db.transfers.errors import OrderError, TransferError, TransferField
from db.webhooks.errors import WebhookError, WebhookField

C = TypeVar("C", bound=Code)

LOCALES = Path(__file__).parent / "locales"

ERROR_LISTS: tuple[type[ErrorCode], ...] = (
    RequestError,
    AccountError,
    ChannelError,
    ContactError,
    ContactImportError,
    MessageError,
    CallError,
    ReplyError,
    UploadError,
    ConversationError,
    KnowledgeError,
    CadenceError,
    CampaignError,
    BoardError,
    AiError,
    HoldError,
    IncomingError,
    KommoError,
    NotificationError,
    PersonaError,
    AnalyticsError,
    ReportError,
    BookingError,
    ProposalError,
    SessionError,
    OrderError,
    TelephonyError,
    TransferError,
    WebhookError,
    AgentError,
)
FIELD_LISTS: tuple[type[FieldCode], ...] = (
    Reason,
    AccountField,
    ChannelField,
    TemplateField,
    ContactField,
    SegmentField,
    ContactImportField,
    ReplyField,
    ConversationField,
    KnowledgeField,
    CadenceField,
    CampaignField,
    WarmUpField,
    CostField,
    BoardField,
    AnalyticsField,
    ReportField,
    ConversionField,
    AiField,
    IncomingField,
    KommoField,
    NotificationField,
    PersonaField,
    ProposalField,
    TransferField,
    WebhookField,
    RequestField,
)
OTHER_LISTS: tuple[type[Code], ...] = (
    RowWarning,
    StayReason,
    FileProblem,
    NetworkFailure,
    CheckDetail,
    SetupFailure,
    SignupFailure,
    CallFailure,
    SourceFailure,
    KommoReason,
)
"""Codes that stand in answers of success: what became of rows, files and connections."""


def _by_name(lists: Iterable[type[C]]) -> dict[str, C]:
    return {str(code): code for each in lists for code in each}


ERRORS: dict[str, ErrorCode] = _by_name(ERROR_LISTS)
"""`code` of a problem → what it is."""
FIELDS: dict[str, FieldCode] = _by_name(FIELD_LISTS)
"""`code` of one of its `errors` → what it is. `too_long` is the field's, which names the limit, not the imported row's."""
