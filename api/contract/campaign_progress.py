"""Progress of a campaign, and what became of each of its people."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.contract.base import Output, example
from api.contract.campaigns import Counts, Figures
from api.contract.contacts import Moment
from api.contract.kinds import ChannelKind
from db.campaigns.enums import CampaignState
from db.messages.enums import CallOutcome, WaitRule


class FailureGroup(Output):
    reason: Annotated[str, example("temporary")]  # FailureReason or SkipReason: the UI has what it means and what to do
    code: int | None
    count: int
    retryable: bool


class RatePoint(Output):
    at: Moment
    sent: int
    delivered: int


class InsteadBySms(Output):
    """What went by SMS, or over the official API in place of a number connected by QR code, to those whom WhatsApp could not reach, in people. `both`:
    reached by the first message after all, too. `stopped`: why nothing goes out now."""

    channel_name: Annotated[str, example("SMS da loja")]
    channel_kind: Annotated[str, example("sms")]
    stopped: str | None
    waiting: int
    sent: int
    delivered: int
    replied: int
    failed: int
    skipped: int  # they asked for no messages, have no mobile number, …
    both: int


class ReportFallback(Output):
    """Of a campaign's figures: people who were sent it, got it, read it, answered it only over this channel, in place of a message that did not arrive;
    `waiting`: who is about to be sent that one."""

    channel_name: Annotated[str, example("SMS da loja")]
    channel_kind: ChannelKind
    waiting: int
    sent: int
    delivered: int
    read: int
    replied: int


class CampaignWait(Output):
    """What so many people of a campaign wait for. `name`: the company's rule for hours (`campaign`: the campaign's own), the limit of costs, where the law
    is from, or why the channel or a try failed; `until`: when the first of them goes on by itself."""

    rule: Annotated[WaitRule, example("quiet_hours")]
    name: Annotated[str, example("Horário comercial")]
    count: int
    until: Moment | None


class CallsEnded(Output):
    outcome: Annotated[CallOutcome, example("no_answer")]
    calls: int


class CampaignCallFigures(Output):
    """Of a campaign that calls. `going_on` at this moment, of at most `places` (null: nobody knows); `again`: people who are called once more, the
    first at `again_at`; `callbacks` wait for the time that somebody wished. `outcomes`: all calls by how they ended, also the earlier ones of a
    person; `seconds`: how long they were in all."""

    going_on: int
    places: int | None
    again: int
    again_at: Moment | None
    callbacks: int
    calls: int
    seconds: int
    outcomes: list[CallsEnded]


class CampaignCall(Output):
    """GET /v1/campaigns/{id}/calls?outcome= → Page[CampaignCall], newest first: every call to its people, also earlier ones, and those by which somebody
    was called back. What was said is at GET /v1/calls/{id}, the recording at GET /v1/files/{recording_id}."""

    id: UUID
    contact_id: UUID | None
    contact_name: Annotated[str, example("Beatriz Nunes")]
    address: Annotated[str, example("+5511987654321")]
    at: Moment
    number: int  # which of the person's, from 1
    callback: bool  # they had asked to be called at this time
    stage: Annotated[str, Meta(examples=["analyzed"], description="ringing, talking, ended, analyzed")]
    outcome: Annotated[CallOutcome, example("answered")] | None  # null: it is not over
    started_at: Moment | None
    seconds: Annotated[int, example(65)] | None
    summary: Annotated[str, example("A pessoa ainda tem interesse no orçamento.")] | None
    sentiment: Annotated[str, Meta(examples=["positive"], description="positive, neutral, negative")] | None
    next_at: Moment | None  # they are called again then
    recording_id: UUID | None  # a file; null: there is none, or not yet


class Progress(Output):
    """GET /v1/campaigns/{id}/progress. `figures` and `failures` are those of the report: each person once, by whichever way they got it. `counts`, rate and
    series are of the campaign's own messages. `waits`: what those who have no message yet wait for, most people first; of at most 100,000 of them."""

    state: CampaignState
    state_reason: str | None
    figures: Figures
    counts: Counts
    rate: float  # per second, over the last 10 s
    eta: Moment | None
    limiting_factor: str | None  # number | pair | tier | segments | quality | api_rate | places | a WaitRule | none
    limit_value: float | None
    limit_until: Moment | None
    failures: list[FailureGroup]
    skipped: list[FailureGroup]
    series: list[RatePoint]
    series_seconds: int  # width of one point
    outage_since: Moment | None = None  # the channel waits for a provider that is down, since then; it goes on by itself
    next_at: Moment | None = None  # nothing goes out before then
    fallback: InsteadBySms | None = None
    waits: list[CampaignWait] = []
    limit_name: str = ""  # of the rule for hours that binds
    calls: CampaignCallFigures | None = None  # null: it does not call
    alone: ReportFallback | None = None  # of the figures, who got it only in place of a message that did not arrive


