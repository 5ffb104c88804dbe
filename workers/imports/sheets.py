"""XLSX workbooks as rows of text, streamed by openpyxl.

Takes the first visible sheet that holds anything. Refuses workbooks that would unpack to more than they should."""

import datetime
import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import IO, Any
from warnings import catch_warnings, simplefilter

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.escape import unescape
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from workers.imports.unreadable import UnreadableFile

MAX_UNPACKED = 1 << 30
MAX_PART = 192 << 20
"""Largest part that openpyxl holds in memory whole (shared strings, styles)."""
MAX_ROWS = 1_048_576
MAX_COLUMNS = 512
_EMPTY_WIDE_ROWS = 1000
_LOOK_FOR_CONTENT = 2000
_ERRORS = frozenset(("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"))
_ROW_TAG = re.compile(rb"<(?:\w+:)?row[ >/]")


def check_package(path: Path) -> None:
    """UnreadableFile unless this is an XLSX workbook of bearable size."""
    try:
        with zipfile.ZipFile(path) as package:
            parts = {info.filename: info for info in package.infolist()}
            if "xl/workbook.bin" in parts:
                raise UnreadableFile("binary_excel")
            if "xl/workbook.xml" not in parts:
                raise UnreadableFile("open_document" if "content.xml" in parts else "not_a_spreadsheet")
            if sum(info.file_size for info in parts.values()) > MAX_UNPACKED:
                raise UnreadableFile("too_big")
            for name, info in parts.items():
                if not name.endswith((".xml", ".rels")):
                    continue
                if info.file_size > MAX_PART and not name.startswith("xl/worksheets/"):
                    raise UnreadableFile("too_big")
                # Entities can only be declared in a document type, which no spreadsheet program writes.
                with package.open(info) as part:
                    if b"<!DOCTYPE" in part.read(2048).replace(b"\0", b""):
                        raise UnreadableFile("damaged")
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError) as error:
        encrypted = isinstance(error, RuntimeError) and "encrypted" in str(error)
        raise UnreadableFile("encrypted" if encrypted else "damaged") from error


def first_rows(path: Path, limit: int) -> tuple[str, int, list[list[str]]]:
    """The first visible sheet with content: its name, about how many rows it has, and the first `limit` of them."""
    with path.open("rb") as file, closing(_workbook(file)) as book:
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                continue
            seen: list[list[str]] = []
            for cells in islice(_rows_of(sheet), _LOOK_FOR_CONTENT):
                seen.append(cells)
                if len(seen) >= limit and any(map(any, seen)):
                    break
            if any(map(any, seen)):
                return sheet.title, _count_rows(path, sheet._worksheet_path), seen
    raise UnreadableFile("empty")


def sheet_rows(path: Path, name: str) -> Iterator[list[str]]:
    """Every row of one sheet from row 1 on, blank ones too, without trailing empty cells."""
    with path.open("rb") as file, closing(_workbook(file)) as book:
        if name not in book.sheetnames:
            raise UnreadableFile("changed")
        yield from _rows_of(book[name])


def _rows_of(sheet: Any) -> Iterator[list[str]]:
    sheet.reset_dimensions()
    wide = 0
    for number, row in enumerate(_guarded(sheet.iter_rows(values_only=True)), 1):
        if number > MAX_ROWS:
            raise UnreadableFile("too_many_rows", number)
        cells = [value if type(value) is str and value[:1] != "#" and "_x" not in value else text_of(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if len(row) > MAX_COLUMNS:
            wide += 1
            if len(cells) > MAX_COLUMNS or wide > _EMPTY_WIDE_ROWS:
                raise UnreadableFile("too_many_columns", number)
        yield cells


def text_of(value: object) -> str:
    """One value as the text a person would type: dates in ISO 8601, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, str):
        if value in _ERRORS:
            return ""
        return str(unescape(value)) if "_x" in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        if (value.hour, value.minute, value.second) == (0, 0, 0):
            return value.date().isoformat()
        return value.isoformat(timespec="seconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


class _Sheet(ReadOnlyWorksheet):
    def _get_size(self) -> None:
        """Nothing: the stated size is not trusted, and where none is stated openpyxl would read the sheet to its end."""


class _Reader(ExcelReader):
    def read_worksheets(self) -> None:
        for sheet, rel in self.parser.find_sheets():
            if rel.target in self.valid_files and "chartsheet" not in rel.Type:
                found = _Sheet(self.wb, sheet.name, rel.target, self.shared_strings)
                found.sheet_state = sheet.state or "visible"
                book: Any = self.wb
                book._sheets.append(found)


def _workbook(file: IO[bytes]) -> Any:
    try:
        with catch_warnings():
            simplefilter("ignore")
            reader = _Reader(file, read_only=True, data_only=True, keep_links=False)
            reader.read()
            return reader.wb
    except Exception as error:  # openpyxl raises whatever a malformed part makes it stumble over
        raise UnreadableFile("damaged") from error


def _guarded(rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    number = 0
    try:
        for row in rows:
            number += 1
            yield row
    except (UnreadableFile, GeneratorExit):
        raise
    except Exception as error:
        raise UnreadableFile("damaged", number + 1) from error


def _count_rows(path: Path, part_name: str) -> int:
    count, rest = 0, b""
    with zipfile.ZipFile(path) as package, package.open(part_name.lstrip("/")) as part:
        while chunk := part.read(1 << 20):
            block = rest + chunk
            count += len(_ROW_TAG.findall(block))
            # A tag may be cut in two; the longest beginning of one that is not counted yet is kept.
            cut = block.rfind(b"<", -64)
            rest = block[cut:] if cut > 0 and b">" not in block[cut:] and not _ROW_TAG.match(block, cut) else b""
    return count
