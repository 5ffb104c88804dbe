"""The first visible sheet of an Excel workbook (.xlsx) as lines with tabs, for a list of addresses. Reads no more than is said here, however small the
file is packed, and no document that declares entities. Pure.

Only for what a person looks at before it is taken in: contacts are imported by the workers.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from xml.parsers import expat

SIGNATURE = b"PK\x03\x04"
MOST_BYTES = 40_000_000
"""Unpacked, of all parts that are read together."""
MOST_COLUMNS = 200
_PIECE = 65_536
_MAIN = "xl/workbook.xml"
_NAMES = "xl/_rels/workbook.xml.rels"
_SHARED = "xl/sharedStrings.xml"
_PLACE = re.compile(r"([A-Z]{1,3})\d+")
_NO_TEXT = re.compile(r"[\s\"]+")


class Unreadable(Exception):
    """It is no workbook, is damaged or locked, or holds more than is read."""


def text_of(data: bytes) -> str:
    """Raises Unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "\n".join(_lines(_Parts(archive)))
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        KeyError,
        RuntimeError,
        EOFError,
        ValueError,
    ) as error:
        raise Unreadable(str(error)) from None


class _Parts:
    """The parts of a workbook, as long as they are not too large together."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive, self._left = archive, MOST_BYTES

    def read(
        self, name: str, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None], text: Callable[[str], None]
    ) -> None:
        """Names come without their namespace."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = lambda tag, given: start(tag.rpartition(":")[2], given)
        parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2])
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _refuse
        with self._archive.open(name) as part:
            while piece := part.read(_PIECE):
                self._left -= len(piece)
                if self._left < 0:
                    raise Unreadable("too large")
                parser.Parse(piece)
        parser.Parse(b"", True)

    def has(self, name: str) -> bool:
        return name in self._archive.namelist()


def _refuse(*_said: object) -> None:
    raise Unreadable("declares a document type")


def _ignore(*_said: object) -> None:
    """Of parts in which only the elements count."""


def _sheet(parts: _Parts) -> str:
    """The part of the first sheet that is shown."""
    wanted: list[str] = []
    targets: dict[str, str] = {}

    def sheet(tag: str, given: dict[str, str]) -> None:
        if tag == "sheet" and given.get("state", "visible") == "visible":
            wanted.append(next((value for name, value in given.items() if name.endswith(":id")), ""))

    def target(tag: str, given: dict[str, str]) -> None:
        if tag == "Relationship":
            targets[given.get("Id", "")] = given.get("Target", "")

    parts.read(_MAIN, sheet, _ignore, _ignore)
    parts.read(_NAMES, target, _ignore, _ignore)
    if not wanted:
        raise Unreadable("no sheet")
    found = targets[wanted[0]]
    return found.lstrip("/") if found.startswith("/") else f"xl/{found}"


class _Texts:
    """What `<t>` says inside each `<si>` of the shared texts; how it is read aloud (`<rPh>`) does not count."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._part: list[str] = []
        self._in, self._aloud = False, False

    def start(self, tag: str, _given: dict[str, str]) -> None:
        self._in = tag == "t" and not self._aloud
        self._aloud = self._aloud or tag == "rPh"
        if tag == "si":
            self._part = []

    def end(self, tag: str) -> None:
        self._in = False
        self._aloud = self._aloud and tag != "rPh"
        if tag == "si":
            self.found.append("".join(self._part))

    def text(self, piece: str) -> None:
        if self._in:
            self._part.append(piece)


class _Rows:
    """Cells of a sheet, each in its column."""

    def __init__(self, shared: list[str]) -> None:
        self._shared = shared
        self.found: list[list[str]] = []
        self._row: list[str] = []
        self._kind, self._in, self._place = "n", False, 0
        self._said: list[str] = []

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "row":
            self._row = []
        elif tag == "c":
            self._kind, self._said = given.get("t", "n"), []
            at = _PLACE.fullmatch(given.get("r", ""))
            self._place = _column(at[1]) if at else len(self._row)
        self._in = tag in ("v", "t")

    def end(self, tag: str) -> None:
        self._in = False
        if tag == "c" and self._place < MOST_COLUMNS:
            self._row += [""] * (self._place + 1 - len(self._row))
            self._row[self._place] = self._value("".join(self._said).strip())
        elif tag == "row":
            self.found.append(self._row)

    def text(self, piece: str) -> None:
        if self._in:
            self._said.append(piece)

    def _value(self, said: str) -> str:
        if self._kind == "s":
            return self._shared[int(said)] if said else ""
        if self._kind == "n" and said:
            number = float(said)  # a phone may be kept as 5.511987654321E12
            return str(int(number)) if number.is_integer() and abs(number) < 1e15 else said
        return said


def _column(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _lines(parts: _Parts) -> Iterator[str]:
    texts = _Texts()
    if parts.has(_SHARED):
        parts.read(_SHARED, texts.start, texts.end, texts.text)
    rows = _Rows(texts.found)
    parts.read(_sheet(parts), rows.start, rows.end, rows.text)
    for row in rows.found:
        yield "\t".join(_NO_TEXT.sub(" ", cell).strip() for cell in row)
