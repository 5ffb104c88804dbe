"""Whose turn it is to look after a cadence: of all workers one, each so often. Noted by itself, so that a look that takes long holds up nobody."""

from typing import Literal
from uuid import UUID

from db.permissions import Permission
from db.tenancy import worker
from db.work import work


async def mine(company_id: UUID, cadence_id: UUID, what: Literal["entry_at", "goal_at"], seconds: float) -> bool:
    """Who dies after this leaves it to the next round."""
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        found = await w.fetchval(
            f"update cadence set {what} = now() where company_id = $1 and id = $2 and state in ('running', 'paused')"
            f" and ({what} is null or {what} < now() - make_interval(secs => $3)) returning true",
            company_id,
            cadence_id,
            seconds,
        )
    return bool(found)
