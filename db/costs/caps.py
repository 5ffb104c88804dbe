"""Limits on what sending may cost: of one campaign, and of all that the company sends in a month. What is claimed is reserved in the same
transaction, so two lanes never spend the same money; what passes a limit does not go out, but for answers that people write where the company
lets them (`stops_people`): these are counted.

A reservation is an upper bound: nothing is taken back when a message surely was not sent. Where the bound meets the limit the sum is
made anew from the ledger (`_anew`). Who has no known price in the limit's currency gets nothing of a campaign under it, and keeps nobody else from theirs;
where that is everybody, also at
home, the limit or the prices are wrong: all wait. Single messages of unknown price go until it is reached.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from db.contacts.places import GROUP, place
from db.costs import notices, rates
from db.costs.enums import CapScope, CostNotice, RateCategory
from db.costs.events import CostsChanged
from db.costs.rates import Price, Prices
from db.messages import loosened
from db.messages.enums import MessageState as M
from db.messages.reached import OTHERWISE, STANDS
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.work import Read, Work, read, work

MONTH = UUID(int=0)
"""The subject of the company's month."""
_CAPS = """
select c.subject_id, c.currency, c.most, c.stops_people, (now() at time zone 'utc')::date as today,
    case when c.subject_id = $3 then date_trunc('month', now(), o.time_zone) else 'epoch' end as starts,
    (date_trunc('month', now() at time zone o.time_zone) + interval '1 month') at time zone o.time_zone as ends
from spend_cap c join company o on o.id = c.company_id
where c.company_id = $1 and c.subject_id = any($2::uuid[]) order by c.subject_id
"""
_HELD_CAPS = f"{_CAPS} for share of c"  # until this transaction ends nobody changes them
_CALLS = """
select exists (select from channel where company_id = $1 and kind = any($2::text[]) and not sandbox)
"""
_HOLD = """
insert into spend_reserved(company_id, subject_id, starts) values ($1, $2, $3) on conflict (company_id, subject_id, starts) do update
set amount = spend_reserved.amount
returning amount, told, reached, counted_at is not null as counted, counted_at > clock_timestamp() - interval '1 minute' as fresh
"""
_ADD = """
update spend_reserved set amount = $4, told = $5, reached = $6, counted_at = case when $7 then clock_timestamp() else counted_at end
where company_id = $1 and subject_id = $2 and starts = $3
"""
# What was billed, and by the price of today what is under way or was sent and not billed yet: of one that is sent again this try, too.
_BILLED = """
select coalesce(sum(amount), 0)::bigint from message_cost where company_id = $1 and currency = $2 and
    (campaign_id = $3 or campaign_id = (select id from campaign where company_id = $1 and fallback_of = $3) or $3 = $4 and not simulated and at >= $5)
"""
_OF_MESSAGE = "o.id, o.address, o.units, o.state, o.epoch"
_UNBILLED = f"""
select k.channel_id, c.kind, k.content->>'category' as category, {GROUP.format("m.address")} as start, min(m.address) as address,
    sum(m.units)::bigint as units, count(*) as n
from campaign k join channel c on c.company_id = $1 and c.id = k.channel_id
cross join lateral (
    select {_OF_MESSAGE} from message o where o.company_id = $1 and o.dedupe_key > k.id::text || ':' and o.dedupe_key < k.id::text || ';'
    union all select {_OF_MESSAGE} from message o where k.cadence_id is not null and o.company_id = $1 and o.campaign_id = k.id
        and o.dedupe_key >= 'cadence:' and o.dedupe_key < 'cadence;') m
where k.company_id = $1 and (k.id = $2 or k.fallback_of = $2)
    and m.state in ({M.SENDING}, {M.UNKNOWN}, {M.SENT}, {M.DELIVERED}, {M.READ}, {M.FAILED_UNKNOWN})
    and not exists (select from message_cost b where b.company_id = $1 and b.campaign_id = k.id and b.message_id = m.id
        and (m.state not in ({M.SENDING}, {M.UNKNOWN}) or exists (
            select from attempt t where t.company_id = $1 and t.id = b.attempt_id and t.epoch = m.epoch)))
    and m.id <> all($3::uuid[])
group by 1, 2, 3, 4
"""
# The same of all that went in the month, or is under way: of campaigns, and answers, what the API, rules and the assistant sent.
_IN_MONTH = "select o.id, o.address, o.units, o.epoch, o.channel_id, o.campaign_id, o.content->>'category' as own from message o where o.company_id = $1"
_WENT = f"o.sent_at >= $2 and o.origin is null and o.state in ({M.SENT}, {M.DELIVERED}, {M.READ}, {M.FAILED_UNKNOWN})"
_UNBILLED_MONTH = f"""
select m.channel_id, c.kind, case when m.campaign_id is null then coalesce(m.own, '{RateCategory.SERVICE}') else k.content->>'category' end as category,
    {GROUP.format("m.address")} as start, min(m.address) as address, sum(m.units)::bigint as units, count(*) as n
from (
    {_IN_MONTH} and {STANDS.format("o")} and {_WENT}
    union all {_IN_MONTH} and {OTHERWISE.format("o")} and {_WENT}
    union all {_IN_MONTH} and o.lease_until is not null and o.state in ({M.SENDING}, {M.UNKNOWN})
    union all {_IN_MONTH} and o.in_trouble and o.done_at >= $2 and o.sent_at is null and o.state = {M.FAILED_UNKNOWN}) m
join channel c on c.company_id = $1 and c.id = m.channel_id and not c.sandbox
left join campaign k on k.company_id = $1 and k.id = m.campaign_id
where m.id <> all($3::uuid[]) and not exists (
    select from attempt t join message_cost b on b.company_id = $1 and b.attempt_id = t.id
    where t.company_id = $1 and t.message_id = m.id and t.epoch = m.epoch)
group by 1, 2, 3, 4
"""
_UNPRICED = """
select count(*)::int from message_cost where company_id = $1 and at >= $2 and not simulated and billable and currency is distinct from $3
"""
NEARLY, REACHED = 80, 100
"""The owners are told at these shares of the month's limit, in percent."""


