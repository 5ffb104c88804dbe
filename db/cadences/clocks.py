"""On whose clock somebody waits for a time of day: their own, as the start of their number tells it, by the same rules as the hours of campaigns.

Where it leaves several zones, the one in which the time comes last counts: nobody is woken. Whose place nobody knows has the company's clock.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from db.cadences.plan import WaitUntil
from db.cadences.timing import next_time
from db.clock import now
from db.contacts.places import GROUP, place
from db.work import Work

_ADDRESS = """coalesce((select i.value from contact_identity i where i.company_id = $1 and i.contact_id = e.contact_id and i.valid
    and i.kind in ('phone', 'wa_id', 'bsuid') order by array_position('{phone,wa_id,bsuid}'::text[], i.kind), i.line = 'fixed', i.id limit 1), '')"""
THESE = "e.id = any($2::uuid[])"
_STARTS = """
select distinct on (start) start, address from (select {start} as start, address from (
    select {address} as address from enrolment e where e.company_id = $1 and {which}) a) s order by start, address
"""
_DUE = """
update enrolment e set due_at = u.due from (select id, {start} as start from (
    select e.id, {address} as address from enrolment e where e.company_id = $1 and {which}) a) p
join unnest(${starts}::text[], ${moments}::timestamptz[]) u(start, due) on u.start = p.start
where e.company_id = $1 and e.id = p.id
"""


async def wait(w: Work, step: WaitUntil, company: ZoneInfo, which: str, *args: object) -> None:
    """All of `which` (SQL over an enrolment `e`, whose arguments begin at $2) are due when their clock shows the time of the step."""
    start = GROUP.format("address")
    rows = await w.fetch(_STARTS.format(start=start, address=_ADDRESS, which=which), w.company_id, *args)
    at = now()
    moments = {row["start"]: next_time(at, step.at, step.days, zone(row["address"], company, at)) for row in rows}
    count = len(args) + 1
    sql = _DUE.format(start=start, address=_ADDRESS, which=which, starts=count + 1, moments=count + 2)
    await w.execute(sql, w.company_id, *args, list(moments), list(moments.values()))


def zone(address: str, company: ZoneInfo, at: datetime) -> ZoneInfo:
    """Of the person with that address."""
    zones = [ZoneInfo(name) for name in place(address).zones]
    return min(zones, key=lambda one: (at.astimezone(one).utcoffset(), one.key), default=company)
