"""Numbers in words are the numbers that they say."""

from collections.abc import Callable

import pytest

from workers.assistant.figures import digits

_ONES = [
    "zero",
    "um",
    "dois",
    "três",
    "quatro",
    "cinco",
    "seis",
    "sete",
    "oito",
    "nove",
    "dez",
    "onze",
    "doze",
    "treze",
    "quatorze",
    "quinze",
    "dezesseis",
    "dezessete",
    "dezoito",
    "dezenove",
]
_TENS = ["vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta", "noventa"]
_HUNDREDS = [
    "cento",
    "duzentos",
    "trezentos",
    "quatrocentos",
    "quinhentos",
    "seiscentos",
    "setecentos",
    "oitocentos",
    "novecentos",
]
_ENGLISH_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_ENGLISH_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def _portuguese(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        ten, one = divmod(number, 10)
        return _TENS[ten - 2] + (f" e {_ONES[one]}" if one else "")
    if number == 100:
        return "cem"
    if number < 1000:
        hundred, rest = divmod(number, 100)
        return _HUNDREDS[hundred - 1] + (f" e {_portuguese(rest)}" if rest else "")
    thousand, rest = divmod(number, 1000)
    said = "mil" if thousand == 1 else f"{_portuguese(thousand)} mil"
    return f"{said} {'e ' if rest <= 100 or rest % 100 == 0 else ''}{_portuguese(rest)}" if rest else said


def _english(number: int) -> str:
    if number < 20:
        return _ENGLISH_ONES[number]
    ten, one = divmod(number, 10)
    return _ENGLISH_TENS[ten - 2] + (f"-{_ENGLISH_ONES[one]}" if one else "")


@pytest.mark.parametrize("spelled", [_portuguese, _english], ids=["Portuguese", "English"])
def test_numbers_in_words(spelled: Callable[[int], str]) -> None:
    numbers = range(2, 100) if spelled is _english else [*range(2, 1000), 1500, 2001, 12_345, 999_999]
    unit = "days" if spelled is _english else "reais"
    wrong = {number: found for number in numbers if (found := digits(f"{spelled(number)} {unit}")) != f"{number} {unit}"}
    assert wrong == {}
