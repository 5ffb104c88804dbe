"""Connecting a number in the provider's own window over HTTP. The window opens in the browser; its code is exchanged by a job."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.signups import ChannelSignup, ChannelSignupFinish, ChannelSignupStart
from db.channels import signups
from db.channels.signups import Signup


def _shown(signup: Signup) -> ChannelSignup:
    return ChannelSignup(**msgspec.structs.asdict(signup))


class ChannelSignupController(Controller):
    """Attempts to connect a number."""

    path = "/v1/channel-signups"
    tags = ("Channels",)

    @post(
        summary="Start connecting in the provider's window",
        description="For kinds with a `signup` in `GET /v1/channel-kinds`. The caller alone may finish it, once, within an hour.",
    )
    async def start(self, data: JSONBody[ChannelSignupStart], actor: Caller, request: Request[Any, Any, Any]) -> ChannelSignup:
        return _shown(await signups.start(actor, data.kind, request.app.state.settings))

    @get(
        "/{signup_id:uuid}",
        summary="Show an attempt to connect",
        description="How far it is; `failure` says why it ended without a channel.",
    )
    async def signup(self, signup_id: FromPath[UUID], actor: Caller) -> ChannelSignup:
        return _shown(await signups.signup(actor, signup_id))

    @post(
        "/{signup_id:uuid}/finish",
        status_code=202,
        summary="Finish connecting in the provider's window",
        description="Takes what the window told. The code is exchanged at once; then webhooks are subscribed, the number is registered "
        "and checked. Ends with `channel.changed` for `channel_id`.",
    )
    async def finish(self, signup_id: FromPath[UUID], data: JSONBody[ChannelSignupFinish], actor: Caller) -> ChannelSignup:
        found = await signups.finish(
            actor,
            signup_id,
            code=data.code,
            account_id=data.account_id,
            external_id=data.external_id,
            portfolio_id=data.portfolio_id,
        )
        return _shown(found)
