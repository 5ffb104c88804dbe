"""How long people wait: who waits longest, by when they are to be answered, how long it took."""

import asyncpg

from db.accounts import profile
from db.contacts.actions import create_contact
from db.conversations import actions, queries
from db.conversations.actions import Change
from db.conversations.enums import ConversationState, ConversationView
from db.conversations.queries import Filter
from db.messages.replies import TextReply
from db.tenancy import Actor
from tests import factories
from tests.db.conversations.test_conversations import PHONE, T0, Scene, minutes

WAITING = Filter(ConversationView.WAITING)


async def test_who_waits_longest_stands_first_and_is_late_by_the_companys_target(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await factories.channel(owner_db, owner)
    people = []
    for number in range(4):
        contact = (await create_contact(owner, name=f"Bia {number}", phone=f"{PHONE[:-1]}{number}", tag_names=[], custom={}))[
            "id"
        ]
        people.append(Scene(owner, channel, contact))
    for number, minute in ((2, 1), (0, 2), (1, 3), (3, 4), (2, 9)):
        await people[number].wrote(minute, key=f"m{number}-{minute}")
    assert (await people[0].the()).answer_due_at is None
    await profile.change_company(owner, name=None, language=None, time_zone=None, country=None, answer_target=15)
    await actions.reply(owner, (await people[1].the()).id, TextReply("Oi!"))
    await actions.change(owner, (await people[3].the()).id, Change(state=ConversationState.CLOSED))
    rows = await queries.conversations(owner, WAITING)
    assert [(row.contact_name, row.answer_due_at) for row in rows] == [("Bia 2", T0 + minutes(16)), ("Bia 0", T0 + minutes(17))]
    first = rows[0]
    assert first.waiting_since is not None
    behind = await queries.conversations(owner, WAITING, before=(first.waiting_since, first.id))
    assert [row.contact_name for row in behind] == ["Bia 0"]
    found = await queries.conversations(owner, Filter(ConversationView.WAITING, search="bia"))
    assert [row.contact_name for row in found] == ["Bia 2", "Bia 0"]
    await profile.change_company(owner, name="Outra", language=None, time_zone=None, country=None)
    assert (await people[0].the()).answer_due_at is not None
    await profile.change_company(owner, name=None, language=None, time_zone=None, country=None, answer_target=None)
    assert (await people[0].the()).answer_due_at is None
