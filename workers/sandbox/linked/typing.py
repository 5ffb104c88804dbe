"""The phone's side of pairing by signs that are typed in: both sides wrap their keys under the signs, and agree on the secret that a scanned code has
in it."""

import hashlib
import os
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from workers.sandbox.linked.keys import Pair, hkdf

ROUNDS = 2 << 16


def _key(signs: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", signs.encode(), salt, ROUNDS, 32)


def _ctr(key: bytes, start: bytes, text: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.CTR(start)).encryptor().update(text)


@dataclass
class Typing:
    """`wrapped`: the device's key under the signs that it shows. Whoever types other signs agrees on another secret, and the device is refused."""

    account: Pair
    wrapped: bytes
    signs: str
    own: Pair = field(default_factory=Pair)

    def answer(self) -> bytes:
        """The phone's key, wrapped alike."""
        salt, start = os.urandom(32), os.urandom(16)
        return salt + start + _ctr(_key(self.signs, salt), start, self.own.public)

    def secret(self, bundle: bytes, identity: bytes) -> bytes:
        """What both know now. `bundle`: what the device says at the end, `identity`: its key. Raises InvalidTag when the signs were others."""
        theirs = _ctr(_key(self.signs, self.wrapped[:32]), self.wrapped[32:48], self.wrapped[48:80])
        shared = self.own.agree(theirs)
        key = hkdf(shared, 32, bundle[:32], b"link_code_pairing_key_bundle_encryption_key")
        opened = AESGCM(key).decrypt(bundle[32:44], bundle[44:], b"")
        assert opened[:32] == identity
        return hkdf(shared + self.account.agree(identity) + opened[64:96], 32, info=b"adv_secret")
