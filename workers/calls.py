"""Calls whose end a provider did not tell: it is asked, and what it says goes the way of a webhook. What is wanted of a call that goes on
is told to it.

Webhooks get lost, and a call without an end would stand as under way for ever. Refuses to decide anything about a call.
"""

from uuid import UUID

import structlog

from db.jobs import AskAboutCall, OrderCall
from db.messages import calls, inbox
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.transfers import orders, ringing
from db.transfers.enums import CallOrderOutcome as Out
from db.work import work
from workers.credentials import channel_of
from workers.outcomes import Outcome, RetryAfter, Unknown
from workers.providers import registry
from workers.providers.wire import ProviderError, Wire
from workers.registration import Handler, Loop
from workers.runtime import Cancel

log = structlog.get_logger("workers.calls")


class Asking:
    """What this module needs."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    async def ask(self, company_id: UUID, job: AskAboutCall) -> None:
        """Raises Cancel without such a channel."""
        known = await channel_of(company_id, job.channel_id)
        channel = known.channel
        adapter = registry.adapter(channel.kind)
        client = adapter.client(self._settings, self._wire, channel, known.token)
        try:
            told = await adapter.read_call(client, job.provider_call_id)
        except ProviderError as error:
            log.warning("calls.not_told", channel_id=str(channel.id), error=str(error)[:300])
            return
        async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
            await inbox.store_one(w, channel.id, adapter.lookup_source, told)

    async def order(self, company_id: UUID, job: OrderCall) -> None:
        """Tells a provider once what somebody wants of a call that goes on. Raises Cancel without such a channel."""
        async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
            open_ = await orders.begin(w, job.order_id)
        if open_ is None:
            return
        outcome, url = Out.DONE, None
        try:
            known = await channel_of(company_id, open_.channel_id)
            adapter = registry.adapter(known.channel.kind)
            client = adapter.client(self._settings, self._wire, known.channel, known.token)
            url = await adapter.order_call(client, self._settings, known.channel, open_)
        except Cancel:
            outcome = Out.UNREACHABLE
        except ProviderError as error:
            log.warning("calls.order_failed", channel_id=str(open_.channel_id), kind=open_.kind.value, error=str(error)[:300])
            outcome = _became(error.outcome)
        async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
            await orders.end(w, job.order_id, outcome, url)


def _became(outcome: Outcome) -> Out:
    match outcome:
        case Unknown():
            return Out.UNKNOWN
        case RetryAfter():
            return Out.UNREACHABLE
    return Out.REFUSED


async def round_() -> None:
    """Asks about calls that should be over, and closes those that were never placed."""
    for company_id in await calls.companies_with_unplaced():
        async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
            await calls.close_unplaced(w)
    for one in await calls.silent():
        async with work(worker(one.company_id), Permission.CAMPAIGNS_SEND) as w:
            if await calls.looked(w, one.id):
                await ringing.over(w, one.id, transferred=False)
            w.enqueue(AskAboutCall(channel_id=one.channel_id, provider_call_id=one.provider_call_id))


JOBS = (
    Handler(AskAboutCall, lambda r: Asking(r.settings, r.wire).ask),
    Handler(OrderCall, lambda r: Asking(r.settings, r.wire).order),
)
LOOPS = (Loop("calls", 30.0, round_), Loop("rings", 2.0, ringing.round_))
"""So far apart a call that fell silent may wait half a minute longer than its time."""
