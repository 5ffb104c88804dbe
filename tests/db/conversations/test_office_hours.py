"""When it is open, what is said by itself when it is not, and that nothing is said twice or to a machine for ever."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest

from db.accounts import profile
from db.clock import now
from db.contacts import consent
from db.contacts.actions import create_contact
from db.conversations import actions, away, late, office_hours, thread
from db.conversations.enums import AssignmentStrategy
from db.conversations.hours import OfficeHours, OpenHours
from db.conversations.teams import Team, change_team, create_team
from db.errors import Invalid, PreconditionFailed
from db.messages.content import Text
from db.messages.inbound import Inbound, store
from db.messages.replies import TextReply
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work
from tests import factories
from tests.db.conversations.test_conversations import PHONE, Scene

ZONE = ZoneInfo("America/Sao_Paulo")  # three hours behind
WEEK = [OpenHours(day, 540, 1080) for day in range(5)]
HOURS = OfficeHours(True, WEEK, [date(2026, 3, 3)], "Fechado", 1, ZONE)
AWAY = "Voltamos amanhã."
UNSET = msgspec.UNSET
MANUAL = AssignmentStrategy.MANUAL


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In March 2026, by the company's clock; the 2nd is a Monday, the 3rd a holiday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def test_hours_are_of_the_companys_clock() -> None:
    assert HOURS.closed_since(at(2, 9)) is None
    assert HOURS.closed_since(at(2, 17, 59)) is None
    assert HOURS.closed_since(at(2, 18)) == at(2, 18)
    assert HOURS.closed_since(at(4, 8)) == at(2, 18)  # the holiday between
    assert HOURS.closed_since(at(8, 12)) == at(6, 18)
    assert HOURS.seconds(at(2, 17), at(4, 10)) == 2 * 3600
    assert HOURS.seconds(at(7, 1), at(8, 23)) == 0
    assert HOURS.after(at(2, 17, 50), 15) == at(4, 9, 5)
    always = HOURS._replace(enabled=False)
    assert always.closed_since(at(8, 3)) is None
    assert always.seconds(at(7, 1), at(7, 2)) == 3600
    assert always.after(at(7, 1), 15) == at(7, 1, 15)
    never = HOURS._replace(hours=[])
    assert never.closed_since(at(2, 9)) == never.closed_since(at(5, 9)) is not None
    assert never.after(at(2, 9), 1) is None
    whole = HOURS._replace(hours=[OpenHours(day, 0, 1440) for day in range(7)], holidays=[])
    assert whole.closed_since(at(5, 0)) is None
    assert whole.seconds(at(5, 23), at(6, 1)) == 7200


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    """Of a company that is closed now, with something to say."""
    channel = await factories.channel(owner_db, owner)
    contact = (await create_contact(owner, name="Ana Lima", phone=PHONE, tag_names=[], custom={}))["id"]
    await office_hours.change(owner, enabled=True, hours=[], holidays=UNSET, away_text=AWAY)
    return Scene(owner, channel, contact)


async def writes(scene: Scene, key: str, text: str = "Oi", ago: timedelta = timedelta(0), *, history: bool = False) -> bool:
    """The person writes, and what is considered then is done. Returns whether they are told."""
    company = scene.owner.company_id
    async with work(scene.owner, Permission.CONTACTS_WRITE) as w:
        message = Inbound(scene.channel, scene.contact, key, PHONE, Text(text=text), now() - ago, history=history)
        stored = await store(w, message)
        assert stored is not None
        if stored.conversation_id is None:
            return False
        await away.consider(w, stored.conversation_id, stored.id)
    return await away.say(company, stored.conversation_id, stored.id)


async def said(scene: Scene) -> list[str]:
    found = await thread.entries(scene.owner, (await scene.the()).id)
    return [each.message.text for each in found if each.message is not None and each.message.automatic]


async def test_it_is_said_once_for_a_closed_time_and_what_waits_goes_on_waiting(
    scene: Scene, owner_db: asyncpg.Connection
) -> None:
    assert await writes(scene, "one")
    last = (await scene.the()).last
    assert last is not None
    assert last.text == AWAY
    assert not await writes(scene, "two")
    found = await scene.the()
    assert (await said(scene), found.unread) == ([AWAY], 2)
    assert found.waiting_since is not None
    assert found.first_reply_at is None
    queued = await owner_db.fetch("select name from job where company_id = $1 and name = 'SayAway'", scene.owner.company_id)
    assert len(queued) >= 1
    await actions.reply(scene.owner, found.id, TextReply("Oi!"))
    assert not await writes(scene, "three")
    for number in range(4):  # other closed times of the same day
        await owner_db.execute("update conversation set away_since = '2020-01-01' where id = $1", found.id)
        await writes(scene, f"again-{number}")
    assert len(await said(scene)) == away.MOST


async def test_it_is_not_said_when_nobody_would_want_it(scene: Scene, owner_db: asyncpg.Connection) -> None:
    assert not await writes(scene, "history", history=True)
    assert not await writes(scene, "late", ago=timedelta(hours=2))
    assert not await writes(scene, "machine", AWAY)  # it says what we say
    async with work(scene.owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [scene.contact], "person")
    await owner_db.execute("update contact set opted_out_at = now() + interval '1 hour' where id = $1", scene.contact)
    assert not await writes(scene, "out")
    assert await said(scene) == []


async def test_open_hours_say_nothing(scene: Scene) -> None:
    always = [OpenHours(day, 0, 1440) for day in range(7)]
    await office_hours.change(scene.owner, enabled=True, hours=always, holidays=UNSET, away_text=UNSET)
    assert not await writes(scene, "one")
    await office_hours.change(scene.owner, enabled=False, hours=[], holidays=UNSET, away_text=UNSET)
    assert not await writes(scene, "two")
    await office_hours.change(scene.owner, enabled=True, hours=UNSET, holidays=UNSET, away_text=" ")
    assert not await writes(scene, "three")
    assert await said(scene) == []


async def test_the_first_answer_is_measured_in_open_hours(scene: Scene) -> None:
    await profile.change_company(scene.owner, name=None, language=None, time_zone=None, country=None, answer_target=5)
    await scene.wrote(1)
    found = await scene.the()
    await actions.reply(scene.owner, found.id, TextReply("Oi!"))
    answered = await scene.the()
    assert (found.answer_due_at, answered.first_reply_seconds) == (None, 0)
    await office_hours.change(scene.owner, enabled=False, hours=UNSET, holidays=UNSET, away_text=UNSET)
    measured = (await scene.the()).first_reply_seconds
    assert measured is not None
    assert measured > 6000


async def test_hours_of_a_team_count_for_its_conversations(scene: Scene, owner_db: asyncpg.Connection) -> None:
    await profile.change_company(scene.owner, name=None, language=None, time_zone=None, country=None, answer_target=5)
    always = [OpenHours(day, 0, 1440) for day in range(7)]
    team = await create_team(
        scene.owner, name="Suporte", strategy=MANUAL, member_ids=[], channel_ids=[scene.channel], hours=always
    )
    assert not await writes(scene, "one")
    assert (await scene.the()).answer_due_at is not None
    await owner_db.execute("update conversation set unanswered_at = array[now() - interval '10 minutes']")
    async with read(scene.owner, Permission.CONVERSATIONS_READ) as r:
        assert await late.count(r, scene.owner.company_id) == 1
    team = await change(scene.owner, team, hours=[], away_text=" O suporte volta logo. ")
    assert await writes(scene, "two")
    assert (await said(scene), (await scene.the()).answer_due_at) == (["O suporte volta logo."], None)
    async with read(scene.owner, Permission.CONVERSATIONS_READ) as r:
        assert await late.count(r, scene.owner.company_id) == 0
    await owner_db.execute("update conversation set away_since = null")
    team = await change(scene.owner, team, away_text="")
    assert await writes(scene, "three")
    assert await said(scene) == [AWAY, "O suporte volta logo."]
    with pytest.raises(Invalid):
        await change(scene.owner, team, hours=[OpenHours(0, 600, 600)])
    assert (await change(scene.owner, team, hours=None)).hours is None


async def change(owner: Actor, team: Team, **wanted: Any) -> Team:
    same = {"name": UNSET, "strategy": UNSET, "member_ids": UNSET, "channel_ids": UNSET}
    return await change_team(owner, team.id, **same, **wanted)


async def test_what_the_company_does_not_use_now_holds_for_no_team(scene: Scene) -> None:
    monday = date(2026, 3, 2)
    await office_hours.change(scene.owner, enabled=False, hours=UNSET, holidays=[monday], away_text=UNSET)
    made = await create_team(scene.owner, name="Suporte", strategy=MANUAL, member_ids=[], channel_ids=[], hours=WEEK)
    async with read(scene.owner, Permission.CONVERSATIONS_READ) as r:
        found = (await office_hours.all_of(r, scene.owner.company_id)).of(made.id)
        assert (found.closed_since(at(2, 10)), found.away_text) == (None, "")
    await office_hours.change(scene.owner, enabled=True, hours=UNSET, holidays=UNSET, away_text=UNSET)
    async with read(scene.owner, Permission.CONVERSATIONS_READ) as r:
        found = await office_hours.of_team(r, scene.owner.company_id, made.id)
        assert (found.closed_since(at(2, 10)) is not None, found.away_text) == (True, AWAY)
        assert (await office_hours.of_team(r, scene.owner.company_id, None)).hours == []


async def test_hours_that_make_no_sense_are_refused(scene: Scene) -> None:
    for odd in ([OpenHours(0, 600, 600)], [OpenHours(0, 540, 720), OpenHours(0, 700, 1080)]):
        with pytest.raises(Invalid):
            await office_hours.change(scene.owner, enabled=True, hours=odd, holidays=UNSET, away_text=UNSET)
    before = await office_hours.office_hours(scene.owner)
    changed = await office_hours.change(
        scene.owner, enabled=True, hours=[OpenHours(2, 0, 9), OpenHours(0, 0, 9)], holidays=[date(2026, 12, 25)] * 2, away_text="Oi"
    )  # fmt: skip
    assert ([one.weekday for one in changed.hours], changed.holidays) == ([0, 2], [date(2026, 12, 25)])
    with pytest.raises(PreconditionFailed):
        await office_hours.change(
            scene.owner, enabled=False, hours=UNSET, holidays=UNSET, away_text=UNSET, expected=frozenset({before.version})
        )


async def test_the_channel_is_held_before_the_person(scene: Scene, owner_db: asyncpg.Connection) -> None:
    async with work(scene.owner, Permission.CONTACTS_WRITE) as w:
        stored = await store(w, Inbound(scene.channel, scene.contact, "one", PHONE, Text(text="Oi"), now()))
    assert stored is not None
    assert stored.conversation_id is not None
    act = away.say(scene.owner.company_id, stored.conversation_id, stored.id)
    await factories.channel_comes_first(owner_db, scene.channel, scene.contact, act)
    assert await said(scene) == [AWAY]
