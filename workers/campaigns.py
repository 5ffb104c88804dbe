"""Jobs and rounds of campaigns: preparing the audience, finishing what is done."""

from uuid import UUID

from db.campaigns import fallback, lifecycle, redials
from db.jobs import PrepareCampaign, ReleaseHeld
from db.messages import loosened
from workers.registration import Handler, JobFunction, Loop, Resources


async def prepare_campaign(company_id: UUID, job: PrepareCampaign) -> None:
    """Idempotent: a run that died is simply repeated."""
    await lifecycle.prepare(company_id, job.campaign_id)


async def give_up(company_id: UUID, job: PrepareCampaign, reason: str) -> None:
    """The audience could not be written, however often it was tried: the campaign says so."""
    await lifecycle.fail_preparing(company_id, job.campaign_id, reason)


def _prepare(resources: Resources) -> JobFunction:
    async def prepare(company_id: UUID, job: PrepareCampaign) -> None:
        await prepare_campaign(company_id, job)
        await resources.poll_sending()  # at once, not with the next round

    return prepare


def _release(resources: Resources) -> JobFunction:
    async def release(company_id: UUID, _: ReleaseHeld) -> None:
        if await loosened.release(company_id):
            await resources.poll_sending()

    return release


JOBS = (Handler(PrepareCampaign, _prepare, give_up), Handler(ReleaseHeld, _release))
LOOPS = (
    Loop("campaigns", 1.0, lifecycle.reconcile),
    Loop("fallbacks", 5.0, fallback.rounds),
    Loop("redials", 2.0, redials.rounds),
)
