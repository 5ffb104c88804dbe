"""Receipts of erasures: JSON, signed with a key of the company (Ed25519), so that anybody who has the public key can tell that it is whole."""

import base64
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from db.crypto import ring
from db.ids import uuid7
from db.work import Read, Work


class Key(NamedTuple):
    private: Ed25519PrivateKey
    public: str  # base64 of its 32 bytes


async def key(w: Work) -> Key:
    """The company's, made by whoever needs it first."""
    made, row_id = Ed25519PrivateKey.generate(), uuid7()
    place = {"company_id": w.company_id, "table": "receipt_key", "column": "private"}
    sealed = ring().seal(made.private_bytes_raw().hex(), row_id=row_id, **place)  # type: ignore[arg-type]
    public = base64.b64encode(made.public_key().public_bytes_raw()).decode()
    await w.execute(
        "insert into receipt_key(company_id, id, private, public_key) values ($1, $2, $3, $4) on conflict do nothing",
        w.company_id,
        row_id,
        sealed,
        public,
    )
    row = await w.fetchrow("select id, private, public_key from receipt_key where company_id = $1", w.company_id)
    assert row is not None
    opened = ring().open(row["private"], row_id=row["id"], **place)  # type: ignore[arg-type]
    return Key(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(opened)), row["public_key"])


def sign(private: Ed25519PrivateKey, receipt: str) -> str:
    """Base64 of the signature of these bytes as UTF-8."""
    return base64.b64encode(private.sign(receipt.encode())).decode()


async def public_key(r: Read, company_id: UUID) -> str | None:
    found: str | None = await r.fetchval("select public_key from receipt_key where company_id = $1", company_id)
    return found


def signed(public: str, receipt: str, signature: str) -> bool:
    """Whether the receipt is as it was signed, sign by sign."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), receipt.encode())
    except (ValueError, InvalidSignature):
        return False
    return True
