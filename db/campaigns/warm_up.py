"""A young number writes to few new people on its first days, and to more on each: rows with their source, asked at each claim.

New is whoever never had anything from the number and never wrote to it. People known to it wait for nothing. A place on a day belongs to a message: trying
it again takes no second one. Days are those of the company's calendar.
"""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from db.campaigns.errors import WarmUpField
from db.campaigns.events import SendHoursChanged
from db.clock import now
from db.errors import RequestError
from db.messages import loosened, newcomers
from db.messages.ledger import Claimed
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected, check
from db.work import Read, Work, read, work

PORTION = 5_000
SUGGESTED = (50, 80, 120, 180, 270, 400, 600, 900, 1350, 2000)
"""Half as many more each day, under the 250 people a day with which Meta lets a new number begin, then with its growth to 2,000."""
SUGGESTED_SOURCE = "Meta, messaging limits: 250 people a day at first, then 2,000; our pace below it"
_RULE = """
select u.channel_id, u.starts, u.steps, u.source, u.version, u.steps[({at} at time zone o.time_zone)::date - u.starts + 1] as most,
    ({at} at time zone o.time_zone)::date as today, ((({at} at time zone o.time_zone)::date + 1)::timestamp at time zone o.time_zone) as until
from warm_up u join company o on o.id = u.company_id where u.company_id = $1
"""
_NOW, _THEN = _RULE.format(at="now()"), _RULE.format(at="$3::timestamptz")
_TAKE = "insert into warm_up_used(company_id, channel_id, day, message_id) select $1, $2, $3, unnest($4::uuid[]) on conflict do nothing"
_TAKEN = "select message_id from warm_up_used where company_id = $1 and channel_id = $2 and day = $3"


class WarmUp(NamedTuple):
    """One number's rule, for `today` or another day. `most`: new people of that day, None where it asks for nothing today; `used`: of them so many had their place; `until`: when the
    next day begins."""

    channel_id: UUID
    starts: date
    steps: list[int]
    source: str
    version: int
    most: int | None
    today: date
    until: datetime
    used: int = 0


async def warm_ups(actor: Actor) -> list[WarmUp]:
    """Those of all numbers."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        return [
            await _used(r, actor.company_id, WarmUp(*row))
            for row in await r.fetch(f"{_NOW} order by u.channel_id", actor.company_id)
        ]


async def of(r: Read, company_id: UUID, channel_id: UUID, at: datetime | None = None) -> WarmUp | None:
    """One number's rule; `at`: as it stands on that moment's day, of which nothing is used yet."""
    row = await r.fetchrow(f"{_THEN} and u.channel_id = $2", company_id, channel_id, at or now())
    return await _used(r, company_id, WarmUp(*row)) if row is not None else None


async def _used(r: Read, company_id: UUID, found: WarmUp) -> WarmUp:
    used = await r.fetchval(
        "select count(*)::int from warm_up_used where company_id = $1 and channel_id = $2 and day = $3",
        company_id, found.channel_id, found.today,
    )  # fmt: skip
    return found._replace(used=used)


async def keep(
    actor: Actor, channel_id: UUID, starts: date, steps: Sequence[int], source: str, expected: Expected = None
) -> WarmUp:
    """Holds at once, also for campaigns that run. Raises NotFound, Invalid, PreconditionFailed."""
    if any(later < sooner for sooner, later in pairwise(steps)):
        raise RequestError.INVALID(fields=[WarmUpField.SHRINKS("steps")])
    async with work(actor, Permission.COMPANY_WRITE) as w:
        if not await w.fetchval(
            "select true from channel where company_id = $1 and id = $2 and archived_at is null", w.company_id, channel_id
        ):
            raise RequestError.NOT_FOUND(what="channel")
        await w.reaches(channel_id)
        known = await w.fetchval(
            "select version from warm_up where company_id = $1 and channel_id = $2 for update", w.company_id, channel_id
        )
        if known is not None:
            check(known, expected)
        await w.execute(
            "insert into warm_up(company_id, channel_id, starts, steps, source) values ($1, $2, $3, $4, $5)"
            " on conflict (company_id, channel_id) do update set starts = excluded.starts, steps = excluded.steps, source = excluded.source,"
            " version = warm_up.version + 1",
            w.company_id, channel_id, starts, list(steps), source,
        )  # fmt: skip
        w.audit("warm_up.set", channel_id, starts=str(starts), days=len(steps))
        w.emit(SendHoursChanged())
        await loosened.ask(w)
        found = await of(w, w.company_id, channel_id)
        assert found is not None
        return found


async def remove(actor: Actor, channel_id: UUID) -> None:
    """The number writes to as many as it can. Raises NotFound."""
    async with work(actor, Permission.COMPANY_WRITE) as w:
        if not await w.execute("delete from warm_up where company_id = $1 and channel_id = $2", w.company_id, channel_id):
            raise RequestError.NOT_FOUND(what="warm_up")
        await w.reaches(channel_id)
        w.audit("warm_up.removed", channel_id)
        await loosened.ask(w)
        w.emit(SendHoursChanged())


class Held(NamedTuple):
    """Who has to wait for the next day, and for how many seconds."""

    message_ids: set[UUID]
    wait: float
    until: datetime


async def hold(w: Work, channel_id: UUID, queue_id: UUID, messages: Sequence[Claimed]) -> Held | None:
    """Gives places of today to the new people among these, in their order; None: all may go. Other new people of the queue are moved to the next day
    once it is full. In the transaction of the claim, under the lock of the rule."""
    row = await w.fetchrow(f"{_NOW} and u.channel_id = $2 for update of u", w.company_id, channel_id)
    rule = WarmUp(*row) if row is not None else None
    if rule is None or rule.most is None or not messages:
        return None
    fresh = await newcomers.among(w, channel_id, [one.message_id for one in messages])
    taken = {row["message_id"] for row in await w.fetch(_TAKEN, w.company_id, channel_id, rule.today)}
    asking = [one.message_id for one in messages if one.message_id in fresh and one.message_id not in taken]
    room = max(0, rule.most - len(taken))
    go, stay = asking[:room], asking[room:]
    if go:
        await w.execute(_TAKE, w.company_id, channel_id, rule.today, go)
    if not stay:
        return None
    wait: float = await w.fetchval("select extract(epoch from $1::timestamptz - now())::float8", rule.until)
    await newcomers.put_off(w, channel_id, queue_id, wait, PORTION)
    return Held(set(stay), wait, rule.until)


async def forget_old(w: Work, channel_id: UUID) -> None:
    """Days that are over tell nobody anything."""
    await w.execute(
        "delete from warm_up_used where company_id = $1 and channel_id = $2 and day < current_date - 3", w.company_id, channel_id
    )
