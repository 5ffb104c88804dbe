"""Contact lists as rows of text: CSV of any usual make, Excel workbooks new and old, and vCards.

Streams: a million rows take no more memory than a thousand (but for the shared strings of an XLSX workbook, and the
whole of an old one), and a row no more
than `limits` allows. Every row that the file has comes out with the number that a spreadsheet program shows beside it.
Refuses to understand what the cells mean (mapping.py, rows.py) and raises nothing but `UnreadableFile`."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path

import msgspec

from db.contacts import file_signatures
from db.contacts.csv_safety import restore
from db.contacts.reasons import FileProblem
from workers.imports import vcards
from workers.imports.encodings import FALLBACK, scan
from workers.imports.limits import MAX_CELL, MAX_COLUMNS, MAX_CSV_ROWS, MAX_ROW
from workers.imports.unreadable import UnreadableFile
from workers.imports.vocabulary import is_header_word, looks_like_email, looks_like_phone

PREVIEW_ROWS = 20
SAMPLES = 50
_LOOKED_AT = 500
_LOOKED_AT_TEXT = 4 << 20  # characters of them
_SAMPLE = 500  # characters of a cell that a guess is made from
_SEPARATORS = ("\t", ";", ",", "|")
_SEP_LINE = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)
_CONTROLS = bytes(sorted({*range(1, 32)} - {*b"\t\n\r\x0b\x0c\x1a\x1b"}))


class Column(msgspec.Struct, frozen=True):
    """`name` is the header, made unique; a column without one goes by its letter. `samples` are its first filled cells, `fill_rate` the
    share of the first rows that have one."""

    index: int
    name: str
    samples: list[str]
    fill_rate: float = 1.0


class FileKind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"
    VCARD = "vcard"


class Sheet(msgspec.Struct, frozen=True):
    """What `inspect` found, enough for `rows` to read the file again.

    `encoding` belongs to CSV and vCards, `separator` to CSV, `sheet_name` to workbooks. `header_row` is the number of the header's row, 0
    without one; rows before it (titles) are `skipped`. `preview` holds the first rows of data."""

    kind: FileKind
    columns: list[Column]
    encoding: str | None
    separator: str | None
    sheet_name: str | None
    has_header: bool
    header_row: int
    total_rows_estimate: int
    preview: list[list[str]]
    skipped: list[list[str]]


def inspect(path: Path, filename: str, language: str = "pt-BR") -> Sheet:
    """Looks at a file: its kind (by content), encoding, separator, header, columns and first rows. Dates and numbers of workbooks come
    as a person writes them in `language`.

    `filename` only settles that a name ending in .xlsx over something else is damage, not a text."""
    with path.open("rb") as file:
        head = file.read(65536)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise UnreadableFile(FileProblem.EMPTY)
    if head.startswith(file_signatures.ZIP):
        from workers.imports import sheets  # openpyxl: half of the time that it takes a process to start

        sheets.check_package(path)
        name, lines, first = sheets.first_rows(path, _LOOKED_AT, language)
        return _described(FileKind.XLSX, first, lines, sheet_name=name)
    if head.startswith(file_signatures.OLD_EXCEL):
        from workers.imports import old_excel

        name, lines, first = old_excel.first_rows(path, _LOOKED_AT, language)
        return _described(FileKind.XLS, first, lines, sheet_name=name)
    _check_text(head)
    if filename.lower().endswith((".xlsx", ".xlsm")):
        raise UnreadableFile(FileProblem.DAMAGED)
    found = scan(path)
    if vcards.looks_like_vcards(head):
        first = _beginning(vcards.read_cards(path, found.encoding, language))
        header = vcards.header(language)
        return _described(FileKind.VCARD, [header, *first], vcards.count(path, found.encoding) + 1, found.encoding)
    separator = _separator(path, found.encoding)
    first = _beginning(_csv_rows(path, found.encoding, separator))
    return _described(FileKind.CSV, first, found.lines, found.encoding, separator)


def rows(path: Path, sheet: Sheet, language: str = "pt-BR") -> Iterator[tuple[int, list[str]]]:
    """The rows of data with their numbers, padded to the columns; longer ones keep their extra cells.

    Blank rows come too (all cells empty), but not those after the last row with content."""
    width = len(sheet.columns)
    blanks = 0
    for number, cells in enumerate(_source(path, sheet, language), 1):
        if number <= sheet.header_row:
            continue
        if not any(cells):
            blanks += 1
            continue
        for back in range(blanks, 0, -1):
            yield number - back, [""] * width
        blanks = 0
        cells = [restore(cell) if "'" in cell else cell for cell in cells]
        if len(cells) < width:
            cells += [""] * (width - len(cells))
        yield number, cells


def _source(path: Path, sheet: Sheet, language: str) -> Iterator[list[str]]:
    match sheet.kind:
        case FileKind.XLSX:
            from workers.imports import sheets

            return sheets.sheet_rows(path, sheet.sheet_name or "", language)
        case FileKind.XLS:
            from workers.imports import old_excel

            return old_excel.sheet_rows(path, sheet.sheet_name or "", language)
        case FileKind.VCARD:
            return chain([vcards.header(language)], vcards.read_cards(path, sheet.encoding or "utf-8", language))
        case FileKind.CSV:
            return _csv_rows(path, sheet.encoding or "utf-8", sheet.separator or ",")


def _check_text(head: bytes) -> None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    if head.startswith(file_signatures.NO_TABLES):
        raise UnreadableFile(FileProblem.NOT_A_SPREADSHEET)
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<style")):
        raise UnreadableFile(FileProblem.WEB_PAGE)
    if start.startswith((b"{", b"[{")) and b'":' in start:
        raise UnreadableFile(FileProblem.JSON)
    if len(head) - len(head.translate(None, _CONTROLS)) > 0.05 * len(head) + 8:
        raise UnreadableFile(FileProblem.NOT_A_SPREADSHEET)


def _beginning(rows: Iterator[list[str]]) -> list[list[str]]:
    """The first rows, fewer where they are long."""
    seen: list[list[str]] = []
    size = 0
    for cells in islice(rows, _LOOKED_AT):
        seen.append(cells)
        size += sum(map(len, cells))
        if size > _LOOKED_AT_TEXT:
            break
    return seen


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """Lines with their ends (LF, CRLF or CR), without NUL and without a "sep=" line, which is no row to Excel either."""
    with path.open(encoding=encoding, errors=FALLBACK, newline="") as file:
        first = _bounded(file.readline(MAX_ROW), 1)
        if encoding != "utf-8-sig":
            first = first.lstrip("\ufeff")
        if first and not _SEP_LINE.match(first):
            yield first.replace("\0", "")
        number = 1
        while line := file.readline(MAX_ROW):
            number += 1
            if len(line) == MAX_ROW:
                _bounded(line, number)
            yield line.replace("\0", "") if "\0" in line else line


def _bounded(line: str, number: int) -> str:
    if len(line) >= MAX_ROW:
        raise UnreadableFile(FileProblem.ROW_TOO_LONG, number)
    return line


def _csv_rows(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    record: list[str] = []
    number = width = 0

    def remembered() -> Iterator[str]:
        size = 0
        try:
            for line in _lines(path, encoding):
                size = size + len(line) if record else len(line)
                if size > MAX_ROW:  # lines within quotes
                    raise UnreadableFile(FileProblem.QUOTE_NOT_CLOSED)
                record.append(line)
                yield line
        except UnreadableFile as error:
            raise UnreadableFile(error.code, number + 1) from error

    csv.field_size_limit(MAX_CELL)
    try:
        for cells in csv.reader(remembered(), delimiter=separator, skipinitialspace=separator != "\t"):
            number += 1
            width = width or len(cells)
            if len(record) > 1 and _quotes_astray(record, cells, separator, width):
                raise UnreadableFile(FileProblem.QUOTE_NOT_CLOSED, number)
            record.clear()
            if number > MAX_CSV_ROWS:
                raise UnreadableFile(FileProblem.TOO_MANY_ROWS, number)
            if len(cells) > MAX_COLUMNS:
                while cells and not cells[-1]:
                    cells.pop()
                if len(cells) > MAX_COLUMNS:
                    raise UnreadableFile(FileProblem.TOO_MANY_COLUMNS, number)
            yield cells
    except csv.Error as error:
        long = "field limit" in str(error) and len(record) == 1
        raise UnreadableFile(FileProblem.CELL_TOO_LONG if long else FileProblem.QUOTE_NOT_CLOSED, number + 1) from error


def _quotes_astray(record: list[str], cells: list[str], separator: str, width: int) -> bool:
    """Whether a record of several lines comes from a quote that was never closed, or closed by a later row's."""
    try:
        list(csv.reader(record, delimiter=separator, skipinitialspace=separator != "\t", strict=True))
    except csv.Error as error:
        return "end of data" in str(error) or _swallowed(cells, separator, width)
    return False


