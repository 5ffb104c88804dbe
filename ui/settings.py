"""What the UI process is told from outside, read once at start.

The only file of `ui/` that reads the environment. It refuses to guess the public address: links, the cookie's name and
the allowed origin all follow from `PUBLIC_URL`.
"""

import os
import re
import secrets
from urllib.parse import urlsplit

import msgspec

MEGABYTE = 1024 * 1024
META = "https://connect.facebook.net"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable settings of one UI process. `public_url` and `api_url` have no trailing slash."""

    host: str = "127.0.0.1"
    port: int = 8080
    api_url: str = "http://127.0.0.1:8000"
    public_url: str = "http://127.0.0.1:8080"
    secret: str = ""
    dev: bool = False
    max_upload: int = 110 * MEGABYTE
    files_origin: str = ""  # where the file store's signed addresses lead; empty: this program hands files on itself
    listen_origins: tuple[str, ...] = ("wss://*.vapi.ai",)  # where providers play calls that go on
    signup_origin: str = ""  # whose script opens the provider's window for connecting a number; empty: there is none

    @property
    def secure(self) -> bool:
        """True when browsers reach us over https: then cookies are Secure and carry the __Host- prefix."""
        return urlsplit(self.public_url).scheme == "https"

    @property
    def origin(self) -> str:
        """Scheme, host and port of the public address, as a browser writes them in the Origin header."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"


def read() -> Settings:
    """Builds the settings from the environment. Raises ValueError for a port or size that is no number, SystemExit for an
    https address without a mail server."""
    env = os.environ
    if env.get("PUBLIC_URL", "").startswith("https:") and not env.get("SMTP_URL"):
        raise SystemExit(
            "PUBLIC_URL is https, so people work here, but SMTP_URL is not set: nobody would get an invitation or a new password."
            " Set SMTP_URL (see .env.example), for the web app too."
        )
    host, port = env.get("UI_HOST", "127.0.0.1"), int(env.get("UI_PORT", "8080"))
    return Settings(
        host=host,
        port=port,
        api_url=env.get("API_URL", "http://127.0.0.1:8000").rstrip("/"),
        public_url=env.get("PUBLIC_URL", f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}").rstrip("/"),  # noqa: S104
        secret=env.get("UI_SECRET") or secrets.token_urlsafe(32),
        dev=env.get("DEV", "").lower() in {"1", "true", "yes"},
        files_origin=_origin(env.get("FILES_ORIGIN", "")),
        listen_origins=_listen_origins(env.get("SANDBOX_URL", "http://127.0.0.1:8790")),
        signup_origin=_signup_origin(env.get("META_APP_ID", ""), env.get("SANDBOX_URL", "http://127.0.0.1:8790")),
        max_upload=int(env.get("UI_MAX_UPLOAD_MB", "110")) * MEGABYTE,
    )


def _origin(text: str) -> str:
    """Raises SystemExit for what is none: it goes into the policy of every page."""
    if text and not re.fullmatch(r"https?://[A-Za-z0-9.:\-]+", text := text.rstrip("/")):
        raise SystemExit(f"FILES_ORIGIN is not the origin of an address, such as https://bucket.s3.amazonaws.com: {text}")
    return text


def _listen_origins(sandbox_url: str) -> tuple[str, ...]:
    parts = urlsplit(sandbox_url)
    played = (
        f"{parts.scheme.replace('http', 'ws', 1)}://{parts.netloc}" if re.fullmatch(r"[A-Za-z0-9.:\-]+", parts.netloc) else ""
    )
    return ("wss://*.vapi.ai", played) if played else ("wss://*.vapi.ai",)


def _signup_origin(app_id: str, sandbox_url: str) -> str:
    if app_id != "sandbox":
        return META if app_id else ""
    parts = urlsplit(sandbox_url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
