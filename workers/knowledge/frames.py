"""What the worker and the process that opens a stranger's document for it say to one another, as msgpack."""

import msgspec

from db.knowledge.errors import SourceFailure
from db.knowledge.passages import Piece


class Document(msgspec.Struct, frozen=True):
    """`title`: stands over text without a heading; `url`: of a page of the web. `parent`: the worker's process id; `memory` in bytes,
    `seconds` of processor time."""

    path: str
    mime_type: str
    title: str
    url: str | None
    parent: int
    memory: int
    seconds: int


class Taken(msgspec.Struct, frozen=True):
    """What stood in it, or why nothing was read. `empty_pages` count from 1; `links` of a page of the web lead anywhere."""

    pieces: list[Piece] = []
    pages: int = 1
    empty_pages: list[int] = []
    title: str | None = None
    links: list[str] = []
    failure: SourceFailure | None = None
    params: dict[str, str | int] = {}
