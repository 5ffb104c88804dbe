"""The cells of a worksheet and the shared strings of a workbook, read by expat as a stream: no tree is built, nothing is kept
beyond the row in hand. Refuses, by `UnreadableFile`, what is larger than `limits` allows, before it is in memory.

Values come out as the text that a person would type (typed.py). Format: ECMA-376 part 1, 18.3.1.4 (c), 18.4.8 (si)."""

import datetime
from collections.abc import Iterator
from typing import IO, NamedTuple
from xml.parsers import expat

from openpyxl.utils.datetime import from_excel, from_ISO8601
from openpyxl.utils.escape import unescape

from db.contacts.reasons import FileProblem
from workers.imports.limits import MAX_CELL, MAX_COLUMNS, MAX_DEPTH, MAX_ROW, MAX_SHEET_ROWS, MAX_TEXT, MAX_TOKEN
from workers.imports.typed import text_of
from workers.imports.unreadable import UnreadableFile

_CHUNK = 1 << 16
_ERRORS = frozenset(("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"))


class Book(NamedTuple):
    """What the cells of a sheet refer to. `dates` and `spans` are the styles that show a number as a date or as a duration."""

    strings: list[str]
    dates: frozenset[int]
    spans: frozenset[int]
    epoch: datetime.datetime
    language: str = "pt-BR"


def read_strings(source: IO[bytes]) -> list[str]:
    """The shared strings in their order, without formatting and phonetic hints."""
    reader = _Strings()
    for _ in _parsed(source, reader):
        pass
    return reader.strings


def read_rows(source: IO[bytes], book: Book) -> Iterator[list[str]]:
    """Every row from row 1 on, blank ones too, without trailing empty cells. Cells after column `MAX_COLUMNS` must be empty."""
    reader = _Rows(book)
    number = total = 0
    for _ in _parsed(source, reader):
        for at, cells in reader.done:
            for _ in range(number + 1, at):
                yield []
            number = at
            total += sum(map(len, cells))
            if total > MAX_TEXT:
                raise UnreadableFile(FileProblem.TOO_BIG, number)
            yield cells
        reader.done.clear()


class _Reader:
    """Gathers text; `_text` is None where text means nothing."""

    def __init__(self) -> None:
        self.number = 0
        self.depth = 0
        self._text: list[str] | None = None
        self._length = 0
        self._phonetic = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        raise AssertionError

    def end(self, name: str) -> None:
        raise AssertionError

    def data(self, text: str) -> None:
        if self._text is not None:
            self._length += len(text)
            if self._length > MAX_CELL:
                raise UnreadableFile(FileProblem.CELL_TOO_LONG, self.number or None)
            self._text.append(text)


class _Strings(_Reader):
    def __init__(self) -> None:
        super().__init__()
        self.strings: list[str] = []
        self._pieces: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "t":
            self._text = None if self._phonetic else self._pieces
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        if name == "t":
            self._text = None
        elif name == "si":
            pieces = self._pieces
            self.strings.append(_plain(pieces[0] if len(pieces) == 1 else "".join(pieces)))
            pieces.clear()
            self._length = 0
        elif name == "rPh":
            self._phonetic = False


