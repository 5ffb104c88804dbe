"""Virtual agents of the account of a channel that calls, as the provider listed them at its last check. Asks no provider itself."""

from uuid import UUID

import msgspec

from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

MOST = 300
"""So many are kept of one account."""


class Agent(msgspec.Struct, frozen=True):
    """`id`: the provider's; `name`: its owner's, or the id again. `own`: who speaks where nobody else is named."""

    id: str
    name: str
    own: bool = False


_agents = msgspec.json.Decoder(list[Agent])


async def agents(actor: Actor, channel_id: UUID) -> list[Agent]:
    """By name, the channel's own first. None of a channel that does not call, and of one that was not checked yet. Raises NotFound."""
    async with read(actor, Permission.CHANNELS_READ) as r:
        row = await r.fetchrow(
            "select agents from channel where company_id = $1 and id = $2 and archived_at is null", actor.company_id, channel_id
        )
    if row is None:
        raise RequestError.NOT_FOUND(what="channel")
    return sorted(_agents.decode(row["agents"] or "[]"), key=lambda one: (not one.own, one.name.casefold(), one.id))
