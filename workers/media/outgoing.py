"""The jobs of files that our people send: look at a picture, make a voice message of a recording, hand a file to the provider.

Handing over tells nobody anything, so it is repeated freely; the message goes once, afterwards, by the ledger. Refuses to open pictures
and recordings in this process.
"""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import structlog

from db import blobs, file_links
from db.blobs import HandedOver
from db.campaigns import lifecycle
from db.channels.secrets import ChannelRow, load_channel, unseal
from db.clock import now
from db.crypto import SealBroken
from db.errors import NotFound, RequestError, Unavailable
from db.file_links import Link
from db.jobs import LookAtFile, SendFile
from db.messages import files, header_files, sniff, uploads
from db.messages.file_replies import VOICE
from db.messages.files import Found
from db.messages.header_files import Wanted
from db.messages.reasons import FailureReason
from db.messages.render import FileContent
from db.messages.uploads import Waiting
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.work import read, work
from workers.media import caged, pictures
from workers.media.frames import Recording, Voice
from workers.outcomes import PauseChannel, RetryAfter, Unknown, reason_of, retry_delay
from workers.outgoing import pause_channel
from workers.providers import registry
from workers.providers.adapter import HandedFile, NotNow
from workers.providers.wire import ProviderError, Wire
from workers.registration import Handler
from workers.runtime import Retry, Snooze

log = structlog.get_logger("workers.media")

LINK = timedelta(hours=20)
"""So long the address of a file works that a provider fetches itself: it does when it takes the message, which may wait for hours."""
VOICE_MEMORY = 1 << 30  # bytes of address space
VOICE_SECONDS = 120  # of processor time
VOICE_PATIENCE = 240.0
VOICE_MOST = 16 << 20  # bytes, as much as WhatsApp takes
CLOSED = timedelta(seconds=20)  # until a channel that does not send is looked at again


class OutgoingFiles:
    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings, self._wire = settings, wire

    async def send(self, company_id: UUID, job: SendFile) -> None:
        """Raises Retry while the provider or the store does not answer, Snooze while the channel does not send."""
        waiting = await uploads.waiting(company_id, job.file_id)
        if waiting is None:
            waits: list[Retry | Snooze] = []
            for wanted in await header_files.wanted(company_id, job.file_id):
                try:
                    await self._of_templates(company_id, job.file_id, wanted)
                except (Retry, Snooze) as later:  # the other channels do not wait for this one
                    waits.append(later)
            if waits:
                raise waits[0]
            return
        async with read(worker(company_id), Permission.CHANNELS_READ) as r:
            channel = await load_channel(r, waiting.channel_id)
        if channel is None:
            await uploads.failed(company_id, job.file_id, FailureReason.MEDIA)
            return
        if not channel.sendable:
            raise Snooze(_open_again(channel))
        with tempfile.TemporaryDirectory(prefix="masteria-media-") as folder:
            path = Path(folder) / "content"
            try:
                await _get(waiting.key, path)
                content = await _voice(company_id, waiting, path) if waiting.content.voice else waiting.content
                if content is None:
                    await uploads.failed(company_id, job.file_id, FailureReason.MEDIA)
                    return
                handed = await self._hand_over(channel, waiting, content, path)
            except NotFound:  # the file
                await uploads.failed(company_id, job.file_id, FailureReason.MEDIA)
                return
            except SealBroken as error:
                trouble = PauseChannel(FailureReason.TOKEN_INVALID, message=f"the stored token does not open: {error}")
                await self._not_taken(channel, waiting, ProviderError(trouble, None, ""))
                return
            except ProviderError as error:
                await self._not_taken(channel, waiting, error)
                return
            except (Unavailable, OSError) as error:  # the store
                await self._not_taken(channel, waiting, ProviderError(RetryAfter(None, FailureReason.MEDIA), None, str(error)))
                return
        await uploads.handed_over(company_id, handed)

    async def _of_templates(self, company_id: UUID, file_id: UUID, wanted: Wanted) -> None:
        """The file at the head of templates. Raises Retry, Snooze."""
        async with read(worker(company_id), Permission.CHANNELS_READ) as r:
            channel = await load_channel(r, wanted.channel_id)
        if channel is None:
            return
        if not channel.sendable:
            raise Snooze(_open_again(channel))
        try:
            if not wanted.stored:
                raise RequestError.NOT_FOUND(what="file")
            with tempfile.TemporaryDirectory(prefix="masteria-media-") as folder:
                path = Path(folder) / "content"
                await _get(wanted.key, path)
                media, until = await self._to_provider(channel, file_id, wanted.key, wanted.name, wanted.mime_type, path)
        except NotFound:
            await self._refused(channel, file_id, "the file is gone")
        except SealBroken as error:
            trouble = PauseChannel(FailureReason.TOKEN_INVALID, message=f"the stored token does not open: {error}")
            await pause_channel(channel, trouble)
            raise Snooze(now() + CLOSED) from error
        except ProviderError as error:
            match error.outcome:
                case PauseChannel() as outcome:
                    await pause_channel(channel, outcome)
                    raise Snooze(now() + CLOSED) from error
                case RetryAfter() | Unknown():
                    raise Retry(None, str(error)) from error
                case _:
                    await self._refused(channel, file_id, str(error))
        except (Unavailable, OSError) as error:  # the store
            raise Retry(None, str(error)) from error
        else:
            await header_files.handed_over(company_id, channel.id, file_id, media, until)

    async def _refused(self, channel: ChannelRow, file_id: UUID, detail: str) -> None:
        log.warning("media.refused", file_id=str(file_id), error=detail)
        async with work(worker(channel.company_id), Permission.CAMPAIGNS_SEND) as w:
            await lifecycle.refuse_file(w, channel.id, file_id, detail)

    async def _hand_over(self, channel: ChannelRow, waiting: Waiting, content: FileContent, path: Path) -> FileContent:
        of_file = content.file_id, waiting.key, content.name, content.mime_type
        media, kept_until = await self._to_provider(channel, *of_file, path)
        return msgspec.structs.replace(content, media=media, media_until=kept_until)

    async def _to_provider(
        self, channel: ChannelRow, file_id: UUID, key: str, name: str | None, mime_type: str, path: Path
    ) -> tuple[str, datetime | None]:
        until = now() + LINK
        link = await blobs.store().link(key, int(LINK.total_seconds()))
        if link is None:
            link = self._settings.webhook_url + file_links.sign(Link(channel.company_id, file_id, False), until)
        adapter = registry.adapter(channel.kind)
        token = unseal(channel.company_id, channel.id, "token", channel.token)
        client = adapter.client(self._settings, self._wire, channel, token)
        file = HandedFile(path, name or files.file_name(file_id, mime_type), mime_type, link, until)
        try:
            return await adapter.hand_over(client, self._settings, channel, file)
        except NotNow as error:
            raise Snooze(now() + CLOSED) from error

    async def _not_taken(self, channel: ChannelRow, waiting: Waiting, error: ProviderError) -> None:
        """What the answer means, as for a message on the wire. Raises Retry, Snooze."""
        company_id, file_id = channel.company_id, waiting.content.file_id
        match error.outcome:
            case PauseChannel() as outcome:
                await uploads.troubled(company_id, file_id, outcome.reason, outcome.code)
                await pause_channel(channel, outcome)
                raise Snooze(now() + CLOSED) from error
            case RetryAfter() as outcome:
                tries = await uploads.troubled(company_id, file_id, outcome.reason, outcome.code)
                raise Retry(retry_delay(outcome, tries), str(error)) from error
            case Unknown():  # handing over tells nobody anything
                tries = await uploads.troubled(company_id, file_id, FailureReason.NETWORK, None)
                raise Retry(retry_delay(RetryAfter(None, FailureReason.NETWORK), tries), str(error)) from error
            case outcome:
                log.warning("media.refused", file_id=str(file_id), error=str(error))
                await uploads.failed(company_id, file_id, reason_of(outcome), getattr(outcome, "code", None))


