"""Files of messages: who may read one is given an address of it that works for some minutes; the API hands over what lies on its disk.

What a browser shows in place is a short list of types. Everything else is saved, and nothing that is handed over may run.
"""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, PathParameter
from litestar.response import Stream

from api.auth.guard import Caller
from api.contract.messages import FileLink, FileRoom, MessageFile
from db import blobs, file_links
from db.clock import now
from db.errors import RequestError, RequestField
from db.file_links import Link
from db.messages import files, uploads
from db.messages.files import Served
from db.settings import Settings

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_SHOWN = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class FileController(Controller):
    path = "/v1/message-files"
    tags = ("Messages",)

    @post(
        request_max_body_size=uploads.MAX_BYTES + 64 * 1024,  # for the multipart frame
        opt={"upload": True},
        summary="Upload a file",
        description="Multipart with `file`, at most 100 MB, to be sent by a message (`content` of kind `file`) within a day; until then it "
        "is the uploader's alone. Its type is told from its bytes. A picture gets its small one a moment later (event `message.file` once "
        "a message took it). Needs `messages:send`.",
    )
    async def upload_file(
        self,
        request: Request[Any, Any, Any],
        actor: Caller,
        data: Annotated[dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)],
    ) -> MessageFile:
        file = data.get("file")
        if not isinstance(file, UploadFile):
            raise RequestError.INVALID(fields=[RequestField.REQUIRED("file")])
        settings: Settings = request.app.state.settings
        quota = settings.media_quota_mb * 1_000_000
        stored = await uploads.upload(actor, file.filename, file.content_type, pieces(file), quota=quota)
        return msgspec.convert(stored, MessageFile, from_attributes=True)

    @get("/room", summary="Room for uploads")
    async def get_room(self, request: Request[Any, Any, Any], actor: Caller) -> FileRoom:
        """How much of the company's room its uploaded files take. Needs `company:read`."""
        settings: Settings = request.app.state.settings
        return FileRoom(used=await uploads.used(actor), most=settings.media_quota_mb * 1_000_000)

    @get("/{file_id:uuid}", summary="A file of a message")
    async def get_file(self, actor: Caller, file_id: FromPath[UUID]) -> FileLink:
        """How far it came, and once it is stored addresses of it that work without a token for five minutes. One that begins with `/`
        is an address of this API."""
        found, served = await files.one(actor, file_id)
        file = msgspec.convert(found, MessageFile, from_attributes=True)
        until = now() + timedelta(seconds=file_links.SECONDS)
        if served is None:
            return FileLink(file=file, url=None, thumbnail_url=None, expires_at=None)

        async def address(key: str, thumbnail: bool) -> str:
            direct = await blobs.store().link(key, file_links.SECONDS)
            return direct or file_links.sign(Link(actor.company_id, file_id, thumbnail), until)

        small = await address(files.thumbnail_key(served.key), True) if served.thumbnail else None
        return FileLink(file=file, url=await address(served.key, False), thumbnail_url=small, expires_at=until)


@get("/files/{token:str}", opt={"public": True, "rate": None}, include_in_schema=False)
async def hand_over(request: Request[Any, Any, Any], token: Annotated[str, PathParameter(max_length=100)]) -> Response[Any]:
    """The file that a signed address names. Heeds `Range`, so that a sound or a film can be wound on."""
    link = file_links.read(token)
    served = await files.served(link.company_id, link.file_id)
    if link.thumbnail:
        if not served.thumbnail:
            raise RequestError.NOT_FOUND(what="file")
        pieces = blobs.store().get(files.thumbnail_key(served.key))
        return Stream(
            await begun(pieces), media_type=files.THUMBNAIL, headers=headers(files.THUMBNAIL, "thumbnail.webp", inline=True)
        )
    told = headers(served.mime_type, served.name, inline=served.inline) | {"Accept-Ranges": "bytes"}
    wanted = _wanted(request.headers.get("range"), served)
    if wanted is not None and wanted[0] >= served.size:
        return Response(None, status_code=416, headers={"Content-Range": f"bytes */{served.size}"})
    if wanted is None:
        told["Content-Length"] = str(served.size)
        return Stream(await begun(blobs.store().get(served.key)), media_type=served.mime_type, headers=told)
    first, last = wanted
    told |= {"Content-Range": f"bytes {first}-{last}/{served.size}", "Content-Length": str(last + 1 - first)}
    pieces = blobs.store().get(served.key, first, last)
    return Stream(await begun(pieces), status_code=206, media_type=served.mime_type, headers=told)


def headers(mime_type: str, name: str, *, inline: bool) -> dict[str, str]:
    """Of one file. A PDF alone is not sandboxed, because browsers show it with a program of their own."""
    sandbox = "" if mime_type == "application/pdf" and inline else "; sandbox"
    return {
        "Content-Disposition": files.disposition(name, inline=inline),
        "Content-Security-Policy": _SHOWN + sandbox,
        "Cache-Control": f"private, max-age={file_links.SECONDS}",
    }


def _wanted(header: str | None, served: Served) -> tuple[int, int] | None:
    """The first and the last byte that are asked for, the first perhaps beyond the end; None: all of it, as for any range that we do not
    understand (RFC 9110, 14.2)."""
    asked = _RANGE.fullmatch(header.strip()) if header else None
    if asked is None or not (asked[1] or asked[2]):
        return None
    if asked[1]:
        first, last = int(asked[1]), int(asked[2]) if asked[2] else served.size
        if asked[2] and first > last:
            return None
    else:
        first, last = max(0, served.size - int(asked[2])), served.size
    return first, min(last, served.size - 1)


async def pieces(file: UploadFile) -> AsyncIterator[bytes]:
    """The content of an uploaded file."""
    while piece := await file.read(1 << 20):
        yield piece


async def begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, the first of them fetched: a file that is gone is 404, not an answer that breaks off. Raises NotFound."""
    start = await anext(pieces, b"")

    async def all_of_it() -> AsyncIterator[bytes]:
        yield start
        async for piece in pieces:
            yield piece

    return all_of_it()
