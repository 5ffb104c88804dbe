"""The real engine in a real Node.js process against a server that plays WhatsApp: what a number goes through, and what kill -9 leaves."""

import asyncio
import base64
import math
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import crypto
from db.conversations import actions, queries
from db.messages.enums import FileForm
from db.messages.enums import MessageState as M
from db.messages.render import FileContent
from db.qr import uploads
from db.qr.uploads import Grant
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.db.qr import scenes
from tests.workers.qr.conftest import FAST, PACKAGES
from tests.workers.qr.test_linked_upload import Servers, file, hand_over
from tests.workers.qr.test_settling import Shop
from workers.inbound import process_inbox
from workers.outcomes import Accepted
from workers.providers.linked.media import reference, unseal
from workers.providers.linked.payloads import answer_letter
from workers.qr import shown
from workers.qr.bridge import Bridge
from workers.qr.gateway import Gateway
from workers.qr.words import words
from workers.sandbox.linked.device import Device
from workers.sandbox.linked.server import WhatsApp, playing
from workers.sandbox.linked.wire import part, proto

NUMBER, BIA = "5511999990000", "5511900000000"


class Stage(Shop):
    """A shop whose platform is the fake WhatsApp, over the real engine. `port` of the scene stays unused."""

    wa: WhatsApp
    node: str
    device: Device
    bridges: list[Bridge]

    async def start(self) -> Gateway:
        gateway = Gateway(f"g{len(self.bridges)}", apart=0.0)
        bridge = await Bridge.started(gateway, self.node, PACKAGES, self.wa.environment)
        self.bridges.append(bridge)
        gateway.port = bridge
        self.scene.gateway = gateway
        return gateway

    async def until(self, state: str) -> None:
        await eventually(lambda: self._is(state))

    async def _is(self, state: str) -> bool:
        return bool(await scenes.column(self.db, self.channel_id, "state") == state)

    async def pair(self, *, typed: bool = False) -> None:
        """Scans the code that is shown, or types it in, and waits until messages go and come."""
        if typed:
            await self.db.execute("update qr_session set phone = $2 where id = $1", self.channel_id, f"+{NUMBER}")
        await self.scene.gateway.take()
        await eventually(lambda: scenes.column(self.db, self.channel_id, "code"))
        sealed = await scenes.column(self.db, self.channel_id, "code")
        code = crypto.ring().open(
            sealed, company_id=self.owner.company_id, table="qr_session", column="code", row_id=self.channel_id
        )
        scan = asyncio.create_task(self.wa.type_in(code, NUMBER) if typed else self.wa.scan(code, NUMBER))
        await eventually(lambda: scenes.column(self.db, self.channel_id, "wa_jid"))
        self.device = await scan
        await self.again()

    async def again(self) -> None:
        """The session is free once more: it is taken and opened."""

        async def is_open() -> bool:
            if self.channel_id not in self.scene.gateway.clients:
                await self.db.execute("update qr_session set next_at = now() where id = $1", self.channel_id)
                await self.scene.gateway.take()
            await self.scene.gateway.watch()
            return await self._is("open")

        await eventually(is_open)
        await eventually(self._has_keys)

    async def _has_keys(self) -> bool:
        return self.device.bundle is not None and self.device.connection is not None

    async def state_of(self, message_id: UUID, *wanted: M) -> None:
        async def reached() -> bool:
            await process_inbox(self.owner.company_id)
            return (await self.message(message_id))["state"] in wanted

        await eventually(reached)


async def eventually(look: Callable[[], object]) -> None:
    """Looks again and again, for some minutes."""
    for _ in range(2400):
        found = look()
        if await found if hasattr(found, "__await__") else found:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come about")


