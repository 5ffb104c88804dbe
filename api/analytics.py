"""Figures over HTTP: thin, each has its one definition in db/analytics and db/stats. Who looks at the same figures shares one answer."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from api.analytics_file import Form
from api.analytics_shared import DAYS, Asked, ChannelId, Days, Language, Since, Tag, Until, hand_file, period_of, times_of
from api.auth.guard import Caller
from api.contract.analytics import (
    CampaignAnalytics,
    CampaignsBefore,
    CampaignStarted,
    ConversationAnalytics,
    MessageAnalytics,
    MessageAuthors,
    MessageDay,
    MessageFigures,
    MessageGroup,
    MessageRefusals,
    MessageSpent,
    MessageWriter,
    Talk,
    TalkDay,
    TalkFigures,
    TalkGroup,
    TalkWaiting,
)
from api.contract.base import Page
from api.contract.campaigns import Figures
from api.exports import Separator
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.preflight import spent
from api.together import together
from db.analytics import campaigns, messages, talks
from db.analytics.enums import TalkFact
from db.analytics.talks import Where
from db.permissions import Permission
from db.stats.metrics import Author
from db.tenancy import Actor


def provide_where(
    channel_id: ChannelId = None,
    team_id: Annotated[UUID | None, QueryParameter(description="Only this team; the zero id: none.")] = None,
    user_id: Annotated[UUID | None, QueryParameter(description="Only this person of the team; the zero id: none.")] = None,
    label_id: Annotated[UUID | None, QueryParameter(description="Only conversations that bear this label now.")] = None,
    tag: Tag = None,
) -> Where:
    """Dependency `where`: the same of the figures and of what is behind them."""
    return Where(channel_id, team_id, user_id, label_id, tag)


OfTalks: TypeAlias = NamedDependency[Where]
_WHERE = {"where": Provide(provide_where, sync_to_thread=False)}


def _talk_figures(found: talks.Figures) -> TalkFigures:
    return TalkFigures(
        times_assisted=times_of(found.assisted),
        times_answered=times_of(found.answered),
        times_phoned=times_of(found.phoned),
        times_closed=times_of(found.closed),
        **{fact.value: found.counts[fact] for fact in TalkFact},
    )


def _groups(found: list[talks.Group]) -> list[TalkGroup]:
    return [TalkGroup(id=one.id, name=one.name, figures=_talk_figures(one.figures)) for one in found]


async def conversation_figures(actor: Actor, days: Asked, where: Where) -> ConversationAnalytics:
    found = await talks.talks(actor, days.since, days.until, where, days.compare)
    shown = (TalkFact.OPENED, TalkFact.ANSWERED, TalkFact.ASSISTED, TalkFact.PHONED, TalkFact.CLOSED)
    return ConversationAnalytics(
        period=period_of(found.period, found.checked),
        figures=_talk_figures(found.figures),
        before=_talk_figures(found.before),
        days=[TalkDay(day=day, **{fact.value: counts.get(fact, 0) for fact in shown}) for day, counts in found.days.items()],
        channels=_groups(found.channels),
        teams=_groups(found.teams),
        people=_groups(found.people),
        hours=found.hours,
        waiting=[
            TalkWaiting(channel_id=one.channel_id, team_id=one.team_id, user_id=one.user_id, count=one.amount, since=one.since)
            for one in found.waiting
        ],
    )


async def message_figures(actor: Actor, days: Asked, channel_id: UUID | None, campaign_id: UUID | None) -> MessageAnalytics:
    found = await messages.messages(actor, days.since, days.until, channel_id, campaign_id, days.compare)
    return MessageAnalytics(
        period=period_of(found.period, found.checked),
        figures=MessageFigures(**found.figures._asdict()),
        before=MessageFigures(**found.before._asdict()),
        days=[MessageDay(day=day, figures=MessageFigures(**one._asdict())) for day, one in found.days.items()],
        channels=[
            MessageGroup(id=one.id, name=one.name, figures=MessageFigures(**one.figures._asdict())) for one in found.channels
        ],
        authors=MessageAuthors(**{author.name.lower(): found.authors[author] for author in Author}),
        people=[MessageWriter(id=key, name=name, sent=n) for key, name, n in found.people],
        refusals=[MessageRefusals(reason=reason.value, count=n) for reason, n in found.refusals],
        spent=[_spent(one) for one in found.spent],
        spent_before=[_spent(one) for one in found.spent_before],
    )


def _spent(one: messages.Spent) -> MessageSpent:
    return MessageSpent(currency=one.currency, amount_micro=one.amount, messages=one.messages)


async def campaign_figures(actor: Actor, days: Asked, channel_id: UUID | None) -> CampaignAnalytics:
    found = await campaigns.campaigns(actor, days.since, days.until, channel_id, days.compare)
    items = [
        CampaignStarted(
            id=one.id,
            name=one.name,
            state=one.state,
            started_at=one.started_at,
            channel_name=one.channel_name,
            figures=struct({}, Figures, **{name: getattr(one.figures, name) for name in Figures.__struct_fields__}),
            spent=[spent(each, one.figures.delivered, one.figures.replied) for each in one.spent],
        )
        for one in found.items
    ]
    before = CampaignsBefore(**found.before._asdict())
    return CampaignAnalytics(period=period_of(found.period, None), total=found.total, items=items, before=before)


async def _conversations(actor: Actor, days: Asked, where: Where) -> ConversationAnalytics:
    actor.require(Permission.ANALYTICS_READ)
    actor.require(Permission.CONVERSATIONS_READ)
    key = ("conversations", actor.company_id, days, where)
    return await together(key, lambda: conversation_figures(actor, days, where))


async def _messages(actor: Actor, days: Asked, channel_id: UUID | None, campaign_id: UUID | None) -> MessageAnalytics:
    actor.require(Permission.ANALYTICS_READ)
    key = ("messages", actor.company_id, days, channel_id, campaign_id)
    return await together(key, lambda: message_figures(actor, days, channel_id, campaign_id))


async def _campaigns(actor: Actor, days: Asked, channel_id: UUID | None) -> CampaignAnalytics:
    actor.require(Permission.ANALYTICS_READ)
    actor.require(Permission.CAMPAIGNS_READ)
    key = ("campaigns", actor.company_id, days, channel_id)
    return await together(key, lambda: campaign_figures(actor, days, channel_id))


class AnalyticsController(Controller):
    path = "/v1/analytics"
    tags = ("Analytics",)

    @get(
        "/conversations",
        summary="Read figures of conversations",
        dependencies={**DAYS, **_WHERE},
    )
    async def read_conversations(self, actor: Caller, days: Days, where: OfTalks) -> ConversationAnalytics:
        """By day, channel, team and person, with the period before, and who waits now. Each figure is the number of the talks that
        `GET /v1/analytics/talks` lists for it. At most 400 days. Needs `analytics:read` and `conversations:read`."""
        return await _conversations(actor, days, where)

    @get(
        "/conversations/file",
        summary="Get figures of conversations as a file",
        media_type="application/octet-stream",
        dependencies={**DAYS, **_WHERE},
    )
    async def conversations_file(
        self,
        actor: Caller,
        days: Days,
        where: OfTalks,
        format: FromQuery[Form] = "xlsx",
        separator: Separator = ";",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """Every table of `GET /v1/analytics/conversations`, as sheets (XLSX) or one below the other (CSV), in the company's language unless said.
        Needs `analytics:read` and `conversations:read`."""
        found = await _conversations(actor, days, where)
        return await hand_file(actor, found, format, separator, language, where._asdict())

    @get("/talks", summary="List what a figure counts", dependencies=_WHERE)
    async def list_talks(
        self,
        actor: Caller,
        where: OfTalks,
        fact: Annotated[TalkFact, QueryParameter(description="Which figure.")] = TalkFact.OPENED,
        since: Since = None,
        until: Until = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Talk]:
        """The talks that a figure counts, the newest first; `total` is the figure. Needs `analytics:read` and `conversations:read`."""
        after = decode_cursor(cursor, tuple[datetime, UUID])
        found, total = await talks.rows(actor, fact, since, until, where, after, one_over(limit))
        return page(found, limit, lambda row: (row.at, row.id), lambda row: Talk(fact=fact, **row._asdict()), total)

    @get("/messages", summary="Read figures of messages", dependencies=DAYS)
    async def read_messages(
        self,
        actor: Caller,
        days: Days,
        channel_id: FromQuery[UUID | None] = None,
        campaign_id: FromQuery[UUID | None] = None,
    ) -> MessageAnalytics:
        """By day and channel, with the period before: what was sent, delivered, read and answered, who wrote it, why some failed, what it cost.
        Each figure is the number of what `GET /v1/analytics/messages/rows` lists for it. At most 400 days. Needs `analytics:read`."""
        return await _messages(actor, days, channel_id, campaign_id)

    @get("/messages/file", summary="Get figures of messages as a file", media_type="application/octet-stream", dependencies=DAYS)
    async def messages_file(
        self,
        actor: Caller,
        days: Days,
        channel_id: FromQuery[UUID | None] = None,
        campaign_id: FromQuery[UUID | None] = None,
        format: FromQuery[Form] = "xlsx",
        separator: Separator = ";",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """Every table of `GET /v1/analytics/messages`, as sheets (XLSX) or one below the other (CSV), in the company's language unless said.
        Needs `analytics:read`."""
        found = await _messages(actor, days, channel_id, campaign_id)
        return await hand_file(actor, found, format, separator, language, {"channel_id": channel_id, "campaign_id": campaign_id})

    @get("/campaigns", summary="Read figures of campaigns", dependencies=DAYS)
    async def read_campaigns(self, actor: Caller, days: Days, channel_id: FromQuery[UUID | None] = None) -> CampaignAnalytics:
        """The campaigns that started in a period, with the figures of their own pages and what they cost. Needs `analytics:read` and `campaigns:read`."""
        return await _campaigns(actor, days, channel_id)

    @get(
        "/campaigns/file", summary="Get figures of campaigns as a file", media_type="application/octet-stream", dependencies=DAYS
    )
    async def campaigns_file(
        self,
        actor: Caller,
        days: Days,
        channel_id: FromQuery[UUID | None] = None,
        format: FromQuery[Form] = "xlsx",
        separator: Separator = ";",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """Every table of `GET /v1/analytics/campaigns`, as sheets (XLSX) or one below the other (CSV), in the company's language unless said.
        Needs `analytics:read` and `campaigns:read`."""
        found = await _campaigns(actor, days, channel_id)
        return await hand_file(actor, found, format, separator, language, {"channel_id": channel_id})
