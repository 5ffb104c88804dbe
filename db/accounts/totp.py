"""Codes of an authenticator app: RFC 6238 with what every app knows (SHA-1, 6 digits, 30 seconds). No state, no decision."""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote, urlencode

STEP = 30  # seconds
DIGITS = 6
ISSUER = "Master IA"


def new_secret() -> str:
    """160 random bits in base32, as apps take it."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_of(secret: str, step: int) -> str:
    """The code of one step (seconds since 1970 divided by 30)."""
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    at = mac[-1] & 15
    return str((int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF) % 10**DIGITS).zfill(DIGITS)


def step_of(secret: str, code: str, seconds: float, after: int) -> int | None:
    """The step whose code this is, the present one or one of its two neighbours; None when there is none later than `after`."""
    now = int(seconds) // STEP
    for step in (now, now - 1, now + 1):
        if step > after and hmac.compare_digest(code_of(secret, step).encode(), code.encode()):
            return step
    return None


def address(secret: str, email: str) -> str:
    """What the picture for the app says."""
    label = quote(f"{ISSUER}:{email}", safe="@")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER}, quote_via=quote)}"
