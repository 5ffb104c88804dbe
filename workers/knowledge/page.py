"""Pages of the web: their headings and text, without what stands on every page of a site."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from db.knowledge.errors import SourceFailure
from db.knowledge.passages import Section, sections
from workers.imports import encodings
from workers.knowledge.frames import Document
from workers.knowledge.readable import Readable, stem
from workers.knowledge.unreadable import Unreadable

MOST_LINKS = 2000
_NOISE = "script, style, noscript, template, svg, nav, footer, form, iframe, button, select, [hidden], [aria-hidden=true]"
_BLOCKS = frozenset(
    (
        "p",
        "div",
        "section",
        "article",
        "ul",
        "ol",
        "dl",
        "dd",
        "dt",
        "table",
        "tr",
        "blockquote",
        "pre",
        "figure",
        "header",
        "main",
        "hr",
    )
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_DEEPEST = 400


def read(document: Document) -> Readable:
    raw = Path(document.path)
    parser = LexborHTMLParser(_markup(raw))
    body = parser.body
    if body is None:
        raise Unreadable(SourceFailure.EMPTY)
    title = parser.css_first("title")
    said = " ".join(title.text().split())[:300] if title is not None else ""
    links = list(_links(parser, document.url)) if document.url else []
    for noise in body.css(_NOISE):
        noise.decompose()
    main = body.css_first("main") or body.css_first("article")
    chosen = main if main is not None and 2 * len(main.text()) > len(body.text()) else body
    text = "".join(_texts(chosen, 0))
    found = [Section(each.text, each.heading, url=document.url) for each in sections(text, said or stem(document.title))]
    return Readable(found, title=said or None, links=links)


def _markup(file: Path) -> str:
    return file.read_text(encodings.scan(file).encoding, encodings.FALLBACK).replace("\0", "")


def _links(parser: LexborHTMLParser, url: str) -> Iterator[str]:
    base = parser.css_first("base[href]")
    start = urljoin(url, base.attributes.get("href") or "") if base is not None else url
    for node in parser.css("a[href]")[:MOST_LINKS]:
        try:
            target = urldefrag(urljoin(start, (node.attributes.get("href") or "").strip())).url
        except ValueError:
            continue
        if target.startswith(("https://", "http://")):
            yield target


def _texts(node: LexborNode, depth: int) -> Iterator[str]:
    """The text below a node, with headings as Markdown writes them and blank lines between blocks."""
    for child in node.iter(include_text=True):
        tag = child.tag
        if tag == "-text":
            yield " ".join((child.text_content or "").split()) + " " if (child.text_content or "").strip() else " "
        elif tag in _HEADINGS:
            yield f"\n\n{'#' * _HEADINGS[tag]} {' '.join(child.text().split())}\n\n"
        elif tag == "br":
            yield "\n"
        elif tag in ("td", "th"):
            yield " ".join(child.text(separator=" ").split()) + " | "
        elif tag == "li":
            yield "\n- "
            yield from _below(child, depth)
        elif tag in _BLOCKS:
            yield "\n\n" if tag != "tr" else "\n"
            yield from _below(child, depth)
            yield "\n\n" if tag != "tr" else "\n"
        else:
            yield from _below(child, depth)


def _below(node: LexborNode, depth: int) -> Iterator[str]:
    if depth < _DEEPEST:
        yield from _texts(node, depth + 1)
    else:
        yield node.text(separator=" ")
