"""How a number fares: its rates day by day, its speed, and what to do."""

from datetime import date
from typing import Annotated

from api.contract.base import Output, example
from api.contract.contacts import Moment
from db.channels.enums import HealthAdvice, NoticeCode, Quality


class HealthCounts(Output):
    """`stopped`: who answered with a word that ends it, or took it back at the provider."""

    sent: int
    failed: int
    stopped: int


class HealthDay(Output):
    day: Annotated[date, example("2026-03-02")]
    sent: int
    failed: int
    stopped: int


class ChannelHealth(Output):
    """GET /v1/channels/{id}/health?days=; POST /v1/channels/{id}/full-speed. `pace`: the part of its speed at which it sends; `slow_reason` and
    `slowed_at` while that is less than all of it. `last`: the last 24 hours, `before`: the two weeks before. Event `channel.changed`."""

    quality: Quality
    messaging_limit: int | None
    messaging_used: int | None
    throughput: float
    pace: float
    slow_reason: Annotated[NoticeCode, example("stops_rising")] | None
    slowed_at: Moment | None
    last: HealthCounts
    before: HealthCounts
    days: list[HealthDay]
    advice: list[HealthAdvice]
