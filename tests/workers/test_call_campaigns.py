"""A campaign of calls over the sandbox, from its launch to its end: who is called, how often, who is called again, and who gets something else."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import limits
from db.campaigns import actions, dispositions, enrol, fallback, lifecycle, redials
from db.campaigns.plan import Plan, PlanCalls
from db.campaigns.rules import load
from db.channels.secrets import load_channel
from db.clock import now
from db.contacts.places import place
from db.messages import calling, calls, conversation, erasing, tries
from db.messages.enums import CallOutcome
from db.messages.enums import MessageState as M
from db.messages.ledger import claim
from db.permissions import Permission
from db.subjects import Subject
from db.tenancy import Actor
from db.work import read, work
from tests import factories
from tests.workers.test_calls import Line
from tests.workers.test_calls import line as line
from workers import gated, unknown
from workers.sandbox.retell.calls import Call
from workers.sandbox.retell.vendor import Retell
from workers.sending import Lanes

SCRIPT = "Oi {{first_name|tudo bem}}, aqui é da loja. Ainda quer o orçamento de {{custom.cidade|sua cidade}}?"
DOES = (
    "talks",
    "no_answer",
    "busy",
    "voicemail",
    "call_later",
    "never_again",
    "wrong_number",
    "refuses",
    "wants_a_person",
    "hangs_up",
)


def _placed(line: Line) -> list[Call]:
    """What the sandbox was asked to call."""
    vendor = line.sandbox.world.vendors["retell"]
    assert isinstance(vendor, Retell)
    return list(vendor.calls.by_id.values())


class Campaign:
    """One over the line's channel, for `people`: the n-th does what the n-th of `does` says."""

    def __init__(self, line: Line, does: tuple[str, ...]) -> None:
        self.line, self.does, self.heard = line, does, 0

    async def start(
        self, people: int, *, more: dict[str, Any] | None = None, account: dict[str, Any] | None = None, **columns: Any
    ) -> "Campaign":
        line = self.line
        callees = {f"+55119{n:08}": self.does[n % len(self.does)] for n in range(people)}
        await line.open(callees=callees, **(account or {}))
        await factories.contacts(line.db, line.owner, people - 1, first=1)
        settings = msgspec.json.encode({"calls": more or {}}).decode()
        self.id = await factories.campaign(line.db, line.owner, line.channel, body=SCRIPT, settings=settings, **columns)
        await actions.launch(line.owner, self.id, None)
        await lifecycle.prepare(line.owner.company_id, self.id)
        return self

    async def hear(self) -> None:
        await self.line.told()
        fresh = [one.body for one in self.line.sandbox.product.requests[self.heard :]]
        self.heard += len(fresh)
        await self.line.hear(*fresh)

    async def step(self) -> int:
        """All that is due is called and told, and what follows is decided. Returns how many wait."""
        while await self.line.db.fetchval(
            "select true from message where queue_id = $1 and queued and next_at <= now() limit 1", self.id
        ):
            await self.line.lane()
            await self.hear()
        while await redials.rounds():
            pass
        waiting: int = await self.line.db.fetchval("select count(*) from message where campaign_id = $1 and queued", self.id)
        return waiting

    async def hurry(self) -> None:
        await self.line.db.execute("update message set next_at = now() where campaign_id = $1 and queued", self.id)

    async def tried(self) -> Counter[str]:
        """Numbers by how often the sandbox was asked to call them."""
        return Counter(call.asked["to_number"] for call in _placed(self.line))

    async def states(self) -> dict[str, int]:
        rows = await self.line.db.fetch("select address, state from message where campaign_id = $1", self.id)
        return {row["address"]: row["state"] for row in rows}


