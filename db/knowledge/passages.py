"""Cuts what was read into passages: by headings, then paragraphs, then sentences. Refuses to know about files and the database.

A passage has 700 to 1,000 characters where the text allows it, and 1,500 at most: what a model of 512 tokens reads whole. It carries
the path of its headings; one that goes on in the middle of a text begins with the last sentence of the one before.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

ENOUGH = 700  # characters
TARGET = 1000
MOST = 1500
HEADING = 200
MOST_OF_A_SOURCE = 5000  # passages
OVERLAP = 200

_BLANKS = re.compile(r"[^\S\n]+")
_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’)\]]{0,2}\s+(?=[\"“‘(\[¿¡]?[^\W_a-zà-ÿ])|\n+")
_MARKDOWN = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.{1,300}?)[ \t]*#*[ \t]*$", re.MULTILINE)


class Section(msgspec.Struct, frozen=True):
    """A piece of a document under one heading. `whole`: it is a row of a table or a question with its answer, which is not put together
    with others and is cut only beyond `MOST`."""

    text: str
    heading: str = ""
    page: int | None = None
    url: str | None = None
    whole: bool = False


class Piece(msgspec.Struct, frozen=True):
    """A passage as it is kept. `page` counts from 1."""

    heading: str
    body: str
    page: int | None = None
    url: str | None = None


def path(headings: Iterable[str]) -> str:
    """`Garantia > Prazos`."""
    return " > ".join(part for heading in headings if (part := " ".join(heading.split())))[-HEADING:]


def sections(text: str, title: str = "") -> list[Section]:
    """A text whose headings are written as Markdown does."""
    found, stack, start = [], list[tuple[int, str]](), 0
    for mark in _MARKDOWN.finditer(text):
        found.append(Section(text[start : mark.start()], path(heading for _, heading in stack) or title))
        level = len(mark[1])
        stack = [(above, heading) for above, heading in stack if above < level] + [(level, mark[2])]
        start = mark.end()
    found.append(Section(text[start:], path(heading for _, heading in stack) or title))
    return [section for section in found if section.text.strip()]


def cut(sections: Iterable[Section]) -> Iterator[Piece]:
    """The passages of a document, in order; sections without text have none."""
    for section in sections:
        text = _BLANKS.sub(" ", section.text.replace("\r\n", "\n").replace("\r", "\n")).strip()
        heading = " ".join(section.heading.split())[:HEADING]
        if section.whole and len(text) <= MOST:
            bodies: Iterable[str] = [text] if text else []
        else:
            bodies = _packed(list(_units(text)))
        for body in bodies:
            yield Piece(heading, body, section.page, section.url)


def _units(text: str) -> Iterator[tuple[str, str]]:
    """Paragraphs with what stands between them and the unit before; long ones as sentences, endless ones as runs of words."""
    for paragraph in _PARAGRAPHS.split(text):
        if len(paragraph := paragraph.strip()) <= TARGET:
            if paragraph:
                yield "\n\n", paragraph
            continue
        between = "\n\n"
        for sentence in _SENTENCE_END.split(paragraph):
            for part in _words(sentence.strip()):
                yield between, part
                between = " "


def _words(sentence: str) -> Iterator[str]:
    while len(sentence) > MOST:
        end = sentence.rfind(" ", ENOUGH, MOST)
        end = end if end > 0 else MOST
        yield sentence[:end].rstrip()
        sentence = sentence[end:].lstrip()
    if sentence:
        yield sentence


def _packed(units: list[tuple[str, str]]) -> Iterator[str]:
    body, fresh = "", False
    for between, unit in units:
        if fresh and len(body) + len(unit) > (MOST if len(body) < ENOUGH else TARGET):
            yield body
            last = _SENTENCE_END.split(body)[-1].strip()
            body = last if len(last) <= OVERLAP and len(last) + len(unit) < MOST else ""
        body = f"{body}{between}{unit}" if body else unit
        fresh = True
    if fresh:
        yield body
