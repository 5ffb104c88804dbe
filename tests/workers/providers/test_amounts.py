"""Prices of an order as integer minor units."""

import pytest

from workers.providers.meta.content import minor_units


@pytest.mark.parametrize(
    ("price", "currency", "amount"),
    [
        (139.9, "BRL", 13_990),
        ("1299.90", "BRL", 129_990),
        (100, "JPY", 100),
        (1.234, "KWD", 1234),
        (0, "BRL", 0),
        (None, "BRL", None),
        (10, None, None),
        ("NaN", "BRL", None),
        ("Infinity", "BRL", None),
        ("dez", "BRL", None),
        (10**9, "BRL", None),  # beyond 32 bits
    ],
)
def test_a_price_is_kept_in_minor_units(price: float | str | None, currency: str | None, amount: int | None) -> None:
    assert minor_units(price, currency) == amount
