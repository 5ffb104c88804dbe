"""Campaigns: draft, preview, launch, live progress, recipients."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from api.contract.base import Input, Output, Title, example
from api.contract.buttons import PreviewButton
from api.contract.contacts import ContactFilter, Moment
from api.contract.costs import Currency, Letter, Micro, Minute, Weekdays
from api.contract.kinds import ChannelKind
from api.contract.upserts import ExternalId, Metadata
from db.campaigns.enums import CampaignPart, CampaignState, TrialBy, TrialMetric, TrialPhase, Unsure
from db.campaigns.errors import CampaignField
from db.messages.enums import DeliveryPolicy

CampaignName = Annotated[Title, example("Liquidação de verão")]


class Binding(Struct, forbid_unknown_fields=True, kw_only=True):
    """What fills one placeholder: `source` is a contact field (`name`, `first_name`, `phone`, `email`, `custom.cidade`) or
    `constant`; `fallback` is used when the contact has no value (for a constant it is the value)."""

    placeholder: Annotated[str, Meta(examples=["1"], max_length=64)]
    source: Annotated[str, Meta(examples=["first_name"], max_length=64)]
    fallback: Annotated[str, Meta(examples=["cliente"], max_length=500)] = ""


class CampaignHours(Struct, forbid_unknown_fields=True, kw_only=True):
    """Only then, on the clock where each person is: minutes of the day, weekdays from Monday 0. `skip_holidays`: not on those of the office hours,
    nor on national ones of Brazil."""

    opens: Minute
    closes: Annotated[int, Meta(ge=1, le=1440, examples=[1200])]
    weekdays: Weekdays
    skip_holidays: bool = False


class CampaignCallSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of a campaign over a number that calls; its `body` is the script, which the agent's instructions name as `{{script}}`. `tries`: calls to one person
    in all, with growing gaps by how the last one ended; never more than two a day and three a week, and only in the hours that the law of their place
    allows. `voicemail`: what is left on a machine, with variables; "": it hangs up. `agent`: who speaks, by the provider's id; "": the number's own.
    `at_once`: calls that go on at the same time; null: as many as the provider has places. `callback`: who asks for it is called at the time they
    say."""

    tries: Annotated[int, Meta(ge=1, le=5, examples=[3])] = 3
    voicemail: Annotated[str, Meta(max_length=600, examples=["Oi {{first_name|tudo bem}}, ligo mais tarde."])] = ""
    agent: Annotated[str, Meta(max_length=100, examples=["agent_8f3a"])] = ""
    at_once: Annotated[int, Meta(ge=1, le=500, examples=[5])] | None = None
    callback: bool = True


class CampaignSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    skip_recent_days: Annotated[int, Meta(ge=0, le=90)] = 0  # leave out who got a campaign in the last N days
    hours: CampaignHours | None = None
    spread_minutes: Annotated[int, Meta(ge=0, le=10_080)] = 0  # evenly over so much of the time in which it may write
    max_cost_micro: Micro | None = None  # nothing goes out beyond it; also by PUT …/limit while it sends
    max_cost_currency: Currency | None = None
    # over a number by QR code: a line at the end says how to get no more, where the text does not (*Responda SAIR para não receber mais.*)
    opt_out_line: bool = True
    calls: CampaignCallSettings = CampaignCallSettings()  # of one that calls


class CampaignVariant(Struct, forbid_unknown_fields=True, kw_only=True):
    """Another text beside the campaign's own, written as that one is: by template, or `body` for SMS. `share`: percent of the test."""

    share: Annotated[int, Meta(ge=1, le=98, examples=[50])]
    template_id: UUID | None = None
    body: Annotated[str, Meta(examples=["Oi {{first_name}}, só até domingo!"], max_length=1600)] | None = None
    bindings: list[Binding] = []


class CampaignTrial(Struct, forbid_unknown_fields=True, kw_only=True):
    """Texts that are tried beside one another. `test_percent` of the people, drawn at random, get one of them, by the shares; nobody gets two. The
    others wait: `hours` after the last of the test went out, the text that did better in `metric` goes to them (null: when a person says so).
    `unsure`: what happens then without 95 % certainty. 100 percent: everybody gets one, and nobody waits. `tag_id` or `stage_id`: what a person
    gets by a conversion; who has it before is no part of the test."""

    variants: Annotated[list[CampaignVariant], Meta(min_length=1, max_length=3)]
    metric: Annotated[TrialMetric, example("replied")] = TrialMetric.REPLIED
    test_percent: Annotated[int, Meta(ge=1, le=100, examples=[20])] = 20
    hours: Annotated[int, Meta(ge=1, le=168, examples=[24])] | None = 24
    unsure: Annotated[Unsure, example("leading")] = Unsure.LEADING
    tag_id: UUID | None = None
    stage_id: UUID | None = None


