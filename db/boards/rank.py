"""Places in an order that is changed by writing one row: a rank is a fraction between 0 and 1 in base 62, without trailing zeros, so
that texts in the order of bytes (collate "C") are in the order of the numbers."""

from secrets import randbelow

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_BASE = len(_DIGITS)
_WIDTH = 8
"""Digits of a rank at the ends of an order: 62^8 places."""
_STEP = _BASE**4
"""From the first or last one to the next, so 7 million times in a row before ranks grow longer there."""


def _number(rank: str, width: int) -> int:
    """The first `width` digits as a whole number."""
    value = 0
    for digit in rank[:width].ljust(width, "0"):
        value = value * _BASE + _VALUE[digit]
    return value


def _text(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, _BASE)
        digits = _DIGITS[digit] + digits
    return digits.rstrip("0")


def between(after: str | None, before: str | None) -> str:
    """A rank behind `after` and in front of `before`; None is an end of the order. Partly by chance: two callers who ask for the same
    place get different ranks. Each call in one and the same gap needs at most a quarter of a digit more, at an end none. Raises
    ValueError unless after < before."""
    if after is not None and before is not None and after >= before:
        raise ValueError(f"{after!r} does not stand in front of {before!r}")
    width, end = _WIDTH, _BASE**_WIDTH
    low, high = _number(after or "", width), end if before is None else _number(before, width)
    if before is None and after is not None and high - low > 2 * _STEP:
        return _text(low + _STEP // 2 + randbelow(_STEP), width)
    if after is None and before is not None and high > 2 * _STEP:
        return _text(high - _STEP // 2 - randbelow(_STEP), width)
    while high - low < _STEP:
        width += 1
        low, high = _number(after or "", width), _BASE**width if before is None else _number(before, width)
    third = (high - low) // 3
    return _text(low + third + randbelow(third), width)


def spread(after: str | None, before: str | None, count: int) -> list[str]:
    """`count` ranks in order, behind `after` and in front of `before`."""
    if count == 0:
        return []
    middle = between(after, before)
    left = count // 2
    return [*spread(after, middle, left), middle, *spread(middle, before, count - left - 1)]
