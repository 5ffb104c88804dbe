"""Security headers of every answer, and a content security policy that is enforced.

NiceGUI writes scripts into its pages and compiles Vue templates in the browser: so pages carry a nonce for their own scripts, and
`unsafe-eval` stays. Scripts written into a page by anybody else, attributes like onclick, other hosts, frames and plugins do
not run. Styles stay free: Quasar sets them on elements.
"""

import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from ui.settings import META, Settings

CSP = "Content-Security-Policy"
CONNECT = "/channels/connect"
_SCRIPT = re.compile(rb"<script(?=[\s>])")


def policy(settings: Settings, nonce: str | None, path: str = "/") -> str:
    """The policy of one answer; `nonce` marks the scripts that belong to it. Where a number is connected in the provider's window, and
    only there, its script runs."""
    socket = settings.origin.replace("http", "ws", 1)
    own = f" 'nonce-{nonce}'" if nonce else ""
    files = f" {settings.files_origin}" if settings.files_origin else ""
    script = frames = ""
    hosts = "".join(f" {one}" for one in settings.listen_origins)
    if settings.signup_origin and path.startswith(CONNECT):
        script = f" {settings.signup_origin}"
        if settings.signup_origin == META:
            hosts += " https://www.facebook.com https://graph.facebook.com"
            frames = "frame-src 'self' https://www.facebook.com https://web.facebook.com https://staticxx.facebook.com; "
    return (
        f"default-src 'self'; script-src 'self'{own} 'unsafe-eval'{script}; style-src 'self' 'unsafe-inline'; {frames}"
        f"img-src 'self' data: blob:{files}; media-src 'self' blob:{files}; font-src 'self' data:; connect-src 'self' {socket}{hosts}; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def applied(send: Send, settings: Settings, cookies: list[str], path: str) -> Send:
    """Adds the headers and `cookies` (Set-Cookie values) to an answer, and the nonce to the scripts of a page."""
    start: Message | None = None
    body = b""

    async def wrapped(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start":
            # The library of the socket allows whoever asks.
            message["headers"] = [one for one in message["headers"] if not one[0].lower().startswith(b"access-control-")]
            headers = MutableHeaders(scope=message)
            headers["X-Content-Type-Options"] = "nosniff"
            headers["X-Frame-Options"] = "DENY"
            headers["Referrer-Policy"] = "same-origin"
            headers["Cross-Origin-Opener-Policy"] = (
                "same-origin-allow-popups"  # the provider's window speaks to the page that opened it
            )
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
            headers["Permissions-Policy"] = "camera=(), geolocation=(self), payment=(), usb=()"
            if settings.secure:
                headers["Strict-Transport-Security"] = "max-age=31536000"
            for cookie in cookies:
                headers.append("Set-Cookie", cookie)
            if headers.get("X-NiceGUI-Content") == "page" and headers.get("Content-Type", "").startswith("text/html"):
                start = message  # its length changes with the nonces
                return
            headers.setdefault(CSP, policy(settings, None))
        elif start is not None:
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            nonce = secrets.token_urlsafe(16)
            page = _SCRIPT.sub(b'<script nonce="' + nonce.encode() + b'"', body)
            headers = MutableHeaders(scope=start)
            headers[CSP] = policy(settings, nonce, path)
            headers["Content-Length"] = str(len(page))
            begun, start = start, None
            await send(begun)
            message = {"type": "http.response.body", "body": page}
        await send(message)

    return wrapped
