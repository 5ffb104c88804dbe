"""What the first page says of sequences that stand still, and what a test key may not do while one takes people in."""

from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.cadences import actions, attention
from db.cadences.plan import Plan, Step, Tagged
from db.campaigns import home
from db.contacts import segments, tags
from db.contacts.filter import ContactFilter
from db.contacts.segment_rule import Group, Reachable
from db.errors import AppError, RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests.db.cadences.scene import EVERYBODY, Scene, ask, scene, wait


@pytest.fixture
async def s(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await scene(owner_db, owner)


async def tag(s: Scene) -> UUID:
    made: UUID = (await tags.create_tag(s.actor, f"vip {uuid4().hex[:8]}"))["id"]
    return made


async def told(s: Scene) -> list[tuple[UUID, str]]:
    return [(line["subject_id"], line["detail"]) for line in await attention.waiting(s.actor)]


@pytest.mark.parametrize("what", ["step_gone", "goal_gone", "entry_gone"])
async def test_what_was_deleted_is_told_until_it_is_mended(s: Scene, what: str) -> None:
    vip = await tag(s)
    question: list[Step] = [ask(Tagged(vip), [s.say("oi")], [])] if what == "step_gone" else []
    goal = Tagged(vip) if what == "goal_gone" else None
    entry = ContactFilter(tags=[vip]) if what == "entry_gone" else None
    steps = [s.say("um"), wait(), *question]
    cadence_id = await s.start(*steps, goal=goal, entry=entry)
    assert await told(s) == []
    await tags.delete_tag(s.actor, vip)
    assert await told(s) == [(cadence_id, what)]
    await actions.edit(s.actor, cadence_id, plan=Plan(steps=steps[:2]))
    assert await told(s) == [(cadence_id, what)], "people follow what was published"
    await actions.start(s.actor, cadence_id)
    assert await told(s) == []


async def test_a_segment_that_was_deleted_and_a_letter_that_stands_are_told(s: Scene) -> None:
    made = await segments.create(s.actor, f"Móvel {uuid4().hex[:8]}", Group(conditions=[Reachable(by="mobile")]))
    by_segment = await s.start(s.say("um"), entry=ContactFilter(segment_id=made["id"]))
    stands, paused = await s.start(s.say("dois")), await s.start(s.say("três"))
    await segments.delete(s.actor, made["id"], detach=True)
    await s.db.execute(
        "update campaign set state = 'paused', state_reason = 'template_missing' where cadence_id = any($1)", [stands, paused]
    )
    await actions.pause(s.actor, paused)
    assert set(await told(s)) == {(by_segment, "entry_gone"), (stands, "template_missing")}
    shown = (await home.figures(s.actor)).attention
    assert [line for line in shown if line["code"].startswith("campaign_")] == [], "a letter has no page of its own"


async def test_a_test_key_brings_nobody_into_a_sequence_of_a_real_channel(s: Scene) -> None:
    key = msgspec.structs.replace(s.actor, test=True)

    async def refused() -> bool:
        try:
            await tags.create_tag(key, f"x {uuid4().hex[:8]}")
        except AppError as error:
            return error.code is RequestError.TEST_KEY
        return False

    await s.db.execute("update channel set sandbox = true where id = $1", s.channel_id)
    await s.start(s.say("um"), entry=EVERYBODY)
    assert not await refused(), "the simulator's sequence may be tried"
    await s.db.execute("update channel set sandbox = false where id = $1", s.channel_id)
    assert await refused()
    vip = await tag(s)
    with pytest.raises(AppError) as error:
        async with work(key, Permission.CONTACTS_WRITE) as w:
            await tags.add_tags(w, [await s.contact("Pessoa 1")], [vip])
    assert error.value.code is RequestError.TEST_KEY
    by_hand = await s.start(s.say("dois"))
    for row in await s.db.fetch("select id from cadence where company_id = $1 and id <> $2", s.actor.company_id, by_hand):
        await actions.end(s.actor, row["id"])
    assert not await refused(), "nobody comes into it by themselves"
