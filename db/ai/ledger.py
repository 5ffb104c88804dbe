"""What calls to models cost: reserved against every budget before a call, settled after it.

A call is a row of `ai_usage`, written before its first byte leaves. One transaction reserves its highest cost in every budget that
concerns it, or in none; so calls at once together never pass a budget. Rows of `ai_spending` are locked by rising id, before they
change: reserving and settling never wait for each other in a circle. A call whose worker died counts as reserved once its lease is over.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
import structlog

from db.ai import catalogue, notices, prices
from db.ai.enums import AiNotice, BudgetPeriod, BudgetScope, CallResult, Purpose
from db.ai.events import AiBudgetWarned
from db.ids import uuid7
from db.permissions import Permission
from db.tenancy import worker
from db.work import SystemWork, Work, system_read, work

log = structlog.get_logger("db.ai")

EVERY = UUID(int=0)
"""The company itself, or each persona, each conversation that has no budget of its own."""
KEPT_DAYS = 800
_FREED_AT_ONCE = 500


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a call is for, and whose budgets it counts against. `merged`: how many messages beyond the first its turn answers; the first
    call of a turn that ends with an answer keeps it. `persona_day`, `conversation_most`: what the persona's own document allows it in a
    day, and in this conversation (micro-dollars); they bind beside the budgets and never widen one."""

    purpose: Purpose
    persona_id: UUID | None = None
    conversation_id: UUID | None = None
    turn_id: UUID | None = None
    merged: int = 0
    persona_day: int | None = None
    conversation_most: int | None = None


class Tokens(msgspec.Struct, frozen=True):
    """`cached` and `cache_write` are among `input`, `reasoning` is among `output`."""

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


class Booked(msgspec.Struct, frozen=True):
    """A call that may be made. `price` None: nobody knows it."""

    id: UUID
    price: catalogue.Price | None


class Over(msgspec.Struct, frozen=True):
    """The budget that refuses. `period` None: the whole conversation, by its persona's own document."""

    scope: BudgetScope
    period: BudgetPeriod | None


class _Full(Exception):
    def __init__(self, counter: "_Counter") -> None:
        super().__init__(counter.scope)
        self.counter = counter


class _Counter(NamedTuple):
    id: UUID
    scope: str
    subject_id: UUID
    period: str
    most: int


