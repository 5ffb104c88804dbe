"""Whom a company tells what: make, change, switch on and off, rotate the secret, delete. An endpoint is told only what its maker may
see: asked when its types are chosen, and again whenever something is to be told (`feed.py`)."""

import base64
import ipaddress
import os
import socket
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import msgspec

from db import event_consumers
from db.accounts.rights import present
from db.clock import now
from db.crypto import ring
from db.errors import RequestError
from db.ids import uuid7
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected, check
from db.webhooks import catalogue
from db.webhooks.enums import OffBecause, WebhookType
from db.webhooks.errors import WebhookError, WebhookField
from db.webhooks.events import WebhookChanged
from db.work import Read, Work, read, work

CONSUMER = "webhooks"
MAX_ENDPOINTS = 50
OVERLAP = timedelta(hours=24)
"""How long the secret before a rotation signs too."""
_TABLE = "webhook_endpoint"
_LOCAL = ("localhost", "local", "internal", "home.arpa")
_COLUMNS = (
    "id, url, description, types, legacy_secret is not null as legacy_signature, created_by, created_at, version, off_because, off_at,"
    " failures, failing_since, delivered_at, case when old_until > now() then old_until end as old_until,"
    " (select name from account_user where id = off_by) as off_by_name,"
    " (select name from api_key k where k.company_id = e.company_id and k.id = made_with) as made_with,"
    " coalesce((select k.revoked_at is not null or k.expires_at <= now() from api_key k where k.company_id = e.company_id and k.id = made_with), false)"
    " as key_ended"
)

FOREMOST = """
update webhook_delivery d set foremost = true from (
    select distinct on (w.entity) w.id from webhook_delivery w
    where w.company_id = $1 and w.endpoint_id = $2 and w.state in ('waiting', 'sending') and ($3::text[] is null or w.entity = any($3))
        and not exists (select from webhook_delivery f where f.company_id = $1 and f.endpoint_id = $2 and f.entity = w.entity
            and f.state in ('waiting', 'sending') and f.foremost)
    order by w.entity, w.sequence, w.id) n
where d.company_id = $1 and d.id = n.id
"""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """As people see it: without its secrets. `old_until`: until then the secret before signs too. `made_with`: the API key
    that chose what it is told; it goes on after the key."""

    id: UUID
    url: str
    description: str
    types: list[WebhookType]
    legacy_signature: bool
    created_by: UUID | None
    created_at: datetime
    version: int
    off_because: OffBecause | None
    off_at: datetime | None
    off_by_name: str | None
    failures: int
    failing_since: datetime | None
    delivered_at: datetime | None
    old_until: datetime | None
    made_with: str | None
    key_ended: bool


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Shown once. `legacy`: the key of `x-webhook-signature`, as text."""

    secret: str
    legacy: str | None = None


def _endpoint(row: asyncpg.Record) -> Endpoint:
    return msgspec.convert(dict(row), Endpoint)


def new_secret() -> str:
    """Standard Webhooks: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


def _sealed(company_id: UUID, row_id: UUID, column: str, secret: str) -> bytes:
    return ring().seal(secret, company_id=company_id, table=_TABLE, column=column, row_id=row_id)


def opened(company_id: UUID, row_id: UUID, column: str, blob: bytes) -> str:
    """Raises SealBroken."""
    return ring().open(blob, company_id=company_id, table=_TABLE, column=column, row_id=row_id)


def host_of(url: object) -> str | None:
    """The host of an address, None when it has none."""
    try:
        return urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        return None


def _maybe_public(host: str) -> bool:
    """False for a name of a local network, and for an IP address, however it is written, that is none of the public internet."""
    if "." not in host and ":" not in host:  # also 2130706433
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            address = ipaddress.ip_address(socket.inet_aton(host))  # 0x7f.1, 0177.0.0.1
        except OSError:
            return True  # a name
    return address.is_global and not address.is_multicast


