"""Every page of figures in a company of many messages while a campaign is sent: the programs' role, row-level security, whole and exact; and
what it costs a message that its figures are kept.

The company is made by set-based SQL through the triggers of the product, so that its figures are those that the product keeps; then they are
compared with what they count. Made once and kept in `.data/bench`."""

import asyncio
import random
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date, timedelta
from statistics import median
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.analytics import assistant, calls, campaigns, consent, leads, message_rows, messages, origins, talks
from db.analytics.calls import CallWhere
from db.analytics.enums import MessageFact, TalkFact, WhichTouch
from db.analytics.leads import LeadWhere
from db.analytics.message_rows import MessageWhere
from db.analytics.talks import Where
from db.clock import now
from db.migrate import files
from db.permissions import Role
from db.stats import check, fold
from db.tenancy import Actor, built_in, member
from db.work import system_work
from tests import factories
from tests.bench.harness import ROOT, Harness, company, harness
from tests.bench.report import keep, machine, table

_DAYS = 180
_STEP = 100_000  # messages of one statement
_SLICE = 1000
_TALKATIVE = 10  # messages for each conversation
_CAMPAIGNS = 40

_PEOPLE = """
insert into contact(company_id, id, name) select $1::uuid, md5('c' || ($1::uuid)::text || g)::uuid, 'Ana ' || g from generate_series($2::int, $3::int) g
"""
_MESSAGES = """
insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, reason, sent_at, delivered_at, read_at, done_at, replied_at, author_id)
select $1::uuid, k.channel, coalesce(k.campaign, k.channel), k.campaign, md5('c' || ($1::uuid)::text || (1 + g % $6))::uuid, '+55119' || g, coalesce(k.campaign::text, 'r') || ':' || g,
    k.state, case when k.state = 6 then 'not_on_whatsapp' end, case when k.state < 6 then k.at end, case when k.state between 4 and 5 then k.at end,
    case when k.state = 5 then k.at end, case when k.state >= 6 then k.at end, case when k.state = 5 and g % 7 = 0 then k.at + interval '1 hour' end, k.author
from (
    select g, ($4::uuid[])[1 + g % cardinality($4)] as channel, case when g % 10 < 8 then ($5::uuid[])[1 + g % cardinality($5)] end as campaign,
        case when g % 10 >= 8 then $7::uuid end as author,
        (case when g % 20 = 0 then 6 when g % 3 = 0 then 5 when g % 3 = 1 then 4 else 3 end)::smallint as state,
        now() - ($8::int * interval '1 day') * ((g::bigint * 7919) % 1000003) / 1000003.0 as at
    from generate_series($2::int, $3::int) g) k
"""
_TALKS = """
insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at, state, first_reply_at, human_reply_at, asked_at, closed_at)
select $1::uuid, md5('c' || ($1::uuid)::text || g)::uuid, ($4::uuid[])[1 + g % cardinality($4)], '+55119' || g, at + interval '1 hour', at,
    case when g % 50 = 0 then 'open' else 'closed' end, at + interval '1 minute' * (1 + g % 30), case when g % 3 > 0 then at + interval '1 minute' * (2 + g % 300) end, at,
    case when g % 50 > 0 then at + interval '1 hour' * (1 + g % 40) end
from (select g, now() - ($5::int * interval '1 day') * ((g::bigint * 7919) % 1000003) / 1000003.0 - interval '41 hours' as at from generate_series($2::int, $3::int) g) k
"""
_LEADS = """
insert into lead(company_id, board_id, stage_id, rank, title, search, contact_id, value_cents, stage_since)
select $1::uuid, $2, $3, 'B' || lpad(g::text, 9, '0') || '1', 'Lead ' || g, ' lead ' || g, md5('c' || ($1::uuid)::text || g)::uuid, (g % 500) * 100,
    now() - ($5::int * interval '1 day') * ((g::bigint * 7919) % 1000003) / 1000003.0 from generate_series(1, $4::int) g
"""
_MOVE = "update lead set stage_id = $2, stage_since = stage_since + interval '5 hours' where company_id = $1 and hashtext(id::text) % $3 = 0"


class Tile(NamedTuple):
    """One page of figures; seconds, sorted."""

    name: str
    took: list[float]

    def quantile(self, share: float) -> float:
        return self.took[int(share * (len(self.took) - 1))]


class Measured(NamedTuple):
    """`seeded`: seconds, None where it was there already; `wrong`: figures that differ from what they count; `kept`, `bare`: microseconds of the
    database for each message that becomes sent in a slice of a thousand, with its figures kept and without."""

    held: dict[str, int]
    seeded: float | None
    tiles: list[Tile]
    sent: int
    wrong: int
    compared: float
    kept: float
    bare: float


