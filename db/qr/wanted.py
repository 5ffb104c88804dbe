"""Whether anybody wants a gateway, and what to tell who waits for one that cannot come up."""

from db.channels.events import ChannelChanged
from db.permissions import Permission
from db.qr.enums import CloseReason
from db.tenancy import worker
from db.work import system_read, work

_OF = "from qr_session s join channel c on c.company_id = s.company_id and c.id = s.id and c.sandbox = $1"
_PAIRING = f"select s.company_id, s.id {_OF} where s.wa_jid is null and s.pairing_until > now() and s.next_at <= now()"


async def any_session(*, sandbox: bool = False) -> bool:
    """A session is paired, or somebody waits for a code; of numbers of the simulator, or of phones."""
    async with system_read() as s:
        sql = f"select exists (select {_OF} where s.wa_jid is not null or s.pairing_until > now())"
        return bool(await s.fetchval(sql, sandbox))


async def no_engine(*, sandbox: bool = False) -> None:
    """Who waits for a code is told that none can be shown; they may ask again."""
    async with system_read() as s:
        rows = await s.fetch(_PAIRING, sandbox)
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
