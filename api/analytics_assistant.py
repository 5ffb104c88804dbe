"""Figures of the assistant over HTTP."""

from typing import TypeAlias

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery
from litestar.response import Stream

from api.analytics_file import Form
from api.analytics_shared import DAYS, Asked, ChannelId, Days, Language, Tag, TeamId, hand_tables, period_of
from api.analytics_tables import Row, Table, Words
from api.auth.guard import Caller
from api.contract.analytics_assistant import (
    AssistantAnalytics,
    AssistantCost,
    AssistantDay,
    AssistantFigures,
    AssistantGap,
    AssistantMoves,
    AssistantPurpose,
    AssistantReason,
)
from api.exports import Separator
from api.together import together
from db.analytics import assistant
from db.analytics.talks import Where
from db.permissions import Permission
from db.tenancy import Actor

_FIGURES = ("assisted", "closed", "alone", "handed")
_MOVES = ("proposed", "applied", "refused", "undone", "expired", "blocked", "automatic")


def provide_assistant_where(channel_id: ChannelId = None, team_id: TeamId = None, tag: Tag = None) -> Where:
    """Dependency `where`: of which talks."""
    return Where(channel_id, team_id, tag=tag)


OfAssistant: TypeAlias = NamedDependency[Where]
_WHERE = {"where": Provide(provide_assistant_where, sync_to_thread=False)}


def _cost(one: assistant.Cost) -> AssistantCost:
    return AssistantCost(calls=one.calls, failed=one.failed, amount_micro=one.amount, unpriced=one.unpriced)


async def assistant_figures(actor: Actor, days: Asked, where: Where) -> AssistantAnalytics:
    found = await assistant.assistant(actor, days.since, days.until, where, days.compare)
    return AssistantAnalytics(
        period=period_of(found.period),
        figures=AssistantFigures(**found.figures._asdict()),
        before=AssistantFigures(**found.before._asdict()),
        days=[AssistantDay(day=day, figures=AssistantFigures(**one._asdict())) for day, one in found.days.items()],
        cost=_cost(found.cost),
        cost_before=_cost(found.cost_before),
        purposes=[AssistantPurpose(purpose=purpose, cost=_cost(cost)) for purpose, cost in found.purposes],
        reasons=[AssistantReason(reason=reason, count=n) for reason, n in found.reasons],
        moves=AssistantMoves(**{state.value: n for state, n in found.moves.items()}, automatic=found.automatic),
        gaps=[AssistantGap(**one._asdict()) for one in found.gaps],
        open_gaps=found.open_gaps,
    )


async def _assistant(actor: Actor, days: Asked, where: Where) -> AssistantAnalytics:
    for right in (Permission.ANALYTICS_READ, Permission.CONVERSATIONS_READ, Permission.AI_READ):
        actor.require(right)
    key = ("assistant", actor.company_id, days, where)
    return await together(key, lambda: assistant_figures(actor, days, where))


def tables(say: Words, found: AssistantAnalytics) -> list[Table]:
    heads = [say("assisted"), say("closed"), say("closed_alone"), say("handed")]

    def row(one: AssistantFigures) -> Row:
        return [getattr(one, name) for name in _FIGURES]

    return [
        Table(say("figures"), ["", *heads], [[say("now"), *row(found.figures)], [say("earlier"), *row(found.before)]]),
        Table(say("days"), [say("day"), *heads], [[one.day.isoformat(), *row(one.figures)] for one in found.days]),
        Table(say("handed"), [say("reason"), say("talks")], [[one.reason or say("none"), one.count] for one in found.reasons]),
        Table(
            say("spent"),
            [say("name"), say("model_calls"), f"{say('amount')} (USD)"],
            [[one.purpose, one.cost.calls, one.cost.amount_micro / 1e6] for one in found.purposes],
        ),
        Table(say("moves"), [say("name"), say("moves")], [[say(f"move_{name}"), getattr(found.moves, name)] for name in _MOVES]),
        Table(
            say("gaps"), [say("gap"), say("base"), say("times")], [[one.question, one.base_name, one.times] for one in found.gaps]
        ),
    ]


class AssistantAnalyticsController(Controller):
    path = "/v1/analytics/assistant"
    tags = ("Analytics",)

    @get(summary="Read figures of the assistant", dependencies={**DAYS, **_WHERE})
    async def read_assistant(self, actor: Caller, days: Days, where: OfAssistant) -> AssistantAnalytics:
        """What it answered alone and handed to people, why, what models cost, what became of the changes of leads that it proposed, and what was asked
        and stands in no base; costs, changes and questions are of everything, whatever is asked for. The talks behind are listed by `GET /v1/analytics/talks`. At most 400 days. Needs `analytics:read`, `ai:read` and
        `conversations:read`."""
        return await _assistant(actor, days, where)

    @get(
        "/file",
        summary="Get figures of the assistant as a file",
        media_type="application/octet-stream",
        dependencies={**DAYS, **_WHERE},
    )
    async def assistant_file(
        self,
        actor: Caller,
        days: Days,
        where: OfAssistant,
        format: FromQuery[Form] = "xlsx",
        separator: Separator = ";",
        language: FromQuery[Language | None] = None,
    ) -> Stream:
        """Every table of `GET /v1/analytics/assistant`, as sheets (XLSX) or one below the other (CSV), in the company's language unless said. Needs
        `analytics:read`, `ai:read` and `conversations:read`."""
        found = await _assistant(actor, days, where)
        asked = where._asdict()
        return await hand_tables(
            actor, "assistant", found.period, lambda say: tables(say, found), format, separator, language, asked
        )
