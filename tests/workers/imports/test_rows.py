import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.contacts.enums import CustomFieldKind, ImportTarget
from db.contacts.import_rows import Reject, Row, clean_row
from db.contacts.mapping import ColumnTarget
from db.contacts.reasons import Reason, RowWarning
from workers.imports.reader import inspect, rows

FIELDS = ["phone", "name", "email", "tags", "language", "opt_out", "ignore", "city", "since", "phone_2"]
_KEYED = {
    "city": ColumnTarget(7, ImportTarget.CUSTOM, "city"),
    "since": ColumnTarget(8, ImportTarget.CUSTOM, "since", field_kind=CustomFieldKind.DATE),
    "phone_2": ColumnTarget(9, ImportTarget.SECOND_PHONE, "phone_2"),
}
COLUMNS = [_KEYED.get(name) or ColumnTarget(index, ImportTarget(name)) for index, name in enumerate(FIELDS)]


def _row(**cells: str) -> Row | list[Reject] | None:
    return clean_row(7, [cells.get(name, "") for name in FIELDS], COLUMNS)


def _clean(**cells: str) -> Row:
    row = _row(**{"phone": "11987654321", **cells})
    assert isinstance(row, Row), row
    return row


def test_a_full_row() -> None:
    row = _row(
        phone="(11) 98765-4321", name="  Maria\0  da\tSilva ", email="Maria <MARIA@Example.com>", tags="vip; Novo, VIP",
        language="Português", opt_out="não", city="Rio", since="2/3/2025", phone_2="11 3456-7890",
    )  # fmt: skip
    assert isinstance(row, Row)
    assert row.phone is not None
    assert row.phone.canonical == "+5511987654321"
    assert (row.number, row.name, row.email, row.tags) == (7, "Maria da Silva", "maria@example.com", ["vip", "Novo"])
    assert (row.language, row.opted_out, row.left_out) == ("pt-BR", False, [])
    assert row.custom == {"city": "Rio", "since": "2025-03-02", "phone_2": "11 3456-7890"}


@pytest.mark.parametrize(
    ("cells", "phone", "field", "reason"),
    [
        ({"phone": "11 98765-4321", "email": "ana@"}, "+5511987654321", "email", RowWarning.EMAIL_INVALID),
        ({"phone": "11 98765-4321", "since": "a combinar"}, "+5511987654321", "custom.since", RowWarning.FIELD_NOT_A_DATE),
        ({"phone": "123", "phone_2": "11 3456-7890"}, "+551134567890", "phone", RowWarning.SECOND_PHONE_USED),
        ({"phone": "11 3456-7890 / 11 98765-4321"}, "+5511987654321", "phone", RowWarning.FURTHER_PHONE),
        ({"phone": "11987654321,11912345678"}, "+5511987654321", "phone", RowWarning.FURTHER_PHONE),
        ({"phone": "11 98765-4321 11 91234-5678"}, "+5511987654321", "phone", RowWarning.FURTHER_PHONE),
        ({"phone": "(11) 98765-4321(11) 91234-5678"}, "+5511987654321", "phone", RowWarning.FURTHER_PHONE),
    ],
)
def test_what_a_row_is_taken_without_is_said(cells: dict[str, str], phone: str, field: str, reason: RowWarning) -> None:
    row = _row(**cells)
    assert isinstance(row, Row), row
    assert row.phone is not None
    assert row.phone.canonical == phone
    assert [(each.field, each.value, each.reason, each.warning) for each in row.left_out] == [
        (field, cells[field.removeprefix("custom.")], reason, True)
    ]
    assert row.email == ""


@pytest.mark.parametrize(
    ("cells", "phone"),
    [
        ({"phone_2": "11 3456-7890"}, "+551134567890"),
        ({"phone": "não tem", "phone_2": "11 3456-7890"}, "+551134567890"),
        ({"phone": "11 98765-4321", "phone_2": "11 3456-7890"}, "+5511987654321"),
        ({"phone": "11 98765-4321", "phone_2": "ramal"}, "+5511987654321"),
        ({"phone": "11 98765-4321 ramal 12345678"}, "+5511987654321"),
        ({"phone": "+55 (011) 98765-4321"}, "+5511987654321"),
        ({"phone": "11 98765-4321 / 11 98765 4321"}, "+5511987654321"),
    ],
)
def test_the_second_phone_is_taken_where_the_first_is_missing(cells: dict[str, str], phone: str) -> None:
    row = _row(**cells)
    assert isinstance(row, Row), row
    assert row.phone is not None
    assert (row.phone.canonical, row.left_out) == (phone, [])
    assert row.custom == {key: value for key, value in cells.items() if key == "phone_2"}


