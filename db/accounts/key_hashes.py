"""What is kept of an API key's secret: its HMAC-SHA256 under a key of the installation, so that a copy of the database alone proves nothing
about any secret.

That key is made once, lies sealed in the database and is sealed anew by a rotation of SECRET_KEYS, so keys outlive those. Secrets of
before are plain SHA-256, known by their length, and kept this way from their next use on.
"""

import hashlib
import hmac
import secrets
from uuid import UUID

import structlog

from db.crypto import SealBroken, digest, ring
from db.errors import RequestError
from db.work import Change, system_work

log = structlog.get_logger("db.accounts")

NOBODY = UUID(int=0)
"""In place of a company and a row, to which the seal is bound."""
TABLE, COLUMN = "installation_secret", "sealed"
_KEYED = b"\x01"  # how the kept ones begin; 33 bytes

_opened: dict[bytes, bytes] = {}


class Hasher:
    """Of one installation's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def kept(self, secret: str) -> bytes:
        """What is stored of a secret."""
        return _KEYED + hmac.digest(self._key, secret.encode(), hashlib.sha256)


def opened(blob: bytes) -> Hasher:
    """Raises Unavailable while the key of SECRET_KEYS that sealed it is not there."""
    if blob not in _opened:
        try:
            text = ring().open(blob, company_id=NOBODY, table=TABLE, column=COLUMN, row_id=NOBODY)
        except SealBroken as error:
            log.error("api_keys.sealed", error=str(error))
            raise RequestError.UNAVAILABLE(retry_after=30) from error
        _opened.clear()
        _opened[blob] = bytes.fromhex(text)
    return Hasher(_opened[blob])


def fits(secret: str, stored: bytes, hasher: Hasher | None) -> bool:
    """Whether the stored bytes are of this secret, in either form."""
    if stored[:1] == _KEYED and len(stored) == 33:
        return hasher is not None and hmac.compare_digest(stored, hasher.kept(secret))
    return hmac.compare_digest(stored, digest(secret))


def plain(stored: bytes) -> bool:
    """Whether it is of before, without a key."""
    return len(stored) == 32


async def hasher() -> Hasher:
    """For secrets that are made now."""
    async with system_work() as s:
        return await ensured(s)


async def ensured(s: Change) -> Hasher:
    """The installation's, made when there is none; as the system."""
    blob = await s.fetchval("select sealed from installation_secret")
    if blob is None:
        sealed = ring().seal(secrets.token_hex(32), company_id=NOBODY, table=TABLE, column=COLUMN, row_id=NOBODY)
        await s.execute("insert into installation_secret(sealed) values ($1) on conflict do nothing", sealed)
        blob = await s.fetchval("select sealed from installation_secret")
    return opened(blob)
