"""Calls over the sandbox's Retell: placed once, told in any order with the same end, and looked for where nothing is told."""

import random
from collections.abc import AsyncIterator
from itertools import permutations
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import blobs
from db.blobs import DiskBlobs
from db.channels import log as channel_log
from db.channels.secrets import seal
from db.contacts import actions
from db.errors import Conflict
from db.ids import uuid7
from db.jobs import AskAboutCall, DownloadFile, LookUpUnknown
from db.messages import calling, calls, content, conversation
from db.messages.conversation import Entry
from db.messages.enums import CallOutcome, CallSpeaker
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.db.channels.factories import make_channel, put_inbox
from tests.workers.sandbox.world import Sandbox, running, until
from workers import unknown
from workers.calls import Asking
from workers.inbound import process_inbox
from workers.media.job import MediaJobs
from workers.outgoing import Sender
from workers.providers.wire import Wire
from workers.sending import Lanes


class Line:
    """A channel of calls over the sandbox, and one person."""

    def __init__(self, sandbox: Sandbox, settings: Settings, db: asyncpg.Connection, owner: Actor, wire: Wire) -> None:
        self.sandbox, self.settings, self.db, self.owner, self.wire = sandbox, settings, db, owner, wire
        self.sender = Sender(settings, wire)
        self.lanes = Lanes(settings, self.sender)

    async def open(self, kind: str = "retell", **fields: Any) -> "Line":
        self.kind = kind
        self.account = await self.sandbox.account(kind, **fields)
        self.channel = uuid7()
        key = self.account.get("api_key") or self.account["private_key"]
        await make_channel(
            self.db,
            self.owner,
            f"voice_{kind}",
            id=self.channel,
            sandbox=True,
            token=seal(self.owner.company_id, self.channel, "token", key),
            signing_secret=None,
            external_id=self.account.get("phone_number_id") or self.account["phone_number"],
            account_id=self.account.get("assistant_id") or self.account["phone_number"],
        )
        await factories.contacts(self.db, self.owner, 1)
        self.contact = await self.db.fetchval("select id from contact where company_id = $1", self.owner.company_id)
        return self

    async def call(self) -> UUID:
        return (await calling.call(self.owner, self.contact, self.channel)).id

    async def lane(self) -> None:
        await self.lanes.run(self.owner.company_id, self.channel, 0)
        await self.lanes.drain()

    async def told(self) -> list[bytes]:
        """Every webhook of calls that are over."""
        await until(lambda: self.sandbox.world.deliveries.in_flight == 0 and self.sandbox.world.webhooks.waiting == 0)
        return [request.body for request in self.sandbox.product.requests]

    async def hear(self, *bodies: bytes) -> None:
        for body in bodies:
            await put_inbox(self.db, self.owner, self.channel, body, "retell_call" if self.kind == "retell" else self.kind)
            await process_inbox(self.owner.company_id)

    async def forget_told(self, call_id: UUID) -> None:
        """As if nothing had been told of the call yet."""
        await self.db.execute("delete from call_turn where company_id = $1", self.owner.company_id)
        await self.db.execute(
            "update call set stage = 0, outcome = null, turns_stage = null, summary = null, seconds = null, started_at = null,"
            " ended_at = null, sentiment = null, provider_reason = null, successful = null where company_id = $1",
            self.owner.company_id,
        )
        await self.db.execute("update message set state = 3 where id = $1", call_id)
        await self.db.execute("update attempt set state = 1, code = null, detail = null where message_id = $1", call_id)

    async def shown(self) -> Entry:
        found = await conversation.messages(self.owner, self.contact, before=None, limit=10)
        [one] = [one for one in found if one.direction == "out"]
        return one

    async def accepted(self) -> int:
        return int((await self.sandbox.summary())["accepted"])


