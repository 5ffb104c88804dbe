"""Each member of a campaign's audience with what became of them, also by what went another way in its place."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.campaigns import fallback
from db.campaigns.queries import one
from db.messages import fallbacks
from db.messages.enums import MessageState
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

_RECIPIENT = """
select m.id as message_id, m.contact_id, coalesce(c.name, '') as name, m.address, m.state, m.reason, m.code, m.tries, m.maybe_duplicate,
    m.sent_at, m.delivered_at, m.read_at, coalesce(m.replied_at, f.replied_at) as replied_at, a.kind as reply_kind, a.body as reply_text, m.dedupe_key,
    f.state as fallback_state, f.reason as fallback_reason, f.sent_at as fallback_sent_at, f.delivered_at as fallback_delivered_at
from message m left join contact c on c.company_id = m.company_id and c.id = m.contact_id
{SECOND}
left join lateral (
    select kind, body from inbound_message i where coalesce(m.replied_at, f.replied_at) is not null and i.company_id = m.company_id
        and i.contact_id = m.contact_id and i.received_at = coalesce(m.replied_at, f.replied_at)
        and i.channel_id = case when m.replied_at is not null then m.channel_id else f.channel_id end order by i.id limit 1) a on true
where m.company_id = $1 and m.dedupe_key > $2 and m.dedupe_key < $3
"""
# Of each person on the page; where people are looked for by it, of all at once, by its keys.
_EACH = f"""left join lateral (
    select o.state, o.reason, o.sent_at, o.delivered_at, o.replied_at, o.channel_id from message o
    where o.company_id = m.company_id and o.contact_id = m.contact_id and o.campaign_id = $4
        and o.state <> {MessageState.CANCELLED} order by o.id limit 1) f on true"""
_ALL = f"""left join (
    select distinct on (o.contact_id) o.contact_id, o.state, o.reason, o.sent_at, o.delivered_at, o.replied_at, o.channel_id from message o
    where o.company_id = $1 and o.dedupe_key > $4::uuid::text || ':' and o.dedupe_key < $4::uuid::text || ';' and o.contact_id is not null
        and o.state <> {MessageState.CANCELLED} order by o.contact_id, o.id) f on f.contact_id = m.contact_id"""


class RecipientQuery(NamedTuple):
    """Which members of a campaign's audience: who got so far by either way, or who did not get it for this reason, by name or number, who answered or did not."""

    campaign_id: UUID
    states: Sequence[MessageState] = ()
    reason: str | None = None
    search: str | None = None
    replied: bool | None = None

    def sql(self, company_id: UUID, other: UUID | None, after: str | None = None) -> tuple[str, list[object]]:
        """Statement and arguments. `other`: the campaign in its place, if any; `after`: the dedupe key of the last one seen."""
        args: list[object] = [company_id, after or f"{self.campaign_id}:", f"{self.campaign_id};", other]
        looks = bool(self.states or self.reason or self.replied is not None)
        sql = _RECIPIENT.replace("{SECOND}", _ALL if looks else _EACH)
        if self.states:
            args.append([int(state) for state in self.states])
            sql += f" and {fallbacks.REACHED if other else 'm.state'} = any(${len(args)}::smallint[])"
        if self.reason:
            args.append(self.reason)
            sql += f" and m.reason = ${len(args)}" + (f" and not coalesce({fallbacks.MOVED}, false)" if other else "")
        if self.search:
            digits = "".join(ch for ch in self.search if ch.isdigit())
            args += [self.search.replace("\0", ""), f"%{digits}%" if digits else None]
            sql += f" and (position(fold(${len(args) - 1}) in fold(c.name)) > 0 or m.address like ${len(args)}::text)"
        if self.replied is not None:
            sql += f" and coalesce(m.replied_at, f.replied_at) is {'not ' if self.replied else ''}null"
        return sql + " order by m.dedupe_key", args


async def recipients(actor: Actor, query: RecipientQuery, *, limit: int, after: str | None = None) -> list[asyncpg.Record]:
    """Members of the audience with what became of them, also by what went another way in its place, and their first answer. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        await one(r, query.campaign_id)
        sql, args = query.sql(actor.company_id, await instead(r, query.campaign_id), after)
        return await r.fetch(f"{sql} limit {limit}", *args)


async def instead(r: Read, campaign_id: UUID) -> UUID | None:
    """The campaign in its place."""
    child = (await fallback.children(r, [campaign_id])).get(campaign_id)
    return child.id if child is not None else None
