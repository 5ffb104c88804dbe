"""What happens to conversations by itself: snoozed ones come back, who writes outside of the office hours is told so, who got no
answer because it did not go waits again, and changes that came too late end."""

from uuid import UUID

from db.conversations import actions, away, missed
from db.jobs import GiveUpChange, MissAnswer, SayAway
from db.messages import changes
from db.permissions import Permission
from db.tenancy import worker
from db.work import work
from workers.registration import Handler, Loop


async def wake_snoozed() -> None:
    """One round over all companies that have one due."""
    for company_id in await actions.companies_waking():
        async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
            await actions.wake_snoozed(w)


async def say_away(company_id: UUID, job: SayAway) -> None:
    """Repeating it says nothing twice."""
    await away.say(company_id, job.conversation_id, job.message_id)


async def miss_answer(company_id: UUID, job: MissAnswer) -> None:
    """Repeating it changes nothing."""
    await missed.missed(company_id, job.message_id)


async def give_up_change(company_id: UUID, job: GiveUpChange) -> None:
    """Repeating it changes nothing."""
    await changes.give_up(company_id, job.message_id)


JOBS = (
    Handler(SayAway, lambda _: say_away), Handler(MissAnswer, lambda _: miss_answer), Handler(GiveUpChange, lambda _: give_up_change),
)  # fmt: skip
LOOPS = (Loop("snoozed", 5.0, wake_snoozed),)
