"""The first page: what is going on and what needs a hand."""

from typing import Annotated, Literal
from uuid import UUID

from api.contract.base import Input, Output, example
from api.contract.campaigns import Figures
from db.campaigns.enums import CampaignState
from db.campaigns.enums import FailedJob as FailedJob
from db.contacts.filter import Moment


class HomeCampaign(Output):
    id: UUID
    name: Annotated[str, example("Liquidação de verão")]
    state: CampaignState
    channel_name: Annotated[str, example("WhatsApp da loja")]
    figures: Figures
    scheduled_at: Moment | None
    outage_since: Moment | None = None  # the channel waits for a provider that is down, since then; it goes on by itself


class HomeDay(Output):
    day: Annotated[str, example("2026-03-02")]  # ISO date in the company's time zone
    sent: int  # accepted by a provider on this day, and not failed since
    delivered: int  # of those
    replied: int  # of those


class Attention(Output):
    """Something that waits for a person. The UI has a sentence and a link for each code."""

    code: Literal[
        "channel_error",
        "channel_paused",
        "campaign_paused",
        "campaign_failed",
        "cadence_stopped",
        "import_rejects",
        "unknown_outcomes",
        "channel_notice",
        "channel_quality",
        "template_stopped",
        "import_failed",
        "late_answers",
        "assistant_stopped",
        "ai_stopped",
        "ai_budget",
        "ai_model_ends",
        "job_failed",
        "spend_limit",
        "trial_waits",
    ]
    subject_id: UUID
    subject: Annotated[str, example("WhatsApp da loja")]
    detail: str | None = (
        None  # a FailureReason, a NoticeCode, a Quality, a TemplateStatus, a FailedJob, a TurnReason, a ConnectionState, a BudgetPeriod, a ModelState, `step_gone`, `goal_gone` or `entry_gone` for what a sequence names and was deleted, or a code
    )
    count: int | None = None


class FirstStepsSet(Input):
    """PUT /v1/home/first-steps."""

    away: bool


class Home(Output):
    """GET /v1/home."""

    contacts: int
    channels: int  # real ones; the simulator is none
    campaigns_total: int
    running: list[HomeCampaign]
    today: HomeDay
    days: list[HomeDay]  # the last 14 days, oldest first
    attention: list[Attention]
    has_channel: bool  # a real one
    has_contacts: bool  # beside the sample contacts
    has_template: bool  # an approved one of a real channel, or no real channel whose campaigns need one
    has_campaign: bool  # one that was launched on a real channel; drafts do not count
    has_rehearsal: bool  # one that was launched at all
    has_delivered: bool  # a phone told that it has a message of a real channel: the first steps are done
    steps_away: bool  # the person who asks put the first steps away
