"""Figures in a text, each with its unit and in one spelling: amounts of money, percentages, dates and times, and bare numbers.

"R$ 1.299,90", "1299,90 reais" and "mil duzentos e noventa e nove reais e noventa centavos" differ in the last only: cents are a unit of
their own. A figure proves another one of the same kind and unit, so that "at most 700 characters" is no price.
"""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from workers.assistant.clean import fold


class Kind(StrEnum):
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    NUMBER = "number"


class Figure(NamedTuple):
    """`text`: as it stands. `key`: its value and unit, the same for each spelling."""

    text: str
    kind: Kind
    key: tuple[str, ...]


_MONTHS = (
    "janeiro|january", "fevereiro|february", "marco|march", "abril|april", "maio|may", "junho|june",
    "julho|july", "agosto|august", "setembro|september", "outubro|october", "novembro|november", "dezembro|december",
)  # fmt: skip
_MONTH = "|".join(_MONTHS)
_COINS = {"r$": "brl", "brl": "brl", "real": "brl", "reais": "brl", "pila": "brl", "pilas": "brl", "conto": "brl", "contos": "brl",
          "us$": "usd", "usd": "usd", "dolar": "usd", "dolares": "usd", "dollar": "usd", "dollars": "usd",
          "€": "eur", "eur": "eur", "euro": "eur", "euros": "eur", "centavo": "cent", "centavos": "cent", "cents": "cent"}  # fmt: skip
_COIN = r"reais|real|pilas?|contos?|dolares|dolar|dollars?|euros?|eur|usd|brl|centavos?|cents"
_UNIT = (
    r"dias?|horas?|minutos?|semanas?|mes(?:es)?|anos?|days?|hours?|minutes?|weeks?|months?|years?"  # of time, in both languages
)
_SHORT = {"dia": "day", "hora": "hour", "minuto": "minute", "semana": "week", "mes": "month", "ano": "year"}

