"""What stands before NiceGUI: origin checks, upload caps, the sign-in redirect, security headers; and honest sockets.

Plain ASGI, so that it sees web sockets too. It refuses foreign origins on the socket (NiceGUI answers any), uploads past
the cap or without the page's own session, and page requests without a cookie before a NiceGUI client exists. It does not
decide what a person may do.
"""

import re
import secrets
from collections.abc import Callable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from nicegui import Client, core
from nicegui.nicegui import sio
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.i18n import LANGUAGE_COOKIE, THEME_COOKIE, set_request_preferences
from ui.session import BROWSER_SCOPE, browser_cookie, session_cookie, sign_in_path, token_of
from ui.settings import Settings

OPEN_PATHS = re.compile(
    r"/(sign-in|sign-up|forgot-password|reset-password|invitation/[^/]+|offline|_gallery|health|sw\.js|favicon\.ico|"
    r"manifest\.webmanifest|(assets|session|_nicegui|_nicegui_ws)(/.*)?)/?"
)
UPLOAD_PATH = re.compile(r"/_nicegui/client/([^/]+)/upload/")
CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob: https:; media-src 'self' blob: https:; font-src 'self' data:; connect-src 'self' ws: wss:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


def _cookies(headers: Headers) -> Mapping[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


class Guard:
    """The outermost middleware of the UI process."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        cookies = _cookies(headers)
        path: str = scope["path"]
        socket = scope["type"] == "websocket" or path.startswith("/_nicegui_ws")
        if socket and not self._own_origin(headers):
            await _refuse(scope, receive, send, 403)
            return
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        if refusal := self._refused_upload(path, headers, cookies):
            await _refuse(scope, receive, send, refusal)
            return
        if session_cookie(self.settings) not in cookies and not OPEN_PATHS.fullmatch(path):
            query = scope["query_string"].decode("latin-1")
            target = sign_in_path(path + (f"?{query}" if query else ""))
            await RedirectResponse(target, 303)(scope, receive, send)
            return
        set_request_preferences(cookies.get(LANGUAGE_COOKIE), cookies.get(THEME_COOKIE))
        nonce_name = browser_cookie(self.settings)
        nonce = cookies.get(nonce_name)
        fresh = None
        if nonce is None and not path.startswith("/_nicegui"):
            fresh = nonce = secrets.token_urlsafe(24)
        scope[BROWSER_SCOPE] = nonce or ""
        limit = self.settings.max_upload if UPLOAD_PATH.match(path) else None
        await self.app(scope, _capped(receive, limit) if limit else receive, self._with_headers(send, nonce_name, fresh))

    def _own_origin(self, headers: Headers) -> bool:
        """A browser always sends Origin with a web socket; a same-origin polling GET may lack it."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "same-origin") == "same-origin"
        own = {self.settings.origin}
        if self.settings.dev:
            own.add(f"http://{headers.get('host', '')}")
        return origin in own

    def _refused_upload(self, path: str, headers: Headers, cookies: Mapping[str, str]) -> int | None:
        match = UPLOAD_PATH.match(path)
        if match is None:
            return None
        client = Client.instances.get(match[1])
        token = token_of(client) if client is not None else None
        held = cookies.get(session_cookie(self.settings), "")
        if token is None or not secrets.compare_digest(token.encode(), held.encode()):
            return 403
        length = headers.get("content-length", "")
        return 413 if length.isdigit() and int(length) > self.settings.max_upload else None

    def _with_headers(self, send: Send, nonce_name: str, nonce: str | None) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["X-Frame-Options"] = "DENY"
                headers["Referrer-Policy"] = "same-origin"
                headers["Content-Security-Policy-Report-Only"] = CSP
                if self.settings.secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                if nonce:
                    secure = "; Secure" if self.settings.secure else ""
                    headers.append("Set-Cookie", f"{nonce_name}={nonce}; Path=/; HttpOnly; SameSite=Lax{secure}")
            await send(message)

        return wrapped


def _capped(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def wrapped() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            return {"type": "http.disconnect"}  # the form parser gives up; nothing past the cap is kept
        return message

    return wrapped


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await PlainTextResponse({403: "forbidden", 413: "too large"}[status], status)(scope, receive, send)


def bind_sockets() -> None:
    """NiceGUI believes the client id inside each message; here a socket may only speak for the page that it joined."""

    def own(sid: str, message: MutableMapping[str, Any]) -> bool:
        return message.get("client_id") in sio.rooms(sid)

    def guarded(handler: Callable[[str, Any], Any]) -> Callable[[str, Any], None]:
        def checked(sid: str, message: MutableMapping[str, Any]) -> None:
            if own(sid, message):
                handler(sid, message)

        return checked

    handlers = sio.handlers["/"]
    for event in ("event", "javascript_response", "ack", "log"):
        if not getattr(handlers[event], "_own_page_only", False):
            checked = guarded(handlers[event])
            checked._own_page_only = True  # type: ignore[attr-defined]
            sio.on(event, checked)


def add(settings: Settings) -> None:
    """Puts the guard in front of the NiceGUI app and binds its sockets."""
    core.app.add_middleware(Guard, settings=settings)
    bind_sockets()
