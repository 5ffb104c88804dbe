"""What sending costs: prices, limits, and the hours that hold. Amounts are millionths of a currency."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.contract.base import COUNTRY, Input, Output, Title, example
from api.contract.boards import CURRENCY
from api.contract.kinds import ChannelKind
from db.costs.enums import CapScope, RateCategory

Currency = Annotated[str, Meta(pattern=CURRENCY, examples=["BRL"])]
Micro = Annotated[int, Meta(ge=0, le=1_000_000_000_000_000, examples=[62_500])]
Country = Annotated[str, Meta(pattern=COUNTRY, examples=["BR"])]
Day = Annotated[date, Meta(examples=["2026-10-01"])]
Minute = Annotated[int, Meta(ge=0, le=1439, examples=[540])]
Letter = Literal["A", "B", "C", "D"]
"""Which of several texts that are tried beside one another."""
Weekdays = Annotated[list[Annotated[int, Meta(ge=0, le=6)]], Meta(min_length=1, max_length=7, examples=[[0, 1, 2, 3, 4]])]


class SendRate(Output):
    """What one message costs, or one segment of SMS, from `valid_from` until another price of the same kind, country and category follows.
    `country` null: wherever no other is known. `own`: the company set it, which stands before our list; `source` says where it is from."""

    id: UUID | None  # of the company's own
    kind: ChannelKind
    country: Country | None
    category: Annotated[RateCategory, example("marketing")]
    currency: Currency
    price_micro: Micro
    valid_from: Day
    source: Annotated[str, example("Meta, WhatsApp rate card, USD, Brazil")]
    own: bool


class SendRateSet(Input, kw_only=True):
    kind: ChannelKind
    country: Country | None = None
    category: RateCategory
    currency: Currency
    price_micro: Micro
    valid_from: Day
    source: Annotated[str, Meta(max_length=200, examples=["Contrato 2026"])] = ""


class SendRatesSet(Input, kw_only=True):
    """PUT /v1/costs/rates: adds prices, or changes those of the same kind, country, category and first day. A whole rate card at once, all or none."""

    rates: Annotated[list[SendRateSet], Meta(min_length=1, max_length=2000)]


class SpendLimit(Output):
    """`limit_micro` null: none. `reserved_micro`: what counts against it now: billed, or claimed and not known to be unsent. `reached`: what would
    pass it waits. Of the month:
    `stops_people`: answers by hand wait too once it is reached; `unpriced`: so many messages of the month are not counted, because their price in
    this currency is not known."""

    scope: Annotated[CapScope, example("month")]
    currency: Currency | None
    limit_micro: Micro | None
    reserved_micro: Micro
    stops_people: bool
    unpriced: int
    reached: bool


class SpendLimitSet(Input, kw_only=True):
    """`limit_micro` null: no limit. Nothing goes out beyond it: campaigns pause with the reason `spend_cap`. Whose
    price in its currency is not known gets nothing of a campaign (`price_unknown`)."""

    limit_micro: Micro | None
    currency: Currency | None = None  # must be there with a limit


class MonthLimitSet(SpendLimitSet, kw_only=True):
    """PUT /v1/costs/limit. All that is billed counts. Once it is reached campaigns pause, messages of rules, webhooks and the API wait until it is
    raised or the month is over, and the assistant leaves its answers to people. `stops_people` true: nobody answers by hand either, but for the
    simulator's numbers and linked phones; left out: as it was."""

    stops_people: bool | None = None


class CostLine(Output):
    """One country and category. `price_micro`, `currency` and `amount_micro` null: nobody knows the price."""

    country: Annotated[str, example("BR")]  # "" where the address does not say it
    category: Annotated[RateCategory, example("marketing")]
    people: int
    units: int
    price_micro: Micro | None
    currency: Currency | None
    amount_micro: Micro | None


class CostTotal(Output):
    currency: Currency
    amount_micro: Micro


