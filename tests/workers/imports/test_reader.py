import codecs
import csv
import datetime
import io
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from db.contacts.csv_safety import neutralise
from workers.imports.reader import Sheet, inspect, rows
from workers.imports.unreadable import UnreadableFile

TABLE = [["Nome", "Celular", "Cidade"], ["João", "(11) 98765-4321", "São Paulo"], ["Ana", "11 98765-4322", "Paraná"]]


def _read(path: Path, name: str = "list.csv") -> tuple[Sheet, list[tuple[int, list[str]]]]:
    sheet = inspect(path, name)
    return sheet, list(rows(path, sheet))


def _csv(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _text(table: Iterable[list[str]], separator: str = ",", end: str = "\r\n") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=end).writerows(table)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "cp850"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_encodings_separators_and_line_ends(tmp_path: Path, encoding: str, separator: str, end: str) -> None:
    sheet, found = _read(_csv(tmp_path / "a", _text(TABLE, separator, end).encode(encoding)))
    assert (sheet.separator, sheet.header_row, [column.name for column in sheet.columns]) == (separator, 1, TABLE[0])
    assert found == [(2, TABLE[1]), (3, TABLE[2])]
    assert sheet.preview == TABLE[1:]
    assert sheet.columns[1].samples == ["(11) 98765-4321", "11 98765-4322"]


@pytest.mark.parametrize(
    ("content", "header_row", "expected"),
    [
        ("sep=;\nNome;Celular\nA,B;1\n", 1, [(2, ["A,B", "1"])]),
        ("\n\nNome,Celular\n\nAna,1\n\n,\n \nBia,2\n\n\n", 3, [
            (4, ["", ""]), (5, ["Ana", "1"]), (6, ["", ""]), (7, ["", ""]), (8, ["", ""]), (9, ["Bia", "2"]),
        ]),
        ('Nome,Obs\n"Ana\nBia","diz ""oi"", sim"\nZé,\n', 1, [(2, ["Ana\nBia", 'diz "oi", sim']), (3, ["Zé", ""])]),
        ("Nome,Celular\nAna\nBia,2,3,4\n" + "Z,1\n" * 4, 1, [
            (2, ["Ana", ""]), (3, ["Bia", "2", "3", "4"]), *[(number, ["Z", "1"]) for number in range(4, 8)],
        ]),
        ("Ana,11987654321\nBia,11987654322\n", 0, [(1, ["Ana", "11987654321"]), (2, ["Bia", "11987654322"])]),
        ("Lista de 2026\nNome,Celular\nAna,1\n", 2, [(3, ["Ana", "1"])]),
        ("Nome,Celular\nA\0na,'+5511987654321\n", 1, [(2, ["Ana", "+5511987654321"])]),
        ("Nome, Celular\nAna, \"1,5\"\n", 1, [(2, ["Ana", "1,5"])]),
        ("Nome\nAna\n", 1, [(2, ["Ana"])]),
        ("11987654321\n11987654322", 0, [(1, ["11987654321"]), (2, ["11987654322"])]),
        ("Quem,Contato dele\nAna,11987654321\n", 1, [(2, ["Ana", "11987654321"])]),
        ("nome;valor;x\nAna;1,5;2,5\nBia;2,5;3,5", 1, [(2, ["Ana", "1,5", "2,5"]), (3, ["Bia", "2,5", "3,5"])]),
        ('"Nome","Celular"\n"Zé "da" Silva","1"\n', 1, [(2, ['Zé da" Silva"', "1"])]),
    ],
)  # fmt: skip
def test_shapes(tmp_path: Path, content: str, header_row: int, expected: list[tuple[int, list[str]]]) -> None:
    sheet, found = _read(_csv(tmp_path / "a", content.encode()))
    assert sheet.header_row == header_row
    assert sheet.has_header == (header_row > 0)
    assert found == expected


