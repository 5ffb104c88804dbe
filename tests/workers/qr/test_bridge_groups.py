"""A group over the real engine: the keys of its writers, and what is written into it."""

from uuid import UUID

from db.conversations import queries
from db.messages import answers, changed, changes, reactions
from db.messages.enums import MessageState as M
from db.messages.replies import TextReply
from db.permissions import Permission
from db.qr import choices
from db.qr.choices import Choices
from db.qr.enums import Groups, Shown
from db.work import read, work
from tests.workers.qr.test_bridge import BIA, NUMBER, Stage, eventually
from tests.workers.qr.test_bridge import stage as stage
from workers.inbound import process_inbox
from workers.qr import shown
from workers.sandbox.linked.groups import Group, says
from workers.sandbox.linked.wire import proto


async def _taken(stage: Stage, count: int) -> bool:
    return len(stage.wa.times()) == count


async def test_a_group_is_heard_under_the_keys_of_its_writers_and_written_to(stage: Stage) -> None:
    await stage.pair()
    await choices.choose(stage.owner, stage.channel_id, Choices(Groups.SHOW, Shown.OFFLINE, None))
    ana, bia = stage.wa.person("5521988887777", name="Ana"), stage.wa.people[BIA]
    group = stage.wa.groups["120363041234567890@g.us"] = Group(
        "120363041234567890", "Vendas", [ana, bia, stage.wa.people[NUMBER]], admins={ana.number, NUMBER}
    )
    for writer, text in ((ana, "Quem vai?"), (bia, "Eu"), (ana, "Eu também")):
        await says(stage.wa, group, writer, stage.device, text)
    heard = "select body, context->>'writer' as writer from inbound_message where channel_id = $1 order by received_at, id"

    async def arrived() -> bool:
        await process_inbox(stage.owner.company_id)
        return len(await stage.db.fetch(heard, stage.channel_id)) == 3

    await eventually(arrived)
    said = sorted(tuple(row) for row in await stage.db.fetch(heard, stage.channel_id))
    assert said == [("Eu", "Bia"), ("Eu também", "Ana"), ("Quem vai?", "Ana")]
    await eventually(lambda: shown.ask_names(stage.scene.gateway))
    [conversation] = [one for one in await queries.conversations(stage.owner, queries.Filter()) if one.group]
    assert conversation.contact_name == "Vendas"
    sent = (await answers.send(stage.owner, conversation.contact_id, stage.channel_id, TextReply("Nós também"))).id
    await stage.send()
    await stage.state_of(sent, M.DELIVERED, M.SENT)
    assert [one.to for one in stage.wa.ledger] == [group.jid]
    asked = await stage.db.fetchval(
        "select id from inbound_message where channel_id = $1 and body = 'Quem vai?'", stage.channel_id
    )
    place = conversation.contact_id, stage.channel_id
    await answers.send(stage.owner, *place, TextReply("Às oito"), reply_to=asked)
    await stage.send()
    async with work(stage.owner, Permission.MESSAGES_SEND) as w:
        await reactions.react(w, *place, asked, "👍")
    await stage.send()
    async with work(stage.owner, Permission.MESSAGES_SEND) as w:
        await changes.change(w, *place, sent, None)
    await stage.send()
    await eventually(lambda: _taken(stage, 4))
    assert {one.to for one in stage.wa.ledger} == {group.jid}
    await _administrators_take_away(stage, group, place)
    await stage.scene.gateway.port.available(stage.scene.gateway.open[0].line, True)


async def _administrators_take_away(stage: Stage, group: Group, place: tuple[UUID, UUID]) -> None:
    """Ana what Bia wrote, and we what Ana wrote."""
    ana, bia = group.members[:2]
    named = "select provider_id, id from inbound_message where channel_id = $1 and body = $2"
    hers = await stage.db.fetchrow(named, stage.channel_id, "Eu")
    key = proto({1: group.jid.encode(), 2: 0, 3: hers["provider_id"].encode(), 4: bia.jid.encode()})
    await says(stage.wa, group, ana, stage.device, proto({12: proto({1: key, 2: 0})}))

    async def gone() -> bool:
        await process_inbox(stage.owner.company_id)
        await stage.db.execute("update chat_group set asked_at = null where channel_id = $1", stage.channel_id)
        await shown.ask_names(stage.scene.gateway)
        found = await changed_of(stage, hers["provider_id"])
        return found is not None and (found.deleted_at is not None, found.by) == (True, "Ana")

    await eventually(gone)
    [conversation] = [one for one in await queries.conversations(stage.owner, queries.Filter()) if one.group]
    assert conversation.group_admin
    asked = await stage.db.fetchval(f"select id from ({named}) t", stage.channel_id, "Quem vai?")
    async with work(stage.owner, Permission.MESSAGES_SEND) as w:
        await changes.change(w, *place, asked, None)
    await stage.send()
    await eventually(lambda: _taken(stage, 5))
    assert [one.edit for one in stage.wa.ledger[-2:]] == ["7", "8"]


async def changed_of(stage: Stage, provider_id: str) -> changed.Changed | None:
    async with read(stage.owner, Permission.CONVERSATIONS_READ) as r:
        found = await changed.of_messages(r, stage.owner.company_id, [provider_id])
    return found.get((stage.channel_id, provider_id, "in"))
