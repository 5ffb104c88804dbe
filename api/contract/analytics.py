"""Figures of a period of the company's calendar, beside those of the days with which it is compared."""

from datetime import date
from typing import Annotated
from uuid import UUID

from api.contract.base import Output, example
from api.contract.campaigns import Figures
from api.contract.contacts import Moment
from api.contract.costs import CostSpent
from db.analytics.enums import Comparison, TalkFact
from db.campaigns.enums import CampaignState


class AnalyticsCheck(Output):
    """When the figures were last compared with what they count, and how many were wrong."""

    at: Moment
    differences: Annotated[int, example(0)]


class AnalyticsPeriod(Output):
    """Days of `time_zone`, both ends included, and the days with which they are compared: as many just before, or the same a year before (`compare`).
    `at`: everything that happened until then is counted."""

    since: date
    until: date
    before: date
    before_until: date
    compare: Annotated[Comparison, example("previous")]
    time_zone: Annotated[str, example("America/Sao_Paulo")]
    at: Moment
    checked: AnalyticsCheck | None


class TimesTaken(Output):
    """Seconds: the mean exact, that of half of them and of nine in ten within 13 %. null: there was none."""

    count: int
    mean: Annotated[float, example(95.5)] | None
    median: Annotated[float, example(61.0)] | None
    most: Annotated[float, example(240.0)] | None


class TalkFigures(Output):
    """A talk is one time that a conversation was open. Each thing is counted when it happened: opened, of those within 24 hours of its last close
    (`reopened`), first answer of the assistant, of people here or over the API, and on a phone, closed, of those without people (`closed_alone`), and
    handed by the assistant to people. The clock of people begins when they were asked for, else when the person wrote."""

    opened: int
    reopened: int
    assisted: int
    answered: int
    phoned: int
    closed: int
    closed_alone: int
    handed: int
    times_assisted: TimesTaken
    times_answered: TimesTaken
    times_phoned: TimesTaken
    times_closed: TimesTaken


class TalkDay(Output):
    day: date
    opened: int
    answered: int
    assisted: int
    phoned: int
    closed: int


class TalkGroup(Output):
    """What of the figures belongs to a channel, a team or a person; `id` null: to none. They add up to the figures of the period."""

    id: UUID | None
    name: Annotated[str, example("Vendas")]
    figures: TalkFigures


class TalkWaiting(Output):
    """People who wait for an answer now, and since when the first of them."""

    channel_id: UUID
    team_id: UUID | None
    user_id: UUID | None
    count: int
    since: Moment


class ConversationAnalytics(Output):
    """GET /v1/analytics/conversations. `hours`: messages that people wrote, by weekday (Monday first) and hour; null with filters other than the channel."""

    period: AnalyticsPeriod
    figures: TalkFigures
    before: TalkFigures
    days: list[TalkDay]
    channels: list[TalkGroup]
    teams: list[TalkGroup]
    people: list[TalkGroup]
    hours: list[list[int]] | None
    waiting: list[TalkWaiting]


class Talk(Output):
    """One of those that a figure counts: `at` when, `seconds` the time that it was counted with. `conversation_id` null: it was deleted with its contact."""

    id: UUID
    fact: Annotated[TalkFact, example("closed")]  # which figure
    conversation_id: UUID | None
    contact_name: Annotated[str, example("Ana Lima")] | None
    channel_name: Annotated[str, example("Loja Centro")]
    team_name: Annotated[str, example("Vendas")] | None
    user_id: UUID | None
    user_name: Annotated[str, example("Bia Souza")] | None
    at: Moment
    seconds: int | None
    opened_at: Moment
    closed_at: Moment | None


class MessageFigures(Output):
    """Of those sent in the period so many were of campaigns, delivered, read, answered, whenever that was. Failed ones, and those of which nobody knows the
    result, are counted on the day they ended; `received` are messages that people wrote."""

    sent: int
    of_campaigns: int
    delivered: int
    read: int
    replied: int
    failed: int
    no_result: int
    received: int


class MessageDay(Output):
    day: date
    figures: MessageFigures


class MessageGroup(Output):
    id: UUID
    name: Annotated[str, example("Loja Centro")]
    figures: MessageFigures


class MessageAuthors(Output):
    """Who wrote what no campaign sent: people in the panel, the assistant, people on a phone, programs, and answers by themselves."""

    person: int
    assistant: int
    phone: int
    api: int
    itself: int


class MessageWriter(Output):
    """One of the team, and how many messages they wrote that were sent. The name is empty once they left."""

    id: UUID
    name: Annotated[str, example("Bia Souza")]
    sent: int


class MessageRefusals(Output):
    reason: Annotated[str, example("not_on_whatsapp")]
    count: int


class MessageSpent(Output):
    """What was billed in one currency. null: messages whose price nobody knew."""

    currency: Annotated[str, example("BRL")] | None
    amount_micro: int
    messages: int


class MessageAnalytics(Output):
    """GET /v1/analytics/messages. `channels` add up to the figures, `authors` and what is of campaigns to those sent and those written on phones."""

    period: AnalyticsPeriod
    figures: MessageFigures
    before: MessageFigures
    days: list[MessageDay]
    channels: list[MessageGroup]
    authors: MessageAuthors
    people: list[MessageWriter]
    refusals: list[MessageRefusals]
    spent: list[MessageSpent]
    spent_before: list[MessageSpent]


class CampaignStarted(Output):
    id: UUID
    name: Annotated[str, example("Liquidação de verão")]
    state: Annotated[CampaignState, example("finished")]
    started_at: Moment
    channel_name: Annotated[str, example("Loja Centro")]
    figures: Figures
    spent: list[CostSpent]


class CampaignsBefore(Output):
    """Campaigns that started in the period before, and how far the messages of the newest 200 of them came."""

    campaigns: int
    sent: int
    delivered: int
    read: int
    replied: int


class CampaignAnalytics(Output):
    """GET /v1/analytics/campaigns. Those that started in the period, the newest 200; `total` counts all. Their figures are those of their own pages."""

    period: AnalyticsPeriod
    total: int
    items: list[CampaignStarted]
    before: CampaignsBefore
