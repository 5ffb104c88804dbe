"""Files of ours on WhatsApp's servers: sealed here under a key of their own, which goes to the person within the message alone."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec

from db.messages.reasons import FailureReason
from db.qr.uploads import Grant
from workers.outcomes import Outcome, Rejected, RetryAfter, Unknown
from workers.providers.adapter import HandedFile
from workers.providers.linked import media
from workers.providers.wire import Answer, ProviderError, Wire

KEPT = timedelta(days=14)
"""Practice: the platform keeps files for about a month."""
SCHEME = "https"
FORMS = ("image", "video", "audio")
"""What is no such thing goes as a document."""
_PIECE = 1 << 16
_CLOSED = (401, 403)


class Uploaded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a message says of its file. Hashes and key are base64; `seconds` of a voice message."""

    kind: str
    url: str
    path: str
    key: str
    sha256: str
    sealed_sha256: str
    size: int
    seconds: int | None = None


class _Taken(msgspec.Struct):
    url: str
    direct_path: str


async def hand_over(wire: Wire, grant: Grant, file: HandedFile, place: str | None = None) -> str:
    """What the message has of it (`Uploaded`). `place`: of the simulator, for its numbers. Raises ProviderError."""
    kind = file.mime_type.partition("/")[0]
    kind = kind if kind in FORMS else "document"
    sealed = file.path.with_name(f"{file.path.name}.sealed")
    made = await asyncio.to_thread(media.seal, file.path, sealed, kind)
    length = await asyncio.to_thread(_duration, file.path) if file.mime_type == "audio/ogg" else None
    mark = base64.urlsafe_b64encode(made.sealed_sha256).rstrip(b"=").decode()
    error: ProviderError | None = None
    for host in grant.hosts[:3]:
        if not media.is_host(host):
            continue
        url = f"{place or f'{SCHEME}://{host}'}/mms/{kind}/{mark}?auth={quote(grant.auth, safe='')}&token={mark}"
        headers = {"content-type": "application/octet-stream", "origin": "https://web.whatsapp.com"}
        headers["content-length"] = str((await asyncio.to_thread(sealed.stat)).st_size)
        try:
            taken = await wire.ask(
                "POST", url, _Taken, _refusal, headers=headers, secret=grant.auth.encode(), content=_pieces(sealed)
            )
        except ProviderError as trouble:
            error = trouble
            continue
        return msgspec.json.encode(
            Uploaded(
                kind=kind, url=taken.url, path=taken.direct_path, key=_text(made.key), sha256=_text(made.sha256),
                sealed_sha256=_text(made.sealed_sha256), size=made.size, seconds=length,
            )
        ).decode()  # fmt: skip
    raise error or ProviderError(RetryAfter(None, FailureReason.NETWORK, message="no host takes files"), None, "")


def _refusal(answer: Answer) -> Outcome:
    """Rights run out, and a new one comes by itself; what is too big stays too big."""
    if answer.status in (413, 415):
        return Rejected(FailureReason.MEDIA, answer.status)
    if answer.status in _CLOSED or answer.status >= 500 or answer.status == 429:
        return RetryAfter(None, FailureReason.NETWORK, answer.status)
    return Unknown(f"the file was not taken: {answer.status}")


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as content:
        while piece := await asyncio.to_thread(content.read, _PIECE):
            yield piece


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _duration(path: Path) -> int | None:
    """Seconds of a voice message (Opus in Ogg): the place of its last page, of 48,000 a second."""
    with path.open("rb") as content:
        content.seek(max(0, path.stat().st_size - (1 << 17)))
        tail = content.read()
    at = tail.rfind(b"OggS")
    if at < 0 or at + 14 > len(tail):
        return None
    return max(1, round(int.from_bytes(tail[at + 6 : at + 14], "little") / 48_000))
