"""What a campaign's settings say about hours, spreading and cost: the part of `campaign.settings` that a launch freezes. Pure data."""

from typing import Any

import msgspec


class PlanHours(msgspec.Struct, frozen=True):
    """In the recipient's own time, minutes of the day; weekdays from Monday 0. `skip_holidays`: those of the company, and national ones."""

    opens: int
    closes: int
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    skip_holidays: bool = False


class PlanCalls(msgspec.Struct, frozen=True):
    """Of a campaign that calls. `tries`: of one person, in all. `voicemail`: what is left on a machine, with variables; "": it hangs up. `agent`: who
    speaks, by the provider's id; "": the number's own. `at_once`: calls that go on at the same time; None: as many as the provider has places.
    `callback`: who asks for it is called at the time that they say."""

    tries: int = 3
    voicemail: str = ""
    agent: str = ""
    at_once: int | None = None
    callback: bool = True


class Plan(msgspec.Struct, frozen=True):
    """`spread_minutes`: of open time over which the messages are spread evenly. `max_cost_micro`: nothing goes out beyond it."""

    skip_recent_days: int = 0
    hours: PlanHours | None = None
    spread_minutes: int = 0
    max_cost_micro: int | None = None
    max_cost_currency: str | None = None
    calls: PlanCalls = PlanCalls()


def plan_of(settings: dict[str, Any]) -> Plan:
    """Of decoded settings; what is not known is left out."""
    return msgspec.convert(settings, Plan, strict=False)
