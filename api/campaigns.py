"""Campaigns over HTTP: thin, every rule is in db/campaigns."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec
from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.buttons import PreviewButton
from api.contract.campaign_progress import CampaignCall, ContactCampaign, Progress, Recipient, RecipientHistory, RecipientState
from api.contract.campaigns import (
    Audience,
    Campaign,
    CampaignCreate,
    CampaignFollowUp,
    CampaignLaunch,
    CampaignPatch,
    CampaignProblem,
    CampaignRow,
    LandlinesNoted,
    Preview,
    PreviewMessage,
    Retried,
    RetryFailed,
    TestSend,
    TestSent,
)
from api.exports import Separator
from api.methods import only_head
from api.pagination import Cursor, Fields, Limit, decode_cursor, one_over, page, sparse, struct
from api.recipients_csv import recipients_csv
from api.strict import METADATA, family
from api.versions import IfMatch
from db.campaigns import actions, called, follow, queries, received, recipients
from db.campaigns.enums import CampaignState
from db.contacts.phones import display
from db.errors import RequestError, RequestField
from db.messages.enums import CallOutcome, CallStage, MessageState, SkipReason
from db.messages.reasons import FailureReason

_REASONS = frozenset(reason.value for reason in (*FailureReason, *SkipReason))
_LABELS = {state.label: state for state in MessageState}


def _campaign(row: dict[str, Any]) -> Campaign:
    return struct(row, Campaign)


def _reason(name: str | None) -> str | None:
    """Raises Invalid for a reason that there is not."""
    if name is not None and name not in _REASONS:
        raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("reason")])
    return name


def _states(names: list[RecipientState] | None) -> list[MessageState]:
    return [_LABELS[name] for name in names or []]


async def recipient_query(
    campaign_id: FromPath[UUID],
    states: Annotated[
        list[RecipientState] | None,
        QueryParameter(name="state", description="Only who got so far, by either way; may be repeated."),
    ] = None,
    reason: Annotated[str | None, QueryParameter(max_length=60)] = None,
    replied: Annotated[bool | None, QueryParameter(description="Only those who answered, or only those who did not.")] = None,
    search: Annotated[str | None, QueryParameter(max_length=100)] = None,
) -> recipients.RecipientQuery:
    """Dependency `asked`: which people of a campaign a list or a download holds."""
    return recipients.RecipientQuery(campaign_id, _states(states), _reason(reason), search, replied)


Asked: TypeAlias = NamedDependency[recipients.RecipientQuery]


def _history(found: received.History) -> dict[str, Any]:
    told = {name: value for name, value in found._asdict().items() if name not in ("fallback", "channel_name")}
    return {**told, "tries": [one._asdict() for one in found.tries]}


class ContactCampaignController(Controller):
    path = "/v1/contacts/{contact_id:uuid}/campaigns"
    tags = ("Campaigns",)

    @get(summary="Campaigns that wrote to a contact")
    async def list_contact_campaigns(self, actor: Caller, contact_id: FromPath[UUID]) -> Page[ContactCampaign]:
        """The newest 50, with what became of each message. Needs `campaigns:read`."""
        found = await received.received(actor, contact_id)
        return Page(items=[struct(one._asdict(), ContactCampaign) for one in found], total=len(found))

    @get("/{campaign_id:uuid}", summary="What became of a campaign's message to a contact")
    async def get_contact_campaign(
        self, actor: Caller, contact_id: FromPath[UUID], campaign_id: FromPath[UUID]
    ) -> RecipientHistory:
        """When it was sent, delivered, read and answered, and each time that it was tried. Needs `campaigns:read`."""
        found = await received.history(actor, contact_id, campaign_id)
        other = _history(found.fallback) | {"channel_name": found.channel_name} if found.fallback is not None else None
        return msgspec.convert({**_history(found), "fallback": other}, RecipientHistory, from_attributes=True)


class CampaignController(Controller):
    path = "/v1/campaigns"
    tags = ("Campaigns",)

    @get(summary="List campaigns", opt={"parameter_families": (METADATA,)})
    async def list_campaigns(
        self,
        request: Request[Any, Any, Any],
        actor: Caller,
        states: Annotated[list[CampaignState] | None, QueryParameter(name="state")] = None,
        channel_id: FromQuery[UUID | None] = None,
        search: Annotated[str | None, QueryParameter(max_length=100)] = None,
        external_id: Annotated[str | None, QueryParameter(max_length=200)] = None,
        fields: Fields = None,
        cursor: Cursor = None,
        limit: Limit = 25,
    ) -> Page[CampaignRow]:
        """Newest first, each with its counts."""
        after = decode_cursor(cursor, tuple[datetime, UUID])
        rows = await queries.campaigns(
            actor,
            limit=one_over(limit),
            after=after,
            states=states,
            channel_id=channel_id,
            search=search,
            external_id=external_id,
            metadata=family(request, METADATA),
        )
        found = page(rows, limit, lambda row: (row["created_at"], row["id"]), lambda row: struct(row, CampaignRow))
        return sparse(found, fields)

    @post(summary="Create a draft")
    async def create_campaign(self, actor: Caller, data: JSONBody[CampaignCreate]) -> Campaign:
        """A new draft; the rest follows by PATCH."""
        return _campaign(await actions.create(actor, **msgspec.structs.asdict(data)))

    @get("/{campaign_id:uuid}", summary="Get a campaign")
    async def get_campaign(self, actor: Caller, campaign_id: FromPath[UUID]) -> Campaign:
        """With its ETag for If-Match."""
        return _campaign(await queries.campaign(actor, campaign_id))

    @patch("/{campaign_id:uuid}", opt={"versioned": True}, summary="Change a draft or scheduled campaign")
    async def patch_campaign(
        self, actor: Caller, campaign_id: FromPath[UUID], data: JSONBody[CampaignPatch], expected: IfMatch
    ) -> Campaign:
        """Only what is named changes; what goes out of a scheduled one, with `campaigns:send` too. 409 `not_editable` once launched, 412 when somebody else changed it."""
        changes = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not msgspec.UNSET}
        return _campaign(await actions.edit(actor, campaign_id, changes, expected))

    @delete("/{campaign_id:uuid}", opt={"versioned": True}, summary="Delete a draft", status_code=200)
    async def delete_campaign(self, actor: Caller, campaign_id: FromPath[UUID], expected: IfMatch) -> Done:
        """409 `not_deletable` for anything but a draft, 412 when somebody else changed it."""
        await actions.delete(actor, campaign_id, expected)
        return Done()

    @post("/{campaign_id:uuid}/audience", summary="Count the audience", status_code=200, opt={"idempotent": False})
    async def count_audience(self, actor: Caller, campaign_id: FromPath[UUID]) -> Audience:
        """How many match, how many can be reached, who is skipped and why."""
        return msgspec.convert(await queries.audience(actor, campaign_id), Audience, from_attributes=True)

    @post("/{campaign_id:uuid}/preview", summary="Preview the message", status_code=200, opt={"idempotent": False})
    async def preview_campaign(
        self,
        actor: Caller,
        campaign_id: FromPath[UUID],
        variant: Annotated[int, QueryParameter(ge=0, le=3, description="Which text of a test; 0: the first.")] = 0,
    ) -> Preview:
        """As the first people would get it, with everything that stands in the way of a launch."""
        found = await queries.preview(actor, campaign_id, variant)
        return Preview(
            messages=[
                PreviewMessage(
                    contact_name=row.name,
                    address=display(row.address) if row.address else "",
                    header=row.drawn.header,
                    header_file_id=row.drawn.header_file_id,
                    body=row.drawn.body,
                    footer=row.drawn.footer,
                    buttons=[PreviewButton(kind=kind, text=text) for kind, text in row.drawn.buttons],
                    encoding=row.segments.encoding.value if row.segments else None,
                    segments=row.segments.segments if row.segments else None,
                    forcing_character=row.segments.first_ucs2_char if row.segments else None,
                )
                for row in found.rows
            ],
            problems=[
                msgspec.convert({"code": one.code, "step": one.path, "params": one.params}, CampaignProblem)
                for one in found.problems
            ],
            audience=msgspec.convert(found.audience, Audience, from_attributes=True) if found.audience else None,
            estimated_seconds=found.seconds,
            limiting_factor=found.limit,
            segments_total=found.segments_total,
            plain_body=found.plain_body,
        )

    @post("/{campaign_id:uuid}/test", summary="Send a test", status_code=202, opt={"rate": "send"})
    async def test_campaign(self, actor: Caller, campaign_id: FromPath[UUID], data: JSONBody[TestSend]) -> TestSent:
        """To up to five numbers at once, outside the campaign's counts. 422 `unknown_variant` where it has no such text."""
        return TestSent(message_ids=await actions.test_send(actor, campaign_id, data.to, data.variant))

    @post("/{campaign_id:uuid}/launch", summary="Launch or schedule", status_code=202, opt={"rate": "send", "versioned": True})
    async def launch_campaign(
        self, actor: Caller, campaign_id: FromPath[UUID], data: JSONBody[CampaignLaunch], expected: IfMatch
    ) -> Campaign:
        """409 `not_ready` names every problem with its step; 412 when somebody else changed what If-Match names."""
        return _campaign(await actions.launch(actor, campaign_id, data.at, expected))

    @post("/{campaign_id:uuid}/pause", summary="Pause", status_code=200)
    async def pause_campaign(self, actor: Caller, campaign_id: FromPath[UUID]) -> Campaign:
        """Acts within one slice."""
        return _campaign(await actions.pause(actor, campaign_id))

    @post("/{campaign_id:uuid}/resume", summary="Resume", status_code=200)
    async def resume_campaign(self, actor: Caller, campaign_id: FromPath[UUID]) -> Campaign:
        """Goes on where it stopped; of one that sends or is done, what goes in place of its messages (`fallback.stopped` of the progress). 409 `template_stopped` while WhatsApp has paused, refused or disabled its template."""
        return _campaign(await actions.resume(actor, campaign_id))

    @post("/{campaign_id:uuid}/cancel", summary="Cancel", status_code=200)
    async def cancel_campaign(self, actor: Caller, campaign_id: FromPath[UUID]) -> Campaign:
        """A scheduled campaign becomes a draft again; of a running one nothing more goes out."""
        return _campaign(await actions.cancel(actor, campaign_id))

    @post(
        "/{campaign_id:uuid}/retry-failed",
        summary="Send failed ones again",
        status_code=202,
        opt={"rate": "send"},
    )
    async def retry_campaign(self, actor: Caller, campaign_id: FromPath[UUID], data: JSONBody[RetryFailed]) -> Retried:
        """At once, or at a time. Only reasons for which that makes sense, unless named. 409 `template_stopped` while WhatsApp has paused, refused
        or disabled the template of a campaign that would go on by it."""
        queued = await actions.retry_failed(actor, campaign_id, data.reasons, include_unknown=data.include_unknown, at=data.at)
        return Retried(queued=queued)

    @post("/{campaign_id:uuid}/clone", summary="Clone", opt={"creates": "/v1/campaigns"})
    async def clone_campaign(self, actor: Caller, campaign_id: FromPath[UUID]) -> Campaign:
        """A new draft with the same channel, text, audience and goal."""
        return _campaign(await actions.clone(actor, campaign_id))

    @post("/{campaign_id:uuid}/follow-up", summary="Follow up", opt={"creates": "/v1/campaigns"})
    async def follow_up_campaign(self, actor: Caller, campaign_id: FromPath[UUID], data: JSONBody[CampaignFollowUp]) -> Campaign:
        """A draft for who did not read it, did not answer, or did not get it; `not_sent`: whose turn had not come when it was cancelled or failed. 409
        `nobody_left`, `still_sending`. Needs `campaigns:write`."""
        reason = _reason(data.reason)
        return _campaign(
            await follow.follow(actor, campaign_id, data.who, reason=reason, channel_id=data.channel_id, name=data.name)
        )

    @post("/{campaign_id:uuid}/note-landlines", summary="Note landlines", status_code=200)
    async def note_landlines(self, actor: Caller, campaign_id: FromPath[UUID]) -> LandlinesNoted:
        """The numbers that the provider refused as landlines: what writes to mobiles only leaves them out from now on. Needs `contacts:write`
        and `campaigns:read`."""
        return LandlinesNoted(noted=await follow.leave_landlines_out(actor, campaign_id))

    @get("/{campaign_id:uuid}/progress", summary="Live progress")
    async def get_progress(self, actor: Caller, campaign_id: FromPath[UUID]) -> Progress:
        """Counts, rate, time left, the limit that binds, failures by reason and the rate over time."""
        return msgspec.convert(await queries.progress(actor, campaign_id), Progress, from_attributes=True)

    @get("/{campaign_id:uuid}/calls", summary="List calls of a campaign")
    async def list_calls(
        self,
        actor: Caller,
        campaign_id: FromPath[UUID],
        outcome: FromQuery[CallOutcome | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[CampaignCall]:
        """Every call of a campaign over a number that calls, the newest first. Needs `campaigns:read`, `contacts:read` and `conversations:read`."""
        after = decode_cursor(cursor, tuple[datetime, UUID])
        rows = await called.calls(actor, campaign_id, outcome=outcome, after=after, limit=one_over(limit))
        return page(rows, limit, lambda row: (row.at, row.id), _call)

    @get("/{campaign_id:uuid}/recipients", dependencies={"asked": Provide(recipient_query)}, summary="List recipients")
    async def list_recipients(
        self,
        actor: Caller,
        asked: Asked,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Recipient]:
        """Each member of the audience with what became of the message and the first answer to it."""
        after = decode_cursor(cursor, tuple[str])
        rows = await recipients.recipients(actor, asked, limit=one_over(limit), after=after[0] if after else None)
        return page(rows, limit, lambda row: (row["dedupe_key"],), _recipient)

    @get(
        "/{campaign_id:uuid}/recipients.csv",
        dependencies={"asked": Provide(recipient_query)},
        summary="Export recipients",
        media_type="text/csv",
    )
    async def export_recipients(
        self,
        actor: Caller,
        asked: Asked,
        request: Request[Any, Any, Any],
        separator: Separator = ";",
        language: FromQuery[Literal["pt-BR", "en"]] = "pt-BR",
    ) -> Stream:
        """UTF-8 with BOM, labels in the language, times of the company; cells that a spreadsheet would run as a formula are neutralised.
        Needs `contacts:export` too; noted in the audit log."""
        return await recipients_csv(actor, asked, separator, language, only_head=only_head(request.scope))


def _call(row: called.CampaignCall) -> CampaignCall:
    return struct({**row._asdict(), "stage": CallStage(row.stage).label}, CampaignCall)


def _recipient(row: Any) -> Recipient:
    other = row["fallback_state"]
    return struct(
        row,
        Recipient,
        state=MessageState(row["state"]).label,
        fallback_state=MessageState(other).label if other is not None else None,
    )
