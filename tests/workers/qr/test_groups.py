"""Groups of a number that is connected by a code: kept nowhere, or a conversation with who wrote what; never a contact."""

from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.conversations import groups, queries
from db.errors import AppError
from db.messages import answers, conversation
from db.messages.enums import MessageState as M
from db.messages.replies import TextReply
from db.permissions import Permission
from db.qr import choices
from db.qr.choices import Choices
from db.qr.enums import Groups, Shown
from db.settings import Settings
from db.tenancy import Actor
from db.work import read
from tests.workers.qr.conftest import Scene
from tests.workers.qr.test_settling import Shop
from workers.qr import shown
from workers.qr.port import Called, Message, Receipt

GROUP, BIA = "120363041234567890@g.us", "5511900000000@s.whatsapp.net"
ASKED = "SAIR"


class Crowd(Shop):
    async def choose(self, groups: Groups) -> None:
        await choices.choose(self.owner, self.channel_id, Choices(groups, Shown.OFFLINE, None))

    async def says(
        self, text: str, message_id: str = "G1", *, by: str = BIA, from_me: bool = False, at: int = 1_790_000_000
    ) -> None:
        raw = msgspec.json.encode(
            {"jid": GROUP, "by": by, "from_me": from_me, "at": at, "name": "Bia", "content": {"conversation": text}}
        )
        await self.tell(Message(chat=GROUP, id=message_id, whole=True, message=msgspec.Raw(raw)))

    async def shown(self) -> list[queries.Conversation]:
        found = await queries.conversations(self.owner, queries.Filter())
        return [one for one in found if one.group]


@pytest.fixture
async def crowd(scene: Scene, owner_db: asyncpg.Connection, owner: Actor, database: Settings) -> Crowd:
    made = Crowd(scene, owner_db, owner, database)
    await made.open()
    return made


async def test_what_is_said_in_groups_is_kept_nowhere_unless_it_is_wanted(crowd: Crowd) -> None:
    await crowd.says("Quem vai hoje?")
    assert await crowd.db.fetchval("select count(*) from webhook_inbox where channel_id = $1", crowd.channel_id) == 0
    assert await crowd.db.fetchval("select count(*) from qr_heard where company_id = $1", crowd.owner.company_id) == 0
    await crowd.choose(Groups.SHOW)
    await crowd.says("Quem vai hoje?")
    assert len(await crowd.shown()) == 1
    await crowd.choose(Groups.IGNORE)
    await crowd.says("E amanhã?", "G2")
    assert await crowd.db.fetchval("select count(*) from inbound_message where channel_id = $1", crowd.channel_id) == 1


async def test_a_group_is_a_conversation_with_who_wrote_what_and_no_contact(crowd: Crowd) -> None:
    people = await crowd.db.fetchval("select count(*) from contact where company_id = $1", crowd.owner.company_id)
    await crowd.choose(Groups.SHOW)
    await crowd.says("Quem vai hoje?")
    await crowd.says(ASKED, "G2", by="99887766554433@lid")
    (one,) = await crowd.shown()
    assert (one.address, one.unread, one.waiting_since, one.assistant) == (GROUP, 2, None, None)
    async with read(crowd.owner, Permission.CONVERSATIONS_READ) as r:
        said = await conversation.thread(
            r, crowd.owner.company_id, one.contact_id, crowd.channel_id, beyond=None, direction=None, limit=10
        )
    contexts = [entry.context for entry in said]
    assert all(context is not None and (context.group_id, context.writer) == (GROUP, "Bia") for context in contexts)
    assert {context.writer_number for context in contexts if context is not None} == {"+5511900000000", None}
    company = crowd.owner.company_id
    assert await crowd.db.fetchval("select count(*) from contact where company_id = $1", company) == people
    assert (
        await crowd.db.fetchval("select count(*) from contact where company_id = $1 and opted_out_at is not null", company) == 0
    )
    assert await crowd.db.fetchval("select count(*) from job where company_id = $1 and name = 'SayAway'", company) == 0
    await crowd.says("Eu vou", "P1", from_me=True, at=1_790_000_009)  # on the phone
    (one,) = await crowd.shown()
    assert one.unread == 0


