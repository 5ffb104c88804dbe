"""A number that is connected by a code, whose gateway, engine or both are killed or frozen again and again while people write and are answered: the ledger of
the server that plays WhatsApp says what arrived, and how often. And how much memory many such numbers take."""

import asyncio
import os
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

from db import crypto
from db.messages import answers
from db.messages.enums import MessageState as M
from db.messages.replies import TextReply
from tests import factories
from tests.faults.harness import LARGE, Report, World
from tests.faults.installation import world
from tests.workers.qr.conftest import PACKAGES
from workers.qr import install
from workers.qr.lanes import LEASE
from workers.qr.words import words
from workers.sandbox.linked.device import Device
from workers.sandbox.linked.server import WhatsApp, playing

PEOPLE, SOAKED = 12, 20
DEATHS = ("engine", "gateway", "both", "freeze", "hang")
OPEN = (M.QUEUED, M.SENDING, M.UNKNOWN)
_LEFT = f"select count(*) from message where channel_id = $1 and state in ({', '.join(str(int(one)) for one in OPEN)})"


class Numbers:
    """The gateways of an installation, and the phones of its numbers."""

    def __init__(self, w: World, wa: WhatsApp) -> None:
        self.w, self.wa = w, wa
        folder = w.base.settings.data_dir / "qr"
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.symlink_to(PACKAGES)
        self.gateways = [self._start() for _ in range(2)]

    def _start(self) -> "subprocess.Popen[bytes]":
        return self.w.base.start("-m", "tests.faults.hasty_gateway", env=self.wa.environment)

    async def column(self, channel_id: UUID, name: str) -> object:
        return await self.w.db.fetchval(f"select {name} from qr_session where id = $1", channel_id)

    async def pair(self, number: str) -> tuple[UUID, Device]:
        """A new number, open when it returns."""
        w = self.w
        channel_id = await factories.channel(
            w.db, w.actor, "whatsapp_qr", sandbox=False, account_id="linked", external_id=f"linked-{uuid4().hex}", number=None,
            throughput=1000, messaging_limit=None, unknown_horizon=86_400,
        )  # fmt: skip
        await w.db.execute(
            "insert into qr_session(company_id, id, state, pairing_until) values ($1, $2, 'pairing', now() + interval '9 minutes')",
            w.actor.company_id,
            channel_id,
        )

        async def is_there(name: str) -> bool:
            return await self.column(channel_id, name) is not None

        await w.until(lambda: is_there("code"), 120, "a code")
        sealed = await self.column(channel_id, "code")
        assert isinstance(sealed, bytes)
        code = crypto.ring().open(sealed, company_id=w.actor.company_id, table="qr_session", column="code", row_id=channel_id)
        device = await self.wa.scan(code, number)
        await self.opened(channel_id, device)
        return channel_id, device

    async def opened(self, channel_id: UUID, device: Device) -> None:
        async def is_open() -> bool:
            there = device.connection is not None and device.bundle is not None
            return there and await self.column(channel_id, "state") == "open"

        await self.w.until(is_open, 180, "an open connection")

    async def kill(self, channel_id: UUID, what: str) -> None:
        """kill -9 of who holds the number, of its engine, or of both; a gateway that died is started again. `freeze`, `hang`: the gateway or its engine
        stands still and lives."""
        owner = str(await self.column(channel_id, "lease_owner"))
        number = next((n for n, one in enumerate(self.gateways) if owner.endswith(f":{one.pid}")), None)
        if number is None:
            return
        process = self.gateways[number]
        if what == "freeze":
            await self._freeze(channel_id, owner, process.pid)
            return
        engine = engine_of(process.pid)
        if what == "hang" and engine is not None:
            await self._hang(channel_id, engine)
        if what in ("engine", "both") and engine is not None:
            with suppress(ProcessLookupError):
                os.kill(engine, signal.SIGKILL)
        if what in ("gateway", "both"):
            self.w.kill(process)
            self.gateways[number] = self._start()
            # It is surely dead: nobody needs to wait for the end of its lease.
            await self.w.db.execute(
                "update qr_session set lease_until = now() - interval '1 minute' where id = $1 and lease_owner = $2",
                channel_id,
                owner,
            )

    async def _freeze(self, channel_id: UUID, owner: str, pid: int) -> None:
        """It stands still until another has the number, and finds it gone when it wakes."""

        async def taken() -> bool:
            return await self.column(channel_id, "lease_owner") not in (owner, None)

        os.kill(pid, signal.SIGSTOP)
        try:
            await self.w.until(taken, 180, "another gateway")
        finally:
            os.kill(pid, signal.SIGCONT)

    async def _hang(self, channel_id: UUID, engine: int) -> None:
        """It stands still until its gateway ends it: nothing that it holds goes out any more."""

        async def ended() -> bool:
            return not Path(f"/proc/{engine}").exists()

        before = await self.column(channel_id, "epoch")
        os.kill(engine, signal.SIGSTOP)
        try:
            await self.w.until(ended, 180, "the end of an engine that stands still")
        finally:
            with suppress(ProcessLookupError):
                os.kill(engine, signal.SIGKILL)

        async def taken() -> bool:
            return await self.column(channel_id, "epoch") != before

        await self.w.until(taken, 60, "another epoch")


