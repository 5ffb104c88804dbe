"""What stands before NiceGUI: origin checks, upload caps, the sign-in redirect, security headers; and checks of web sockets.

Plain ASGI, so that it sees web sockets too. It refuses foreign origins on the socket (NiceGUI answers any) and on every request that
may change something, uploads past the cap or without the page's own session, and page requests without a cookie before a NiceGUI
client exists. Every answer carries the headers, its own refusals and faults too. It does not decide what a person may do.
"""

import re
import secrets
from collections.abc import Mapping

from nicegui import Client, core
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui import policy, sockets, visitors
from ui.i18n import LANGUAGE_COOKIE, THEME_COOKIE, preferred, set_request_preferences
from ui.session import BROWSER_SCOPE, browser_cookie, cookies_of, is_over, session_cookie, sign_in_path, token_of
from ui.settings import Settings

OPEN_PATHS = re.compile(
    r"/(sign-in(/with)?|sign-up|forgot-password|reset-password|verify-email|invitation/[^/]+|offline|_gallery|health|sw\.js|favicon\.ico|"
    r"manifest\.webmanifest|(assets|session|_nicegui|_nicegui_ws)(/.*)?)/?"
)
SOCKETS = "/_nicegui_ws"
SAFE = frozenset({"GET", "HEAD"})
PLUMBING = re.compile(r"/(assets|faces|files|session|_nicegui|health|sw\.js|favicon\.ico|manifest\.webmanifest)\b")
NONCE_SECONDS = 365 * 24 * 3600
TOO_MANY = "Muitas páginas de uma vez. Espere um momento. / Too many pages at once. Wait a moment."
UPLOAD_PATH = re.compile(r"/_nicegui/client/([^/]+)/upload/")


class Guard:
    """The outermost middleware of the UI process."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.sockets = sockets.Door(app, settings)
        self.throttle = visitors.Throttle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path: str = scope["path"]
        fresh: list[str] = []  # Set-Cookie values of the answer
        if scope["type"] == "http":
            send = policy.applied(send, self.settings, fresh, path)
        changes = scope["type"] == "websocket" or path.startswith(SOCKETS) or scope["method"] not in SAFE
        if changes and not self._own_origin(scope, headers):
            await _refuse(scope, receive, send, 403)
        elif scope["type"] == "websocket" or path.startswith(SOCKETS):
            await self.sockets(scope, receive, send)
        else:
            await self._serve(scope, receive, send, headers, fresh)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, headers: Headers, fresh: list[str]) -> None:
        """A page, a file, an upload. Cookies that the browser gets are added to `fresh` before the answer begins."""
        path: str = scope["path"]
        cookies = cookies_of(headers.get("cookie", ""))
        if refusal := self._refused_upload(path, headers, cookies):
            await _refuse(scope, receive, send, refusal)
            return
        if session_cookie(self.settings) not in cookies and not OPEN_PATHS.fullmatch(path):
            query = scope["query_string"].decode("latin-1")
            target = sign_in_path(path + (f"?{query}" if query else ""))
            await RedirectResponse(target, 303)(scope, receive, send)
            return
        if not PLUMBING.match(path):
            peer = scope["client"][0] if scope.get("client") else None
            if not self.throttle.may_open(peer):
                await _refuse(scope, receive, send, 429)
                return
            visitors.make_room(peer)
        language = cookies.get(LANGUAGE_COOKIE) or preferred(headers.get("accept-language", ""))
        set_request_preferences(language, cookies.get(THEME_COOKIE))
        nonce_name = browser_cookie(self.settings)
        nonce = cookies.get(nonce_name)
        if nonce is None and not path.startswith("/_nicegui"):
            nonce = secrets.token_urlsafe(24)
            secure = "; Secure" if self.settings.secure else ""
            fresh.append(f"{nonce_name}={nonce}; Path=/; Max-Age={NONCE_SECONDS}; HttpOnly; SameSite=Lax{secure}")
        scope[BROWSER_SCOPE] = nonce or ""
        limit = self.settings.max_upload if UPLOAD_PATH.match(path) else None
        await self._answered(scope, _capped(receive, limit) if limit else receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands on. What fails before its answer began is answered here, with the headers, and raised for the log."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception:
            if not begun:
                await PlainTextResponse("internal error", 500)(scope, receive, send)
            raise

    def _own_origin(self, scope: Scope, headers: Headers) -> bool:
        """A browser sends Origin with every web socket and POST; only a polling GET of the same origin may lack it."""
        origin = headers.get("origin")
        if origin is None:
            return scope.get("method") == "GET" and headers.get("sec-fetch-site", "same-origin") == "same-origin"
        own = {self.settings.origin}
        if self.settings.dev:
            own.add(f"http://{headers.get('host', '')}")
        return origin in own

    def _refused_upload(self, path: str, headers: Headers, cookies: Mapping[str, str]) -> int | None:
        match = UPLOAD_PATH.match(path)
        if match is None:
            return None
        client = Client.instances.get(match[1])
        token = token_of(client) if client is not None and not is_over(client) else None
        held = cookies.get(session_cookie(self.settings), "")
        if token is None or not secrets.compare_digest(token.encode(), held.encode()):
            return 403
        length = headers.get("content-length", "")
        return 413 if length.isdigit() and int(length) > self.settings.max_upload else None


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
    await PlainTextResponse({403: "forbidden", 413: "too large", 429: TOO_MANY}[status], status)(scope, receive, send)


def add(settings: Settings) -> None:
    """Puts the guard in front of the NiceGUI app and binds its sockets."""
    core.app.add_middleware(Guard, settings=settings)
    sockets.bind(settings)
