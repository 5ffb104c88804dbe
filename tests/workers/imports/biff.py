"""Old Excel workbooks (BIFF8 in an OLE container), for tests: there is no library that writes them.

Sources: [MS-XLS] "File Format", [MS-CFB] "Compound File Binary File Format"."""

import struct
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

_SECTOR = 512
_END, _FREE, _TABLE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD  # what a sector is followed by, or is
_GENERAL, _DAY = 0, 1  # places of the two cell formats
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a cell has no zone


class Formula(NamedTuple):
    """A cell with a formula, of which the file holds the result."""

    result: float | str | bool


Cell = str | float | bool | date | Formula | None


def write(path: Path, rows: Iterable[Sequence[Cell]], name: str = "Clientes") -> Path:
    """A workbook of one sheet. Days are numbers with the format of days, as Excel keeps them."""
    texts: dict[str, int] = {}  # with their places in the table that all sheets share
    cells = [_cell(r, c, cell, texts) for r, row in enumerate(rows) for c, cell in enumerate(row)]
    path.write_bytes(_container(b"".join([_globals(name, texts), _bof(0x10), *cells, _record(0x0A)])))
    return path


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _bof(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 1997, 0, 0x06))


def _text(text: str) -> bytes:
    units = text.encode("utf-16-le")
    return struct.pack("<HB", len(units) // 2, 1) + units


def _shared(texts: Iterable[str], count: int) -> bytes:
    """The table of texts: a record holds at most 8,224 bytes, what follows continues it."""
    kind, body, records = 0xFC, struct.pack("<II", count, count), []
    for text in map(_text, texts):
        if len(body) + len(text) > 8224:
            records.append(_record(kind, body))
            kind, body = 0x3C, b""
        body += text
    return b"".join([*records, _record(kind, body)])


def _globals(name: str, texts: dict[str, int]) -> bytes:
    formats = b"".join(_record(0xE0, struct.pack("<HH16x", 0, number)) for number in (0, 14))  # General, the locale's day
    ahead = _bof(0x05) + _record(0x42, struct.pack("<H", 1200)) + _record(0x22, struct.pack("<H", 0)) + formats
    title = bytes([len(name), 0]) + name.encode("latin-1")
    after = _shared(texts, len(texts)) + _record(0x0A)
    start = len(ahead) + 4 + 6 + len(title) + len(after)  # where the sheet's own records begin
    return ahead + _record(0x85, struct.pack("<IBB", start, 0, 0) + title) + after


def _cell(row: int, column: int, cell: Cell, texts: dict[str, int]) -> bytes:
    def place(style: int) -> bytes:
        return struct.pack("<HHH", row, column, style)

    match cell:
        case None:
            return b""
        case bool():
            return _record(0x205, place(_GENERAL) + bytes([cell, 0]))
        case str():
            return _record(0xFD, place(_GENERAL) + struct.pack("<I", texts.setdefault(cell, len(texts))))
        case Formula(bool(result)):
            return _formula(place(_GENERAL), b"\x01\0" + bytes([result]) + b"\0\0\0\xff\xff")
        case Formula(str(result)):
            return _formula(place(_GENERAL), b"\0\0\0\0\0\0\xff\xff") + _record(0x207, _text(result))
        case Formula(result):
            return _formula(place(_GENERAL), struct.pack("<d", result))
        case datetime():
            return _record(0x203, place(_DAY) + struct.pack("<d", (cell - _EPOCH).total_seconds() / 86_400))
        case date():
            return _record(0x203, place(_DAY) + struct.pack("<d", (cell - _EPOCH.date()).days))
        case _:
            return _record(0x203, place(_GENERAL) + struct.pack("<d", cell))


def _formula(place: bytes, result: bytes) -> bytes:
    tokens = b"\x1e\x01\0"  # the number 1; readers take the result
    return _record(0x06, place + result + struct.pack("<HIH", 0, 0, len(tokens)) + tokens)


def _container(stream: bytes) -> bytes:
    """One stream called Workbook, of at most 7 MB: header, its sectors, the directory, and the table that chains the sectors."""
    stream += bytes(max(0, 4096 - len(stream)))  # shorter ones lie elsewhere
    stream += bytes(-len(stream) % _SECTOR)
    sectors = len(stream) // _SECTOR
    tables = -(-(sectors + 2) // 127)  # 128 sectors each, and one more for each table
    assert tables <= 109
    chain = [*range(1, sectors), _END, _END, *[_TABLE] * tables]
    chain += [_FREE] * (tables * 128 - len(chain))
    places = [sectors + 1 + number for number in range(tables)] + [_FREE] * (109 - tables)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<9I", 0, tables, sectors, 0, 4096, _END, 0, _END, 0) + struct.pack("<109I", *places)
    directory = _entry("Root Entry", 5, _END, 0, child=1) + _entry("Workbook", 2, 0, len(stream)) + _entry("", 0, 0, 0) * 2
    return header + stream + directory + struct.pack(f"<{len(chain)}I", *chain)


def _entry(name: str, kind: int, start: int, size: int, child: int = _FREE) -> bytes:
    text = name.encode("utf-16-le")
    head = text + bytes(64 - len(text)) + struct.pack("<HBB", len(text) + 2 if name else 0, kind, 1)
    return head + struct.pack("<III", _FREE, _FREE, child) + bytes(36) + struct.pack("<IQ", start, size)
