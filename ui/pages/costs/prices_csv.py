"""Reads a price list as a spreadsheet saves it (CSV). Says what each wrong line lacks; decides nothing else: the API takes all of it or nothing.

Columns by their names in the first line, in English or Portuguese: kind, country, category, currency, price, valid_from, source. The last one may be
missing, an empty country means all others.
"""

import csv
import io
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from api.contract.costs import SendRateSet
from api.contract.enums import RateCategory
from ui.i18n import _

MOST = 2_000
EXAMPLE = "kind;country;category;currency;price;valid_from;source\nwhatsapp;BR;marketing;BRL;0,3450;2026-01-01;Contrato 2026\nsms;BR;sms;BRL;0,0790;2026-01-01;Contrato 2026\n"
_NAMES = {
    "kind": "kind", "canal": "kind", "tipo": "kind",
    "country": "country", "pais": "country", "país": "country",
    "category": "category", "categoria": "category",
    "currency": "currency", "moeda": "currency",
    "price": "price", "preco": "price", "preço": "price",
    "valid_from": "valid_from", "desde": "valid_from", "valido_desde": "valid_from", "válido_desde": "valid_from",
    "source": "source", "fonte": "source",
}  # fmt: skip
_NEEDED = ("kind", "category", "currency", "price", "valid_from")
_CATEGORIES = {
    **{one.value: one for one in RateCategory},
    "utilidade": RateCategory.UTILITY,
    "autenticação": RateCategory.AUTHENTICATION,
}


class Read(NamedTuple):
    """`lines`: of the file, for each rate. `problems`: sentences with their line."""

    rates: list[SendRateSet]
    lines: list[int]
    problems: list[str]


def read(content: bytes, kinds: set[str]) -> Read:
    """`kinds`: of channels that there are."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    separator = ";" if text.partition("\n")[0].count(";") else ","
    rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    head = [_NAMES.get(name.strip().lower().replace(" ", "_"), "") for name in rows[0]] if rows else []
    missing = [name for name in _NEEDED if name not in head]
    if missing:
        return Read([], [], [_("The first line lacks the columns: {names}.").format(names=", ".join(missing))])
    found = Read([], [], [])
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(found.rates) >= MOST:
            found.problems.append(_("More than {n} lines. Split the file.").format(n=MOST))
            break
        cells = {name: cell.strip() for name, cell in zip(head, row, strict=False) if name}
        rate = _rate(cells, kinds)
        if isinstance(rate, str):
            found.problems.append(_("Line {n}: {problem}").format(n=number, problem=rate))
        else:
            found.rates.append(rate)
            found.lines.append(number)
    if not found.rates and not found.problems:
        found.problems.append(_("There is no price in this file."))
    return found


def _rate(cells: dict[str, str], kinds: set[str]) -> SendRateSet | str:
    kind = cells.get("kind", "").lower()
    if kind not in kinds:
        return _("the channel is one of {names}.").format(names=", ".join(sorted(kinds)))
    category = _CATEGORIES.get(cells.get("category", "").lower())
    if category is None:
        return _("the category is one of {names}.").format(names=", ".join(one.value for one in RateCategory))
    country = cells.get("country", "").upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        return _("write the country in two letters, like BR, or leave it empty.")
    currency = cells.get("currency", "").upper()
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        return _("write the currency in three letters, like BRL.")
    micro = _micro(cells.get("price", ""))
    if micro is None:
        return _("the price is a number like 0,3450.")
    since = _day(cells.get("valid_from", ""))
    if since is None:
        return _("the first day is a date like 2026-01-31 or 31/01/2026.")
    return SendRateSet(
        kind=kind,
        country=country or None,
        category=category,
        currency=currency,
        price_micro=micro,
        valid_from=since,
        source=cells.get("source", "")[:200],
    )


def _micro(text: str) -> int | None:
    """Millionths. Of two different signs the last one is the decimal one."""
    plain = text.replace(" ", "").replace("R$", "").replace("$", "")
    if "," in plain:
        plain = plain.replace(".", "").replace(",", ".") if plain.rfind(",") > plain.rfind(".") else plain.replace(",", "")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    return round(value * 1_000_000) if value.is_finite() and 0 <= value <= 1_000_000 else None


def _day(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007
        except ValueError:
            continue
    return None
