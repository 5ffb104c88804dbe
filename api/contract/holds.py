"""What is held after a restore, a copy or a failover, until a person decides."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from db.campaigns.enums import CampaignState
from db.contacts.filter import Moment
from db.holds.enums import HoldCause, HoldDecision, HoldKind


class HeldItem(Output):
    """`waiting` stood in the queue at the moment of the hold (of a planned campaign: 0, its list is made at the start); `settled`
    of them were found to have got it after all."""

    id: UUID
    kind: HoldKind
    subject_id: UUID | None  # the campaign or the channel
    name: Annotated[
        str, example("Liquidação de verão")
    ]  # of the campaign or channel; of jobs their kind: SendMail, SubmitTemplate, RunRules, SandboxControl
    before: CampaignState | None  # what a campaign was
    scheduled_at: Moment | None
    waiting: int
    settled: int


class Unexplained(Output):
    """People of whom a provider tells that they got a message of this channel which is not known here."""

    channel_id: UUID
    name: Annotated[str, example("WhatsApp da loja")]
    people: int


class Hold(Output):
    """What was sent after `since` is not known here. Only undecided items are listed."""

    id: UUID
    cause: HoldCause
    since: Moment
    created_at: Moment
    items: list[HeldItem]
    unexplained: list[Unexplained]


class Holds(Output):
    """GET /v1/holds: the open ones, oldest first; nearly always none."""

    holds: list[Hold]


class Decide(Input):
    """POST /v1/holds/{id}/decide → Holds. Acts on the named items only. `continued`: they go on as what they were; who got the
    message after `since` gets it twice, unless a status has told. `discarded`: what waits ends as cancelled."""

    items: Annotated[list[UUID], Meta(min_length=1, max_length=500)]
    decision: HoldDecision
