"""What is counted of conversations, refusals and money: by triggers, equal to a walk through the rows, and counted anew on command."""

from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.clock import now
from db.contacts.actions import create_contact
from db.conversations import actions, record
from db.conversations.actions import Change
from db.conversations.enums import ConversationState, LineKind
from db.conversations.record import Place
from db.messages.enums import MessageOrigin
from db.messages.reasons import NUMBERED, FailureReason
from db.messages.replies import TextReply
from db.permissions import Permission
from db.stats import check, fold
from db.stats.metrics import Axis, Metric, currency
from db.tenancy import Actor
from db.work import system_read, system_work, work
from tests import factories
from tests.db.conversations.test_conversations import PHONE, T0, Scene

BASE = timedelta(minutes=1)


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    channel = await factories.channel(owner_db, owner)
    contact = (await create_contact(owner, name="Ana Lima", phone=PHONE, tag_names=[], custom={}))["id"]
    return Scene(owner, channel, contact)


async def _kept(
    db: asyncpg.Connection, company_id: UUID, axis: Axis = Axis.CHANNEL
) -> dict[tuple[Metric, UUID], tuple[int, int]]:
    """What is counted of talks, of one axis: how many and seconds, by what; folded or not."""
    rows = await db.fetch(
        "select metric, dim1, sum(n)::int as n, sum(sum)::int as seconds from (select metric, dim1, dim2, n, sum from stat_day where company_id = $1"
        " union all select metric, dim1, dim2, n, sum from stat_delta where company_id = $1) k"
        " where metric between 20 and 29 and dim2 = $2 group by 1, 2 having sum(n) <> 0",
        company_id, int(axis),
    )  # fmt: skip
    return {(Metric(row["metric"]), row["dim1"]): (row["n"], row["seconds"]) for row in rows}


async def _right(company_id: UUID) -> None:
    async with system_read() as s:
        assert await check.differences(s, company_id) == []


async def _assisted(scene: Scene, minute: int) -> None:
    async with work(scene.owner, Permission.CONVERSATIONS_WRITE) as w:
        await record.assisted(w, Place(scene.channel, scene.contact, PHONE, uuid4(), T0 + minute * BASE))


