"""Limits on what campaigns may cost: of one campaign, and of the company's month. What is claimed is reserved in the same transaction, so two
lanes never spend the same money; what passes a limit does not go out.

A reservation is an upper bound: nothing is taken back when a message surely was not sent. Where the bound meets the limit the sum is
made anew from the ledger (`_ANEW`). Who has no known price in the limit's currency does not fit under it.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from db.contacts.places import GROUP, place
from db.costs import rates
from db.costs.enums import CapScope, RateCategory
from db.costs.events import CostsChanged
from db.costs.rates import Price, Prices
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.work import Read, Work, read, work

MONTH = UUID(int=0)
"""The subject of the company's month."""
_CAPS = """
select c.subject_id, c.currency, c.most,
    case when c.subject_id = $3 then date_trunc('month', now(), o.time_zone) else 'epoch' end as starts
from spend_cap c join company o on o.id = c.company_id
where c.company_id = $1 and c.subject_id = any($2::uuid[]) order by c.subject_id
"""
_HOLD = """
insert into spend_reserved(company_id, subject_id, starts) values ($1, $2, $3) on conflict (company_id, subject_id, starts) do update
set amount = spend_reserved.amount returning amount
"""
_ADD = "update spend_reserved set amount = $4 where company_id = $1 and subject_id = $2 and starts = $3"
# What was billed, and by the price of today what is under way or was sent and not billed yet: of one that is sent again this try, too.
_BILLED = """
select coalesce(sum(amount), 0)::bigint from message_cost where company_id = $1 and currency = $2 and
    (campaign_id = $3 or campaign_id = (select id from campaign where company_id = $1 and fallback_of = $3) or $3 = $4 and campaign_id is not null and not simulated and at >= $5)
"""
_OF_MESSAGE = "o.id, o.address, o.units, o.state, o.sent_at, o.epoch"
_UNBILLED = f"""
select k.channel_id, c.kind, k.content->>'category' as category, {GROUP.format("m.address")} as start, min(m.address) as address,
    sum(m.units)::bigint as units, count(*) as n
from campaign k join channel c on c.company_id = $1 and c.id = k.channel_id
cross join lateral (
    select {_OF_MESSAGE} from message o where o.company_id = $1 and o.dedupe_key > k.id::text || ':' and o.dedupe_key < k.id::text || ';'
    union all select {_OF_MESSAGE} from message o where k.cadence_id is not null and o.company_id = $1 and o.campaign_id = k.id
        and o.dedupe_key >= 'cadence:' and o.dedupe_key < 'cadence;') m
where k.company_id = $1 and (k.id = $2 or k.fallback_of = $2 or $2 = $3 and not c.sandbox and k.launched_at is not null and coalesce(k.finished_at, now()) >= $4)
    and m.state in ({M.SENDING}, {M.UNKNOWN}, {M.SENT}, {M.DELIVERED}, {M.READ}, {M.FAILED_UNKNOWN})
    and (m.state in ({M.SENDING}, {M.UNKNOWN}) or m.sent_at is null or m.sent_at >= $4)
    and not exists (select from message_cost b where b.company_id = $1 and b.campaign_id = k.id and b.message_id = m.id
        and (m.state not in ({M.SENDING}, {M.UNKNOWN}) or exists (
            select from attempt t where t.company_id = $1 and t.id = b.attempt_id and t.epoch = m.epoch)))
    and m.id <> all($5::uuid[])
group by 1, 2, 3, 4
"""


class Cap(NamedTuple):
    """In millionths of the currency; `reserved`: what counts against it now."""

    scope: CapScope
    currency: str
    most: int
    reserved: int


class Wanted(NamedTuple):
    """One claimed message."""

    message_id: UUID
    address: str
    units: int


class Admitted(NamedTuple):
    """Who may go, and which limit stops the others."""

    go: set[UUID]
    stop: CapScope | None


def category_of(kind: str, template: str | None) -> str:
    """By what a campaign's message is billed."""
    if registry.provider(kind).capabilities.unit == "segment":
        return RateCategory.SMS.value
    return template or RateCategory.MARKETING.value


def units_of(kind: str, units: int, count: int) -> int:
    """How many times the price is paid."""
    return units if registry.provider(kind).capabilities.unit == "segment" else count