async def test_twenty_people_are_called_and_everyone_once_counted(line: Line) -> None:
    campaign = await Campaign(line, DOES).start(20, more={"tries": 3})
    for _ in range(4):
        if await campaign.step() == 0:
            break
        await lifecycle.reconcile()
        assert await line.db.fetchval("select state from campaign where id = $1", campaign.id) == "running"
        await campaign.hurry()
    tried = await campaign.tried()
    by_script: dict[str, set[int]] = {}
    for n in range(20):
        by_script.setdefault(DOES[n % len(DOES)], set()).add(tried[f"+55119{n:08}"])
    again = {"no_answer": {3}, "busy": {3}, "voicemail": {3}, "refuses": {3}}
    assert by_script == {script: again.get(script, {1}) for script in DOES}
    states = await campaign.states()
    reached = {"talks", "call_later", "never_again", "wants_a_person", "hangs_up"}
    assert {states[f"+55119{n:08}"] for n in range(20) if DOES[n % len(DOES)] in reached} == {int(M.DELIVERED)}
    assert {states[f"+55119{n:08}"] for n in range(20) if DOES[n % len(DOES)] not in reached} == {int(M.FAILED)}
    # each try is a call of its own, with its own end
    rows = await line.db.fetch(
        "select outcome, try_of is not null as earlier from call where company_id = $1", line.owner.company_id
    )
    assert Counter(row["outcome"] for row in rows)["no_answer"] == 6
    assert sum(row["earlier"] for row in rows) == 16
    await lifecycle.reconcile()
    assert await line.db.fetchval("select state from campaign where id = $1", campaign.id) == "finished"
    # whoever asked for it is called back at the time they said
    back = await line.db.fetch(
        "select next_at, content->'variables'->>'script' as script from message where dedupe_key like 'callback:%' and company_id = $1",
        line.owner.company_id,
    )
    assert len(back) == 2
    assert {(row["next_at"].astimezone(UTC).hour, row["next_at"] > now()) for row in back} == {(13, True)}
    assert all(row["script"].startswith("Oi Pessoa") for row in back)


async def test_the_agent_is_told_the_script_and_the_thread_shows_a_call(line: Line) -> None:
    campaign = await Campaign(line, ("voicemail",)).start(
        1, more={"tries": 3, "voicemail": "Oi {{first_name|tudo bem}}, ligo depois."}
    )
    await campaign.step()
    [call] = _placed(line)
    told = call.asked["retell_llm_dynamic_variables"]
    assert told["script"] == "Oi Pessoa, aqui é da loja. Ainda quer o orçamento de Niterói?"
    assert (told["name"], told["first_name"], told["cidade"]) == ("Pessoa 0", "Pessoa", "Niterói")
    assert told["company"]
    assert call.asked["agent_override"]["agent"]["voicemail_option"] == {
        "action": {"type": "static_text", "text": "Oi Pessoa, ligo depois."}
    }
    shown = await line.shown()
    assert (shown.kind, shown.text, shown.campaign_name) == ("call", "", "Promoção")
    # a machine that has taken the message is not called again
    assert await campaign.step() == 0
    assert list((await campaign.states()).values()) == [M.FAILED]
    detail = await calls.one(line.owner, shown.id)
    assert detail.turns[-1].text == "Oi Pessoa, ligo depois."


async def test_an_earlier_try_keeps_what_was_said_and_late_news_of_it_goes_there(line: Line) -> None:
    campaign = await Campaign(line, ("voicemail",)).start(1, more={"tries": 2})
    await campaign.step()
    first = [one.body for one in line.sandbox.product.requests]
    await campaign.hurry()
    await campaign.step()
    rows = await line.db.fetch(
        "select id, try_of, provider_call_id, outcome from call where company_id = $1 order by created_at", line.owner.company_id
    )
    assert [(row["outcome"], row["try_of"] is None) for row in rows] == [("voicemail", False), ("voicemail", True)]
    assert rows[0]["try_of"] == rows[1]["id"]
    assert len({row["provider_call_id"] for row in rows}) == 2
    before = await calls.one(line.owner, rows[1]["id"])
    await line.hear(*first)
    assert await calls.one(line.owner, rows[1]["id"]) == before
    earlier = await calls.one(line.owner, rows[0]["id"])
    assert (earlier.contact_id, len(earlier.turns)) == (line.contact, 1)
    files = await line.db.fetch("select message_id from message_file where company_id = $1", line.owner.company_id)
    assert {row["message_id"] for row in files} == {row["id"] for row in rows}
    async with work(line.owner, Permission.CONTACTS_WRITE) as w:
        erased = await erasing.erase(w, Subject([line.contact], [], []), 100)
    assert (erased["message_file"], erased["call"]) == (2, 2)


async def test_no_more_go_on_at_once_than_there_are_places(line: Line) -> None:
    campaign = await Campaign(line, ("talks",)).start(6, more={"at_once": 2})
    await line.lane()
    async with read(line.owner, Permission.CONTACTS_READ) as r:
        placed = await limits.places(r, line.owner.company_id, line.channel, campaign.id)
    assert (placed.live, placed.own, placed.free(2), placed.free(None)) == (2, 2, 0, None)
    assert len(await campaign.tried()) == 2
    await line.db.execute("update channel set places = 1 where id = $1", line.channel)
    await campaign.hear()
    await line.lane()
    assert len(await campaign.tried()) == 3
    await line.db.execute("update channel set places = null where id = $1", line.channel)
    await campaign.step()
    assert set((await campaign.tried()).values()) == {1}
    assert set((await campaign.states()).values()) == {M.DELIVERED}


