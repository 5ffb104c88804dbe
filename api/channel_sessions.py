"""Numbers that are connected by scanning a code over HTTP: the code, the state of the connection, opening and disconnecting it."""

from uuid import UUID

import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.channel_sessions import ChannelCodeAsk, ChannelSession, ChannelSessionSet, SessionHours, SessionPoint
from db.qr import choices, pairing
from db.qr.choices import Choices, Hours
from db.qr.pairing import SessionView


def _shown(view: SessionView) -> ChannelSession:
    parts = [SessionPoint(part=one.part, points=one.points, share=one.share) for one in view.score_parts]
    known = msgspec.structs.asdict(view)
    chosen: Choices = known.pop("choices")
    own = chosen.hours
    hours = SessionHours(opens=own.opens, closes=own.closes, weekdays=list(own.weekdays)) if own is not None else None
    return ChannelSession(**{**known, "score_parts": parts, "groups": chosen.groups, "presence": chosen.presence, "hours": hours})


class ChannelSessionController(Controller):
    """The connection of a number that was paired by a phone."""

    path = "/v1/channels/{channel_id:uuid}/session"
    tags = ("Channels",)

    @get(
        summary="Show the connection of a number",
        description="For kinds with `paired` in `GET /v1/channel-kinds`: where it stands, and the code while one is shown.",
    )
    async def session(self, channel_id: FromPath[UUID], actor: Caller) -> ChannelSession:
        return _shown(await pairing.session(actor, channel_id))

    @put(
        summary="Choose how a number behaves",
        description="Whether its groups are shown, when campaigns write over it, and when people see it as online. Holds at once; what was kept of groups "
        "stays.",
    )
    async def choose(self, channel_id: FromPath[UUID], data: JSONBody[ChannelSessionSet], actor: Caller) -> ChannelSession:
        own = data.hours
        hours = Hours(own.opens, own.closes, tuple(own.weekdays)) if own is not None else None
        await choices.choose(actor, channel_id, Choices(data.groups, data.presence, hours))
        return _shown(await pairing.session(actor, channel_id))

    @post(
        "/code",
        status_code=202,
        summary="Ask for a code",
        description="Codes are shown for three minutes, each for some seconds; `channel.changed` tells of every new one. Scanning one connects "
        "the number. What the number had before stays. 409 `session_open` while it is connected.",
    )
    async def code(self, channel_id: FromPath[UUID], data: JSONBody[ChannelCodeAsk], actor: Caller) -> ChannelSession:
        return _shown(await pairing.ask_code(actor, channel_id, phone=data.phone, history=data.history))

    @post(
        "/open",
        status_code=202,
        summary="Open the connection here",
        description="After another program had opened it, or without waiting for the next try. A number that is connected sends again after a block. "
        "409 `code_needed` when only a code helps.",
    )
    async def open_here(self, channel_id: FromPath[UUID], actor: Caller) -> ChannelSession:
        return _shown(await pairing.open_here(actor, channel_id))

    @post(
        "/log-out",
        status_code=202,
        summary="Disconnect a number",
        description="Takes this device away from the phone within some seconds. Messages that wait stay in their queues.",
    )
    async def log_out(self, channel_id: FromPath[UUID], actor: Caller) -> ChannelSession:
        return _shown(await pairing.log_out(actor, channel_id))