@pytest.fixture
async def line(tmp_path: Any, owner: Actor, owner_db: asyncpg.Connection, database: Settings) -> AsyncIterator[Line]:
    before = blobs._store
    made = blobs.connect(msgspec.structs.replace(database, data_dir=tmp_path / "ours", s3_bucket=""))
    assert isinstance(made, DiskBlobs)
    async with running(tmp_path / "sandbox") as sandbox, Wire() as wire:
        settings = msgspec.structs.replace(database, sandbox_url=sandbox.base, webhook_url=sandbox.product.url)
        yield Line(sandbox, settings, owner_db, owner, wire)
    blobs._store = before


async def test_a_call_is_placed_and_told(line: Line) -> None:
    await line.open(script="talks")
    call_id = await line.call()
    await line.lane()
    bodies = await line.told()
    assert {request.path for request in line.sandbox.product.requests} == {f"/hooks/retell/{line.channel}/call"}
    await line.hear(*bodies)
    shown = await line.shown()
    assert (shown.id, shown.kind, shown.state) == (call_id, "call", "delivered")
    detail = await calls.one(line.owner, call_id)
    assert (detail.outcome, detail.stage, detail.sentiment, detail.successful) == (
        CallOutcome.ANSWERED,
        "analyzed",
        "positive",
        True,
    )
    assert [turn.speaker for turn in detail.turns] == [CallSpeaker.AGENT, CallSpeaker.PERSON] * 2 + [CallSpeaker.AGENT]
    starts = [turn.start or 0 for turn in detail.turns]
    assert starts == sorted(starts)
    # the recording goes the way of every file
    [file_id] = [
        row["id"] for row in await line.db.fetch("select id from message_file where company_id = $1", line.owner.company_id)
    ]
    await MediaJobs(line.settings, line.wire).download(line.owner.company_id, DownloadFile(file_id=file_id))
    [file] = (await line.shown()).files
    assert (file.state.value, file.mime_type, file.inline) == ("stored", "audio/wav", True)
    cost = await line.db.fetchrow(
        "select currency, amount, category, simulated from message_cost where company_id = $1", line.owner.company_id
    )
    assert cost is not None
    assert (cost["currency"], cost["category"], cost["simulated"]) == ("USD", "call", True)
    assert cost["amount"] > 0


@pytest.mark.parametrize("script", ["talks", "voicemail", "no_answer", "never_again"])
async def test_whatever_the_order_the_end_is_the_same(line: Line, script: str) -> None:
    await line.open(script=script)
    call_id = await line.call()
    await line.lane()
    bodies = await line.told()
    orders = [*permutations(bodies), tuple(bodies * 2)]
    seen = []
    for order in [*random.Random(1).sample(orders, min(3, len(orders))), orders[-1]]:
        await line.forget_told(call_id)
        await line.hear(*order)
        seen.append((await calls.one(line.owner, call_id), (await line.shown()).state))
    assert all(one == seen[0] for one in seen)
    assert seen[0][0].outcome is not None
    out = await line.db.fetchval("select opted_out_at is not null from contact where id = $1", line.contact)
    assert out is (script == "never_again")


async def test_a_lost_answer_is_asked_for_under_the_same_key(line: Line) -> None:
    """Retell took the call and did not answer; and it never took it: both end with one call."""
    await line.open(script="busy", behaviour={"drop_after_accept_share": 1})
    await line.call()
    await line.lane()
    assert (await line.shown()).state == "unknown"
    assert await line.accepted() == 1
    await line.sandbox.behave(line.account, drop_after_accept_share=0)
    look_up = unknown.lookup_job(line.sender)
    await look_up(line.owner.company_id, LookUpUnknown(channel_id=line.channel))
    await process_inbox(line.owner.company_id)
    assert (await line.shown()).state in ("sent", "failed")
    assert await line.accepted() == 1
    await line.told()

    await line.db.execute(
        "update message set state = 2, lease_until = now() + interval '50 minutes', provider_id = null where company_id = $1",
        line.owner.company_id,
    )
    await line.db.execute("update attempt set state = 3, provider_id = null where company_id = $1", line.owner.company_id)
    await line.sandbox.http.post("/sandbox/reset", json={})  # as if Retell had never heard of it
    await look_up(line.owner.company_id, LookUpUnknown(channel_id=line.channel))
    assert await line.accepted() == 1
    await look_up(line.owner.company_id, LookUpUnknown(channel_id=line.channel))
    assert await line.accepted() == 1


