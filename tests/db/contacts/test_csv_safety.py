import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.exports import csv_lines
from db.contacts.csv_safety import neutralise, restore

_TEXT = st.text() | st.text(alphabet="'\"=+-@;,|\t\r\n＝＋－＠ a5\u00a0\ufeff", max_size=8)
_FORMULA = re.compile('[ "\u00a0\u200b\u2060\ufeff]*[=+@＝＋－＠-]')


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+5511987654321",
        "-5",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        " =1",
        "\ufeff=1",
        "'=1",
    ],
)
def test_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert neutralise(cell) == "'" + cell
    assert restore(neutralise(cell)) == cell


@pytest.mark.parametrize(
    ("cell", "out"),
    [
        ("João,=cmd|'/C calc'!A0,x", "João,'=cmd|'/C calc'!A0,x"),
        ("a;b,c\t@x\n+1|-2", "a;b,c\t'@x\n'+1|'-2"),
        ('Rua A, "-5"', 'Rua A,\' "-5"'),
        ("a,'=1", "a,''=1"),
    ],
)
def test_a_part_that_another_separator_sets_free_gets_one_too(cell: str, out: str) -> None:
    assert neutralise(cell) == out
    assert restore(out) == cell


@pytest.mark.parametrize(
    "cell", ["", "Ana", "d'Ávila", "'quoted'", "11 98765-4321", "a=b", "Ø", "5", "a, b; c", "1.5|x", "a\tb\nc"]
)
def test_plain_text_stays(cell: str) -> None:
    assert neutralise(cell) == restore(cell) == cell


@settings(max_examples=400, deadline=None)
@given(_TEXT)
def test_nothing_is_lost_and_nothing_risky_leaves(cell: str) -> None:
    out = neutralise(cell)
    assert out[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert restore(out) == cell


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(_TEXT.filter(lambda t: "\0" not in t), min_size=2, max_size=4), max_size=4))
def test_through_a_csv_file(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([[neutralise(cell) for cell in row] for row in rows])
    back = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert [[restore(cell) for cell in row] for row in back] == rows


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(_TEXT.filter(lambda t: "\0" not in t), min_size=1, max_size=4), min_size=1, max_size=3))
def test_no_separator_sets_a_formula_free(rows: list[list[str]]) -> None:
    """Whatever an export was written with and is opened with, no cell of it begins a formula."""
    for separator in (";", ",", "tab"):
        text = csv_lines(rows, separator)
        for opened_with in (";", ",", "\t", "|"):
            for cells in csv.reader(io.StringIO(text, newline=""), delimiter=opened_with):
                assert not [cell for cell in cells if _FORMULA.match(cell)]
