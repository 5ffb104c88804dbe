"""What the team does and takes back: closing, answering what was seen, and leaving."""

from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from db.accounts import team as accounts
from db.clock import now
from db.contacts.actions import create_contact
from db.conversations import actions
from db.conversations.actions import Change
from db.conversations.enums import AssignmentStrategy, ConversationState, LineKind
from db.conversations.teams import change_team, create_team
from db.messages.replies import TextReply
from db.permissions import Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import make_member
from tests.db.conversations.test_conversations import PHONE, T0, Scene, minutes


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    channel = await factories.channel(owner_db, owner)
    contact = (await create_contact(owner, name="Ana Lima", phone=PHONE, tag_names=[], custom={}))["id"]
    return Scene(owner, channel, contact)


async def test_a_close_that_is_taken_back_was_none(scene: Scene, owner_db: asyncpg.Connection) -> None:
    await scene.wrote(1)
    await scene.wrote(2)
    before = await scene.the()
    for back in (Change(state=ConversationState.OPEN), Change(snoozed_until=now() + timedelta(hours=1))):
        await actions.change(scene.owner, before.id, Change(state=ConversationState.CLOSED))
        again = await actions.change(scene.owner, before.id, back)
        assert (again.unread, again.waiting_since, again.opened_at) == (2, before.waiting_since, before.opened_at)
    await actions.change(scene.owner, before.id, Change(state=ConversationState.CLOSED))
    await owner_db.execute("update conversation set closed_at = closed_at - interval '2 minutes' where id = $1", before.id)
    later = await actions.change(scene.owner, before.id, Change(state=ConversationState.OPEN))
    assert (later.unread, later.waiting_since) == (0, None)
    assert later.opened_at > before.opened_at


@pytest.mark.parametrize("how", ["here", "on a phone"])
async def test_what_was_answered_after_a_close_does_not_wait_when_it_is_taken_back(scene: Scene, how: str) -> None:
    await scene.wrote(1)
    conversation = (await scene.the()).id
    await actions.change(scene.owner, conversation, Change(state=ConversationState.CLOSED))
    if how == "here":
        await actions.reply(scene.owner, conversation, TextReply("Até logo"))
    else:
        await scene.phoned(2)
    found = await actions.change(scene.owner, conversation, Change(state=ConversationState.OPEN))
    assert (found.unread, found.waiting_since) == (0, None)


async def test_what_the_writer_did_not_see_waits_after_a_close_that_is_taken_back(scene: Scene) -> None:
    seen = await scene.wrote(1)
    await scene.wrote(2)
    conversation = (await scene.the()).id
    await actions.change(scene.owner, conversation, Change(state=ConversationState.CLOSED))
    await actions.reply(scene.owner, conversation, TextReply("Até logo"), seen=seen)
    found = await actions.change(scene.owner, conversation, Change(state=ConversationState.OPEN))
    assert (found.unread, found.waiting_since) == (1, T0 + minutes(2))


async def test_who_writes_right_after_a_close_goes_on_waiting(scene: Scene, owner_db: asyncpg.Connection) -> None:
    await scene.wrote(1)
    before = await scene.the()
    await actions.change(scene.owner, before.id, Change(state=ConversationState.CLOSED))
    await scene.wrote(2)
    found = await scene.the()
    assert (found.unread, found.waiting_since, found.opened_at) == (2, T0 + minutes(1), before.opened_at)
    undone = await actions.change(scene.owner, before.id, Change(state=ConversationState.OPEN))
    assert (undone.unread, undone.waiting_since) == (2, T0 + minutes(1))
    await actions.change(scene.owner, before.id, Change(state=ConversationState.CLOSED))
    await owner_db.execute("update conversation set closed_at = closed_at - interval '2 minutes' where id = $1", before.id)
    await scene.wrote(3)
    found = await scene.the()
    assert (found.unread, found.waiting_since) == (1, T0 + minutes(3))


async def test_an_answer_takes_away_what_its_writer_saw(scene: Scene) -> None:
    seen = await scene.wrote(1)
    await scene.wrote(2, "E mais uma coisa")
    conversation = (await scene.the()).id
    await actions.reply(scene.owner, conversation, TextReply("Já olho"), seen=seen)
    found = await scene.the()
    assert (found.unread, found.waiting_since) == (1, T0 + minutes(2))
    assert found.first_reply_at is not None
    await actions.reply(scene.owner, conversation, TextReply("E isso também"))
    found = await scene.the()
    assert (found.unread, found.waiting_since) == (0, None)


async def test_what_was_of_somebody_who_leaves_has_no_owner(scene: Scene, owner_db: asyncpg.Connection) -> None:
    bia, caio = [await make_member(owner_db, scene.owner, Role.AGENT) for _ in range(2)]
    assert bia.id is not None
    assert caio.id is not None
    team = await create_team(
        scene.owner, name="Vendas", strategy=AssignmentStrategy.MANUAL, member_ids=[bia.id, caio.id], channel_ids=[]
    )
    await scene.wrote(1)
    conversation = (await scene.the()).id
    await actions.change(scene.owner, conversation, Change(assignee_id=bia.id, team_id=team.id))
    members: dict[str, Any] = {"name": msgspec.UNSET, "strategy": msgspec.UNSET, "channel_ids": msgspec.UNSET}
    await change_team(scene.owner, team.id, member_ids=[bia.id], **members)
    assert (await scene.the()).assignee is not None
    await change_team(scene.owner, team.id, member_ids=[caio.id], **members)
    found = await scene.the()
    assert (found.assignee, found.team and found.team.id) == (None, team.id)
    assert (await scene.lines())[-1] is LineKind.UNASSIGNED
    for leave in (accounts.change_role(scene.owner, caio.id, Role.VIEWER), accounts.remove(scene.owner, caio.id)):
        await actions.change(scene.owner, conversation, Change(assignee_id=bia.id))
        await owner_db.execute("update conversation set assignee_id = $2 where id = $1", conversation, caio.id)
        await leave
        assert (await scene.the()).assignee is None
        assert (await scene.lines())[-1] is LineKind.UNASSIGNED