def _swallowed(cells: list[str], separator: str, width: int) -> bool:
    """Whether a cell of several lines holds what looks like further rows: a stray quote ate them."""
    for index, cell in enumerate(cells):
        first, *others = cell.split("\n")
        if not others:
            continue
        left = width - 1 - index
        eaten = (left >= 2 and first.count(separator) >= left) + sum(
            width > 1 and line.count(separator) >= width - 1 for line in others
        )
        if eaten >= (1 if width >= 4 else 10):
            return True
    return False


def _separator(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors=FALLBACK, newline="") as file:
        if said := _SEP_LINE.match(file.readline(64).lstrip("\ufeff")):
            return said[1]
    sample: list[str] = []
    size = 0
    for line in islice(_lines(path, encoding), _LOOKED_AT):
        sample.append(line)
        size += len(line)
        if size > _LOOKED_AT_TEXT:
            break

    def score(separator: str) -> float:
        try:
            widths = [len(cells) for cells in csv.reader(sample, delimiter=separator, skipinitialspace=True) if any(cells)]
        except csv.Error:
            return 0.0
        if not widths:
            return 0.0
        width, times = Counter(widths).most_common(1)[0]
        fits_header = 2 if widths[0] == width else 1
        return 0.0 if width == 1 else (times / len(widths)) ** 2 * min(width, 12) * fits_header

    best = max(_SEPARATORS, key=score)
    return best if score(best) else ","


