"""Whether anybody wants a gateway, and what to tell who waits for one that cannot come up."""

from db.channels.events import ChannelChanged
from db.permissions import Permission
from db.qr.enums import CloseReason
from db.tenancy import worker
from db.work import system_read, work

_PAIRING = "select company_id, id from qr_session where wa_jid is null and pairing_until > now() and next_at <= now()"


async def any_session() -> bool:
    """A session is paired, or somebody waits for a code."""
    async with system_read() as s:
        return bool(await s.fetchval("select exists (select from qr_session where wa_jid is not null or pairing_until > now())"))


async def no_engine() -> None:
    """Who waits for a code is told that none can be shown; they may ask again."""
    async with system_read() as s:
        rows = await s.fetch(_PAIRING)
    for row in rows:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            await w.execute(
                "update qr_session set state = 'new', reason = $3, pairing_until = null where company_id = $1 and id = $2"
                " and wa_jid is null and (lease_until is null or lease_until < now())",
                row["company_id"],
                row["id"],
                CloseReason.ENGINE.value,
            )
            w.emit(ChannelChanged(channel_id=row["id"]))