class Cap(NamedTuple):
    """In millionths of the currency; `reserved`: what counts against it now. `stops_people`: of the month, answers by hand wait too once it is
    reached. `unpriced`: so many messages of the month are not counted, because their price in this currency is not known. `reached`: something had
    to wait for it, or nothing is left."""

    scope: CapScope
    currency: str
    most: int
    reserved: int
    stops_people: bool = False
    unpriced: int = 0
    reached: bool = False


class Wanted(NamedTuple):
    """One claimed message. `alone`: it is of no campaign. `by_hand`: a person wrote it."""

    message_id: UUID
    address: str
    units: int
    category: str
    alone: bool = False
    by_hand: bool = False


class Admitted(NamedTuple):
    """Who may go, which limit stops the others, and until when, if it is that of the month. `until` None: the sum may be too high, ask again soon.
    `unpriced`: who never fits under a limit, because nobody knows their price in its currency. `blind`: that is everybody, so all are stopped."""

    go: set[UUID]
    stop: CapScope | None
    until: datetime | None = None
    unpriced: frozenset[UUID] = frozenset()
    blind: bool = False


class _Held(NamedTuple):
    """A limit under the lock of its row."""

    subject: UUID
    starts: datetime
    currency: str
    most: int
    amount: int
    told: int
    counted: bool  # just now, from the ledger
    full: bool  # somebody whose price is known did not fit under the sum that was just counted
    reached: bool  # before


class _Cost(NamedTuple):
    """None: nobody knows the price. `surely`: it goes, whatever the limit says."""

    one: Wanted
    price: Price | None
    surely: bool


def category_of(kind: str, template: str | None) -> str:
    """By what a campaign's message is billed."""
    if registry.provider(kind).capabilities.unit == "segment":
        return RateCategory.SMS.value
    return template or RateCategory.MARKETING.value


def units_of(kind: str, units: int, count: int) -> int:
    """How many times the price is paid."""
    return units if registry.provider(kind).capabilities.unit == "segment" else count


