"""An Excel list of opt-outs says what its first visible sheet says, and nothing that is packed small reads large."""

import io
import zipfile

import pytest
from openpyxl import Workbook

from ui.pages.contacts import workbook
from ui.pages.contacts.address_list import found_in
from ui.pages.contacts.workbook import Unreadable, text_of


def saved(book: Workbook) -> bytes:
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def test_the_columns_of_phones_and_mails_are_found_whatever_their_cells_are() -> None:
    book = Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.append(["Telefone"])
    hidden.append(["11900000000"])
    hidden.sheet_state = "hidden"
    shown = book.create_sheet("Saíram")
    shown.append(["Cliente", "Telefone", None, "E-mail"])
    shown.append([123456789012, 5511987654321, None, "ana@exemplo.com.br"])
    shown.append(["Bia", "(21) 98765-4321", None, None])
    shown.append(["Caio", 5.511912345678e12, None, 'caio"@exemplo.com.br'])
    shown.append(["Davi", None, None, None])
    found = found_in(text_of(saved(book)))
    assert found.addresses[:5] == [
        "5511987654321",
        "ana@exemplo.com.br",
        "(21) 98765-4321",
        "5511912345678",
        "caio @exemplo.com.br",
    ]
    assert found.wrong == ["Davi"]


def test_an_empty_sheet_says_nothing() -> None:
    assert found_in(text_of(saved(Workbook()))).addresses == []


@pytest.mark.parametrize("spoil", ["cut", "no zip", "no workbook", "entities", "bomb"])
def test_what_is_damaged_or_too_large_is_refused(spoil: str, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["11987654321"])
    whole = saved(book)
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if spoil == "no workbook" and name == "xl/workbook.xml":
                continue
            if spoil == "entities" and name.startswith("xl/worksheets"):
                part = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><worksheet><sheetData/></worksheet>'
            if spoil == "bomb" and name.startswith("xl/worksheets"):
                part = b"<worksheet><sheetData>" + b" " * 200_000 + b"</sheetData></worksheet>"
            new.writestr(name, part)
    if spoil == "bomb":
        monkeypatch.setattr(workbook, "MOST_BYTES", 100_000)
    spoiled = {"cut": whole[: len(whole) // 2], "no zip": b"PK\x03\x04" + b"x" * 100}.get(spoil, data.getvalue())
    with pytest.raises(Unreadable):
        text_of(spoiled)