async def test_a_talk_counts_when_each_thing_happened(scene: Scene, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await scene.wrote(0)
    the = await scene.the()
    await _assisted(scene, 1)
    async with work(owner, Permission.CONVERSATIONS_WRITE) as w:
        await record.line(w, the.id, scene.contact, LineKind.HANDED_OVER, what="model_decided")
    await actions.reply(owner, the.id, TextReply(text="Oi, sou a Bia"))
    await actions.change(owner, the.id, Change(assignee_id=owner.id, state=ConversationState.CLOSED))
    kept = {metric: found for (metric, _), found in (await _kept(owner_db, owner.company_id)).items()}
    assert {metric: n for metric, (n, _) in kept.items()} == dict.fromkeys(
        (Metric.OPENED, Metric.ASSISTED, Metric.HANDED, Metric.ANSWERED, Metric.CLOSED), 1
    )
    assert kept[Metric.ASSISTED] == (1, 60)
    assert kept[Metric.ANSWERED][1] < 60  # since people were asked for, not since the person wrote two hours ago
    assert kept[Metric.CLOSED][1] >= 7200
    by_person = await _kept(owner_db, owner.company_id, Axis.PERSON)
    assert by_person[Metric.ANSWERED, owner.id][0] == by_person[Metric.CLOSED, owner.id][0] == 1
    await _right(owner.company_id)

    await scene.wrote(125)  # comes back: another talk, and the first one stays as it was
    after = {metric: found for (metric, _), found in (await _kept(owner_db, owner.company_id)).items()}
    assert after == {**kept, Metric.OPENED: (2, 0), Metric.REOPENED: (1, 0)}
    while await fold.fold():
        pass
    await _right(owner.company_id)
    assert await owner_db.fetchval("select count(*) from talk where conversation_id = $1", the.id) == 2


async def test_a_close_that_is_taken_back_was_none(scene: Scene, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await scene.wrote(0)
    the = await scene.the()
    for state in (ConversationState.CLOSED, ConversationState.OPEN):
        await actions.change(owner, the.id, Change(state=state))
    found = await _kept(owner_db, owner.company_id)
    assert found == {(Metric.OPENED, scene.channel): (1, 0)}
    await _right(owner.company_id)


async def test_phones_and_assistants_have_clocks_of_their_own(scene: Scene, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await scene.wrote(0)
    await scene.phoned(3)
    await scene.phoned(2)  # told later
    assert await _kept(owner_db, owner.company_id) == {
        (Metric.OPENED, scene.channel): (1, 0),
        (Metric.PHONED, scene.channel): (1, 120),
    }
    await scene.phoned(4, origin=MessageOrigin.HISTORY)
    await actions.change(owner, (await scene.the()).id, Change(state=ConversationState.CLOSED))
    await scene.wrote(130)
    await _assisted(scene, 131)
    kept = {metric: n for (metric, _), (n, _) in (await _kept(owner_db, owner.company_id)).items()}
    assert (kept[Metric.CLOSED], kept[Metric.ASSISTED], kept.get(Metric.ANSWERED)) == (1, 1, None)
    await _right(owner.company_id)


async def test_money_and_refusals_are_counted_and_made_anew(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await factories.channel(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi")
    for code, amount in (("BRL", 350_000), ("USD", 62_500)):
        await owner_db.execute(
            "insert into message_cost(company_id, attempt_id, message_id, channel_id, at, kind, country, category, billable, units, currency, amount, simulated)"
            " values ($1, uuidv7(), uuidv7(), $2, $3, 'whatsapp', 'BR', 'marketing', true, 1, $4, $5, false)",
            owner.company_id, channel, now(), code, amount,
        )  # fmt: skip
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, campaign_id, address, dedupe_key, state, reason, done_at)"
        " select $1, $2, $3, $3, '+5511', 'k' || g, 6, 'landline', now() from generate_series(1, 3) g",
        owner.company_id, channel, campaign,
    )  # fmt: skip

    async def all_of() -> Counter[tuple[int, int, int, int]]:
        rows = await owner_db.fetch(
            "select metric, dim2, h, n, sum from stat_day where company_id = $1 union all select metric, dim2, h, n, sum from stat_delta where company_id = $1",
            owner.company_id,
        )
        found = Counter[tuple[int, int, int, int]]()
        for row in rows:
            found[row["metric"], row["dim2"], row["h"], 0] += row["n"]
            found[row["metric"], row["dim2"], row["h"], 1] += row["sum"]
        return +found

    before = await all_of()
    money = {currency(h): n for (metric, _, h, part), n in before.items() if metric == Metric.COST and part}
    assert money == {"BRL": 350_000, "USD": 62_500}
    landline = await owner_db.fetchval("select reason_number('landline')")
    assert before[Metric.REFUSED, landline, 0, 0] == before[Metric.FAILED, 0, 0, 0] == 3
    while await fold.fold():
        pass
    await owner_db.execute(
        "update stat_day set sum = sum + 1 where company_id = $1 and metric = $2", owner.company_id, int(Metric.COST)
    )
    async with system_read() as s:
        assert {one.metric for one in await check.differences(s, owner.company_id)} == {Metric.COST}
    async with system_work() as s:
        await check.repair(s, owner.company_id)
    while await fold.fold():
        pass
    assert await all_of() == before
    await _right(owner.company_id)


async def test_each_reason_has_its_number(owner_db: asyncpg.Connection) -> None:
    rows = await owner_db.fetch("select r, reason_number(r) as n from unnest($1::text[]) r", [one.value for one in FailureReason])
    assert {row["r"]: row["n"] for row in rows} == {reason.value: number for number, reason in enumerate(NUMBERED, 1)}


async def test_each_company_is_compared_once_a_day(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await factories.channel(owner_db, owner)
    async with system_work() as s:
        assert owner.company_id in await check.due(s, 100_000)
        await check.keep(s, owner.company_id, 0, 12)
        assert owner.company_id not in await check.due(s, 100_000)
    await owner_db.execute("update stat_check set at = now() - interval '1 day' where company_id = $1", owner.company_id)
    async with system_read() as s:
        assert owner.company_id in await check.due(s, 100_000)
