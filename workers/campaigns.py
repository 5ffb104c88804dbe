"""Jobs and rounds of campaigns: preparing the audience, finishing what is done."""

from uuid import UUID

from db.campaigns import lifecycle
from db.jobs import PrepareCampaign


async def prepare_campaign(company_id: UUID, job: PrepareCampaign) -> None:
    """Idempotent: a run that died is simply repeated."""
    await lifecycle.prepare(company_id, job.campaign_id)


async def give_up(company_id: UUID, job: PrepareCampaign, reason: str) -> None:
    """The audience could not be written, however often it was tried: the campaign says so."""
    await lifecycle.fail_preparing(company_id, job.campaign_id, reason)


async def reconcile() -> int:
    """One round over all open campaigns."""
    return await lifecycle.reconcile()
