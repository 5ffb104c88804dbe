"""Files of WhatsApp: opened with the key that the message brings, and nothing that does not fit its mark."""

import base64
import hashlib
import hmac
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import strategies as st

from db.messages.content import Audio, Document, Image, Sticker, Video
from tests.workers.qr.test_linked_inbound import one, told
from workers.providers.linked.media import Broken, address, keys_of, reference, unseal

KEY = base64.b64encode(bytes(range(32))).decode()
IMAGE = reference("image", KEY)


def sealed(content: bytes, named: str = IMAGE) -> bytes:
    start, key, mark = keys_of(named)
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    body = encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()
    return body + hmac.digest(mark, start + body, "sha256")[:10]


@pytest.mark.parametrize("size", [1, 15, 16, 17, (1 << 20) - 1, 1 << 20, (1 << 20) + 5])
def test_it_opens_in_its_place(tmp_path: Path, size: int) -> None:
    path, content = tmp_path / "content", os.urandom(size)
    path.write_bytes(sealed(content))
    assert unseal(path, IMAGE) == (size, hashlib.sha256(content).digest())
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["content"]


@given(st.integers(0, 200), st.integers(0, 7))
def test_one_bit_is_enough_to_refuse_it(at: int, bit: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "content"
        whole = bytearray(sealed(b"Oi" * 60))
        whole[at % len(whole)] ^= 1 << bit
        path.write_bytes(whole)
        with pytest.raises(Broken):
            unseal(path, IMAGE)
        assert path.read_bytes() == whole


@pytest.mark.parametrize("cut", [0, 9, 10, 11, 26, 40])
def test_a_part_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "content"
    path.write_bytes(sealed(b"Oi" * 60)[:cut])
    with pytest.raises(Broken):
        unseal(path, IMAGE)


def test_a_key_of_another_kind_does_not_open_it(tmp_path: Path) -> None:
    path = tmp_path / "content"
    path.write_bytes(sealed(b"Oi"))
    with pytest.raises(Broken):
        unseal(path, reference("video", KEY))


@pytest.mark.parametrize("named", ["", "image:", "image:AAAA", f"book:{KEY}", f"image:{KEY}!", KEY])
def test_what_is_no_reference_is_none(named: str) -> None:
    with pytest.raises(ValueError):
        keys_of(named)


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        (None, "/v/t62/1?ccb=1", "https://mmg.whatsapp.net/v/t62/1?ccb=1"),
        ("https://media-gru1.cdn.whatsapp.net/x", None, "https://media-gru1.cdn.whatsapp.net/x"),
        ("https://whatsapp.net.evil.test/x", None, None),
        ("https://evilwhatsapp.net/x", None, None),
        ("http://mmg.whatsapp.net/x", None, None),
        ("https://[", None, None),
        (None, "//evil.test/x", "https://mmg.whatsapp.net//evil.test/x"),
        (None, None, None),
    ],
)
def test_files_are_fetched_of_whatsapp_alone(url: str | None, path: str | None, expected: str | None) -> None:
    assert address(url, path) == expected


FILE = {"directPath": "/v/1", "mediaKey": KEY, "mimetype": "image/jpeg; codecs=x", "fileLength": "120", "fileSha256": "aGFzaA=="}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"imageMessage": {**FILE, "caption": "Oi"}}, Image),
        ({"videoMessage": FILE}, Video),
        ({"ptvMessage": FILE}, Video),
        ({"audioMessage": {**FILE, "ptt": True}}, Audio),
        ({"documentWithCaptionMessage": {"message": {"documentMessage": {**FILE, "fileName": "a.pdf"}}}}, Document),
        ({"stickerMessage": FILE}, Sticker),
    ],
)
def test_messages_bring_files(content: dict[str, Any], kind: type) -> None:
    found = one(told(content)).content
    assert isinstance(found, kind)
    file = found.file
    assert (file.url, file.mime_type, file.size) == ("https://mmg.whatsapp.net/v/1", "image/jpeg", 120)
    assert file.id is not None
    assert file.id.endswith(f":{KEY}")
    assert keys_of(file.id)


def test_a_file_without_a_key_or_a_place_is_not_fetched() -> None:
    for less in ({**FILE, "mediaKey": ""}, {**FILE, "directPath": "", "url": "https://evil.test/x"}):
        found = one(told({"imageMessage": less})).content
        assert isinstance(found, Image)
        assert (found.file.id, found.file.url) == (None, None)
