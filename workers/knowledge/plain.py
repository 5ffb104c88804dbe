"""Plain text, Markdown and CSV, in whatever encoding they were saved."""

import csv
from pathlib import Path

from db.knowledge.passages import sections
from workers.imports import encodings
from workers.knowledge.frames import Document
from workers.knowledge.readable import Readable, stem, table

_SEPARATORS = ",;\t|"


def _text(document: Document) -> str:
    file = Path(document.path)
    return file.read_text(encodings.scan(file).encoding, encodings.FALLBACK).replace("\0", "")


def read_text(document: Document) -> Readable:
    return Readable(sections(_text(document), stem(document.title)))


def read_csv(document: Document) -> Readable:
    """Each row by itself."""
    text = _text(document)
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    csv.field_size_limit(1 << 20)
    return Readable(table(csv.reader(text.splitlines(), delimiter=separator), stem(document.title)))
