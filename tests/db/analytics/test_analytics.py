"""Figures against a plain count, over random histories with late, doubled and corrected events; each figure is the number of its rows."""

import random
from collections import Counter
from datetime import date, timedelta
from math import log
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest

from db.analytics import assistant, campaigns, messages, talks
from db.analytics.enums import Comparison, TalkFact
from db.analytics.people import NOBODY
from db.analytics.period import Period
from db.analytics.talks import Where
from db.analytics.times import times
from db.clock import now
from db.contacts.actions import create_contact
from db.conversations import actions, record
from db.conversations.actions import Change
from db.conversations.enums import AssignmentStrategy, ConversationState, LineKind
from db.conversations.labels import create_label
from db.conversations.record import Place
from db.conversations.teams import create_team
from db.errors import Conflict, Forbidden, Invalid
from db.messages.replies import TextReply
from db.permissions import ROLE_PERMISSIONS, Permission, Role
from db.stats import fold
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.conversations.test_conversations import T0, Scene

_AT = {
    TalkFact.OPENED: "opened_at",
    TalkFact.ASSISTED: "assisted_at",
    TalkFact.CLOSED: "closed_at",
    TalkFact.HANDED: "handed_at",
}


async def _happens(scene: Scene, dice: random.Random, phone: str) -> None:
    """Something, in whatever order its time asks for: also long ago, and also once more."""
    minute = dice.randrange(-60 * 50, 110)
    match dice.choice(("wrote", "wrote", "wrote", "phoned", "assisted", "handed", "reply", "close", "open", "assign")):
        case "wrote":
            await scene.wrote(minute, key=f"{phone}{minute % 40}")
        case "phoned":
            await scene.phoned(minute)
        case what:
            found = await talks_of(scene)
            if found is None:
                return
            async with work(scene.owner, Permission.CONVERSATIONS_WRITE) as w:
                if what == "assisted":
                    await record.assisted(w, Place(scene.channel, scene.contact, phone, uuid4(), T0 + timedelta(minutes=minute)))
                elif what == "handed":
                    await record.line(w, found, scene.contact, LineKind.HANDED_OVER, what="model_decided")
            try:
                if what == "reply":
                    await actions.reply(scene.owner, found, TextReply(text="Oi"))
            except Conflict:  # the window is closed
                return
            state = {"close": ConversationState.CLOSED, "open": ConversationState.OPEN}.get(what)
            if state is not None:
                await actions.change(scene.owner, found, Change(state=state))
            elif what == "assign":
                await actions.change(scene.owner, found, Change(assignee_id=dice.choice((scene.owner.id, None))))


async def talks_of(scene: Scene) -> UUID | None:
    async with work(scene.owner, Permission.CONVERSATIONS_WRITE) as w:
        found: UUID | None = await w.fetchval(
            "select id from conversation where company_id = $1 and contact_id = $2", w.company_id, scene.contact
        )
        return found


async def _of_tag(db: asyncpg.Connection, owner: Actor, name: str) -> set[UUID]:
    """Conversations with people who bear it."""
    rows = await db.fetch(
        "select v.id from conversation v join contact_tag g on g.company_id = v.company_id and g.contact_id = v.contact_id"
        " join tag a on a.company_id = g.company_id and a.id = g.tag_id where v.company_id = $1 and a.name = $2",
        owner.company_id, name,
    )  # fmt: skip
    return {row["id"] for row in rows}


def _count(rows: list[asyncpg.Record], first: date, last: date, zone: ZoneInfo) -> dict[TalkFact, int]:
    found = Counter[TalkFact]()
    for row in rows:
        for fact, column in _AT.items():
            if row[column] is not None and first <= row[column].astimezone(zone).date() <= last:
                found[fact] += 1
    return {fact: found[fact] for fact in _AT}


