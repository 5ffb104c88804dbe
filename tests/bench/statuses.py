"""Applying a backlog of status webhooks: one worker process of ours beside the plain Node way, same Postgres.

The backlog is what our API stored of signed webhooks: of every message "sent" and "delivered", of six in ten "read". Ours matches
attempts, raises ranks, counts and tells screens; the baseline is one UPDATE per status by the provider's id, and nothing else.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from uuid import UUID

import asyncpg

from db.channels.secrets import seal
from db.messages.enums import AttemptState, MessageState
from db.stats.metrics import Metric
from db.tenancy import Actor
from tests import factories
from tests.bench.campaign import Run, cpu_of, ready
from tests.bench.harness import Harness, company, peak_rss_mb
from tests.bench.ingest import await_api
from tests.bench.load import flood
from tests.bench.node import CONCURRENCY, node
from tests.bench.webhooks import BUSINESS, NUMBER, SECRET, signed, status_webhook

SENT_AT = 1_780_000_000

_MESSAGES = f"""
with people as (
    select contact_id, value, row_number() over (order by value) as n from contact_identity where company_id = $1 and kind = 'phone'
), sent as (
    insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, epoch, tries,
        provider_id, sent_at)
    select $1, $2, $3, $3, contact_id, value, $3::uuid || ':' || contact_id, {MessageState.SENT}, 1, 1,
        'wamid.HBgNNTUxMTkwMDAwMDAwMBUCABEYEj' || lpad(n::text, 12, '0'), now() from people
    returning id, provider_id
)
insert into attempt(company_id, message_id, channel_id, epoch, state, http_status, provider_id, done_at)
select $1, id, $2, 1, {AttemptState.ACCEPTED}, 200, provider_id, now() from sent
"""
_FINAL = """
select count(*) filter (where state = $3) as read, count(*) filter (where state = $4) as delivered,
    count(delivered_at) as seen, count(read_at) as opened
from message where company_id = $1 and campaign_id = $2
"""
_TALLY = "select state, sum(delta)::int as n from message_tally where company_id = $1 and campaign_id = $2 group by 1"
_METRICS = "select metric, sum(n)::int as n from {} where company_id = $1 group by 1"
_LEFT = "select count(*) from webhook_inbox where tries < 5"
_ANY = "select exists (select from webhook_inbox where tries < 5)"  # asked often: counting would be a part of what is measured


def reads(message: int) -> bool:
    """Whether this message's person opens it."""
    return message % 10 < 6


def share_read(messages: int) -> int:
    return sum(reads(number) for number in range(messages))


def messages_for(statuses: int) -> int:
    """How many messages have about so many statuses."""
    return max(10, round(statuses / 26) * 10)


def story(messages: int) -> Iterator[tuple[int, str]]:
    """(message, status) in the order in which they arrive: delivered soon after sent, read later, of many people at once."""
    for moment in range(messages + 5000):
        for status, later in (("sent", 0), ("delivered", 700), ("read", 5000)):
            number = moment - later
            if 0 <= number < messages and (status != "read" or reads(number)):
                yield number, status


