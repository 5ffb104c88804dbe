"""What people and partners do with a campaign: write it, try it, launch, pause, resume, cancel, retry, clone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db import versions
from db.campaigns import fallback, lifecycle, money
from db.campaigns.announce import changed
from db.campaigns.audience import Audience, sample
from db.campaigns.check import frozen_content, frozen_contents, load_draft, problems, texts
from db.campaigns.enums import CampaignState
from db.campaigns.errors import CampaignError, CampaignField
from db.campaigns.events import CampaignDeleted, CampaignProgress
from db.campaigns.queries import one
from db.campaigns.trial import LETTERS, Letter
from db.channels import template_drafts
from db.clock import now
from db.contacts import consent, erased, segments
from db.contacts.filter import ContactFilter
from db.contacts.metadata import merged
from db.contacts.phones import Phone, parse_phone
from db.errors import Field, RequestError, RequestField
from db.jobs import PrepareCampaign
from db.messages import header_files, queueing, render
from db.messages.errors import MessageError
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.versions import Expected
from db.work import Work, work

Row = dict[str, Any]
"""The campaign as `queries.campaign` gives it, read in the transaction of the change."""

_EDITABLE = (CampaignState.DRAFT, CampaignState.SCHEDULED)
_GOES = (CampaignState.RUNNING, CampaignState.FINISHED)
_JSON = ("bindings", "audience", "settings", "metadata", "trial", "fallback")
_REASONS = frozenset(reason.value for reason in FailureReason)
_KEPT = frozenset({"external_id", "metadata"})
"""What partners keep with a campaign: it changes nothing of what is sent."""
_KIND = "select kind from channel where company_id = $1 and id = $2"
_SAMPLE = "select sample_file_id from template where company_id = $1 and id = $2"


@asynccontextmanager
async def _own_id() -> AsyncIterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "campaign_external":
            raise
        raise CampaignError.EXTERNAL_ID_TAKEN() from None


async def create(
    actor: Actor,
    name: str,
    *,
    channel_id: UUID | None = None,
    audience: ContactFilter | None = None,
    external_id: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Row:
    """A new draft. Raises NotFound for a channel that is not the company's, Conflict `external_id_taken`."""
    async with _own_id(), work(actor, Permission.CAMPAIGNS_WRITE) as w:
        if channel_id is not None:
            await _own(w, "channel", channel_id)
        audience = await _checked(w, audience or ContactFilter())
        campaign_id: UUID = await w.fetchval(
            "insert into campaign(company_id, name, channel_id, audience, created_by, external_id, metadata)"
            " values ($1, $2, $3, $4::jsonb, $5, $6, $7::jsonb) returning id",
            actor.company_id,
            name,
            channel_id,
            msgspec.json.encode(audience).decode(),
            actor.id if actor.kind == "user" else None,
            external_id,
            msgspec.json.encode(merged({}, metadata or {})).decode(),
        )
        w.audit("campaign.created", campaign_id)
        return await changed(w, campaign_id)


async def edit(actor: Actor, campaign_id: UUID, changes: dict[str, Any], expected: Expected = None) -> Row:
    """Writes a draft, or a scheduled campaign, which takes the right to send; what partners keep with it, whatever its state. Raises NotFound, Forbidden,
    PreconditionFailed, Invalid, Conflict `not_editable`, `external_id_taken`."""
    async with _own_id(), work(actor, Permission.CAMPAIGNS_WRITE) as w:
        row = await _lock(w, campaign_id, expected)
        _may_change(actor, row["state"], changes)
        if not changes:
            return await one(w, campaign_id)
        for table, column in (("channel", "channel_id"), ("template", "template_id")):
            if changes.get(column) is not None:
                await _own(w, table, changes[column])
        if (instead := changes.get("fallback")) is not None:
            await _own(w, "channel", instead.channel_id)
            if instead.template_id is not None:
                await _own(w, "template", instead.template_id)
        if changes.get("channel_id", row["channel_id"]) != row["channel_id"] and "template_id" not in changes:
            # templates belong to a channel, and so does what goes in place of its messages
            changes = {"trial": None, "fallback": None, **changes, "template_id": None, "bindings": []}
        changes = await _headed(w, row["channel_id"], changes)
        if "metadata" in changes:
            known = msgspec.json.decode(row["metadata"], type=dict[str, str])
            changes = {**changes, "metadata": merged(known, changes["metadata"])}
        if "audience" in changes:
            changes = {**changes, "audience": await _checked(w, changes["audience"])}
        args: list[object] = [actor.company_id, campaign_id]
        assignments = []
        for column, value in changes.items():
            args.append(msgspec.json.encode(value).decode() if column in _JSON and value is not None else value)
            assignments.append(f"{column} = ${len(args)}" + ("::jsonb" if column in _JSON else ""))
        await w.execute(f"update campaign set {', '.join(assignments)} where company_id = $1 and id = $2", *args)
        if row["state"] == CampaignState.SCHEDULED and changes.keys() - _KEPT:
            await _freeze(w, campaign_id)  # what is scheduled stays ready to go
        w.audit("campaign.edited", campaign_id, fields=sorted(changes))
        return await changed(w, campaign_id)


