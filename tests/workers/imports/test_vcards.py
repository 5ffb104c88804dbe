"""vCards of phones and address books, read as one row a card."""

from pathlib import Path

import pytest

from workers.imports.mapping import guess
from workers.imports.reader import FileKind, inspect, rows
from workers.imports.unreadable import UnreadableFile

CARDS = """BEGIN:VCARD
VERSION:2.1
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Jo=C3=A3o=20=
da Silva
TEL;HOME:1133334444
TEL;CELL:11 98765-4321
PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQAAAQ
 ABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoM
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Ana Lima\\, Dra.
item1.TEL;type=CELL;type=pref:+55 11 97777-0001
BDAY:1990-05-17
NOTE:Um\\nDois\\; fim
CATEGORIES:vip,novo
END:VCARD
begin:vcard
version:4.0
n:Gomes;Rui
tel;value=uri;type=cell:tel:+5511966660000
end:vcard
BEGIN:VCARD
no line of a card
END:VCARD
"""


def test_cards_are_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_text(CARDS)
    sheet = inspect(path, "a.vcf")
    found = [[cell for cell in cells if cell] for _, cells in rows(path, sheet)]
    assert (sheet.kind, sheet.header_row, sheet.total_rows_estimate) == (FileKind.VCARD, 1, 4)
    assert [column.target for column in guess(sheet.columns)][:3] == ["name", "phone", "second_phone"]
    assert found == [
        ["João da Silva", "11 98765-4321", "1133334444"],
        ["Ana Lima, Dra.", "+55 11 97777-0001", "17/05/1990", "vip, novo", "Um\nDois; fim"],
        ["Rui Gomes", "+5511966660000"],
        ["BEGIN:VCARD no line of a card END:VCARD"],
    ]


@pytest.mark.parametrize("line", ["A;" + "a=" * 5000, "TEL" + ";a=b" * 20_000, 'A;a="' + "b" * 100_000, " x\n" * 30_000])
def test_hostile_lines_end(tmp_path: Path, line: str) -> None:
    """The pattern of the library would take for ever, and the time limit of a test would notice."""
    path = tmp_path / "a.vcf"
    path.write_text(f"BEGIN:VCARD\n{line}\nEND:VCARD\n")
    assert len(list(rows(path, inspect(path, "a.vcf")))) == 1


def test_a_card_without_end_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_text("BEGIN:VCARD\n" + "NOTE:x\n" * 30_000)
    with pytest.raises(UnreadableFile) as caught:
        inspect(path, "a.vcf")
    assert caught.value.code == "cell_too_long"