@pytest.fixture
async def stage(
    scene: object, owner_db: asyncpg.Connection, owner: Actor, database: Settings, engine: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    monkeypatch.setattr("workers.qr.gateway.LEASE", 3600.0)
    async with playing(words(PACKAGES)) as wa:
        made = Stage(scene, owner_db, owner, database)  # type: ignore[arg-type]
        made.wa, made.node, made.bridges = wa, engine, []
        wa.person(BIA)
        await made.people()
        made.channel_id = await scenes.session(owner_db, owner, paired=False, kind=FAST.kind)
        await made.start()
        yield made
        for bridge in made.bridges:
            await bridge.close()


async def _sends_a_picture(stage: Stage, folder: Path) -> None:
    """Whoever gets it can open what lies on the platform's server with what the message says."""
    await stage.scene.gateway.allow_files()
    grant = await uploads.grant(stage.owner.company_id, stage.channel_id)
    assert grant == Grant(["mmg.whatsapp.net"], "right")
    servers, picture = Servers(), b"\x89PNG" + bytes(5000)
    found = await hand_over(servers, file(folder, picture), grant)
    content = FileContent(
        file_id=stage.channel_id, form=FileForm.IMAGE, mime_type="image/png", size=9, caption="Veja",
        media=msgspec.json.encode(found).decode(),
    )  # fmt: skip
    letter = answer_letter(f"+{BIA}", content, "3EB0AAAABBBBCCCCDDDD09")
    assert isinstance(await stage.scene.gateway.clients[stage.channel_id].send(letter, math.inf), Accepted)
    taken = stage.wa.ledger[-1]
    assert (taken.text, taken.content is not None) == ("Veja", True)
    key, path = part(taken.content or b"", 3, 8), part(taken.content or b"", 3, 11)
    (folder / "got").write_bytes(servers.got[0][1])
    unseal(folder / "got", reference("image", base64.b64encode(key).decode()))
    assert ((folder / "got").read_bytes(), path.decode()) == (picture, found.path)


async def _changes_what_it_said(stage: Stage, message_id: UUID) -> None:
    """The person's phone is told of the very message: first what it says now, then that it is deleted."""
    name = (await stage.message(message_id))["provider_id"].encode()
    [conversation] = await queries.of_contact(stage.owner, stage.contact_id)
    for text in ("Oi, Bia!", None):
        await actions.change_message(stage.owner, conversation.id, message_id, text)
        before = len(stage.wa.ledger)
        await stage.send()
        await eventually(lambda before=before: len(stage.wa.ledger) == before + 1)
        told = stage.wa.ledger[-1].content or b""
        assert part(told, 12, 1, 3) == name
        assert part(told, 12, 14, 6, 1) == (text or "").encode()


async def _brings_a_picture(stage: Stage) -> None:
    sealed = {2: b"image/jpeg", 5: 9, 8: bytes(range(32)), 11: b"/v/t62/7"}
    await stage.wa.says(stage.wa.people[BIA], stage.device, proto({3: proto(sealed)}))
    file_of = "select url, provider_id from message_file where company_id = $1 and state = 'waiting'"

    async def expected() -> bool:
        await process_inbox(stage.owner.company_id)
        row = await stage.db.fetchrow(file_of, stage.owner.company_id)
        key = base64.b64encode(bytes(range(32))).decode()
        return row is not None and tuple(row) == ("https://mmg.whatsapp.net/v/t62/7", reference("image", key))

    await eventually(expected)


async def _sees_that_it_was_read(stage: Stage, said: str) -> None:
    [conversation] = await queries.of_contact(stage.owner, stage.contact_id)
    await actions.mark_read(stage.owner, conversation.id, None)
    await stage.db.execute(
        "update conversation set seen_at = seen_at - interval '3 seconds' where company_id = $1", stage.owner.company_id
    )
    await eventually(lambda: shown.tell_read(stage.scene.gateway))
    await eventually(lambda: said in stage.wa.read)


async def _is_seen_writing_on(stage: Stage) -> None:
    """While their messages are gathered: the platform tells it to who is online, and to nobody else."""
    await factories.persona(stage.db, stage.owner, stage.channel_id, "suggest")
    bia = stage.wa.people[BIA]
    await stage.wa.says(bia, stage.device, "E mais uma coisa")
    turn = "select hard_at - due_at from ai_turn where company_id = $1"

    async def gathers() -> bool:
        await process_inbox(stage.owner.company_id)
        return await stage.db.fetchval(turn, stage.owner.company_id) is not None

    await eventually(gathers)
    await stage.db.execute(
        "update ai_turn set mode = 'auto', due_at = now(), hard_at = now() + interval '1 hour' where company_id = $1",
        stage.owner.company_id,
    )
    assert not stage.device.online

    async def is_waited_for() -> bool:
        await shown.watch_writers(stage.scene.gateway)
        await stage.wa.types(bia, stage.device)
        return bool(await stage.db.fetchval(turn, stage.owner.company_id) < timedelta(hours=1))

    await eventually(is_waited_for)


async def test_a_phone_scans_writes_and_is_written_to(stage: Stage, tmp_path: Path) -> None:
    stage.wa.keys_left = 0
    await stage.pair()
    message_id = await stage.write("Oi Bia")
    await stage.send()
    await stage.state_of(message_id, M.READ)
    taken = stage.wa.ledger[0]
    assert (taken.id, taken.text) == ((await stage.message(message_id))["provider_id"], "Oi Bia")
    await _changes_what_it_said(stage, message_id)
    await _sends_a_picture(stage, tmp_path)
    said = await stage.wa.says(stage.wa.people[BIA], stage.device, "Olá, loja")
    heard = "select contact_id, body from inbound_message where channel_id = $1"

    async def arrived() -> bool:
        await process_inbox(stage.owner.company_id)
        return bool(await stage.db.fetchval(heard, stage.channel_id))

    await eventually(arrived)
    row = await stage.db.fetchrow(heard, stage.channel_id)
    assert row is not None
    assert tuple(row) == (stage.contact_id, "Olá, loja")
    await _sees_that_it_was_read(stage, said)
    await _is_seen_writing_on(stage)
    await _brings_a_picture(stage)
    kinds = "select kind, value from contact_identity where company_id = $1 and kind = 'lid'"
    assert [tuple(one) for one in await stage.db.fetch(kinds, stage.owner.company_id)] == [("lid", f"9{BIA}")]
    assert stage.device.bundle is not None
    rows = await stage.db.fetch("select sealed from qr_key where channel_id = $1", stage.channel_id)
    assert len(rows) > 800
    known = stage.device.bundle.identity[-32:]
    assert all(known not in row["sealed"] and b"privKey" not in row["sealed"] for row in rows)


async def test_who_shows_a_hidden_id_alone_is_one_person_later(stage: Stage) -> None:
    await stage.pair()
    ana = stage.wa.person("5521988887777", hidden=True, name="Ana")
    await stage.wa.says(ana, stage.device, "Oi")
    count = "select count(*) from inbound_message where channel_id = $1"

    async def heard(number: int) -> bool:
        await process_inbox(stage.owner.company_id)
        return bool(await stage.db.fetchval(count, stage.channel_id) == number)

    await eventually(lambda: heard(1))
    ana.hidden = False
    await stage.wa.says(ana, stage.device, "Sou eu")
    await eventually(lambda: heard(2))
    people = await stage.db.fetch("select distinct contact_id from inbound_message where channel_id = $1", stage.channel_id)
    assert len(people) == 1


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        ({"reason": "401"}, "logged_out"),
        ({"reason": "402", "code": "101", "expire": "3600"}, "banned"),
        ({"reason": "403"}, "banned"),
        ({"reason": "405"}, "outdated"),
        ({"reason": "503"}, "reconnecting"),
    ],
)
async def test_every_refusal_has_its_state(stage: Stage, failure: dict[str, str], state: str) -> None:
    await stage.pair()
    stage.wa.refuse = failure
    assert stage.device.connection is not None
    await stage.device.connection.close()
    await stage.until("reconnecting")
    await stage.db.execute("update qr_session set next_at = now() where id = $1", stage.channel_id)
    opened = stage.wa.opened
    await stage.scene.gateway.take()
    await eventually(lambda: stage.wa.opened > opened)
    await eventually(lambda: _let_go(stage))
    await stage.until(state)
    if state == "banned" and "expire" in failure:
        left = "select extract(epoch from until - now()) from qr_session where id = $1"
        assert 3500 < await stage.db.fetchval(left, stage.channel_id) <= 3600


