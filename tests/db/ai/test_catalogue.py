"""What we say of models: when they end, what replaces them."""

from datetime import UTC, date, datetime

import pytest

from db.ai import catalogue
from db.ai.enums import ModelKind, ModelState


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2026, 12, 10), ModelState.CURRENT),
        (date(2026, 12, 16), ModelState.ENDING),
        (date(2027, 1, 13), ModelState.ENDING),
        (date(2027, 1, 14), ModelState.RETIRED),
    ],
)
def test_a_model_ends_thirty_days_after_it_was_told(day: date, state: ModelState) -> None:
    model = catalogue.known("gpt-4o-2024-08-06")
    assert model is not None
    assert model.name == "gpt-4o"
    assert model.state(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)) is state


def test_what_ends_is_replaced_by_what_stays() -> None:
    for model in catalogue.MODELS:
        assert (model.retired_on is None) == (model.replacement is None)
        if model.replacement is not None:
            replacement = catalogue.BY_NAME[model.replacement]
            assert replacement.retired_on is None
            assert replacement.kind is model.kind
        assert (model.kind is ModelKind.EMBEDDING) == (model.dims > 0)


def test_the_names_of_the_first_days_stay() -> None:
    assert {"gpt-3.5-turbo", "gpt-4", "gpt-4o"} <= set(catalogue.BY_NAME)
    assert catalogue.known("minha-lia") is None


def test_an_unknown_price_is_counted_higher_than_most() -> None:
    priced = [
        model.price
        for model in catalogue.MODELS
        if model.price and model.state(datetime(2026, 11, 26, tzinfo=UTC)) is not ModelState.RETIRED
    ]
    assert all(price.input <= catalogue.ASSUMED.input and price.output <= catalogue.ASSUMED.output for price in priced)
