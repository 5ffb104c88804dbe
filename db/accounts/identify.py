"""Who holds a token: a session or an API key becomes an Actor, freshly from Postgres. Tokens are only compared by their hash.

A session ends 14 days after it was opened, or after a day without use. Its rights are those of the membership now, those of a
key never more than its maker's membership gives now; neither has any while the person lacks a second factor that the company asks
for. So a change of role or a removal holds from the next request on (the API remembers an answer for at most 3 seconds).
"""

import ipaddress
from datetime import datetime, timedelta

import msgspec

from db.accounts import key_hashes
from db.accounts.standing import COLUMNS, CUSTOM_ROLE, standing
from db.clock import now
from db.crypto import digest, new_token
from db.errors import AppError, RequestError
from db.permissions import Permission
from db.tenancy import Actor, member
from db.work import system_work

SESSION_PREFIX = "mia_s_"
KEY_PREFIX = "mia_live_"
TEST_PREFIX = "mia_test_"  # as long
SESSION_LIFE = timedelta(days=14)
SESSION_IDLE = timedelta(hours=24)
_SEEN_EVERY = timedelta(minutes=1)
_KEY_ID = 8

LACKS_FACTOR = "c.second_factor_required and u.second_factor_at is null"
"""Of a company `c` and a person `u`: nothing but setting it up is open to them, nor to their keys."""
_SESSION = f"""
select s.company_id, s.id, s.user_id, s.last_seen_at, s.expires_at, {COLUMNS},
    {LACKS_FACTOR} as lacks_factor
from session s join membership m on m.company_id = s.company_id and m.user_id = s.user_id {CUSTOM_ROLE}
join company c on c.id = s.company_id join account_user u on u.id = s.user_id
where s.token_hash = $1 and s.revoked_at is null and s.expires_at > $2 and s.last_seen_at > $3
"""
_KEY = f"""
select k.company_id, k.id, k.secret_hash, k.old_secret_hash, k.old_until, k.scopes, k.created_by, k.expires_at, k.last_used_at,
    k.last_used_from, k.addresses, k.test, k.api_version, {COLUMNS}, (select sealed from installation_secret) as hash_key,
    {LACKS_FACTOR} as lacks_factor
from api_key k join membership m on m.company_id = k.company_id and m.user_id = k.created_by {CUSTOM_ROLE}
join company c on c.id = k.company_id join account_user u on u.id = k.created_by
where k.prefix = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
"""


class Identity(msgspec.Struct, frozen=True):
    """The actor behind a token, without address and request id, and until when at most. `networks`: from where it is used; none:
    from everywhere."""

    actor: Actor
    expires_at: datetime | None
    networks: tuple[str, ...] = ()

    def allows(self, address: str | None) -> bool:
        """Whether the token may come from this address. One that nobody knows is in no network."""
        if not self.networks:
            return True
        try:
            found = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in ipaddress.ip_network(network) for network in self.networks)


def new_session_token() -> str:
    return SESSION_PREFIX + new_token()


def refused() -> AppError:
    return RequestError.UNAUTHENTICATED()


async def identify(token: str, address: str | None = None) -> Identity:
    """`address`: noted as the last from where a key was used. Raises Unauthenticated (also for expired, idle, revoked, removed), Unavailable."""
    if token.startswith(SESSION_PREFIX) and len(token) == len(SESSION_PREFIX) + 43:
        return await _session(token)
    if token.startswith((KEY_PREFIX, TEST_PREFIX)) and len(token) == len(KEY_PREFIX) + _KEY_ID + 1 + 43:
        return await _key(token, address)
    raise refused()


async def _session(token: str) -> Identity:
    at = now()
    async with system_work() as s:
        row = await s.fetchrow(_SESSION, digest(token), at, at - SESSION_IDLE)
        if row is None:
            raise refused()
        if row["last_seen_at"] < at - _SEEN_EVERY:
            await s.execute(
                "update session set last_seen_at = $3 where company_id = $1 and id = $2", row["company_id"], row["id"], at
            )
    actor = member(row["company_id"], row["user_id"], standing(row), row["lacks_factor"], session_id=row["id"])
    return Identity(actor, row["expires_at"])


async def _key(token: str, address: str | None) -> Identity:
    at = now()
    async with system_work() as s:
        row = await s.fetchrow(_KEY, token[: len(KEY_PREFIX) + _KEY_ID], at)
        if row is None:
            raise refused()
        expires_at, until = row["expires_at"], row["old_until"]
        hasher = key_hashes.opened(row["hash_key"]) if row["hash_key"] is not None else None
        column = "secret_hash"
        if not key_hashes.fits(token, row[column], hasher):
            column = "old_secret_hash"
            if row[column] is None or until is None or until <= at or not key_hashes.fits(token, row[column], hasher):
                raise refused()
            expires_at = min(until, expires_at or until)
        if key_hashes.plain(row[column]):
            await s.execute(
                f"update api_key set {column} = $3 where company_id = $1 and id = $2 and {column} = $4",
                row["company_id"],
                row["id"],
                (hasher or await key_hashes.ensured(s)).kept(token),
                row[column],
            )
        held = frozenset(one for one in Permission if one.value in row["scopes"])
        actor = Actor(
            company_id=row["company_id"],
            kind="api_key",
            id=row["id"],
            maker_id=row["created_by"],
            permissions=frozenset() if row["lacks_factor"] else held & standing(row).permissions,
            lacks_factor=row["lacks_factor"],
            test=row["test"],
            version=row["api_version"],
        )
        identity = Identity(actor, expires_at, tuple(row["addresses"]))
        if identity.allows(address):
            late = row["last_used_at"] is None or row["last_used_at"] < at - _SEEN_EVERY
            if late or (address is not None and address != row["last_used_from"]):
                await s.execute(
                    "update api_key set last_used_at = $3, last_used_from = coalesce($4, last_used_from) where company_id = $1 and id = $2",
                    row["company_id"],
                    row["id"],
                    at,
                    address,
                )
    return identity
