"""Rules of sending that change by date or place: words that end messages, holidays, hours of calls, and countries that messages do not reach. Each says
where it is from and since when it holds."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from api.contract.costs import Country, Day, Minute
from api.contract.enums import RateCategory


class OptOutWord(Output):
    """GET /v1/opt-out-words → Page[OptOutWord]. Whoever answers only this gets no more messages (`out`), or gets them again (`in`), whatever the
    case, accents and signs. `own`: the company added it; the others hold for every company, because the law asks for them. `valid_until` null: still."""

    id: UUID | None  # of the company's own
    word: Annotated[str, example("sair")]
    language: Annotated[Literal["pt", "en"], example("pt")] | None
    means: Annotated[Literal["out", "in"], example("out")]
    valid_from: Day
    valid_until: date | None
    source: Annotated[str, example("Lei 13.709/2018 (LGPD), art. 8º, § 5º")]
    own: bool


class OptOutWordCreate(Input, kw_only=True):
    """POST /v1/opt-out-words → OptOutWord."""

    word: Annotated[str, Meta(min_length=1, max_length=80, examples=["tô fora"])]
    source: Annotated[str, Meta(max_length=200, examples=["Política interna"])] = ""


class Holiday(Output):
    """GET /v1/holidays → Page[Holiday]: this year's and the next. `own`: the company closes on it (its office hours say so), in whatever country."""

    day: Day
    country: Country | None
    name: Annotated[str, example("Tiradentes")]  # "" for the company's own
    valid_from: date | None
    valid_until: date | None
    source: Annotated[str, example("Lei 662/1949 (Lei 10.607/2002)")]
    own: bool


class OpenDay(Output):
    """Minutes of the day where the person is."""

    weekday: Annotated[int, Meta(ge=0, le=6, examples=[0])]  # Monday is 0
    opens: Minute
    closes: Annotated[int, Meta(ge=1, le=1440, examples=[1080])]


class CallRule(Output):
    """GET /v1/call-rules → Page[CallRule]: when people may be called and how often, by the law or the custom of their place. The narrowest that holds at a
    place counts. `country` null: wherever no other one holds; `areas`: area codes of Brazil, none for all. A day that is missing is closed;
    `skip_holidays`: so are the country's. `valid_until` null: still."""

    country: Country | None
    areas: list[Annotated[str, example("21")]]
    hours: list[OpenDay]
    skip_holidays: bool
    per_day: Annotated[int, example(2)]
    per_week: Annotated[int, example(3)]
    valid_from: Day
    valid_until: date | None
    source: Annotated[str, example("Lei estadual 7853 (RJ)")]


class UnreachedCountry(Output):
    """GET /v1/unreached-countries → Page[UnreachedCountry]: what is not delivered there, so it is left out of campaigns and sequences, and refused to one
    person (409 `country_unreached`). `valid_until` null: still."""

    kind: Annotated[str, example("whatsapp")]
    category: RateCategory
    country: Country
    valid_from: Day
    valid_until: date | None
    source: Annotated[str, example("Meta, WhatsApp Business Platform")]