async def admit(w: Work, campaign_id: UUID, kind: str, category: str, wanted: Sequence[Wanted], *, simulated: bool) -> Admitted:
    """Reserves what these cost, as many as fit. Nothing of it may go out before this commits."""
    subjects = [campaign_id] if simulated else [campaign_id, MONTH]
    limits = await w.fetch(_CAPS, w.company_id, subjects, MONTH)
    if not limits or not wanted:
        return Admitted({one.message_id for one in wanted}, None)
    known = await rates.prices(w, w.company_id)
    today: date = await w.fetchval("select (now() at time zone 'utc')::date")
    costs = [(one, known.of(kind, place(one.address).country, category, today)) for one in wanted]
    go = {one.message_id for one in wanted}
    stop: CapScope | None = None
    held: list[tuple[UUID, object, int]] = []
    for limit in limits:
        subject, starts, currency = limit["subject_id"], limit["starts"], limit["currency"]
        before: int = await w.fetchval(_HOLD, w.company_id, subject, starts)
        mine = [(one, price) for one, price in costs if one.message_id in go]
        fit = _fit(mine, kind, currency, limit["most"] - before)
        if len(fit) < len(mine):
            before = await _anew(w, subject, starts, currency, known, today, [one.message_id for one in wanted])
            fit = _fit(mine, kind, currency, limit["most"] - before)
        if len(fit) < len(mine):
            go, stop = fit, CapScope.MONTH if subject == MONTH else CapScope.CAMPAIGN
        held.append((subject, starts, before))
    for subject, starts, before in held:
        more = sum(
            price.amount * units_of(kind, one.units, 1) for one, price in costs if one.message_id in go and price is not None
        )
        await w.execute(_ADD, w.company_id, subject, starts, before + more)
    return Admitted(go, stop)


def _fit(costs: Sequence[tuple[Wanted, Price | None]], kind: str, currency: str, room: int) -> set[UUID]:
    """In their order, as long as there is room."""
    found: set[UUID] = set()
    for one, price in costs:
        if price is None or price.currency != currency:
            continue
        cost = price.amount * units_of(kind, one.units, 1)
        if cost <= room:
            room -= cost
            found.add(one.message_id)
    return found


async def _anew(
    w: Work, subject: UUID, starts: object, currency: str, known: Prices, today: date, leaving_out: Sequence[UUID]
) -> int:
    """What counts against a limit, from the ledger, without what is being asked for."""
    total: int = await w.fetchval(_BILLED, w.company_id, currency, subject, MONTH, starts)
    for row in await w.fetch(_UNBILLED, w.company_id, subject, MONTH, starts, list(leaving_out)):
        price = known.of(row["kind"], place(row["address"]).country, category_of(row["kind"], row["category"]), today)
        if price is not None and price.currency == currency:
            total += price.amount * units_of(row["kind"], row["units"], row["n"])
    return total


async def caps(r: Read, company_id: UUID, campaign_id: UUID | None = None) -> list[Cap]:
    """That of the company's month, and of a campaign."""
    rows = await r.fetch(_CAPS, company_id, [MONTH] if campaign_id is None else [MONTH, campaign_id], MONTH)
    found = []
    for row in rows:
        reserved = await r.fetchval(
            "select amount from spend_reserved where company_id = $1 and subject_id = $2 and starts = $3",
            company_id, row["subject_id"], row["starts"],
        )  # fmt: skip
        scope = CapScope.MONTH if row["subject_id"] == MONTH else CapScope.CAMPAIGN
        found.append(Cap(scope, row["currency"], row["most"], reserved or 0))
    return found


async def month(actor: Actor) -> Cap | None:
    """The company's limit."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        return next(iter(await caps(r, actor.company_id)), None)


async def set_month(actor: Actor, most: int | None, currency: str) -> Cap | None:
    """`most` None: no limit. What was sent this month counts at once."""
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.reaches(None)  # it holds for what goes to real people
        await keep(w, MONTH, most, currency)
        w.audit("spend_cap.set", None, most=most, currency=currency)
        w.emit(CostsChanged())
        return next(iter(await caps(w, w.company_id)), None)


async def keep(w: Work, subject_id: UUID, most: int | None, currency: str) -> None:
    """The limit of a campaign, or of the month, inside a unit of work."""
    before = await w.fetchval(
        "select currency from spend_cap where company_id = $1 and subject_id = $2", w.company_id, subject_id
    )
    if most is None:
        await w.execute("delete from spend_cap where company_id = $1 and subject_id = $2", w.company_id, subject_id)
    else:
        await w.execute(
            "insert into spend_cap(company_id, subject_id, currency, most) values ($1, $2, $3, $4)"
            " on conflict (company_id, subject_id) do update set currency = excluded.currency, most = excluded.most",
            w.company_id, subject_id, currency, most,
        )  # fmt: skip
        if before != currency:  # what went out before the limit, or counted in another currency, counts too
            known = await rates.prices(w, w.company_id)
            today = await w.fetchval("select (now() at time zone 'utc')::date")
            row = (await w.fetch(_CAPS, w.company_id, [subject_id], MONTH))[0]
            await w.fetchval(_HOLD, w.company_id, subject_id, row["starts"])
            counted = await _anew(w, subject_id, row["starts"], currency, known, today, [])
            await w.execute(_ADD, w.company_id, subject_id, row["starts"], counted)
