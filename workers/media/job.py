"""The jobs of message files: fetch one from its provider, look at what it is, keep it; delete those that were let go.

A run may be killed at any moment and begun again: the row names the key from the start, so the bytes are written to the same place,
and `stored` is said once. Refuses to believe what a file is called, and to open pictures in this process.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import structlog

from db import blobs
from db.blobs import HandedOver
from db.clock import now
from db.errors import Unavailable
from db.jobs import DeleteFiles, DownloadFile
from db.messages import files, sniff
from db.messages.enums import FileReason, FileState
from db.messages.files import Found, Waiting
from db.settings import Settings
from workers.credentials import channel_of
from workers.http import Blocked, Downloaded, OutboundClient, OutboundError
from workers.media import pictures
from workers.media.fetch import MAX_BYTES, fetch
from workers.providers import registry
from workers.providers.adapter import FileGone, FileSource
from workers.providers.wire import ProviderError, Wire
from workers.registration import Handler
from workers.runtime import Cancel, Retry, Snooze

log = structlog.get_logger("workers.media")

SHIFT = 300.0  # seconds; then the job gives way and goes on as a new run
LONGEST = 4 * 3600.0
_PIECE = 1 << 20
_GONE = (404, 410)


class Ended(Exception):
    """The file is not here and will not come."""

    def __init__(self, state: FileState, reason: FileReason) -> None:
        super().__init__(f"{state}: {reason}")
        self.state, self.reason = state, reason


class MediaJobs:
    """The jobs of this module with what they need. `client` makes the way out; with `True` it may reach private addresses, for the
    sandbox."""

    def __init__(self, settings: Settings, wire: Wire, client: Callable[[bool], OutboundClient] | None = None) -> None:
        self._settings = settings
        self._wire = wire
        self._client = client or (lambda private: OutboundClient(allow_private=private))

    async def download(self, company_id: UUID, job: DownloadFile) -> None:
        """Raises Retry while the provider or the store does not answer."""
        file = await files.waiting(company_id, job.file_id)
        if file is None:
            return
        with tempfile.TemporaryDirectory(prefix="masteria-media-") as folder:
            path = Path(folder) / "content"
            try:
                got = await self._fetch(company_id, file, path)
                found, thumbnail = await _look(path, file, got)
                await _put(file, found, path, thumbnail)
            except Ended as end:
                log.info("media.ended", file_id=str(file.id), state=end.state.value, reason=end.reason.value)
                await files.ended(company_id, file.id, end.state, end.reason)
                return
            except (Retry, Unavailable, OSError) as again:
                raise Retry(pause(file.created_at), str(again)) from again
        if not await files.stored(company_id, file.id, found):
            await files.delete_bytes(file.key)

    async def _fetch(self, company_id: UUID, file: Waiting, path: Path) -> Downloaded:
        try:
            known = await channel_of(company_id, file.channel_id)
        except Cancel:
            raise Ended(FileState.FAILED, FileReason.CHANNEL_REMOVED) from None
        channel = known.channel
        adapter = registry.adapter(channel.kind)
        try:
            client = adapter.client(self._settings, self._wire, channel, known.token)
            source = await adapter.locate_file(client, self._settings, channel, file)
        except FileGone:
            raise Ended(FileState.GONE, FileReason.EXPIRED) from None
        except ProviderError as error:
            raise Retry(None, f"asked for a file: {error}") from error
        if source.size is not None and source.size > MAX_BYTES:
            raise Ended(FileState.REFUSED, FileReason.TOO_BIG)
        async with self._client(channel.sandbox) as way:
            got = await _bytes(way, source._replace(sha256=None) if source.unseal else source, path)
        return got if source.unseal is None else await _opened(source, path, got)


def pause(since: datetime) -> float:
    """Seconds until another try: as long again as the file has waited, so that the last of twenty comes after thirty hours."""
    return min(max(5.0, (now() - since).total_seconds()), LONGEST)


async def _bytes(way: OutboundClient, source: FileSource, path: Path) -> Downloaded:
    try:
        with await asyncio.to_thread(path.open, "wb") as out:
            got = await fetch(way, source, out)
    except Blocked as error:
        log.warning("media.blocked", error=str(error))
        raise Ended(FileState.REFUSED, FileReason.ADDRESS_REFUSED) from None
    except OutboundError as error:
        if error.kind == "too_large":
            raise Ended(FileState.REFUSED, FileReason.TOO_BIG) from None
        raise Retry(None, str(error)) from error
    if got.status in _GONE and source.lasting:
        raise Ended(FileState.GONE, FileReason.EXPIRED)
    if got.status != 200:
        raise Retry(None, f"HTTP {got.status}")
    if not got.size or (source.sha256 is not None and source.sha256 != got.sha256):
        raise Retry(None, "the file did not come whole")
    return got


async def _opened(source: FileSource, path: Path, got: Downloaded) -> Downloaded:
    """What lay sealed at the provider."""
    assert source.unseal is not None
    try:
        size, sha256 = await asyncio.to_thread(source.unseal, path)
    except ValueError as error:
        raise Retry(None, f"the file does not open: {error}") from error
    if not size or (source.sha256 is not None and source.sha256 != sha256):
        raise Retry(None, "the file did not come whole")
    return msgspec.structs.replace(got, size=size, sha256=sha256)


async def _look(path: Path, file: Waiting, got: Downloaded) -> tuple[Found, bytes]:
    """What the bytes are, and a small picture of a picture."""

    def head() -> bytes:
        with path.open("rb") as content:
            return content.read(sniff.HEAD)

    mime_type = sniff.looked_at(await asyncio.to_thread(head), file.claimed_type)
    if mime_type is None:
        raise Ended(FileState.REFUSED, FileReason.WRONG_TYPE)
    if not mime_type.startswith("image/") or mime_type not in files.INLINE:
        return Found(mime_type, got.size, got.sha256), b""
    seen = await pictures.look(path)
    if not seen.thumbnail:  # broken, or far too large to be shown: kept to be saved
        return Found(files.UNKNOWN, got.size, got.sha256), b""
    return Found(mime_type, got.size, got.sha256, seen.width, seen.height, True), seen.thumbnail


async def _put(file: Waiting, found: Found, path: Path, thumbnail: bytes) -> None:
    store = blobs.store()
    if thumbnail:
        small = HandedOver(files.THUMBNAIL, files.disposition("thumbnail.webp", inline=True))
        await store.put(files.thumbnail_key(file.key), _once(thumbnail), most=len(thumbnail), handed_over=small)
    name = file.name or files.file_name(file.id, found.mime_type)
    shown = HandedOver(found.mime_type, files.disposition(name, inline=found.mime_type in files.INLINE))
    await store.put(file.key, _pieces(path), most=MAX_BYTES, handed_over=shown)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as content:
        while piece := await asyncio.to_thread(content.read, _PIECE):
            yield piece


async def give_up(company_id: UUID, job: DownloadFile, reason: str) -> None:
    """However often it was tried, it did not come."""
    await files.ended(company_id, job.file_id, FileState.FAILED, FileReason.NOT_FETCHED)


async def delete_files(company_id: UUID, job: DeleteFiles) -> None:
    """Batch by batch; harmless when there are none."""
    began = time.monotonic()
    while await files.delete_step(company_id):
        if time.monotonic() - began > SHIFT:
            raise Snooze(now() + timedelta(seconds=1))


JOBS = (
    Handler(DownloadFile, lambda r: MediaJobs(r.settings, r.wire).download, give_up),
    Handler(DeleteFiles, lambda _: delete_files),
)
