"""A file of the API handed on to the browser, piece by piece, in the reader's language and separator."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from fastapi.responses import Response, StreamingResponse
from nicegui import ui

from ui import session
from ui.client import contacts as client
from ui.client.base import ApiProblem, Offline, Params
from ui.i18n import preferences


async def hand_on(path: str, params: Params | None = None, *, media: str = "") -> Response:
    """In place of a page: the file at `path` of the API, a CSV unless `media` says what it is."""
    api = session.current().api
    language = preferences().language
    look = {"language": language}
    if not media:
        look["separator"] = ";" if language == "pt-BR" else ","
    ui.context.client.delete()
    stack = AsyncExitStack()
    try:
        answer = await stack.enter_async_context(client.download(api, path, {**(params or {}), **look}))
    except (ApiProblem, Offline) as problem:
        return Response(str(problem), problem.status if isinstance(problem, ApiProblem) else 503, media_type="text/plain")

    async def pieces() -> AsyncIterator[bytes]:
        async with stack:
            async for piece in answer.aiter_bytes():
                yield piece

    name = answer.headers.get("content-disposition", "attachment")
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}  # people's data
    return StreamingResponse(pieces(), media_type=media or "text/csv; charset=utf-8", headers=headers)
