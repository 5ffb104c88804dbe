"""What every reader of documents returns, and how rows of tables become text."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath

import msgspec

from db.knowledge.passages import Section


class Readable(msgspec.Struct, frozen=True):
    sections: list[Section]
    pages: int = 1
    empty_pages: list[int] = []
    title: str | None = None
    links: list[str] = []


def stem(title: str) -> str:
    """A file's name as a heading."""
    return PurePath(title).stem.replace("_", " ").strip()


def table(rows: Iterable[Sequence[str]], heading: str) -> list[Section]:
    """Each row by itself, as `column: value` by the names in the first row that has any. Empty cells and rows are left out."""
    found: list[Section] = []
    names: Sequence[str] | None = None
    for row in rows:
        cells = [" ".join(cell.split()) for cell in row]
        if not any(cells):
            continue
        if names is None:
            names = cells
            continue
        lines = [
            f"{name}: {cell}" if name else cell for name, cell in zip(_padded(names, len(cells)), cells, strict=False) if cell
        ]
        found.append(Section("\n".join(lines), heading, whole=True))
    if not found and names:  # a single row
        found.append(Section("\n".join(cell for cell in names if cell), heading, whole=True))
    return found


def _padded(names: Sequence[str], length: int) -> list[str]:
    return [*names, *[""] * (length - len(names))]
