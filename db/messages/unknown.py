"""Messages whose outcome nobody knows: whose time has come, and what a provider can be asked about them. Settled in `ledger.py`."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db.messages.enums import MessageState as M
from db.work import Read, system_read

_LATE = f"select distinct company_id from message where state in ({M.SENDING}, {M.UNKNOWN}) and lease_until < now()"
_ASKABLE = f"""
select distinct m.company_id, m.channel_id from message m join channel c on c.company_id = m.company_id and c.id = m.channel_id
where m.state = {M.UNKNOWN} and m.lease_until > now() and c.kind = any($1::text[])
"""
_QUESTIONS = f"""
select t.id, m.address, m.params, coalesce(m.content, k.contents->m.variant, k.content)::text as content, t.started_at,
    array(select x.provider_id from message o join attempt x on x.company_id = $1 and x.message_id = o.id
          where o.company_id = $1 and o.contact_id = m.contact_id and x.provider_id is not null) as taken,
    m.requeue_allowed and not exists (select from contact c where c.company_id = $1 and c.id = m.contact_id and c.opted_out_at is not null)
        and not exists (select from suppression s where s.company_id = $1 and s.address = m.address)
        and (m.campaign_id is null or k.state = 'running') as may_repeat
from message m join attempt t on t.company_id = m.company_id and t.message_id = m.id and t.epoch = m.epoch
left join campaign k on k.company_id = m.company_id and k.id = m.campaign_id
where m.company_id = $1 and m.channel_id = $2 and m.state = {M.UNKNOWN} and m.lease_until is not null order by random() limit 1000
"""


class Question(NamedTuple):
    """One attempt to look for at the provider. `content` is JSON; `taken`: the provider's ids of the person's other messages. `may_repeat`:
    the person is still to get it, and its campaign goes on."""

    attempt_id: UUID
    address: str
    params: list[str]
    content: str
    started_at: datetime
    taken: list[str]
    may_repeat: bool


async def late_companies() -> list[UUID]:
    """Companies with a lease that ended, or an unknown outcome past its horizon."""
    async with system_read() as s:
        return [row["company_id"] for row in await s.fetch(_LATE)]


async def askable(kinds: list[str]) -> list[tuple[UUID, UUID]]:
    """(company, channel) of these kinds with unknown outcomes before their horizon."""
    async with system_read() as s:
        return [(row["company_id"], row["channel_id"]) for row in await s.fetch(_ASKABLE, kinds)]


async def questions(r: Read, company_id: UUID, channel_id: UUID) -> list[Question]:
    """What to ask about one channel, at most 1000 in no order, so that none waits behind those that get no answer."""
    return [Question(*row) for row in await r.fetch(_QUESTIONS, company_id, channel_id)]