_AMOUNT = r"\d[\d.,]*"
_MONEY = re.compile(
    rf"(?P<before>r\$|us\$|\$|€|\bbrl|\busd|\beur)\s*(?P<one>{_AMOUNT})"
    rf"|(?<![\w.,])(?P<two>{_AMOUNT})\s*(?P<after>{_COIN})\b"
    rf"|\b(?:custam?|custou|cobramos|saem?|sai|valem?|costs?)\s+(?:(?:por|a|em|apenas|so|only|just|de)\s+)*(?P<three>{_AMOUNT})"
    rf"|\b(?:ficam?|faco|faz(?:emos)?|por|for)\s+(?:(?:por|a|em|apenas|so|only|just)\s+)*(?P<four>{_AMOUNT})(?=\s*(?:$|[.,;!?)]|(?:cada|no|na|a|o|e|mais|each)\b))"
)
_PRICED = re.compile(
    rf"\b(?:precos?|valor(?:es)?|custo|tarifa|taxa|mensalidade|total|price|fee|value)\b[^\d\n]{{0,30}}(?P<one>{_AMOUNT})|(?<![\w.,])(?P<two>\d+(?:\.\d{{3}})*,\d{{2}}|\d+\.\d{{2}})(?![\w%])"
)
"""What a passage may say of a price besides: a column that is named so, or a number with two decimals."""
_PERCENT = re.compile(
    rf"(?<!\d)(?<!\d[.,])({_AMOUNT}+)\s*(?:%|por cento\b|percent\b|per cent\b)|\b(?:desconto|discount) (?:de|of) ({_AMOUNT})(?!\s*(?:reais|real)\b)"
)
_Key = Callable[[re.Match[str]], tuple[str, ...]]
_DATES: tuple[tuple[re.Pattern[str], _Key], ...] = (
    (re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b"), lambda found: (str(int(found[3])), str(int(found[2])))),
    (re.compile(r"\b(\d{1,2})/(\d{1,2})(?:/\d{2,4})?\b"), lambda found: (str(int(found[1])), str(int(found[2])))),
    (re.compile(rf"\b(\d{{1,2}})o?\s+de\s+({_MONTH})\b"), lambda found: (str(int(found[1])), _month(found[2]))),
    (re.compile(rf"\b({_MONTH})\s+(\d{{1,2}})(?:st|nd|rd|th)?\b"), lambda found: (str(int(found[2])), _month(found[1]))),
    (re.compile(r"\b(\d{1,2})(?::(\d{2})|\s?hs?\s?(\d{2})?)\b"), lambda found: ("at", str(int(found[1])), str(int(found[2] or found[3] or 0)))),
    (re.compile(r"\b(\d{1,2})\s?(am|pm)\b"), lambda found: ("at", str(int(found[1]) % 12 + (12 if found[2] == "pm" else 0)), "0")),
    (re.compile(rf"\b(\d+)\s+({_UNIT})\b"), lambda found: (str(int(found[1])), _unit(found[2]))),
)  # fmt: skip
NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")

_ONES = {
    "zero": 0, "um": 1, "uma": 1, "one": 1, "dois": 2, "duas": 2, "two": 2, "tres": 3, "three": 3, "quatro": 4, "four": 4, "cinco": 5, "five": 5,
    "seis": 6, "six": 6, "sete": 7, "seven": 7, "oito": 8, "eight": 8, "nove": 9, "nine": 9, "dez": 10, "ten": 10, "onze": 11, "eleven": 11,
    "doze": 12, "twelve": 12, "treze": 13, "thirteen": 13, "quatorze": 14, "catorze": 14, "fourteen": 14, "quinze": 15, "fifteen": 15,
    "dezesseis": 16, "sixteen": 16, "dezessete": 17, "seventeen": 17, "dezoito": 18, "eighteen": 18, "dezenove": 19, "nineteen": 19,
    "vinte": 20, "twenty": 20, "trinta": 30, "thirty": 30, "quarenta": 40, "forty": 40, "cinquenta": 50, "fifty": 50, "sessenta": 60, "sixty": 60,
    "setenta": 70, "seventy": 70, "oitenta": 80, "eighty": 80, "noventa": 90, "ninety": 90, "cem": 100, "cento": 100, "duzentos": 200,
    "trezentos": 300, "quatrocentos": 400, "quinhentos": 500, "seiscentos": 600, "setecentos": 700, "oitocentos": 800, "novecentos": 900,
}  # fmt: skip
_TIMES = {"hundred": 100, "mil": 1000, "thousand": 1000}
NUMERALS = frozenset((*_ONES, *_TIMES))
_COUNTED = "|".join(word for word, value in _ONES.items() if value > 1 and word != "cento")
"""What is a number whatever follows; "um" and "one" are articles too."""
_NUMERAL = "|".join(sorted((*_ONES, *_TIMES), key=len, reverse=True))
_CHAIN = re.compile(rf"\b(?:{_NUMERAL})\b(?:(?: e | and | |-)(?:{_NUMERAL})\b)*+")
"""All numerals in a row: none of them is looked at twice, however long the row is."""
_COUNTS = re.compile(rf" (?:{_COIN}|por cento|per ?cent|{_UNIT})\b")
_LONGEST = 12
"""So many words of a row are a number at most."""
_SPELLED = re.compile(
    rf"\b(?:{_COUNTED})(?=\s+[a-z]{{3}})"
    rf"|(?<=\bcusta )(?:{_NUMERAL})\b|(?<=\bfica por )(?:{_NUMERAL})\b|(?<=\bsai por )(?:{_NUMERAL})\b"
)


def digits(text: str) -> str:
    """Folded, with numbers in words that have a unit written in digits."""
    return _SPELLED.sub(lambda found: str(_value(found[0])), _CHAIN.sub(_counted, fold(text)))


def _counted(found: re.Match[str]) -> str:
    """Numerals in a row that have a unit, in digits."""
    unit = _COUNTS.match(found.string, found.end())
    return str(_value(found[0])) if unit is not None and len(found[0].split()) <= _LONGEST else found[0]


def figures(text: str) -> list[Figure]:
    """What an answer states, each figure once, those with a unit first."""
    return _found(digits(text), [])


def known(texts: Iterable[str]) -> list[Figure]:
    """What texts of the company prove: as above, and prices that only a column's name or their decimals tell."""
    found: list[Figure] = []
    for text in texts:
        plain = digits(text)
        found += _found(
            plain,
            [Figure(match[0], Kind.MONEY, (plain_number(match["one"] or match["two"]), "")) for match in _PRICED.finditer(plain)],
        )
    return found


def proven(figure: Figure, by: Iterable[Figure]) -> bool:
    """Whether one of `by` says the same. Money whose currency one of both does not name counts as equal by its amount."""
    for one in by:
        if one.kind is figure.kind and (
            one.key == figure.key
            or (one.kind is Kind.MONEY and one.key[0] == figure.key[0] and "" in (one.key[1], figure.key[1]))
        ):
            return True
    return False


def plain_number(number: str) -> str:
    """One spelling of a number: 1.299,90 and 1299.90 are the same, and so are 10 and 10,00."""
    number = number.rstrip(".,:/")
    whole, mark, part = number.rpartition("," if "," in number and number.rfind(",") > number.rfind(".") else ".")
    if not mark or len(part) == 3:
        return re.sub(r"[.,]", "", number)
    whole, part = re.sub(r"[.,]", "", whole), part.rstrip("0")
    return f"{whole}.{part}" if part else whole


def _found(rest: str, more: list[Figure]) -> list[Figure]:
    found = list(more)

    def take(kind: Kind, key_of: _Key, match: re.Match[str]) -> str:
        found.append(Figure(match[0].strip(" .,"), kind, key_of(match)))
        return " ; "

    for pattern, key_of in _DATES[:4]:  # dates before money: "por 12/12" is no price
        rest = pattern.sub(partial(take, Kind.DATE, key_of), rest)
    rest = _PERCENT.sub(partial(take, Kind.PERCENT, lambda match: (plain_number(match[1] or match[2]),)), rest)
    for pattern, key_of in _DATES[4:]:
        rest = pattern.sub(partial(take, Kind.DATE, key_of), rest)
    rest = _MONEY.sub(partial(take, Kind.MONEY, _money), rest)
    return [*found, *(Figure(match, Kind.NUMBER, (plain_number(match),)) for match in NUMBER.findall(rest))]


def _money(match: re.Match[str]) -> tuple[str, str]:
    amount = match["one"] or match["two"] or match["three"] or match["four"]
    return plain_number(amount), _COINS.get(match["before"] or match["after"] or "", "")


def _month(name: str) -> str:
    return str(next(number for number, names in enumerate(_MONTHS, 1) if name in names.split("|")))


def _unit(name: str) -> str:
    one = "mes" if name == "meses" else name.removesuffix("s") if name != "mes" else name
    return _SHORT.get(one, one)


def _value(words: str) -> int:
    total = part = 0
    for word in re.split(r"[\s-]+", words):
        if word in _ONES:
            part += _ONES[word]
        elif word in _TIMES:
            part = (part or 1) * _TIMES[word]
            if _TIMES[word] == 1000:
                total, part = total + part, 0
    return total + part
