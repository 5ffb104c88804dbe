"""Numbers bought and set up for calls, over the sandbox's Twilio and Retell: nothing twice whatever is lost, and taken back step by step."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from db.channels.enums import ChannelState
from db.channels.queries import channel
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.jobs import CheckChannel, RunPhoneSetup, SearchNumbers
from db.messages import calling
from db.permissions import Role
from db.settings import Settings
from db.telephony import running, setups
from db.telephony.enums import NumberType, SetupAccess, SetupState, SetupStep, StepState
from db.telephony.errors import SetupFailure
from db.telephony.setups import Setup, Wanted
from db.tenancy import Actor, built_in, member
from tests import factories
from tests.workers.sandbox.world import QUIET, Sandbox
from tests.workers.sandbox.world import running as sandbox_running
from workers.channels import ChannelJobs
from workers.outgoing import Sender
from workers.providers.wire import Wire
from workers.runtime import Retry, Snooze
from workers.sending import Lanes
from workers.telephony import Telephony, give_up

WANTED = Wanted("BR", NumberType.LOCAL, "11")


class Bench:
    """One set-up on the simulator."""

    def __init__(self, sandbox: Sandbox, settings: Settings, wire: Wire, db: asyncpg.Connection, owner: Actor) -> None:
        self.sandbox, self.settings, self.wire, self.db, self.owner = sandbox, settings, wire, db, owner
        self.jobs = Telephony(settings, wire)

    async def begun(self, access: SetupAccess = SetupAccess.CREDENTIALS) -> "Bench":
        made = await setups.start(self.owner, kind="voice_retell", name="Vendas", access=access, sandbox=True)
        self.id = made.id
        await self.search(None)
        for name in ("twilio", "retell"):
            await self.sandbox.behave(await self.account(name), **QUIET)
        return self

    async def search(self, wanted: Wanted | None = WANTED) -> Setup:
        if wanted is not None:
            await setups.search(self.owner, self.id, wanted)
        await self.jobs.search(self.owner.company_id, SearchNumbers(setup_id=self.id, asked_at=0))
        found = await self.look()
        self.voice = found.channel_id.hex
        return found

    async def order(self, **changes: Any) -> Setup:
        known = await self.search()
        offer = next(one for one in known.offers if not one.owned)
        given = {"number": offer.number, "price_cents": offer.price_cents, "currency": offer.currency} | changes
        return await setups.order(self.owner, self.id, agent_id=known.agents[0].id, **given)

    async def run(self) -> Setup:
        """Once, as the job does; a look that is to come later is not waited for."""
        try:
            await self.jobs.run(self.owner.company_id, RunPhoneSetup(setup_id=self.id))
        except (Snooze, Retry):
            pass
        return await self.look()

    async def look(self) -> Setup:
        return await setups.setup(self.owner, self.id)

    async def account(self, kind: str) -> dict[str, Any]:
        name = f"{self.id.hex}-trunk" if kind == "twilio" else self.voice
        found: dict[str, Any] = (await self.sandbox.http.get(f"/sandbox/accounts/{name}")).raise_for_status().json()
        return found

    async def behave(self, kind: str, **changes: Any) -> None:
        await self.sandbox.behave(await self.account(kind), **changes)

    async def counted(self) -> dict[str, int]:
        """Everything that there is at both."""
        twilio, retell = await self.account("twilio"), await self.account("retell")
        [*trunks] = twilio["trunks"].values()
        return {
            "paid": twilio["purchases"],
            "numbers": len(twilio["bought"]),
            "trunks": len(trunks),
            "lists": len(twilio["access_lists"]),
            "keys": sum(len(one["entries"]) for one in twilio["access_lists"].values()),
            "origination": sum(len(one["origination"]) for one in trunks),
            "imported": len(retell["imported"]),
        }


WHOLE = {"paid": 1, "numbers": 1, "trunks": 1, "lists": 1, "keys": 1, "origination": 1, "imported": 1}


@pytest.fixture
async def bench(tmp_path: Any, owner: Actor, owner_db: asyncpg.Connection, database: Settings) -> AsyncIterator[Bench]:
    async with sandbox_running(tmp_path / "sandbox") as sandbox, Wire() as wire:
        settings = msgspec.structs.replace(database, sandbox_url=sandbox.base, webhook_url=sandbox.product.url)
        yield Bench(sandbox, settings, wire, owner_db, owner)


def states(found: Setup) -> list[StepState]:
    return [step.state for step in found.steps]


@pytest.mark.parametrize("access", list(SetupAccess))
async def test_a_number_is_bought_set_up_called_over_and_taken_back(bench: Bench, access: SetupAccess) -> None:
    await bench.begun(access)
    await bench.order()
    found = await bench.run()
    assert found.state is SetupState.DONE
    assert states(found) == [StepState.DONE] * len(SetupStep)
    assert await bench.counted() == WHOLE | {"keys": 1 if access is SetupAccess.CREDENTIALS else 3}

    jobs = ChannelJobs(bench.settings, bench.wire)
    await jobs.check_channel(bench.owner.company_id, CheckChannel(channel_id=found.channel_id))
    view = await channel(bench.owner, found.channel_id)
    assert (view.state, view.number) == (ChannelState.CONNECTED, found.number)
    if access is SetupAccess.ADDRESSES:  # somebody took the number off the trunk by hand
        account = await bench.account("twilio")
        off = {number: own | {"trunk_sid": None} for number, own in account["bought"].items()}
        (await bench.sandbox.http.put(f"/sandbox/accounts/{account['id']}", json={"bought": off})).raise_for_status()
    assert await called(bench, found.channel_id) == ("talks" if access is SetupAccess.CREDENTIALS else "no_line")

    await setups.undo(bench.owner, bench.id, SetupStep.ATTACH)
    found = await bench.run()
    assert found.state is SetupState.STOPPED
    assert states(found)[-3:] == [StepState.WAITING] * 3
    with pytest.raises(NotFound):
        await channel(bench.owner, found.channel_id)
    await setups.go_on(bench.owner, bench.id)
    assert (await bench.run()).state is SetupState.DONE
    assert (await channel(bench.owner, found.channel_id)).state is ChannelState.CHECKING

    await setups.undo(bench.owner, bench.id, SetupStep.NUMBER)
    found = await bench.run()
    assert found.state is SetupState.CHOOSING
    assert found.number is None
    assert await bench.counted() == dict.fromkeys(WHOLE, 0) | {"paid": 1}

    first, offers = found, (await bench.search()).offers
    await bench.behave("retell", **QUIET)
    other = next(one for one in offers if not one.owned and one.number != view.number)
    await bench.order(number=other.number)
    found = await bench.run()
    assert found.state is SetupState.DONE
    assert found.channel_id == first.channel_id != view.id
    assert (await channel(bench.owner, found.channel_id)).number == other.number, (
        "not the channel of the number that was given back"
    )

    await setups.undo(bench.owner, bench.id, SetupStep.NUMBER)
    await bench.run()
    await setups.forget(bench.owner, bench.id)
    with pytest.raises(NotFound):
        await bench.look()


async def called(bench: Bench, channel_id: UUID) -> str:
    """What became of a call over the number: without the trunk behind it there is no line."""
    await factories.contacts(bench.db, bench.owner, 1)
    person = await bench.db.fetchval("select id from contact where company_id = $1", bench.owner.company_id)
    async with httpx.AsyncClient(base_url=bench.sandbox.base) as http:
        await http.put(f"/sandbox/accounts/{channel_id.hex}", json={"script": "talks"})
    await calling.call(bench.owner, person, channel_id)
    lanes = Lanes(bench.settings, Sender(bench.settings, bench.wire))
    await lanes.run(bench.owner.company_id, channel_id, 0)
    await lanes.drain()
    [entry] = (await bench.sandbox.http.get("/sandbox/ledger")).raise_for_status().json()["data"]
    return str(entry["preview"]).partition("]")[0].removeprefix("[")


@pytest.mark.parametrize("step", [step for step in SetupStep if step is not SetupStep.CHANNEL])
@pytest.mark.parametrize("fault", [{"drop_after_accept_share": 1}, {"error_5xx_share": 1, "error_5xx_accepted_share": 0}])
async def test_an_answer_that_was_lost_is_looked_up_and_never_asked_for_again(
    bench: Bench, step: SetupStep, fault: dict[str, float]
) -> None:
    """Whether it had been done or not: of everything there is one at the end, and one number was paid for."""
    await bench.begun()
    await bench.order()
    vendor = "retell" if step is SetupStep.IMPORT else "twilio"
    await until_step(bench, step)
    await bench.behave(vendor, **fault)
    found = await bench.run()
    at = list(SetupStep).index(step)
    assert (found.steps[at].state, found.steps[at].failure) == (StepState.UNKNOWN, SetupFailure.UNSURE)
    await bench.behave(vendor, **QUIET, **dict.fromkeys(fault, 0))
    found = await bench.run()
    if "drop_after_accept_share" in fault:
        assert found.state is SetupState.DONE
    else:
        assert states(found)[at] is StepState.UNKNOWN, "it is not asked for again while it may still come"
        await bench.db.execute("update phone_setup_step set asked_at = asked_at - interval '1 hour'")
        found = await bench.run()
        assert (found.state, found.steps[at].failure) == (SetupState.STOPPED, SetupFailure.NOT_THERE)
        await setups.go_on(bench.owner, bench.id)
        assert (await bench.run()).state is SetupState.DONE
    assert await bench.counted() == WHOLE


async def until_step(bench: Bench, step: SetupStep) -> None:
    """Everything before it is done."""
    for _ in range(list(SetupStep).index(step)):
        async with running_work(bench) as w:
            todo = await running.begin(w, bench.id)
        assert todo is not None
        await bench.jobs._on(bench.owner.company_id, todo)


def running_work(bench: Bench) -> Any:
    from db.permissions import Permission
    from db.tenancy import worker
    from db.work import work

    return work(worker(bench.owner.company_id), Permission.CHANNELS_WRITE)


async def test_a_run_that_died_after_it_asked_leaves_one_of_everything(bench: Bench) -> None:
    await bench.begun()
    await bench.order()
    async with running_work(bench) as w:
        dead = await running.begin(w, bench.id)
        assert dead is not None
        assert await running.asking(w, dead)
    ends = bench.jobs._sides(dead.plan).carrier
    await ends.make(SetupStep.NUMBER, dead.plan)  # and here it died
    assert (await bench.run()).state is SetupState.DONE
    assert await bench.counted() == WHOLE
    async with running_work(bench) as w:
        assert not await running.asking(w, dead), "its step is another run's"


async def test_what_surely_failed_is_said_and_tried_again_by_a_person(bench: Bench) -> None:
    await bench.begun()
    await bench.order()
    for code, failure in (
        (21649, SetupFailure.NUMBER_PAPERS),
        (20003, SetupFailure.CARRIER_REFUSED),
        (21422, SetupFailure.NUMBER_GONE),
    ):
        await bench.behave("twilio", refuse_code=code)
        found = await bench.run()
        assert (found.state, found.steps[0].state, found.steps[0].failure) == (SetupState.STOPPED, StepState.FAILED, failure)
        assert (await bench.run()).steps[0].changed_at == found.steps[0].changed_at, "nothing goes on by itself"
        await setups.go_on(bench.owner, bench.id)
    await bench.behave("twilio", refuse_code=0, error_429_share=1)
    found = await bench.run()
    assert found.state is SetupState.WORKING
    assert found.steps[0].state is StepState.DOING
    await give_up(bench.owner.company_id, RunPhoneSetup(setup_id=bench.id), "tried often")
    found = await bench.look()
    assert (found.state, found.steps[0].failure) == (SetupState.STOPPED, SetupFailure.NO_ANSWER)
    await bench.behave("twilio", error_429_share=0)
    await setups.go_on(bench.owner, bench.id)
    assert (await bench.run()).state is SetupState.DONE


async def test_what_was_there_before_is_used_and_left(bench: Bench) -> None:
    """A number that the account has costs nothing, and undoing keeps it; one on another trunk is not taken from it."""
    await bench.begun()
    account = await bench.account("twilio")
    own = {"sid": "PN" + "1" * 32, "friendly_name": "Antigo", "trunk_sid": "TK" + "2" * 32}
    (
        await bench.sandbox.http.put(f"/sandbox/accounts/{account['id']}", json={"bought": {"+551130001111": own}})
    ).raise_for_status()
    await bench.order(number="+551130001111", price_cents=None, currency=None)
    found = await bench.run()
    assert found.steps[6].failure is SetupFailure.NUMBER_ON_OTHER_TRUNK
    (
        await bench.sandbox.http.put(
            f"/sandbox/accounts/{account['id']}", json={"bought": {"+551130001111": own | {"trunk_sid": None}}}
        )
    ).raise_for_status()
    await setups.go_on(bench.owner, bench.id)
    found = await bench.run()
    assert found.state is SetupState.DONE
    assert not found.steps[0].ours
    await setups.undo(bench.owner, bench.id, SetupStep.NUMBER)
    await bench.run()
    left = await bench.counted()
    assert (left["paid"], left["numbers"], left["trunks"]) == (0, 1, 0)


async def test_nothing_is_bought_at_another_price_or_that_was_not_shown(bench: Bench) -> None:
    await bench.begun()
    for changes, code in (
        ({"price_cents": 1}, "price_changed"),
        ({"number": "+551100000000"}, "number_not_offered"),
        ({"currency": "BRL"}, "price_changed"),
    ):
        with pytest.raises(Conflict) as refused:
            await bench.order(**changes)
        assert refused.value.code == code
    found = await bench.look()
    assert found.offers[0].price_cents == 425
    assert found.offers[0].currency == "USD"
    with pytest.raises(Invalid):
        await setups.order(bench.owner, bench.id, number=found.offers[0].number, agent_id="x", price_cents=425, currency="USD")
    agent = member(bench.owner.company_id, bench.owner.id, built_in(Role.MANAGER))  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        await setups.order(agent, bench.id, number="", agent_id="", price_cents=None, currency=None)
    assert (await bench.counted())["paid"] == 0
    await bench.order()
    with pytest.raises(Conflict):
        await bench.order()
    with pytest.raises(Conflict):
        await setups.forget(bench.owner, bench.id)


async def test_a_search_that_fails_says_why_and_keeps_what_was_found(bench: Bench) -> None:
    await bench.begun()
    before = (await bench.search()).offers
    assert len(before) > 3
    await bench.behave("retell", access="expired")
    found = await bench.search()
    assert (found.failure, found.offers) == (SetupFailure.VOICE_REFUSED, before)
    await bench.behave("retell", access="valid")
    await setups.go_on(bench.owner, bench.id, voice_secret=(await bench.account("retell"))["api_key"])
    await bench.search(None)
    assert (await bench.look()).failure is None


async def own(bench: Bench, bought: dict[str, Any]) -> None:
    """The account has these numbers."""
    account = await bench.account("twilio")
    (await bench.sandbox.http.put(f"/sandbox/accounts/{account['id']}", json={"bought": bought})).raise_for_status()


async def test_a_number_of_the_account_that_is_gone_is_not_bought(bench: Bench) -> None:
    """Nobody saw a price of it."""
    await bench.begun()
    await own(bench, {"+551130001111": {"sid": "PN" + "1" * 32, "friendly_name": "Antigo", "trunk_sid": None}})
    await bench.order(number="+551130001111", price_cents=None, currency=None)
    await own(bench, {})
    found = await bench.run()
    assert (await bench.account("twilio"))["purchases"] == 0
    assert (found.state, found.steps[0].failure) == (SetupState.STOPPED, SetupFailure.NUMBER_GONE)
    await setups.undo(bench.owner, bench.id, SetupStep.NUMBER)
    assert (await bench.run()).state is SetupState.CHOOSING


async def test_a_price_that_was_shown_long_ago_is_shown_again(bench: Bench) -> None:
    await bench.begun()
    known = await bench.search()
    offer = next(one for one in known.offers if not one.owned)
    await bench.db.execute("update phone_setup set searched_at = searched_at - interval '25 hours'")
    with pytest.raises(Conflict) as refused:
        await setups.order(
            bench.owner,
            bench.id,
            number=offer.number,
            agent_id=known.agents[0].id,
            price_cents=offer.price_cents,
            currency=offer.currency,
        )
    assert refused.value.code == "number_not_offered"


async def test_what_stops_undoing_does_not_set_it_up_again(bench: Bench) -> None:
    """On after a failure goes on with what was asked for: a number that is given back is not bought anew."""
    await bench.begun()
    await bench.order()
    assert (await bench.run()).state is SetupState.DONE
    account = await bench.account("twilio")
    bought = {number: one | {"friendly_name": "Vendas"} for number, one in account["bought"].items()}  # renamed by hand
    await own(bench, bought)
    await bench.behave("twilio", refuse_code=20003)
    await setups.undo(bench.owner, bench.id, SetupStep.NUMBER)
    found = await bench.run()
    assert (found.state, states(found)[6]) == (SetupState.STOPPED, StepState.FAILED)
    await bench.behave("twilio", refuse_code=0)
    await setups.go_on(bench.owner, bench.id)
    assert (await bench.run()).state is SetupState.CHOOSING
    assert await bench.counted() == dict.fromkeys(WHOLE, 0) | {"paid": 1}, "also one that was renamed is given back"


async def test_a_number_that_is_known_over_another_trunk_is_left_there_and_the_rest_is_taken_back(bench: Bench) -> None:
    await bench.begun()
    known = await bench.order()
    retell = await bench.account("retell")
    there = {"termination_uri": "other.pstn.twilio.com", "username": "", "password": "", "nickname": "", "agent_id": ""}
    changed = await bench.sandbox.http.put(f"/sandbox/accounts/{retell['id']}", json={"imported": {known.number: there}})
    changed.raise_for_status()
    found = await bench.run()
    assert (found.state, found.steps[7].failure) == (SetupState.STOPPED, SetupFailure.NUMBER_IMPORTED)
    await setups.undo(bench.owner, bench.id, SetupStep.NUMBER)
    assert (await bench.run()).state is SetupState.CHOOSING
    assert await bench.counted() == dict.fromkeys(WHOLE, 0) | {"paid": 1, "imported": 1}
