"""The job that reads a source: a file, a page or a site. Begun again it reads anew, and what was found before is found until the end."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from uuid import UUID

import msgspec
import structlog

from db import blobs
from db.errors import NotFound
from db.jobs import ReadSource
from db.knowledge import readings, store
from db.knowledge.enums import SourceKind
from db.knowledge.errors import SourceFailure
from db.knowledge.passages import MOST_OF_A_SOURCE, Piece
from db.knowledge.readings import Read, Reading
from workers.http import OutboundClient
from workers.knowledge import caged
from workers.knowledge.site import Site
from workers.knowledge.unreadable import Unreadable
from workers.registration import Handler

log = structlog.get_logger("workers.knowledge")

_TELL = 1.0  # seconds between two reports


class ReadingJobs:
    """`client` makes the way out to pages."""

    def __init__(self, client: Callable[[], OutboundClient] = OutboundClient) -> None:
        self._client = client

    async def read(self, company_id: UUID, job: ReadSource) -> None:
        """Says with the source why it could not be read."""
        reading = await readings.begin(company_id, job.source_id)
        if reading is None:
            return
        try:
            read = await (_file(reading) if reading.kind is SourceKind.FILE else self._pages(company_id, reading))
        except Unreadable as why:
            log.info("knowledge.unreadable", source_id=str(reading.id), failure=why.failure.value)
            await readings.failed(company_id, reading.id, why.failure, **why.params)
            return
        refused = await readings.done(company_id, reading, read)
        if refused is not None:
            await readings.failed(company_id, reading.id, refused, most=store.MOST)

    async def _pages(self, company_id: UUID, reading: Reading) -> Read:
        assert reading.url is not None
        pieces: list[Piece] = []
        titles: list[str | None] = []
        told = time.monotonic()
        async with self._client() as client:
            site = Site(client, reading.url, reading.max_pages)
            async for found in site.pages():
                pieces += found.taken.pieces
                titles.append(found.taken.title)
                if len(pieces) > MOST_OF_A_SOURCE:
                    raise Unreadable(SourceFailure.TOO_MANY_PASSAGES, most=MOST_OF_A_SOURCE)
                if time.monotonic() - told > _TELL:
                    told = time.monotonic()
                    await readings.progress(company_id, reading, len(titles), found.known)
        kept = await self._kept(company_id, reading, site, len(titles))
        pieces += kept
        if len(pieces) > MOST_OF_A_SOURCE:
            raise Unreadable(SourceFailure.TOO_MANY_PASSAGES, most=MOST_OF_A_SOURCE)
        return Read(pieces, len(titles), [], _digest(pieces), titles[0], len({piece.url for piece in kept}))

    async def _kept(self, company_id: UUID, reading: Reading, site: Site, read: int) -> list[Piece]:
        """What was read before of pages that gave no answer this time, as long as the source has room for pages."""
        kept: dict[str, list[Piece]] = {}
        for piece in await readings.held(company_id, reading.id) if reading.kind is SourceKind.SITE else ():
            if piece.url is not None and site.lost(piece.url) and (piece.url in kept or read + len(kept) < reading.max_pages):
                kept.setdefault(piece.url, []).append(piece)
        return [piece for pieces in kept.values() for piece in pieces]


async def _file(reading: Reading) -> Read:
    assert reading.key is not None
    assert reading.mime_type is not None
    try:
        async with blobs.local(reading.key) as path:
            taken = await caged.take(await asyncio.to_thread(path.resolve), reading.mime_type, reading.title)
    except NotFound:
        raise Unreadable(SourceFailure.FILE_GONE) from None
    return Read(taken.pieces, taken.pages, taken.empty_pages, _digest(taken.pieces))


def _digest(pieces: list[Piece]) -> bytes:
    return hashlib.sha256(msgspec.msgpack.encode(pieces)).digest()


async def give_up(company_id: UUID, job: ReadSource, reason: str) -> None:
    """However often it was tried, it was broken off."""
    await readings.failed(company_id, job.source_id, SourceFailure.GAVE_UP)


JOBS = (Handler(ReadSource, lambda _: ReadingJobs().read, give_up),)