# The budgets that concern a call: one of its own stands before that of every one, and what the persona's document says ($5) binds beside
# both. Their rows of this period are made where they lack.
_BUDGETS = """
select b.*, s.id from (
    select scope, subject_id, period, min(most) as most, date_trunc(period, now(), (select time_zone from company where id = $1)) as starts
    from ((select distinct on (scope, period) scope,
            case scope when 'persona' then $2::uuid when 'conversation' then $3::uuid else $4::uuid end as subject_id, period, most
        from ai_budget b where company_id = $1 and (scope = 'company'
            or scope = 'persona' and b.subject_id in ($2::uuid, $4::uuid) and $2::uuid is not null
            or scope = 'conversation' and b.subject_id in ($3::uuid, $4::uuid) and $3::uuid is not null)
        order by scope, period, b.subject_id desc)
        union all select 'persona', $2::uuid, 'day', $5::bigint where $2::uuid is not null and $5::bigint is not null) each
    group by scope, subject_id, period) b
left join ai_spending s on s.company_id = $1 and s.scope = b.scope and s.subject_id = b.subject_id and s.period = b.period
    and s.starts = b.starts
order by b.scope, b.period
"""
TRIES = (Purpose.PLAYGROUND, Purpose.EVAL)
"""Trying a persona out counts against the company only: whoever tries it takes nothing from those whom it serves."""
_SERVES = "purpose not in (" + ", ".join(f"'{purpose.value}'" for purpose in TRIES) + ")"
OPEN = f"""
insert into ai_spending(company_id, id, scope, subject_id, period, starts, spent) select $1, $2, $3, $4, $5, $6, (
    select coalesce(sum(counted), 0) from ai_usage where company_id = $1 and at >= $6
        and ($3 = 'company' or $3 = 'persona' and persona_id = $4 and {_SERVES} or $3 = 'conversation' and conversation_id = $4))
on conflict (company_id, scope, subject_id, period, starts) do nothing
"""
"""A budget that comes in the middle of a period counts what was spent in it. What runs at that moment is not in it."""
_FIND = """
select id from ai_spending where company_id = $1 and scope = $2 and subject_id = $3 and period = $4 and starts = $5
"""
_RESERVE = """
update ai_spending s set reserved = s.reserved + $4, own = case when s.scope = 'persona' and s.period = 'day' then $5::bigint end from unnest($2::uuid[], $3::bigint[]) b(id, most)
where s.company_id = $1 and s.id = b.id and s.spent + s.reserved + $4 <= b.most returning s.id
"""
_BOOK = """
insert into ai_usage(company_id, id, purpose, persona_id, conversation_id, turn_id, provider, model, lease_until, reserved, counters,
    merged)
values ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9), $10, $11, case when $12::int > 0 and not exists (
    select from ai_usage where company_id = $1 and conversation_id = $5 and turn_id = $6 and merged > 0) then $12 else 0 end)
"""
_IN_CONVERSATION = """
select coalesce(sum(counted + reserved), 0)::bigint from ai_usage where company_id = $1 and conversation_id = $2 and persona_id = $3
"""
_SETTLE = """
update ai_usage set result = $3, reserved = 0, input = $4, cached = $5, cache_write = $6, output = $7, reasoning = $8, estimated = $9,
    cost = $10, counted = $11, request_id = $12, milliseconds = $13, merged = case when $3 in ('answered', 'called') then merged else 0 end
where company_id = $1 and id = $2
"""
_COUNT = """
update ai_spending set reserved = reserved - $3, spent = spent + $4 where company_id = $1 and id = any($2::uuid[])
returning id, scope, subject_id, period, spent, least(own, (
    select b.most from ai_budget b where b.company_id = $1 and b.scope = ai_spending.scope and b.subject_id in (ai_spending.subject_id, $5)
        and b.period = ai_spending.period order by b.subject_id desc limit 1)) as most
"""

_THESE = """
where s.company_id = $1 and s.scope = $2 and s.period = $3 and ($4::uuid = $5::uuid or s.subject_id = $4)
    and s.starts = date_trunc($3, now(), (select time_zone from company where id = $1))
"""
_RECOUNT = f"""
update ai_spending s set warned = 0, spent = (select coalesce(sum(counted), 0) from ai_usage u where u.company_id = $1 and u.at >= s.starts
    and ($2 = 'company' or $2 = 'persona' and u.persona_id = s.subject_id and u.{_SERVES} or $2 = 'conversation' and u.conversation_id = s.subject_id)) {_THESE}
"""


async def reserve(company_id: UUID, about: About, *, provider: str, model: str, most: Tokens, lease: float) -> Booked | Over:
    """Books a call of at most so many tokens, for `lease` seconds. When what was spent leaves no room, somebody is told once."""
    try:
        async with work(worker(company_id), Permission.AI_WRITE) as w:
            price = await prices.price_in(w, company_id, model)
            estimate = cost_of(most, price or catalogue.ASSUMED)
            if await _conversation_full(w, about, estimate):
                return Over(BudgetScope.CONVERSATION, None)
            counters = await _counters(w, about)
            if counters:
                await _reserve(w, counters, estimate, about.persona_day)
            row_id = uuid7()
            await w.execute(
                _BOOK,
                company_id,
                row_id,
                about.purpose,
                about.persona_id,
                about.conversation_id,
                about.turn_id,
                provider,
                model,
                lease,
                estimate,
                [counter.id for counter in counters],
                about.merged,
            )
            return Booked(row_id, price)
    except _Full as full:
        counter = full.counter
    async with work(worker(company_id), Permission.AI_WRITE) as w:
        spent = await w.fetchval("select spent from ai_spending where company_id = $1 and id = $2", company_id, counter.id)
        if (spent or 0) + estimate > counter.most:  # else calls under way hold the rest, and give most of it back
            await _warn(w, counter.id, counter, 100)
    return Over(BudgetScope(counter.scope), BudgetPeriod(counter.period))


