"""Two contacts that were one and are parted again: who came into a cadence as one of them goes on in it as that one."""

from uuid import UUID

from db.cadences.enums import EnrolmentState
from db.work import Work

# Who came in anew meanwhile stands in it already: the former way stays where it is.
_BACK = f"""
update enrolment e set contact_id = e.came_as, came_as = null from contact c
where e.company_id = $1 and e.cadence_id = $2 and e.came_as is not null and c.company_id = $1 and c.id = e.came_as
    and (e.state <> '{EnrolmentState.ACTIVE}' or not exists (select from enrolment o where o.company_id = $1 and o.cadence_id = $2
        and o.contact_id = e.came_as and o.state = '{EnrolmentState.ACTIVE}'))
"""


async def go_back(w: Work, cadence_id: UUID) -> None:
    """Before somebody comes in or takes a step. Its messages went back with the address already."""
    await w.execute(_BACK, w.company_id, cadence_id)
