"""Our reactions to what people wrote: each leaves once, and the last that was chosen is the one that stands."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.contacts.actions import create_contact
from db.conversations import actions
from db.errors import Conflict, Invalid, NotFound
from db.messages import conversation, ledger, reactions
from db.messages.content import Reaction
from db.messages.emoji import is_emoji
from db.messages.enums import AttemptState
from db.messages.enums import MessageState as M
from db.messages.errors import MessageError, ReplyError, ReplyField
from db.messages.ledger import Result
from db.messages.replies import TextReply
from db.permissions import Permission
from db.stats import check
from db.tenancy import Actor
from db.work import system_read, work
from tests import factories
from tests.db.conversations.test_conversations import PHONE, Scene


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    channel = await factories.channel(owner_db, owner)
    contact = (await create_contact(owner, name="Ana Lima", phone=PHONE, tag_names=[], custom={}))["id"]
    return Scene(owner, channel, contact)


class Asked:
    """A message of the person, and what became of our reactions to it."""

    def __init__(self, scene: Scene, db: asyncpg.Connection, message: UUID) -> None:
        self.scene, self.db, self.message = scene, db, message

    async def react(self, emoji: str | None) -> list[tuple[str | None, str | None]]:
        """Emoji and state of each reaction that stands under the message then."""
        found = await actions.react(self.scene.owner, (await self.scene.the()).id, self.message, emoji)
        return [(one.emoji, one.state) for one in found.reactions]

    async def rows(self) -> list[tuple[str | None, M]]:
        rows = await self.db.fetch(
            "select content->>'emoji' as emoji, state from message where company_id = $1 and reacts_to is not null order by id",
            self.scene.owner.company_id,
        )
        return [(row["emoji"], M(row["state"])) for row in rows]

    async def becomes(self, state: M, **columns: object) -> None:
        """The newest reaction is in this state."""
        more = "".join(f", {name} = ${number}" for number, name in enumerate(columns, 3))
        await self.db.execute(
            f"update message set state = $2::smallint{more}"
            " where id = (select id from message where company_id = $1 and reacts_to is not null order by id desc limit 1)",
            self.scene.owner.company_id, int(state), *columns.values(),
        )  # fmt: skip


@pytest.fixture
async def asked(scene: Scene, owner_db: asyncpg.Connection) -> Asked:
    await scene.wrote(1, "Chegou, obrigada!")
    message = await scene.wrote(2, "Amei", key="wamid.asked")
    assert message is not None
    return Asked(scene, owner_db, message)


async def test_a_reaction_is_queued_once_and_gives_way_to_the_next(asked: Asked) -> None:
    assert await asked.react("👍") == [("👍", "queued")]
    assert await asked.react("👍") == [("👍", "queued")]
    assert await asked.rows() == [("👍", M.QUEUED)]
    assert await asked.react("❤️") == [("❤️", "queued")]
    assert await asked.rows() == [("👍", M.CANCELLED), ("❤️", M.QUEUED)]
    assert await asked.react(None) == []
    assert await asked.react(None) == []
    assert await asked.rows() == [("👍", M.CANCELLED), ("❤️", M.CANCELLED)]  # nothing had gone: nothing is taken back


async def test_what_went_is_changed_and_taken_back_by_another_message(asked: Asked) -> None:
    await asked.react("👍")
    await asked.becomes(M.SENT)
    assert await asked.react("👍") == [("👍", "sent")]
    assert await asked.react(None) == []
    assert await asked.rows() == [("👍", M.SENT), (None, M.QUEUED)]
    assert await asked.react("👍") == [("👍", "sent")]  # it stands there still
    assert await asked.rows() == [("👍", M.SENT), (None, M.CANCELLED)]
    tried = "select bool_or(requeue_allowed) from message where company_id = $1 and reacts_to is not null"
    assert await asked.db.fetchval(tried, asked.scene.owner.company_id) is False


async def test_the_next_waits_for_one_that_is_just_being_sent(asked: Asked) -> None:
    await asked.react("👍")
    until = await asked.db.fetchval("select now() + interval '40 seconds'")
    await asked.becomes(M.SENDING, lease_until=until)
    assert await asked.react("😂") == [("😂", "queued")]
    next_at = "select next_at from message where company_id = $1 and content->>'emoji' = '😂'"
    assert await asked.db.fetchval(next_at, asked.scene.owner.company_id) == until


async def test_one_that_was_replaced_on_its_way_and_is_to_be_tried_again_is_cancelled(asked: Asked) -> None:
    await asked.react("👍")
    scene = asked.scene
    async with work(scene.owner, Permission.CAMPAIGNS_SEND) as w:
        [sending] = await ledger.claim(w, scene.channel, scene.channel, limit=1, units=1)
    await asked.react("😂")
    again = Result(sending.message_id, sending.epoch, sending.attempt_id, M.QUEUED, AttemptState.REJECTED, reason="rate_limited", retry_in=1.0)  # fmt: skip
    async with work(scene.owner, Permission.CAMPAIGNS_SEND) as w:
        await ledger.finish(w, [again], horizon=900.0)
    row = await asked.db.fetchrow("select state, reason, done_at from message where id = $1", sending.message_id)
    assert row is not None
    assert (row["state"], row["reason"], row["done_at"] is not None) == (M.CANCELLED, None, True)


async def test_one_that_did_not_go_or_of_which_nobody_knows_is_sent_anew(asked: Asked) -> None:
    await asked.react("👍")
    await asked.becomes(M.FAILED, reason="window_closed")
    assert await asked.react("👍") == [("👍", "queued")]
    await asked.becomes(M.FAILED_UNKNOWN)
    assert await asked.react("👍") == [("👍", "queued")]
    assert await asked.rows() == [("👍", M.FAILED), ("👍", M.FAILED_UNKNOWN), ("👍", M.QUEUED)]
    await asked.becomes(M.SENT)
    assert await asked.react("👍") == [("👍", "sent")]
    await asked.react(None)
    await asked.becomes(M.FAILED)
    assert await asked.react("👍") == [(None, "failed"), ("👍", "sent")]  # it is there still, because that did not go


async def test_two_people_at_once_react_once(asked: Asked) -> None:
    await asyncio.gather(*(asked.react("🙏") for _ in range(4)))
    assert await asked.rows() == [("🙏", M.QUEUED)]


async def test_both_sides_stand_under_the_message_and_nobody_was_answered(asked: Asked) -> None:
    await asked.scene.wrote(3, content=Reaction(target_id="wamid.asked", emoji="😮"), key="r1")
    await asked.scene.wrote(5, content=Reaction(target_id="wamid.asked", emoji="😢"), key="r3")
    await asked.scene.wrote(4, content=Reaction(target_id="wamid.asked", emoji=None), key="r2")  # told late
    before = await asked.scene.the()
    assert sorted(emoji or "" for emoji, _state in await asked.react("👍")) == sorted(["👍", "😢"])
    after = await asked.scene.the()
    assert (after.unread, after.waiting_since, after.first_reply_at, after.last_at) == (
        before.unread,
        before.waiting_since,
        None,
        before.last_at,
    )
    entries = await conversation.messages(asked.scene.owner, asked.scene.contact, before=None, limit=20)
    [ours] = [one for one in entries if one.direction == "out"]
    assert (ours.kind, ours.content, ours.text) == ("reaction", Reaction(target_id="wamid.asked", emoji="👍"), "👍")


async def test_reactions_are_in_no_figure(asked: Asked) -> None:
    await asked.react("👍")
    await asked.becomes(M.SENT, sent_at=await asked.db.fetchval("select now()"))
    company = asked.scene.owner.company_id
    assert await asked.db.fetchval("select count(*) from stat_delta where company_id = $1 and metric = 1", company) == 0
    async with system_read() as s:
        assert await check.differences(s, company) == []


async def test_what_cannot_be_reacted_to(asked: Asked, owner_db: asyncpg.Connection) -> None:
    scene, conversation_id = asked.scene, (await asked.scene.the()).id
    reacted = await scene.wrote(3, content=Reaction(target_id="wamid.asked", emoji="😮"))
    ours = await actions.reply(scene.owner, conversation_id, TextReply("Que bom!"))
    for target in (reacted, ours.id, uuid4()):
        assert target is not None
        with pytest.raises(NotFound):
            await actions.react(scene.owner, conversation_id, target, "👍")
    for text in ("ok", "👍👍", ":)", "1", " "):
        with pytest.raises(Invalid) as odd:
            await actions.react(scene.owner, conversation_id, asked.message, text)
        assert [(each.path, each.code) for each in odd.value.fields] == [("emoji", ReplyField.NOT_AN_EMOJI)]
    await owner_db.execute(
        "update inbound_message set received_at = received_at - interval '2 days' where company_id = $1", scene.owner.company_id
    )
    with pytest.raises(Conflict) as late:
        await asked.react("👍")
    assert late.value.code is MessageError.WINDOW_CLOSED
    sms = Scene(scene.owner, await factories.channel(owner_db, scene.owner, "sms"), scene.contact)
    message = await sms.wrote(4, key="SM1")
    assert message is not None
    with pytest.raises(Conflict) as refused:
        async with work(scene.owner, Permission.CONVERSATIONS_WRITE) as w:
            await reactions.react(w, scene.contact, sms.channel, message, "👍")
    assert refused.value.code is ReplyError.REACTION_NOT_TAKEN


@pytest.mark.parametrize("text", ["👍", "👍🏽", "❤️", "❤", "👨‍👩‍👧‍👦", "🇧🇷", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☎️", "🏳️‍🌈", "©️"])
def test_one_sign_is_an_emoji(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize("text", ["", "a", "👍👍", "👍 ", "7", "🇧", "‍", "️", "👍a", "<b>"])
def test_what_is_no_emoji(text: str) -> None:
    assert not is_emoji(text)
