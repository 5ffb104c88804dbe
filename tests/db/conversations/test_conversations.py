"""What becomes of a conversation: what waits, what is the last message, what opens it, and who may answer at once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.clock import now
from db.contacts.actions import create_contact, delete_contact
from db.conversations import actions, queries, thread
from db.conversations.actions import Change
from db.conversations.enums import AssignmentStrategy, ConversationState, ConversationView, LineKind
from db.conversations.queries import Conversation, Filter
from db.conversations.teams import create_team
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.messages import answers, echoes, inbound
from db.messages.content import Edit, MessageContent, Reaction, Referral, Text
from db.messages.echoes import Echo
from db.messages.enums import MessageOrigin
from db.messages.inbound import Inbound
from db.messages.replies import TextReply
from db.permissions import Permission, Role
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.api.conftest import make_member

T0 = now().replace(microsecond=0) - timedelta(hours=2)
PHONE = "+5511987654321"


class Scene:
    """One person on one WhatsApp number."""

    def __init__(self, owner: Actor, channel: UUID, contact: UUID) -> None:
        self.owner, self.channel, self.contact = owner, channel, contact

    async def wrote(self, minute: int, text: str = "Oi", *, key: str | None = None, **more: object) -> UUID | None:
        """The person wrote so many minutes after T0."""
        content: MessageContent = more.pop("content", None) or Text(text=text)  # type: ignore[assignment]
        async with work(self.owner, Permission.CONTACTS_WRITE) as w:
            stored = await inbound.store(
                w,
                Inbound(
                    self.channel,
                    self.contact,
                    key or f"in-{minute}",
                    PHONE,
                    content,
                    T0 + timedelta(minutes=minute),
                    **more,  # type: ignore[arg-type]
                ),
            )
        return stored.id if stored else None

    async def phoned(self, minute: int, *, origin: MessageOrigin = MessageOrigin.PHONE_APP) -> None:
        """Somebody of the company wrote on their phone."""
        async with work(self.owner, Permission.CONTACTS_WRITE) as w:
            at = T0 + timedelta(minutes=minute)
            await echoes.store(w, Echo(self.channel, self.contact, f"echo-{minute}", PHONE, Text(text="Já vou"), at, origin))

    async def the(self) -> Conversation:
        """The only conversation."""
        [found] = await queries.of_contact(self.owner, self.contact)
        return found

    async def lines(self) -> list[LineKind]:
        """Oldest first."""
        found = await thread.entries(self.owner, (await self.the()).id)
        return [entry.line.kind for entry in reversed(found) if entry.line is not None]


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    channel = await factories.channel(owner_db, owner)
    contact = (await create_contact(owner, name="Ana Lima", phone=PHONE, tag_names=[], custom={}))["id"]
    return Scene(owner, channel, contact)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


async def test_a_message_opens_a_conversation_and_waits(scene: Scene) -> None:
    await scene.wrote(1, "Oi")
    await scene.wrote(2, "Alguém?")
    await scene.wrote(2, "Alguém?")  # told twice
    found = await scene.the()
    assert (found.state, found.unread, found.waiting_since) == (ConversationState.OPEN, 2, T0 + minutes(1))
    assert found.last is not None
    assert (found.last.text, found.last_at, found.last_inbound_at) == ("Alguém?", T0 + minutes(2), T0 + minutes(2))
    assert found.window_until == T0 + minutes(2) + timedelta(hours=24)
    assert (found.opened_at, found.closed_at, found.first_reply_at, found.address) == (T0 + minutes(1), None, None, PHONE)


async def test_an_older_message_that_comes_late_waits_but_is_not_the_last(scene: Scene) -> None:
    await scene.wrote(5, "nova")
    await scene.wrote(1, "velha")
    found = await scene.the()
    assert found.last is not None
    assert (found.last.text, found.unread, found.waiting_since, found.opened_at) == ("nova", 2, T0 + minutes(1), T0 + minutes(1))


async def test_reactions_and_edits_wait_for_nobody(scene: Scene) -> None:
    await scene.wrote(1, "Oi")
    before = await scene.the()
    await scene.wrote(2, content=Reaction(target_id="in-1", emoji="❤"), key="r")
    await scene.wrote(3, content=Edit(target_id="in-1", content=Text(text="Olá")), key="e")
    assert await scene.the() == before


async def test_history_is_past(scene: Scene) -> None:
    await scene.wrote(1, "antiga", history=True)
    await scene.phoned(2, origin=MessageOrigin.HISTORY)
    found = await scene.the()
    assert (found.state, found.unread, found.waiting_since, found.closed_at) == (ConversationState.CLOSED, 0, None, None)
    assert (found.last_at, found.last_inbound_at) == (T0 + minutes(2), T0 + minutes(1))
    await scene.wrote(10)
    found = await scene.the()
    assert (found.state, found.unread, found.opened_at) == (ConversationState.OPEN, 1, T0 + minutes(10))
    assert await scene.lines() == []


@pytest.mark.parametrize("late", [False, True])
async def test_an_answer_on_the_phone_is_a_human_at_work(scene: Scene, late: bool) -> None:
    async def heard() -> None:
        await scene.wrote(1)

    async def answered() -> None:
        await scene.phoned(3)
        await scene.phoned(4)

    for step in (answered, heard) if late else (heard, answered):
        await step()
    await scene.wrote(6)
    found = await scene.the()
    assert (found.state, found.unread, found.waiting_since) == (ConversationState.OPEN, 1, T0 + minutes(6))
    assert found.first_reply_at == T0 + minutes(3)


async def test_what_the_phone_begins_stays_closed_until_it_is_answered(scene: Scene) -> None:
    await scene.phoned(1)
    assert (await scene.the()).state is ConversationState.CLOSED
    await scene.wrote(5)
    found = await scene.the()
    assert (found.state, found.opened_at, found.first_reply_at) == (ConversationState.OPEN, T0 + minutes(5), None)


async def test_an_answer_ends_the_waiting_and_begins_the_clock_of_the_first(scene: Scene) -> None:
    await scene.wrote(1)
    sent = await actions.reply(scene.owner, (await scene.the()).id, TextReply("Já olho"))
    found = await scene.the()
    assert (found.unread, found.waiting_since, found.first_reply_at) == (0, None, sent.at)
    assert found.last is not None
    assert (found.last.id, found.last.direction, found.last.state) == (sent.id, "out", "queued")
    await actions.reply(scene.owner, found.id, TextReply("Aqui está"))
    assert (await scene.the()).first_reply_at == sent.at
    # Who answers before a message arrives has not seen it, whatever its time.
    await scene.wrote(2)
    assert (await scene.the()).unread == 1


async def test_a_campaign_makes_no_conversation_and_its_reply_names_it(scene: Scene, owner_db: asyncpg.Connection) -> None:
    campaign = await factories.campaign(owner_db, scene.owner, scene.channel, body="Oi", name="Natal")
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, sent_at)"
        " values ($1, $2, $3, $3, $4, $5, $6, 3, $7)",
        scene.owner.company_id, scene.channel, campaign, scene.contact, PHONE, f"{campaign}:{scene.contact}", T0,
    )  # fmt: skip
    assert await queries.of_contact(scene.owner, scene.contact) == []
    await scene.wrote(5)
    await scene.wrote(6, referral=Referral(headline="Anúncio", source_id="ad1"), key="ad")
    found = await scene.the()
    assert found.first_touch is not None
    assert found.last_touch is not None
    assert (found.first_touch.campaign_id, found.first_touch.campaign_name) == (campaign, "Natal")
    assert found.last_touch.referral is not None
    assert found.last_touch.referral.headline == "Anúncio"


async def test_closed_and_snoozed_ones_open_again_in_the_same_place(scene: Scene, owner_db: asyncpg.Connection) -> None:
    await scene.wrote(1)
    first = await scene.the()
    closed = await actions.change(scene.owner, first.id, Change(state=ConversationState.CLOSED))
    assert (closed.state, closed.unread, closed.waiting_since) == (ConversationState.CLOSED, 0, None)
    assert closed.closed_at is not None
    await scene.wrote(1)  # told again: nothing new
    assert (await scene.the()).state is ConversationState.CLOSED
    await owner_db.execute("update conversation set closed_at = closed_at - interval '1 hour' where id = $1", first.id)
    await scene.wrote(130)
    again = await scene.the()
    assert (again.id, again.state, again.opened_at, again.closed_at) == (
        first.id,
        ConversationState.OPEN,
        T0 + minutes(130),
        None,
    )
    until = now() + timedelta(hours=1)
    snoozed = await actions.change(scene.owner, first.id, Change(snoozed_until=until))
    assert (snoozed.state, snoozed.snoozed_until) == (ConversationState.SNOOZED, until)
    await scene.wrote(131)
    assert (await scene.the()).state is ConversationState.OPEN
    assert await scene.lines() == [LineKind.CLOSED, LineKind.REOPENED, LineKind.SNOOZED, LineKind.REOPENED]


async def test_a_snooze_needs_a_time_to_come(scene: Scene) -> None:
    await scene.wrote(1)
    conversation = (await scene.the()).id
    for wanted in (Change(state=ConversationState.SNOOZED), Change(snoozed_until=T0)):
        with pytest.raises(Invalid):
            await actions.change(scene.owner, conversation, wanted)


async def test_snoozed_ones_come_back(scene: Scene, owner_db: asyncpg.Connection) -> None:
    await scene.wrote(1)
    conversation = (await scene.the()).id
    await actions.change(scene.owner, conversation, Change(snoozed_until=now() + timedelta(hours=1)))
    async with work(scene.owner, Permission.CONVERSATIONS_WRITE) as w:
        assert await actions.wake_snoozed(w) == 0
    await owner_db.execute("update conversation set snoozed_until = now() - interval '1 second' where id = $1", conversation)
    async with work(scene.owner, Permission.CONVERSATIONS_WRITE) as w:
        assert await actions.wake_snoozed(w) == 1
    found = await scene.the()
    assert (found.state, found.snoozed_until) == (ConversationState.OPEN, None)


async def test_the_second_of_two_answers_sees_the_first(scene: Scene, owner_db: asyncpg.Connection) -> None:
    seen = await scene.wrote(1)
    conversation = (await scene.the()).id
    bia, caio = [await make_member(owner_db, scene.owner, Role.AGENT) for _ in range(2)]
    first = await actions.reply(bia, conversation, TextReply("Já olho"), seen=seen)
    with pytest.raises(Conflict) as refused:
        await actions.reply(caio, conversation, TextReply("Posso ajudar?"), seen=seen)
    assert (refused.value.code, refused.value.params) == ("someone_answered", {"seen": str(first.id)})
    assert await owner_db.fetchval("select count(*) from message where company_id = $1", scene.owner.company_id) == 1
    await actions.reply(bia, conversation, TextReply("Um minuto"), seen=seen)  # one's own answer stops nobody
    newest = (await thread.entries(caio, conversation))[0]
    await actions.reply(caio, conversation, TextReply("Posso ajudar?"), seen=newest.id)
    await scene.phoned(200)  # a colleague on the phone counts too
    with pytest.raises(Conflict):
        await actions.reply(bia, conversation, TextReply("Alô"), seen=newest.id)


async def test_assignee_and_team_are_of_the_company(scene: Scene, owner_db: asyncpg.Connection, stranger: Actor) -> None:
    await scene.wrote(1)
    conversation = (await scene.the()).id
    viewer = await make_member(owner_db, scene.owner, Role.VIEWER)
    for wanted in (Change(assignee_id=stranger.id), Change(assignee_id=viewer.id), Change(team_id=uuid4())):
        with pytest.raises(Invalid):
            await actions.change(scene.owner, conversation, wanted)
    found = await actions.change(scene.owner, conversation, Change(assignee_id=scene.owner.id))
    assert found.assignee is not None
    assert found.assignee.id == scene.owner.id
    mine = await queries.conversations(scene.owner, Filter(ConversationView.MINE))
    assert [row.id for row in mine] == [conversation]
    assert await queries.conversations(scene.owner, Filter(ConversationView.UNASSIGNED)) == []


async def test_viewers_read_only_and_strangers_find_nothing(scene: Scene, owner_db: asyncpg.Connection, stranger: Actor) -> None:
    await scene.wrote(1)
    conversation = (await scene.the()).id
    viewer = await make_member(owner_db, scene.owner, Role.VIEWER)
    assert (await queries.conversation_of(viewer, conversation)).id == conversation
    acts: list[Callable[[Actor], Awaitable[object]]] = [
        lambda actor: actions.change(actor, conversation, Change(state=ConversationState.CLOSED)),
        lambda actor: actions.reply(actor, conversation, TextReply("Oi")),
        lambda actor: actions.add_note(actor, conversation, "Oi", []),
        lambda actor: actions.mark_read(actor, conversation),
        lambda actor: actions.mark_unread(actor, conversation),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            await act(viewer)
        with pytest.raises(NotFound):
            await act(stranger)
    assert await queries.conversations(stranger, Filter(ConversationView.ALL)) == []


async def test_teams_give_by_turns_and_to_the_least_busy(scene: Scene, owner_db: asyncpg.Connection) -> None:
    members = [await make_member(owner_db, scene.owner, Role.AGENT) for _ in range(3)]
    ids = [member.id for member in members if member.id is not None]
    await create_team(
        scene.owner, name="Vendas", strategy=AssignmentStrategy.ROUND_ROBIN, member_ids=ids, channel_ids=[scene.channel]
    )
    given = []
    for number in range(6):
        contact = (await create_contact(scene.owner, name="", phone=f"+551198765000{number}", tag_names=[], custom={}))["id"]
        other = Scene(scene.owner, scene.channel, contact)
        await other.wrote(1, key=f"m-{number}")
        found = await other.the()
        assert found.team is not None
        assert found.assignee is not None
        given.append(found.assignee.id)
    assert sorted(given) == sorted(ids * 2)
    assert set(given[:3]) == set(ids)


async def test_nobody_waits_for_a_turn(scene: Scene, owner_db: asyncpg.Connection) -> None:
    member = await make_member(owner_db, scene.owner, Role.AGENT)
    assert member.id is not None
    await create_team(
        scene.owner, name="Vendas", strategy=AssignmentStrategy.LEAST_BUSY, member_ids=[member.id], channel_ids=[scene.channel]
    )
    async with owner_db.transaction():  # another transaction is giving them something
        await owner_db.execute("update team_member set assigned_at = now() where company_id = $1", scene.owner.company_id)
        await scene.wrote(1)
    found = await scene.the()
    assert found.assignee is not None
    assert found.assignee.id == member.id


async def test_who_left_has_no_conversations(scene: Scene, owner_db: asyncpg.Connection) -> None:
    from db.accounts import team

    agent = await make_member(owner_db, scene.owner, Role.AGENT)
    await scene.wrote(1)
    assert agent.id is not None
    await actions.change(scene.owner, (await scene.the()).id, Change(assignee_id=agent.id))
    await team.remove(scene.owner, agent.id)
    assert (await scene.the()).assignee is None


async def test_a_deleted_contact_takes_its_conversations_along(scene: Scene, owner_db: asyncpg.Connection) -> None:
    await scene.wrote(1)
    await actions.add_note(scene.owner, (await scene.the()).id, "Oi", [])
    await delete_contact(scene.owner, scene.contact)
    for table in ("conversation", "conversation_entry"):
        assert await owner_db.fetchval(f"select count(*) from {table} where company_id = $1", scene.owner.company_id) == 0


async def test_reading_keeps_what_came_after_what_was_seen(scene: Scene) -> None:
    seen = await scene.wrote(1)
    await scene.wrote(2)
    conversation = (await scene.the()).id
    assert (await actions.mark_read(scene.owner, conversation, seen)).unread == 1
    read = await actions.mark_read(scene.owner, conversation)
    assert (read.unread, read.waiting_since) == (0, T0 + minutes(1))
    assert (await actions.mark_unread(scene.owner, conversation)).unread == 1


async def test_the_thread_goes_both_ways(scene: Scene) -> None:
    for minute in range(1, 6):
        await scene.wrote(minute, str(minute))
    conversation = (await scene.the()).id
    await actions.add_note(scene.owner, conversation, "Oi", [])
    await answers.send(scene.owner, scene.contact, scene.channel, TextReply("Olá"))
    whole = await thread.entries(scene.owner, conversation)
    assert len(whole) == 7
    place = (whole[3].at, whole[3].id)
    older = await thread.entries(scene.owner, conversation, beyond=place, limit=2)
    newer = await thread.entries(scene.owner, conversation, beyond=place, direction="newer", limit=2)
    assert [entry.id for entry in older] == [entry.id for entry in whole[4:6]]
    assert [entry.id for entry in newer] == [whole[2].id, whole[1].id]


async def test_lists_are_searched_and_counted(scene: Scene) -> None:
    await scene.wrote(1)
    for text, there in (("ana lima", 1), ("98765", 1), ("bia", 0), ("%", 0)):
        assert len(await queries.conversations(scene.owner, Filter(search=text))) == there, text
    assert await queries.counts(scene.owner) == (1, 0, 1, 1, 0)
