"""Budgets: how much the AI of the company, of a persona or of a conversation may cost in a day or a month."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db.ai import ledger
from db.ai.enums import BudgetPeriod, BudgetScope
from db.ai.errors import AiField
from db.ai.events import AiBudgetsChanged
from db.ai.ledger import EVERY
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, Work, read, work


class Budget(NamedTuple):
    """Micro-dollars. `subject_id` None: the company, or each one that has no budget of its own; then `spent` and `reserved` are those
    of the company only."""

    scope: BudgetScope
    subject_id: UUID | None
    period: BudgetPeriod
    most: int
    spent: int
    reserved: int
    starts: datetime


_LIST = """
select b.scope, nullif(b.subject_id, $2) as subject_id, b.period, b.most, coalesce(s.spent, 0) as spent, coalesce(s.reserved, 0) as reserved,
    date_trunc(b.period, now(), c.time_zone) as starts
from ai_budget b join company c on c.id = b.company_id
left join ai_spending s on s.company_id = b.company_id and s.scope = b.scope and s.subject_id = b.subject_id and s.period = b.period
    and s.starts = date_trunc(b.period, now(), c.time_zone)
where b.company_id = $1 order by b.scope, b.period, b.subject_id
"""


async def budgets(actor: Actor) -> list[Budget]:
    """All of the company, with what counts in the period of now."""
    async with read(actor, Permission.AI_READ) as r:
        return await budgets_in(r, actor.company_id)


async def budgets_in(r: Read, company_id: UUID) -> list[Budget]:
    rows = await r.fetch(_LIST, company_id, EVERY)
    return [
        Budget(
            BudgetScope(row["scope"]),
            row["subject_id"],
            BudgetPeriod(row["period"]),
            row["most"],
            row["spent"],
            row["reserved"],
            row["starts"],
        )
        for row in rows
    ]


async def set_budget(
    actor: Actor, scope: BudgetScope, period: BudgetPeriod, most: int | None, subject_id: UUID | None = None
) -> list[Budget]:
    """`most` None: no budget. What was spent in the period counts at once. Raises Invalid."""
    if scope is BudgetScope.COMPANY and subject_id is not None:
        raise RequestError.INVALID(fields=[AiField.SUBJECT("subject_id")])
    async with work(actor, Permission.AI_WRITE) as w:
        await keep(w, scope, period, most, subject_id)
        return await budgets_in(w, w.company_id)


async def keep(w: Work, scope: BudgetScope, period: BudgetPeriod, most: int | None, subject_id: UUID | None = None) -> None:
    """The same inside a unit of work, for who publishes a persona with its budget."""
    place = (w.company_id, scope, subject_id or EVERY, period)
    before = await w.fetchval(
        "select most from ai_budget where company_id = $1 and scope = $2 and subject_id = $3 and period = $4", *place
    )
    if before == most:
        return  # what was told of it is not told again
    if most is None:
        await w.execute("delete from ai_budget where company_id = $1 and scope = $2 and subject_id = $3 and period = $4", *place)
    else:
        await w.execute(
            "insert into ai_budget(company_id, scope, subject_id, period, most) values ($1, $2, $3, $4, $5)"
            " on conflict (company_id, scope, subject_id, period) do update set most = excluded.most",
            *place,
            most,
        )
        await ledger.recount(w, scope, period, subject_id)
    w.audit("ai_budget.set", subject_id, scope=scope, period=period, most=most)
    w.emit(AiBudgetsChanged())
