"""Files of messages for the browser, under an address of this program that stays: `/files/{id}`, `/files/{id}/thumbnail`.

Each request asks the API for a fresh signed address. A browser is sent on to it where it leads to the file store and FILES_ORIGIN says
so; else the bytes are handed on piece by piece. Nothing that is handed on may run: what is no picture, sound, film or PDF is saved.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID

import httpx
from fastapi import Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from nicegui import app

from ui.client import messages
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.policy import CSP
from ui.session import session_cookie
from ui.settings import Settings

SECONDS = 240  # less than a signed address lives
_HANDED_ON = ("content-type", "content-disposition", "content-length", "content-range", "accept-ranges")
_SHOWN = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def address(file_id: UUID, *, thumbnail: bool = False) -> str:
    """Where pages find a file."""
    return f"/files/{file_id}/thumbnail" if thumbnail else f"/files/{file_id}"


def register(settings: Settings) -> None:
    """Adds the two routes; the guard has sent strangers to the sign-in page."""

    @app.get("/files/{file_id}", include_in_schema=False)
    async def whole(request: Request, file_id: UUID) -> Response:
        return await _answer(settings, request, file_id, small=False)

    @app.get("/files/{file_id}/thumbnail", include_in_schema=False)
    async def thumbnail(request: Request, file_id: UUID) -> Response:
        return await _answer(settings, request, file_id, small=True)


async def _answer(settings: Settings, request: Request, file_id: UUID, *, small: bool) -> Response:
    peer = request.client.host if request.client else None
    agent = request.headers.get("user-agent")
    api = ApiClient(request.cookies.get(session_cookie(settings)), address=peer, browser=agent)
    stack = AsyncExitStack()
    try:
        link = await messages.file(api, file_id)
        url = link.thumbnail_url if small else link.url
        if url is None:
            return PlainTextResponse("not found", 404)
        kept = {"Cache-Control": f"private, max-age={SECONDS}"}
        if settings.files_origin and url.startswith(f"{settings.files_origin}/"):
            return RedirectResponse(url, 307, headers=kept)
        wanted = request.headers.get("range")
        stranger = ApiClient(address=peer)  # the address says who may read it
        answer = await stack.enter_async_context(stranger.download(url, headers={"Range": wanted} if wanted else None))
    except (ApiProblem, Offline) as problem:
        await stack.aclose()
        return PlainTextResponse(str(problem), problem.status if isinstance(problem, ApiProblem) else 503)

    sandbox = "" if link.file.mime_type == "application/pdf" and link.file.inline else "; sandbox"
    headers = {name: answer.headers[name] for name in _HANDED_ON if name in answer.headers}
    return StreamingResponse(pieces(stack, answer), answer.status_code, headers={**headers, **kept, CSP: _SHOWN + sandbox})


async def pieces(stack: AsyncExitStack, answer: httpx.Response) -> AsyncIterator[bytes]:
    """The body of an answer that `stack` holds open, which is closed with the last piece or with the browser."""
    async with stack:
        async for piece in answer.aiter_raw():
            yield piece
