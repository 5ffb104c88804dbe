"""What Meta charges for a message that is delivered, as far as a source was found: who writes to another country sets the price of their own contract."""

from datetime import date

from db.costs.enums import RateCategory as C
from db.providers.definition import Rate

_CARD = "Meta, WhatsApp rate card in USD, Brazil: per message since 2025-07-01, as published for January 2026"
_FREE = "Meta: answers were free until 2026-09-30"
_JULY_2025, _OCTOBER_2026 = date(2025, 7, 1), date(2026, 10, 1)

RATES = (
    Rate("BR", C.MARKETING, "USD", 62_500, _JULY_2025, _CARD),
    Rate("BR", C.UTILITY, "USD", 6_800, _JULY_2025, _CARD),
    Rate("BR", C.AUTHENTICATION, "USD", 6_800, _JULY_2025, _CARD),
    Rate("", C.SERVICE, "USD", 0, _JULY_2025, _FREE),
    Rate("", C.SERVICE, "USD", None, _OCTOBER_2026, "Meta: answers cost what utility messages cost in the country"),
    Rate("BR", C.SERVICE, "USD", 0, _JULY_2025, _FREE),
    Rate("BR", C.SERVICE, "USD", 6_800, _OCTOBER_2026, "Meta: answers cost what utility messages cost"),
)
