"""What a campaign would cost: each of its texts by its share, and apart from that what goes by SMS in place of what does not arrive.

The people of a test get the texts by their shares. The others get the better one later; nobody knows which, so they are counted at the dearest.
"""

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec

from db.campaigns.audience import Audience
from db.campaigns.check import Draft, audience_of, frozen_content, instead_of, texts
from db.campaigns.fallback import REASONS
from db.campaigns.trial import LETTERS, Letter, fields_of
from db.clock import now
from db.contacts.places import GROUP, place
from db.costs import caps, rates
from db.costs.estimate import Estimate, Group, Total, estimate
from db.costs.rates import Prices
from db.messages.enums import MessageState as M
from db.messages.render import Content
from db.work import Read

LOOKED_BACK = timedelta(days=180)
LEAST = 100
"""Messages of a kind that must have gone out before their failures say anything of the next ones."""
ASSUMED = 10
"""Percent that do not arrive, where nothing is known yet: the estimate says that it is assumed."""
_FAILED = f"""
with lately as (
    select k.id from campaign k join channel c on c.company_id = $1 and c.id = k.channel_id
    where k.company_id = $1 and k.launched_at > now() - $4::interval and k.fallback_of is null and k.cadence_id is null and c.kind = $2 and c.sandbox = $3
    order by k.launched_at desc limit 10
)
select coalesce((select sum(t.delta) from message_tally t where t.company_id = $1 and t.campaign_id in (select id from lately)
        and t.state in ({M.SENT}, {M.DELIVERED}, {M.READ}, {M.FAILED}, {M.FAILED_UNKNOWN})), 0)::int as went,
    (select count(*) from message m where m.company_id = $1 and m.campaign_id in (select id from lately) and m.in_trouble and m.state = {M.FAILED}
        and m.reason = any($5::text[]))::int as failed
"""


class Place(NamedTuple):
    """People of one place, and the units that all of them would take, by text."""

    country: str
    people: int
    units: Sequence[int]


class TextCost(msgspec.Struct, frozen=True):
    """`variant` None: those who get the better one later, at the dearest of them."""

    variant: Letter | None
    category: str
    people: int
    units: int
    totals: list[Total]
    unpriced: int


class InsteadCost(msgspec.Struct, frozen=True):
    """What goes by SMS in place of what does not arrive. `people` of those who may get it, `percent` of the first messages; `most`: if nothing arrives.
    `measured` messages of the last campaigns say so; 0: it is assumed."""

    people: int
    percent: float
    measured: int
    likely: list[Total]
    most: list[Total]
    unpriced: int
    whole: Estimate


class CampaignEstimate(msgspec.Struct, frozen=True):
    """`texts`: empty where there is one. `instead` is in no other sum."""

    all: Estimate
    texts: list[TextCost]
    instead: InsteadCost | None


async def estimated(r: Read, draft: Draft) -> CampaignEstimate:
    """At the prices of today, for those who would get it. Its channel must be chosen."""
    drafts = await texts(r, draft)
    contents = [frozen_content(one) for one in drafts]
    audience = audience_of(draft, fields_of(contents[0], contents))
    return await of_places(r, draft, drafts, await grouped(r, audience, contents))


async def grouped(r: Read, audience: Audience, contents: Sequence[Content]) -> list[Place]:
    """Those who would get it, by place."""
    return list((await starting(r, audience, contents)).values())


async def starting(r: Read, audience: Audience, contents: Sequence[Content]) -> dict[str, Place]:
    """The same by the start of their addresses (`places.GROUP`)."""
    start = GROUP.format("p.address")
    sql = (
        f"select {start} as start, min(p.address) as address, count(*)::int as people, {units(audience, contents)} as units"
        f" from judged p where p.reason is null group by 1"
    )
    rows = await r.fetch(audience.people + sql, *audience.args)
    return {row["start"]: Place(place(row["address"]).country, row["people"], row["units"]) for row in rows}


def units(audience: Audience, contents: Sequence[Content]) -> str:
    """SQL for the units that each of the texts would take if all got it."""
    return f"array[{', '.join(f'sum({audience.units(one)})::int' for one in contents)}]"


