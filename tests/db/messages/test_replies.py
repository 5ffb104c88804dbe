"""What an answer may be: the message that it answers, and what a channel does not take."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.channels import actions as channels
from db.contacts.actions import create_contact
from db.conversations import actions
from db.errors import Conflict, Invalid, NotFound
from db.messages import answers
from db.messages.content import Context, Reaction
from db.messages.enums import MessageState
from db.messages.errors import ReplyError, ReplyField
from db.messages.replies import TextReply
from db.tenancy import Actor
from tests import factories
from tests.db.conversations.test_conversations import PHONE, Scene


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    channel = await factories.channel(owner_db, owner)
    contact = (await create_contact(owner, name="Ana Lima", phone=PHONE, tag_names=[], custom={}))["id"]
    return Scene(owner, channel, contact)


async def test_an_answer_names_the_message_that_it_answers(scene: Scene, owner_db: asyncpg.Connection) -> None:
    asked = await scene.wrote(1, "Tem no tamanho M?", key="wamid.asked")
    conversation = (await scene.the()).id
    first = await actions.reply(scene.owner, conversation, TextReply("Tem sim!"), reply_to=asked)
    assert (first.context, first.content) == (Context(provider_id="wamid.asked"), None)
    await owner_db.execute("update message set state = 3, provider_id = 'wamid.ours' where id = $1", first.id)
    second = await actions.reply(scene.owner, conversation, TextReply("E no G"), reply_to=first.id)
    assert second.context == Context(provider_id="wamid.ours")


async def test_only_a_message_of_the_conversation_that_was_said_is_answered(scene: Scene) -> None:
    await scene.wrote(1)
    reacted = await scene.wrote(2, content=Reaction(target_id="in-1", emoji="👍"))
    other = (await create_contact(scene.owner, name="Bia", phone="+5511987650000", tag_names=[], custom={}))["id"]
    theirs = await Scene(scene.owner, scene.channel, other).wrote(1, key="theirs")
    conversation = (await scene.the()).id
    waiting = await actions.reply(scene.owner, conversation, TextReply("Já olho"))
    for target in (reacted, theirs, waiting.id, uuid4()):
        with pytest.raises(Invalid) as refused:
            await actions.reply(scene.owner, conversation, TextReply("Oi"), reply_to=target)
        assert [(each.path, each.code) for each in refused.value.fields] == [("reply_to", ReplyField.NOT_TO_ANSWER)]


async def test_a_channel_that_cannot_name_a_message_says_so(scene: Scene, owner_db: asyncpg.Connection) -> None:
    sms: UUID = await factories.channel(owner_db, scene.owner, "sms")
    with pytest.raises(Conflict) as refused:
        await answers.send(scene.owner, scene.contact, sms, TextReply("Oi"), reply_to=uuid4())
    assert refused.value.code is ReplyError.REPLY_TO_NOT_TAKEN


async def test_nothing_stays_in_the_queue_of_a_channel_that_is_archived_meanwhile(
    scene: Scene, owner_db: asyncpg.Connection
) -> None:
    await scene.wrote(1)
    conversation = (await scene.the()).id
    before = await actions.reply(scene.owner, conversation, TextReply("Já olho"))
    async with owner_db.transaction():  # archived, and not committed yet
        await owner_db.execute("update channel set archived_at = now() where id = $1", scene.channel)
        writing = asyncio.create_task(actions.reply(scene.owner, conversation, TextReply("Tem sim!")))
        while not writing.done() and not await factories.somebody_waits(owner_db):
            await asyncio.sleep(0.02)
    with pytest.raises(NotFound):
        await writing
    await owner_db.execute("update channel set archived_at = null where id = $1", scene.channel)
    await channels.archive(scene.owner, scene.channel)
    rows = await owner_db.fetch("select id, state from message where company_id = $1", scene.owner.company_id)
    assert [tuple(row) for row in rows] == [(before.id, MessageState.CANCELLED)]
