"""Who calls our address for VAPI: each way in which a server's credential there may prove itself, with one secret of the channel.

A plain `X-Vapi-Secret`, a bearer token, or an HMAC over the raw body with any of the algorithms, encodings and payloads that a
credential offers. A moment that is told has to be within five minutes of now. All in constant time. Sources: docs.vapi.ai
(server-authentication), vapi_server_sdk 3.0.0, Standard Webhooks.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta

from db.clock import now
from db.providers.definition import Call

SECRET, BEARER, HMAC, STANDARD = "x-vapi-secret", "authorization", "x-signature", "webhook-signature"
HEADERS = (SECRET, BEARER, HMAC, STANDARD)
"""The first of them that a call has is what counts."""
ALGORITHMS = ("sha256", "sha512", "sha1")
_NEAR = timedelta(minutes=5).total_seconds()
_MILLISECONDS = 1e11


def verify(secret: str, call: Call) -> bool:
    """Whether who called knows the secret."""
    given = next((name for name in HEADERS if call.headers.get(name)), None)
    if given is None:
        return False
    proof = call.headers[given]
    if given == SECRET:
        return _same(proof, secret)
    if given == BEARER:
        return _same(proof.removeprefix("Bearer "), secret)
    if given == STANDARD:
        return _standard(secret, call)
    return _signed(secret, call, proof)


def _signed(secret: str, call: Call, proof: str) -> bool:
    """VAPI's own HMAC credential. Without a moment the body alone is signed."""
    moment = call.headers.get("x-timestamp", "")
    if moment and not _near(moment):
        return False
    payload = moment.encode() + b"." + call.body if moment else call.body
    algorithm, equals, rest = proof.partition("=")
    prefixed = equals and algorithm.lower() in ALGORITHMS
    wanted = rest if prefixed else proof
    return any(
        _same(wanted, spelled)
        for key in _keys(secret)
        for name in ((algorithm.lower(),) if prefixed else ALGORITHMS)
        for spelled in _spelled(hmac.new(key, payload, name).digest())
    )


def _standard(secret: str, call: Call) -> bool:
    """Standard Webhooks: `v1,<base64>` over id, moment and body; several may stand beside each other."""
    name, moment = call.headers.get("webhook-id", ""), call.headers.get("webhook-timestamp", "")
    if not name or not _near(moment):
        return False
    payload = f"{name}.{moment}.".encode() + call.body
    made = [base64.b64encode(hmac.new(key, payload, hashlib.sha256).digest()).decode() for key in _keys(secret)]
    given = [one.partition(",")[2] for one in call.headers[STANDARD].split() if one.startswith("v1,")]
    return any(_same(one, other) for one in given for other in made)


def _keys(secret: str) -> Iterator[bytes]:
    """The secret as it is, and what it spells in base64, where it does."""
    yield secret.encode("utf-8", "replace")
    try:
        plain = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return
    if plain:
        yield plain


def _spelled(digest: bytes) -> tuple[str, str]:
    return digest.hex(), base64.b64encode(digest).decode()


def _near(moment: str) -> bool:
    if not moment.isascii() or not moment.isdigit() or len(moment) > 15:
        return False
    seconds = int(moment) / 1000 if int(moment) > _MILLISECONDS else int(moment)
    return abs(now().timestamp() - seconds) <= _NEAR


def _same(one: str, other: str) -> bool:
    return bool(other) and hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
