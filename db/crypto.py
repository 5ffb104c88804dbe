"""Secrets that must be read back: AES-256-GCM under a key ring, bound to their company, table, column and row.

Blob: `v1` | key id length | key id | nonce (12) | ciphertext and tag. The additional data names where the secret lives, so a
ciphertext copied to another row or company does not open. Secrets that are only compared (sessions, links) are 256 random bits
stored as SHA-256: nothing to guess. Those of API keys, which live for years, are hashed under a key (`db/accounts/key_hashes.py`).
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_NONCE = 12


class SealBroken(Exception):
    """The blob was changed, belongs elsewhere, or its key is gone from SECRET_KEYS."""


class KeyRing:
    """The first key seals, every key opens."""

    def __init__(self, text: str) -> None:
        """`text` is "id:base64,id:base64". Raises ValueError naming the key that is wrong."""
        self._keys: dict[str, bytes] = {}
        for part in filter(None, (item.strip() for item in text.split(","))):
            key_id, _, encoded = part.partition(":")
            key = base64.b64decode(encoded, validate=True)
            if len(key) != 32 or not 1 <= len(key_id) <= 32 or not key_id.isascii():
                raise ValueError(f"SECRET_KEYS: key {key_id!r} must be 32 bytes in base64, its name 1 to 32 plain letters")
            self._keys[key_id] = key
        if not self._keys:
            raise ValueError("SECRET_KEYS is empty. Make one with: just new-key")
        self.current = next(iter(self._keys))

    def seal(self, secret: str, *, company_id: UUID, table: str, column: str, row_id: UUID) -> bytes:
        """The blob to store."""
        key_id = self.current.encode()
        head = _VERSION + bytes([len(key_id)]) + key_id
        nonce = os.urandom(_NONCE)
        bound = _bound(head, company_id, table, column, row_id)
        return head + nonce + AESGCM(self._keys[self.current]).encrypt(nonce, secret.encode(), bound)

    def open(self, blob: bytes, *, company_id: UUID, table: str, column: str, row_id: UUID) -> str:
        """The secret. Raises SealBroken."""
        try:
            if blob[:1] != _VERSION:
                raise SealBroken("unknown format")
            end = 2 + blob[1]
            head, nonce, sealed = blob[:end], blob[end : end + _NONCE], blob[end + _NONCE :]
            key = self._keys.get(head[2:].decode("ascii", "replace"))
            if key is None:
                raise SealBroken("its key is not in SECRET_KEYS")
            return AESGCM(key).decrypt(nonce, sealed, _bound(head, company_id, table, column, row_id)).decode()
        except (InvalidTag, IndexError, ValueError) as error:
            raise SealBroken("changed, or belongs to another row") from error

    def sign(self, message: bytes, *, purpose: str) -> bytes:
        """A short-lived mark that we made `message` (16 bytes); `purpose` keeps it from being taken for another one."""
        return self._mark(self._keys[self.current], message, purpose)

    def signed(self, message: bytes, mark: bytes, *, purpose: str) -> bool:
        """Whether `mark` is ours, under any key of the ring."""
        return any(hmac.compare_digest(self._mark(key, message, purpose), mark) for key in self._keys.values())

    @staticmethod
    def _mark(key: bytes, message: bytes, purpose: str) -> bytes:
        own = hmac.digest(key, b"sign|" + purpose.encode(), "sha256")
        return hmac.digest(own, message, "sha256")[:16]

    def derived(self, purpose: str, key_id: str) -> bytes:
        """32 bytes for one purpose (HKDF-SHA256), the same for as long as this key is in the ring. Raises SealBroken."""
        key = self._keys.get(key_id)
        if key is None:
            raise SealBroken("its key is not in SECRET_KEYS")
        return HKDF(hashes.SHA256(), 32, None, purpose.encode()).derive(key)

    def key_of(self, blob: bytes) -> str:
        """Which key sealed it; for rotation."""
        return blob[2 : 2 + blob[1]].decode("ascii", "replace")


def _bound(head: bytes, company_id: UUID, table: str, column: str, row_id: UUID) -> bytes:
    return b"|".join((head, company_id.bytes, table.encode(), column.encode(), row_id.bytes))


def new_key(name: str) -> str:
    """A fresh entry for SECRET_KEYS."""
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def new_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is stored of a token that is only compared."""
    return hashlib.sha256(token.encode()).digest()


_ring: KeyRing | None = None


def load_ring(secret_keys: str, data_dir: Path) -> KeyRing:
    """The ring of this process. Without SECRET_KEYS a key is made once and kept in DATA_DIR, readable by its owner only."""
    global _ring
    if not secret_keys:
        path = data_dir / "secret.key"
        if not path.exists():
            data_dir.mkdir(parents=True, exist_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(new_key("local"))
        secret_keys = path.read_text(encoding="ascii").strip()
    _ring = KeyRing(secret_keys)
    return _ring


def ring() -> KeyRing:
    if _ring is None:
        raise RuntimeError("No key ring: call db.crypto.load_ring() first.")
    return _ring
