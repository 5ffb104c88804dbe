"""Two contacts that become one, and are parted again: each has one conversation per channel at any time."""

from datetime import timedelta
from uuid import UUID

import asyncpg

from db.contacts import merges
from db.contacts.actions import create_contact
from db.contacts.enums import MergeReason
from db.conversations import actions, queries, thread
from db.conversations.actions import Change
from db.conversations.enums import ConversationState
from db.messages import inbound as received
from db.messages.content import Text
from db.messages.inbound import Inbound
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.contacts.test_identities import inbound
from tests.db.conversations.test_conversations import PHONE, T0


async def _wrote(owner: Actor, channel: UUID, contact: UUID, address: str, minute: int) -> None:
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        at = T0 + timedelta(minutes=minute)
        await received.store(w, Inbound(channel, contact, f"{address}-{minute}", address, Text(text=str(minute)), at))


async def _texts(owner: Actor, conversation: UUID) -> list[str]:
    return [entry.message.text for entry in await thread.entries(owner, conversation) if entry.message is not None]


async def test_merged_and_parted(owner: Actor, owner_db: asyncpg.Connection) -> None:
    both, hers = [await factories.channel(owner_db, owner) for _ in range(2)]
    known = (await create_contact(owner, name="Ana", phone=PHONE, tag_names=[], custom={}))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Ana L.")
    await _wrote(owner, both, known, PHONE, 1)
    await _wrote(owner, both, hidden, "B1", 2)
    await _wrote(owner, hers, hidden, "B1", 3)
    [first] = await queries.of_contact(owner, known)
    await actions.change(owner, first.id, Change(state=ConversationState.CLOSED))
    other = next(row for row in await queries.of_contact(owner, hidden) if row.channel_id == both)
    await actions.add_note(owner, other.id, "Cuidado", [])
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await merges.merge(w, known, hidden, MergeReason.PHONE_SHOWN)

    merged = {row.channel_id: row for row in await queries.of_contact(owner, known)}
    assert set(merged) == {both, hers}
    assert (merged[both].id, merged[both].state, merged[both].unread) == (first.id, ConversationState.OPEN, 1)
    assert await _texts(owner, first.id) == ["2", "1"]
    assert [entry.note.body for entry in await thread.entries(owner, first.id) if entry.note] == ["Cuidado"]
    await _wrote(owner, both, known, PHONE, 4)

    [merge] = await merges.merges(owner, known)
    assert await merges.undo(owner, known, merge.id) == hidden
    [ours] = await queries.of_contact(owner, known)
    theirs = {row.channel_id: row for row in await queries.of_contact(owner, hidden)}
    assert (ours.id, ours.unread, ours.last_at, ours.address) == (first.id, 1, T0 + timedelta(minutes=4), PHONE)
    assert set(theirs) == {both, hers}
    assert (theirs[both].unread, theirs[both].last_at, theirs[both].address) == (1, T0 + timedelta(minutes=2), "B1")
    assert (theirs[both].state, theirs[hers].unread) == (ConversationState.OPEN, 1)
    assert await _texts(owner, ours.id) == ["4", "1"]
    assert await _texts(owner, theirs[both].id) == ["2"]


async def test_a_past_without_conversations_gets_them(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await factories.channel(owner_db, owner)
    fresh = (await create_contact(owner, name="Ana", phone=PHONE, tag_names=[], custom={}))["id"]
    stale = (await create_contact(owner, name="Bia", phone="+5511987654322", tag_names=[], custom={}))["id"]
    await _wrote(owner, channel, fresh, PHONE, 1)
    await _wrote(owner, channel, stale, "+5511987654322", -60 * 24 * 9)
    before = await queries.of_contact(owner, fresh)
    await owner_db.execute("delete from conversation where company_id = $1", owner.company_id)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await w.fetchval("select make_conversations($1, null)", w.company_id) == 2
        assert await w.fetchval("select make_conversations($1, null)", w.company_id) == 0
    [made] = await queries.of_contact(owner, fresh)
    assert made._replace(id=before[0].id) == before[0]
    [old] = await queries.of_contact(owner, stale)
    assert (old.state, old.unread, old.waiting_since) == (ConversationState.CLOSED, 0, None)


async def test_a_reaction_of_ours_is_not_what_was_said_last(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await factories.channel(owner_db, owner)
    known = (await create_contact(owner, name="Ana", phone=PHONE, tag_names=[], custom={}))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Ana L.")
    await _wrote(owner, channel, known, PHONE, 1)
    await _wrote(owner, channel, hidden, "B1", 2)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await merges.merge(w, known, hidden, MergeReason.PHONE_SHOWN)
    [both] = await queries.of_contact(owner, known)
    for entry in await thread.entries(owner, both.id):
        if entry.message is not None:
            await actions.react(owner, both.id, entry.id, "👍")
    [merge] = await merges.merges(owner, known)
    await merges.undo(owner, known, merge.id)
    parted = {person: (await queries.of_contact(owner, person))[0] for person in (known, hidden)}
    assert [one.last_at for one in parted.values()] == [T0 + timedelta(minutes=minute) for minute in (1, 2)]
    assert all(one.waiting_since is not None for one in parted.values())

    await owner_db.execute("delete from conversation where company_id = $1", owner.company_id)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await w.fetchval("select make_conversations($1, null)", w.company_id) == 2
    made = {person: (await queries.of_contact(owner, person))[0] for person in (known, hidden)}
    assert [(one.last_at, one.unread) for one in made.values()] == [(one.last_at, 1) for one in parted.values()]
    await owner_db.execute("delete from conversation where company_id = $1", owner.company_id)
    await owner_db.execute("delete from inbound_message where company_id = $1", owner.company_id)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await w.fetchval("select make_conversations($1, null)", w.company_id) == 0  # nobody said anything
