"""Groups of a number that is connected by a code: kept nowhere, or a conversation with who wrote what; never a contact."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.conversations import groups, queries
from db.errors import AppError
from db.messages import answers, changes, conversation, reactions
from db.messages.enums import MessageState as M
from db.messages.replies import TextReply
from db.notifications import centre
from db.notifications.enums import NotificationKind
from db.permissions import Permission
from db.privacy import erasing, exporting
from db.qr import choices
from db.qr.choices import Choices
from db.qr.enums import Groups, Shown
from db.settings import Settings
from db.tenancy import Actor
from db.work import read, work
from tests.db.qr import scenes
from tests.workers.qr.conftest import Scene
from tests.workers.qr.test_linked_media import FILE
from tests.workers.qr.test_settling import Shop
from workers.qr import shown
from workers.qr.port import Called, Letter, Line, Members, Message, Receipt, Refused, Taken

GROUP, BIA = "120363041234567890@g.us", "5511900000000@s.whatsapp.net"
ASKED = "SAIR"


class Crowd(Shop):
    async def choose(self, groups: Groups) -> None:
        await choices.choose(self.owner, self.channel_id, Choices(groups, Shown.OFFLINE, None))

    async def says(
        self,
        said: str | dict[str, Any],
        message_id: str = "G1",
        *,
        by: str = BIA,
        from_me: bool = False,
        at: int = 1_790_000_000,
    ) -> None:
        content = {"conversation": said} if isinstance(said, str) else said
        name = "Ana" if by.startswith("5521") else "Bia"
        raw = msgspec.json.encode({"jid": GROUP, "by": by, "from_me": from_me, "at": at, "name": name, "content": content})
        await self.tell(Message(chat=GROUP, id=message_id, whole=True, message=msgspec.Raw(raw)))

    async def heard(self, message_id: str) -> UUID:
        found: UUID = await self.db.fetchval(
            "select id from inbound_message where provider_id = $2 and channel_id = $1", self.channel_id, message_id
        )
        return found

    async def thread(self, group_id: UUID) -> list[conversation.Entry]:
        async with read(self.owner, Permission.CONVERSATIONS_READ) as r:
            return await conversation.thread(
                r, self.owner.company_id, group_id, self.channel_id, beyond=None, direction=None, limit=20
            )

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
    assert await centre.called(crowd.owner.company_id, NotificationKind.ASSIGNED, one.id) == ("Vendas", None)
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


async def test_in_a_group_answers_and_reactions_name_who_wrote(crowd: Crowd) -> None:
    await crowd.choose(Groups.SHOW)
    await crowd.says("Quem vai hoje?", by=f"{BIA[:-15]}:7@s.whatsapp.net")
    (one,) = await crowd.shown()
    heard = await crowd.heard("G1")
    letters: list[Letter] = []
    send = crowd.scene.port.send

    async def looking(line: Line, jid: str, letter: Letter) -> Taken | Refused:
        letters.append(letter)
        return await send(line, jid, letter)

    crowd.scene.port.send = looking  # type: ignore[method-assign]
    ours = (await answers.send(crowd.owner, one.contact_id, crowd.channel_id, TextReply("Eu"), reply_to=heard)).id
    await crowd.send()
    async with work(crowd.owner, Permission.MESSAGES_SEND) as w:
        await reactions.react(w, one.contact_id, crowd.channel_id, heard, "👍")
    await crowd.send()
    await answers.send(crowd.owner, one.contact_id, crowd.channel_id, TextReply("E levo bolo"), reply_to=ours)
    await crowd.send()
    named = [(letter.reply_to or (letter.reaction or ("",))[0], letter.writer) for letter in letters]
    own = f"{await scenes.column(crowd.db, crowd.channel_id, 'wa_jid')}"
    assert named == [("G1", BIA), ("G1", BIA), (letters[0].id, own)]
    await crowd.db.execute(
        "update inbound_message set context = jsonb_build_object('group_id', $2::text) where id = $1", heard, GROUP
    )
    with pytest.raises(AppError):  # nobody knows any more who wrote it
        await answers.send(crowd.owner, one.contact_id, crowd.channel_id, TextReply("Eu"), reply_to=heard)
    with pytest.raises(AppError):
        async with work(crowd.owner, Permission.MESSAGES_SEND) as w:
            await reactions.react(w, one.contact_id, crowd.channel_id, heard, "❤️")


async def test_in_a_group_everybody_reacts_and_changes_what_they_wrote_and_nobody_else_does(crowd: Crowd) -> None:
    await crowd.choose(Groups.SHOW)
    await crowd.says("Quem vai hoje?")
    key = {"remoteJid": GROUP, "id": "G1"}
    ana = "5521988887777@s.whatsapp.net"
    for number, (by, emoji) in enumerate(((BIA, "👍"), (ana, "👍"), (ana, "❤️"))):
        await crowd.says({"reactionMessage": {"key": key, "text": emoji}}, f"R{number}", by=by, at=1_790_000_001 + number)
    (one,) = await crowd.shown()
    (said,) = [entry for entry in await crowd.thread(one.contact_id) if entry.provider_id == "G1"]
    assert sorted((each.emoji, each.writer) for each in said.reactions) == [("❤️", "Ana"), ("👍", "Bia")]
    for number, by in enumerate((ana, BIA)):
        revoked = {"protocolMessage": {"key": key, "type": "REVOKE"}}
        await crowd.says(revoked, f"D{number}", by=by, at=1_790_000_010 + number)
        (said,) = [entry for entry in await crowd.thread(one.contact_id) if entry.provider_id == "G1"]
        assert (said.changed is not None and said.changed.deleted_at is not None) is (by == BIA)


async def test_our_message_in_a_group_is_taken_back_for_everybody(crowd: Crowd) -> None:
    await crowd.choose(Groups.SHOW)
    await crowd.says("Quem vai hoje?")
    (one,) = await crowd.shown()
    ours = (await answers.send(crowd.owner, one.contact_id, crowd.channel_id, TextReply("Nós"))).id
    await crowd.send()
    async with work(crowd.owner, Permission.MESSAGES_SEND) as w:
        await changes.change(w, one.contact_id, crowd.channel_id, ours, None)
    await crowd.send()
    (said,) = [entry for entry in await crowd.thread(one.contact_id) if entry.id == ours]
    assert said.changed is not None
    assert said.changed.deleted_at is not None


async def test_a_group_is_found_by_how_it_is_called_and_by_what_was_said(crowd: Crowd) -> None:
    await crowd.choose(Groups.SHOW)
    await crowd.says("Quem traz o bolo?")
    await crowd.scene.port.tell(crowd.line, Called(chat=GROUP, subject="Vendas do Bairro São João"))

    async def found(text: str) -> int:
        return len(await queries.conversations(crowd.owner, queries.Filter(search=text)))

    assert [await found(text) for text in ("sao joao", "BAIRRO vendas", "bolo", "bolo vendas", "joana", "%")] == [
        1,
        1,
        1,
        0,
        0,
        0,
    ]


async def test_who_is_erased_said_nothing_in_groups_either(crowd: Crowd) -> None:
    await crowd.choose(Groups.SHOW)
    phone: str = await crowd.db.fetchval(
        "select value from contact_identity where contact_id = $1 and kind = 'phone'", crowd.contact_id
    )
    by = f"{phone[1:]}@s.whatsapp.net"
    hers, file = "Meu CPF é 123", {"imageMessage": {**FILE, "caption": "Minha casa"}}
    await crowd.says(hers, "G1", by=by)
    await crowd.says(file, "G2", by=by, at=1_790_000_001)
    await crowd.says("Oi", "G3", by="99887766554433@lid", at=1_790_000_002)
    await crowd.db.execute(
        "insert into contact_identity(company_id, contact_id, kind, value) values ($1, $2, 'lid', '99887766554433')",
        crowd.owner.company_id,
        crowd.contact_id,
    )
    await crowd.says("De outra pessoa", "G4", by="5521988887777@s.whatsapp.net", at=1_790_000_003)
    told = exporting.TABLES["inbound_message"]
    count = f"select count(*) from inbound_message t where t.company_id = $1 and $3::uuid[] is not null and {told}"
    person = [[crowd.contact_id], [], [phone, "99887766554433"]]
    assert await crowd.db.fetchval(count, crowd.owner.company_id, *person) == 3, "what is handed out of a person has it"
    started = await erasing.start(crowd.owner, crowd.contact_id)
    while (step := await erasing.step(crowd.owner.company_id, started.id)) is not erasing.Next.DONE:
        assert step is not erasing.Next.WAIT
    rows = await crowd.db.fetch(
        "select body, content::text as content, context::text as context, provider_id from inbound_message where channel_id = $1 order by received_at",
        crowd.channel_id,
    )
    left = " ".join(" ".join(row) for row in rows)
    assert not [word for word in ("CPF", "casa", phone[1:], "99887766554433", "G1", "G3") if word in left]
    assert rows[-1]["body"] == "De outra pessoa"
    assert await crowd.db.fetchval(
        "select array_agg(distinct state) from message_file where company_id = $1", crowd.owner.company_id
    ) == ["deleted"]
    receipt = (await erasing.erasure(crowd.owner, started.id)).receipt
    assert receipt is not None
    assert msgspec.json.decode(receipt)["erased"]["inbound_message"] == 3


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


ADMIN = "5521977770000@s.whatsapp.net"


def _revoked(target: str) -> dict[str, Any]:
    return {"protocolMessage": {"key": {"remoteJid": GROUP, "id": target}, "type": "REVOKE"}}


async def _deleted(crowd: Crowd, group_id: UUID) -> dict[str, str | None]:
    """What is shown as deleted, by its text, with who did it."""
    found = [one for one in await crowd.thread(group_id) if one.changed is not None and one.changed.deleted_at is not None]
    return {one.text: one.changed.by for one in found if one.changed is not None}


async def test_an_administrator_takes_away_what_others_wrote_and_nobody_else_does(crowd: Crowd) -> None:
    await crowd.choose(Groups.SHOW)
    crowd.scene.port.admins = ["99887766554433@lid", ADMIN]
    await crowd.says("Promo falsa")
    await shown.ask_names(crowd.scene.gateway)
    (one,) = await crowd.shown()
    ours = (await answers.send(crowd.owner, one.contact_id, crowd.channel_id, TextReply("Nós"))).id
    await crowd.send()
    provider_id = (await crowd.message(ours))["provider_id"]
    for number, (by, target) in enumerate(((ADMIN, "G1"), ("5511911112222@s.whatsapp.net", provider_id))):
        await crowd.says(_revoked(target), f"D{number}", by=by, at=1_790_000_010 + number)
    assert await _deleted(crowd, one.contact_id) == {}, "nobody knows yet who administers it"
    await crowd.db.execute("update inbound_message set received_at = now() where channel_id = $1", crowd.channel_id)
    await crowd.db.execute(
        "update chat_group set asked_at = now() - interval '1 minute' where company_id = $1", crowd.owner.company_id
    )
    assert await shown.ask_names(crowd.scene.gateway) == 1
    assert await _deleted(crowd, one.contact_id) == {"Promo falsa": "Ana"}
    crowd.scene.port.admins = ["5511911112222@s.whatsapp.net"]  # later: what was done before stays as it was
    await crowd.scene.port.tell(crowd.line, Members(chat=GROUP))
    await crowd.db.execute("update chat_group set asked_at = null where company_id = $1", crowd.owner.company_id)
    assert await shown.ask_names(crowd.scene.gateway) == 1
    assert await _deleted(crowd, one.contact_id) == {"Promo falsa": "Ana"}
    await crowd.says(_revoked(provider_id), "D9", by="5511911112222@s.whatsapp.net", at=1_790_000_020)
    await crowd.db.execute("update inbound_message set received_at = now() where channel_id = $1", crowd.channel_id)
    await crowd.db.execute("update chat_group set asked_at = null where company_id = $1", crowd.owner.company_id)
    assert await shown.ask_names(crowd.scene.gateway) == 1
    assert await _deleted(crowd, one.contact_id) == {"Promo falsa": "Ana", "Nós": "Bia"}
    assert await shown.ask_names(crowd.scene.gateway) == 0, "asked once"


async def test_where_the_number_administers_a_group_the_team_takes_away_what_others_wrote(crowd: Crowd) -> None:
    await crowd.choose(Groups.SHOW)
    await crowd.says("Promo falsa")
    await crowd.db.execute("update inbound_message set received_at = now() where channel_id = $1", crowd.channel_id)
    (one,) = await crowd.shown()
    heard = await crowd.heard("G1")

    async def take_away() -> None:
        async with work(crowd.owner, Permission.MESSAGES_SEND) as w:
            await changes.change(w, one.contact_id, crowd.channel_id, heard, None)

    await shown.ask_names(crowd.scene.gateway)
    with pytest.raises(AppError, match="not_group_admin"):
        await take_away()
    own = f"{await scenes.column(crowd.db, crowd.channel_id, 'wa_jid')}"
    crowd.scene.port.admins = [own]
    await crowd.scene.port.tell(crowd.line, Members(chat=GROUP))
    await crowd.db.execute("update chat_group set asked_at = null where company_id = $1", crowd.owner.company_id)
    await shown.ask_names(crowd.scene.gateway)
    (one,) = await crowd.shown()
    assert one.group_admin
    letters: list[Letter] = []
    send = crowd.scene.port.send

    async def looking(line: Line, jid: str, letter: Letter) -> Taken | Refused:
        letters.append(letter)
        return await send(line, jid, letter)

    crowd.scene.port.send = looking  # type: ignore[method-assign]
    await take_away()
    await crowd.send()
    assert [(letter.change, letter.writer) for letter in letters] == [(("G1", None), BIA)]
    assert list(await _deleted(crowd, one.contact_id)) == ["Promo falsa"]
    with pytest.raises(AppError, match="nothing_to_change"):
        await take_away()
    ours = (await answers.send(crowd.owner, one.contact_id, crowd.channel_id, TextReply("Nós"))).id
    await crowd.send()
    async with work(crowd.owner, Permission.MESSAGES_SEND) as w:
        await changes.change(w, one.contact_id, crowd.channel_id, ours, None)
    await crowd.send()
    assert letters[-1].writer is None, "one's own is taken back as always"
