"""Which of a campaign's texts each of its messages is. Written before any of them goes out, and never changed once it is: nobody gets two texts, whichever
worker dies when.

Until then a message carries the values of all texts one after the other; what it becomes takes those of its own.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from db.messages.enums import MessageState as M
from db.messages.render import Content, TextContent
from db.messages.variables import Literal, parse
from db.work import Read, Work

_GOALS = {
    "tag": "exists (select from contact_tag t where t.company_id = $1 and t.contact_id = m.contact_id and t.tag_id = {})",
    "stage": "exists (select from lead l where l.company_id = $1 and l.contact_id = m.contact_id and l.stage_id = {})",
}
_COUNT = "select count(*) from message m where m.company_id = $1 and m.queue_id = $2 and m.queued and not {met}"
# Whoever has reached the goal already says nothing about a text: they are no part of the test.
_SPLIT = """
with n as materialized (
    select m.id, row_number() over (order by md5($2::uuid::text || m.contact_id::text), m.id) - 1 as place
    from message m where m.company_id = $1 and m.queue_id = $2 and m.queued and not {met}
)
update message m set variant = {variant}, tested = true, params = {params}, units = {units}
from n where m.company_id = $1 and m.id = n.id and n.place >= {first} and n.place < {last}
"""
_SET_ASIDE = "update message set queue_id = $3 where company_id = $1 and queue_id = $2 and queued and variant is null"
_BECOME = """
update message m set queue_id = $2, variant = {variant}, params = {params}, units = {units}, next_at = greatest(m.next_at, now())
where m.company_id = $1 and m.queue_id = $3 and m.queued and m.variant is null
"""
_FIGURES = f"""
select m.variant, count(*)::int as people,
    count(*) filter (where m.state in ({M.DELIVERED}, {M.READ}) or m.delivered_at is not null or m.replied_at is not null)::int as reached,
    count(*) filter (where m.state = {M.READ} or m.read_at is not null)::int as read,
    count(*) filter (where m.replied_at is not null)::int as replied,
    count(*) filter (where (m.state in ({M.SENT}, {M.DELIVERED}, {M.READ}) or m.replied_at is not null) and {{met}})::int as converted
from message m where m.company_id = $1 and m.campaign_id = $2 and m.tested group by 1
"""


class Goal(NamedTuple):
    """What a person gets by a conversion: a `tag`, or a lead in a `stage`."""

    kind: str
    id: UUID | None


class Counted(NamedTuple):
    """Of those who got one text."""

    people: int = 0
    reached: int = 0
    read: int = 0
    replied: int = 0
    converted: int = 0


class _Args:
    def __init__(self, *known: object) -> None:
        self.values: list[object] = list(known)

    def __call__(self, value: object, kind: str) -> str:
        self.values.append(value)
        return f"${len(self.values)}::{kind}"


def _met(goal: Goal | None, arg: Callable[[object, str], str]) -> str:
    return "false" if goal is None else _GOALS[goal.kind].format(arg(goal.id, "uuid"))


def _slice(contents: Sequence[Content], variant: int) -> tuple[int, int]:
    """Where its values are among those of all texts: from and to, as SQL counts."""
    before = sum(len(one.fields) for one in contents[:variant])
    return before + 1, before + len(contents[variant].fields)


def _taken(contents: Sequence[Content], variant: int, by_segment: bool, arg: Callable[[object, str], str]) -> tuple[str, str]:
    """SQL for the values that a message keeps, and for what it takes of the channel's speed."""
    first, last = _slice(contents, variant)
    params = f"m.params[{first}:{last}]"
    content = contents[variant]
    if not by_segment or not isinstance(content, TextContent):
        return params, "m.units"
    names = {name: first + place for place, name in enumerate(content.fields)}
    pieces = []
    for part in parse(content.body):
        if isinstance(part, Literal):
            pieces.append(arg(part.text, "text"))
            continue
        value = f"btrim(m.params[{names[part.name]}])"
        value = f"split_part({value}, ' ', 1)" if part.name == "first_name" else value
        pieces.append(f"coalesce(nullif({value}, ''), {arg(part.fallback or '', 'text')})")
    return params, f"greatest(sms_segments(concat({', '.join(pieces)})), 1)::smallint"


async def split(
    w: Work,
    queue_id: UUID,
    contents: Sequence[Content],
    shares: Sequence[int],
    *,
    percent: int,
    rest: UUID,
    by_segment: bool,
    goal: Goal | None,
) -> tuple[int, int]:
    """Draws who gets which text, evenly at random by the shares, and sets the others aside under the queue `rest`. Returns how many are in the test,
    and how many wait."""
    arg = _Args(w.company_id, queue_id)
    whole: int = await w.fetchval(_COUNT.format(met=_met(goal, arg)), *arg.values)
    test = whole if percent >= 100 else min(whole, max(len(shares), round(whole * percent / 100)))
    done = 0
    for variant in range(len(shares)):
        first, last = (test * sum(shares[:n]) // 100 for n in (variant, variant + 1))
        arg = _Args(w.company_id, queue_id)
        met = _met(goal, arg)
        params, units = _taken(contents, variant, by_segment, arg)
        sql = _SPLIT.format(met=met, params=params, units=units, variant=variant, first=first, last=last)
        done += await w.execute(sql, *arg.values) if last > first else 0
    waiting = await w.execute(_SET_ASIDE, w.company_id, queue_id, rest)
    if percent >= 100:
        waiting -= await become(w, queue_id, rest, contents, 0, by_segment=by_segment)
    return done, waiting


async def set_aside(w: Work, queue_id: UUID, rest: UUID) -> int:
    """Who joined a campaign meanwhile waits with the others. Returns how many."""
    return await w.execute(_SET_ASIDE, w.company_id, queue_id, rest)


async def become(w: Work, queue_id: UUID, rest: UUID, contents: Sequence[Content], variant: int, *, by_segment: bool) -> int:
    """All who wait in the queue `rest` get this text, and their turn in the campaign. Returns how many."""
    arg = _Args(w.company_id, queue_id, rest)
    params, units = _taken(contents, variant, by_segment, arg)
    return await w.execute(_BECOME.format(variant=variant, params=params, units=units), *arg.values)


async def figures(r: Read, company_id: UUID, campaign_id: UUID, goal: Goal | None) -> dict[int, Counted]:
    """What became of the test, by variant."""
    arg = _Args(company_id, campaign_id)
    rows = await r.fetch(_FIGURES.format(met=_met(goal, arg)), *arg.values)
    return {row["variant"]: Counted(*list(row.values())[1:]) for row in rows}


async def waiting(r: Read, company_id: UUID, queue_id: UUID) -> int:
    """How many messages are in a queue."""
    found: int = await r.fetchval(
        "select count(*) from message where company_id = $1 and queue_id = $2 and queued", company_id, queue_id
    )
    return found
