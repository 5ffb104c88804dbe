"""Signatures of Meta's webhooks: made (tests) and checked (API), over the raw bytes, in constant time.

The scheme has no timestamp: replays are stopped by unique event keys, not here.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from db.providers.definition import Call

PREFIX = "sha256="


def sign_meta(app_secret: str, body: bytes) -> str:
    """`X-Hub-Signature-256` of a body (raw bytes, never re-serialised). Source: Meta, "Validate payloads"."""
    return PREFIX + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def verify(app_secret: str, call: Call) -> bool:
    """Whether the app secret signed the body."""
    return hmac.compare_digest(call.header.encode("utf-8", "replace"), sign_meta(app_secret, call.body).encode())


def handshake(query: Mapping[str, Sequence[str]], verify_token: str) -> bytes | None:
    """Meta registers the address and wants its number back. Source: Meta, "Create a webhook endpoint"."""
    given = query.get("hub.verify_token", [""])[0]
    fits = hmac.compare_digest(given.encode("utf-8", "replace"), verify_token.encode())
    if not fits or query.get("hub.mode", [""])[0] != "subscribe":
        return None
    return query.get("hub.challenge", [""])[0][:200].encode("utf-8", "replace")