async def _conversation_full(w: Work, about: About, estimate: int) -> bool:
    """Whether what the persona may spend in this conversation has no room; calls at once ask one after the other."""
    if about.conversation_most is None or about.conversation_id is None:
        return False
    await w.execute("select pg_advisory_xact_lock(hashtextextended('ai_usage ' || $1::uuid, 0))", about.conversation_id)
    spent: int = await w.fetchval(_IN_CONVERSATION, w.company_id, about.conversation_id, about.persona_id)
    return spent + estimate > about.conversation_most


async def _counters(w: Work, about: About) -> list[_Counter]:
    """The rows of this period that count for a call, locked, by rising id."""
    persona_id = None if about.purpose in TRIES else about.persona_id
    budgets = await w.fetch(_BUDGETS, w.company_id, persona_id, about.conversation_id, EVERY, about.persona_day)
    found = []
    for budget in budgets:
        place = (budget["scope"], budget["subject_id"], budget["period"], budget["starts"])
        counter_id = budget["id"]
        if counter_id is None:
            await w.execute(OPEN, w.company_id, uuid7(), *place)
            counter_id = await w.fetchval(_FIND, w.company_id, *place)
        found.append(_Counter(counter_id, budget["scope"], budget["subject_id"], budget["period"], budget["most"]))
    await lock(w, [counter.id for counter in found])
    return sorted(found)


async def lock(w: Work, counter_ids: Sequence[UUID]) -> None:
    """By rising id, as everybody does who changes several."""
    if counter_ids:
        await w.fetch(
            "select id from ai_spending where company_id = $1 and id = any($2::uuid[]) order by id for update",
            w.company_id,
            counter_ids,
        )


async def _reserve(w: Work, counters: list[_Counter], estimate: int, persona_day: int | None) -> None:
    """In all of them; raises `_Full` when one has no room."""
    ids, most = [counter.id for counter in counters], [counter.most for counter in counters]
    rows = await w.fetch(_RESERVE, w.company_id, ids, most, estimate, persona_day)
    took = {row["id"] for row in rows}
    for counter in counters:
        if counter.id not in took:
            raise _Full(counter)


def cost_of(tokens: Tokens, price: catalogue.Price) -> int:
    """Micro-dollars."""
    return price.cost(input=tokens.input, cached=tokens.cached, cache_write=tokens.cache_write, output=tokens.output)


async def settle(
    company_id: UUID,
    booked: Booked,
    result: CallResult,
    tokens: Tokens,
    *,
    estimated: bool = False,
    request_id: str | None = None,
    milliseconds: int | None = None,
) -> int | None:
    """What the call used; returns its cost, None when nobody knows the price. Settling again changes nothing, and what comes after the
    lease is counted all the same."""
    cost = cost_of(tokens, booked.price) if booked.price else None
    counted = cost_of(tokens, booked.price or catalogue.ASSUMED)
    async with work(worker(company_id), Permission.AI_WRITE) as w:
        row = await _under_way(w, booked.id, (None, CallResult.LOST))
        if row is not None:
            await w.execute(
                _SETTLE,
                company_id,
                booked.id,
                result,
                *msgspec.structs.astuple(tokens),
                estimated,
                cost,
                counted,
                request_id,
                milliseconds,
            )
            await _count(w, row, counted)
    return cost


