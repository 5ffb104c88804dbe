"""What is held after a restore or a failover over HTTP: thin, every rule is in db/holds."""

from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.holds import Decide, HeldItem, Hold, Holds, Unexplained
from api.pagination import struct
from db.holds import actions, queries
from db.tenancy import Actor


async def _open(actor: Actor) -> Holds:
    return Holds(
        holds=[
            msgspec.convert(
                {
                    **msgspec.structs.asdict(held),
                    "items": [struct(row, HeldItem) for row in held.items],
                    "unexplained": [struct(row, Unexplained) for row in held.unexplained],
                },
                Hold,
            )
            for held in await queries.open_holds(actor)
        ]
    )


class HoldController(Controller):
    path = "/v1/holds"
    tags = ("Holds",)

    @get(
        summary="List what is held",
        description="After a restore, a copy or a failover: what stood in the queue, since when nothing is known of it, and how"
        " many a provider's status has settled. Needs `company:write`.",
    )
    async def holds(self, actor: Caller) -> Holds:
        return await _open(actor)

    @post(
        "/{hold_id:uuid}/decide",
        summary="Continue or discard what is held",
        description="Acts on the named items only. 409 `already_decided` when one of them is decided. Needs `company:write`.",
        status_code=200,
        opt={"idempotent": True},
    )
    async def decide_hold(self, actor: Caller, hold_id: FromPath[UUID], data: JSONBody[Decide]) -> Holds:
        await actions.decide(actor, hold_id, data.items, data.decision)
        return await _open(actor)
