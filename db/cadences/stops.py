"""Who leaves a cadence before its end: at once when they write or say stop, and in any case before their next step (`steps.py`). What waits
to be sent to them is cancelled."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from db.cadences.enums import EnrolmentState, StopReason
from db.cadences.events import CadenceProgress
from db.contacts.events import ConsentChanged
from db.event_consumers import Batch
from db.messages import queueing
from db.messages.events import MessageReceived
from db.messages.inbound import SILENT
from db.work import Work

CONSUMER = "cadences"
HEARD = (MessageReceived, ConsentChanged)

# `received_at` is the provider's clock, in whole seconds; `created_at` is ours: both, so that an old one handed over late counts for nothing.
REPLIED = f"""exists (select from inbound_message i where i.company_id = $1 and i.contact_id = e.contact_id
    and i.received_at >= e.entered_at - interval '1 minute' and i.created_at >= e.entered_at
    and i.kind not in ({", ".join(f"'{kind}'" for kind in SILENT)}))"""

_STOP = f"""
with them as materialized (select id from enrolment where company_id = $1 and id = any($2::uuid[]) and state = '{EnrolmentState.ACTIVE}' order by id for update)
update enrolment e set state = '{EnrolmentState.STOPPED}', reason = $3, step_id = null, ended_at = now() from them
where e.company_id = $1 and e.id = them.id returning e.id, e.cadence_id
"""
_REPLIED = f"""
select e.id from enrolment e join cadence c on c.company_id = $1 and c.id = e.cadence_id
join cadence_version v on v.company_id = $1 and v.cadence_id = c.id and v.number = c.live
where e.company_id = $1 and e.contact_id = any($2::uuid[]) and e.state = '{EnrolmentState.ACTIVE}'
    and coalesce((v.plan->>'stop_on_reply')::boolean, true) and {REPLIED}
"""
_OUT = f"""
select e.id from enrolment e join contact c on c.company_id = $1 and c.id = e.contact_id and c.opted_out_at is not null
where e.company_id = $1 and e.contact_id = any($2::uuid[]) and e.state = '{EnrolmentState.ACTIVE}'
"""


def key(enrolment_id: UUID, step_id: UUID | None = None) -> str:
    """The dedupe key of a step's message; without a step what those of the enrolment begin with."""
    return f"cadence:{enrolment_id}:{step_id or ''}"


async def stop(w: Work, enrolment_ids: Sequence[UUID], reason: StopReason) -> int:
    """Ends those that still run. Returns how many."""
    rows = await w.fetch(_STOP, w.company_id, list(enrolment_ids), reason.value) if enrolment_ids else []
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
            rows = await w.fetch(statement, w.company_id, list(people))
            await stop(w, [row["id"] for row in rows], reason)
