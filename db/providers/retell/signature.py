"""Signatures of Retell's webhooks: made (tests) and checked (API), over the raw bytes and the moment, in constant time.

Source: retell-sdk 6.2, lib/webhook_auth.py. The whole header has to be `v=<milliseconds>,d=<64 hex>`, and the moment within five minutes
of now: an older call is no call.
"""

import hashlib
import hmac
import re
from datetime import timedelta

from db.clock import now
from db.providers.definition import Call

_HEADER = re.compile(r"v=([0-9]{1,15}),d=[0-9a-f]{64}")
_NEAR = timedelta(minutes=5) // timedelta(milliseconds=1)


def sign_retell(api_key: str, body: bytes, at: int) -> str:
    """`x-retell-signature` of a body at a moment, in milliseconds."""
    digest = hmac.new(api_key.encode("utf-8", "replace"), body + str(at).encode(), hashlib.sha256).hexdigest()
    return f"v={at},d={digest}"


def verify(api_key: str, call: Call) -> bool:
    """Whether this API key signed the body within the last five minutes."""
    match = _HEADER.fullmatch(call.header)
    if match is None or abs(int(now().timestamp() * 1000) - int(match[1])) > _NEAR:
        return False
    return hmac.compare_digest(call.header, sign_retell(api_key, call.body, int(match[1])))
