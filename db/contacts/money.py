"""Sums as people write them in lists: R$ 1.234,50, 1234.5, 1.500. Pure."""

import re
from decimal import ROUND_HALF_UP, Decimal

from db.messages.variables import clean_value

MOST = 10_000_000_000
_MONEY = re.compile(r"(?:[A-Z]{0,3}\$|[A-Z]{3}|€|£)?\s*([\d.,']+)\s*(?:[A-Z]{3}|€)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_POINTS = frozenset(("US", "GB", "CA", "AU", "IE", "NZ", "IN", "MX", "JP", "CN"))
"""Regions in which a point stands before the cents."""


def cents(text: str, region: str) -> int | None:
    """The minor units of a sum. A single sign before three digits parts thousands where the region does so: 1.500 is a thousand and a
    half in Brazil, one and a half in the United States. None: it is no sum, or one of more than `MOST`."""
    found = _MONEY.fullmatch(clean_value(text[:60]))
    if found is None:
        return None
    digits = found[1].replace("'", "")
    signs = set(digits) & {".", ","}
    last = digits[max(digits.rfind("."), digits.rfind(","))] if signs else ""
    if len(signs) == 1 and _THOUSANDS.fullmatch(digits) and (digits.count(last) > 1 or (last == ",") == (region in _POINTS)):
        digits = digits.replace(last, "")
    elif signs:
        digits = "".join("." if sign == last else sign for sign in digits if sign == last or sign.isdigit())
    if not re.fullmatch(r"\d{1,12}(\.\d{0,6})?", digits) or Decimal(digits) > MOST:
        return None
    return int((Decimal(digits) * 100).to_integral_value(ROUND_HALF_UP))