RecipientState = Literal[
    "queued", "sending", "unknown", "sent", "delivered", "read", "failed", "failed_unknown", "skipped", "cancelled"
]  # fmt: skip


class ContactCampaign(Output):
    """GET /v1/contacts/{id}/campaigns → Page[ContactCampaign]: the campaigns that wrote to the person, the newest 50. `fallback_state`: of what went
    another way (by SMS) in place of the message; null: nothing did."""

    campaign_id: UUID
    name: Annotated[str, example("Liquidação de verão")]
    at: Moment  # when the message went, or is to go
    state: Annotated[RecipientState, example("delivered")]
    replied_at: Moment | None
    fallback_state: Annotated[RecipientState, example("delivered")] | None = None


class RecipientTry(Output):
    """One time that it was the message's turn: `outcome` says what the provider answered, or that a rule of ours held it (`held_by`, `held_name`) before it
    got there."""

    at: Moment
    answered_at: Moment | None
    outcome: Literal["started", "accepted", "rejected", "unknown", "held"]
    code: int | None
    held_by: WaitRule | None = None
    held_name: str = ""


class MessageHistory(Output):
    """What became of one message. `next_at`: it waits until then, `waits`: for what; `tries`: the newest first, at most 50."""

    message_id: UUID
    address: Annotated[str, example("+5511987654321")]
    state: Annotated[RecipientState, example("delivered")]
    reason: str | None
    next_at: Moment | None
    sent_at: Moment | None
    delivered_at: Moment | None
    read_at: Moment | None
    replied_at: Moment | None
    ended_at: Moment | None  # failed, left out or cancelled
    tries: list[RecipientTry]
    waits: CampaignWait | None = None


class FallbackHistory(MessageHistory):
    """Of what went another way in place of a message."""

    channel_name: Annotated[str, example("SMS da loja")] = ""


class RecipientHistory(MessageHistory):
    """GET /v1/contacts/{contact_id}/campaigns/{campaign_id}. `fallback`: what went another way (by SMS) in place of the message."""

    fallback: FallbackHistory | None = None


class Recipient(Output):
    """GET /v1/campaigns/{id}/recipients?state=&reason=&replied=&search= → Page[Recipient]; GET …/recipients.csv."""

    message_id: UUID
    contact_id: UUID | None
    name: Annotated[str, example("Beatriz Nunes")]
    address: Annotated[str, example("+5511987654321")]
    state: Annotated[RecipientState, example("delivered")]
    reason: str | None
    code: int | None
    tries: int
    maybe_duplicate: bool
    sent_at: Moment | None
    delivered_at: Moment | None
    read_at: Moment | None
    replied_at: Moment | None
    reply_kind: str | None = None  # of the first answer: text, image, audio, …
    reply_text: str | None = None
    fallback_state: Annotated[RecipientState, example("delivered")] | None = (
        None  # of what went another way in its place; null: nothing did
    )
    fallback_reason: str | None = None
    fallback_sent_at: Moment | None = None
    fallback_delivered_at: Moment | None = None