class CostText(Output):
    """One of several texts that are tried. `variant` null: those who get the better one later, counted at the dearest."""

    variant: Annotated[Letter, example("A")] | None
    category: Annotated[RateCategory, example("marketing")]
    people: int
    units: int
    totals: list[CostTotal]
    unpriced: int


class CostFallback(Output):
    """What goes by SMS in place of what does not arrive: to about `people`, `percent` of those who may get it; `most`: if nothing arrives. `measured`
    messages of the last campaigns say so; 0: it is assumed."""

    people: int
    percent: Annotated[float, example(4.2)]
    measured: int
    likely: list[CostTotal]
    most: list[CostTotal]
    unpriced: int


class CostEstimate(Output):
    """`totals` leave out the `unpriced` people, whose price nobody knows, and `fallback`. `texts`: empty where there is one."""

    lines: list[CostLine]
    totals: list[CostTotal]
    unpriced: int
    texts: list[CostText]
    fallback: CostFallback | None


class CostSpent(Output):
    """What was billed, in one currency; null: of those whose price nobody knew (`unpriced`). `free` are among `messages`."""

    currency: Currency | None
    amount_micro: Micro
    messages: int
    free: int
    unpriced: int
    per_delivered_micro: Micro | None
    per_reply_micro: Micro | None


class CampaignCost(Output):
    """GET /v1/campaigns/{id}/cost: from what providers told of each message; `waiting`: sent and not billed yet."""

    spent: list[CostSpent]
    limits: list[SpendLimit]
    delivered: int
    replied: int
    waiting: int


class WarmUp(Output):
    """GET /v1/warm-ups → Page[WarmUp]. A young number writes to so many new people on each day (of the company's calendar) from `starts` on; after the last step
    the rule asks for nothing. New is whoever never had anything from the number and never wrote to it. `most_today` null: it asks for nothing today."""

    channel_id: UUID
    starts: Day
    steps: Annotated[list[int], Meta(examples=[[50, 80, 120]])]
    source: Annotated[str, example("Meta, messaging limits")]
    most_today: int | None
    used_today: int
    version: int


class WarmUpSet(Input, kw_only=True):
    """PUT /v1/warm-ups/{channel_id} (If-Match) → WarmUp. Holds at once, also for campaigns that run. Without `steps`: a pace of ours below Meta's limits."""

    starts: Day
    steps: (
        Annotated[list[Annotated[int, Meta(ge=1, le=1_000_000)]], Meta(min_length=1, max_length=90, examples=[[50, 80, 120]])]
        | None
    ) = None
    source: Annotated[str, Meta(max_length=200, examples=["Política interna"])] = ""


class SendHours(Output):
    """GET /v1/send-hours → Page[SendHours]. When campaigns may write to people, on the clock where each of them is; `country` and `category` null:
    all. Every rule must allow it. Whoever it holds gets the message as soon as it may go."""

    id: UUID
    name: Annotated[str, example("Horário comercial")]
    country: Country | None
    category: Annotated[RateCategory, example("marketing")] | None
    weekdays: Weekdays
    opens: Minute
    closes: Annotated[int, Meta(ge=1, le=1440, examples=[1200])]
    skip_holidays: bool  # those of the office hours, and in Brazil national ones
    valid_from: Day | None
    valid_until: Day | None
    source: Annotated[str, example("Política interna")]
    version: int


class SendHoursSet(Input, kw_only=True):
    """POST /v1/send-hours, PUT /v1/send-hours/{send_hours_id} (If-Match) → SendHours. Holds at once, also for campaigns that run."""

    name: Annotated[Title, example("Horário comercial")]
    country: Country | None = None
    category: RateCategory | None = None
    weekdays: Weekdays
    opens: Minute
    closes: Annotated[int, Meta(ge=1, le=1440, examples=[1200])]
    skip_holidays: bool = False
    valid_from: Day | None = None
    valid_until: Day | None = None
    source: Annotated[str, Meta(max_length=200, examples=["Política interna"])] = ""
