"""The models that we know by name: what they are for, what they cost, when they end, what replaces them.

Names and ends: `openai` 3.57, `types/shared/chat_model.py`. Prices: standard tier of OpenAI's price list as published in November
2026, US dollars for a million tokens; where sources differ there is none, and a company's own price (`ai_price`) stands before ours.
A model that is not here can be used all the same.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from db.ai.enums import ModelKind, ModelLevel, ModelState

WARN = timedelta(days=30)
MICRO = 1_000_000


class Price(NamedTuple):
    """Micro-dollars for a million tokens."""

    input: int
    cached: int
    cache_write: int
    output: int

    def cost(self, *, input: int, cached: int, cache_write: int, output: int) -> int:
        """Micro-dollars, rounded up; `input` holds the cached and written tokens too."""
        plain = max(input - cached - cache_write, 0)
        total = plain * self.input + cached * self.cached + cache_write * self.cache_write + output * self.output
        return -(-total // MICRO)


class Model(NamedTuple):
    """`context`: tokens, 0 where we do not know. `lowest_effort`: of a model that thinks before it answers, the least that it can be
    asked for; such models take no temperature beside another one. `dims`: of an embedding model, its whole length."""

    name: str
    kind: ModelKind
    context: int
    price: Price | None
    retired_on: date | None = None
    replacement: str | None = None
    lowest_effort: str | None = None
    dims: int = 0

    def state(self, at: datetime) -> ModelState:
        if self.retired_on is None or at + WARN < _begins(self.retired_on):
            return ModelState.CURRENT
        return ModelState.RETIRED if at >= _begins(self.retired_on) else ModelState.ENDING


def _begins(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _price(input: float, cached: float | None, output: float, write: float | None = None) -> Price:
    """Dollars for a million tokens; what has no price of its own costs as much as other input."""
    cached, write = input if cached is None else cached, input if write is None else write
    return Price(*(round(dollars * MICRO) for dollars in (input, cached, write, output)))


_OCTOBER, _DECEMBER, _JANUARY, _APRIL = date(2026, 10, 23), date(2026, 12, 11), date(2027, 1, 14), date(2027, 4, 1)
ECONOMICAL, BALANCED, BEST = "gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol"
LEVELS = {ModelLevel.ECONOMICAL: ECONOMICAL, ModelLevel.BALANCED: BALANCED, ModelLevel.BEST: BEST}
"""What a level stands for, where the service has it."""
CHAT, EMBEDDING = ModelKind.CHAT, ModelKind.EMBEDDING

MODELS: tuple[Model, ...] = (
    Model(BALANCED, CHAT, 1_050_000, _price(1, 0.05, 5, 1.25), lowest_effort="none"),
    Model(ECONOMICAL, CHAT, 0, _price(0.10, 0.01, 0.50, 0.125), lowest_effort="none"),
    Model(BEST, CHAT, 0, _price(2, 0.10, 10, 2.50), lowest_effort="none"),
    Model("gpt-6.2-sol", CHAT, 0, None, lowest_effort="none"),
    Model("gpt-6-sol", CHAT, 0, _price(2, 0.20, 10, 2.50), lowest_effort="none"),
    Model("gpt-6-astra", CHAT, 0, _price(10, 1, 50, 12.50), lowest_effort="none"),
    Model("gpt-6.2-astra", CHAT, 0, None, lowest_effort="none"),
    Model("gpt-5.6-sol", CHAT, 0, None, lowest_effort="none"),
    Model("gpt-5.6-terra", CHAT, 0, _price(2, 0.20, 12, 2.50), lowest_effort="none"),
    Model("gpt-5.6-luna", CHAT, 0, _price(0.20, 0.02, 1.20, 0.25), lowest_effort="none"),
    Model("gpt-5.5", CHAT, 0, _price(5, 0.50, 30), lowest_effort="none"),
    Model("gpt-5.4", CHAT, 0, _price(2.50, 0.25, 15), lowest_effort="none"),
    Model("gpt-5.4-mini", CHAT, 400_000, _price(0.75, 0.075, 4.50), lowest_effort="none"),
    Model("gpt-5.4-nano", CHAT, 400_000, _price(0.20, 0.02, 1.25), _APRIL, ECONOMICAL, "none"),
    Model("gpt-5.1", CHAT, 400_000, _price(1.25, 0.125, 10), _APRIL, BALANCED, "none"),
    Model("gpt-5", CHAT, 400_000, _price(1.25, 0.125, 10), _DECEMBER, BALANCED, "minimal"),
    Model("gpt-5-mini", CHAT, 400_000, _price(0.25, 0.025, 2), _DECEMBER, ECONOMICAL, "minimal"),
    Model("gpt-5-nano", CHAT, 400_000, _price(0.05, 0.005, 0.40), _DECEMBER, ECONOMICAL, "minimal"),
    Model("o3", CHAT, 200_000, _price(2, 0.50, 8), _DECEMBER, BEST, "low"),
    Model("gpt-4.1", CHAT, 1_047_576, _price(2, 0.50, 8), _JANUARY, BALANCED),
    Model("gpt-4.1-mini", CHAT, 1_047_576, _price(0.40, 0.10, 1.60), _JANUARY, ECONOMICAL),
    Model("gpt-4o", CHAT, 128_000, _price(2.50, 1.25, 10), _JANUARY, BALANCED),
    Model("gpt-4o-mini", CHAT, 128_000, _price(0.15, 0.075, 0.60), _JANUARY, ECONOMICAL),
    Model("gpt-4.1-nano", CHAT, 1_047_576, _price(0.10, 0.025, 0.40), _OCTOBER, ECONOMICAL),
    Model("o4-mini", CHAT, 200_000, _price(1.10, 0.275, 4.40), _OCTOBER, BALANCED, "low"),
    Model("gpt-4-turbo", CHAT, 128_000, _price(10, None, 30), _OCTOBER, BALANCED),
    Model("gpt-4", CHAT, 8_192, _price(30, None, 60), _OCTOBER, BALANCED),
    Model("gpt-3.5-turbo", CHAT, 16_385, _price(0.50, None, 1.50), _OCTOBER, ECONOMICAL),
    Model("text-embedding-3-small", EMBEDDING, 8_192, _price(0.02, None, 0), dims=1536),
    Model("text-embedding-3-large", EMBEDDING, 8_192, _price(0.13, None, 0), dims=3072),
    Model("text-embedding-ada-002", EMBEDDING, 8_192, _price(0.10, None, 0), dims=1536),
)
BY_NAME = {model.name: model for model in MODELS}
ASSUMED = _price(10, None, 50)
"""What budgets count for a model whose price nobody knows: more than most cost, so that a budget stops rather too early than never."""

_DATED = re.compile(r"-20\d\d-\d\d-\d\d$")


def known(name: str) -> Model | None:
    """The model of this name, or the one of which it is a dated version (`gpt-4o-2024-08-06`)."""
    return BY_NAME.get(name) or BY_NAME.get(undated(name))


def undated(name: str) -> str:
    """`gpt-4o` of `gpt-4o-2024-08-06`."""
    return _DATED.sub("", name)