async def test_its_subject_is_asked_for_and_kept(crowd: Crowd) -> None:
    await crowd.choose(Groups.SHOW)
    await crowd.says("Oi")
    crowd.scene.port.subjects[GROUP] = "Vendas do bairro"
    await shown.ask_names(crowd.scene.gateway)
    assert [one.contact_name for one in await crowd.shown()] == ["Vendas do bairro"]
    await crowd.scene.port.tell(crowd.line, Called(chat=GROUP, subject="Vendas"), Called(chat="1-2@g.us", subject="De outros"))
    (one,) = await crowd.shown()
    assert one.contact_name == "Vendas"
    assert await queries.contact_name(crowd.owner.company_id, one.id) == "Vendas"
    assert await crowd.db.fetchval("select count(*) from chat_group where company_id = $1", crowd.owner.company_id) == 1


async def test_somebody_of_the_team_writes_into_a_group(crowd: Crowd) -> None:
    await crowd.choose(Groups.SHOW)
    await crowd.says("Quem vai hoje?")
    (one,) = await crowd.shown()
    (way,) = await answers.reply_channels(crowd.owner, one.contact_id)
    assert (way.address, way.obstacle) == (GROUP, None)
    message_id = (await answers.send(crowd.owner, one.contact_id, crowd.channel_id, TextReply("Nós vamos"))).id
    sent: list[str] = []
    send = crowd.scene.port.send

    async def looking(line, jid, letter):  # type: ignore[no-untyped-def]
        sent.append(jid)
        return await send(line, jid, letter)

    crowd.scene.port.send = looking  # type: ignore[method-assign]
    await crowd.send()
    assert sent == [GROUP]
    row = await crowd.message(message_id)
    assert row["state"] == M.SENT
    await crowd.tell(Receipt(chat=GROUP, id=row["provider_id"], status=4))
    assert (await crowd.message(message_id))["state"] == M.DELIVERED  # one of them read it
    heard: UUID = await crowd.db.fetchval(
        "select id from inbound_message where provider_id = 'G1' and channel_id = $1", crowd.channel_id
    )
    with pytest.raises(AppError) as refused:
        await answers.send(crowd.owner, one.contact_id, crowd.channel_id, TextReply("Eu"), reply_to=heard)
    assert refused.value.code == "reply_to_not_taken"


async def test_another_company_has_no_part_in_it(crowd: Crowd, stranger: Actor) -> None:
    await crowd.choose(Groups.SHOW)
    await crowd.says("Oi")
    (one,) = await crowd.shown()
    async with read(stranger, Permission.CONVERSATIONS_READ) as r:
        assert not await groups.is_group(r, stranger.company_id, one.contact_id)


async def test_people_see_the_number_as_online_while_its_team_is_at_work_where_that_is_wanted(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work: set[UUID] = {crowd.owner.company_id}

    async def here(company_ids: set[UUID]) -> set[UUID]:
        return at_work & set(company_ids)

    monkeypatch.setattr("workers.qr.shown.presence.at_work", here)
    await shown.show_presence(crowd.scene.gateway)
    assert crowd.scene.port.online == []  # nothing else was chosen: the phone rings
    await choices.choose(crowd.owner, crowd.channel_id, Choices(Groups.IGNORE, Shown.TEAM, None))
    for _ in range(2):
        await shown.show_presence(crowd.scene.gateway)
    at_work.clear()
    await shown.show_presence(crowd.scene.gateway)
    assert crowd.scene.port.online == [True, False]
    at_work.add(crowd.owner.company_id)
    await shown.show_presence(crowd.scene.gateway)

    async def away(_: set[UUID]) -> set[UUID]:
        raise ConnectionError

    monkeypatch.setattr("workers.qr.shown.presence.at_work", away)
    await shown.show_presence(crowd.scene.gateway)
    assert crowd.scene.port.online == [True, False, True, False], "nobody knows whether they are"
