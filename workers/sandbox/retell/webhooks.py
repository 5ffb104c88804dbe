"""Retell's webhooks: JSON, signed by `x-retell-signature` over the body and the moment."""

import hashlib
import hmac
import time


def signature(api_key: str, body: bytes, at: int) -> str:
    """`at` in milliseconds. Source: retell-sdk, lib/webhook_auth.py."""
    digest = hmac.new(api_key.encode(), body + str(at).encode(), hashlib.sha256).hexdigest()
    return f"v={at},d={digest}"


def headers(api_key: str, body: bytes) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": "Retell/1.0",
        "x-retell-signature": signature(api_key, body, int(time.time() * 1000)),
    }