def _described(
    kind: FileKind,
    first: list[list[str]],
    lines: int,
    encoding: str | None = None,
    separator: str | None = None,
    sheet_name: str | None = None,
) -> Sheet:
    seen = [[restore(cell) for cell in cells] for cells in first]
    if not any(map(any, seen)):
        raise UnreadableFile(FileProblem.EMPTY)
    header_row = 1 if kind is FileKind.VCARD else _header_row(seen)
    data = [cells for cells in seen[header_row:] if any(cells)]
    header = seen[header_row - 1] if header_row else []
    width = max(_filled(header), _usual_width(data, 0.2 if header_row else 0))
    columns = []
    for index, name in enumerate(_names(header, width)):
        filled = [cells[index][:_SAMPLE] for cells in data if len(cells) > index and cells[index].strip()]
        columns.append(Column(index, name, filled[:SAMPLES], len(filled) / len(data) if data else 0.0))
    preview = [(cells + [""] * width)[:width] for cells in data[:PREVIEW_ROWS]]
    skipped = [cells for cells in seen[: max(header_row - 1, 0)] if any(cells)]
    total = max(lines - header_row, len(data))
    return Sheet(kind, columns, encoding, separator, sheet_name, header_row > 0, header_row, total, preview, skipped)


def _filled(cells: list[str]) -> int:
    return max((index + 1 for index, cell in enumerate(cells) if cell.strip()), default=0)


def _usual_width(data: list[list[str]], share: float) -> int:
    """The columns that more than a `share` of the rows reach: one row with a stray separator makes no new column."""
    widths = sorted(map(_filled, data), reverse=True)
    return widths[min(int(share * len(widths)), len(widths) - 1)] if widths else 0


def _header_row(seen: list[list[str]]) -> int:
    """Number of the header's row, 0 if the table begins with data. Titles of one cell may stand before a header."""
    candidates = [(number, cells) for number, cells in enumerate(seen, 1) if any(cell.strip() for cell in cells)]
    for place, (number, cells) in enumerate(candidates[:10]):
        below = [row for _, row in candidates[place + 1 : place + 30]]
        if _is_header(cells, below):
            return number
        if sum(bool(cell.strip()) for cell in cells) > 1:
            break
    return 0


def _is_header(cells: list[str], below: list[list[str]]) -> bool:
    named = [cell.strip() for cell in cells if cell.strip()]
    if not named or any(looks_like_email(cell) or looks_like_phone(cell) or len(cell) > 100 for cell in named):
        return False
    if len(named) == 1 and below and sum(bool(cell.strip()) for cell in below[0]) > 1:
        return False
    if any(cell.strip() and any(row[index : index + 1] == [cell] for row in below) for index, cell in enumerate(cells)):
        return False
    known = sum(map(is_header_word, named))
    if known and 4 * known >= len(named):
        return True
    # Unknown words: a header is all text over a column that is not.
    if any(re.fullmatch(r"[\d.,/:\s-]+", cell) for cell in named) or len(set(named)) < len(named):
        return False
    typed = [
        index
        for index in range(len(cells))
        if any(len(row) > index and (looks_like_phone(row[index]) or looks_like_email(row[index])) for row in below)
    ]
    return any(cells[index].strip() for index in typed)


def _names(header: list[str], width: int) -> list[str]:
    names: list[str] = []
    for index in range(width):
        plain = " ".join(header[index].split())[:120] if index < len(header) else ""
        name, copy = plain or _letter(index), 1
        while name in names:
            copy += 1
            name = f"{plain or _letter(index)} ({copy})"
        names.append(name)
    return names


def _letter(index: int) -> str:
    return (_letter(index // 26 - 1) if index >= 26 else "") + chr(65 + index % 26)
