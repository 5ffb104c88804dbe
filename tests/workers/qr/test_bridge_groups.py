"""A group over the real engine: the keys of its writers, and what is written into it."""

from db.conversations import queries
from db.messages import answers, changes, reactions
from db.messages.enums import MessageState as M
from db.messages.replies import TextReply
from db.permissions import Permission
from db.qr import choices
from db.qr.choices import Choices
from db.qr.enums import Groups, Shown
from db.work import work
from tests.workers.qr.test_bridge import BIA, NUMBER, Stage, eventually
from tests.workers.qr.test_bridge import stage as stage
from workers.inbound import process_inbox
from workers.qr import shown
from workers.sandbox.linked.groups import Group, says


async def _taken(stage: Stage, count: int) -> bool:
    return len(stage.wa.times()) == count


async def test_a_group_is_heard_under_the_keys_of_its_writers_and_written_to(stage: Stage) -> None:
    await stage.pair()
    await choices.choose(stage.owner, stage.channel_id, Choices(Groups.SHOW, Shown.OFFLINE, None))
    ana, bia = stage.wa.person("5521988887777", name="Ana"), stage.wa.people[BIA]
    group = stage.wa.groups["120363041234567890@g.us"] = Group(
        "120363041234567890", "Vendas", [ana, bia, stage.wa.people[NUMBER]]
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
    await stage.scene.gateway.port.available(stage.scene.gateway.open[0].line, True)
