"""What all figures over HTTP share: the days that are asked for, and the answer as a file."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Literal, NamedTuple, TypeAlias
from uuid import UUID

from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter
from litestar.response import Stream

from api.analytics_file import Analytics, Form, as_file, deliver
from api.analytics_tables import Table, Words, about
from api.contract.analytics import AnalyticsCheck, AnalyticsPeriod, TimesTaken
from db.accounts.queries import company_of
from db.analytics.enums import Comparison
from db.analytics.period import Period
from db.analytics.times import Times
from db.tenancy import Actor

Language = Literal["pt-BR", "en"]
Since = Annotated[date | None, QueryParameter(description="The first day, of the company's calendar; 30 days back unless said.")]
Until = Annotated[date | None, QueryParameter(description="The last day; today unless said.")]
Beside = Annotated[
    Literal["previous", "year"],
    QueryParameter(description="Compared with as many days just before, or with the same days a year before."),
]
"""`compare` of each operation."""
ChannelId = Annotated[UUID | None, QueryParameter(description="Only this channel.")]
TeamId = Annotated[UUID | None, QueryParameter(description="Only conversations that this team has; the zero id: none.")]
Tag = Annotated[str | None, QueryParameter(max_length=60, description="Only people who bear this tag now.")]


class Asked(NamedTuple):
    """The days that are asked for, and those with which they are compared."""

    since: date | None
    until: date | None
    compare: Comparison


def provide_days(since: Since = None, until: Until = None, compare: Beside = "previous") -> Asked:
    """Dependency `days`."""
    return Asked(since, until, Comparison(compare))


Days: TypeAlias = NamedDependency[Asked]
DAYS = {"days": Provide(provide_days, sync_to_thread=False)}


def period_of(of: Period, checked: tuple[datetime, int] | None = None) -> AnalyticsPeriod:
    told = AnalyticsCheck(at=checked[0], differences=checked[1]) if checked else None
    return AnalyticsPeriod(
        since=of.first,
        until=of.last,
        before=of.before.first,
        before_until=of.before.last,
        compare=of.beside,
        time_zone=of.zone,
        at=of.at,
        checked=told,
    )


def times_of(found: Times) -> TimesTaken:
    return TimesTaken(count=found.amount, mean=found.mean, median=found.median, most=found.most)


async def hand_file(
    actor: Actor, found: Analytics, form: Form, separator: str, language: Language | None, asked: Mapping[str, UUID | str | None]
) -> Stream:
    """`asked`: the filters, as the file repeats them."""
    speaks: str = language or (await company_of(actor))["language"]
    return as_file(found, form, speaks, separator, [(name, str(value)) for name, value in asked.items() if value is not None])


async def hand_tables(
    actor: Actor,
    name: str,
    of: AnalyticsPeriod,
    made: Callable[[Words], list[Table]],
    form: Form,
    separator: str,
    language: Language | None,
    asked: Mapping[str, UUID | str | None],
) -> Stream:
    """The same of a report that makes its tables itself."""
    say = Words(language or (await company_of(actor))["language"])
    filters = [(key, str(value)) for key, value in asked.items() if value is not None]
    return deliver(name, of, [about(say, of, filters), *made(say)], form, separator)
