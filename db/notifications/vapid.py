"""Our signing key for push services (VAPID, RFC 8292): P-256, derived from a key of the ring, so that there is nothing to keep.

A browser is bound to the public key under which it subscribed. When a key leaves SECRET_KEYS, the subscriptions made under what was
derived from it end, and pages make new ones.
"""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from db import crypto

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


def private_key(key_id: str) -> ec.EllipticCurvePrivateKey:
    """Raises SealBroken when the key is not in the ring."""
    number = int.from_bytes(crypto.ring().derived("vapid", key_id))
    return ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())


def public_key(key_id: str) -> bytes:
    """65 bytes, uncompressed, as browsers take it. Raises SealBroken."""
    return private_key(key_id).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
