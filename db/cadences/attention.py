"""Sequences that stand still until somebody does something: what they name was deleted, or the messages of a step do not go out."""

from typing import Any

from db.cadences import publishing
from db.cadences.enums import CadenceState
from db.cadences.queries import ENTRY_GONE, GOAL_GONE, STEP_GONE
from db.campaigns import letters
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

MOST = 50
"""The newest ones are looked at."""
_RUNNING = f"select id, name from cadence where company_id = $1 and state = '{CadenceState.RUNNING}' order by id desc limit $2"


async def waiting(actor: Actor) -> list[dict[str, Any]]:
    """Lines of the first page, in the columns of the contract: one for each such sequence, with the reason that stops the most."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        rows = await r.fetch(_RUNNING, actor.company_id, MOST)
        standing = await letters.standing(r, [row["id"] for row in rows])
        lines: list[dict[str, Any]] = []
        for row in rows:
            version = await publishing.live(r, row["id"])
            if version is None:
                continue
            lost, aimless = await publishing.gone(r, version.plan)
            reason = GOAL_GONE if aimless else STEP_GONE if lost else standing.get(row["id"])
            if reason is None and await publishing.entry_gone(r, version.plan):
                reason = ENTRY_GONE
            if reason is not None:
                line = {"code": "cadence_stopped", "subject_id": row["id"], "subject": row["name"], "detail": reason}
                lines.append({**line, "count": None})
        return lines
