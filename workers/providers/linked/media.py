"""Files of WhatsApp's messages: they lie sealed on its servers, and the message brings the key. Source: the open engines' media code.

A file is AES-256-CBC with ten bytes of HMAC-SHA256 behind it; both keys and the start come of the message's key by HKDF, under the name of
its kind. What does not fit its mark is not written down as anything.
"""

import base64
import hashlib
import hmac
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

HOST = "mmg.whatsapp.net"
HOSTS = (".whatsapp.net",)
NAMES = {"image": b"Image", "sticker": b"Image", "video": b"Video", "audio": b"Audio", "document": b"Document"}
MARK = 10
_PIECE = 1 << 20


def reference(kind: str, key: str) -> str:
    """What a file is fetched and opened by."""
    return f"{kind}:{key}"


def address(url: str | None, path: str | None) -> str | None:
    """Where it lies: the path on WhatsApp's own host, else the message's address, if that is WhatsApp's."""
    if path and path.startswith("/") and path.isprintable():
        return f"https://{HOST}{path}"
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme == "https" and (parts.hostname or "").endswith(HOSTS) else None


def elsewhere(url: str, sandbox_url: str) -> str:
    """The same file where the simulator has it."""
    return f"{sandbox_url}/mmg{urlsplit(url).path}"


def is_host(name: str) -> bool:
    """Whether it is WhatsApp's."""
    return name.endswith(HOSTS)


class Sealed(NamedTuple):
    """What a message tells of its file."""

    key: bytes
    sha256: bytes
    sealed_sha256: bytes
    size: int


def seal(path: Path, out: Path, kind: str) -> Sealed:
    """Writes the file sealed under a new key to `out`."""
    key = os.urandom(32)
    start, cipher_key, mark_key = keys_of(reference(kind, base64.b64encode(key).decode()))
    mark, digest, whole = hmac.new(mark_key, start, hashlib.sha256), hashlib.sha256(), hashlib.sha256()
    encryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(start)).encryptor()
    padder, size = PKCS7(128).padder(), 0
    with path.open("rb") as content, out.open("wb") as sealed:
        while piece := content.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            text = encryptor.update(padder.update(piece))
            mark.update(text)
            whole.update(text)
            sealed.write(text)
        text = encryptor.update(padder.finalize()) + encryptor.finalize()
        mark.update(text)
        end = text + mark.digest()[:MARK]
        whole.update(end)
        sealed.write(end)
    return Sealed(key, digest.digest(), whole.digest(), size)


class Broken(ValueError):
    """It does not open with its key: it came in part, or was changed."""


def keys_of(reference: str) -> tuple[bytes, bytes, bytes]:
    """Start, key and key of the mark. Raises ValueError for what is no reference."""
    kind, _, key = reference.partition(":")
    secret = base64.b64decode(key, validate=True)
    if kind not in NAMES or len(secret) != 32:
        raise ValueError("not a file of WhatsApp")
    whole = HKDF(hashes.SHA256(), 112, bytes(32), b"WhatsApp " + NAMES[kind] + b" Keys").derive(secret)
    return whole[:16], whole[16:48], whole[48:80]


def unseal(path: Path, reference: str) -> tuple[int, bytes]:
    """Opens the file in its place; size and SHA-256 of what was in it. Raises ValueError: Broken, or no reference."""
    start, key, mark_key = keys_of(reference)
    length = path.stat().st_size - MARK
    if length <= 0 or length % 16:
        raise Broken("it came in part")
    mark = hmac.new(mark_key, start, hashlib.sha256)
    opener = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
    unpadder, digest, size = PKCS7(128).unpadder(), hashlib.sha256(), 0
    opened = path.with_name(path.name + ".opened")
    try:
        with path.open("rb") as sealed, opened.open("wb") as out:
            left = length
            while left:
                piece = sealed.read(min(_PIECE, left))
                if not piece:
                    raise Broken("it came in part")
                left -= len(piece)
                mark.update(piece)
                text = unpadder.update(opener.update(piece))
                if not left:
                    text += unpadder.finalize()
                digest.update(text)
                size += len(text)
                out.write(text)
            if not hmac.compare_digest(mark.digest()[:MARK], sealed.read(MARK)):
                raise Broken("it was changed")
        opened.replace(path)
    except Broken:
        raise
    except ValueError as error:  # padding that is none
        raise Broken("it does not open with its key") from error
    finally:
        opened.unlink(missing_ok=True)
    return size, digest.digest()
