"""The first page: what is going on and what needs a hand."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from api.contract.base import Output
from db.campaigns.enums import CampaignState


class HomeCampaign(Output):
    id: UUID
    name: str
    state: CampaignState
    channel_name: str
    audience: int  # as in CampaignRow
    done: int  # members of the audience whose turn has come
    scheduled_at: datetime | None
    outage_since: datetime | None = None  # the channel waits for a provider that is down, since then; it goes on by itself


class HomeDay(Output):
    day: str  # ISO date in the company's time zone
    sent: int
    delivered: int
    replied: int


class Attention(Output):
    """Something that waits for a person. The UI has a sentence and a link for each code."""

    code: Literal["channel_error", "channel_paused", "campaign_paused", "campaign_failed", "import_rejects", "unknown_outcomes"]
    subject_id: UUID
    subject: str
    detail: str | None = None  # a FailureReason or code
    count: int | None = None


class Home(Output):
    """GET /v1/home."""

    contacts: int
    channels: int
    campaigns_total: int
    running: list[HomeCampaign]
    today: HomeDay
    days: list[HomeDay]  # the last 14 days, oldest first
    attention: list[Attention]
    has_channel: bool
    has_contacts: bool
    has_campaign: bool