def _refuse_odd(url: str, *, local: bool) -> None:
    """Raises Invalid for an address that could never be called. Where its name leads is looked at on every call, by workers alone."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    odd = any(sign <= " " for sign in url) or not host or parts.username is not None or parts.password is not None
    if not local:
        odd = odd or parts.scheme != "https" or port not in (None, 443, 8443)
        odd = odd or any(host == name or host.endswith("." + name) for name in _LOCAL) or not _maybe_public(host)
    if odd or parts.scheme not in ("https", "http"):
        raise RequestError.INVALID(fields=[WebhookField.ADDRESS("url")])


async def _refuse_beyond(w: Work, actor: Actor, maker: UUID | None, types: list[WebhookType]) -> None:
    held = actor.permissions & (await present(w, maker)).permissions
    asked = {permission for type in types for permission in catalogue.KINDS[type].permissions}
    if beyond := sorted(asked - held):
        raise WebhookError.TYPE_NOT_YOURS(permission=beyond[0].value)


async def _refuse_to_divert(w: Work, actor: Actor, before: Endpoint) -> None:
    """Raises Forbidden for who may not see all that goes, waits or may be sent again to the endpoint: it all goes to the new address."""
    held = actor.permissions & (await present(w, _maker(actor))).permissions
    beyond = {kind.type: sorted(kind.permissions - held) for kind in catalogue.KINDS.values() if kind.permissions - held}
    told = [type for type in before.types if type in beyond]
    if beyond and not told:
        told = [
            WebhookType(row["type"])
            for row in await w.fetch(
                "select type from webhook_delivery where company_id = $1 and endpoint_id = $2 and type = any($3::text[]) limit 1",
                w.company_id,
                before.id,
                [type.value for type in beyond],
            )
        ]
    if told:
        raise WebhookError.TYPE_NOT_YOURS(permission=beyond[told[0]][0].value)


def real(actor: Actor) -> None:
    """What an endpoint is told leaves the company. Raises Forbidden `test_key`."""
    if actor.test:
        raise RequestError.TEST_KEY()


def _maker(actor: Actor) -> UUID | None:
    return actor.id if actor.kind == "user" else actor.maker_id


def _key(actor: Actor) -> UUID | None:
    return actor.id if actor.kind == "api_key" else None


async def _listen(w: Work, endpoint_id: UUID, types: list[WebhookType]) -> None:
    await event_consumers.subscribe(w, f"{CONSUMER}:{endpoint_id}", catalogue.sources([type.value for type in types]))


async def endpoint_in(r: Read, company_id: UUID, endpoint_id: UUID, lock: str = "") -> Endpoint:
    """Raises NotFound."""
    row = await r.fetchrow(
        f"select {_COLUMNS} from webhook_endpoint e where company_id = $1 and id = $2 {lock}", company_id, endpoint_id
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="webhook")
    return _endpoint(row)


async def endpoints(actor: Actor) -> list[Endpoint]:
    """All of the company, oldest first."""
    async with read(actor, Permission.WEBHOOKS_READ) as r:
        rows = await r.fetch(f"select {_COLUMNS} from webhook_endpoint e where company_id = $1 order by id", actor.company_id)
    return [_endpoint(row) for row in rows]


async def endpoint(actor: Actor, endpoint_id: UUID) -> Endpoint:
    """Raises NotFound."""
    async with read(actor, Permission.WEBHOOKS_READ) as r:
        return await endpoint_in(r, actor.company_id, endpoint_id)


async def create(
    actor: Actor, url: str, description: str, types: list[WebhookType], *, legacy_signature: bool = False, local: bool = False
) -> tuple[Endpoint, Secrets]:
    """It is told what happens from now on. `local`: http and private addresses may be called on this installation. Raises Invalid,
    Forbidden `webhook_type_not_yours`, `test_key`, Conflict `too_many_webhooks`."""
    real(actor)
    _refuse_odd(url, local=local)
    types, row_id = sorted(set(types)), uuid7()
    secrets = Secrets(secret=new_secret(), legacy=new_secret() if legacy_signature else None)
    async with work(actor, Permission.WEBHOOKS_WRITE) as w:
        await w.fetchval("select true from company where id = $1 for no key update", w.company_id)
        await _refuse_beyond(w, actor, _maker(actor), types)
        if await w.fetchval("select count(*) from webhook_endpoint where company_id = $1", w.company_id) >= MAX_ENDPOINTS:
            raise WebhookError.TOO_MANY(limit=MAX_ENDPOINTS)
        await w.execute(
            "insert into webhook_endpoint(company_id, id, url, description, types, secret, legacy_secret, created_by, made_with)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            w.company_id,
            row_id,
            url,
            description.strip(),
            [type.value for type in types],
            _sealed(w.company_id, row_id, "secret", secrets.secret),
            _sealed(w.company_id, row_id, "legacy_secret", secrets.legacy) if secrets.legacy else None,
            _maker(actor),
            _key(actor),
        )
        await _listen(w, row_id, types)
        w.audit("webhook.created", row_id, host=urlsplit(url).hostname, types=types)
        w.emit(WebhookChanged(endpoint_id=row_id))
        return await endpoint_in(w, w.company_id, row_id), secrets


async def change(
    actor: Actor,
    endpoint_id: UUID,
    *,
    url: str | None = None,
    description: str | None = None,
    types: list[WebhookType] | None = None,
    expected: Expected = None,
    local: bool = False,
) -> Endpoint:
    """What is None stays. Who chooses types is from then on the one whose rights count. What waits already goes to the new address, so who
    changes that may see it all. Raises NotFound, Invalid, Forbidden, PreconditionFailed."""
    real(actor)
    if url is not None:
        _refuse_odd(url, local=local)
    async with work(actor, Permission.WEBHOOKS_WRITE) as w:
        before = await endpoint_in(w, w.company_id, endpoint_id, "for update")
        check(before.version, expected)
        if url is not None and url != before.url:
            await _refuse_to_divert(w, actor, before)
        if types is not None:
            types = sorted(set(types))
            await _refuse_beyond(w, actor, _maker(actor), types)
            await _listen(w, endpoint_id, types)
        await w.execute(
            "update webhook_endpoint set url = coalesce($3, url), description = coalesce($4, description), types = coalesce($5, types),"
            " created_by = case when $5::text[] is null then created_by else $6 end,"
            " made_with = case when $5::text[] is null then made_with else $7 end, version = version + 1"
            " where company_id = $1 and id = $2",
            w.company_id,
            endpoint_id,
            url,
            description.strip() if description is not None else None,
            [type.value for type in types] if types is not None else None,
            _maker(actor),
            _key(actor),
        )
        w.audit("webhook.changed", endpoint_id, host=urlsplit(url or before.url).hostname, types=types or before.types)
        w.emit(WebhookChanged(endpoint_id=endpoint_id))
        return await endpoint_in(w, w.company_id, endpoint_id)


async def switch(actor: Actor, endpoint_id: UUID, *, on: bool) -> Endpoint:
    """Off: what happens meanwhile waits, for 14 days. On: it goes out in its order, and failures are counted anew. Raises NotFound, Forbidden `test_key`."""
    if on:
        real(actor)
    async with work(actor, Permission.WEBHOOKS_WRITE) as w:
        before = await endpoint_in(w, w.company_id, endpoint_id, "for update")
        if (before.off_because is None) != on:
            await w.execute(
                "update webhook_endpoint set off_because = $3, off_at = case when $3::text is null then null else now() end, off_by = $4,"
                " failures = 0, failing_since = null, warned_at = null, paused_until = null, due_at = now(), version = version + 1"
                " where company_id = $1 and id = $2",
                w.company_id,
                endpoint_id,
                None if on else OffBecause.PERSON.value,
                None if on else _maker(actor),
            )
            if on:  # what was foremost may have been forgotten meanwhile
                await let_go(w, endpoint_id)
            w.audit("webhook.switched_on" if on else "webhook.switched_off", endpoint_id)
            w.emit(WebhookChanged(endpoint_id=endpoint_id))
        return await endpoint_in(w, w.company_id, endpoint_id)


async def rotate(actor: Actor, endpoint_id: UUID) -> tuple[Endpoint, Secrets]:
    """A new secret; for 24 hours the one before signs too, later ones before it no more. The legacy one changes at once: its header holds
    one value. Raises NotFound."""
    async with work(actor, Permission.WEBHOOKS_WRITE) as w:
        before = await endpoint_in(w, w.company_id, endpoint_id, "for update")
        secrets = Secrets(secret=new_secret(), legacy=new_secret() if before.legacy_signature else None)
        blob = await w.fetchval(
            "select secret from webhook_endpoint where company_id = $1 and id = $2", w.company_id, endpoint_id
        )
        old = opened(w.company_id, endpoint_id, "secret", blob)
        await w.execute(
            "update webhook_endpoint set secret = $3, old_secret = $4, old_until = $5, legacy_secret = $6, version = version + 1"
            " where company_id = $1 and id = $2",
            w.company_id,
            endpoint_id,
            _sealed(w.company_id, endpoint_id, "secret", secrets.secret),
            _sealed(w.company_id, endpoint_id, "old_secret", old),
            now() + OVERLAP,
            _sealed(w.company_id, endpoint_id, "legacy_secret", secrets.legacy) if secrets.legacy else None,
        )
        w.audit("webhook.secret_rotated", endpoint_id)
        w.emit(WebhookChanged(endpoint_id=endpoint_id))
        return await endpoint_in(w, w.company_id, endpoint_id), secrets


async def let_go(w: Work, endpoint_id: UUID) -> None:
    """Chooses the foremost of each entity that has none, under the endpoint's lock."""
    await w.execute(FOREMOST, w.company_id, endpoint_id, None)
    await w.execute("update webhook_endpoint set due_at = now() where company_id = $1 and id = $2", w.company_id, endpoint_id)


async def delete(actor: Actor, endpoint_id: UUID) -> None:
    """With what waits for it and its log. Raises NotFound."""
    async with work(actor, Permission.WEBHOOKS_WRITE) as w:
        if not await w.execute("delete from webhook_endpoint where company_id = $1 and id = $2", w.company_id, endpoint_id):
            raise RequestError.NOT_FOUND(what="webhook")
        await event_consumers.unsubscribe(w, f"{CONSUMER}:{endpoint_id}")
        w.audit("webhook.deleted", endpoint_id)
        w.emit(WebhookChanged(endpoint_id=endpoint_id))
