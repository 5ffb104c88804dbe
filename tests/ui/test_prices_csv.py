"""A price list from a spreadsheet: what is read, and what is said of a line that is wrong."""

from datetime import date

import asyncpg
import pytest

from api.contract.enums import RateCategory
from db.campaigns.warm_up import SUGGESTED_SOURCE
from ui.labels import costs
from ui.labels.preflight import money
from ui.pages.costs import prices_csv

KINDS = {"whatsapp", "sms"}


def test_the_example_is_read() -> None:
    found = prices_csv.read(prices_csv.EXAMPLE.encode(), KINDS)
    assert (found.problems, found.lines) == ([], [2, 3])
    first = found.rates[0]
    assert (first.kind, first.country, first.category, first.currency, first.price_micro, first.valid_from, first.source) == (
        "whatsapp", "BR", RateCategory.MARKETING, "BRL", 345_000, date(2026, 1, 1), "Contrato 2026",
    )  # fmt: skip


def test_portuguese_columns_commas_and_windows_letters_are_read() -> None:
    text = 'Canal,País,Categoria,Moeda,Preço,Válido desde,Fonte\nsms,,sms,usd,"1.234,5",31/01/2026,Cotação\n\n'
    found = prices_csv.read(text.encode("cp1252"), KINDS)
    assert found.problems == []
    one = found.rates[0]
    assert (one.country, one.currency, one.price_micro, one.valid_from, one.source) == (
        None,
        "USD",
        1_234_500_000,
        date(2026, 1, 31),
        "Cotação",
    )


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("fax;BR;sms;BRL;1;2026-01-01", "canal"),
        ("sms;BR;outra;BRL;1;2026-01-01", "categoria"),
        ("sms;Brasil;sms;BRL;1;2026-01-01", "país"),
        ("sms;BR;sms;R$;1;2026-01-01", "moeda"),
        ("sms;BR;sms;BRL;um;2026-01-01", "preço"),
        ("sms;BR;sms;BRL;-1;2026-01-01", "preço"),
        ("sms;BR;sms;BRL;1;ontem", "data"),
        ("sms", "categoria"),
    ],
)
def test_a_wrong_line_is_named(line: str, word: str) -> None:
    found = prices_csv.read(f"kind;country;category;currency;price;valid_from\n\n{line}\n".encode(), KINDS)
    assert found.rates == []
    assert len(found.problems) == 1
    assert found.problems[0].startswith("Linha 3: ")
    assert word in found.problems[0]


@pytest.mark.parametrize("content", [b"", b"a;b;c\n1;2;3\n", b"kind;country;category;currency;price;valid_from\n"])
def test_a_file_without_prices_says_so(content: bytes) -> None:
    assert len(prices_csv.read(content, KINDS).problems) == 1


async def test_our_lists_say_their_sources_in_portuguese_and_prices_show_their_digits(owner_db: asyncpg.Connection) -> None:
    rows = await owner_db.fetch("select source from listed_rate where price is not null")
    known = {row["source"] for row in rows} | {SUGGESTED_SOURCE}
    assert [text for text in known if costs.source(text) == text] == []
    assert costs.source("Contrato 2026") == "Contrato 2026"
    shown = [money(345_000, "BRL"), money(62_500, "USD"), money(1_344_810_000, "BRL")]
    assert [one.replace("\xa0", " ") for one in shown] == ["R$ 0,345", "US$ 0,0625", "R$ 1.344,81"]
