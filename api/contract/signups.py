"""Connecting a number in the provider's own window: an attempt, and what the window gave."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from api.contract.kinds import ChannelKind
from db.channels.enums import SignupState
from db.channels.errors import SignupFailure
from db.contacts.filter import Moment
from db.texts import END

PROVIDER_ID = r"^[A-Za-z0-9+_-]+" + END
ProviderId = Annotated[str, Meta(min_length=1, max_length=64, pattern=PROVIDER_ID)]


class ChannelSignupStart(Input):
    """POST /v1/channel-signups → ChannelSignup, for the caller alone and for an hour."""

    kind: ChannelKind


class ChannelSignupFinish(Input):
    """POST /v1/channel-signups/{id}/finish → ChannelSignup in state `exchanging`; once. What the window told: Meta calls these `code`,
    `waba_id`, `phone_number_id` and `business_id`. Codes live for seconds."""

    code: Annotated[str, Meta(min_length=1, max_length=2000, examples=["AQBx0t…"])]
    account_id: Annotated[ProviderId, example("102290129340398")]
    external_id: Annotated[ProviderId, example("106540352242922")]
    portfolio_id: Annotated[ProviderId, example("506914307656634")] | None = None


class ChannelSignup(Output):
    """GET /v1/channel-signups/{id}. `channel_id` is the channel's once it is connected; until then `channel.changed` with this id tells
    that something changed here."""

    id: UUID
    kind: ChannelKind
    sandbox: bool
    channel_id: UUID
    state: SignupState
    failure: SignupFailure | None
    detail: str | None  # the provider's words
    expires_at: Moment
