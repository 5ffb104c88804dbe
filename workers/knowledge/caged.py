"""The worker's side of opening a document: a process does it, with bounds, and whatever the document does to it the worker goes on."""

import os
import time
from pathlib import Path

from db.knowledge.errors import SourceFailure
from workers.knowledge.frames import Document, Taken
from workers.knowledge.unreadable import Unreadable
from workers.media import caged

MEMORY = 768 << 20  # bytes of address space
SECONDS = 60  # of processor time
PATIENCE = 240.0  # seconds: others share the processors
_MOST = 64 << 20  # bytes of an answer


async def take(path: Path, mime_type: str, title: str, url: str | None = None) -> Taken:
    """`path` absolute. Raises Unreadable."""
    began = time.monotonic()
    document = Document(str(path), mime_type, title, url, os.getpid(), MEMORY, SECONDS)
    taken = await caged.ask("workers.knowledge.child", document, Taken, patience=PATIENCE, most=_MOST)
    if taken is None:
        slow = time.monotonic() - began >= SECONDS
        raise Unreadable(SourceFailure.TOO_SLOW if slow else SourceFailure.UNREADABLE)
    if taken.failure is not None:
        raise Unreadable(taken.failure, **taken.params)
    return taken
