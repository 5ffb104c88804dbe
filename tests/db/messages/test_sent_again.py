"""An answer that did not go is sent once more: as the same message, to who may be written to, and never what is on its way."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.clock import now
from db.conversations import actions, missed
from db.conversations.actions import Change
from db.conversations.enums import ConversationState, LineKind
from db.errors import Conflict, NotFound
from db.messages import ledger
from db.messages.enums import AttemptState
from db.messages.enums import MessageState as M
from db.messages.errors import MessageError, ReplyError
from db.messages.replies import TextReply
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import work
from tests import factories
from tests.db.conversations.test_conversations import PHONE, T0, Scene
from tests.db.messages.test_replies import scene as scene


async def _failed(scene: Scene, db: asyncpg.Connection, **columns: Any) -> tuple[UUID, UUID]:
    """An answer that failed: its conversation and itself."""
    await scene.wrote(1)
    conversation = (await scene.the()).id
    sent = await actions.reply(scene.owner, conversation, TextReply("Chega amanhã"))
    given = {"state": M.FAILED.value, "reason": "temporary", "code": 131000, "tries": 5, **columns}
    pairs = ", ".join(f"{name} = ${place}" for place, name in enumerate(given, 2))
    await db.execute(f"update message set done_at = now(), {pairs} where id = $1", sent.id, *given.values())
    return conversation, sent.id


async def test_a_failed_answer_waits_again_as_the_same_message(scene: Scene, owner_db: asyncpg.Connection) -> None:
    conversation, message = await _failed(scene, owner_db, address="+5511900000009")
    again = await actions.send_again(scene.owner, conversation, message)
    assert (again.id, again.state, again.reason, again.maybe_duplicate) == (message, "queued", None, False)
    row = await owner_db.fetchrow("select tries, address, queue_id = channel_id as ready from message where id = $1", message)
    assert tuple(row) == (0, PHONE, True), "to where the person is reached now"
    with pytest.raises(Conflict) as refused:  # pressed twice
        await actions.send_again(scene.owner, conversation, message)
    assert refused.value.code is MessageError.NOT_SENT_AGAIN
    assert await owner_db.fetchval("select count(*) from message where company_id = $1", scene.owner.company_id) == 1


async def test_what_may_have_arrived_goes_again_only_when_that_is_said(scene: Scene, owner_db: asyncpg.Connection) -> None:
    conversation, message = await _failed(scene, owner_db, state=M.FAILED_UNKNOWN.value)
    with pytest.raises(Conflict):
        await actions.send_again(scene.owner, conversation, message)
    again = await actions.send_again(scene.owner, conversation, message, include_unknown=True)
    assert (again.state, again.maybe_duplicate) == ("queued", True)


@pytest.mark.parametrize(
    "columns",
    [
        {"state": M.SENT.value},
        {"state": M.SENDING.value},
        {"dedupe_key": "ai:0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42:0"},
        {"reacts_to": "wamid.asked"},
        {"requeue_allowed": False},
    ],
    ids=lambda columns: next(iter(columns)) + str(next(iter(columns.values())))[:3],
)
async def test_nothing_else_is_sent_again(scene: Scene, owner_db: asyncpg.Connection, columns: dict[str, Any]) -> None:
    conversation, message = await _failed(scene, owner_db, **columns)
    with pytest.raises(Conflict) as refused:
        await actions.send_again(scene.owner, conversation, message, include_unknown=True)
    assert refused.value.code is MessageError.NOT_SENT_AGAIN


async def test_a_campaigns_message_is_tried_again_by_its_campaign(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    template = await factories.template(owner_db, owner, scene.channel)
    campaign = await factories.campaign(owner_db, owner, scene.channel, template)
    conversation, message = await _failed(scene, owner_db, campaign_id=campaign)
    with pytest.raises(Conflict):
        await actions.send_again(scene.owner, conversation, message)


async def test_what_keeps_an_answer_from_going_keeps_it_from_going_again(scene: Scene, owner_db: asyncpg.Connection) -> None:
    conversation, message = await _failed(scene, owner_db)
    await owner_db.execute("update inbound_message set received_at = received_at - interval '2 days'")
    with pytest.raises(Conflict) as refused:
        await actions.send_again(scene.owner, conversation, message)
    assert refused.value.code is MessageError.WINDOW_CLOSED
    assert await owner_db.fetchval("select state from message where id = $1", message) == M.FAILED
    template = '{"kind": "template", "name": "oi", "language": "pt_BR", "category": "%s", "components": [], "slots": []}'
    await owner_db.execute("update message set content = $2::jsonb where id = $1", message, template % "marketing")
    await owner_db.execute("update contact set opted_out_at = now() where id = $1", scene.contact)
    with pytest.raises(Conflict) as marketing:
        await actions.send_again(scene.owner, conversation, message)
    assert marketing.value.code is ReplyError.MARKETING_REFUSED
    await owner_db.execute("update message set content = $2::jsonb where id = $1", message, template % "utility")
    assert (await actions.send_again(scene.owner, conversation, message)).state == "queued"


async def test_a_file_goes_to_the_provider_anew(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    file = await factories.message_file(owner_db, owner, scene.channel, scene.contact)
    content = f'{{"kind": "file", "file_id": "{file}", "form": "image", "mime_type": "image/png", "size": 9, "media": "77"}}'
    conversation, message = await _failed(scene, owner_db)
    await owner_db.execute("update message set content = $2::jsonb where id = $1", message, content)
    await actions.send_again(owner, conversation, message)
    row = await owner_db.fetchrow("select queue_id, content->>'media' as media from message where id = $1", message)
    assert tuple(row) == (file, None)
    assert await owner_db.fetchval("select count(*) from job where name = 'SendFile' and company_id = $1", owner.company_id) == 1


async def test_only_a_message_of_the_conversation(scene: Scene, owner_db: asyncpg.Connection) -> None:
    conversation, _message = await _failed(scene, owner_db)
    with pytest.raises(NotFound):
        await actions.send_again(scene.owner, conversation, uuid4())


async def test_who_got_no_answer_waits_again_until_it_is_sent_once_more(scene: Scene, owner_db: asyncpg.Connection) -> None:
    conversation, message = await _failed(scene, owner_db)
    asked = (await scene.the()).last_inbound_at
    await actions.change(scene.owner, conversation, Change(state=ConversationState.CLOSED))
    for _twice in range(2):
        await missed.missed(scene.owner.company_id, message)
        found = await scene.the()
        assert (found.state, found.waiting_since, found.first_reply_at) == (ConversationState.OPEN, asked, None)
        assert found.last is not None
        assert found.last.state == "failed"
    assert (await scene.lines())[-2:] == [LineKind.CLOSED, LineKind.REOPENED]
    await scene.wrote(90, "Alô?")
    await actions.send_again(scene.owner, conversation, message)
    found = await scene.the()
    assert found.waiting_since is None or found.waiting_since > (asked or T0), "what came in later waits"
    await missed.missed(scene.owner.company_id, message)  # told late: it is on its way again
    assert (await scene.the()).waiting_since == found.waiting_since


async def test_who_was_answered_since_does_not_wait(scene: Scene, owner_db: asyncpg.Connection) -> None:
    conversation, message = await _failed(scene, owner_db)
    await actions.reply(scene.owner, conversation, TextReply("De novo: chega amanhã"))
    await missed.missed(scene.owner.company_id, message)
    assert (await scene.the()).waiting_since is None


async def test_every_way_in_which_an_answer_ends_unsent_tells_it(scene: Scene, owner_db: asyncpg.Connection) -> None:
    """The answer of the provider, its later word, and the horizon of what nobody knows."""
    company = scene.owner.company_id
    _conversation, message = await _failed(scene, owner_db, state=M.QUEUED.value)
    told = "select count(*) from job where company_id = $1 and name = 'MissAnswer'"

    async def sent() -> ledger.Claimed:
        await owner_db.execute("update message set state = 0, next_at = now() where id = $1", message)
        async with work(worker(company), Permission.CAMPAIGNS_SEND) as w:
            [claimed] = await ledger.claim(w, scene.channel, scene.channel, limit=5, units=5)
            return claimed

    async def ended(state: M, attempt: AttemptState) -> None:
        claimed = await sent()
        result = ledger.Result(
            claimed.message_id, claimed.epoch, claimed.attempt_id, state, attempt, None, 400, 1, "temporary", None
        )
        async with work(worker(company), Permission.CAMPAIGNS_SEND) as w:
            await ledger.finish(w, [result], horizon=0)

    await ended(M.FAILED, AttemptState.REJECTED)
    assert await owner_db.fetchval(told, company) == 1
    await owner_db.execute("delete from job where company_id = $1", company)

    claimed = await sent()
    async with work(worker(company), Permission.CAMPAIGNS_SEND) as w:
        await ledger.apply_statuses(w, [ledger.StatusUpdate(claimed.attempt_id, "wamid.1", M.FAILED, now(), "temporary", 1)])
    assert await owner_db.fetchval(told, company) == 1
    await owner_db.execute("delete from job where company_id = $1", company)

    await ended(M.UNKNOWN, AttemptState.UNKNOWN)
    assert await owner_db.fetchval(told, company) == 0
    async with work(worker(company), Permission.CAMPAIGNS_SEND) as w:
        await ledger.resolve_unknown(w)
    assert await owner_db.fetchval(told, company) == 1
