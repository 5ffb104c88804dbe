"""What about the AI waits for a person: it stopped, its budget is nearly spent, its model ends."""

from typing import Any
from uuid import UUID

from db.ai.connection import connection_in
from db.ai.enums import ConnectionState, Provider
from db.ai.models import ending
from db.work import Read

_STOPPED = frozenset((ConnectionState.KEY_REFUSED, ConnectionState.NO_CREDIT, ConnectionState.FAILED))
_BUDGETS = """
select b.period, least(s.spent * 100 / b.most, 100)::int as percent, s.warned from ai_budget b join company c on c.id = b.company_id
join ai_spending s on s.company_id = b.company_id and s.scope = b.scope and s.subject_id = b.subject_id and s.period = b.period
    and s.starts = date_trunc(b.period, now(), c.time_zone)
where b.company_id = $1 and b.scope = 'company' and s.warned > 0 order by s.warned desc, b.period limit 1
"""


async def waiting(r: Read, company_id: UUID) -> list[dict[str, Any]]:
    """Lines of the first page, in the columns of the contract; of two budgets the one that is further."""
    found = await connection_in(r, company_id)
    lines: list[dict[str, Any]] = []
    if found is not None and found.state in _STOPPED:
        lines.append({"code": "ai_stopped", "subject": found.chat_model, "detail": found.state.value, "count": None})
    budget = await r.fetchrow(_BUDGETS, company_id)
    if budget is not None:
        percent = 100 if budget["warned"] >= 100 else budget["percent"]
        lines.append({"code": "ai_budget", "subject": budget["period"], "detail": budget["period"], "count": percent})
    if found is not None and found.provider is Provider.OPENAI:
        for model in await ending(r, company_id):
            lines.append({"code": "ai_model_ends", "subject": model.name, "detail": model.state.value, "count": None})
    return [{**line, "subject_id": company_id} for line in lines]
