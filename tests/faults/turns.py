"""What becomes of answers when a worker, the model, Valkey or Postgres fails: none is lost without a trace, none is said twice, and none
after a person took over. `size`: as of the other disasters; from 2,000 on everything happens many times, and leases end by themselves."""

import asyncio
import random
import time
from collections import Counter

import asyncpg

from tests.faults.harness import LARGE, Report
from tests.faults.talks import BURST, Customer, Talks, talks


async def turns_killed(size: int) -> Report:
    """A worker is killed while turns stand at each step of theirs, and some are taken over by a person before another worker comes."""
    rounds = 8 if size >= LARGE else 1
    began, ends = time.monotonic(), Counter[str]()
    async with talks(9 * rounds) as t:
        answered, silent = [], []
        for _ in range(rounds):
            async with t.gates():
                alone, taken = await _stand_everywhere(t)
                t.w.kill(t.w.programs.workers[-1])
                await t.let_go()
                await t.take_over(taken)
            await t.model()
            if rounds == 1:
                await t.later()
            t.w.start_worker()
            await t.ended()
            answered += alone
            silent += taken
        ends = await t.prove(answered, silent)
        return Report(
            "turns killed at each step",
            time.monotonic() - began,
            dict(ends),
            len(answered),
            0,
            0,
            notes=f"{rounds} kills, {len(silent)} taken over",
        )


async def _stand_everywhere(t: Talks) -> tuple[list[Customer], list[Customer]]:
    """One talk at each step, and of those that are nearly said another one, which a person takes over."""
    reserved, kept, said, said_too, claimed, claimed_too, asked, asked_too, written = t.some(9)
    await t.stand_at("reserved", [reserved])
    await t.stand_at("kept", [kept])
    await t.stand_at("said", [said, said_too])
    await t.stand_at("claimed", [claimed, claimed_too])
    await t.stand_at("written", [written])
    await t.write([reserved, kept, said, said_too, claimed])
    await t.standing(5)
    await t.write([claimed_too])
    await t.standing(6)
    await t.model(slow=60.0)
    before = await t.questions()
    await t.write([asked, asked_too])
    await t.asked([asked, asked_too], before)
    await t.model()
    await t.write([written])  # last: its status comes before our note of it, and waits for that with all that is told after it
    await t.standing(7)
    return [reserved, kept, said, claimed, asked, written], [said_too, claimed_too, asked_too]


async def turns_without_model(size: int) -> Report:
    """The model refuses everybody: they are told once, people are called, and it answers again when it is well. It hangs: a person takes
    over at once; at full size its silence is waited for, too."""
    began = time.monotonic()
    async with talks(4) as t:
        down, hung, waits = t.some(1)[0], t.some(1)[0], t.some(1)
        await t.model("error")
        for _ in range(2):
            await t.write([down], BURST[-1:])
            await t.ended()
        assert len((await t.accepted())[down.phone]) == 1, "told once"
        alarm = "select alarm from ai_conversation a join conversation v on v.id = a.conversation_id where v.contact_id = $1"
        assert await t.w.db.fetchval(alarm, down.contact_id) == "model_down"
        lines = await t.w.db.fetchval(
            "select count(*) from conversation_entry e join conversation v on v.id = e.conversation_id where v.contact_id = $1"
            " and e.kind = 'assistant_stopped'",
            down.contact_id,
        )
        assert lines == 1, "it is said once in the thread"
        called = await t.w.db.fetch(
            "select n.user_id, n.times from notification n join conversation v on v.id = n.subject_id"
            " where v.contact_id = $1 and n.kind = 'waits' and n.in_app",
            down.contact_id,
        )
        assert [tuple(row) for row in called] == [(t.w.actor.id, 1)], "who may answer is called, once"
        await t.model("hang")
        before = await t.questions()
        await t.write([hung], BURST)
        await t.asked([hung], before)
        await t.take_over([hung])
        await t.ended()
        if size >= LARGE:
            await t.write(waits)
            await t.ended(240)
            assert len((await t.accepted())[waits[0].phone]) == 1, "told once that it hangs"
        await t.model()
        await t.write([down], BURST)
        await t.ended()
        left = await t.w.db.fetchval(alarm, down.contact_id)  # a burst that a slow machine stretched may be two, with one answer
        assert left != "model_down"
        took = (await t.accepted())[down.phone]
        assert len(took) == len(set(took)) > 1, f"answered again: {took}"
        ends = await t.prove([], [hung])
        return Report("turns without a model", time.monotonic() - began, dict(ends), len(took), 0, 0)


async def turns_without_servers(size: int) -> Report:
    """Valkey is lost, and Postgres crashes, each while the model answers."""
    rounds = 5 if size >= LARGE else 1
    began = time.monotonic()
    async with talks(8 * rounds) as t:
        everybody = []
        for _ in range(rounds):
            for server in ("valkey", "postgres"):
                customers = t.some(4)
                everybody += customers
                await t.model(slow=2.0)
                before = await t.questions()
                await t.write(customers)
                await t.asked(customers, before)
                if server == "valkey":
                    t.w.base.lose_valkey()
                    await asyncio.sleep(1)
                    await asyncio.to_thread(t.w.base.return_valkey)
                else:
                    await asyncio.to_thread(t.w.base.crash_postgres)
                    t.w.db = await asyncpg.connect(t.w.base.settings.database_owner_url)
                await t.model()
                if rounds == 1:
                    await t.later()
                await t.ended()
        ends = await t.prove(everybody, [])
        return Report("turns without Valkey, Postgres", time.monotonic() - began, dict(ends), len(everybody), 0, 0)


async def turns_in_a_storm(size: int) -> Report:
    """Many customers write, some in the middle of their answer once more, people take some over, and workers are killed at random."""
    count, kills = (200, 10) if size >= LARGE else (20, 2)
    began = time.monotonic()
    async with talks(count) as t:
        customers = t.some(count)
        await t.model(slow=0.5)
        writing = asyncio.create_task(t.write(customers))
        taken = list[Customer]()
        for _ in range(kills):
            await asyncio.sleep(random.uniform(0.5, 5.0))
            t.w.kill(t.w.programs.workers[-1])
            t.w.start_worker()  # who is taken over has to have been heard
            if writing.done():
                some = [one for one in random.sample(customers, 5) if one not in taken]
                await t.take_over(some)
                taken += some
        await writing
        await t.ended(120 + count)
        ends = await t.prove_storm([one for one in customers if one not in taken], taken)
        return Report(
            "turns in a storm", time.monotonic() - began, dict(ends), count, 0, 0, notes=f"{kills} kills, {len(taken)} taken over"
        )


TURNS = [turns_killed, turns_without_model, turns_without_servers]
ALL_TURNS = [*TURNS, turns_in_a_storm]