@pytest.mark.parametrize("cells", [{}, {"name": "  \t"}, {"name": "\u200b", "phone": "\0"}, {"ignore": " "}])
def test_blank_rows(cells: dict[str, str]) -> None:
    assert _row(**cells) is None


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        ({"name": "Ana"}, "", Reason.NO_IDENTITY),
        ({"name": "Ana", "phone": "não tem", "email": "-"}, "", Reason.NO_IDENTITY),
        ({"ignore": "x"}, "", Reason.NO_IDENTITY),
        ({"phone": "98765-4321"}, "phone", Reason.PHONE_NO_AREA_CODE),
        ({"phone": "5.51199E+12"}, "phone", Reason.PHONE_DIGITS_LOST),
        ({"phone": "123", "phone_2": "ramal 5"}, "phone", Reason.PHONE_TOO_SHORT),
        ({"email": "ana@example"}, "email", Reason.EMAIL_INVALID),
        ({"email": "a..b@example.com"}, "email", Reason.EMAIL_INVALID),
        ({"email": "a@-example.com"}, "email", Reason.EMAIL_INVALID),
        ({"email": "x" * 65 + "@example.com"}, "email", Reason.EMAIL_INVALID),
        ({"email": "a@b.co", "name": "x" * 201}, "name", Reason.TOO_LONG),
        ({"email": "a@b.co", "city": "x" * 1001}, "custom.city", Reason.TOO_LONG),
        ({"email": "a@b.co", "tags": ",".join(map(str, range(51)))}, "tags", Reason.TOO_MANY_TAGS),
        ({"email": "a@b.co", "opt_out": "talvez"}, "opt_out", Reason.FLAG_NOT_UNDERSTOOD),
        ({"email": "a@b.co", "language": "klingon!"}, "language", Reason.LANGUAGE_UNKNOWN),
    ],
)
def test_rejections(cells: dict[str, str], field: str, reason: Reason) -> None:
    rejections = _row(**cells)
    assert isinstance(rejections, list)
    assert [(rejection.number, rejection.field, rejection.reason) for rejection in rejections] == [(7, field, reason)]


def test_all_reasons_of_a_row_at_once() -> None:
    rejections = _row(phone="123", email="y@")
    assert isinstance(rejections, list)
    assert [rejection.field for rejection in rejections] == ["phone", "email"]


def test_more_cells_than_columns() -> None:
    cells = ["11987654321"] + [""] * (len(FIELDS) - 1)
    assert isinstance(clean_row(1, [*cells, " "], COLUMNS), Row)
    assert clean_row(1, [*cells, "x"], COLUMNS) == [Reject(1, "", "x", Reason.TOO_MANY_CELLS, [*cells, "x"])]


@pytest.mark.parametrize(
    ("text", "flag"),
    [("Sim", True), ("X", True), ("1", True), ("NÃO", False), ("0", False), ("false", False), ("", False), ("-", False)],
)
def test_flags(text: str, flag: bool) -> None:
    assert _clean(opt_out=text).opted_out is flag


@pytest.mark.parametrize(
    ("text", "language"), [("pt-br", "pt-BR"), ("PT", "pt-BR"), ("en", "en"), ("en_us", "en-US"), ("Inglês", "en"), ("n/a", "")]
)
def test_languages(text: str, language: str) -> None:
    assert _clean(language=text).language == language


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("ana@example.com; b@example.com", "ana@example.com"),
        ("mailto:Ana@Example.com.", "ana@example.com"),
        ("joão@café.com.br", "joão@café.com.br"),
        ("a.b+c_d'e@sub.example.museum", "a.b+c_d'e@sub.example.museum"),
        ("sem email", ""),
    ],
)
def test_emails(text: str, email: str) -> None:
    assert _clean(email=text).email == email


_CELL = st.text(max_size=15) | st.sampled_from(
    ["", " ", "11987654321", "(11) 3456-7890", "ana@example.com", "sim", "-", "5,5E+12", "x" * 1500, "\ud800", "a\nb", "'=1"]
)


@settings(max_examples=250, deadline=None)
@given(st.lists(_CELL, max_size=14))
def test_any_row_is_clean_or_rejected_or_blank(cells: list[str]) -> None:
    outcome = clean_row(3, cells, COLUMNS)
    if isinstance(outcome, list):
        assert outcome
        assert all(rejection.number == 3 and len(rejection.value) <= 200 for rejection in outcome)
    elif outcome is None:
        assert not "".join(cells).strip() or not "".join(filter(str.isprintable, cells)).strip()
    else:
        assert outcome.phone or outcome.email
        for text in (outcome.name, outcome.email, *outcome.tags, *outcome.custom.values()):
            text.encode()
            assert not set(text) & set("\0\n\r\t")


_PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")), max_size=15) | st.sampled_from(
    ["", " ", "11987654321", "(11) 3456-7890", "ana@example.com", "sim", "-", "5,5E+12", "x" * 1500, "'=1"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_PRINTABLE, max_size=12), min_size=1, max_size=12))
def test_no_row_of_a_file_is_lost(table: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([FIELDS, *table])
    with tempfile.NamedTemporaryFile() as file:
        file.write(out.getvalue().encode())
        file.flush()
        path = Path(file.name)
        outcomes = [clean_row(number, cells, COLUMNS) for number, cells in rows(path, inspect(path, "a.csv"))]
    clean = sum(isinstance(outcome, Row) for outcome in outcomes)
    rejected = sum(isinstance(outcome, list) for outcome in outcomes)
    blank = sum(outcome is None for outcome in outcomes)
    trailing = len(table) - len(outcomes)
    assert clean + rejected + blank + trailing == len(table)
    assert all(clean_row(0, cells, COLUMNS) is None for cells in table[len(outcomes) :])
