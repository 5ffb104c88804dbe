"""Files that people send us: on the local disk, or in a bucket that speaks S3 (Amazon, MinIO, Google through its XML API).

Keys are ours (`acc/<company>/<yyyy>/<mm>/<uuid><ext>`), never a user's file name. Whoever asks for a key has read it from a row
of the company. A file that no row names is deleted after a day (`workers/housekeeping.py`): whoever stores files of
another kind tells it of them, and each installation has a bucket of its own. Refuses to hold a file in memory: everything goes in pieces or through a temporary file.
A bucket keeps with each file how it is handed over, and gives addresses that show it for some minutes without asking us; the
disk has none (`db/file_links.py`).
"""

import asyncio
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from db.clock import now
from db.errors import RequestError
from db.settings import Settings

_PIECE = 1 << 20
_EXTENSION = re.compile(r"\.[a-z0-9]{1,8}")


def new_key(company_id: UUID, extension: str = "") -> str:
    """A fresh key; `extension` such as `.csv` is kept when it is a plain one."""
    plain = extension.lower() if _EXTENSION.fullmatch(extension.lower()) else ""
    at = now()
    return f"acc/{company_id}/{at:%Y}/{at:%m}/{uuid4()}{plain}"


class HandedOver(NamedTuple):
    """Headers of a file that is handed to a browser. By default it is nothing that one shows."""

    mime_type: str = "application/octet-stream"
    disposition: str = "attachment"


class Blobs(Protocol):
    async def put(self, key: str, pieces: AsyncIterator[bytes], *, most: int, handed_over: HandedOver = HandedOver()) -> int:
        """Stores the pieces, all or nothing; returns the size in bytes. Raises TooLarge beyond `most`."""

    def get(self, key: str, first: int = 0, last: int | None = None) -> AsyncIterator[bytes]:
        """The content in pieces, or its bytes from `first` to `last`, both among them. Raises NotFound."""

    async def link(self, key: str, seconds: int) -> str | None:
        """An address that anybody may open for so long; None when this store has none."""

    async def delete(self, key: str) -> None:
        """Harmless when it is gone."""

    def stored(self) -> AsyncIterator[tuple[str, datetime]]:
        """Every stored file and when it was stored; what an upload that died left behind too."""

    async def close(self) -> None: ...