@pytest.mark.parametrize("seed", range(3))
async def test_figures_are_the_number_of_their_rows(
    owner: Actor, owner_db: asyncpg.Connection, stranger: Actor, seed: int
) -> None:
    dice, zone = random.Random(seed), ZoneInfo("America/New_York")
    await owner_db.execute("update company set time_zone = 'America/New_York' where id = $1", owner.company_id)
    label = (await create_label(owner, name="VIP", color="#123456")).id
    team = (await create_team(owner, name="Vendas", strategy=AssignmentStrategy.MANUAL, member_ids=[], channel_ids=[])).id
    scenes = []
    for number in range(3):
        phone = f"+55119876500{number:02}"
        contact = (
            await create_contact(owner, name=f"Ana {number}", phone=phone, tag_names=[] if number == 1 else ["VIP"], custom={})
        )["id"]
        scenes.append((Scene(owner, await factories.channel(owner_db, owner), contact), phone))
    for number in range(45):
        await _happens(*(scenes[dice.randrange(3)][:1]), dice, scenes[0][1])
        if dice.random() < 0.2:
            await fold.fold()
        if number == 20 and (some := await talks_of(scenes[0][0])):
            await actions.put_label(owner, some, label)
            await actions.change(owner, some, Change(team_id=team))
    every = await owner_db.fetch("select * from talk where company_id = $1", owner.company_id)
    labeled = {
        row["conversation_id"]
        for row in await owner_db.fetch("select * from conversation_label where company_id = $1", owner.company_id)
    }
    tagged = {row["conversation_id"] for row in every if row["conversation_id"] in await _of_tag(owner_db, owner, "VIP")}
    today = now().astimezone(zone).date()
    first = today - timedelta(days=1)
    channel = scenes[0][0].channel
    for where, mine in (
        (Where(), every),
        (Where(channel_id=channel), [row for row in every if row["channel_id"] == channel]),
        (Where(team_id=team), [row for row in every if row["team_id"] == team]),
        (Where(label_id=label), [row for row in every if row["conversation_id"] in labeled]),
        (Where(tag="vip"), [row for row in every if row["conversation_id"] in tagged]),
        (Where(tag="nobody"), []),
        (Where(team_id=NOBODY, tag="vip"), [row for row in every if row["team_id"] is None and row["conversation_id"] in tagged]),
        (
            Where(channel_id=channel, team_id=team),
            [row for row in every if row["team_id"] == team and row["channel_id"] == channel],
        ),
    ):
        found = await talks.talks(owner, first, today, where)
        assert {fact: found.figures.counts[fact] for fact in _AT} == _count(mine, first, today, zone)
        assert {fact: found.before.counts[fact] for fact in _AT} == _count(
            mine, first - timedelta(days=2), first - timedelta(days=1), zone
        )
        later = [day.replace(year=day.year + 1) for day in (first, today)]
        a_year_on = await talks.talks(owner, later[0], later[1], where, Comparison.YEAR)
        assert a_year_on.before == found.figures
        assert sum(a_year_on.figures.counts.values()) == 0
        ai = (await assistant.assistant(owner, first, today, where)).figures
        facts = (TalkFact.ASSISTED, TalkFact.CLOSED, TalkFact.CLOSED_ALONE, TalkFact.HANDED)
        assert ai == tuple(found.figures.counts[fact] for fact in facts)
        for fact in TalkFact:
            total = found.figures.counts[fact]
            assert sum(day.get(fact, 0) for day in found.days.values()) == total
            for groups in (found.channels, found.teams, found.people):
                assert sum(one.figures.counts[fact] for one in groups) == total
            rows, told = await talks.rows(owner, fact, first, today, where, None, 500)
            assert len(rows) == told == total
        for one in found.people:  # each cell of the table opens into its rows
            rows, told = await talks.rows(
                owner, TalkFact.CLOSED, first, today, where._replace(user_id=one.id or NOBODY), None, 500
            )
            assert len(rows) == told == one.figures.counts[TalkFact.CLOSED]
    alone = await talks.talks(stranger, first, today, Where())
    assert sum(alone.figures.counts.values()) == 0


async def test_one_person_and_one_channel_at_once(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = Scene(
        owner,
        await factories.channel(owner_db, owner),
        (await create_contact(owner, name="Ana", phone="+5511987654321", tag_names=[], custom={}))["id"],
    )
    await scene.wrote(0)
    the = await scene.the()
    await actions.reply(owner, the.id, TextReply(text="Oi"))
    await actions.change(owner, the.id, Change(state=ConversationState.CLOSED))  # nobody's
    both = await talks.talks(owner, None, None, Where(channel_id=scene.channel, user_id=owner.id))
    assert (both.figures.counts[TalkFact.ANSWERED], both.figures.counts[TalkFact.CLOSED]) == (1, 0)
    only = await talks.talks(owner, None, None, Where(user_id=owner.id))
    assert only.figures == both.figures
    assert only.hours is None
    assert 7000 < (only.figures.answered.median or 0) < 9500  # two hours
    sums = await messages.messages(owner, None, None, None)
    assert sums.figures.received == 1
    then = [day.replace(year=day.year + 1) for day in (sums.period.first, sums.period.last)]
    assert (await messages.messages(owner, *then, None, beside=Comparison.YEAR)).before == sums.figures
    assert (await messages.messages(owner, *then, None)).before.received == 0


def test_a_year_before_the_29th_of_february() -> None:
    leap = Period(date(2028, 2, 29), date(2028, 3, 1), "UTC", now(), Comparison.YEAR)
    assert (leap.before.first, leap.before.last) == (date(2027, 2, 28), date(2027, 3, 1))
    assert leap._replace(beside=Comparison.PREVIOUS).before[:2] == (date(2028, 2, 27), date(2028, 2, 28))


async def test_campaigns_of_a_period(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await factories.channel(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi")
    await owner_db.execute("update campaign set started_at = now() where id = $1", campaign)
    found = await campaigns.campaigns(owner, None, None, channel)
    assert ([one.id for one in found.items], found.total) == ([campaign], 1)
    assert (await campaigns.campaigns(owner, date(2020, 1, 1), date(2020, 1, 5), None)).items == []
    later = found.period.last + timedelta(days=30)
    assert (await campaigns.campaigns(owner, later - timedelta(days=29), later, channel)).before.campaigns == 1
    with pytest.raises(Invalid):
        await campaigns.campaigns(owner, date(2020, 1, 1), date(2021, 12, 1), None)
    with pytest.raises(Forbidden):
        await messages.messages(msgspec.structs.replace(owner, permissions=ROLE_PERMISSIONS[Role.AGENT]), None, None, None)


def test_times_are_within_what_is_said() -> None:
    dice = random.Random(4)
    took = sorted(round(dice.lognormvariate(5, 1.5)) for _ in range(999))
    bins = Counter(1 + int(log(seconds + 1) / 0.25) for seconds in took)
    found = times(bins, sum(took))
    assert found.amount == 999
    assert found.mean == sum(took) / 999
    assert found.median == pytest.approx(took[499], rel=0.13)
    assert found.most == pytest.approx(took[899], rel=0.13)
    assert times({0: 4}, 0).median is None