class CampaignFallback(Struct, forbid_unknown_fields=True, kw_only=True):
    """What goes by SMS to whom the campaign surely did not reach on WhatsApp, or by SMS or WhatsApp to whom its calls did not reach: once for each person, counted once. Never where nobody knows whether it
    arrived. `late_hours`: after its end, failures that are told so much later still lead to one. In place of calls and of a number connected by QR
    code it may also be a template over the official API (`template_id`, `bindings`, no `body`); of the latter `move_after_minutes` says that what still waits goes this way, too, so long
    after the number was blocked, logged out or restricted to known people; null: it waits for the number."""

    channel_id: UUID
    body: Annotated[str, Meta(examples=["{{first_name|Oi}}, chegou a coleção nova: loja.example/novo"], max_length=1600)] = ""
    late_hours: Annotated[int, Meta(ge=1, le=168, examples=[72])] = 72
    template_id: UUID | None = None
    bindings: list[Binding] = []
    move_after_minutes: Annotated[int, Meta(ge=0, le=1440, examples=[15])] | None = None


class CampaignCreate(Input):
    """POST /v1/campaigns → Campaign (draft). Everything else may come later by PATCH."""

    name: CampaignName
    channel_id: Annotated[UUID, example("0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42")] | None = None
    audience: ContactFilter | None = None
    external_id: ExternalId | None = None  # 409 `external_id_taken`
    metadata: Metadata = {}


class CampaignPatch(Input):
    """PATCH /v1/campaigns/{id} with If-Match; drafts and scheduled ones only (409 `not_editable`), but for `external_id` and `metadata`, which is
    merged: an empty value takes its key out."""

    name: CampaignName | UnsetType = UNSET
    channel_id: UUID | None | UnsetType = UNSET
    template_id: UUID | None | UnsetType = UNSET
    body: Annotated[str, Meta(examples=["Oi {{first_name}}, chegou a coleção nova!"], max_length=1600)] | None | UnsetType = UNSET
    header_file_id: UUID | None | UnsetType = (
        UNSET  # an upload that stands at the head; with `template_id` alone it is the template's own
    )
    bindings: list[Binding] | UnsetType = UNSET
    audience: ContactFilter | UnsetType = UNSET
    policy: DeliveryPolicy | UnsetType = UNSET
    settings: CampaignSettings | UnsetType = UNSET
    trial: CampaignTrial | None | UnsetType = UNSET  # null: one text for all
    fallback: CampaignFallback | None | UnsetType = UNSET  # of WhatsApp; null: nothing goes in its place
    external_id: ExternalId | None | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET


class Counts(Output):
    """People by the state that the campaign's own message to them is in now. Together they are the audience and those left out when it was made."""

    queued: int = 0
    sending: int = 0
    unknown: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    failed: int = 0
    failed_unknown: int = 0
    skipped: int = 0
    cancelled: int = 0


class Figures(Output):
    """Of everyone who was to get the message: each is waiting, sent, failed or stopped, so audience = waiting + sent + failed + stopped
    at every moment. Of those sent, so many were delivered, read, answered. Each person once, by whichever way they got it; everything shows these."""

    audience: int  # everyone who was to get the message at the launch; it stays the same to the end
    waiting: int  # queued, in hand, or with an outcome that is not known yet
    sent: int  # accepted by the provider, and not failed since
    delivered: int
    read: int
    replied: int
    failed: int  # refused, failed after all, or without a result for good
    stopped: int  # cancelled, or opted out since the launch


class CampaignRow(Output):
    """GET /v1/campaigns?state=&search=&channel_id= → Page[CampaignRow], newest first."""

    id: UUID
    name: Annotated[str, example("Liquidação de verão")]
    state: CampaignState
    state_reason: str | None
    channel_id: UUID | None
    channel_name: Annotated[str, example("WhatsApp da loja")] | None
    channel_kind: ChannelKind | None
    sandbox: bool
    external_id: Annotated[str, example("promo-verao")] | None  # what a partner's system calls it
    metadata: dict[str, str]  # what partners keep with it
    figures: Figures
    counts: Counts
    scheduled_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    updated_at: Moment
    outage_since: Moment | None = None  # the channel waits for a provider that is down, since then; it goes on by itself
    trial_waits: bool = False  # a person has to choose the better text of its test


class Campaign(Output):
    """GET /v1/campaigns/{id} (with ETag). DELETE: drafts only. POST …/launch CampaignLaunch, …/pause, …/resume, …/cancel,
    …/retry-failed RetryFailed, …/clone → Campaign; …/test TestSend → TestSent."""

    id: UUID
    name: Annotated[str, example("Liquidação de verão")]
    state: CampaignState
    state_reason: str | None
    state_detail: str | None
    channel_id: UUID | None
    channel_name: Annotated[str, example("WhatsApp da loja")] | None
    channel_kind: ChannelKind | None
    sandbox: bool
    template_id: UUID | None
    template_name: Annotated[str, example("promo_verao")] | None
    header_file_id: UUID | None  # the picture, film or document that goes with each message
    body: str | None
    bindings: list[Binding]
    audience: ContactFilter
    policy: DeliveryPolicy
    settings: CampaignSettings
    trial: CampaignTrial | None
    fallback: CampaignFallback | None
    trial_state: Annotated[TrialPhase, example("testing")] | None  # null before the launch, and without a test
    external_id: Annotated[str, example("promo-verao")] | None  # what a partner's system calls it
    metadata: dict[str, str]  # what partners keep with it
    scheduled_at: Moment | None
    launched_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    resume_at: Moment | None
    version: int  # for If-Match, as in ETag
    cloned_from: UUID | None
    created_by: str | None
    created_at: Moment
    updated_at: Moment
    outage_since: Moment | None = None  # the channel waits for a provider that is down, since then; it goes on by itself


