"""Numbers of a made-up company: they stand as connected without anybody holding them, so that nothing has to be installed to look at them. The first
message that waits for one, or the first person of the simulator who writes to it, has it connected for true: its code is scanned by itself.
"""

from datetime import timedelta
from uuid import UUID

from db.channels.events import ChannelChanged
from db.clock import now
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, system_read, work

WAITS = timedelta(minutes=15)
"""How long codes are shown: long enough for a slow network to bring what is installed first."""
PARKED = "played and wa_jid is null and state = 'open'"
_WANTED = (
    "select company_id, id from qr_session s where played and wa_jid is null and state = 'open'"
    " and exists (select from message m where m.company_id = s.company_id and m.channel_id = s.id and m.queued)"
)


async def wake() -> int:
    """Has those connected for which a message waits. Returns how many."""
    async with system_read() as s:
        rows = await s.fetch(_WANTED)
    woken = 0
    for row in rows:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            woken += await _wake(w, row["id"])
    return woken


async def comes(company_id: UUID, channel_id: UUID) -> bool:
    """Somebody writes to this number: True where it is being connected by itself, and they should try again soon."""
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        if await _wake(w, channel_id):
            return True
        return bool(
            await w.fetchval(
                "select played and state in ('pairing', 'reconnecting') from qr_session where company_id = $1 and id = $2",
                company_id,
                channel_id,
            )
        )


async def _wake(w: Work, channel_id: UUID) -> bool:
    done = await w.fetchval(
        "update qr_session set state = 'pairing', pairing_until = $3, next_at = now(), epoch = epoch + 1"
        f" where company_id = $1 and id = $2 and {PARKED} returning true",
        w.company_id,
        channel_id,
        now() + WAITS,
    )
    if done:
        w.emit(ChannelChanged(channel_id=channel_id))
    return bool(done)
