"""PDF, page by page. Pages that are pictures are told apart from empty ones."""

import re
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError

from db.knowledge.errors import SourceFailure
from db.knowledge.passages import Section
from workers.knowledge.frames import Document
from workers.knowledge.readable import Readable, stem
from workers.knowledge.unreadable import Unreadable

MOST_PAGES = 500
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")


def read(document: Document) -> Readable:
    reader = PdfReader(document.path, strict=False)
    try:
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable(SourceFailure.LOCKED)
    except (DependencyError, FileNotDecryptedError) as error:
        raise Unreadable(SourceFailure.LOCKED) from error
    count = len(reader.pages)
    if count > MOST_PAGES:
        raise Unreadable(SourceFailure.TOO_MANY_PAGES, most=MOST_PAGES)
    sections, empty, pictures = [], [], []
    for number, page in enumerate(reader.pages, 1):
        text = _BROKEN_WORD.sub("", page.extract_text() or "").strip()
        if text:
            sections.append(Section(text, stem(document.title), number))
        else:
            empty.append(number)
            if _has_picture(page):
                pictures.append(number)
    if not sections:
        raise Unreadable(SourceFailure.SCANNED, pages=ranges(pictures)) if pictures else Unreadable(SourceFailure.EMPTY)
    return Readable(sections, count, pictures)


def _has_picture(page: PageObject) -> bool:
    resources: Any = page.get("/Resources")
    found: Any = resources.get_object().get("/XObject") if resources is not None else None
    if found is None:
        return False
    return any(each.get_object().get("/Subtype") in ("/Image", "/Form") for each in found.get_object().values())


def ranges(numbers: list[int]) -> str:
    """`1-3, 7`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
