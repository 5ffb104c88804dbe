"""When the people of a campaign get it, laid out once its audience is written: as soon as the hours allow it where each is, evenly over the time
that the campaign is spread over. What goes out is asked again at the claim (`gate.py`): this only keeps the queue in order."""

from datetime import datetime, timedelta
from uuid import UUID

from db.campaigns.plan import Plan
from db.campaigns.rules import MARGIN, Rules, load
from db.campaigns.windows import FAR, Span, spans, steps
from db.clock import now
from db.contacts.places import place
from db.messages import queueing
from db.work import Work


async def lay_out(w: Work, campaign_id: UUID, plan: Plan, category: str, *, calls: bool = False) -> int:
    """`calls`: it calls real people. Returns how many people got a moment of their own. 0 without hours and spreading: all go as fast as they can."""
    rules = await load(w, w.company_id, plan, category, calls=calls)
    if not rules.any and not plan.spread_minutes:
        return 0
    moment = now()
    opens: list[tuple[str, datetime, float]] = []
    for start, address in (await queueing.places(w, campaign_id)).items():
        found = open_spans(rules, address, moment)
        if found and (plan.spread_minutes or found[0][0] > moment):
            opens += [(start, *step) for step in zip(*steps(found), strict=True)]
    return await queueing.spread(w, campaign_id, plan.spread_minutes * 60.0, opens) if opens else 0


def open_spans(rules: Rules, address: str, since: datetime) -> list[Span]:
    """When somebody may be written to, the last minutes of each span left out; the whole time where no rule holds."""
    hours, zones = rules.of(place(address))
    if not hours:
        return [(since, since + timedelta(days=FAR))]
    return [(start, end - MARGIN) for start, end in spans(hours, zones, since) if end - start > MARGIN]