async def test_who_asked_for_no_more_is_not_called_by_asking_again(line: Line) -> None:
    await line.open(behaviour={"reset_before_share": 1})
    await line.call()
    await line.lane()
    assert (await line.shown()).state == "unknown"
    await line.sandbox.behave(line.account, reset_before_share=0)
    await line.db.execute("update contact set opted_out_at = now() where id = $1", line.contact)
    await unknown.lookup_job(line.sender)(line.owner.company_id, LookUpUnknown(channel_id=line.channel))
    assert await line.accepted() == 0


async def test_places_that_are_taken_are_waited_for(line: Line) -> None:
    await line.open(concurrency_limit=0)
    await line.call()
    await line.lane()
    row = await line.db.fetchrow("select state, reason, tries from message where company_id = $1", line.owner.company_id)
    assert row is not None
    assert (row["state"], row["reason"], row["tries"]) == (0, "throughput", 0)


async def test_nobody_is_called_twice_at_once(line: Line) -> None:
    await line.open()
    await line.call()
    with pytest.raises(Conflict) as refused:
        await line.call()
    assert refused.value.code == "call_under_way"


async def test_a_call_whose_end_was_lost_is_asked_about(line: Line) -> None:
    await line.open(script="talks", behaviour={"webhook_lost_share": 1})
    call_id = await line.call()
    await line.lane()
    assert await line.told() == []
    await line.db.execute("update call set look_at = now() - interval '1 minute' where id = $1", call_id)
    [silent] = [one for one in await calls.silent() if one.id == call_id]
    job = AskAboutCall(channel_id=silent.channel_id, provider_call_id=silent.provider_call_id)
    await Asking(line.settings, line.wire).ask(line.owner.company_id, job)
    await process_inbox(line.owner.company_id)
    assert (await calls.one(line.owner, call_id)).outcome is CallOutcome.ANSWERED
    assert call_id not in [one.id for one in await calls.silent()]


async def test_what_was_said_goes_with_the_person(line: Line) -> None:
    await line.open(script="talks")
    await line.call()
    await line.lane()
    await line.hear(*await line.told())
    await actions.delete_contact(line.owner, line.contact)
    left = await line.db.fetchval("select count(*) from call_turn where company_id = $1", line.owner.company_id)
    assert left == 0


async def _rings(line: Line, person: str, script: str = "talks", *, hidden: bool = False) -> None:
    body = {"to_contact": person, "kind": "call", "text": script, "bsuid_only": hidden}
    answer = await line.sandbox.http.post(f"/sandbox/accounts/{line.account['id']}/reply", json=body)
    assert answer.status_code == 201, answer.text


async def test_whoever_calls_stands_in_the_conversation(line: Line) -> None:
    """A stranger: the call rings, is spoken, ends and is analysed, in any order, as one message of a new contact."""
    base = f"{line.sandbox.product.url}/hooks/retell/1"
    await line.open(inbound_url=f"{base}/inbound", webhook_url=f"{base}/call")
    await _rings(line, "+5511977776666")
    await line.told()
    found = [(request.path.rsplit("/", 1)[1], request.body) for request in line.sandbox.product.requests]
    assert found[0][0] == "inbound"
    for order in (found, list(reversed(found)), found * 2):
        for source, body in order:
            await put_inbox(line.db, line.owner, line.channel, body, f"retell_{source}")
            await process_inbox(line.owner.company_id)
            if source == "inbound" and order is found:
                [row] = await line.db.fetch("select stage, outcome from call where company_id = $1", line.owner.company_id)
                assert (row["stage"], row["outcome"]) == (0, None)
    contact = await line.db.fetchval(
        "select contact_id from contact_identity where company_id = $1 and value = '+5511977776666'", line.owner.company_id
    )
    [one] = await conversation.messages(line.owner, contact, before=None, limit=10)
    assert isinstance(one.content, content.Call)
    assert (one.direction, one.kind, one.content.outcome, one.content.direction) == ("in", "call", CallOutcome.ANSWERED, "in")
    detail = await calls.one(line.owner, one.id)
    assert (detail.contact_id, detail.stage, len(detail.turns)) == (contact, "analyzed", 5)
    waits = await line.db.fetchval(
        "select cardinality(unanswered_at) from conversation where company_id = $1 and contact_id = $2",
        line.owner.company_id,
        contact,
    )
    assert waits == 1


