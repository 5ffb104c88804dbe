"""Password hashes: argon2id, 19 MiB, 2 passes, 1 lane (OWASP's minimum), two at a time, so that many sign-ins at
once cannot use up processor and memory.

Refuses to be quick for unknown people: the caller verifies against `DECOY` and takes as long."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
DECOY = _hasher.hash("nobody has this password")
NO_PASSWORD = "none"  # noqa: S105 - stored for who signs in by an account elsewhere alone


class _Turns:
    """Two hashes at a time per event loop."""

    loop: asyncio.AbstractEventLoop | None = None
    semaphore = asyncio.Semaphore(2)

    @classmethod
    def take(cls) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if cls.loop is not loop:
            cls.loop, cls.semaphore = loop, asyncio.Semaphore(2)
        return cls.semaphore


async def hash_password(password: str) -> str:
    """The text to store."""
    async with _Turns.take():
        return await asyncio.to_thread(_hasher.hash, password)


async def matches(stored: str, password: str) -> bool:
    """Whether the password is the one behind the stored text."""
    async with _Turns.take():
        return await asyncio.to_thread(_verify, stored, password)


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