async def admit(w: Work, campaign_id: UUID | None, kind: str, wanted: Sequence[Wanted], *, simulated: bool) -> Admitted:
    """Reserves what these cost, as many as fit. Nothing of it may go out before this commits. `campaign_id` None: they are of no campaign."""
    go = {one.message_id for one in wanted}
    subjects = ([] if campaign_id is None else [campaign_id]) + ([] if simulated else [MONTH])
    free = registry.provider(kind).capabilities.session is not None  # a linked phone: nobody bills its messages
    limits = await w.fetch(_HELD_CAPS, w.company_id, subjects, MONTH) if wanted and subjects and not free else []
    if not limits:
        return Admitted(go, None)
    known, today = await rates.prices(w, w.company_id, kind), limits[0]["today"]
    asked = [one.message_id for one in wanted]
    prices = [(one, known.of(kind, place(one.address).country, one.category, today)) for one in wanted]
    stop: CapScope | None = None
    until: datetime | None = None
    held: list[_Held] = []
    unpriced: set[UUID] = set()
    for limit in limits:
        subject, starts, currency, most = limit["subject_id"], limit["starts"], limit["currency"], limit["most"]
        costs = [_Cost(one, price, one.by_hand and not limit["stops_people"]) for one, price in prices if one.message_id in go]
        lost = _unpriced(costs, currency)
        if lost and len(lost) == len(costs) and not await _priced_at_home(w, known, kind, lost[0].one.category, currency, today):
            scope = CapScope.MONTH if subject == MONTH else CapScope.CAMPAIGN
            return Admitted(set(), scope, blind=True)
        unpriced |= {one.one.message_id for one in lost}
        go -= unpriced
        costs = [one for one in costs if one.one.message_id in go]
        row = await w.fetchrow(_HOLD, w.company_id, subject, starts)
        assert row is not None
        before, anew = row["amount"], await _to_count(w, kind, subject, row)
        fit = _fit(costs, kind, currency, most - before)
        if anew or (len(fit) < len(costs) and not (campaign_id is None and row["fresh"])):
            anew = True
            before = await _anew(w, subject, starts, currency, today, asked)
            fit = _fit(costs, kind, currency, most - before)
        if len(fit) < len(costs):
            go, stop = fit, CapScope.MONTH if subject == MONTH else CapScope.CAMPAIGN
            until = limit["ends"] if subject == MONTH and anew else None
        full = anew and any(one.message_id not in fit and price and price.currency == currency for one, price, _ in costs)
        held.append(_Held(subject, starts, currency, most, before, row["told"], anew, full, row["reached"]))
    for one in held:
        going = sum(
            price.amount * units_of(kind, message.units, 1)
            for message, price in prices
            if message.message_id in go and price is not None and price.currency == one.currency
        )
        if one.subject == MONTH and not one.counted and _share(one, one.amount + going) > one.told:  # only what is true is told
            one = one._replace(amount=await _anew(w, MONTH, one.starts, one.currency, today, asked), counted=True)
        amount = one.amount + going
        told = await _tell(w, one, amount) if one.subject == MONTH else one.told
        reached = one.full or amount >= one.most or (one.reached and not one.counted)
        await w.execute(_ADD, w.company_id, one.subject, one.starts, amount, told, reached, one.counted)
    return Admitted(go, stop, until, frozenset(unpriced))


def _unpriced(costs: Sequence[_Cost], currency: str) -> list[_Cost]:
    """Those of campaigns whose price in that currency nobody knows."""
    return [one for one in costs if not (one.surely or one.one.alone) and (one.price is None or one.price.currency != currency)]


async def _priced_at_home(w: Work, known: Prices, kind: str, category: str, currency: str, today: date) -> bool:
    """Whether a message to the company's own country has a price in that currency."""
    home: str = await w.fetchval("select country from company where id = $1", w.company_id)
    price = known.of(kind, home, category, today)
    return price is not None and price.currency == currency


async def _to_count(w: Work, kind: str, subject: UUID, row: asyncpg.Record) -> bool:
    """Whether the sum is made anew before anybody is asked about. What a call costs is told after its end, and nothing of it is in the sum until then."""
    if subject == MONTH and not row["counted"]:
        return True
    if row["fresh"]:
        return False
    calling = [one.kind for one in registry.providers() if one.capabilities.calls]
    return kind in calling or (subject == MONTH and bool(await w.fetchval(_CALLS, w.company_id, calling)))


def _share(limit: _Held, amount: int) -> int:
    return REACHED if limit.full or amount >= limit.most else NEARLY if amount * 100 >= limit.most * NEARLY else 0


async def _tell(w: Work, limit: _Held, amount: int) -> int:
    """Once for each share that is reached; returns the one of which the owners were told last."""
    share = _share(limit, amount)
    if share <= limit.told:
        return limit.told
    await notices.tell(w, CostNotice.REACHED if share == REACHED else CostNotice.NEARLY, limit.most, limit.currency)
    w.emit(CostsChanged())
    return share


def _fit(costs: Sequence[_Cost], kind: str, currency: str, room: int) -> set[UUID]:
    """Who surely goes, and of the others, in their order, as many as there is room for after them."""
    amounts = {
        one.message_id: price.amount * units_of(kind, one.units, 1)
        for one, price, _ in costs
        if price is not None and price.currency == currency
    }
    found = {one.message_id for one, _, surely in costs if surely}
    room -= sum(amounts.get(message_id, 0) for message_id in found)
    for one, _, surely in costs:
        cost = amounts.get(one.message_id)
        if surely or (cost is None and not (one.alone and room > 0)) or (cost and cost > room):
            continue
        room -= cost or 0
        found.add(one.message_id)
    return found


