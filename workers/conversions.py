"""Tells an ad's network of leads that it brought. The event's id is the row's: told twice it counts once, so an unknown outcome is settled by telling it
again, for as long as the network knows the id."""

from functools import partial
from uuid import UUID

import structlog

from db.analytics import conversions
from db.analytics.enums import ConversionReason, ConversionState
from db.crypto import SealBroken
from db.jobs import TellConversion
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.work import work
from workers.control import Refused
from workers.credentials import channel_of
from workers.outcomes import RetryAfter
from workers.providers import registry
from workers.providers.adapter import Conversion
from workers.providers.wire import ProviderError, Wire
from workers.registration import Handler
from workers.runtime import Cancel, Retry

log = structlog.get_logger("workers.conversions")


async def tell(company_id: UUID, job: TellConversion, settings: Settings, wire: Wire) -> None:
    """The job. Raises Retry while it was not told, or may not have been."""
    event = job.conversion_id
    given = await conversions.begin(company_id, event)
    if given is None:
        return
    try:
        known = await channel_of(company_id, given.channel_id)
    except (Cancel, SealBroken):
        await conversions.settle(company_id, event, ConversionState.SKIPPED, ConversionReason.GONE)
        return
    adapter = registry.adapter(known.channel.kind)
    if not adapter.provider.capabilities.conversions:
        await conversions.settle(company_id, event, ConversionState.SKIPPED, ConversionReason.GONE)
        return
    control = registry.control(settings, wire, known)
    worth = None if given.cents is None else (given.cents, given.currency)
    said = Conversion(event, given.dataset_id, given.click, given.kind.value, given.at, worth)
    try:
        await control.call(
            "conversion", "Conversion told", f"event {event}", adapter.tell_conversion(control.client, known.channel, said)
        )
    except Refused as refused:
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            await control.write_log(w)
        if not refused.transient:
            await conversions.settle(company_id, event, ConversionState.FAILED, ConversionReason.REFUSED, refused.detail[:300])
            return
        cause = refused.__cause__
        surely_not = isinstance(cause, ProviderError) and isinstance(cause.outcome, RetryAfter)
        state = ConversionState.WAITING if surely_not else ConversionState.UNKNOWN
        await conversions.settle(company_id, event, state, detail=refused.detail[:300])
        raise Retry(reason=f"conversion: {refused.reason}") from refused
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        await control.write_log(w)
    await conversions.settle(company_id, event, ConversionState.TOLD)
    log.info("conversion.told", company_id=str(company_id), conversion_id=str(event))


async def give_up(company_id: UUID, job: TellConversion, reason: str) -> None:
    await conversions.settle(company_id, job.conversion_id, ConversionState.FAILED, ConversionReason.NO_ANSWER)


JOBS = (Handler(TellConversion, lambda r: partial(tell, settings=r.settings, wire=r.wire), give_up),)
