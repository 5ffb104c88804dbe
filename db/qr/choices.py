"""What is chosen for a number that is connected by a code: whether groups are shown, when campaigns write, and when people see it as online."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from db.channels.events import ChannelChanged
from db.channels.queries import channel_in
from db.conversations.errors import ConversationField
from db.errors import RequestError
from db.permissions import Permission
from db.qr.enums import Groups, Shown
from db.tenancy import Actor
from db.work import Read, system_read, work


class Hours(NamedTuple):
    """Minutes of the day, on the company's clock; weekdays from Monday 0."""

    opens: int
    closes: int
    weekdays: tuple[int, ...]


class Choices(NamedTuple):
    """`hours` None: as the kind of channel does."""

    groups: Groups
    presence: Shown
    hours: Hours | None


async def choose(actor: Actor, channel_id: UUID, chosen: Choices) -> None:
    """From now on; what was kept of groups stays. Raises NotFound, Invalid."""
    hours = chosen.hours
    if hours is not None and hours.closes <= hours.opens:
        raise RequestError.INVALID(fields=[ConversationField.ODD_HOURS("hours.closes")])
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        await channel_in(w, w.company_id, channel_id)
        changed = await w.execute(
            "update qr_session set groups = $3, presence = $4, opens = $5, closes = $6, weekdays = $7 where company_id = $1 and id = $2",
            w.company_id,
            channel_id,
            chosen.groups.value,
            chosen.presence.value,
            hours.opens if hours else None,
            hours.closes if hours else None,
            sorted(set(hours.weekdays)) if hours else None,
        )
        if not changed:
            raise RequestError.NOT_FOUND(what="channel")
        w.audit(
            "channel.session_chosen",
            channel_id,
            groups=chosen.groups.value,
            presence=chosen.presence.value,
            hours=hours is not None,
        )
        w.emit(ChannelChanged(channel_id=channel_id))


async def hours_of(r: Read, company_id: UUID, channel_id: UUID) -> tuple[Hours | None, str]:
    """The hours that were chosen for a number, and the company's time zone."""
    row = await r.fetchrow(
        "select s.opens, s.closes, s.weekdays, c.time_zone from company c left join qr_session s on s.company_id = c.id and s.id = $2 where c.id = $1",
        company_id,
        channel_id,
    )
    assert row is not None
    chosen = None if row["opens"] is None else Hours(row["opens"], row["closes"], tuple(row["weekdays"]))
    return chosen, row["time_zone"]


async def shown(channel_ids: Sequence[UUID]) -> dict[UUID, Shown]:
    """When people see these numbers as online."""
    async with system_read() as s:
        rows = await s.fetch("select id, presence from qr_session where id = any($1::uuid[])", list(channel_ids))
    return {row["id"]: Shown(row["presence"]) for row in rows}
