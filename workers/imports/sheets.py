"""XLSX workbooks as rows of text: the first visible sheet that holds anything.

openpyxl reads the small parts (list of sheets, styles), cells.py the large ones. Refuses packages that unpack to more than
they should before anything of them is parsed."""

import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from warnings import catch_warnings, simplefilter

from openpyxl.reader.excel import ExcelReader
from openpyxl.xml.constants import SHARED_STRINGS

from db.contacts.reasons import FileProblem
from workers.imports.cells import Book, read_rows, read_strings
from workers.imports.limits import MAX_PARTS, MAX_RATIO, MAX_STRINGS, MAX_UNPACKED, MAX_WHOLE, RATIO_FROM
from workers.imports.unreadable import UnreadableFile

_LOOK_FOR_CONTENT = 2000
_ROW_TAG = re.compile(rb"<(?:\w+:)?row[ >/]")


def check_package(path: Path) -> None:
    """UnreadableFile unless this is an XLSX workbook of bearable size. The stated sizes bind: zipfile reads no byte more."""
    try:
        with zipfile.ZipFile(path) as package:
            parts = {info.filename: info for info in package.infolist()}
            if "xl/workbook.bin" in parts:
                raise UnreadableFile(FileProblem.BINARY_EXCEL)
            if "xl/workbook.xml" not in parts:
                raise UnreadableFile(FileProblem.OPEN_DOCUMENT if "content.xml" in parts else FileProblem.NOT_A_SPREADSHEET)
            unpacked = sum(info.file_size for info in package.infolist())
            if len(package.infolist()) > MAX_PARTS or unpacked > MAX_UNPACKED:
                raise UnreadableFile(FileProblem.TOO_BIG)
            if unpacked > max(RATIO_FROM, MAX_RATIO * path.stat().st_size):
                raise UnreadableFile(FileProblem.TOO_BIG)
            for name, info in parts.items():
                if not name.endswith((".xml", ".rels")):
                    continue
                most = MAX_UNPACKED if _is_sheet(name) else MAX_STRINGS if "sharedStrings" in name else MAX_WHOLE
                if info.file_size > most and name.startswith(("xl/", "_rels/", "[")):
                    raise UnreadableFile(FileProblem.TOO_BIG)
                # Entities can only be declared in a document type, which no spreadsheet program writes.
                with package.open(info) as part:
                    if b"<!DOCTYPE" in part.read(2048).replace(b"\0", b""):
                        raise UnreadableFile(FileProblem.DAMAGED)
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError) as error:
        encrypted = isinstance(error, RuntimeError) and "encrypted" in str(error)
        raise UnreadableFile(FileProblem.ENCRYPTED if encrypted else FileProblem.DAMAGED) from error


def _is_sheet(name: str) -> bool:
    return name.startswith("xl/worksheets/")


def first_rows(path: Path, limit: int, language: str) -> tuple[str, int, list[list[str]]]:
    """The first visible sheet with content: its name, about how many rows it has, and the first `limit` of them."""
    with closing(_Workbook(path, language)) as book:
        for sheet in book.sheets:
            if not sheet.visible:
                continue
            seen: list[list[str]] = []
            for cells in islice(book.rows(sheet), _LOOK_FOR_CONTENT):
                seen.append(cells)
                if len(seen) >= limit and any(map(any, seen)):
                    break
            if any(map(any, seen)):
                return sheet.name, book.count_rows(sheet), seen
    raise UnreadableFile(FileProblem.EMPTY)


def sheet_rows(path: Path, name: str, language: str) -> Iterator[list[str]]:
    """Every row of one sheet from row 1 on, blank ones too, without trailing empty cells."""
    with closing(_Workbook(path, language)) as book:
        for sheet in book.sheets:
            if sheet.name == name:
                yield from book.rows(sheet)
                return
    raise UnreadableFile(FileProblem.CHANGED)


class _Place(NamedTuple):
    name: str
    part: str
    visible: bool


class _Small(ExcelReader):
    """openpyxl without the parts that are read here or not needed."""

    def read_strings(self) -> None: ...

    def read_properties(self) -> None: ...

    def read_custom(self) -> None: ...

    def read_theme(self) -> None: ...

    def read_worksheets(self) -> None: ...


class _Workbook:
    """An open workbook. Raises UnreadableFile `damaged` for whatever a malformed part makes openpyxl stumble over."""

    def __init__(self, path: Path, language: str) -> None:
        self._language = language
        self._file = path.open("rb")
        try:
            self._read()
        except (UnreadableFile, MemoryError):
            self._file.close()
            raise
        except Exception as error:
            self._file.close()
            raise UnreadableFile(FileProblem.DAMAGED) from error

    def _read(self) -> None:
        with catch_warnings():
            simplefilter("ignore")
            reader: Any = _Small(self._file, read_only=True, data_only=True, keep_links=False)
            reader.read()
            self.sheets = [
                _Place(sheet.name, rel.target, (sheet.state or "visible") == "visible")
                for sheet, rel in reader.parser.find_sheets()
                if rel.target in reader.valid_files and "chartsheet" not in rel.Type
            ]
        self._package: zipfile.ZipFile = reader.archive
        found = reader.package.find(SHARED_STRINGS)
        strings: list[str] = []
        if found is not None and found.PartName[1:] in reader.valid_files:
            part = self._package.getinfo(found.PartName[1:])
            if part.file_size > MAX_STRINGS:  # under a name that `check_package` does not know
                raise UnreadableFile(FileProblem.TOO_BIG)
            with self._package.open(part) as source:
                strings = read_strings(source)
        book = reader.wb
        self._book = Book(strings, frozenset(book._date_formats), frozenset(book._timedelta_formats), book.epoch, self._language)

    def rows(self, sheet: _Place) -> Iterator[list[str]]:
        with self._package.open(sheet.part) as source:
            yield from read_rows(source, self._book)

    def count_rows(self, sheet: _Place) -> int:
        count, rest = 0, b""
        with self._package.open(sheet.part) as part:
            while chunk := part.read(1 << 20):
                block = rest + chunk
                count += len(_ROW_TAG.findall(block))
                # A tag may be cut in two; the longest beginning of one that is not counted yet is kept.
                cut = block.rfind(b"<", -64)
                rest = block[cut:] if cut > 0 and b">" not in block[cut:] and not _ROW_TAG.match(block, cut) else b""
        return count

    def close(self) -> None:
        self._package.close()
        self._file.close()