async def test_two_campaigns_and_two_workers_never_ring_one_person_at_once(line: Line) -> None:
    campaign = await Campaign(line, ("talks",)).start(3)
    other = await factories.campaign(line.db, line.owner, line.channel, body=SCRIPT)
    await actions.launch(line.owner, other, None)
    await lifecycle.prepare(line.owner.company_id, other)
    both = [Lanes(line.settings, line.sender) for _ in range(2)]
    for _ in range(3):
        await asyncio.gather(*(lanes.run(line.owner.company_id, line.channel, number) for number, lanes in enumerate(both)))
    for lanes in both:
        await lanes.drain()
    assert set((await campaign.tried()).values()) == {1}
    held = await line.db.fetchval(
        "select count(*) from message where queued and reason = 'call_limit' and company_id = $1", line.owner.company_id
    )
    assert held == 3


async def claimed(line: Line, queue_id: UUID, limit: int = 10) -> int:
    """What a lane would call now, by the rules for calls."""
    async with work(line.owner, Permission.CAMPAIGNS_SEND) as w:
        channel = await load_channel(w, line.channel)
        assert channel is not None
        batch = await claim(w, line.channel, queue_id, limit=limit, units=limit)
        return len(await gated._by_tries(w, channel, None if queue_id == line.channel else queue_id, batch))


async def test_nobody_is_called_more_often_than_the_law_allows(line: Line) -> None:
    campaign = await Campaign(line, ("no_answer",)).start(1, more={"tries": 5})
    await campaign.step()

    async def known() -> tries.Tries:
        async with read(line.owner, Permission.CONTACTS_READ) as r:
            return (await tries.of(r, line.owner.company_id, [line.contact]))[line.contact]

    assert await known() == tries.NONE  # nobody was rung by a simulator
    await line.db.execute("update channel set sandbox = false where id = $1", line.channel)  # it calls real people
    assert (await known()).day == 1
    await line.db.execute("update call set created_at = now() - interval '20 hours' where company_id = $1", line.owner.company_id)
    await campaign.hurry()
    assert await claimed(line, campaign.id) == 1
    assert await line.db.fetchval("select provider_id from message where campaign_id = $1", campaign.id) is None  # the try has it
    await line.db.execute(
        "update call set outcome = 'busy', stage = 3 where company_id = $1 and try_of is null", line.owner.company_id
    )
    await line.db.execute("update message set state = 0, next_at = now(), lease_until = null where campaign_id = $1", campaign.id)
    assert await claimed(line, campaign.id) == 0
    row = await line.db.fetchrow("select reason, next_at - now() as wait, tries from message where campaign_id = $1", campaign.id)
    assert row is not None
    assert row["reason"] == "call_limit"
    assert timedelta(hours=3, minutes=58) < row["wait"] < timedelta(hours=4)
    [way] = await calling.channels(line.owner, line.contact)
    assert way.obstacle is not None
    assert way.obstacle.value == "too_many_calls"


async def test_an_unknown_outcome_is_never_dialled_again_by_a_campaign(line: Line) -> None:
    account = {"behaviour": {"drop_after_accept_share": 1, "webhook_lost_share": 1}}
    campaign = await Campaign(line, ("no_answer",)).start(1, account=account, policy="at_least_once")
    await line.lane()
    assert list((await campaign.states()).values()) == [M.UNKNOWN]
    assert await redials.rounds() == 0
    await line.db.execute("update message set lease_until = now() - interval '1 second' where campaign_id = $1", campaign.id)
    await unknown.reconcile()
    assert await redials.rounds() == 1
    assert list((await campaign.states()).values()) == [M.FAILED_UNKNOWN]
    assert sum((await campaign.tried()).values()) == 1
    assert await actions.retry_failed(line.owner, campaign.id, ["unknown_outcome"], include_unknown=True) == 0
    await factories.contacts(line.db, line.owner, 1, first=7)
    late = await line.db.fetchval("select contact_id from contact_identity where value = '+5511900000007'")
    async with work(line.owner, Permission.CAMPAIGNS_SEND) as w:
        await enrol.hold(w, campaign.id)
        await enrol.enrol(w, campaign.id, late)
    assert await line.db.fetchval("select at_least_once from message where contact_id = $1", late) is False


