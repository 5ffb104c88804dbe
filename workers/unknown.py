"""Outcomes nobody knows: expired leases become unknown, evidence settles them, and after the horizon the policy does (decision 9)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from db import halving
from db.channels.secrets import ChannelRow, load_channel
from db.clock import now
from db.contacts import holidays
from db.contacts.holidays import Calendar
from db.jobs import LookUpUnknown
from db.messages import call_hours, inbox, ledger, render, unknown
from db.messages.render import CallContent, Content, ScriptContent, TemplateContent, text_sender
from db.messages.scripts import as_call
from db.messages.unknown import Question
from db.permissions import Permission
from db.providers.registry import providers
from db.tenancy import worker
from db.work import work
from workers.outcomes import Unknown
from workers.outgoing import Sender
from workers.progress import progress
from workers.providers import registry
from workers.providers.adapter import Found, LostSend
from workers.providers.wire import ProviderError
from workers.registration import Handler, Loop

log = structlog.get_logger("workers.unknown")

LOOKUPS_AT_ONCE = 8  # questions at once


async def reconcile() -> None:
    """One round: expired leases, outcomes past their horizon, and questions to providers that answer them."""
    for company_id in await unknown.late_companies():
        async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
            touched = await ledger.expire_leases(w) | await ledger.resolve_unknown(w)
        for campaign_id in touched:
            progress.touch(company_id, campaign_id)
    for company_id, channel_id in await unknown.askable([one.kind for one in providers() if one.capabilities.can_look_up]):
        async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
            w.enqueue(LookUpUnknown(channel_id=channel_id), at=now() + timedelta(seconds=5))


async def _ask(
    sender: Sender, client: object, channel: ChannelRow, rows: list[Question], calendar: Calendar
) -> dict[UUID, Found]:
    """What the provider has of one person's attempts. Raises ProviderError."""
    adapter = registry.adapter(channel.kind)
    found: dict[UUID, Found] = {}
    for row in rows:
        content = render.decode(row.content)
        assert not isinstance(content, TemplateContent)
        text = text_sender(content).render(list(row.params))
        taken = frozenset([*row.taken, *(message.provider_id for message in found.values())])
        lost = LostSend(
            str(row.attempt_id), row.address, text, row.started_at, taken, _repeated(sender, channel, content, row, calendar)
        )
        message = await adapter.look_up(client, channel, lost)
        if message is not None:
            found[row.attempt_id] = message
    return found


def _repeated(sender: Sender, channel: ChannelRow, content: Content, row: Question, calendar: Calendar) -> bytes | None:
    """The request of a call once more, while the person may be called."""
    if isinstance(content, ScriptContent):
        content = as_call(content, list(row.params))
    if not isinstance(content, CallContent) or not row.may_repeat:
        return None
    if not channel.sandbox and call_hours.wait(row.address, now(), calendar):
        return None
    return sender.request(channel, content, row.address, row.attempt_id)


def lookup_job(sender: Sender) -> Callable[[UUID, LookUpUnknown], Awaitable[None]]:
    """The job that asks a provider whether messages of unknown outcome exist there. What it finds goes the way of a status callback,
    with all that a failure or a refusal means."""

    async def look_up(company_id: UUID, job: LookUpUnknown) -> None:
        async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
            channel = await load_channel(w, job.channel_id)
            rows = await unknown.questions(w, company_id, job.channel_id)
            calendar = await holidays.calendar(w)
        if channel is None or channel.token is None:
            return
        source, client = registry.adapter(channel.kind).lookup_source, sender.client(channel)
        people: dict[str, list[Question]] = {}
        for row in rows:
            people.setdefault(row.address, []).append(row)
        todo = iter(people.values())
        found: dict[UUID, Found] = {}

        async def one_after_the_other() -> None:
            for theirs in todo:
                try:
                    found.update(await _ask(sender, client, channel, theirs, calendar))
                except ProviderError as error:
                    log.warning("unknown.lookup_failed", channel_id=str(channel.id), error=str(error))
                    if not isinstance(error.outcome, Unknown):  # refused or away; an answer that cannot be read is one person's
                        return

        async def some(told: Sequence[tuple[UUID, bytes]]) -> None:
            async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
                await inbox.store(w, channel.id, source, told)

        async def skip(told: tuple[UUID, bytes], error: Exception) -> None:
            log.error("unknown.answer_refused", attempt_id=str(told[0]), error=repr(error)[:300])

        await asyncio.gather(*(one_after_the_other() for _ in range(LOOKUPS_AT_ONCE)))
        await halving.write([(attempt_id, message.body) for attempt_id, message in found.items()], some, skip)

    return look_up


JOBS = (Handler(LookUpUnknown, lambda r: lookup_job(r.sender)),)
LOOPS = (Loop("unknown", 2.0, reconcile),)
