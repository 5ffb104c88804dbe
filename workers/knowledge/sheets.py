"""Excel of today."""

from collections.abc import Iterator

import python_calamine

from db.knowledge.passages import path
from workers.knowledge.frames import Document
from workers.knowledge.office import opened
from workers.knowledge.readable import Readable, stem, table


def read(document: Document) -> Readable:
    """Each row of each sheet by itself, under the sheet's name."""
    opened(document).close()
    book = python_calamine.CalamineWorkbook.from_path(document.path)
    sections = [section for name in book.sheet_names for section in table(_rows(book, name), path([stem(document.title), name]))]
    return Readable(sections, len(book.sheet_names))


def _rows(book: python_calamine.CalamineWorkbook, name: str) -> Iterator[list[str]]:
    for row in book.get_sheet_by_name(name).iter_rows():
        yield [_cell(value) for value in row]


def _cell(value: object) -> str:
    """As the sheet shows it, without the `.0` of whole numbers."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
