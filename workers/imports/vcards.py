"""vCards (.vcf, versions 2.1 to 4.0) as rows of text: one row a card, in columns of our own.

vobject joins folded lines and decodes values; its pattern for a line takes exponential time over some, so lines are parted here. A
card in which nothing is found becomes a row with the beginning of its text, which is then said to have no address: nobody is dropped
in silence. Pictures and sounds are left out. Format: RFC 6350, RFC 2426."""

import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from db.contacts.reasons import FileProblem
from workers.imports.encodings import FALLBACK
from workers.imports.limits import MAX_CARD, MAX_CSV_ROWS, MAX_ROW
from workers.imports.typed import text_of
from workers.imports.unreadable import UnreadableFile

if TYPE_CHECKING:
    from vobject.base import ContentLine  # type: ignore[import-untyped]

_HEADERS = {
    "pt-BR": ["Nome", "Telefone", "Telefone 2", "Telefone 3", "E-mail", "E-mail 2", "Empresa", "Cargo", "Endereço",
              "Aniversário", "Etiquetas", "Observações"],
    "en": ["Name", "Phone", "Phone 2", "Phone 3", "E-mail", "E-mail 2", "Company", "Job title", "Address",
           "Birthday", "Tags", "Notes"],
}  # fmt: skip
_BEGIN = re.compile(r"(?:[\w-]+\.)?BEGIN:\s*VCARD\s*$", re.IGNORECASE)
_END = re.compile(r"(?:[\w-]+\.)?END:\s*VCARD\s*$", re.IGNORECASE)
_PROPERTY = re.compile(r"(?:[\w-]+\.)?([A-Za-z][\w-]*)[;:]")
_UNWANTED = frozenset(("PHOTO", "LOGO", "SOUND", "KEY"))
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T.*)?")
_LINE = re.compile(r'((?:[^":]|"[^"]*")*):(.*)', re.DOTALL)
_PARTS = re.compile(r"(?<!\\)[;,]")


def header(language: str) -> list[str]:
    return list(_HEADERS[language])


def looks_like_vcards(head: bytes) -> bool:
    return head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:11].upper() == b"BEGIN:VCARD"


def count(path: Path, encoding: str) -> int:
    with path.open(encoding=encoding, errors=FALLBACK) as file:
        return sum(line[:1] in "bBiI" and _BEGIN.match(line) is not None for line in iter(lambda: file.readline(MAX_ROW), ""))


def read_cards(path: Path, encoding: str, language: str = "pt-BR") -> Iterator[list[str]]:
    """One row of `header` for each card, in the file's order."""
    for number, card in enumerate(_cards(path, encoding), 1):
        if number > MAX_CSV_ROWS:
            raise UnreadableFile(FileProblem.TOO_MANY_ROWS, number)
        cells = _row(_lines(card), language)
        yield cells if any(cells) else [" ".join(card.split())[:200]]


def _cards(path: Path, encoding: str) -> Iterator[str]:
    """The text of each card, without cards within it and without what is no text."""
    with path.open(encoding=encoding, errors=FALLBACK) as file:
        number = depth = size = 0
        lines: list[str] = []
        wanted = True
        for line in iter(lambda: file.readline(MAX_ROW), ""):
            if _BEGIN.match(line):
                depth += 1
                if depth == 1:
                    number, size, lines = number + 1, 0, []
            ends = depth > 0 and _END.match(line) is not None
            if property_ := _PROPERTY.match(line):
                wanted = property_[1].upper() not in _UNWANTED
            if depth == 1 and wanted:
                size += len(line)
                if size > MAX_CARD:
                    raise UnreadableFile(FileProblem.CELL_TOO_LONG, number + 1)  # row 1 is the header
                lines.append(line.replace("\0", ""))
            if ends:
                depth -= 1
                if not depth:
                    yield "".join(lines)
                    lines = []
        if lines:
            yield "".join([*lines, "\nEND:VCARD\n"])


_Lines = dict[str, "list[ContentLine]"]


def _lines(card: str) -> _Lines:
    """The lines of a card by their names in capitals."""
    from vobject.base import ContentLine, getLogicalLines  # not at the top: most lists are none, and each has a reader of its own

    found: _Lines = {}
    for text, _ in getLogicalLines(io.StringIO(card)):
        if not (parted := _LINE.match(text)):
            continue
        name, *given = parted[1].split(";")
        group, _, name = name.rpartition(".")
        params = [[piece.strip('" ') for piece in re.split("[=,]", param)] for param in given]
        try:
            line = ContentLine(name.strip(), params, parted[2], group or None, encoded=True)
        except (ValueError, LookupError):  # quoted-printable that is none, a character set that nobody knows
            line = ContentLine(name.strip(), [], parted[2])
        found.setdefault(line.name, []).append(line)
    return found


def _row(card: _Lines, language: str) -> list[str]:
    phones = _phones(card)
    emails = _texts(card, "EMAIL")
    return [
        _name(card),
        phones[0] if phones else "",
        phones[1] if len(phones) > 1 else "",
        " / ".join(phones[2:]),
        emails[0] if emails else "",
        " / ".join(emails[1:]),
        *(", ".join(_parts(next(iter(_texts(card, kind)), ""))) for kind in ("ORG", "TITLE", "ADR")),
        _birthday(next(iter(_texts(card, "BDAY")), ""), language),
        ", ".join(part for text in _texts(card, "CATEGORIES") for part in _parts(text)),
        "\n".join(_plain(text) for text in _texts(card, "NOTE")),
    ]


def _texts(card: _Lines, name: str) -> list[str]:
    return [text for line in card.get(name, []) if (text := str(line.value).strip())]


def _phones(card: _Lines) -> list[str]:
    """Mobiles first, then what is preferred, then in their order."""
    found = []
    for place, line in enumerate(card.get("TEL", [])):
        text = str(line.value).strip().removeprefix("tel:")
        said = {one.upper() for one in (*line.singletonparams, *line.params, *(v for vs in line.params.values() for v in vs))}
        if text:
            found.append((not said & {"CELL", "MOBILE", "IPHONE"}, "PREF" not in said, place, text))
    return [text for *_, text in sorted(found)]


def _name(card: _Lines) -> str:
    if full := next(iter(_texts(card, "FN")), ""):
        return " ".join(_plain(full).split())
    family, given, *_ = [*_split(next(iter(_texts(card, "N")), "")), "", ""]
    return f"{given} {family}".strip()


def _split(text: str) -> list[str]:
    return [_plain(part) for part in _PARTS.split(text)]


def _parts(text: str) -> list[str]:
    return [part for part in _split(text) if part]


def _plain(text: str) -> str:
    """Without the backslashes of the format."""
    return re.sub(r"\\([\\,;:nN])", lambda sign: "\n" if sign[1] in "nN" else sign[1], text).strip()


def _birthday(text: str, language: str) -> str:
    if day := _DAY.fullmatch(text):
        try:
            return text_of(date(int(day[1]), int(day[2]), int(day[3])), language)
        except ValueError:
            pass
    return text
