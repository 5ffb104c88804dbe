"""Numbers, money and time as a Brazilian reader writes them (the default language and zone)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ui import formats
from ui.components.phone import styled
from ui.i18n import preferred
from ui.pages.home.page import called

NOON = datetime(2026, 3, 12, 12, 41, tzinfo=UTC)
NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.number(1_234_567), "1.234.567"),
        (formats.number(None), "–"),
        (formats.percent(58_910, 61_284), "96,1%"),
        (formats.percent(1, 0), "–"),
        (formats.percent(9_999, 10_000), "99,9%"),
        (formats.percent(2_999, 3_000, 0), "99%"),
        (formats.percent(3_000, 3_000), "100%"),
        (formats.percent(1, 10_000), "<0,1%"),
        (formats.percent(1, 300, 0), "<1%"),
        (formats.percent(0, 300, 0), "0%"),
        (formats.change(0.124), "+12%"),
        (formats.change(-0.57), "−57%"),
        (formats.change(481.5), "482×"),
        (formats.change(0), "0%"),
        (formats.change(-0.004), "0%"),
        (formats.phone("+5511987654321"), "+55 11 98765-4321"),
        (formats.phone("LOJA"), "LOJA"),
        (formats.money(1_914_820), "R$\xa019.148,20"),
        (formats.money(500, "JPY"), "JP¥\xa0500"),
        (formats.dollars(12_340_000), "US$ 12,34"),
        (formats.dollars(233_100), "US$ 0,2331"),
        (formats.dollars(50_000), "US$ 0,05"),
        (formats.dollars(7), "<US$ 0,0001"),
        (formats.dollars(0), "US$ 0,00"),
        (formats.dollars(None), "–"),
        (formats.day(NOON), "12 de mar. de 2026"),
        (formats.clock(NOON), "09:41"),
        (formats.clock(NOON, seconds=True), "09:41:00"),
        (formats.moment(datetime(2020, 3, 12, 12, 41, tzinfo=UTC)), "12 de mar. de 2020 09:41"),
        (formats.place("America/Sao_Paulo"), "São Paulo (GMT-03:00)"),
        (formats.place("UTC"), "UTC"),
        (formats.lately(NOON), "12 de mar."),
        (formats.lately(NOW - timedelta(days=1)), "ontem"),
        (formats.full_day(date(2026, 11, 22)), "Domingo, 22 de novembro de 2026"),
        (formats.ago(NOON - timedelta(minutes=5), NOON), "há 5 minutos"),
        (formats.ago(NOON + timedelta(hours=2), NOON), "em 2 horas"),
        (formats.ago(NOON, NOON), "agora mesmo"),
        (formats.duration(45), "45 s"),
        (formats.duration(76_440), "21 h 14 min"),
        (formats.size(2_400_000), "2,4 MB"),
        (formats.size(12), "12 B"),
    ],
)
def test_texts(text: str, expected: str) -> None:
    assert text == expected


def test_the_year_of_this_year_goes_without_saying() -> None:
    today = datetime.now(formats.zone())
    other = today.replace(month=5 if today.month > 6 else 9, day=2, hour=9, minute=41)  # months away from today
    assert formats.moment(other) == f"2 de {'mai' if today.month > 6 else 'set'}. 09:41"


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        formats.clock(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Oi *Bia*, _hoje_!", [("Oi ", ""), ("Bia", "m-said-bold"), (", ", ""), ("hoje", "m-said-italic"), ("!", "")]),
        ("2*3*4 e a_b_c", [("2*3*4 e a_b_c", "")]),
        ("* lista * de _ nada _", [("* lista * de _ nada _", "")]),
        ("~antes~ ```R$ 1```", [("antes", "m-said-struck"), (" ", ""), ("R$ 1", "m-said-code")]),
    ],
)
def test_marks_of_whatsapp_read_as_on_a_phone(text: str, pieces: list[tuple[str, str]]) -> None:
    assert styled(text) == pieces


@pytest.mark.parametrize(
    ("name", "greeted"), [("Seu João", "Seu João"), ("Dra. Ana Lima", "Dra. Ana"), ("Bia Nunes", "Bia"), ("Seu", "Seu")]
)
def test_a_greeting_keeps_a_title_and_its_name_together(name: str, greeted: str) -> None:
    assert called(name) == greeted


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("en-GB,en;q=0.9,pt;q=0.2", "en"),
        ("pt-PT,pt;q=0.9", "pt-BR"),
        ("de-DE,en;q=0.3", "en"),
        ("fr", None),
        ("", None),
        ("en;q=x", None),
    ],
)
def test_a_first_visit_speaks_the_browsers_language(accepted: str, language: str | None) -> None:
    assert preferred(accepted) == language


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("1.234,50", 123450), ("R$ 1234,5", 123450), ("1.234", 123400), (" 0 ", 0), ("0,29", 29), ("", None), ("R$", None)],
)
def test_an_amount_is_read_as_people_type_it(typed: str, minor: int | None) -> None:
    assert formats.minor(typed) == minor
    assert formats.minor(formats.amount(minor)) == minor


@pytest.mark.parametrize("typed", ["1.5", "1,234.50", "-1", "0,001", "dez", "1e5", "NaN", "Infinity"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        formats.minor(typed)
