import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.messages.segments import GSM7_BASIC, GSM7_EXTENDED, Encoding, Segments, count, suggest_gsm7


@pytest.mark.parametrize(
    ("text", "units", "segments"),
    [
        ("", 0, 0),
        ("a", 1, 1),
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 306, 306, 2),
        ("a" * 307, 307, 3),
        ("€" * 80, 160, 1),
        ("€" * 81, 162, 2),
        ("a" * 152 + "€" + "a" * 152, 306, 3),
        ("a\r\nb", 4, 1),
        ("Ç à é ñ ü {x}", 15, 1),
    ],
)
def test_gsm7(text: str, units: int, segments: int) -> None:
    found = count(text)
    assert (found.encoding, found.units, found.segments, found.first_ucs2_char) == (
        Encoding.GSM7,
        units,
        segments,
        None,
    )


@pytest.mark.parametrize(
    ("text", "units", "segments", "first"),
    [
        ("ç", 1, 1, "ç"),
        ("Olá, ação", 9, 1, "á"),
        ("“oi”", 4, 1, "“"),
        ("ã" * 70, 70, 1, "ã"),
        ("ã" * 71, 71, 2, "ã"),
        ("ã" * 134, 134, 2, "ã"),
        ("ã" * 135, 135, 3, "ã"),
        ("😀" * 35, 70, 1, "😀"),
        ("😀" * 66, 132, 2, "😀"),
        ("😀" * 67, 134, 3, "😀"),
    ],
)
def test_ucs2(text: str, units: int, segments: int, first: str) -> None:
    found = count(text)
    assert found == Segments(Encoding.UCS2, units, segments, 70 if segments == 1 else 67, first)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=GSM7_BASIC + GSM7_EXTENDED, max_size=500) | st.text(max_size=300))
def test_the_parts_hold_the_units_and_little_more(text: str) -> None:
    found = count(text)
    assert found.units <= found.segments * found.per_segment
    assert found.segments <= found.units
    # A part is left short by at most one unit.
    assert found.segments <= 1 or found.units > (found.segments - 1) * (found.per_segment - 1)
    assert (found.encoding is Encoding.UCS2) == (found.first_ucs2_char is not None)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“Promoção” – só até amanhã…", '"Promocao" - so até amanha...'.replace("é", "é")),
        ("a\u0301gua\u00a0fria", "agua fria"),
        ("José nº 1ª", "José no 1a"),
        ("oi 😀", "oi 😀"),
        ("plain", "plain"),
    ],
)
def test_suggestion(text: str, plain: str) -> None:
    assert suggest_gsm7(text) == plain


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_a_suggestion_is_stable(text: str) -> None:
    once = suggest_gsm7(text)
    assert suggest_gsm7(once) == once