async def _under_way(w: Work, usage_id: UUID, results: tuple[CallResult | None, ...]) -> asyncpg.Record | None:
    row = await w.fetchrow(
        "select result, reserved, counted, counters from ai_usage where company_id = $1 and id = $2 for update",
        w.company_id,
        usage_id,
    )
    return row if row is not None and row["result"] in results else None


async def _count(w: Work, row: asyncpg.Record, counted: int) -> None:
    """Turns a reservation, or what was counted for a lost call, into what was spent, and tells once when 80 or 100 percent are reached."""
    if not row["counters"]:
        return
    await lock(w, row["counters"])
    for spending in await w.fetch(_COUNT, w.company_id, row["counters"], row["reserved"], counted - row["counted"], EVERY):
        most = spending["most"]
        percent = spending["spent"] * 100 // most if most else 0
        if percent >= 80:
            counter = _Counter(spending["id"], spending["scope"], spending["subject_id"], spending["period"], most)
            await _warn(w, spending["id"], counter, 100 if percent >= 100 else 80)


async def _warn(w: Work, counter_id: UUID, counter: _Counter, percent: int) -> None:
    told = await w.fetchval(
        "update ai_spending set warned = $3 where company_id = $1 and id = $2 and warned < $3 returning true",
        w.company_id,
        counter_id,
        percent,
    )
    if told is None:
        return
    subject = None if counter.subject_id == EVERY else counter.subject_id
    scope, period = BudgetScope(counter.scope), BudgetPeriod(counter.period)
    w.emit(AiBudgetWarned(scope=scope, subject_id=subject, period=period, percent=percent))
    if scope is not BudgetScope.CONVERSATION:  # one of many; the others go on
        notice = AiNotice.BUDGET_100 if percent == 100 else AiNotice.BUDGET_80
        await notices.tell(w, notice, f"US$ {counter.most / catalogue.MICRO:,.2f}")


async def recount(w: Work, scope: BudgetScope, period: BudgetPeriod, subject_id: UUID | None) -> None:
    """For a budget that was set: what was spent in its period counts, whether it had one then or not, and is told of anew."""
    if scope is BudgetScope.COMPANY or subject_id is not None:
        starts = await w.fetchval(
            "select date_trunc($2, now(), time_zone) from company where id = $1", w.company_id, period.value
        )
        await w.execute(OPEN, w.company_id, uuid7(), scope, subject_id or EVERY, period, starts)
    these = (w.company_id, scope, period, subject_id or EVERY, EVERY)
    await w.fetch(
        f"select id from ai_spending s {_THESE} order by id for update", *these
    )  # what is settled now is seen by the next one
    await w.execute(_RECOUNT, *these)


async def free_expired() -> int:
    """Counts calls whose workers died as they were reserved, for they may have been answered; returns how many there were."""
    async with system_read() as s:
        rows = await s.fetch(
            "select company_id, id from ai_usage where result is null and lease_until < now() order by lease_until limit $1",
            _FREED_AT_ONCE,
        )
    for row in rows:
        try:
            await _lose(row["company_id"], row["id"])
        except Exception:  # one company's trouble keeps nobody else's budget
            log.exception("ai.lost_call_not_counted", company_id=str(row["company_id"]))
    return len(rows)


async def _lose(company_id: UUID, usage_id: UUID) -> None:
    async with work(worker(company_id), Permission.AI_WRITE) as w:
        found = await _under_way(w, usage_id, (None,))
        if found is not None:
            await w.execute(
                "update ai_usage set result = $3, counted = reserved, estimated = true, reserved = 0 where company_id = $1 and id = $2",
                company_id,
                usage_id,
                CallResult.LOST,
            )
            await _count(w, found, found["reserved"])


async def forget_old(s: SystemWork) -> None:
    """Deletes calls and what counted against budgets after two years and some."""
    await s.execute(f"delete from ai_usage where at < now() - interval '{KEPT_DAYS} days'")
    await s.execute(f"delete from ai_spending where starts < now() - interval '{KEPT_DAYS} days'")
