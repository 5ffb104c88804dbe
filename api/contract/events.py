"""Live events as they arrive on `/v1/events`: one frame each, whose `type` says what `data` holds."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from db.accounts.events import CompanyChanged as CompanyChanged
from db.accounts.events import SessionRevoked as SessionRevoked
from db.accounts.events import TeamChanged as TeamChanged
from db.ai.events import AiBudgetsChanged as AiBudgetsChanged
from db.ai.events import AiBudgetWarned as AiBudgetWarned
from db.ai.events import AiConnectionChanged as AiConnectionChanged
from db.ai.events import ModelRequestsChanged as ModelRequestsChanged
from db.analytics.events import DashboardChanged as DashboardChanged
from db.assistant.events import AssistantChanged as AssistantChanged
from db.assistant.events import AssistProgress as AssistProgress
from db.boards.events import BoardChanged as BoardChanged
from db.boards.events import BoardTotals as BoardTotals
from db.boards.events import LeadChanged as LeadChanged
from db.bookings.events import AppointmentChanged as AppointmentChanged
from db.cadences.events import CadenceChanged as CadenceChanged
from db.cadences.events import CadenceDeleted as CadenceDeleted
from db.cadences.events import CadenceProgress as CadenceProgress
from db.campaigns.events import CampaignChanged as CampaignChanged
from db.campaigns.events import CampaignDeleted as CampaignDeleted
from db.campaigns.events import CampaignEvent as CampaignEvent
from db.campaigns.events import CampaignProgress as CampaignProgress
from db.campaigns.events import SendHoursChanged as SendHoursChanged
from db.channels.events import ChannelChanged as ChannelChanged
from db.channels.events import ChannelEvent as ChannelEvent
from db.channels.events import ChannelStateChanged as ChannelStateChanged
from db.channels.events import SandboxChanged as SandboxChanged
from db.channels.events import TemplatesChanged as TemplatesChanged
from db.channels.events import TemplateStatusChanged as TemplateStatusChanged
from db.contacts.events import BulkProgress as BulkProgress
from db.contacts.events import ConsentChanged as ConsentChanged
from db.contacts.events import ContactsChanged as ContactsChanged
from db.contacts.events import ImportProgress as ImportProgress
from db.contacts.events import NotesChanged as NotesChanged
from db.contacts.events import SegmentsChanged as SegmentsChanged
from db.conversations.events import ConversationAnswered as ConversationAnswered
from db.conversations.events import ConversationClosed as ConversationClosed
from db.conversations.events import ConversationEntryAdded as ConversationEntryAdded
from db.conversations.events import ConversationPresence as ConversationPresence
from db.conversations.events import ConversationUpdated as ConversationUpdated
from db.conversations.events import CustomerTyping as CustomerTyping
from db.conversations.events import InboxChanged as InboxChanged
from db.costs.events import CostsChanged as CostsChanged
from db.events import Event as Event
from db.holds.events import HoldChanged as HoldChanged
from db.incoming.events import IncomingHookChanged as IncomingHookChanged
from db.knowledge.events import KnowledgeBaseChanged as KnowledgeBaseChanged
from db.knowledge.events import KnowledgeGapsChanged as KnowledgeGapsChanged
from db.knowledge.events import KnowledgeQuestionsChanged as KnowledgeQuestionsChanged
from db.knowledge.events import KnowledgeSourceChanged as KnowledgeSourceChanged
from db.kommo.events import KommoChanged as KommoChanged
from db.kommo.events import KommoProgress as KommoProgress
from db.messages.events import ConversationChanged as ConversationChanged
from db.messages.events import MessageFileChanged as MessageFileChanged
from db.messages.events import MessageReceived as MessageReceived
from db.messages.events import MessageStatusChanged as MessageStatusChanged
from db.notifications.events import NotificationsChanged as NotificationsChanged
from db.personas.events import PersonaChanged as PersonaChanged
from db.personas.events import PersonaTrialChanged as PersonaTrialChanged
from db.personas.events import PersonaTrialProgress as PersonaTrialProgress
from db.privacy.events import ContactExportProgress as ContactExportProgress
from db.privacy.events import ErasureChanged as ErasureChanged
from db.proposals.events import LeadProposalChanged as LeadProposalChanged
from db.telephony.events import PhoneSetupChanged as PhoneSetupChanged
from db.transfers.events import CallQueueChanged as CallQueueChanged
from db.transfers.events import CallRings as CallRings
from db.webhooks.events import WebhookChanged as WebhookChanged


def _concrete(kind: type[Event]) -> Iterator[type[Event]]:
    if "type" in kind.__dict__:
        yield kind
    for below in kind.__subclasses__():
        yield from _concrete(below)


CATALOGUE: dict[str, type[Event]] = {kind.type: kind for kind in _concrete(Event) if not kind.noticed}
"""Every event that screens hear, by its name on the wire."""

ControlType = Literal["hello", "reset", "ping"]


class Control(msgspec.Struct, kw_only=True, omit_defaults=True):
    """About the stream itself. `hello` opens it and says where it stands, `ping` shows that it lives, `reset` means that events were
    missed: fetch again what you show. `id` is where to resume."""

    type: ControlType
    id: str | None = None


class Frame(msgspec.Struct, kw_only=True):
    """Any frame: `at` and `data` are absent from a control frame."""

    type: str
    id: str | None = None
    at: datetime | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")

    def event(self) -> Event | None:
        """What `data` holds; None for a control frame and for a type that this program does not know yet."""
        kind = CATALOGUE.get(self.type)
        return None if kind is None else msgspec.json.decode(self.data, type=kind)
