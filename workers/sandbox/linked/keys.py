"""The curve's keys as WhatsApp uses them: one key agrees (X25519) and signs (XEdDSA)."""

import hashlib
import hmac
import os
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

_RAW = serialization.Encoding.Raw, serialization.PublicFormat.Raw


@dataclass
class Pair:
    """Made of an Ed25519 seed, so that the library's fast signature is a XEdDSA one: its sign bit goes into the signature's last byte."""

    seed: bytes = field(default_factory=lambda: os.urandom(32))

    def __post_init__(self) -> None:
        self._signer = Ed25519PrivateKey.from_private_bytes(self.seed)
        self._scalar = X25519PrivateKey.from_private_bytes(hashlib.sha512(self.seed).digest()[:32])
        self.public = self._scalar.public_key().public_bytes(*_RAW)

    def agree(self, other: bytes) -> bytes:
        return self._scalar.exchange(X25519PublicKey.from_public_bytes(other[-32:]))

    def sign(self, message: bytes) -> bytes:
        signature = bytearray(self._signer.sign(message))
        signature[63] |= self._signer.public_key().public_bytes(*_RAW)[31] & 0x80
        return bytes(signature)


def hkdf(key: bytes, length: int, salt: bytes = bytes(32), info: bytes = b"") -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(key)


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def cbc(key: bytes, iv: bytes, text: bytes) -> bytes:
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()


def cbc_open(key: bytes, iv: bytes, sealed: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(sealed) + decryptor.finalize()) + unpadder.finalize()