async def test_who_was_not_reached_gets_one_message_after_the_last_try(
    line: Line, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    sms = await factories.channel(owner_db, owner, "sms", name="SMS da loja")
    instead = msgspec.json.encode({"channel_id": str(sms), "body": "Oi {{first_name|você}}, tentei ligar."}).decode()
    campaign = await Campaign(line, ("no_answer", "talks")).start(2, more={"tries": 2}, fallback=instead)
    assert await campaign.step() == 1
    assert await fallback.rounds() == 0  # they are called once more
    await campaign.hurry()
    assert await campaign.step() == 0
    assert sorted([await fallback.rounds(), await fallback.rounds()]) == [0, 1]
    rows = await owner_db.fetch(
        "select address from message where campaign_id = (select id from campaign where fallback_of = $1)", campaign.id
    )
    assert [row["address"] for row in rows] == ["+5511900000000"]
    assert (await campaign.tried())["+5511900000000"] == 2


def test_the_table_says_what_follows_every_end() -> None:
    ended = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
    assert set(dispositions.AGAIN) == set(CallOutcome)
    assert all(list(gaps) == sorted(set(gaps)) for gaps in dispositions.AGAIN.values()), "gaps grow"
    plan = PlanCalls(tries=3)

    def again(outcome: CallOutcome | None, count: int, plan: PlanCalls = plan) -> datetime | None:
        return dispositions.again(plan, outcome, count, ended, simulated=False)

    assert again(CallOutcome.BUSY, 1) == ended + timedelta(minutes=15)
    assert again(CallOutcome.BUSY, 3) is None
    assert again(CallOutcome.WRONG_NUMBER, 1) is None
    assert again(None, 1) is None
    assert again(CallOutcome.VOICEMAIL, 1) is not None
    assert again(CallOutcome.VOICEMAIL, 1, PlanCalls(voicemail="Oi")) is None
    wished = ended + timedelta(days=1)
    for outcome, at, expected in [
        (CallOutcome.CALLBACK_WANTED, wished, wished),
        (CallOutcome.CALLBACK_WANTED, ended - timedelta(days=1), ended + dispositions.LATER),
        (CallOutcome.CALLBACK_WANTED, None, ended + dispositions.LATER),
        (CallOutcome.ANSWERED, wished, None),
    ]:
        assert dispositions.back(plan, outcome, at, ended, ended) == expected


@pytest.mark.parametrize(
    ("number", "at", "opens"),
    [
        ("+5511987654321", datetime(2026, 11, 25, 23, 30, tzinfo=UTC), datetime(2026, 11, 26, 12, 0, tzinfo=UTC)),  # 20:30 there
        (
            "+5511987654321",
            datetime(2026, 11, 28, 20, 0, tzinfo=UTC),
            datetime(2026, 11, 30, 12, 0, tzinfo=UTC),
        ),  # Saturday, 17:00
        (
            "+5521987654321",
            datetime(2026, 11, 25, 21, 0, tzinfo=UTC),
            datetime(2026, 11, 26, 11, 0, tzinfo=UTC),
        ),  # Rio ends at 18:00
        ("+5511987654321", datetime(2026, 11, 25, 15, 0, tzinfo=UTC), None),
    ],
)
async def test_a_campaign_is_laid_out_by_the_law_of_each_place(
    owner: Actor, number: str, at: datetime, opens: datetime | None
) -> None:
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        rules = await load(r, owner.company_id, Plan(), "marketing", calls=True)
    assert rules.opens(place(number), at) == (opens or at)
    christmas = datetime(now().year, 12, 25, 15, 0, tzinfo=UTC)
    later = rules.opens(place(number), christmas)
    assert later is not None
    assert later.date() > christmas.date()


async def test_who_is_called_by_a_campaign_is_not_called_by_hand_at_once(line: Line) -> None:
    await Campaign(line, ("talks",)).start(1)
    [way] = await calling.channels(line.owner, line.contact)
    assert way.obstacle is None  # it waits in the campaign, and nobody rings yet
    await line.lane()
    [way] = await calling.channels(line.owner, line.contact)
    assert way.obstacle is not None
    assert way.obstacle.value == "call_under_way"
    assert tries.NONE.under_way is False
    [entry] = await conversation.messages(line.owner, line.contact, before=None, limit=10)
    assert entry.kind == "call"
