"""Rules of stages: what they owe to a lead is carried out in its order."""

from uuid import UUID

from db.boards import rule_steps
from db.jobs import RunRules
from workers.registration import Handler


async def run_rules(company_id: UUID, job: RunRules) -> None:
    """Until nothing is due; harmless when repeated."""
    while await rule_steps.step(company_id, job.lead_id):
        pass


async def give_up(company_id: UUID, job: RunRules, reason: str) -> None:
    await rule_steps.give_up(company_id, job.lead_id)


JOBS = (Handler(RunRules, lambda _: run_rules, give_up),)
