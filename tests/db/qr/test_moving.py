"""A number moves from the connection by a code to the official API and back: its channel stays, with everything that was said over it."""

from uuid import UUID

import asyncpg
import pytest

from db.channels.secrets import unseal
from db.errors import Conflict
from db.messages import answers
from db.messages.enums import MessageState as M
from db.messages.replies import TextReply
from db.qr import moving, pairing
from db.qr.enums import SessionState
from db.tenancy import Actor
from tests import factories
from tests.db.qr import scenes

NUMBER = "+5511999990000"


class Stage:
    """A number by a code with a message that waits, and the same number connected by the official API."""

    def __init__(self, db: asyncpg.Connection, owner: Actor) -> None:
        self.db, self.owner = db, owner

    async def begin(self, number: str = NUMBER) -> "Stage":
        self.held = await scenes.held(self.db, self.owner)
        self.id = self.held.channel_id
        await self.db.execute("update channel set number = $2 where id = $1", self.id, NUMBER)
        await factories.contacts(self.db, self.owner, 1)
        contact: UUID = await self.db.fetchval("select id from contact where company_id = $1", self.owner.company_id)
        await self.db.execute(
            "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at)"
            " values ($1, $2, $3, 'W1', '+5511900000000', 'text', '{\"kind\":\"text\",\"text\":\"Oi\"}', now())",
            self.owner.company_id, self.id, contact,
        )  # fmt: skip
        self.message = (await answers.send(self.owner, contact, self.id, TextReply("Oi"))).id
        self.official = await factories.channel(self.db, self.owner, sandbox=False, number=number)
        self.template = await factories.template(self.db, self.owner, self.official)
        return self

    async def column(self, name: str, channel_id: UUID | None = None) -> object:
        return await self.db.fetchval(f"select {name} from channel where id = $1", channel_id or self.id)


@pytest.fixture
async def stage(owner_db: asyncpg.Connection, owner: Actor) -> Stage:
    return await Stage(owner_db, owner).begin()


async def test_a_number_goes_on_over_the_official_api(stage: Stage) -> None:
    external = await stage.column("external_id", stage.official)
    view = await moving.to_official(stage.owner, stage.id, stage.official)
    assert (view.kind, view.state.value, view.state_reason, view.external_id) == ("whatsapp", "paused", "person", external)
    token = await stage.column("token")
    assert isinstance(token, bytes)
    assert unseal(stage.owner.company_id, stage.id, "token", token) == "sandbox-token"
    assert await stage.column("archived_at is not null and token is null", stage.official) is True
    assert await stage.db.fetchval("select channel_id from template where id = $1", stage.template) == stage.id
    row = await stage.db.fetchrow("select state, channel_id from message where id = $1", stage.message)
    assert row is not None
    assert tuple(row) == (M.QUEUED, stage.id)  # it goes once somebody resumes
    assert await stage.db.fetchval(
        "select channel_id from inbound_message where provider_id = 'W1' and channel_id = $1", stage.id
    )
    assert await scenes.column(stage.db, stage.id, "leaving") is True  # its gateway takes the device away


async def test_what_nobody_knows_of_is_not_sent_again_under_another_name(stage: Stage) -> None:
    await stage.db.execute(f"update message set state = {M.UNKNOWN}, lease_until = now() where id = $1", stage.message)
    assert await stage.db.fetchval("select at_least_once from message where id = $1", stage.message) is True
    await moving.to_official(stage.owner, stage.id, stage.official)
    assert await stage.db.fetchval("select at_least_once from message where id = $1", stage.message) is False


async def test_what_waits_is_sent_once_and_what_may_have_gone_not_at_all(stage: Stage) -> None:
    """Over a number by a code a message is sent again under its own name; the official API would take it for another one."""
    doubtful = await stage.db.fetchval(
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key, state, content, at_least_once, maybe_duplicate)"
        " values ($1, $2, $2, '+5511900000000', 'x', 0, '{}', true, true) returning id",
        stage.owner.company_id, stage.id,
    )  # fmt: skip
    await moving.to_official(stage.owner, stage.id, stage.official)
    rows = await stage.db.fetch("select id, state, at_least_once from message where channel_id = $1", stage.id)
    assert {row["id"]: (row["state"], row["at_least_once"]) for row in rows} == {
        stage.message: (M.QUEUED, False),
        doubtful: (M.FAILED_UNKNOWN, True),
    }


async def test_and_back_by_a_code(stage: Stage) -> None:
    await moving.to_official(stage.owner, stage.id, stage.official)
    view = await moving.to_code(stage.owner, stage.id)
    assert (view.kind, view.state.value, view.number) == ("whatsapp_qr", "paused", NUMBER)
    assert (await pairing.session(stage.owner, stage.id)).state is SessionState.NEW
    assert (await pairing.ask_code(stage.owner, stage.id)).state is SessionState.PAIRING
    assert await stage.db.fetchval("select state from message where id = $1", stage.message) == M.QUEUED


async def refused(stage: Stage, official: UUID | None = None) -> str:
    with pytest.raises(Conflict) as error:
        await moving.to_official(stage.owner, stage.id, official or stage.official)
    return error.value.code.value


async def test_another_number_or_one_that_is_in_use_does_not_move(stage: Stage) -> None:
    await stage.db.execute("update channel set number = '+5511988887777' where id = $1", stage.official)
    assert await refused(stage) == "other_number"
    await stage.db.execute("update channel set number = '+551199990000' where id = $1", stage.official)  # without its ninth digit
    campaign = await factories.campaign(stage.db, stage.owner, stage.id, body="Oi", state="running")
    assert await refused(stage) == "channel_in_use"
    await stage.db.execute("update campaign set state = 'finished' where id = $1", campaign)
    sms = await factories.channel(stage.db, stage.owner, "sms", sandbox=False, number=NUMBER)
    assert await refused(stage, sms) == "not_movable"
    await stage.db.execute(
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key, state, content) values ($1, $2, $2, '+55', 'x', 0, '{}')",
        stage.owner.company_id, stage.official,
    )  # fmt: skip
    assert await refused(stage) == "move_unsent"
