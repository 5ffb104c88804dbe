"""What a campaign's settings say about hours, spreading and cost: the part of `campaign.settings` that a launch freezes. Pure data."""

from typing import Any

import msgspec


class PlanHours(msgspec.Struct, frozen=True):
    """In the recipient's own time, minutes of the day; weekdays from Monday 0. `skip_holidays`: those of the company, and national ones."""

    opens: int
    closes: int
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    skip_holidays: bool = False


class Plan(msgspec.Struct, frozen=True):
    """`spread_minutes`: of open time over which the messages are spread evenly. `max_cost_micro`: nothing goes out beyond it."""

    skip_recent_days: int = 0
    hours: PlanHours | None = None
    spread_minutes: int = 0
    max_cost_micro: int | None = None
    max_cost_currency: str | None = None


def plan_of(settings: dict[str, Any]) -> Plan:
    """Of decoded settings; what is not known is left out."""
    return msgspec.convert(settings, Plan, strict=False)
