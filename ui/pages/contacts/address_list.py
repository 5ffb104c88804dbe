"""Phones and e-mails out of what somebody pasted, or of a file from another system, whatever separates its columns. Finds what looks like an address;
whether it is one says the API. Nothing is dropped in silence: a row without any is told apart. Pure."""

import csv
import re
from typing import NamedTuple

_MOST_CHARS = 254
_SEPARATORS = ";\t|,"
_BETWEEN = re.compile(r"[;,|/\t]")
_MAIL = re.compile(r"[^\s<>\"'()\[\]:]+@[^\s<>\"'()\[\]:]+")
_PHONE = re.compile(r"\+?\(?\d[\d\s().-]{6,22}\d")
_NO_PHONE = re.compile(r"\d{4}-\d\d-\d\d.*|\d\d[.-]\d\d[.-]\d{4}|\d{3}\.\d{3}\.\d{3}-\d\d")  # days, and Brazil's tax numbers
_NAMED = re.compile(r"fone|celular|whats|phone|mobile|n[uú]mero|number|mail", re.IGNORECASE)


class Found(NamedTuple):
    """`wrong`: rows in which nothing looks like an address."""

    addresses: list[str]
    wrong: list[str]


def decoded(data: bytes) -> str:
    """A text file of whatever program: UTF-8, UTF-16 with its mark, else Windows' Western letters."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def found_in(text: str) -> Found:
    """With headers that name columns of phones or e-mails these alone count, whole: a customer's number is no phone."""
    lines = [line for line in text.replace("\0", "").splitlines() if line.strip()]
    if lines and (columns := _columns(lines)):
        separator, places = columns
        rows = [[cells[place] for place in places if place < len(cells)] for cells in _cells(lines[1:], separator)]
        pieces = [[piece.strip() for cell in row for piece in _BETWEEN.split(cell) if piece.strip()] for row in rows]
        whole = [" ".join(line.split()) for line in lines[1:]]
        shown = [(row or None, line) for row, line in zip(pieces, whole, strict=False)]
    else:
        shown = [(_in_line(line), " ".join(line.split())) for line in lines]
    addresses = [one[:_MOST_CHARS] for row, _line in shown for one in row or ()]
    return Found(addresses, [line[:_MOST_CHARS] for row, line in shown if not row])


def _columns(lines: list[str]) -> tuple[str, list[int]] | None:
    """What separates the columns of a table with headers, and which of them hold addresses; None: there are no such headers."""
    if _in_line(lines[0]):
        return None
    separator = max(_SEPARATORS, key=lambda sign: (lines[0].count(sign), -_SEPARATORS.index(sign)))
    places = [place for place, name in enumerate(_cells(lines[:1], separator)[0]) if _NAMED.search(name)]
    return (separator, places) if places else None


def _cells(lines: list[str], separator: str) -> list[list[str]]:
    """Line by line, so that a quote that nobody closed swallows no other row."""
    return [next(csv.reader([line], delimiter=separator), []) for line in lines]


def _in_line(line: str) -> list[str]:
    found: list[str] = []
    for piece in _BETWEEN.split(line):
        mails = _MAIL.findall(piece)
        phones = [] if mails else [one for one in _PHONE.findall(piece) if not _NO_PHONE.fullmatch(one.strip())]
        found += mails + [one.strip() for one in phones if 8 <= sum(map(str.isdigit, one)) <= 15]
    return found
