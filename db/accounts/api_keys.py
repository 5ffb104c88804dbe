"""Keys for programs. A key never holds more than its maker, who is always a person: a key that a key makes belongs to the same
one, and a test key makes and changes test keys only. A secret is shown once and stored as a keyed hash (`key_hashes.py`)."""

import ipaddress
import secrets
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.accounts import key_hashes
from db.accounts.errors import AccountError
from db.accounts.identify import KEY_PREFIX, LACKS_FACTOR, TEST_PREFIX
from db.accounts.rights import present
from db.clock import now
from db.crypto import new_token
from db.errors import RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, work

_MAX_KEYS = 100
FIRST = "2026-11-27"
"""The version of the contract of keys that name none."""
OVERLAP = timedelta(days=30)
"""So long at most an old secret is valid beside the new one."""
_ROW = (
    "id, name, prefix, scopes, addresses, test, created_at, expires_at, last_used_at, last_used_from, rotated_at, api_version, "
    "case when old_until > now() then old_until end as old_valid_until, null as ended_at, null as ended_because, "
    "coalesce((select name from account_user where id = created_by), created_by_name, '') as created_by, "
    f"coalesce((select {LACKS_FACTOR} from company c, account_user u where c.id = company_id and u.id = created_by), false) "
    "as second_factor_missing"
)


def networks(given: list[str]) -> list[str]:
    """As they are compared, each once. Raises Invalid `network`."""
    found = dict[str, None]()
    for index, text in enumerate(given):
        try:
            found[str(ipaddress.ip_network(text.strip(), strict=False))] = None
        except ValueError:
            raise RequestError.INVALID(fields=[RequestField.NETWORK(f"addresses[{index}]")]) from None
    return list(found)


async def create(
    actor: Actor,
    name: str,
    scopes: list[Permission],
    expires_at: datetime | None,
    *,
    addresses: list[str] | None = None,
    test: bool = False,
    version: str = FIRST,
) -> tuple[asyncpg.Record, str]:
    """The key's row and its secret. Raises Forbidden `scope_too_wide`, `test_key`, Invalid, Conflict `too_many_keys`."""
    if expires_at is not None and expires_at <= now():
        raise RequestError.INVALID(fields=[RequestField.IN_THE_PAST("expires_at")])
    allowed = networks(addresses or [])
    if actor.test and not test:
        raise RequestError.TEST_KEY()
    prefix = (TEST_PREFIX if test else KEY_PREFIX) + secrets.token_hex(4)
    secret = f"{prefix}_{new_token()}"
    hashed = (await key_hashes.hasher()).kept(secret)
    maker = actor.id if actor.kind == "user" else actor.maker_id
    async with work(actor, Permission.KEYS_WRITE) as w:
        await _within(w, actor, scopes)
        if (
            await w.fetchval("select count(*) from api_key where company_id = $1 and revoked_at is null", w.company_id)
            >= _MAX_KEYS
        ):
            raise AccountError.TOO_MANY_KEYS(limit=_MAX_KEYS)
        row = await w.fetchrow(
            "insert into api_key(company_id, name, prefix, secret_hash, scopes, created_by, expires_at, addresses, test, api_version) "
            f"values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning {_ROW}",
            w.company_id,
            name.strip(),
            prefix,
            hashed,
            sorted({scope.value for scope in scopes}),
            maker,
            expires_at,
            allowed,
            test,
            version,
        )
        assert row is not None
        w.audit("api_key.created", row["id"], name=name.strip(), scopes=sorted(scopes), addresses=allowed, test=test)
        return row, secret


async def change(actor: Actor, key_id: UUID, addresses: list[str] | None, version: str | None = None) -> asyncpg.Record:
    """Says anew from where a key is used, and in which version of the contract it is answered; felt within 3 seconds everywhere. What is None
    stays. Raises NotFound, Invalid, Forbidden `test_key`."""
    allowed = networks(addresses) if addresses is not None else None
    async with work(actor, Permission.KEYS_WRITE) as w:
        await _lock(w, actor, key_id)
        row = await w.fetchrow(
            "update api_key set addresses = coalesce($3, addresses), api_version = coalesce($4, api_version) "
            f"where company_id = $1 and id = $2 returning {_ROW}",
            w.company_id,
            key_id,
            allowed,
            version,
        )
        assert row is not None
        w.audit("api_key.changed", key_id, addresses=row["addresses"], version=row["api_version"])
        return row


async def rotate(actor: Actor, key_id: UUID, old_valid_until: datetime | None) -> tuple[asyncpg.Record, str]:
    """A new secret of the same key; the one before is valid until then, an older one no more. Raises NotFound, Invalid, Forbidden
    `scope_too_wide` when the key may do more than who asks, `test_key`."""
    at = now()
    if old_valid_until is not None and old_valid_until > at + OVERLAP:
        raise RequestError.INVALID(fields=[RequestField.TOO_LATE("old_valid_until")])
    hasher = await key_hashes.hasher()
    async with work(actor, Permission.KEYS_WRITE) as w:
        before = await _lock(w, actor, key_id)
        await _within(w, actor, [Permission(scope) for scope in before["scopes"]])
        secret = f"{before['prefix']}_{new_token()}"
        hashed = hasher.kept(secret)
        row = await w.fetchrow(
            f"update api_key set secret_hash = $3, old_until = $4 where company_id = $1 and id = $2 returning {_ROW}",
            w.company_id,
            key_id,
            hashed,
            old_valid_until or at,
        )
        assert row is not None
        w.audit("api_key.rotated", key_id, old_valid_until=old_valid_until)
        return row, secret


async def revoke(actor: Actor, key_id: UUID) -> None:
    """Ends a key, with both its secrets, within 3 seconds everywhere. Raises NotFound, Forbidden `test_key`."""
    async with work(actor, Permission.KEYS_WRITE) as w:
        await _lock(w, actor, key_id)
        await w.execute("update api_key set revoked_at = now() where company_id = $1 and id = $2", w.company_id, key_id)
        w.audit("api_key.revoked", key_id)


async def _within(w: Work, actor: Actor, scopes: list[Permission]) -> None:
    maker = actor.id if actor.kind == "user" else actor.maker_id
    held = actor.permissions & (await present(w, maker)).permissions
    if beyond := sorted(set(scopes) - held):
        raise AccountError.SCOPE_TOO_WIDE(permission=beyond[0].value)


async def _lock(w: Work, actor: Actor, key_id: UUID) -> asyncpg.Record:
    row = await w.fetchrow(
        "select prefix, scopes, test from api_key where company_id = $1 and id = $2 and revoked_at is null for update",
        w.company_id,
        key_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="key")
    if actor.test and not row["test"]:
        raise RequestError.TEST_KEY()
    return row