class DiskBlobs:
    """Files under one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str) -> Path:
        found = (self._folder / key).resolve()
        if not found.is_relative_to(self._folder.resolve()):
            raise RequestError.NOT_FOUND(what="file")
        return found

    async def put(self, key: str, pieces: AsyncIterator[bytes], *, most: int, handed_over: HandedOver = HandedOver()) -> int:
        target = self.path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".put-", delete=False) as file:
            try:
                size = await _fill(file, pieces, most)
                await asyncio.to_thread(Path(file.name).replace, target)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(file.name)
                raise
        return size

    async def get(self, key: str, first: int = 0, last: int | None = None) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self.path(key).open, "rb")
        except FileNotFoundError:
            raise RequestError.NOT_FOUND(what="file") from None
        with file:
            file.seek(first)
            left = sys.maxsize if last is None else last + 1 - first
            while left > 0 and (piece := await asyncio.to_thread(file.read, min(_PIECE, left))):
                left -= len(piece)
                yield piece

    async def link(self, key: str, seconds: int) -> str | None:
        return None

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self.path(key).unlink, missing_ok=True)

    async def stored(self) -> AsyncIterator[tuple[str, datetime]]:
        for path in await asyncio.to_thread(lambda: list(self._folder.rglob("*"))):
            with suppress(FileNotFoundError):
                found = await asyncio.to_thread(path.stat)
                if stat.S_ISREG(found.st_mode):
                    yield path.relative_to(self._folder).as_posix(), datetime.fromtimestamp(found.st_mtime, UTC)

    async def close(self) -> None:
        pass


class S3Blobs:
    """One bucket. Checksum trailers are off, because Google refuses them (docs/contracts/storage.md)."""

    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.s3_bucket
        self._settings = settings
        self._context: Any = None
        self._client: Any = None
        self._opening = asyncio.Lock()
        self._front = _front(settings) if settings.cloudfront_url else None

    async def _open(self) -> Any:
        async with self._opening:
            if self._client is None:
                self._context = _s3(self._settings)
                self._client = await self._context.__aenter__()
        return self._client

    async def put(self, key: str, pieces: AsyncIterator[bytes], *, most: int, handed_over: HandedOver = HandedOver()) -> int:
        with tempfile.TemporaryFile() as file:
            size = await _fill(file, pieces, most)
            file.seek(0)
            with _translated():
                await (await self._open()).put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=file,
                    ContentLength=size,
                    ContentType=handed_over.mime_type,
                    ContentDisposition=handed_over.disposition,
                )
        return size

    async def link(self, key: str, seconds: int) -> str | None:
        if self._front is not None:
            return await asyncio.to_thread(self._front, key, now() + timedelta(seconds=seconds))
        with _translated():
            signed: str = await (await self._open()).generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
            )
        return signed

    async def get(self, key: str, first: int = 0, last: int | None = None) -> AsyncIterator[bytes]:
        part = {"Range": f"bytes={first}-{'' if last is None else last}"} if first or last is not None else {}
        with _translated():
            answer = await (await self._open()).get_object(Bucket=self._bucket, Key=key, **part)
            async with answer["Body"]:
                async for piece in answer["Body"].iter_chunks(_PIECE):
                    yield piece

    async def delete(self, key: str) -> None:
        with _translated():
            await (await self._open()).delete_object(Bucket=self._bucket, Key=key)

    async def stored(self) -> AsyncIterator[tuple[str, datetime]]:
        with _translated():
            pages = (await self._open()).get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix="acc/")
            async for found in pages:
                for item in found.get("Contents", ()):
                    yield item["Key"], item["LastModified"]

    async def close(self) -> None:
        if self._client is not None:
            await self._context.__aexit__(None, None, None)
            self._client = None


def _s3(settings: Settings) -> Any:
    """The client, to be entered."""
    import aioboto3  # type: ignore[import-untyped]  # not at the top: half a second of every start, and most have no bucket
    from botocore.config import Config  # type: ignore[import-untyped]

    return aioboto3.Session(
        aws_access_key_id=settings.s3_access_key_id,
        aws_secret_access_key=settings.s3_secret_access_key,
        region_name=settings.s3_region or "auto",
    ).client(
        "s3",
        endpoint_url=settings.s3_endpoint_url or None,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if settings.s3_endpoint_url else "virtual"},
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 3, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _front(settings: Settings) -> Callable[[str, datetime], str]:
    """Signs CloudFront's addresses of keys, until a moment. Raises ValueError for a key that is no RSA key."""
    from botocore.signers import CloudFrontSigner  # type: ignore[import-untyped]

    text = settings.cloudfront_private_key
    pem = text.encode() if text.startswith("-----BEGIN") else Path(text).read_bytes()
    key = load_pem_private_key(pem, None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("CLOUDFRONT_PRIVATE_KEY is no RSA key")
    signer = CloudFrontSigner(settings.cloudfront_key_id, lambda message: key.sign(message, PKCS1v15(), SHA1()))  # noqa: S303 - CloudFront's rule

    def sign(name: str, until: datetime) -> str:
        signed: str = signer.generate_presigned_url(f"{settings.cloudfront_url.rstrip('/')}/{name}", date_less_than=until)
        return signed

    return sign


class _translated:
    """Errors of the store as ours."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            raise RequestError.NOT_FOUND(what="file") from error
        if isinstance(error, ClientError | BotoCoreError | OSError):
            raise RequestError.UNAVAILABLE(retry_after=5) from error


async def _fill(file: Any, pieces: AsyncIterator[bytes], most: int) -> int:
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > most:
            raise RequestError.FILE_TOO_LARGE(most_mb=most // 1_000_000)
        await asyncio.to_thread(file.write, piece)
    await asyncio.to_thread(file.flush)
    return size


_store: Blobs | None = None


def connect(settings: Settings) -> Blobs:
    """Chooses the store of this process; a bucket is first spoken to when it is needed."""
    global _store
    _store = S3Blobs(settings) if settings.s3_bucket else DiskBlobs(settings.blob_dir)
    return _store


def connected() -> bool:
    return _store is not None


def store() -> Blobs:
    if _store is None:
        raise RuntimeError("No file store is configured: call db.blobs.connect() first.")
    return _store


async def close() -> None:
    global _store
    if _store is not None:
        closing, _store = _store, None
        await closing.close()


@asynccontextmanager
async def local(key: str) -> AsyncIterator[Path]:
    """The content as a file on this machine, for readers that seek. Raises NotFound."""
    blobs = store()
    if isinstance(blobs, DiskBlobs):
        path = blobs.path(key)
        if not path.is_file():
            raise RequestError.NOT_FOUND(what="file")
        yield path
        return
    folder = Path(tempfile.mkdtemp(prefix="masteria-blob-"))
    try:
        path = folder / "content"
        with path.open("wb") as file:
            async for piece in blobs.get(key):
                await asyncio.to_thread(file.write, piece)
        yield path
    finally:
        with suppress(OSError):
            shutil.rmtree(folder)
