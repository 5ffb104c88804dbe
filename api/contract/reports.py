"""What came of a campaign: its report, and when to send."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from api.contract.base import Output, example
from api.contract.campaign_progress import FailureGroup, ReportFallback
from api.contract.campaigns import Figures
from api.contract.contacts import Moment
from api.contract.costs import CostSpent
from api.contract.kinds import ChannelKind
from db.campaigns.enums import CampaignGoalKind, CampaignState

ReportFormat = Literal["pdf", "png"]


class CampaignGoal(Struct, forbid_unknown_fields=True, kw_only=True):
    """What counts as done: a lead of the person came into one of these stages (none named: moved at all), the person got one of these tags, or one of
    these incoming hooks told of them; within `days` after the message was sent."""

    kind: Annotated[CampaignGoalKind, example("stage")] = CampaignGoalKind.STAGE
    ids: Annotated[list[UUID], Meta(max_length=50, examples=[["0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42"]])] = []
    days: Annotated[int, Meta(ge=1, le=90, examples=[7])] = 7


class SendHour(Output):
    """An hour of the company's day: `sent` then in the last 90 days; of those so many `read` and `replied`, whenever they did."""

    hour: Annotated[int, example(10)]
    sent: int
    read: int
    replied: int


class BestHours(Output):
    """GET /v1/channels/{id}/best-hours. `best` null: too little was sent at different hours to say."""

    hours: list[SendHour]
    best: Annotated[int, example(10)] | None


class CampaignTimes(Output):
    """Seconds from sent to read: of half the readers, and of nine in ten; to the answer. `bins`: how many read within `edges`, the last one later;
    `read` and `replied` by the hour of the company's day."""

    read_median: float | None
    read_most: float | None
    replied_median: float | None
    edges: list[int]
    bins: list[int]
    read: list[int]
    replied: list[int]


class CampaignReport(Output):
    """GET /v1/campaigns/{id}/report. Each person counts once, by whichever way they got it; `fallback`: of these, who got it in place of a message that
    did not arrive. `converted` null: the reader may not be told of what the goal is about."""

    id: UUID
    name: Annotated[str, example("Liquidação de verão")]
    state: Annotated[CampaignState, example("finished")]
    channel_name: Annotated[str, example("Loja Centro")] | None
    channel_kind: ChannelKind | None
    reports_read: bool  # whether the channel tells that a message was read
    started_at: Moment | None
    finished_at: Moment | None
    at: Moment  # as of then
    time_zone: Annotated[str, example("America/Sao_Paulo")]
    figures: Figures
    goal: CampaignGoal
    converted: int | None
    times: CampaignTimes
    best: BestHours
    failures: list[FailureGroup]
    skipped: list[FailureGroup]
    spent: list[CostSpent]
    fallback: ReportFallback | None = None
