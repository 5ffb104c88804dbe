"""`python -m workers.knowledge.child`: reads one document for a worker and cuts it into passages, with little memory and nothing to lose.

The question comes on standard input, one answer leaves on standard output.
"""

import importlib
import sys
import warnings
from itertools import islice

import msgspec

from db.knowledge.errors import SourceFailure
from db.knowledge.passages import MOST_OF_A_SOURCE, cut
from workers.cage import shut_in
from workers.knowledge.frames import Document, Taken
from workers.knowledge.unreadable import Unreadable

READERS = {
    "application/pdf": ("pdf", "read"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("office", "read_document"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("sheets", "read"),
    "text/csv": ("plain", "read_csv"),
    "text/html": ("page", "read"),
    "text/markdown": ("plain", "read_text"),
    "text/plain": ("plain", "read_text"),
}
"""Module and function that read each type; only what is needed is loaded."""


def take(document: Document) -> Taken:
    """Raises Unreadable, and whatever a library does about a broken file."""
    module, function = READERS[document.mime_type]
    read = getattr(importlib.import_module(f"workers.knowledge.{module}"), function)(document)
    pieces = list(islice(cut(read.sections), MOST_OF_A_SOURCE + 1))
    if not pieces:
        raise Unreadable(SourceFailure.EMPTY)
    if len(pieces) > MOST_OF_A_SOURCE:
        raise Unreadable(SourceFailure.TOO_MANY_PASSAGES, most=MOST_OF_A_SOURCE)
    return Taken(pieces, read.pages, read.empty_pages, read.title, read.links)


def main() -> None:
    document = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Document)
    importlib.import_module(f"workers.knowledge.{READERS[document.mime_type][0]}")
    shut_in(document.parent, document.memory, document.seconds)
    warnings.simplefilter("ignore")
    try:
        taken = take(document)
    except Unreadable as why:
        taken = Taken(failure=why.failure, params=why.params)
    except (Exception, MemoryError):  # whatever a stranger's file does to a library
        taken = Taken(failure=SourceFailure.BROKEN)
    sys.stdout.buffer.write(msgspec.msgpack.encode(taken))


if __name__ == "__main__":
    main()
