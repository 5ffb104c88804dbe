"""Word of today, an archive of XML, as Excel is. One that unfolds to far more than it is, is not opened."""

import re
import zipfile
from xml.etree import ElementTree

from db.knowledge.errors import SourceFailure
from db.knowledge.passages import Section, path
from workers.knowledge.frames import Document
from workers.knowledge.readable import Readable, stem, table
from workers.knowledge.unreadable import Unreadable

RATIO, MOST_UNFOLDED = 100, 200_000_000  # an archive's bytes by those of the file, and at all
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_ENCRYPTED = b"\xd0\xcf\x11\xe0"
"""An old kind of container: what Word and Excel put a document into that has a password."""


def opened(document: Document) -> zipfile.ZipFile:
    """The archive, of a size that may be unfolded. Raises Unreadable."""
    with open(document.path, "rb") as file:
        if file.read(4) == _ENCRYPTED:
            raise Unreadable(SourceFailure.LOCKED)
    archive = zipfile.ZipFile(document.path)
    folded, unfolded = 0, 0
    for entry in archive.infolist():
        folded, unfolded = folded + entry.compress_size, unfolded + entry.file_size
    if unfolded > MOST_UNFOLDED or unfolded > RATIO * max(folded, 1_000):
        raise Unreadable(SourceFailure.TOO_LARGE, most_mb=MOST_UNFOLDED // 1_000_000)
    return archive


def read_document(document: Document) -> Readable:
    """Paragraphs under their headings; each row of a table by itself."""
    with opened(document) as archive:
        levels = _levels(archive)
        body = _xml(archive, "word/document.xml").find(f"{_W}body")
    sections: list[Section] = []
    stack: list[tuple[int, str]] = []
    lines: list[str] = []

    def flush() -> None:
        heading = path(heading for _, heading in stack) or stem(document.title)
        sections.append(Section("\n\n".join(lines), heading))
        lines.clear()

    for block in body if body is not None else ():
        if block.tag == f"{_W}tbl":
            flush()
            heading = path(heading for _, heading in stack) or stem(document.title)
            sections += table(([_text(cell) for cell in row.iter(f"{_W}tc")] for row in block.iter(f"{_W}tr")), heading)
            continue
        for paragraph in block.iter(f"{_W}p"):
            text, level = _text(paragraph), levels.get(_style(paragraph), 0)
            if level and text:
                flush()
                stack = [(above, heading) for above, heading in stack if above < level] + [(level, text)]
            elif text:
                lines.append(text)
    flush()
    return Readable([section for section in sections if section.text])


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    with archive.open(name) as file:
        return ElementTree.parse(file).getroot()  # noqa: S314 - expat unfolds no bombs, and this process has bounds


def _levels(archive: zipfile.ZipFile) -> dict[str, int]:
    """Which styles are headings, in whatever language their ids are: `Ttulo1` is `heading 1` by name."""
    if "word/styles.xml" not in archive.namelist():
        return {}
    found = {}
    for style in _xml(archive, "word/styles.xml").iter(f"{_W}style"):
        name = style.find(f"{_W}name")
        said = name.get(f"{_W}val", "") if name is not None else ""
        known = _HEADING.fullmatch(said)
        if known or said.lower() == "title":
            found[style.get(f"{_W}styleId", "")] = int(known[1]) if known else 1
    return found


def _style(paragraph: ElementTree.Element) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return style.get(f"{_W}val", "") if style is not None else ""


def _text(element: ElementTree.Element) -> str:
    """With tabs and line breaks as blanks; without what was deleted."""
    parts = []
    for node in element.iter():
        if node.tag == f"{_W}t":
            parts.append(node.text or "")
        elif node.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr", f"{_W}p"):
            parts.append(" ")
    return " ".join("".join(parts).split())
