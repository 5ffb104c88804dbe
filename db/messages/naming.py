"""Messages whose id at the provider we choose ourselves: it is known before the first byte goes out, and the same for every attempt.

So whatever is told of the id settles an outcome that nobody knew, and a message that is sent once more under it is one message to whom it
reaches.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from db.messages import render
from db.messages.enums import MessageState as M
from db.messages.ledger import Claimed
from db.messages.render import LiteralContent, TextContent
from db.work import Read, Work, system_read

_NAME = """
with r as (select * from unnest((select $2::uuid[]), (select $3::uuid[]), (select $4::text[])) r(message_id, attempt_id, provider_id)),
a as (update attempt t set provider_id = r.provider_id from r where t.company_id = $1 and t.id = r.attempt_id)
update message m set provider_id = r.provider_id from r where m.company_id = $1 and m.id = r.message_id
"""
_AWAIT = f"""
update message set lease_until = now() + make_interval(secs => $3)
where company_id = $1 and channel_id = $2 and state = {M.UNKNOWN} and lease_until > now() + make_interval(secs => $3)
"""

_LATE = f"select distinct channel_id from message where state = {M.UNKNOWN} and lease_until > now() + make_interval(secs => $1 + 1) and channel_id = any($2::uuid[])"


async def name(w: Work, names: Iterable[tuple[Claimed, str]]) -> None:
    """Of messages that this same transaction claims."""
    rows = [(message.message_id, message.attempt_id, provider_id) for message, provider_id in names]
    if rows:
        await w.execute(_NAME, w.company_id, *map(list, zip(*rows, strict=True)))


async def await_evidence(w: Work, channel_id: UUID, seconds: float) -> None:
    """Unknown outcomes of this channel are decided `seconds` from now at the latest: it can be heard of again."""
    await w.execute(_AWAIT, w.company_id, channel_id, seconds)


async def awaited_long(channel_ids: Sequence[UUID], seconds: float) -> set[UUID]:
    """Those of these channels with an unknown outcome that would be decided later than `seconds` from now."""
    async with system_read() as s:
        return {row["channel_id"] for row in await s.fetch(_LATE, seconds, list(channel_ids))}


async def text_of(r: Read, channel_id: UUID, provider_id: str) -> str | None:
    """The text of a message of ours as it went out, None where there is none."""
    assert r.actor is not None
    row = await r.fetchrow(
        "select m.params, coalesce(m.content, c.content)::text as content from message m"
        " left join campaign c on c.company_id = $1 and c.id = m.campaign_id"
        " where m.company_id = $1 and m.provider_id = $3 and m.channel_id = $2 and m.origin is null limit 1",
        r.actor.company_id,
        channel_id,
        provider_id,
    )
    if row is None or row["content"] is None:
        return None
    content = render.decode(row["content"])
    if isinstance(content, TextContent | LiteralContent):
        return render.text_sender(content).render(list(row["params"]))
    return None


OURS = "ours"


async def writer_of(r: Read, channel_id: UUID, provider_id: str) -> str | None:
    """By what the platform names who wrote a message in a group; `OURS` where nobody wrote it to us."""
    assert r.actor is not None
    row = await r.fetchrow(
        "select context->>'writer_address' as address from inbound_message where company_id = $1 and channel_id = $2 and provider_id = $3",
        r.actor.company_id,
        channel_id,
        provider_id,
    )
    return OURS if row is None else row["address"]
