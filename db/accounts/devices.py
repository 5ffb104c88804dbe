"""Browsers that an account knows, because its password or a link from its mailbox was used there. A known device opens nothing by
itself: it only has its own allowance of tries, so that strangers' tries do not lock it out. One that its person chose to trust is
asked for the password alone for a while."""

from datetime import timedelta
from uuid import UUID

from db.crypto import digest, new_token
from db.work import SystemWork

_MAX_DEVICES = 20
TRUST = timedelta(days=30)
KNOWN = "exists (select from known_device d where d.user_id = u.id and d.token_hash = $2)"
"""In a query of `account_user u`, with the digest of the given token as $2."""


def device_digest(token: str | None) -> bytes:
    return digest(token) if token else b""


async def remember(s: SystemWork, user_id: UUID, token: str | None, *, trust: bool = False) -> str:
    """The device's token: the given one when this account knows it already, else a new one. Never one that the caller made up.
    `trust`: no code of the second factor is asked for there for 30 days."""
    token = await _known(s, user_id, token)
    if trust:
        await s.execute(
            "update known_device set trusted_until = now() + $3::interval where user_id = $1 and token_hash = $2",
            user_id,
            digest(token),
            TRUST,
        )
    return token


async def _known(s: SystemWork, user_id: UUID, token: str | None) -> str:
    if token and await s.execute(
        "update known_device set last_used_at = now() where user_id = $1 and token_hash = $2", user_id, digest(token)
    ):
        return token
    token = new_token()
    await s.execute("insert into known_device(user_id, token_hash) values ($1, $2)", user_id, digest(token))
    await s.execute(
        "delete from known_device where user_id = $1 and token_hash not in "
        "(select token_hash from known_device where user_id = $1 order by last_used_at desc limit $2)",
        user_id,
        _MAX_DEVICES,
    )
    return token


async def forget_all(s: SystemWork, user_id: UUID) -> None:
    """With the password go all devices: one of them may have been somebody else's."""
    await s.execute("delete from known_device where user_id = $1", user_id)