def _may_change(actor: Actor, state: str, changes: dict[str, Any]) -> None:
    if changes.keys() - _KEPT:
        _expect(state, _EDITABLE, CampaignError.NOT_EDITABLE)
    if state == CampaignState.SCHEDULED and changes.keys() - _KEPT - {"name"}:
        actor.require(Permission.CAMPAIGNS_SEND)  # it goes out by itself, to whom and as it then is


async def _headed(w: Work, channel_id: UUID | None, changes: dict[str, Any]) -> dict[str, Any]:
    """With the file of the head: of a new template the one that it was reviewed with, until another is chosen. Raises Invalid."""
    if changes.get("header_file_id") is not None:
        kind = await w.fetchval(_KIND, w.company_id, changes.get("channel_id", channel_id))
        if kind is None:
            raise RequestError.INVALID(fields=[CampaignField.NO_CHANNEL("header_file_id")])
        form = await template_drafts.head_form(w, kind, changes["header_file_id"])
        if isinstance(form, Field):
            raise RequestError.INVALID(fields=[form])
    elif "template_id" in changes and "header_file_id" not in changes:
        return {**changes, "header_file_id": await w.fetchval(_SAMPLE, w.company_id, changes["template_id"])}
    return changes


async def _checked(w: Work, audience: ContactFilter) -> ContactFilter:
    """The audience with the rule of its own as it is kept. Raises Invalid."""
    if audience.rule is None:
        return audience
    return msgspec.structs.replace(audience, rule=await segments.checked(w, audience.rule, "audience.rule"))


async def delete(actor: Actor, campaign_id: UUID, expected: Expected = None) -> None:
    """Drafts only; what was sent stays on record. Raises NotFound, PreconditionFailed, Conflict `not_deletable`."""
    async with work(actor, Permission.CAMPAIGNS_WRITE) as w:
        row = await _lock(w, campaign_id, expected)
        _expect(row["state"], (CampaignState.DRAFT,), CampaignError.NOT_DELETABLE)
        await w.execute("delete from campaign where company_id = $1 and id = $2", actor.company_id, campaign_id)
        w.audit("campaign.deleted", campaign_id)
        w.emit(CampaignDeleted(campaign_id=campaign_id))


async def launch(actor: Actor, campaign_id: UUID, at: datetime | None, expected: Expected = None) -> Row:
    """Checks, freezes the text and starts, or plans the start for `at`. Raises NotFound, PreconditionFailed, Conflict
    `already_launched`, `not_ready` with every problem."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        row = await _lock(w, campaign_id, expected)
        _expect(row["state"], _EDITABLE, CampaignError.ALREADY_LAUNCHED)
        if at is not None and at <= now():
            raise CampaignError.IN_THE_PAST(fields=[RequestField.IN_THE_PAST("at")])
        await _freeze(w, campaign_id)
        state = CampaignState.SCHEDULED if at else CampaignState.PREPARING
        await w.execute(
            "update campaign set state = $3, scheduled_at = $4, launched_at = now() where company_id = $1 and id = $2",
            actor.company_id,
            campaign_id,
            state.value,
            at,
        )
        job = PrepareCampaign(campaign_id=campaign_id)  # an earlier plan may wait under the same key with another time
        await w.withdraw(job)
        w.enqueue(job, at=at)
        w.audit("campaign.launched", campaign_id, at=at)
        return await changed(w, campaign_id)


async def _freeze(w: Work, campaign_id: UUID) -> None:
    draft = await load_draft(w, campaign_id)
    found = await problems(w, draft) + await money.problems(w, draft)
    if found:
        raise CampaignError.NOT_READY(fields=found)
    await money.keep_limit(w, campaign_id, draft.settings)
    contents = frozen_contents(await texts(w, draft))
    await w.execute(
        "update campaign set content = $3::jsonb, contents = $4::jsonb, header_file_id = $5 where company_id = $1 and id = $2",
        w.company_id,
        campaign_id,
        render.encode(content := frozen_content(draft)),
        msgspec.json.encode(contents).decode() if contents is not None else None,
        next(filter(None, (header_files.of(one) for one in (content, *(contents or ())))), None),
    )


async def pause(actor: Actor, campaign_id: UUID) -> Row:
    """Acts within one slice: no claim is granted to a campaign that is not running."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        row = await _lock(w, campaign_id)
        _expect(row["state"], (CampaignState.RUNNING,), CampaignError.NOT_RUNNING)
        return await _moved(w, campaign_id, CampaignState.PAUSED, "person")


