"""How a number fares, over HTTP: thin, every rule is in db/channels/health.py."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, QueryParameter

from api.auth.guard import Caller
from api.contract.channel_health import ChannelHealth
from db.channels import health
from db.channels.health import Health


def _health(found: Health) -> ChannelHealth:
    given = msgspec.structs.asdict(found)
    for name in ("last", "before"):
        given[name] = given[name]._asdict()
    given["days"] = [day._asdict() for day in found.days]
    return msgspec.convert(given, ChannelHealth)


class ChannelHealthController(Controller):
    path = "/v1/channels/{channel_id:uuid}"
    tags = ("Channels",)

    @get("/health", summary="Read how a number fares")
    async def read_health(
        self,
        actor: Caller,
        channel_id: FromPath[UUID],
        days: Annotated[int, QueryParameter(ge=1, le=90, description="Of the company's calendar, today the last.")] = 30,
    ) -> ChannelHealth:
        """Failures and people who ask for no more by day, whether it is slowed and why, and what to do. Needs `channels:read`."""
        return _health(await health.health(actor, channel_id, days))

    @post("/full-speed", summary="Let a slowed number send at full speed", status_code=200)
    async def full_speed(self, actor: Caller, channel_id: FromPath[UUID]) -> ChannelHealth:
        """Nothing slows it for a day. Needs `channels:read` and `channels:write`."""
        return _health(await health.full_speed(actor, channel_id))