async def _anew(w: Work, subject: UUID, starts: datetime, currency: str, today: date, leaving_out: Sequence[UUID]) -> int:
    """What counts against a limit, from the ledger, without what is being asked for."""
    known = await rates.prices(w, w.company_id)
    total: int = await w.fetchval(_BILLED, w.company_id, currency, subject, MONTH, starts)
    statement, of = (_UNBILLED_MONTH, starts) if subject == MONTH else (_UNBILLED, subject)
    for row in await w.fetch(statement, w.company_id, of, list(leaving_out)):
        price = known.of(row["kind"], place(row["address"]).country, category_of(row["kind"], row["category"]), today)
        if price is not None and price.currency == currency:
            total += price.amount * units_of(row["kind"], row["units"], row["n"])
    return total


async def caps(r: Read, company_id: UUID, campaign_id: UUID | None = None) -> list[Cap]:
    """That of the company's month, and of a campaign."""
    rows = await r.fetch(_CAPS, company_id, [MONTH] if campaign_id is None else [MONTH, campaign_id], MONTH)
    found = []
    for row in rows:
        held = await r.fetchrow(
            "select amount, reached from spend_reserved where company_id = $1 and subject_id = $2 and starts = $3",
            company_id, row["subject_id"], row["starts"],
        )  # fmt: skip
        scope = CapScope.MONTH if row["subject_id"] == MONTH else CapScope.CAMPAIGN
        amount = held["amount"] if held is not None else 0
        reached = (held is not None and held["reached"]) or amount >= row["most"]
        found.append(Cap(scope, row["currency"], row["most"], amount, row["stops_people"], reached=reached))
    return found


async def waiting(r: Read, company_id: UUID) -> list[dict[str, Any]]:
    """The month's limit for the first page, once it is nearly spent: `count` is the share in percent."""
    found = await caps(r, company_id)
    share = REACHED if found and found[0].reached else min(99, found[0].reserved * 100 // found[0].most) if found else 0
    about = {"code": "spend_limit", "subject_id": company_id, "subject": "", "detail": None, "count": share}
    return [about] if share >= NEARLY else []


async def month(actor: Actor) -> Cap | None:
    """The company's limit."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        return await _month(r, actor.company_id)


async def _month(r: Read, company_id: UUID) -> Cap | None:
    found = await caps(r, company_id)
    if not found:
        return None
    starts = (await r.fetch(_CAPS, company_id, [MONTH], MONTH))[0]["starts"]
    return found[0]._replace(unpriced=await r.fetchval(_UNPRICED, company_id, starts, found[0].currency))


async def set_month(actor: Actor, most: int | None, currency: str, *, stops_people: bool | None = None) -> Cap | None:
    """`most` None: no limit. What was sent this month counts at once; what waits for the limit is asked about anew. `stops_people` None: as it was."""
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.reaches(None)  # it holds for what goes to real people
        await keep(w, MONTH, most, currency, stops_people=stops_people)
        await loosened.ask(w)
        w.audit("spend_cap.set", None, most=most, currency=currency, stops_people=stops_people)
        w.emit(CostsChanged())
        return await _month(w, w.company_id)


async def keep(w: Work, subject_id: UUID, most: int | None, currency: str, *, stops_people: bool | None = None) -> None:
    """The limit of a campaign, or of the month, inside a unit of work."""
    before = await w.fetchrow(
        "select currency, most from spend_cap where company_id = $1 and subject_id = $2", w.company_id, subject_id
    )
    if most is None:
        await w.execute("delete from spend_cap where company_id = $1 and subject_id = $2", w.company_id, subject_id)
        return
    await w.execute(
        "insert into spend_cap(company_id, subject_id, currency, most, stops_people) values ($1, $2, $3, $4, coalesce($5, false))"
        " on conflict (company_id, subject_id) do update set currency = excluded.currency, most = excluded.most,"
        " stops_people = coalesce($5, spend_cap.stops_people)",
        w.company_id, subject_id, currency, most, stops_people,
    )  # fmt: skip
    if before is not None and (before["currency"], before["most"]) == (currency, most):
        return  # what was told of it is not told again
    row = (await w.fetch(_CAPS, w.company_id, [subject_id], MONTH))[0]
    held = await w.fetchrow(_HOLD, w.company_id, subject_id, row["starts"])
    assert held is not None
    counted = held["amount"]
    anew = before is None or before["currency"] != currency
    if anew:  # what went out before the limit, or counted in another currency, counts too
        counted = await _anew(w, subject_id, row["starts"], currency, row["today"], [])
    await w.execute(_ADD, w.company_id, subject_id, row["starts"], counted, 0, counted >= most, anew)