async def resume(actor: Actor, campaign_id: UUID) -> Row:
    """Goes on where it stopped; of one that sends, or is done, what goes in place of its messages does. Raises Conflict while WhatsApp has stopped
    its template."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        row = await _lock(w, campaign_id)
        instead = await fallback.paused(w, campaign_id) if row["state"] in _GOES else None
        if instead is None:
            _expect(row["state"], (CampaignState.PAUSED,), CampaignError.NOT_PAUSED)
        if await lifecycle.template_stopped(w, instead or campaign_id):
            raise CampaignError.TEMPLATE_STOPPED()
        if instead is None:
            return await _moved(w, campaign_id, CampaignState.RUNNING, None)
        await fallback.follow(w, campaign_id, CampaignState.RUNNING.value)
        w.audit("campaign.running", campaign_id)
        return await changed(w, campaign_id)


async def cancel(actor: Actor, campaign_id: UUID) -> Row:
    """A planned one becomes a draft again; a running one sends nothing more, what is on the wire finishes."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        row = await _lock(w, campaign_id)
        planned = row["state"] == CampaignState.SCHEDULED
        _expect(
            row["state"],
            (CampaignState.SCHEDULED, CampaignState.PREPARING, CampaignState.RUNNING, CampaignState.PAUSED),
            CampaignError.NOT_CANCELLABLE,
        )
        state = CampaignState.DRAFT if planned else CampaignState.CANCELLED
        await w.execute(
            "update campaign set state = $3, state_reason = $4, state_detail = null, resume_at = null,"
            " scheduled_at = case when $3 = 'draft' then null else scheduled_at end,"
            " content = case when $3 = 'draft' then null else content end, contents = case when $3 = 'draft' then null else contents end"
            " where company_id = $1 and id = $2",
            actor.company_id,
            campaign_id,
            state.value,
            None if planned else "person",
        )
        if not planned:
            await fallback.follow(w, campaign_id, state.value)
        await w.withdraw(PrepareCampaign(campaign_id=campaign_id))
        w.audit("campaign.unscheduled" if planned else "campaign.cancelled", campaign_id)
        return await changed(w, campaign_id)


async def retry_failed(
    actor: Actor, campaign_id: UUID, reasons: list[str], *, include_unknown: bool, at: datetime | None = None
) -> int:
    """Queues failed recipients again; those of unknown outcome only on request, flagged, and never calls; never who said stop
    or was deleted meanwhile. `at`: they go out then, and not before. Returns how many."""
    unknown = [number for number, reason in enumerate(reasons) if reason not in _REASONS]
    if unknown or not reasons:
        wrong = [CampaignField.UNKNOWN_REASON(f"reasons[{number}]") for number in unknown]
        raise RequestError.INVALID(fields=wrong or [RequestField.REQUIRED("reasons")])
    if at is not None and at <= now():
        raise CampaignError.IN_THE_PAST(fields=[RequestField.IN_THE_PAST("at")])
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        row = await _lock(w, campaign_id)
        _expect(
            row["state"],
            (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED),
            CampaignError.NOT_RETRYABLE,
        )
        if row["state"] != CampaignState.PAUSED and await lifecycle.template_stopped(w, campaign_id):
            raise CampaignError.TEMPLATE_STOPPED()
        await consent.hold(w)
        kind = await w.fetchval(_KIND, w.company_id, row["channel_id"])
        if registry.provider(kind).capabilities.calls:
            include_unknown = False  # they may have been reached: nobody is rung again blindly
        queued = await queueing.requeue(w, campaign_id, reasons, include_unknown=include_unknown, not_before=at)
        if queued:
            state = CampaignState.PAUSED if row["state"] == CampaignState.PAUSED else CampaignState.RUNNING
            await w.execute(
                "update campaign set state = $3, finished_at = null, tally_width = null where company_id = $1 and id = $2",
                actor.company_id,
                campaign_id,
                state.value,
            )
            await fallback.reopen(w, campaign_id)
            w.audit("campaign.retried", campaign_id, queued=queued, include_unknown=include_unknown, at=at)
            await changed(w, campaign_id)
            w.emit(CampaignProgress(campaign_id=campaign_id))
    return queued


