"""What is said by itself to who writes while nobody is here: once for a conversation and a closed time, and never more than a few times a
day, so that two machines do not talk to each other for ever. What waits goes on waiting: nobody answered.
"""

from datetime import timedelta
from uuid import UUID

from db.clock import now
from db.conversations import office_hours
from db.conversations.hours import OfficeHours
from db.jobs import SayAway
from db.messages import answers, queueing
from db.messages.replies import TextReply
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, work

MOST = 3
"""So often in a day at most."""
LATE = timedelta(hours=1)
"""What came in longer ago, and was told only now, is not answered by itself."""

_TEAM = "select team_id from conversation where company_id = $1 and id = $2"
_ONCE = """
update conversation set away_since = $3 where company_id = $1 and id = $2 and state = 'open' and unanswered_at <> '{}'
    and away_since is distinct from $3 returning contact_id, channel_id
"""
_SAID = """
select count(*) from message where company_id = $1 and contact_id = $2 and channel_id = $3 and dedupe_key like 'away:%'
    and case when sent_at is not null then sent_at when done_at is not null then done_at else next_at end > now() - interval '1 day'
"""
_ECHO = """
select i.body = $4 from inbound_message i where i.company_id = $1 and i.contact_id = $2 and i.channel_id = $3 order by i.received_at desc limit 1
"""


async def consider(w: Work, conversation_id: UUID, message_id: UUID) -> None:
    """Somebody wrote. Outside of the hours it is told them later, in a unit of work of its own."""
    found = await _hours(w, conversation_id)
    if not found.away_text or found.closed_since(now()) is None:
        return
    w.enqueue(SayAway(conversation_id=conversation_id, message_id=message_id))


async def say(company_id: UUID, conversation_id: UUID, message_id: UUID) -> bool:
    """Tells who wrote this message that nobody is here, if that is still so and was not said yet. Returns whether it did."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        found = await _hours(w, conversation_id)
        since = found.closed_since(now())
        row = await w.fetchrow(
            "select i.contact_id, i.channel_id, i.received_at from inbound_message i where i.company_id = $1 and i.id = $2",
            company_id,
            message_id,
        )
        if not found.away_text or since is None or row is None or row["contact_id"] is None:
            return False
        if row["received_at"] < max(since, now() - LATE):
            return False
        if not await queueing.hold_open(w, row["channel_id"]):
            return False
        await answers.hold_still(w, row["contact_id"])
        whose = (company_id, row["contact_id"], row["channel_id"])
        if await w.fetchval(_SAID, *whose) >= MOST or await w.fetchval(_ECHO, *whose, found.away_text):
            return False
        way = await answers.way(w, *whose)
        if way is None or way.obstacle is not None or not await w.fetchrow(_ONCE, company_id, conversation_id, since):
            return False
        await answers.write(w, row["contact_id"], row["channel_id"], TextReply(found.away_text), automatic=True)
        return True


async def _hours(w: Work, conversation_id: UUID) -> OfficeHours:
    """Those of its team, else of the company."""
    return await office_hours.of_team(w, w.company_id, await w.fetchval(_TEAM, w.company_id, conversation_id))
