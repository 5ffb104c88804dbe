"""Old Excel workbooks (.xls) as rows of text: the first visible sheet that holds anything, read by calamine.

Unlike XLSX nothing in them is packed, but calamine holds a whole sheet in memory. What does not fit the process ends it (reading.py
says `too_big`); what makes calamine stumble is damage."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from db.contacts.reasons import FileProblem
from workers.imports.limits import MAX_CELL, MAX_COLUMNS, MAX_ROW, MAX_TEXT
from workers.imports.typed import text_of
from workers.imports.unreadable import UnreadableFile

_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")


def first_rows(path: Path, limit: int, language: str) -> tuple[str, int, list[list[str]]]:
    """The first visible sheet with content: its name, how many rows it has, and the first `limit` of them."""
    with _opened(path) as book:
        for place, about in enumerate(book.sheets_metadata):
            if about.visible is SheetVisibleEnum.Visible:
                sheet = book.get_sheet_by_index(place)
                seen = list(islice(_rows(sheet, language), limit + (sheet.start or (0, 0))[0]))
                if any(map(any, seen)):
                    return about.name, (sheet.end or (0, 0))[0] + 1, seen
    raise UnreadableFile(FileProblem.EMPTY)


def sheet_rows(path: Path, name: str, language: str) -> Iterator[list[str]]:
    """Every row of one sheet from row 1 on, blank ones too."""
    with _opened(path) as book:
        if name not in book.sheet_names:
            raise UnreadableFile(FileProblem.CHANGED)
        yield from _rows(book.get_sheet_by_name(name), language)


@contextmanager
def _opened(path: Path) -> Iterator[CalamineWorkbook]:
    try:
        book = CalamineWorkbook.from_path(path)
        try:
            yield book
        finally:
            book.close()
    except PasswordError as error:
        raise UnreadableFile(FileProblem.ENCRYPTED) from error
    except CalamineError as error:
        raise UnreadableFile(_instead(path)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3's, which is no Exception and has no name to import
            raise
        raise UnreadableFile(FileProblem.DAMAGED) from error


def _instead(path: Path) -> FileProblem:
    """What a file is that begins like an old workbook and is none: the names of its streams tell."""
    content = path.read_bytes()

    def holds(stream: str) -> bool:
        return stream.encode("utf-16-le") in content

    if holds("EncryptedPackage"):
        return FileProblem.ENCRYPTED
    if holds("Workbook"):
        return FileProblem.DAMAGED
    return FileProblem.OLD_EXCEL if holds("Book") else FileProblem.NOT_A_SPREADSHEET


def _rows(sheet: CalamineSheet, language: str) -> Iterator[list[str]]:
    top, left = sheet.start or (0, 0)
    if left + sheet.width > MAX_COLUMNS:
        raise UnreadableFile(FileProblem.TOO_MANY_COLUMNS, top + 1)
    for _ in range(top):
        yield []
    total = 0
    for number, values in enumerate(sheet.iter_rows(), top + 1):
        cells = [""] * left + [_cell(value, language) for value in values]
        if any(len(cell) > MAX_CELL for cell in cells):
            raise UnreadableFile(FileProblem.CELL_TOO_LONG, number)
        size = sum(map(len, cells))
        total += size
        if size > MAX_ROW:
            raise UnreadableFile(FileProblem.ROW_TOO_LONG, number)
        if total > MAX_TEXT:
            raise UnreadableFile(FileProblem.TOO_BIG, number)
        while cells and not cells[-1]:
            cells.pop()
        yield cells


_Value = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def _cell(value: _Value, language: str) -> str:
    if isinstance(value, str):
        return "" if value in _ERRORS else value.replace("\0", "")
    return text_of(value, language)
