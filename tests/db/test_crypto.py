"""Sealed secrets open in their own place only, and only unchanged."""

import base64
import os
import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import crypto
from db.crypto import KeyRing, SealBroken, digest, load_ring, new_key, new_token

COMPANY, ROW = uuid4(), uuid4()
PLACE = {"company_id": COMPANY, "table": "channel", "column": "token", "row_id": ROW}


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(new_key("k1"))


@given(st.text(max_size=300))
def test_what_is_sealed_opens(secret: str) -> None:
    ring = KeyRing(new_key("k1"))
    assert ring.open(ring.seal(secret, **PLACE), **PLACE) == secret


def test_two_seals_of_one_secret_differ(ring: KeyRing) -> None:
    assert ring.seal("s", **PLACE) != ring.seal("s", **PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [{"company_id": uuid4()}, {"row_id": uuid4()}, {"column": "signing_secret"}, {"table": "template"}],
    ids=["company", "row", "column", "table"],
)
def test_a_ciphertext_moved_elsewhere_does_not_open(ring: KeyRing, elsewhere: dict[str, UUID | str]) -> None:
    blob = ring.seal("EAA-token", **PLACE)
    with pytest.raises(SealBroken):
        ring.open(blob, **{**PLACE, **elsewhere})


def test_no_bit_can_be_changed(ring: KeyRing) -> None:
    blob = ring.seal("EAA-token", **PLACE)
    for index in range(len(blob)):
        changed = bytearray(blob)
        changed[index] ^= 1
        with pytest.raises(SealBroken):
            ring.open(bytes(changed), **PLACE)
    for length in range(len(blob)):
        with pytest.raises(SealBroken):
            ring.open(blob[:length], **PLACE)


def test_the_first_key_seals_and_every_key_opens() -> None:
    old, fresh = new_key("old"), new_key("new")
    blob = KeyRing(old).seal("s", **PLACE)
    ring = KeyRing(f"{fresh}, {old}")
    assert ring.open(blob, **PLACE) == "s"
    assert ring.key_of(blob) == "old"
    assert ring.key_of(ring.seal("s", **PLACE)) == "new"
    with pytest.raises(SealBroken, match="not in SECRET_KEYS"):
        KeyRing(fresh).open(blob, **PLACE)


def test_another_key_of_the_same_name_does_not_open(ring: KeyRing) -> None:
    with pytest.raises(SealBroken):
        KeyRing(new_key("k1")).open(ring.seal("s", **PLACE), **PLACE)


@pytest.mark.parametrize("text", ["", " , ", "k1:short", "k1", f"{'x' * 33}:{base64.b64encode(bytes(32)).decode()}", "k1:***"])
def test_a_wrong_ring_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        KeyRing(text)


def test_a_local_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto, "_ring", None)
    blob = load_ring("", tmp_path / "data").seal("s", **PLACE)
    path = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert load_ring("", tmp_path / "data").open(blob, **PLACE) == "s"


def test_tokens_are_long_and_stored_as_their_hash() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(base64.urlsafe_b64decode(token + "=")) == 32 for token in tokens)
    assert len(digest(new_token())) == 32