async def clone(actor: Actor, campaign_id: UUID) -> Row:
    """A new draft with the same channel, text, audience and goal."""
    async with work(actor, Permission.CAMPAIGNS_WRITE) as w:
        new_id: UUID | None = await w.fetchval(
            "insert into campaign(company_id, name, channel_id, template_id, header_file_id, body, bindings, audience, settings, policy, trial, fallback, goal,"
            " cloned_from, created_by) select company_id, left(name, 110) || ' (2)', channel_id, template_id, header_file_id, body, bindings, audience,"
            " settings, policy, trial, fallback, goal, id, $3 from campaign"
            " where company_id = $1 and id = $2 and cadence_id is null and fallback_of is null returning id",
            actor.company_id,
            campaign_id,
            actor.id if actor.kind == "user" else None,
        )
        if new_id is None:
            raise RequestError.NOT_FOUND(what="campaign")
        w.audit("campaign.cloned", new_id, source=str(campaign_id))
        return await changed(w, new_id)


async def test_send(actor: Actor, campaign_id: UUID, to: list[str], variant: Letter) -> list[UUID]:
    """Sends one of the texts at once to a few numbers, outside the counts. Values come from the contact with that number. Raises NotFound, Invalid."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        draft = await load_draft(w, campaign_id)
        found = [p for p in await problems(w, draft) if p.path != "audience"]
        if found:
            raise CampaignError.NOT_READY(fields=found)
        assert draft.channel_id is not None
        one = dict(zip(LETTERS, await texts(w, draft), strict=False)).get(variant)
        if one is None:
            raise RequestError.INVALID(fields=[CampaignField.UNKNOWN_VARIANT("variant", variant=variant)])
        content = frozen_content(one)
        country: str = await w.fetchval("select country from company where id = $1", actor.company_id)
        ids = []
        for index, text in enumerate(to):
            phone = parse_phone(text, country)
            if not isinstance(phone, Phone):
                raise RequestError.INVALID(fields=[phone.reason(f"to[{index}]")])
            if await w.fetchval(
                "select true from suppression where company_id = $1 and address = $2 union all"
                " select true from contact c join contact_identity i on i.company_id = $1 and i.contact_id = c.id"
                " where c.company_id = $1 and i.kind = 'phone' and i.value = $2 and c.opted_out_at is not null limit 1",
                actor.company_id,
                phone.canonical,
            ) or await erased.known(w, actor.company_id, [phone.canonical]):
                raise MessageError.OPTED_OUT(address=phone.canonical)
            contact_id = await w.fetchval(
                "select contact_id from contact_identity where company_id = $1 and kind = 'phone' and value = $2",
                actor.company_id,
                phone.canonical,
            )
            params = [""] * len(content.fields)
            if contact_id is not None and draft.kind is not None:
                chosen = ContactFilter(ids=[contact_id])
                audience = Audience(actor.company_id, draft.kind, chosen, rehearsal=draft.sandbox, fields=content.fields)
                people = await sample(w, audience, 1)
                params = people[0][2] if people else params
            ids.append(
                await queueing.queue(
                    w,
                    draft.channel_id,
                    purpose="test",
                    contact_id=contact_id,
                    address=phone.canonical,
                    content=msgspec.json.encode(content).decode(),
                    params=params,
                )
            )
        w.audit("campaign.tested", campaign_id, count=len(ids), variant=variant)
    return ids


async def _moved(w: Work, campaign_id: UUID, to: CampaignState, reason: str | None) -> Row:
    await w.execute(
        "update campaign set state = $3, state_reason = $4, state_detail = null, resume_at = null where company_id = $1 and id = $2",
        w.company_id, campaign_id, to.value, reason,
    )  # fmt: skip
    await fallback.follow(w, campaign_id, to.value)
    w.audit(f"campaign.{to.value}", campaign_id)
    return await changed(w, campaign_id)


async def _lock(w: Work, campaign_id: UUID, expected: Expected = None) -> Any:
    row = await w.fetchrow(
        "select state, version, channel_id, metadata::text as metadata from campaign"
        " where company_id = $1 and id = $2 and cadence_id is null and fallback_of is null for update",
        w.company_id,
        campaign_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="campaign")
    versions.check(row["version"], expected)
    return row


async def _own(w: Work, table: str, row_id: UUID) -> None:
    if not await w.fetchval(f"select true from {table} where company_id = $1 and id = $2", w.company_id, row_id):
        raise RequestError.NOT_FOUND(what=table)


def _expect(state: str, allowed: tuple[CampaignState, ...], refusal: CampaignError) -> None:
    if state not in allowed:
        raise refusal(state=state)
