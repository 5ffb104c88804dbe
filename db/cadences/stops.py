"""Who leaves a cadence before its end: at once when they write or say stop, soon when they reach the goal, and in any case before their next step
(`steps.py`). What waits to be sent to them is cancelled, and what is on the wire is not tried again. Whose last message still waits (at night,
behind a limit) has not come to the end yet, whatever their state says."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from db.cadences import conditions, publishing, rounds
from db.cadences.conditions import REPLIED
from db.cadences.enums import CadenceState, EnrolmentState, StopReason
from db.cadences.events import CadenceProgress
from db.contacts.events import ConsentChanged
from db.event_consumers import Batch
from db.messages import queueing
from db.messages.enums import MessageState as M
from db.messages.events import MessageReceived
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, system_read, work

CONSUMER = "cadences"
HEARD = (MessageReceived, ConsentChanged)

_WAITS = f"""exists (select from message m where m.company_id = $1 and m.dedupe_key >= 'cadence:' || e.id || ':'
    and m.dedupe_key < 'cadence:' || e.id || ';' and m.state in ({M.QUEUED}, {M.SENDING}))"""
_GOES_ON = f"(e.state = '{EnrolmentState.ACTIVE}' or e.state = '{EnrolmentState.DONE}' and {_WAITS})"
# By itself: what is looked at next must be seen as it is once nobody else holds them.
_HOLD = "select from enrolment where company_id = $1 and id = any($2::uuid[]) order by id for update"
_STOP = f"""
update enrolment e set state = '{EnrolmentState.STOPPED}', reason = $3, step_id = null, ended_at = now()
where e.company_id = $1 and e.id = any($2::uuid[]) and {_GOES_ON} returning e.id, e.cadence_id
"""
_REPLIED = f"""
select e.id from enrolment e join cadence c on c.company_id = $1 and c.id = e.cadence_id
join cadence_version v on v.company_id = $1 and v.cadence_id = c.id and v.number = c.live
where e.company_id = $1 and e.contact_id = any($2::uuid[]) and e.state in ('{EnrolmentState.ACTIVE}', '{EnrolmentState.DONE}') and {_GOES_ON}
    and coalesce((v.plan->>'stop_on_reply')::boolean, true) and {REPLIED}
"""
_OUT = f"""
select e.id from enrolment e join contact c on c.company_id = $1 and c.id = e.contact_id and c.opted_out_at is not null
where e.company_id = $1 and e.contact_id = any($2::uuid[]) and e.state = '{EnrolmentState.ACTIVE}'
"""
# Who became one with somebody goes on as that one, unless that one is in it too.
_MERGED = f"""
select e.id, m.contact_id, exists (select from enrolment o where o.company_id = $1 and o.cadence_id = e.cadence_id and o.contact_id = m.contact_id
    and o.state = '{EnrolmentState.ACTIVE}') as there
from contact_merge m join enrolment e on e.company_id = $1 and e.contact_id = m.merged_id and e.state = '{EnrolmentState.ACTIVE}'
where m.company_id = $1 and m.contact_id = any($2::uuid[]) and m.undone_at is null order by e.id
"""
_AS = f"update enrolment set contact_id = $3, came_as = coalesce(came_as, contact_id) where company_id = $1 and id = $2 and state = '{EnrolmentState.ACTIVE}'"
_QUEUED = f"""
select c.company_id, c.id from cadence c where c.state in ('{CadenceState.RUNNING}', '{CadenceState.PAUSED}') and exists (
    select from campaign k where k.company_id = c.company_id and k.cadence_id = c.id
        and (select true from message m where m.queue_id = k.id and m.queued limit 1))
"""
_CONVERTED = """
select e.id from campaign k join message m on m.queue_id = k.id and m.queued
join enrolment e on e.company_id = $1 and e.id = split_part(m.dedupe_key, ':', 2)::uuid
where k.company_id = $1 and k.cadence_id = $2 and m.company_id = $1 and {goal} order by e.id limit 5000
"""


def key(enrolment_id: UUID, step_id: UUID | None = None) -> str:
    """The dedupe key of a step's message; without a step what those of the enrolment begin with."""
    return f"cadence:{enrolment_id}:{step_id or ''}"


async def stop(w: Work, enrolment_ids: Sequence[UUID], reason: StopReason) -> int:
    """Ends those that still run, or whose last message waits. Returns how many."""
    if not enrolment_ids:
        return 0
    await w.fetch(_HOLD, w.company_id, list(enrolment_ids))
    rows = await w.fetch(_STOP, w.company_id, list(enrolment_ids), reason.value)
    if rows:
        await queueing.cancel_keys(w, [key(row["id"]) for row in rows])
    for cadence_id in {row["cadence_id"] for row in rows}:
        w.emit(CadenceProgress(cadence_id=cadence_id))
    return len(rows)


class _Heard(msgspec.Struct):
    contact_id: UUID | None = None


async def heard(w: Work, _: str, batch: Batch) -> None:
    """Reader of the events HEARD."""
    for kind, statement, reason in (
        (MessageReceived, _REPLIED, StopReason.REPLIED),
        (ConsentChanged, _OUT, StopReason.OPTED_OUT),
    ):
        told = [msgspec.json.decode(event.data, type=_Heard) for event in batch.events if event.type == kind.type]
        people = {one.contact_id for one in told if one.contact_id is not None}
        if people:
            await _follow(w, list(people))
            rows = await w.fetch(statement, w.company_id, list(people))
            await stop(w, [row["id"] for row in rows], reason)


async def _follow(w: Work, contact_ids: list[UUID]) -> None:
    """Those who were merged into these are in the cadence as these."""
    for row in await w.fetch(_MERGED, w.company_id, contact_ids):
        if row["there"]:
            await stop(w, [row["id"]], StopReason.MERGED)
        else:
            await w.execute(_AS, w.company_id, row["id"], row["contact_id"])


async def look_for_converted(seconds: float = 10.0) -> int:
    """One round over cadences of which something waits to be sent, each at most so often: who has reached the goal meanwhile does not get it. Returns how many."""
    async with system_read() as s:
        rows = await s.fetch(_QUEUED)
    return sum([await _converted(row["company_id"], row["id"], seconds) for row in rows])


async def _converted(company_id: UUID, cadence_id: UUID, seconds: float) -> int:
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        version = await publishing.live(w, cadence_id)
    if version is None or version.plan.goal is None or not await rounds.mine(company_id, cadence_id, "goal_at", seconds):
        return 0
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        args: list[object] = [company_id, cadence_id]

        def arg(value: object) -> str:
            args.append(value)
            return f"${len(args)}"

        goal = conditions.sql(version.plan.goal, arg)
        rows = await w.fetch(_CONVERTED.format(goal=goal), *args)
        return await stop(w, [row["id"] for row in rows], StopReason.CONVERTED)