class CampaignTrialText(Output):
    """One text of a test: `people` got it or will, `reached` of them, of whom `counted` did what is compared. The share lies from `low` to `high` with a
    probability of 95 %; `best`: the probability that no other does better."""

    letter: Annotated[Letter, example("B")]
    text: Annotated[str, example("Oi {{first_name}}, chegou a coleção nova!")]
    share: int
    people: int
    reached: int
    counted: int
    likely: float
    low: float
    high: float
    best: float


class CampaignTrialResult(Output):
    """GET /v1/campaigns/{id}/trial. `waiting`: people who get the better text; `missing`: so many have yet to be reached before anything is said of a
    winner; `sure`: the text that is the best with a probability of 95 %. `winner`: the text that went to those who waited, decided at `decided_at`."""

    state: Annotated[TrialPhase, example("testing")] | None
    metric: Annotated[TrialMetric, example("replied")]
    texts: list[CampaignTrialText]
    waiting: int
    missing: int
    sure: Letter | None
    due: Moment | None  # when it is decided by itself; null: when a person says so, or the test is still going out
    hours: int | None
    winner: Letter | None
    decided_by: Annotated[TrialBy, example("sure")] | None
    decided_at: Moment | None


class CampaignTrialChoice(Input):
    """POST /v1/campaigns/{id}/trial/winner → CampaignTrialResult: this text goes to all who wait, now and for good."""

    variant: Annotated[Letter, example("B")]


class CampaignProblem(Output):
    """What stands in the way of a launch; the UI shows the sentence of the code at the step."""

    code: CampaignField
    step: Literal["channel", "audience", "message", "when"]
    params: dict[str, str | int] = {}


class AudienceSkip(Output):
    reason: Annotated[str, example("opted_out")]  # SkipReason
    count: int


class Audience(Output):
    """POST /v1/campaigns/{id}/audience: the live count for the wizard."""

    matched: int
    reachable: int
    skipped: list[AudienceSkip]


class PreviewMessage(Output):
    contact_name: Annotated[str, example("Beatriz Nunes")]
    address: Annotated[str, example("(11) 98765-4321")]
    header: str | None
    header_file_id: UUID | None  # where the head is a file of ours
    body: Annotated[str, example("Oi Beatriz, chegou a coleção nova!")]
    footer: str | None
    buttons: list[PreviewButton]
    encoding: Literal["gsm7", "ucs2"] | None  # SMS
    segments: int | None
    forcing_character: str | None  # the one that made it UCS-2


class Preview(Output):
    """POST /v1/campaigns/{id}/preview: as drawn for the first few people, what a launch would do and what stands in its way."""

    messages: list[PreviewMessage]
    problems: list[CampaignProblem]
    audience: Audience | None
    estimated_seconds: int | None
    limiting_factor: str | None  # number | tier | segments
    segments_total: int | None
    plain_body: str | None  # SMS: the text in letters that cost least, when that differs ("ação" → "acao")


class CampaignLaunch(Input):
    """`at` null: now. 409 `not_ready` with the problems in errors."""

    at: Annotated[Moment, example("2031-01-31T09:00:00-03:00")] | None = None


class TestSend(Input):
    """Sends the message to these numbers at once, outside the campaign's counts; values come from the contact with that number, or fallbacks.
    `variant`: which text, where several are tried; the first unless said."""

    to: Annotated[list[Annotated[str, Meta(examples=["+5511987654321"], max_length=60)]], Meta(min_length=1, max_length=5)]
    variant: Annotated[Letter, example("A")] = "A"


class TestSent(Output):
    message_ids: list[UUID]


class RetryFailed(Input):
    """Which failed ones go out again; `unknown` ones only when named, because they may have arrived."""

    reasons: Annotated[
        list[Annotated[str, Meta(examples=["temporary"], max_length=60)]], Meta(min_length=1, max_length=100)
    ]  # FailureReason
    include_unknown: bool = False
    at: Annotated[Moment, example("2031-01-31T10:00:00-03:00")] | None = None  # they go out then; at once unless said


class Retried(Output):
    queued: int


class CampaignFollowUp(Input, kw_only=True):
    """POST /v1/campaigns/{id}/follow-up → Campaign: a draft for exactly those of a campaign, as of now. Who reads or answers before it starts
    leaves it, and nobody joins."""

    who: CampaignPart
    reason: Annotated[str, Meta(examples=["not_on_whatsapp"], max_length=60)] | None = (
        None  # of those that failed: a FailureReason
    )
    channel_id: Annotated[UUID, example("0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42")] | None = None  # the campaign's own unless said
    name: CampaignName | None = None


class LandlinesNoted(Output):
    noted: int
