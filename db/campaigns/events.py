"""Events about campaigns. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.campaigns.enums import CampaignState
from db.events import Event
from db.permissions import Permission


class CampaignEvent(Event, frozen=True, kw_only=True):
    """Concerns one campaign."""

    campaign_id: UUID


class CampaignChanged(CampaignEvent, frozen=True, kw_only=True):
    """State, text, audience or schedule; also a new one."""

    type: ClassVar = "campaign.changed"
    permission: ClassVar = Permission.CAMPAIGNS_READ
    state: CampaignState
    version: int
    """As in the campaign: who has it already need not ask."""


class CampaignDeleted(CampaignEvent, frozen=True, kw_only=True):
    """A draft is gone."""

    type: ClassVar = "campaign.deleted"
    permission: ClassVar = Permission.CAMPAIGNS_READ


class CampaignProgress(CampaignEvent, frozen=True, kw_only=True):
    """Counts moved; at most a few per second and campaign."""

    type: ClassVar = "campaign.progress"
    permission: ClassVar = Permission.CAMPAIGNS_READ
    durable: ClassVar = False


class SendHoursChanged(Event, frozen=True, kw_only=True):
    """The hours in which the company's campaigns may write."""

    type: ClassVar = "send_hours.changed"
    permission: ClassVar = Permission.CAMPAIGNS_READ
    durable: ClassVar = False