def _let_go(stage: Stage) -> bool:
    return stage.channel_id not in stage.scene.gateway.clients


async def test_the_phone_logs_it_out_and_another_program_takes_it(stage: Stage) -> None:
    await stage.pair()
    await stage.wa.replace(stage.device)
    await stage.until("reconnecting")
    assert await scenes.column(stage.db, stage.channel_id, "reason") == "replaced"
    await stage.again()
    await stage.wa.remove(stage.device)
    await stage.until("logged_out")
    assert await stage.db.fetchval("select count(*) from qr_key where channel_id = $1", stage.channel_id) == 0


async def test_killed_between_the_message_and_its_answer(stage: Stage) -> None:
    """The server has it, nobody here knows: it is not sent again, and its receipt settles it."""
    await stage.pair()
    stage.wa.on_message = lambda _: None
    message_id = await stage.write()
    sending = asyncio.create_task(stage.send())
    await eventually(lambda: len(stage.wa.ledger) == 1)
    os.kill(stage.bridges[0].pid, signal.SIGKILL)
    await sending
    assert (await stage.message(message_id))["state"] == M.UNKNOWN
    await stage.scene.gateway.engine_died()
    await stage.start()
    await stage.again()
    stage.wa.on_message = lambda _: ""
    await stage.send()
    await stage.wa.receipt(stage.device, stage.wa.ledger[0])
    await stage.state_of(message_id, M.DELIVERED)
    assert set(stage.wa.times().values()) == {1}
    second = await stage.write("E agora?")
    await stage.send()
    await stage.state_of(second, M.READ)


