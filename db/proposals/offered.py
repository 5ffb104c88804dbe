"""Which free times a persona may tell somebody: of boards on which the AI books them."""

from typing import NamedTuple
from uuid import UUID

from db.bookings import bookings
from db.bookings.slots import Span
from db.permissions import Permission
from db.personas.config import PersonaConfig
from db.personas.enums import ToolPolicy
from db.proposals.enums import LeadPolicy, LeadTool
from db.proposals.watch import WATCHED
from db.tenancy import worker
from db.work import read

MOST = 60
"""Times of one board."""
BOARDS = 2

_BOARDS = f"""
select b.id, b.name from board_ai a join board b on b.company_id = $1 and b.id = a.board_id
join booking k on k.company_id = $1 and k.board_id = a.board_id and k.enabled
cross join (select $2::uuid as contact_id) v
where a.company_id = $1 and coalesce(a.tools->>'{LeadTool.BOOK.value}', '{LeadPolicy.NEVER.value}') <> '{LeadPolicy.NEVER.value}' and {WATCHED}
order by exists (select from lead l where l.company_id = $1 and l.board_id = b.id and l.contact_id = v.contact_id) desc, b.id limit {BOARDS}
"""


class Offer(NamedTuple):
    board: str
    times: list[Span]


async def offers(company_id: UUID, config: PersonaConfig, contact_id: UUID | None = None) -> list[Offer]:
    """None where the persona books nothing. `contact_id` None: of whoever."""
    if config.tools.book_slot is ToolPolicy.NEVER:
        return []
    async with read(worker(company_id), Permission.BOARDS_READ) as r:
        return [
            Offer(row["name"], (await bookings.free_in(r, company_id, row["id"]))[:MOST])
            for row in await r.fetch(_BOARDS, company_id, contact_id)
        ]
