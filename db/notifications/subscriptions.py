"""Browsers in which a person wants notifications. One browser has one subscription in a company: who signs in there takes it over."""

import base64
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from db import crypto
from db.errors import RequestError
from db.notifications.errors import NotificationError, NotificationField
from db.permissions import Permission
from db.tenancy import SELF, Actor, worker
from db.work import Read, read, work

MOST = 20
"""Browsers of one person in one company."""


class Target(msgspec.Struct, frozen=True):
    """What the browser gave: address at its push service, its public key (P-256) and its secret, both in URL-safe base64."""

    endpoint: str
    p256dh: str
    auth: str


class Subscription(NamedTuple):
    id: UUID
    user_agent: str | None
    created_at: datetime


class Reach(NamedTuple):
    """A person's language and browsers. `targets`: id → target and the name of the key that it knows us by."""

    language: str
    targets: dict[UUID, tuple[Target, str]]


_ONE = "select id, user_agent, created_at from push_subscription where company_id = $1 and user_id = $2"


async def subscriptions(actor: Actor) -> list[Subscription]:
    """The person's own, newest first."""
    async with read(actor, SELF) as r:
        return [Subscription(*row) for row in await r.fetch(f"{_ONE} order by created_at desc, id", actor.company_id, actor.id)]


async def subscribe(actor: Actor, target: Target, user_agent: str | None) -> Subscription:
    """Harmless when repeated. Raises Invalid, Conflict (too_many_subscriptions)."""
    assert actor.id is not None
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.urlsafe_b64decode(target.p256dh + "="))
    except ValueError as error:
        raise RequestError.INVALID(fields=[NotificationField.NO_PUSH_TARGET("p256dh")]) from error
    row_id = uuid5(actor.company_id, target.endpoint)
    async with work(actor, SELF) as w:
        await w.execute("select from account_user where id = $1 for update", actor.id)
        others = "select count(*) from push_subscription where company_id = $1 and user_id = $2 and id <> $3"
        if await w.fetchval(others, w.company_id, actor.id, row_id) >= MOST:
            raise NotificationError.TOO_MANY_SUBSCRIPTIONS(limit=MOST)
        sealed = crypto.ring().seal(msgspec.json.encode(target).decode(), row_id=row_id, **_place(w.company_id))
        row = await w.fetchrow(
            "insert into push_subscription(company_id, id, user_id, target, server_key, user_agent) values ($1, $2, $3, $4, $5, $6)"
            " on conflict (company_id, id) do update set user_id = excluded.user_id, target = excluded.target,"
            " server_key = excluded.server_key, user_agent = excluded.user_agent returning id, user_agent, created_at",
            w.company_id,
            row_id,
            actor.id,
            sealed,
            crypto.ring().current,
            (user_agent or "")[:300] or None,
        )
        assert row is not None
        w.audit("push.subscribed", row["id"])
        return Subscription(*row)


async def unsubscribe(actor: Actor, subscription_id: UUID) -> None:
    """Raises NotFound."""
    async with work(actor, SELF) as w:
        gone = await w.execute(
            "delete from push_subscription where company_id = $1 and id = $2 and user_id = $3",
            w.company_id,
            subscription_id,
            actor.id,
        )
        if not gone:
            raise RequestError.NOT_FOUND(what="subscription")
        w.audit("push.unsubscribed", subscription_id)


async def reach(company_id: UUID, user_id: UUID) -> Reach | None:
    """None when the person left, lacks the second factor that the company asks for, or has no browser that wants it."""
    async with read(worker(company_id), Permission.COMPANY_READ) as r:
        language = await r.fetchval(
            "select u.language from account_user u join membership m on m.user_id = u.id join company c on c.id = m.company_id "
            "where m.company_id = $1 and u.id = $2 and (not c.second_factor_required or u.second_factor_at is not null)",
            company_id,
            user_id,
        )
        targets = await _targets(r, company_id, user_id) if language else {}
    return Reach(language, targets) if targets else None


async def forget(company_id: UUID, subscription_id: UUID) -> None:
    """The push service says that the browser is gone, or it cannot be reached as it is."""
    async with work(worker(company_id), Permission.COMPANY_WRITE) as w:
        await w.execute("delete from push_subscription where company_id = $1 and id = $2", company_id, subscription_id)
        w.audit("push.unsubscribed", subscription_id)


async def _targets(r: Read, company_id: UUID, user_id: UUID) -> dict[UUID, tuple[Target, str]]:
    found = {}
    rows = await r.fetch(
        "select id, target, server_key from push_subscription where company_id = $1 and user_id = $2", company_id, user_id
    )
    for row in rows:
        opened = crypto.ring().open(row["target"], row_id=row["id"], **_place(company_id))
        found[row["id"]] = msgspec.json.decode(opened, type=Target), row["server_key"]
    return found


def _place(company_id: UUID) -> dict[str, Any]:
    return {"company_id": company_id, "table": "push_subscription", "column": "target"}