async def ours(base: Harness, messages: int) -> Run:
    """Stored by the real API, applied by one real worker."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        actor = await company(db)
        channel_id, campaign_id = await _scene(db, actor, messages)
        total = await _store(base, db, actor, channel_id, messages)
        await db.execute("vacuum analyze message, attempt, webhook_inbox")
        await db.execute("checkpoint")
        worker = base.start("-m", "workers")
        await ready(base, [worker], settle=0)
        while (left := await db.fetchval(_LEFT)) > total - 1000:  # what starting costs is not measured
            await asyncio.sleep(0.02)
        began, todo = time.perf_counter(), left
        program, servers = cpu_of([worker]), base.servers_cpu()
        while await db.fetchval(_ANY):
            await asyncio.sleep(0.05)
        seconds = time.perf_counter() - began
        program = cpu_of([worker]) - program
        servers = base.servers_cpu() - servers
        memory = peak_rss_mb(worker.pid)
        base.stop(worker)
        await _prove(db, actor, campaign_id, messages)
        return Run(todo, 0.0, seconds, memory, program + servers, program)
    finally:
        await db.close()


async def _scene(db: asyncpg.Connection, actor: Actor, messages: int) -> tuple[UUID, UUID]:
    channel_id = await factories.channel(db, actor, sandbox=False, account_id=BUSINESS, external_id=NUMBER)
    secret = seal(actor.company_id, channel_id, "signing_secret", SECRET)
    await db.execute("update channel set signing_secret = $2 where id = $1", channel_id, secret)
    template_id = await factories.template(db, actor, channel_id)
    campaign_id = await factories.campaign(
        db, actor, channel_id, template_id, state="running", launched_at=await db.fetchval("select now()"), audience_size=messages
    )
    await factories.contacts(db, actor, messages)
    await db.execute(_MESSAGES, actor.company_id, channel_id, campaign_id)
    await db.execute("vacuum analyze contact, contact_identity")
    return channel_id, campaign_id


async def _store(base: Harness, db: asyncpg.Connection, actor: Actor, channel_id: UUID, messages: int) -> int:
    """Posts the backlog to the real API; returns how many webhooks it stored."""
    rows = await db.fetch(
        "select a.id, a.provider_id, m.address from attempt a join message m on m.company_id = a.company_id and m.id = a.message_id"
        " where a.company_id = $1 order by a.provider_id",
        actor.company_id,
    )
    path = f"/hooks/meta/{channel_id}"
    requests = [
        signed(path, status_webhook(provider_id, str(attempt_id), address, status, SENT_AT + moment // 100))
        for moment, (number, status) in enumerate(story(messages))
        for attempt_id, provider_id, address in [rows[number]]
    ]
    api = base.start("-m", "api")
    await await_api(base, api)
    load = await flood(base.settings.api_port, requests, len(requests))
    base.stop(api)
    stored: int = await db.fetchval("select count(*) from webhook_inbox where company_id = $1", actor.company_id)
    if load.refused or stored != len(requests):
        raise SystemExit(f"The run is void: {stored} rows for {len(requests)} webhooks, {load.refused} refused.")
    return stored


async def _prove(db: asyncpg.Connection, actor: Actor, campaign_id: UUID, messages: int) -> None:
    """Every message is where its last status puts it, and what is counted says the same."""
    opened = share_read(messages)
    final = await db.fetchrow(_FINAL, actor.company_id, campaign_id, MessageState.READ, MessageState.DELIVERED)
    tally = {row["state"]: row["n"] for row in await db.fetch(_TALLY, actor.company_id, campaign_id) if row["n"]}
    counted: dict[int, int] = {}
    for table in ("stat_delta", "stat_day"):
        for row in await db.fetch(_METRICS.format(table), actor.company_id):
            counted[row["metric"]] = counted.get(row["metric"], 0) + row["n"]
    expected = {MessageState.DELIVERED: messages - opened, MessageState.READ: opened}
    truth = (opened, messages - opened, messages, opened)
    metrics = {1: messages, 2: messages, 3: opened, int(Metric.COST): messages}
    metrics |= {11: messages, 12: messages, 13: opened, int(Metric.CAMPAIGN_COST): messages}  # the same of the campaign
    if final is None or tuple(final) != truth or tally != expected or counted != metrics:
        raise SystemExit(
            f"The run is void: {final}, not {truth}; tallies {tally}, not {expected}; figures {counted}, not {metrics}."
        )


async def baseline(base: Harness, messages: int) -> Run:
    """The same backlog the plain Node way."""
    db = await asyncpg.connect(base.settings.database_owner_url.replace("/masteria?", "/postgres?"))
    try:
        await db.execute(
            "drop table if exists peer_message, peer_event;"
            "create table peer_message(id bigint primary key, wamid text unique, status text, rank int, updated_at timestamptz);"
            "create table peer_event(id bigint generated always as identity primary key, body bytea not null, done_at timestamptz);"
            "create index on peer_event(id) where done_at is null"
        )
        people = [f"wamid.HBgNNTUxMTkwMDAwMDAwMBUCABEYEj{number:012}" for number in range(messages)]
        await db.execute(
            "insert into peer_message(id, wamid, status, rank) select n, wamid, 'sent', 1 from unnest($1::text[]) with ordinality w(wamid, n)",
            people,
        )
        bodies = [
            status_webhook(people[number], str(UUID(int=number)), f"+55119{number:08}", status, SENT_AT + moment // 100)
            for moment, (number, status) in enumerate(story(messages))
        ]
        await db.execute("insert into peer_event(body) select unnest($1::bytea[])", bodies)
        await db.execute("vacuum analyze peer_message, peer_event")
        await db.execute("checkpoint")
        before = base.servers_cpu()
        said = json.loads(await node("statuses.mjs", base.postgres.socket_folder, str(CONCURRENCY)))
        servers = base.servers_cpu() - before
        found = {row["status"]: row["n"] for row in await db.fetch("select status, count(*) as n from peer_message group by 1")}
        if said["events"] != len(bodies) or found != {"read": share_read(messages), "delivered": messages - share_read(messages)}:
            raise SystemExit(f"The baseline's run is void: {said}, {found}.")
        return Run(len(bodies), 0.0, said["seconds"], said["rss_mb"], servers + said["cpu"], said["cpu"])
    finally:
        await db.close()