async def _make(db: asyncpg.Connection, count: int, say: Callable[[str], object]) -> Actor:
    actor = await company(db)
    of, talk_count = actor.company_id, max(1, count // _TALKATIVE)
    channels = [await factories.channel(db, actor) for _ in range(5)]
    started = [await factories.campaign(db, actor, channels[0], body=f"Oi {n}") for n in range(_CAMPAIGNS)]
    await db.execute(
        "update campaign set started_at = now() - interval '4 days' * (hashtext(id::text) % 40) where company_id = $1", of
    )
    await db.execute("set synchronous_commit = off")
    for first in range(1, talk_count + 1, _STEP):
        last = min(first + _STEP - 1, talk_count)
        await db.execute(_PEOPLE, of, first, last)
        await db.execute(_TALKS, of, first, last, channels, _DAYS)
        say(f"{last:,} conversations")
        await _folded()
    for first in range(1, count + 1, _STEP):
        last = min(first + _STEP - 1, count)
        await db.execute(_MESSAGES, of, first, last, channels, started, talk_count, actor.id, _DAYS)
        say(f"{last:,} messages")
        await _folded()
    stages = await db.fetch("select id, board_id from stage where company_id = $1 order by rank", of)
    await db.execute(_LEADS, of, stages[0]["board_id"], stages[0]["id"], max(1, talk_count // 10), _DAYS)
    for share, stage in enumerate(stages[1:], 2):
        await db.execute(_MOVE, of, stage["id"], share)
    await _folded()
    await db.execute("vacuum (analyze) message, conversation, talk, lead, lead_stay, stat_day, stat_hour, stat_delta, contact")
    return actor


async def _folded() -> None:
    while await fold.fold():
        pass


async def _queue(db: asyncpg.Connection, actor: Actor, size: int) -> list[UUID]:
    """Messages of a campaign that wait, as it is being sent."""
    channel = await db.fetchval("select id from channel where company_id = $1 limit 1", actor.company_id)
    campaign = await factories.campaign(db, actor, channel, body="Oi")
    rows = await db.fetch(
        "insert into message(company_id, channel_id, queue_id, campaign_id, address, dedupe_key)"
        " select $1, $2, $3::uuid, $3::uuid, '+5511' || g, $3::uuid::text || ':' || g from generate_series(1, $4::int) g returning id",
        actor.company_id, channel, campaign, size,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def _send(db: asyncpg.Connection, actor: Actor, ids: list[UUID]) -> None:
    await db.execute(
        "update message set state = 3, sent_at = clock_timestamp() where company_id = $1 and id = any($2::uuid[])",
        actor.company_id,
        ids,
    )


async def _sending(url: str, actor: Actor, done: list[int]) -> None:
    """A campaign that is sent: a slice of a thousand four times a second, folded every two seconds, until it is stopped."""
    db = await asyncpg.connect(url)
    try:
        queue, folded = list[UUID](), time.monotonic()
        while True:
            if len(queue) < _SLICE:
                queue = await _queue(db, actor, 20 * _SLICE)
            await _send(db, actor, queue[:_SLICE])
            done[0] += _SLICE
            queue = queue[_SLICE:]
            if time.monotonic() - folded > 2:
                await fold.fold()
                folded = time.monotonic()
            await asyncio.sleep(0.25)
    finally:
        await db.close()


def _tiles(actor: Actor, board: UUID, dice: random.Random) -> dict[str, Callable[[], Awaitable[object]]]:
    today = now().date()

    def days() -> tuple[date, date]:
        """A period that nobody asked for yet: 30 to 90 days, and as many before."""
        last = today - timedelta(days=dice.randrange(20))
        return last - timedelta(days=dice.randrange(29, 90)), last

    return {
        "messages": lambda: messages.messages(actor, *days(), None),
        "conversations, people": lambda: talks.talks(actor, *days(), Where()),
        "campaigns": lambda: campaigns.campaigns(actor, *days(), None),
        "board": lambda: leads.leads(actor, board, *days(), LeadWhere()),
        "AI": lambda: assistant.assistant(actor, *days(), Where()),
        "what brought leads": lambda: origins.origins(actor, *days(), WhichTouch.FIRST),
        "consent": lambda: consent.consent(actor, *days()),
        "calls": lambda: calls.calls(actor, *days(), CallWhere()),
        "rows behind “closed”": lambda: talks.rows(actor, TalkFact.CLOSED, *days(), Where(), None, 51),
        "rows behind “failed”": lambda: message_rows.rows(actor, MessageFact.FAILED, *days(), MessageWhere(), None, 51),
    }


async def _cost(db: asyncpg.Connection, actor: Actor, size: int = 20_000, turns: int = 4) -> tuple[float, float]:
    """Microseconds for each message that is sent, with the triggers that keep figures and without; in turn, the median."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(turns):
        for kept in (True, False):
            ids = await _queue(db, actor, size)
            await db.execute(f"alter table message {'enable' if kept else 'disable'} trigger message_tally_update")
            began = time.perf_counter()
            for start in range(0, size, _SLICE):
                await _send(db, actor, ids[start : start + _SLICE])
            took[kept].append((time.perf_counter() - began) / size * 1e6)
            await db.execute("alter table message enable trigger message_tally_update")
            await db.execute("delete from message where company_id = $1 and id = any($2::uuid[])", actor.company_id, ids)
    return median(took[True]), median(took[False])


async def _ready(base: Harness, db: asyncpg.Connection, count: int) -> tuple[Actor, float | None]:
    made = base.folder / "made"
    if made.exists():
        row = await db.fetchrow("select company_id, user_id from membership where role = 'owner' order by company_id limit 1")
        assert row is not None
        return member(row["company_id"], row["user_id"], built_in(Role.OWNER)), None
    began = time.perf_counter()
    actor = await _make(db, count, lambda step: print(f"  {step}", flush=True))
    made.write_text(files()[-1].name)
    return actor, time.perf_counter() - began


async def measure(count: int, rounds: int) -> Measured:
    """Each page `rounds` times in turn, of other days each time."""
    folder = ROOT / ".data" / "bench" / f"analytics-{count}"
    if (folder / "made").exists() and (folder / "made").read_text() != files()[-1].name:
        shutil.rmtree(folder)
    async with harness(kept=folder) as base:
        db = await asyncpg.connect(base.settings.database_owner_url)
        try:
            actor, seeded = await _ready(base, db, count)
            of = actor.company_id
            held = {
                name: await db.fetchval(f"select count(*) from {name} where company_id = $1", of)
                for name in ("message", "conversation", "talk", "lead", "stat_day", "stat_hour")
            }
            board = await db.fetchval("select id from board where company_id = $1", of)
            kinds = _tiles(actor, board, random.Random(14))
            found = {name: list[float]() for name in kinds}
            done = [0]
            sender = asyncio.create_task(_sending(base.settings.database_owner_url, actor, done))
            try:
                for turn in range(rounds + 2):
                    for name, ask in kinds.items():
                        began = time.perf_counter()
                        await ask()
                        if turn > 1:  # the first two warm
                            found[name].append(time.perf_counter() - began)
            finally:
                sender.cancel()
                with suppress(asyncio.CancelledError):
                    await sender
            await _folded()
            began = time.perf_counter()
            async with system_work() as s:
                wrong = len(await check.differences(s, of))
            compared = time.perf_counter() - began
            kept, bare = await _cost(db, actor)
        finally:
            await db.close()
    return Measured(
        held, seeded, [Tile(name, sorted(took)) for name, took in found.items()], done[0], wrong, compared, kept, bare
    )


async def bench(count: int, rounds: int) -> None:
    """Figures of a company with `count` messages, for docs/benchmarks.md."""
    found = await measure(count, rounds)
    held = ", ".join(f"{n:,} rows of `{name}`" for name, n in found.held.items())
    rows = [[tile.name, *(f"{tile.quantile(share) * 1000:.1f}" for share in (0.5, 0.95, 1))] for tile in found.tiles]
    made = "" if found.seeded is None else f" Made in {found.seeded:.0f} s."
    text = (
        f"{await machine()}. Milliseconds of a whole page of figures with the period before, as the API asks for it (the programs' role, row-level"
        f" security), {rounds} times each, 30 to 90 days that nobody asked for before, one at a time, while {found.sent:,} messages of a campaign were"
        f" written back, 1,000 in a statement, and folded every two seconds. One company: {held}.{made} Afterwards all figures were compared with the rows"
        f" that they count in {found.compared:.0f} s: {found.wrong} wrong. Keeping the figures costs {found.kept - found.bare:.1f} µs of the database for each"
        f" message that is sent ({found.kept:.1f} with, {found.bare:.1f} without; slices of 1,000, the median of four turns).\n\n"
    )
    keep("Analytics", text + table(["", "p50", "p95", "slowest"], rows))
