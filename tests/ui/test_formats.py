"""Numbers, money and time as a Brazilian reader writes them (the default language and zone)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ui import formats

NOON = datetime(2026, 3, 12, 12, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.number(1_234_567), "1.234.567"),
        (formats.number(None), "–"),
        (formats.percent(58_910, 61_284), "96,1%"),
        (formats.percent(1, 0), "–"),
        (formats.money(1_914_820), "R$\xa019.148,20"),
        (formats.money(500, "JPY"), "JP¥\xa0500"),
        (formats.day(NOON), "12 de mar. de 2026"),
        (formats.clock(NOON), "09:41"),
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


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        formats.clock(datetime(2026, 1, 1))  # noqa: DTZ001
