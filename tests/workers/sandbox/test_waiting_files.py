"""Messages that wait for their file: through trouble, pauses, holds, deaths of workers, and until it is too late."""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from db.channels import actions as channels
from db.channels.secrets import seal
from db.clock import now
from db.contacts import consent
from db.errors import Invalid
from db.ids import uuid7
from db.jobs import SendFile
from db.messages import held, uploads
from db.messages.enums import MessageState
from db.messages.reasons import FailureReason
from db.messages.replies import FileReply
from db.permissions import Permission
from db.tenancy import worker
from db.work import work
from tests.workers.sandbox.desk import PDF, Desk
from workers.media import outgoing
from workers.media.outgoing import OutgoingFiles
from workers.outcomes import RetryAfter, retry_delay
from workers.runtime import Retry, Snooze


async def test_what_the_provider_refuses_fails_with_its_reason(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    await desk.db.execute(
        """update message set content = jsonb_set(content, '{mime_type}', '"audio/unheard"') where id = $1""", message
    )
    await desk.hand_over(file)
    assert await desk.row(message) == ("failed", "bad_request")
    assert await desk.db.fetchval("select code from message where id = $1", message) == 100
    assert await desk.accepted() == []


async def test_trouble_is_waited_out_and_a_file_that_did_not_go_is_sent_again(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    away = OutgoingFiles(msgspec.structs.replace(desk.jobs._settings, sandbox_url="http://127.0.0.1:9"), desk.jobs._wire)
    waits = []
    for _try in range(3):
        with pytest.raises(Retry) as again:
            await away.send(desk.owner.company_id, SendFile(file_id=file.id))
        waits.append(again.value.after)
    assert waits == [2.0, 4.0, 8.0]
    assert await desk.row(message) == ("queued", "network")
    await outgoing.give_up(desk.owner.company_id, SendFile(file_id=file.id), "tried for long")
    assert await desk.row(message) == ("failed", "network")
    again_message = await desk.reply(FileReply(file.id))
    await desk.hand_over(file)
    await desk.lane()
    assert (await desk.row(message), await desk.row(again_message)) == (("failed", "network"), ("sent", None))
    assert len(await desk.accepted()) == 1
    with pytest.raises(Invalid):  # this one went
        await desk.reply(FileReply(file.id))


async def test_the_provider_is_asked_for_as_long_as_a_window_is_open() -> None:
    trouble = RetryAfter(None, FailureReason.TEMPORARY)
    assert sum(retry_delay(trouble, tries) for tries in range(1, SendFile.max_tries)) > 23 * 3600


async def test_the_provider_says_how_long_to_wait(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    account = (await desk.sandbox.http.get("/sandbox/accounts")).json()["data"][0]
    await desk.sandbox.behave(account, management_calls_per_hour=1)
    await desk.sandbox.graph(account, "GET", f"/{account['waba_id']}/message_templates")  # the hour's only call
    with pytest.raises(Retry) as again:
        await desk.hand_over(file)
    assert again.value.after is not None
    assert again.value.after >= 120
    assert await desk.row(message) == ("queued", "api_rate")


async def test_what_stops_a_channel_stops_it_here_too_and_the_file_waits(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    good = await desk.db.fetchval("select token from channel where id = $1", desk.channel)
    wrong = seal(desk.owner.company_id, desk.channel, "token", "of somebody else")
    await desk.db.execute("update channel set token = $2 where id = $1", desk.channel, wrong)
    with pytest.raises(Snooze):
        await desk.hand_over(file)
    stopped = await desk.db.fetchrow("select state, state_reason from channel where id = $1", desk.channel)
    assert tuple(stopped) == ("error", "token_invalid")
    await desk.db.execute("update channel set token = $2 where id = $1", desk.channel, good)
    with pytest.raises(Snooze):  # nobody has let it go on yet
        await desk.hand_over(file)
    assert await desk.row(message) == ("queued", "token_invalid")
    await desk.db.execute("update channel set state = 'connected', state_reason = null where id = $1", desk.channel)
    await desk.hand_over(file)
    await desk.lane()
    assert await desk.row(message) == ("sent", None)
    assert len(await desk.accepted()) == 1


async def test_a_file_waits_while_a_person_pauses_the_channel(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    await desk.db.execute("update channel set state = 'paused', state_reason = 'person' where id = $1", desk.channel)
    with pytest.raises(Snooze):
        await desk.hand_over(file)
    assert await desk.row(message) == ("queued", None)
    assert list((desk.sandbox.world.settings.data / "media").glob("*")) == []  # nor was it handed over


async def _expire(desk: Desk, message: UUID) -> None:
    """A pause or a hold took so long that the provider will soon not know the file any more."""
    await desk.db.execute(
        "update message set content = content || jsonb_build_object('media', 'forgotten', 'media_until', $2::timestamptz) where id = $1",
        message,
        now() + timedelta(hours=1),
    )


async def test_a_file_that_the_provider_forgets_is_handed_over_again(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    await desk.hand_over(file)
    await desk.db.execute("delete from job")
    await _expire(desk, message)
    await desk.lane()
    assert (await desk.row(message), await desk.accepted()) == (("queued", None), [])
    assert await desk.db.fetchval("select count(*) from attempt where message_id = $1", message) == 0
    assert await desk.db.fetchval("select count(*) from job where key = $1", f"send:{file.id}") == 1
    await desk.hand_over(file)
    await desk.lane()
    [entry] = await desk.accepted()
    assert entry["content"]["document"]["id"] != "forgotten"


@pytest.mark.parametrize("known", ["not yet", "for long", "soon not any more"])
async def test_a_held_file_goes_on_once(desk: Desk, known: str) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    if known != "not yet":
        await desk.hand_over(file)
    if known == "soon not any more":
        await _expire(desk, message)
    await desk.db.execute("delete from job")
    hold = uuid7()
    async with work(worker(desk.owner.company_id), Permission.CAMPAIGNS_SEND) as w:
        assert await held.hold(w, hold) == {desk.channel: 1}
    await desk.hand_over(file)
    await desk.lane()
    assert (await desk.row(message), await desk.accepted()) == (("queued", None), [])
    async with work(worker(desk.owner.company_id), Permission.CAMPAIGNS_SEND) as w:
        await held.release(w, hold, desk.channel)
    again = await desk.db.fetchval("select count(*) from job where key = $1", f"send:{file.id}")
    assert again == (0 if known == "for long" else 1)
    for _twice in range(2):
        await desk.hand_over(file)
        await desk.lane()
    assert await desk.row(message) == ("sent", None)
    assert len(await desk.accepted()) == 1


async def test_a_worker_dies_between_handing_over_and_saying_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "handed_over", dies)
        with pytest.raises(asyncio.CancelledError):
            await desk.hand_over(file)
    handed = desk.sandbox.world.settings.data / "media"
    assert len(list(handed.iterdir())) == 1
    await desk.lane()
    assert (await desk.row(message), await desk.accepted()) == (("queued", None), [])
    await desk.hand_over(file)
    await desk.lane()
    assert len(list(handed.iterdir())) == 2
    assert await desk.row(message) == ("sent", None)
    assert len(await desk.accepted()) == 1


async def test_who_opts_out_gets_no_file_that_waited(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    async with work(desk.owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [desk.contact], "person")
    await desk.hand_over(file)
    await desk.lane()
    assert await desk.db.fetchval("select state from message where id = $1", message) == MessageState.SKIPPED
    assert await desk.accepted() == []


async def test_an_archived_channel_ends_what_waits_for_its_file(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    waiting = await uploads.waiting(desk.owner.company_id, file.id)
    assert waiting is not None
    await channels.archive(desk.owner, desk.channel)
    await uploads.handed_over(desk.owner.company_id, waiting.content)
    assert await desk.db.fetchval("select state from message where id = $1", message) == MessageState.CANCELLED


async def test_a_file_is_not_handed_over_for_a_channel_that_is_being_archived(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    waiting = await uploads.waiting(desk.owner.company_id, file.id)
    assert waiting is not None
    await desk.db.execute("update channel set archived_at = now() where id = $1", desk.channel)
    await uploads.handed_over(desk.owner.company_id, waiting.content)
    assert await desk.db.fetchval("select queue_id from message where id = $1", message) == file.id