def test_names_are_unique_and_never_empty(tmp_path: Path) -> None:
    sheet, _ = _read(_csv(tmp_path / "a", b"Nome,,Celular,Celular,\nAna,x,1,2,z\n"))
    assert [column.name for column in sheet.columns] == ["Nome", "B", "Celular", "Celular (2)", "E"]


def test_title_rows_are_kept_in_sight(tmp_path: Path) -> None:
    sheet, _ = _read(_csv(tmp_path / "a", b"Clientes\n\nNome,Celular\nAna,1\n"))
    assert sheet.skipped == [["Clientes"]]


def test_a_few_foreign_bytes_in_utf8(tmp_path: Path) -> None:
    content = b"Nome,Celular\n" + "João,1\n".encode() * 5 + "José\x80,2\n".encode("latin-1")
    sheet, found = _read(_csv(tmp_path / "a", content))
    assert sheet.encoding == "utf-8"
    assert found[-1] == (7, ["José€", "2"])
    assert found[0] == (2, ["João", "1"])


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.csv", "empty"),
        (codecs.BOM_UTF8 + b"\r\n \n", "a.csv", "empty"),
        (b",,,\n,\n", "a.csv", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.xls", "not_a_spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le") * 99, "a.xls", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Book".encode("utf-16-le") * 99, "a.xls", "old_excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "encrypted"),
        (b"%PDF-1.7\n", "a.csv", "not_a_spreadsheet"),
        (bytes(range(256)) * 20, "a.csv", "not_a_spreadsheet"),
        (b"<html><table><tr><td>Nome</td></tr></table>", "a.xls", "web_page"),
        (b'[{"nome": "Ana"}]', "a.csv", "json"),
        (b"PK\x03\x04 cut", "a.xlsx", "damaged"),
        (b"Nome,Celular\n", "a.xlsx", "damaged"),
    ],
)
def test_unreadable(tmp_path: Path, content: bytes, name: str, code: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        _read(_csv(tmp_path / "a", content), name)
    assert caught.value.code == code
    assert caught.value.code.sentence.endswith(".")


def test_a_stray_quote_is_told_with_its_row(tmp_path: Path) -> None:
    for tail in ("\n", '\n"Eva",5,c,d\n'):
        content = 'Nome,Celular,Cidade,UF\nAna,1,a,b\n"Bia,2,a,b\nCid,3,a,b\nDudu,4,a,b' + tail
        with pytest.raises(UnreadableFile) as caught:
            _read(_csv(tmp_path / "a", content.encode()))
        assert (caught.value.code, caught.value.row) == ("quote_not_closed", 3)


def _workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for title, table in sheets.items():
        sheet = book.create_sheet(title.removeprefix("hidden_"))
        if title.startswith("hidden_"):
            sheet.sheet_state = "hidden"
        for cells in table:
            sheet.append(cells)
    book.save(path)
    return path


def test_xlsx(tmp_path: Path) -> None:
    table: list[list[object]] = [
        ["Nome", "Celular", "Nascimento", "Valor", "Ativo", "Visto"],
        ["João", 5511987654321, datetime.date(1990, 5, 17), 139.48, True, datetime.datetime(2026, 1, 2, 3, 4)],  # noqa: DTZ001
        [],
        ["Ana", "'+5511987654322", None, 3.0, False, "#N/A"],
        [None, None],
    ]
    path = _workbook(tmp_path / "a.xlsx", hidden_Secret=[["Senha"]], Vazia=[], Clientes=table, Outra=[["x"]])
    sheet, found = _read(path, "a.xlsx")
    assert (sheet.sheet_name, sheet.header_row, sheet.encoding) == ("Clientes", 1, None)
    assert found == [
        (2, ["João", "5511987654321", "17/05/1990", "139,48", "sim", "02/01/2026 03:04"]),
        (3, [""] * 6),
        (4, ["Ana", "+5511987654322", "", "3", "não", ""]),
    ]
    assert sheet.total_rows_estimate >= 3


@pytest.mark.parametrize("stated", ["A1", "A1:XFD1048576", None])
def test_the_stated_size_is_not_trusted(tmp_path: Path, stated: str | None) -> None:
    path = _workbook(tmp_path / "a.xlsx", A=[["Nome", "Celular"], ["Ana", "1"], ["Bia", "2"]])
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert b'<dimension ref="A1:B3" />' in sheet
    new = f'<dimension ref="{stated}" />'.encode() if stated else b""
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b'<dimension ref="A1:B3" />', new)
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    assert _read(path, "a.xlsx")[1] == [(2, ["Ana", "1"]), (3, ["Bia", "2"])]


