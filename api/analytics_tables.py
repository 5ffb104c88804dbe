"""Tables of a file of figures: their heads in the reader's language, numbers as numbers, times in seconds."""

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from api.contract.analytics import AnalyticsPeriod, TimesTaken
from api.contract.labels import ANALYTICS, ANALYTICS_CONTEXT, FAILURES
from api.translations import portuguese

Value = str | int | float | None
Row = list[Value]


class Table(NamedTuple):
    name: str
    heads: list[str]
    rows: list[Row]


class Words:
    def __init__(self, language: str) -> None:
        self._english = language == "en"

    def __call__(self, key: str) -> str:
        return ANALYTICS[key] if self._english else portuguese(ANALYTICS[key], ANALYTICS_CONTEXT)

    def reason(self, key: str) -> str:
        found = FAILURES.get(key, key)
        return found if self._english or key not in FAILURES else portuguese(found)


def times_cells(taken: TimesTaken) -> Row:
    return [
        taken.median if taken.median is None else round(taken.median),
        taken.most if taken.most is None else round(taken.most),
    ]


def about(say: Words, period: AnalyticsPeriod, filters: Sequence[tuple[str, str]]) -> Table:
    at = period.at.astimezone(ZoneInfo(period.time_zone))
    rows: list[Row] = [
        [say("since"), period.since.isoformat()],
        [say("until"), period.until.isoformat()],
        [say("before"), period.before.isoformat()],
        [say("before_until"), period.before_until.isoformat()],
        [say("time_zone"), period.time_zone],
        [say("at"), f"{at:%Y-%m-%d %H:%M:%S}"],
    ]
    rows.extend([name, value] for name, value in filters)
    return Table(say("about"), [say("what"), say("value")], rows)