def engine_of(pid: int) -> int | None:
    """The Node.js process of a gateway."""
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in map(int, children):
            if b"bridge.mjs" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    return None


def memory_of(pid: int) -> float:
    """Resident, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


async def sessions_killed(messages: int) -> Report:
    """Each round everybody writes and is answered, and something dies in the middle of it."""
    rounds = min(16, max(3, messages // 60))
    await install.prepare(PACKAGES)
    dice = random.Random(12)
    async with world(0, kind="sms") as w, playing(words(PACKAGES)) as wa:
        began = time.monotonic()
        numbers = Numbers(w, wa)
        channel_id, device = await numbers.pair("5511999990000")
        people = [wa.person(f"55119000{n:05}", name=f"Pessoa {n}") for n in range(PEOPLE)]
        said = [await wa.says(one, device, "Oi") for one in people]
        known = "select distinct contact_id from inbound_message where channel_id = $1"

        async def all_known() -> bool:
            return len(await w.db.fetch(known, channel_id)) == PEOPLE

        await w.until(all_known, 120, "everybody's first message")
        contacts: list[UUID] = [row["contact_id"] for row in await w.db.fetch(known, channel_id)]
        answered = 0
        for number in range(rounds):
            await numbers.opened(channel_id, device)
            for one, contact_id in zip(people, contacts, strict=True):
                said.append(await wa.says(one, device, f"Pergunta {number}"))
                await answers.send(w.actor, contact_id, channel_id, TextReply(f"Resposta {number}"))
                answered += 1
            await asyncio.sleep(dice.uniform(0, 3))
            await numbers.kill(channel_id, DEATHS[number % len(DEATHS)])
        return await _prove(w, numbers, channel_id, device, began, said, answered, rounds)


async def _prove(
    w: World, numbers: Numbers, channel_id: UUID, device: Device, began: float, said: list[str], answered: int, rounds: int
) -> Report:
    """Everything that was said was heard once, and every answer has one id at the platform, whatever died."""
    died_at = await w.db.fetchval("select now()")
    await numbers.opened(channel_id, device)
    heard: Counter[str] = Counter()

    async def all_heard() -> bool:
        rows = await w.db.fetch("select provider_id from inbound_message where channel_id = $1", channel_id)
        heard.clear()
        heard.update(row["provider_id"] for row in rows)
        return len(heard) >= len(said)

    async def over() -> bool:
        # What nobody knows is told of at once where it is told of: nothing comes of waiting for the rest. Who claimed it before the last death
        # sends it no more.
        await w.db.execute(
            "update message set lease_until = now() where channel_id = $1 and lease_until > now()"
            f" and (state = {M.UNKNOWN} and lease_until < now() + interval '125 seconds'"
            f" or state = {M.SENDING} and lease_until < $2::timestamptz + make_interval(secs => {LEASE}))",
            channel_id,
            died_at,
        )
        return await w.db.fetchval(_LEFT, channel_id) == 0

    await w.until(all_heard, 240, "what people said")
    await w.until(over, 400, "the end of every answer")
    assert heard == Counter(said), "heard what nobody said, or twice"
    times = numbers.wa.times()
    rows = await w.db.fetch(
        "select provider_id, state, maybe_duplicate from message where channel_id = $1 and origin is null", channel_id
    )
    assert len(rows) == answered
    names = [row["provider_id"] for row in rows]
    assert len(set(names)) == answered, "two messages under one id"
    assert set(times) <= set(names), "the platform has what nobody wrote"
    again = sum(count > 1 for count in times.values())
    assert all(row["maybe_duplicate"] for row in rows if times[row["provider_id"]] > 1)
    states = Counter(M(row["state"]).label for row in rows)
    lost = sum(times[name] == 0 for name in names)
    assert not lost, f"{lost} answers never reached the platform"
    assert set(states) <= {"sent", "delivered", "read"}, f"not everybody was answered: {states}"
    notes = f"{rounds} deaths, {len(said)} heard, {again} taken again under the same id, {numbers.wa.fought} fought over"
    assert numbers.wa.fought == 0
    return Report("sessions killed", time.monotonic() - began, dict(states), len(times), 0, lost, {}, notes)


async def sessions_many(messages: int) -> Report:
    """Fifty numbers in one engine, each of which hears and says something; what they take of memory."""
    count = 50 if messages >= LARGE else 5
    await install.prepare(PACKAGES)
    async with world(0, kind="sms") as w, playing(words(PACKAGES)) as wa:
        began = time.monotonic()
        numbers = Numbers(w, wa)
        spare = numbers.gateways.pop()
        w.kill(spare)
        bia = wa.person("5511900000001")
        first = 0.0
        for number in range(count):
            channel_id, device = await numbers.pair(f"55119999{number:05}")
            await wa.says(bia, device, "Oi")

            async def heard(channel_id: UUID = channel_id) -> bool:
                return await w.db.fetchval("select true from inbound_message where channel_id = $1", channel_id) is True

            await w.until(heard, 120, "what she said")
            engine = engine_of(numbers.gateways[0].pid)
            assert engine is not None
            first = first or memory_of(engine)
        whole, own = memory_of(engine), memory_of(numbers.gateways[0].pid)
        each = (whole - first) / max(1, count - 1)
        notes = f"{count} numbers: engine {whole:.0f} MB ({first:.0f} with one, {each:.1f} more for each), gateway {own:.0f} MB"
        return Report("sessions many", time.monotonic() - began, {}, count, 0, 0, {}, notes)


async def sessions_soak(messages: int) -> Report:
    """Twenty numbers in one engine that hear and say something every ten seconds: memory stays where it was, and nothing is lost."""
    minutes = 30 if messages >= LARGE else 3
    await install.prepare(PACKAGES)
    async with world(0, kind="sms") as w, playing(words(PACKAGES)) as wa:
        began = time.monotonic()
        numbers = Numbers(w, wa)
        w.kill(numbers.gateways.pop())
        bia = wa.person("5511900000001")
        paired = [await numbers.pair(f"55119999{number:05}") for number in range(SOAKED)]
        channels = [channel_id for channel_id, _ in paired]
        samples: list[tuple[float, float]] = []
        said: list[str] = []
        answered, until = 0, time.monotonic() + minutes * 60
        while time.monotonic() < until:
            turn = time.monotonic()
            for channel_id, device in paired:
                said.append(await wa.says(bia, device, f"Pergunta {len(said)}"))
                contact = await w.db.fetchval("select contact_id from inbound_message where channel_id = $1 limit 1", channel_id)
                if contact is not None:
                    await answers.send(w.actor, contact, channel_id, TextReply(f"Resposta {len(said)}"))
                    answered += 1
            engine = engine_of(numbers.gateways[0].pid)
            assert engine is not None
            samples.append((memory_of(engine), memory_of(numbers.gateways[0].pid)))
            if len(samples) % 6 == 0:
                shown = f"{samples[-1][0]:.0f} MB engine, {samples[-1][1]:.0f} MB gateway, {len(said)} said, {len(wa.times())} answers there"
                print(f"  {time.monotonic() - began:5.0f} s: {shown}", flush=True)
            await asyncio.sleep(max(0.0, 10.0 - (time.monotonic() - turn)))
        heard: Counter[str] = Counter()

        async def over() -> bool:
            rows = await w.db.fetch("select provider_id from inbound_message where channel_id = any($1::uuid[])", channels)
            heard.clear()
            heard.update(row["provider_id"] for row in rows)
            left = await w.db.fetchval(_LEFT.replace("channel_id = $1", "channel_id = any($1::uuid[])"), channels)
            return len(heard) >= len(said) and left == 0

        await w.until(over, 300, "the end of what was said")
        assert heard == Counter(said), "heard what nobody said, or twice"
        times = wa.times()
        lost, doubled = answered - len(times), sum(count > 1 for count in times.values())
        quarter = len(samples) // 4
        (engine_first, own_first), (engine_last, own_last) = (
            (sum(one[0] for one in part) / len(part), sum(one[1] for one in part) / len(part))
            for part in (samples[quarter : 2 * quarter], samples[-quarter:])
        )
        notes = (
            f"{minutes} minutes, {SOAKED} numbers, {len(heard)} heard: engine {engine_first:.0f} → {engine_last:.0f} MB,"
            f" gateway {own_first:.0f} → {own_last:.0f} MB (second and last quarter)"
        )
        assert not lost, f"{lost} answers lost; {notes}"
        assert not doubled, f"{doubled} answers taken twice; {notes}"
        assert engine_last < 1.15 * engine_first + 10, notes
        assert own_last < 1.15 * own_first + 10, notes
        return Report("sessions soak", time.monotonic() - began, {}, len(times), doubled, lost, {}, notes)


ALL_SESSIONS = (sessions_killed, sessions_many, sessions_soak)
