"""Pictures of personas for the browser, under an address of this program: `/faces/{persona_id}?v={picture_id}`. The API hands the bytes
over to whoever may see conversations; another picture has another address, so that browsers may keep it."""

from contextlib import AsyncExitStack
from uuid import UUID

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from nicegui import app

from ui.client.base import ApiClient, ApiProblem, Offline
from ui.files import pieces
from ui.policy import CSP
from ui.session import session_cookie
from ui.settings import Settings

_SHOWN = "default-src 'none'; img-src 'self'; frame-ancestors 'none'; sandbox"
_DAY = 86_400


def address(persona_id: UUID | None, picture_id: UUID | None) -> str:
    """Where pages find it; "": it has none."""
    return f"/faces/{persona_id}?v={picture_id}" if persona_id and picture_id else ""


def register(settings: Settings) -> None:
    """Adds the route; the guard has sent strangers to the sign-in page."""

    @app.get("/faces/{persona_id}", include_in_schema=False)
    async def face(request: Request, persona_id: UUID) -> Response:
        peer = request.client.host if request.client else None
        api = ApiClient(request.cookies.get(session_cookie(settings)), address=peer, browser=request.headers.get("user-agent"))
        stack = AsyncExitStack()
        try:
            answer = await stack.enter_async_context(api.download(f"/v1/personas/{persona_id}/picture"))
        except (ApiProblem, Offline) as problem:
            await stack.aclose()
            return PlainTextResponse(str(problem), problem.status if isinstance(problem, ApiProblem) else 503)

        headers = {"Cache-Control": f"private, max-age={_DAY}, immutable", CSP: _SHOWN}
        return StreamingResponse(pieces(stack, answer), media_type="image/webp", headers=headers)
