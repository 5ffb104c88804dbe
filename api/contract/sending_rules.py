"""Rules of sending that change by date or place: words that end messages, and holidays. Each says where it is from and since when it holds."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from api.contract.costs import Country, Day


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
