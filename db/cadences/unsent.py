"""Who stands still because a message of theirs has not left yet: it waits for the hours, for the pace of a young number, behind a limit of costs or a
channel that stands still, or nobody knows yet what became of it.

Nothing is asked and nothing counts meanwhile: a wait begins when the message was accepted, or surely failed, was skipped or cancelled. One of unknown
outcome is waited for until the provider tells it or the time of its channel for that is over (`unknown_horizon`); then it counts as one that nobody
read. Nobody is asked about by and by: the row of the message says so itself (`enrolment_news`, written by a trigger in the transaction of the change).

No news is missed. Who sets somebody to wait holds their row and looks at the message after that; who takes news waits for that row, and looks at the
message after it has it.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from db.cadences import clocks, publishing
from db.cadences.conditions import UNSENT
from db.cadences.enums import EnrolmentState
from db.cadences.events import CadenceProgress
from db.cadences.plan import Wait, WaitUntil, nodes
from db.cadences.timing import due
from db.clock import now
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, system_read, work

BATCH = 2000
ROUNDS = 30  # batches of one cadence before the others have their turn

_TOLD = "select distinct company_id, cadence_id from enrolment_news"
_TAKE = """
delete from enrolment_news where company_id = $1 and cadence_id = $2 and number = any(array(
    select number from enrolment_news where company_id = $1 and cadence_id = $2 order by number limit $3 for update skip locked))
returning enrolment_id, at
"""
# By itself: what is looked at next must be seen as it is once nobody else holds them.
_HOLD = f"select from enrolment where company_id = $1 and id = any($2::uuid[]) and state = '{EnrolmentState.ACTIVE}' order by id for update"
_LOOK = f"""
select e.id, e.step_id, e.arrived_at, e.awaits_message, {UNSENT} as unsent from enrolment e
where e.company_id = $1 and e.id = any($2::uuid[]) and e.state = '{EnrolmentState.ACTIVE}' order by e.id
"""
_WAIT = "update enrolment set awaits_message = true where company_id = $1 and id = any($2::uuid[]) and not awaits_message"
_ON = """
update enrolment e set awaits_message = false, arrived_at = r.at, due_at = case when $4::int is null then $5 else r.at + make_interval(mins => $4) end
from unnest($2::uuid[], $3::timestamptz[]) r(id, at) where e.company_id = $1 and e.id = r.id
"""


async def hold(w: Work, enrolment_ids: Sequence[UUID]) -> None:
    """These go no further before their message has left. Their rows are held, and were before the message was looked at."""
    if enrolment_ids:
        await w.execute(_WAIT, w.company_id, list(enrolment_ids))


async def look_for_sent() -> int:
    """One round over cadences with news of messages. Any number of workers may do it at once. Returns how much news there was."""
    async with system_read() as s:
        rows = await s.fetch(_TOLD)
    taken = 0
    for row in rows:
        for _ in range(ROUNDS):
            count = await take(row["company_id"], row["cadence_id"])
            taken += count
            if not count:
                break
    return taken


async def take(company_id: UUID, cadence_id: UUID, most: int = BATCH) -> int:
    """Some people of whose message there is news: they go on from the moment that it left, or wait once more for one that came back into its queue.
    Returns how much news was taken."""
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        await w.fetch("select from cadence where company_id = $1 and id = $2 for share", company_id, cadence_id)
        news = await w.fetch(_TAKE, company_id, cadence_id, most)
        if not news:
            return 0
        left: dict[UUID, datetime] = {}
        for row in news:
            left[row["enrolment_id"]] = max(row["at"], left.get(row["enrolment_id"], row["at"]))
        await w.fetch(_HOLD, company_id, list(left))
        rows = await w.fetch(_LOOK, company_id, list(left))
        await hold(w, [row["id"] for row in rows if row["unsent"]])
        going: dict[UUID, list[UUID]] = defaultdict(list)
        for row in rows:
            if not row["unsent"] and (row["awaits_message"] or row["arrived_at"] < left[row["id"]]):
                going[row["step_id"]].append(row["id"])
        if going:
            await _go_on(w, cadence_id, going, left)
        if rows:
            w.emit(CadenceProgress(cadence_id=cadence_id))
        return len(news)


async def _go_on(w: Work, cadence_id: UUID, going: dict[UUID, list[UUID]], left: dict[UUID, datetime]) -> None:
    version = await publishing.live(w, cadence_id)
    assert version is not None  # somebody is in it
    known, zone = nodes(version.plan), await publishing.zone(w)
    for step_id, ids in going.items():
        step = known[step_id].step
        minutes = step.minutes if isinstance(step, Wait) else None
        at = due(known, step_id, now(), version.plan.hours, zone)
        await w.execute(_ON, w.company_id, ids, [left[one] for one in ids], minutes, at)
        if isinstance(step, WaitUntil):
            await clocks.wait(w, step, zone, clocks.THESE, ids)