async def of_places(r: Read, draft: Draft, drafts: Sequence[Draft], places: Sequence[Place]) -> CampaignEstimate:
    """`drafts`: the campaign with each of its texts, as `check.texts` has them."""
    assert draft.kind is not None
    known = await rates.prices(r, draft.company_id)
    categories = [caps.category_of(draft.kind, one.template_category) for one in drafts]
    shared = _shared(draft, categories, places, known)
    whole = estimate([group for _, group in shared], known, draft.kind, now().date())
    found = []
    if len(drafts) > 1:
        for number in (*range(len(drafts)), None):
            mine = [group for text, group in shared if text == number]
            if mine:
                one = estimate(mine, known, draft.kind, now().date())
                letter = None if number is None else LETTERS[number]
                category = categories[number] if number is not None else _one_of({group.category for group in mine})
                people = sum(group.people for group in mine)
                found.append(TextCost(letter, category, people, sum(line.units for line in one.lines), one.totals, one.unpriced))
    return CampaignEstimate(whole, found, await _instead(r, draft, known))


def _one_of(categories: set[str]) -> str:
    return min(categories)


def _shared(draft: Draft, categories: Sequence[str], places: Sequence[Place], known: Prices) -> list[tuple[int | None, Group]]:
    """Who gets which text: its number; None for the others."""
    if draft.trial is None:
        return [(0, Group(one.country, categories[0], one.people, one.units[0])) for one in places]
    assert draft.kind is not None
    shares, percent = draft.trial.shares, draft.trial.test_percent
    whole = sum(one.people for one in places)
    test = whole if percent >= 100 else min(whole, max(len(shares), round(whole * percent / 100)))
    bounds = [test * sum(shares[:number]) // 100 for number in range(len(shares) + 1)]
    found: list[tuple[int | None, Group]] = []
    before = 0
    for one in places:
        # Evenly over the places: the people of each stand in one long row, of which every text has its part.
        at = [bound * (before + one.people) // whole - bound * before // whole for bound in bounds]
        before += one.people
        for number, (first, last) in enumerate(itertools.pairwise(at)):
            if last > first:
                found.append((number, Group(one.country, categories[number], last - first, _part(one, number, last - first))))
        if (rest := one.people - at[-1]) > 0:
            dearest = max(range(len(shares)), key=lambda number: (*_price(draft.kind, one, number, categories, known), -number))
            found.append((None, Group(one.country, categories[dearest], rest, _part(one, dearest, rest))))
    return found


def _part(one: Place, number: int, people: int) -> int:
    """Of the units of all people, rounded up: an estimate is not below what is paid."""
    return -(-one.units[number] * people // one.people)


def _price(kind: str | None, one: Place, number: int, categories: Sequence[str], known: Prices) -> tuple[bool, int]:
    """What one text would cost all people of a place; one without a price is the dearest."""
    assert kind is not None
    price = known.of(kind, one.country, categories[number], now().date())
    return price is None, 0 if price is None else price.amount * caps.units_of(kind, one.units[number], one.people)


async def _instead(r: Read, draft: Draft, known: Prices) -> InsteadCost | None:
    """Of the SMS that goes in place of what does not arrive."""
    instead = await instead_of(r, draft) if draft.has_fallback else None
    if instead is None:
        return None
    assert instead.kind is not None
    content = frozen_content(instead)
    category = caps.category_of(instead.kind, None if instead.writes_text else instead.template_category)
    places = await grouped(r, audience_of(instead, content.fields), [content])
    groups = [Group(one.country, category, one.people, one.units[0]) for one in places]
    most = estimate(groups, known, instead.kind, now().date())
    row = await r.fetchrow(
        _FAILED, draft.company_id, draft.kind, draft.sandbox, LOOKED_BACK, [reason.value for reason in REASONS]
    )
    assert row is not None
    measured = row["went"] if row["went"] >= LEAST else 0
    share = min(1.0, row["failed"] / measured) if measured else ASSUMED / 100
    people = sum(one.people for one in places)
    likely = [Total(one.currency, round(one.amount * share)) for one in most.totals]
    return InsteadCost(round(people * share), round(share * 100, 1), measured, likely, most.totals, most.unpriced, most)
