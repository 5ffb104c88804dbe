"""Keys for programs. A key never holds more than its maker, who is always a person: a key that a key makes belongs to the same
one. Its secret is shown once and stored as a hash."""

import secrets
from datetime import datetime
from uuid import UUID

import asyncpg

from db.accounts.errors import AccountError
from db.accounts.identify import KEY_PREFIX
from db.accounts.rights import present_role
from db.clock import now
from db.crypto import digest, new_token
from db.errors import RequestError, RequestField
from db.permissions import ROLE_PERMISSIONS, Permission
from db.tenancy import Actor
from db.work import work

_MAX_KEYS = 100


async def create(actor: Actor, name: str, scopes: list[Permission], expires_at: datetime | None) -> tuple[asyncpg.Record, str]:
    """The key's row and its secret. Raises Forbidden `scope_too_wide`, Invalid, Conflict `too_many_keys`."""
    if expires_at is not None and expires_at <= now():
        raise RequestError.INVALID(fields=[RequestField.IN_THE_PAST("expires_at")])
    prefix = KEY_PREFIX + secrets.token_hex(4)
    secret = f"{prefix}_{new_token()}"
    maker = actor.id if actor.kind == "user" else actor.maker_id
    async with work(actor, Permission.KEYS_WRITE) as w:
        held = actor.permissions & ROLE_PERMISSIONS[await present_role(w, w.company_id, maker)]
        if beyond := sorted(set(scopes) - held):
            raise AccountError.SCOPE_TOO_WIDE(permission=beyond[0].value)
        if (
            await w.fetchval("select count(*) from api_key where company_id = $1 and revoked_at is null", w.company_id)
            >= _MAX_KEYS
        ):
            raise AccountError.TOO_MANY_KEYS(limit=_MAX_KEYS)
        row = await w.fetchrow(
            "insert into api_key(company_id, name, prefix, secret_hash, scopes, created_by, expires_at) values ($1, $2, $3, $4, $5, $6, $7) "
            "returning id, name, prefix, scopes, created_at, expires_at, last_used_at, null as ended_at, null as ended_because, "
            "coalesce((select name from account_user where id = created_by), '') as created_by",
            w.company_id,
            name.strip(),
            prefix,
            digest(secret),
            sorted({scope.value for scope in scopes}),
            maker,
            expires_at,
        )
        assert row is not None
        w.audit("api_key.created", row["id"], name=name.strip(), scopes=sorted(scopes))
        return row, secret


async def revoke(actor: Actor, key_id: UUID) -> None:
    """Ends a key within 3 seconds everywhere. Raises NotFound."""
    async with work(actor, Permission.KEYS_WRITE) as w:
        ended = await w.execute(
            "update api_key set revoked_at = now() where company_id = $1 and id = $2 and revoked_at is null", w.company_id, key_id
        )
        if not ended:
            raise RequestError.NOT_FOUND(what="key")
        w.audit("api_key.revoked", key_id)