def _package(path: Path, **parts: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name.replace("__", "/").replace("_xml", ".xml").replace("_bin", ".bin"), content)
    return path


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"content_xml": b"<x/>"}, "open_document"),
        ({"word__document_xml": b"<x/>"}, "not_a_spreadsheet"),
        ({"xl__workbook_bin": b""}, "binary_excel"),
        ({"xl__workbook_xml": b"<x/>"}, "damaged"),
        ({"xl__workbook_xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'}, "damaged"),
        ({"xl__workbook_xml": b"<x/>", "xl__sharedStrings_xml": b" " * ((192 << 20) + 1)}, "too_big"),
    ],
)
def test_packages_that_are_no_workbook(tmp_path: Path, parts: dict[str, bytes], code: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        inspect(_package(tmp_path / "a", **parts), "a.xlsx")
    assert caught.value.code == code


def test_an_empty_workbook_and_one_too_wide(tmp_path: Path) -> None:
    for sheets, code in (({"A": []}, "empty"), ({"A": [["x"] * 600]}, "too_many_columns")):
        with pytest.raises(UnreadableFile) as caught:
            inspect(_workbook(tmp_path / "a.xlsx", **sheets), "a.xlsx")  # type: ignore[arg-type]
        assert caught.value.code == code


_CELL = st.text(max_size=12) | st.from_regex(r"[\w ;,\"'\t|=+@\n-]{0,12}", fullmatch=True)
_CELL = _CELL.map(lambda text: text.replace("\0", "")).filter(lambda text: text.isprintable() or "\n" in text)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.lists(_CELL, min_size=6, max_size=6), min_size=1, max_size=8),
    st.sampled_from([",", ";"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_our_own_exports_read_back_row_by_row(table: list[list[str]], separator: str, encoding: str) -> None:
    header = ["Nome", "Celular", "E-mail", "Cidade", "Etiquetas", "Obs"]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([[neutralise(cell) for cell in cells] for cells in [header, *table]])
    with tempfile.NamedTemporaryFile() as file:
        file.write(out.getvalue().encode(encoding, "replace"))
        file.flush()
        _, found = _read(Path(file.name))
    while table and not any(table[-1]):
        table.pop()
    assert found == [(number, cells) for number, cells in enumerate(table, 2)]


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(str.encode)
    | st.from_regex(rb"[a\",;\n\r\t\xe3' 1]{0,80}", fullmatch=True)
)
def test_any_bytes_are_rows_or_one_clear_error(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            sheet, found = _read(Path(file.name))
        except UnreadableFile:
            return
    numbers = [number for number, _ in found]
    assert numbers == list(range(sheet.header_row + 1, sheet.header_row + 1 + len(found)))
    assert all(len(cells) >= len(sheet.columns) for _, cells in found)


def test_a_list_costs_by_its_rows(tmp_path: Path) -> None:
    """Ten times the rows: at most ten times the calls of functions. A reader that looks back would call more."""
    line = "João da Silva,(11) 98765-4321,joao@example.com,São Paulo,vip,obs,123,não\n"

    def calls(count: int) -> int:
        path = _csv(tmp_path / f"{count}", ("Nome,Celular,E-mail,Cidade,Tags,Obs,Id,Opt-out\n" + line * count).encode())
        made = 0

        def one(_frame: object, event: str, _argument: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(one)
        try:
            _, found = _read(path)
        finally:
            sys.setprofile(before)
        assert len(found) == count
        return made

    assert calls(10_000) <= 10 * calls(1_000)