async def test_killed_while_people_write(stage: Stage) -> None:
    """Nothing that they wrote is lost or shown twice."""
    await stage.pair()
    bia = stage.wa.people[BIA]
    ids = [await stage.wa.says(bia, stage.device, f"Oi {number}") for number in range(10)]
    os.kill(stage.bridges[0].pid, signal.SIGKILL)
    await stage.bridges[0].gone.wait()
    ids += [await stage.wa.says(bia, stage.device, f"Alô {number}") for number in range(5)]
    await stage.scene.gateway.engine_died()
    await stage.start()
    await stage.again()
    heard: list[str] = []

    async def all_heard() -> bool:
        with suppress(asyncpg.PostgresError):
            await process_inbox(stage.owner.company_id)
        rows = await stage.db.fetch("select provider_id from inbound_message where channel_id = $1", stage.channel_id)
        heard[:] = [row["provider_id"] for row in rows]
        return len(heard) == len(ids)

    await eventually(all_heard)
    assert sorted(heard) == sorted(ids)


async def test_the_platform_is_told_that_we_have_a_message_once_it_is_stored(stage: Stage) -> None:
    """A process that dies in between loses nothing: it comes again, and opens again."""
    await stage.pair()
    gateway, asked = stage.scene.gateway, asyncio.Event()

    async def never(*_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    gateway.heard = never  # type: ignore[method-assign]
    said = await stage.wa.says(stage.wa.people[BIA], stage.device, "Oi")
    await asked.wait()
    assert said not in stage.wa.acked
    os.kill(stage.bridges[0].pid, signal.SIGKILL)
    await gateway.engine_died()
    await stage.start()
    await stage.again()

    async def heard() -> bool:
        await process_inbox(stage.owner.company_id)
        body = "select body from inbound_message where channel_id = $1 and provider_id = $2"
        return bool(await stage.db.fetchval(body, stage.channel_id, said) == "Oi")

    await eventually(heard)
    await eventually(lambda: said in stage.wa.acked)
