"""A number that is connected by scanning a code: where its connection stands, and the code."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from api.contract.base import Input, Output, example
from api.contract.costs import Minute, Weekdays
from db.contacts.filter import Moment
from db.qr.enums import CloseReason as CloseReason
from db.qr.enums import CodeKind as CodeKind
from db.qr.enums import Groups as Groups
from db.qr.enums import HealthPart as HealthPart
from db.qr.enums import SessionState as SessionState
from db.qr.enums import Shown as Shown


class ChannelCodeAsk(Input):
    """POST /v1/channels/{id}/session/code → ChannelSession. `phone`: for eight signs that are typed in on the phone of this number;
    without it a code to scan."""

    phone: Annotated[str, Meta(min_length=1, max_length=30, examples=["+5511987654321"])] | None = None
    history: bool = False  # past messages of the phone come too; nothing answers them


class SessionHours(Struct, forbid_unknown_fields=True, kw_only=True):
    """On the company's clock: minutes of the day, weekdays from Monday 0."""

    opens: Minute
    closes: Annotated[int, Meta(ge=1, le=1440, examples=[1200])]
    weekdays: Weekdays


class ChannelSessionSet(Input):
    """PUT /v1/channels/{id}/session → ChannelSession. `groups` `show`: each group of the number is a conversation; nothing answers there by itself.
    `presence` `team`: people see the number as online while somebody of the team has a conversation open; its phone may ring less meanwhile.
    `hours`: campaigns write within these alone; null: as the kind of channel does (from 8 to 20). Answers go at any time."""

    groups: Groups
    presence: Shown
    hours: SessionHours | None


class ChannelMove(Input):
    """POST /v1/channels/{id}/move → Channel. `official_id`: the channel of the official API with the same number over which it goes on; null: this number
    of the official API is connected by a code from now on."""

    official_id: Annotated[UUID, example("0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42")] | None = None


class SessionPoint(Output):
    """Why points are missing. `share`: of what the part says, where it is one."""

    part: HealthPart
    points: int
    share: Annotated[float, example(0.12)] | None


class ChannelSession(Output):
    """GET /v1/channels/{id}/session. `code` is shown to those who may connect channels, as long as it is good; `channel.changed` tells
    when there is another one, or when the state changed."""

    channel_id: UUID
    state: SessionState
    reason: CloseReason | None  # why it is not open
    until: Moment | None  # of a ban, or of a time in which nobody may be written to first
    code_kind: CodeKind | None
    code: Annotated[str, example("2@Hk3mQ…")] | None  # of `qr`: what the picture holds; of `digits`: what is typed in
    code_until: Moment | None
    pairing_until: Moment | None  # codes are shown until then
    paired: bool
    push_name: Annotated[str, example("Loja Aurora")] | None  # as WhatsApp shows the number
    first_open_at: Moment | None
    last_open_at: Moment | None
    last_inbound_at: Moment | None
    proved_at: (
        Moment | None
    )  # when something last came over it: a message, a receipt, or what the number writes to itself after hours without either
    quota_total: int | None  # new conversations that WhatsApp grants, where it tells
    quota_used: int | None
    quota_until: Moment | None
    engine: Annotated[str, example("baileys 7.0.0-rc14")]
    score: (
        Annotated[int, example(85)] | None
    )  # 100: far from being blocked; below 70 it writes more slowly, below 40 to nobody new
    score_parts: list[SessionPoint]
    groups: Groups  # whether groups of the number are conversations
    presence: Shown  # when people see the number as online
    hours: SessionHours | None  # when campaigns write; null: as the kind of channel does