def _open_again(channel: ChannelRow) -> datetime:
    """When to look again: a person may let it go on at any moment."""
    soon = now() + CLOSED
    return soon if channel.paused_until is None else max(now(), min(soon, channel.paused_until))


async def _voice(company_id: UUID, waiting: Waiting, path: Path) -> FileContent | None:
    """The recording as a voice message, in the place of what was uploaded; None when there is no sound in it."""
    head = await asyncio.to_thread(_head, path)  # of the bytes that are there: a run that ended early may have converted them
    mime_type = sniff.looked_at(head, waiting.mime_type) or files.UNKNOWN
    question = Recording(str(path), mime_type, os.getpid(), VOICE_MEMORY, VOICE_SECONDS)
    made = await caged.ask("workers.media.voice_child", question, Voice, patience=VOICE_PATIENCE, most=VOICE_MOST)
    if made is None or not made.content:
        return None
    await asyncio.to_thread(path.write_bytes, made.content)
    shown = HandedOver(VOICE, files.disposition(files.file_name(waiting.content.file_id, VOICE), inline=True))
    await blobs.store().put(waiting.key, _once(made.content), most=VOICE_MOST, handed_over=shown)
    size = len(made.content)
    await uploads.converted(company_id, waiting.content.file_id, VOICE, size, hashlib.sha256(made.content).digest())
    return msgspec.structs.replace(waiting.content, size=size, name=None)


def _head(path: Path) -> bytes:
    with path.open("rb") as content:
        return content.read(sniff.HEAD)


async def look(company_id: UUID, job: LookAtFile) -> None:
    """A small one of a picture; what cannot be opened is handed over to be saved."""
    found = await uploads.picture(company_id, job.file_id)
    if found is None:
        return
    with tempfile.TemporaryDirectory(prefix="masteria-media-") as folder:
        path = Path(folder) / "content"
        try:
            await _get(found.key, path)
        except NotFound:
            return
        seen = await pictures.look(path)
    if seen.thumbnail:
        small = HandedOver(files.THUMBNAIL, files.disposition("thumbnail.webp", inline=True))
        key = files.thumbnail_key(found.key)
        await blobs.store().put(key, _once(seen.thumbnail), most=len(seen.thumbnail), handed_over=small)
    kind = found.mime_type if seen.thumbnail else files.UNKNOWN
    shown = Found(kind, found.size, b"", seen.width or None, seen.height or None, bool(seen.thumbnail))
    await files.looked_at(company_id, job.file_id, shown)


async def _get(key: str, path: Path) -> None:
    """Raises NotFound."""
    with await asyncio.to_thread(path.open, "wb") as out:
        async for piece in blobs.store().get(key):
            await asyncio.to_thread(out.write, piece)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def give_up(company_id: UUID, job: SendFile, reason: str) -> None:
    """However often it was tried, the provider did not take it: the message fails for the reason of the last try."""
    await uploads.failed(company_id, job.file_id, None)


JOBS = (
    Handler(SendFile, lambda r: OutgoingFiles(r.settings, r.wire).send, give_up),
    Handler(LookAtFile, lambda _: look),
)