async def test_who_hides_the_number_is_nobody(line: Line) -> None:
    await line.open(inbound_url=f"{line.sandbox.product.url}/hooks/retell/1/inbound")
    await _rings(line, "+5511977776666", hidden=True)
    await line.told()
    for request in line.sandbox.product.requests:
        await put_inbox(
            line.db, line.owner, line.channel, request.body, "retell_inbound" if "inbound" in request.path else "retell_call"
        )
        await process_inbox(line.owner.company_id)
    assert await line.db.fetchval("select count(*) from call where company_id = $1", line.owner.company_id) == 0
    noted = await line.db.fetchval(
        "select count(*) from channel_log where channel_id = $1 and code = 'hidden_number'", line.channel
    )
    assert noted == 1


async def test_a_call_that_came_in_and_of_which_nothing_more_is_told_is_asked_about(line: Line) -> None:
    await line.open(inbound_url=f"{line.sandbox.product.url}/hooks/retell/1/inbound", webhook_url="")
    await _rings(line, "+5511977776666")
    await line.told()
    [request] = line.sandbox.product.requests
    await put_inbox(line.db, line.owner, line.channel, request.body, "retell_inbound")
    await process_inbox(line.owner.company_id)
    call_id = await line.db.fetchval("select id from call where company_id = $1", line.owner.company_id)
    await line.db.execute("update call set look_at = now() - interval '1 minute' where id = $1", call_id)
    [silent] = [one for one in await calls.silent() if one.id == call_id]
    await Asking(line.settings, line.wire).ask(
        line.owner.company_id, AskAboutCall(channel_id=silent.channel_id, provider_call_id=silent.provider_call_id)
    )
    await process_inbox(line.owner.company_id)
    assert (await calls.one(line.owner, call_id)).outcome is CallOutcome.ANSWERED


async def test_the_log_says_of_a_call_that_it_reached_nobody(line: Line) -> None:
    await line.open(script="no_answer")
    await line.call()
    await line.lane()
    await line.hear(*await line.told())
    lines = await channel_log.entries(line.owner, line.channel, kind="send")
    assert [one.summary for one in lines] == ["Call reached nobody"]


@pytest.mark.parametrize(("colleague", "reason"), [("answers", "transfer_bridged"), ("no_answer", "agent_hangup")])
async def test_the_simulator_asks_for_a_person_and_puts_the_call_through(line: Line, colleague: str, reason: str) -> None:
    """Whoever took it speaks, or their phone rang in vain and nobody is left on the line unheard."""
    base = f"{line.sandbox.product.url}/hooks/retell/1"
    line.sandbox.product.answer = msgspec.json.encode({"outcome": "accepted", "transfer_number": "+5511911112222"})
    await line.open(script="wants_a_person", human_url=f"{base}/human", webhook_url=f"{base}/call", colleague=colleague)
    await line.call()
    await line.lane()
    await line.told()
    told = [(request.path.rsplit("/", 1)[1], msgspec.json.decode(request.body)) for request in line.sandbox.product.requests]
    [asked] = [body for source, body in told if source == "human"]
    assert asked["name"] == "request_human"
    events = [body["event"] for source, body in told if source == "call"]
    assert events.count("transfer_bridged" if colleague == "answers" else "transfer_cancelled") == 1
    assert next(body for _, body in told if body.get("event") == "call_ended")["call"]["disconnection_reason"] == reason
