"""A number moves between the connection by a code and the official API, and keeps its conversations: its channel stays, and speaks another way."""

from uuid import UUID

from db.channels import moving
from db.channels.errors import ChannelError
from db.channels.queries import ChannelView, channel_in
from db.contacts.phones import Phone, parse_phone
from db.messages import elsewhere
from db.permissions import Permission
from db.providers import registry
from db.providers.definition import Capabilities, Provider
from db.qr import pairing
from db.qr.errors import SessionError
from db.tenancy import Actor
from db.work import Work, work

_HOLD = "select id, kind, number, sandbox from channel where company_id = $1 and id = any($2::uuid[]) order by id for update"
_USED = """
select (select count(*) from campaign where company_id = $1 and channel_id = any($2::uuid[])
        and state in ('scheduled', 'preparing', 'running', 'paused', 'held')) as campaigns,
    exists (select from message where company_id = $1 and queue_id = $3 and queued)
    or exists (select from message_file f join message m on m.company_id = $1 and m.queue_id = f.id and m.queued
        where f.company_id = $1 and f.channel_id = $3) as unsent
"""
_SESSION = """
insert into qr_session(company_id, id, state, next_at) values ($1, $2, 'new', 'infinity')
on conflict (company_id, id) do update set state = 'new', reason = null, first_open_at = null, score = null, score_parts = '[]', closed_at = null
"""


async def to_official(actor: Actor, channel_id: UUID, official: UUID) -> ChannelView:
    """A number that is connected by a code goes on over the official API, as which it was connected as a channel of its own: that one is archived, and
    its conversations stay there. Paused until a person resumes it; the device leaves the phone. Raises NotFound; Conflict when they are not the same
    number, a campaign uses one of them, or something waits to be sent over the new one."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        ours, other = await _both(w, channel_id, official)
        if _can(ours.kind).session is None or _can(other.kind).write_template is None or ours.sandbox != other.sandbox:
            raise SessionError.NOT_MOVABLE()
        if _digits(ours.number) is None or _digits(ours.number) != _digits(other.number):
            raise SessionError.OTHER_NUMBER()
        await _unused(w, [channel_id, official], official)
        await pairing.leave(w, channel_id)
        await moving.take_over(w, channel_id, official)
        await elsewhere.speaks(w, channel_id)
        w.audit("channel.moved", channel_id, kind=other.kind, other=str(official))
        return await channel_in(w, w.company_id, channel_id)


async def to_code(actor: Actor, channel_id: UUID) -> ChannelView:
    """A number of the official API is connected by a code instead: its phone scans one, and a person resumes it. Raises NotFound; Conflict as above."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        [ours] = await _both(w, channel_id)
        if _can(ours.kind).write_template is None or ours.sandbox:
            raise SessionError.NOT_MOVABLE()
        await _unused(w, [channel_id], channel_id, unsent=True)
        provider = _by_code()
        await moving.by_code(w, channel_id, provider)
        await elsewhere.speaks(w, channel_id)
        await w.execute(_SESSION, w.company_id, channel_id)
        w.audit("channel.moved", channel_id, kind=provider.kind, other=None)
        return await channel_in(w, w.company_id, channel_id)


async def _both(w: Work, *channel_ids: UUID) -> list[ChannelView]:
    await w.fetch(_HOLD, w.company_id, list(channel_ids))
    return [await channel_in(w, w.company_id, one) for one in channel_ids]


async def _unused(w: Work, channel_ids: list[UUID], queue_id: UUID, *, unsent: bool = False) -> None:
    row = await w.fetchrow(_USED, w.company_id, channel_ids, queue_id)
    assert row is not None
    if row["campaigns"]:
        raise ChannelError.CHANNEL_IN_USE(campaigns=row["campaigns"])
    if row["unsent"] and not unsent:
        raise SessionError.MOVE_UNSENT()


def _digits(number: str | None) -> str | None:
    """Numbers of Brazil stand there with or without their ninth digit."""
    parsed = parse_phone(number, "BR") if number else None
    return parsed.canonical if isinstance(parsed, Phone) else None


def _can(kind: str) -> Capabilities:
    return registry.provider(kind).capabilities


def _by_code() -> Provider:
    return next(one for one in registry.providers() if one.capabilities.session is not None)
