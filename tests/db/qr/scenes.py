"""Sessions written straight into the tables."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg

from db import installation
from db.qr.enums import SessionState
from db.qr.leases import Held
from db.tenancy import Actor
from tests import factories


async def session(
    db: asyncpg.Connection, actor: Actor, *, paired: bool = True, kind: str = "whatsapp_qr", **columns: Any
) -> UUID:
    """A channel whose session is due: paired before, or with somebody waiting for its code."""
    life = installation.life()
    assert life is not None
    channel_id = await factories.channel(
        db, actor, kind, sandbox=False, account_id="linked", external_id=f"linked-{uuid4().hex}", number=None,
        throughput=1000, messaging_limit=None, unknown_horizon=86_400,
    )  # fmt: skip
    pairing: dict[str, Any] = {"wa_jid": "5511999990000@s.whatsapp.net", "home": life.id, "state": "reconnecting"}
    values = {"company_id": actor.company_id, "id": channel_id, **(pairing if paired else {"state": "pairing"}), **columns}
    marks = ", ".join(f"${number + 1}" for number in range(len(values)))
    await db.execute(f"insert into qr_session({', '.join(values)}) values ({marks})", *values.values())
    if not paired and "pairing_until" not in columns:
        await db.execute("update qr_session set pairing_until = now() + interval '3 minutes' where id = $1", channel_id)
    return channel_id


async def held(db: asyncpg.Connection, actor: Actor, **columns: Any) -> Held:
    """One in hand, with a lease that lasts."""
    channel_id = await session(db, actor, **columns)
    await db.execute(
        "update qr_session set epoch = 1, lease_owner = 'me', lease_until = now() + interval '1 hour' where id = $1",
        channel_id,
    )
    return Held(actor.company_id, channel_id, 1, SessionState.RECONNECTING, None, "5511999990000@s.whatsapp.net", 0)


async def column(db: asyncpg.Connection, channel_id: UUID, name: str) -> Any:
    return await db.fetchval(f"select {name} from qr_session where id = $1", channel_id)


async def expire(db: asyncpg.Connection, channel_id: UUID, seconds: float = 60) -> None:
    """The lease ended so long ago."""
    await db.execute("update qr_session set lease_until = now() - make_interval(secs => $2) where id = $1", channel_id, seconds)