class _Rows(_Reader):
    def __init__(self, book: Book) -> None:
        super().__init__()
        self.done: list[tuple[int, list[str]]] = []
        self._book = book
        self._cells: list[str] = []
        self._size = 0  # characters of the row
        self._column = 0  # of the last cell, from 1
        self._kind = self._style = ""
        self._inline = False
        self._pieces: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._kind = attributes.get("t", "n")
            self._style = attributes.get("s", "")
            place = attributes.get("r")
            self._column = _column(place) if place else self._column + 1
            self._pieces.clear()
            self._length = 0
        elif name == "v":
            self._text = self._pieces if self._kind != "inlineStr" else None
        elif name == "t":
            if self._inline and not self._phonetic:
                self._text = self._pieces
        elif name == "row":
            self.number = max(self.number + 1, int(float(attributes.get("r", 0))))
            if self.number > MAX_SHEET_ROWS:
                raise UnreadableFile(FileProblem.TOO_MANY_ROWS, MAX_SHEET_ROWS + 1)
            self._cells, self._column, self._size = [], 0, 0
        elif name == "is":
            self._inline = self._kind == "inlineStr"
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._text = None
        elif name == "c":
            pieces = self._pieces
            if pieces:
                self._put(_shown(self._kind, pieces[0] if len(pieces) == 1 else "".join(pieces), self._style, self._book))
        elif name == "row":
            cells = self._cells
            while cells and not cells[-1]:
                cells.pop()
            self.done.append((self.number, cells))
        elif name == "is":
            self._inline = False
        elif name == "rPh":
            self._phonetic = False

    def _put(self, cell: str) -> None:
        cells, column = self._cells, self._column
        if not cell:
            return
        if column > MAX_COLUMNS:
            raise UnreadableFile(FileProblem.TOO_MANY_COLUMNS, self.number)
        self._size += len(cell)
        if self._size > MAX_ROW:
            raise UnreadableFile(FileProblem.ROW_TOO_LONG, self.number)
        if column > len(cells):
            cells.extend([""] * (column - len(cells)))
        cells[column - 1] = cell


def _parsed(source: IO[bytes], reader: _Reader) -> Iterator[None]:
    """Feeds the reader; yields after each piece. Raises UnreadableFile with the row that was in hand."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    start, end = reader.start, reader.end

    # Prefixes are as the program that wrote the file likes them; within these two kinds of parts local names are unique.
    def started(name: str, attributes: dict[str, str]) -> None:
        reader.depth += 1
        if reader.depth > MAX_DEPTH:
            raise UnreadableFile(FileProblem.DAMAGED, reader.number or None)
        start(name if ":" not in name else name.rpartition(":")[2], attributes)

    def ended(name: str) -> None:
        reader.depth -= 1
        end(name if ":" not in name else name.rpartition(":")[2])

    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _no_doctype
    fed = 0
    try:
        while chunk := source.read(_CHUNK):
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > MAX_TOKEN:
                raise UnreadableFile(FileProblem.DAMAGED, reader.number or None)
            yield
        parser.Parse(b"", True)
        yield
    except (UnreadableFile, GeneratorExit, MemoryError):
        raise
    except expat.ExpatError as error:
        if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]:
            raise MemoryError from error
        raise UnreadableFile(FileProblem.DAMAGED, reader.number or None) from error
    except Exception as error:  # a package cut short, XML that is none, a number that is none
        raise UnreadableFile(FileProblem.DAMAGED, reader.number or None) from error


def _no_doctype(*declared: object) -> None:
    """Entities can only be declared in a document type, which no spreadsheet program writes."""
    raise UnreadableFile(FileProblem.DAMAGED)


def _column(place: str) -> int:
    """ "AB7" is column 28."""
    column = 0
    for letter in place:
        if "A" <= letter <= "Z":
            column = column * 26 + ord(letter) - 64
        else:
            break
    if not 1 <= column <= 16_384:
        raise ValueError(place[:20])
    return column


def _shown(kind: str, raw: str, style: str, book: Book) -> str:
    if kind == "s":
        return book.strings[int(raw)]
    if kind == "n":
        if style and (number := int(style)) in book.dates:
            return _date(raw, number in book.spans, book)
        if raw.isdecimal() and raw.isascii() and raw[0] != "0":
            return raw
        return text_of(_number(raw), book.language)
    if kind == "b":
        return text_of(int(raw) != 0, book.language)
    if kind == "d":
        return text_of(from_ISO8601(raw), book.language)  # type: ignore[no-untyped-call]
    return _plain(raw)


def _number(raw: str) -> int | float:
    return float(raw) if "." in raw or "E" in raw or "e" in raw else int(raw)


def _date(raw: str, span: bool, book: Book) -> str:
    try:
        return text_of(from_excel(_number(raw), book.epoch, timedelta=span), book.language)
    except (OverflowError, ValueError):  # outside what dates can be: Excel shows an error
        return ""


def _plain(text: str) -> str:
    """A text without what stands for an error, and with the characters that "_x0041_" stands for."""
    if text[:1] == "#" and text in _ERRORS:
        return ""
    return str(unescape(text)) if "_x" in text else text
