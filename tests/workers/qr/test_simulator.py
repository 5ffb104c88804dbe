"""The simulator's phone with the real engine: it scans, its people write and are answered, files go both ways, and what WhatsApp does to a number is
played; the numbers of real phones never meet it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.channels.actions import sandbox_news, sandbox_reply
from db.channels.secrets import load_channel
from db.contacts.enums import IdentityKind
from db.errors import Conflict, NotFound
from db.jobs import SandboxControl
from db.messages import answers
from db.messages.enums import MessageState as M
from db.messages.replies import TextReply
from db.permissions import Permission
from db.qr import leases, pairing, uploads, wanted
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import read
from tests import factories
from tests.db.qr import scenes
from tests.workers.qr.conftest import PACKAGES
from tests.workers.qr.test_linked_upload import file
from workers.inbound import process_inbox
from workers.providers.linked import media
from workers.providers.linked.adapter import ADAPTER
from workers.providers.linked.upload import Uploaded
from workers.providers.wire import Wire
from workers.qr import shown
from workers.qr.lanes import SessionLanes, SessionSender
from workers.qr.side import Side
from workers.sandbox.app import World
from workers.sandbox.config import Settings as SandboxSettings
from workers.sandbox.linked.vendor import Linked
from workers.sandbox_control import SandboxJobs
from workers.turns import Lane, Turn

ANA, NEW = "+5511988887777", "+5521977776666"


class Played:
    """A rehearsal number with its gateway beside the sandbox, both in this process; the engine is a process of its own."""

    def __init__(self, world: World, settings: Settings, db: asyncpg.Connection, owner: Actor, wire: Wire) -> None:
        self.world, self.settings, self.db, self.owner, self.wire = world, settings, db, owner, wire
        self.draining = asyncio.Event()
        self.side = Side(settings, wire, {}, self.draining, sandbox=True)
        clients = self.side.gateway.clients
        self.lanes = SessionLanes(settings, SessionSender(settings, wire, clients), clients)
        self.channel_id = UUID(int=0)
        self.tasks: list[asyncio.Task[None]] = []

    async def until(self, look: Callable[[], Awaitable[object]]) -> None:
        """Looks again for some minutes, as long as all parts run."""
        for _ in range(200):
            await self._round()
            if await look():
                return
            for task in self.tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.1)
        raise AssertionError("it did not come about")

    async def _round(self) -> None:
        """What the programs do all the time."""
        await self.side.take()
        await self.side.renew()
        await self.side.files()
        if self.channel_id in self.side.gateway.clients:
            turn = Turn(Lane(self.owner.company_id, self.channel_id, 0))
            await self.lanes.run(*turn.lane, turn)
        await process_inbox(self.owner.company_id)
        await self._jobs()

    async def _jobs(self) -> None:
        rows = await self.db.fetch(
            "delete from job where company_id = $1 and name = 'SandboxControl' returning payload::text", self.owner.company_id
        )
        for row in rows:
            job = msgspec.json.decode(row["payload"], type=SandboxControl)
            await SandboxJobs(self.settings, self.wire).sandbox_control(self.owner.company_id, job)

    async def column(self, name: str) -> object:
        return await scenes.column(self.db, self.channel_id, name)

    async def state(self, wanted: str) -> None:
        async def is_it() -> bool:
            await self.db.execute(
                "update qr_session set next_at = now() where id = $1 and state = 'reconnecting' and next_at > now()",
                self.channel_id,
            )
            return await self.column("state") == wanted

        await self.until(is_it)

    async def pair(self, phone: str | None = None) -> None:
        await pairing.ask_code(self.owner, self.channel_id, phone=phone)
        await self.until(lambda: self.column("code"))
        await pairing.scan(self.owner, self.channel_id)
        await self.state("open")

    async def says(self, address: str, text: str, kind: str = "text") -> None:
        await sandbox_reply(self.owner, self.channel_id, address, text, kind)

    async def heard(self, kind: str) -> asyncpg.Record:
        found: list[asyncpg.Record] = []

        async def there() -> bool:
            found[:] = await self.db.fetch(
                "select * from inbound_message where channel_id = $1 and kind = $2 order by received_at desc, id desc",
                self.channel_id,
                kind,
            )
            return bool(found)

        await self.until(there)
        return found[0]


@pytest.fixture
async def played(
    engine: str, database: Settings, owner_db: asyncpg.Connection, owner: Actor, tmp_path: Path
) -> AsyncIterator[Played]:
    await owner_db.execute("update qr_session set next_at = 'infinity', pairing_until = null, wa_jid = null")  # of other tests
    world = World(SandboxSettings(port=0, smtp_port=-1, data=tmp_path / "sandbox", speed=50))
    await world.start()
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "qr").symlink_to(PACKAGES)
    settings = msgspec.structs.replace(database, sandbox_url=world.settings.base_url, data_dir=folder)
    async with Wire() as wire:
        made = Played(world, settings, owner_db, owner, wire)
        view = await pairing.connect(owner, kind="whatsapp_qr", name="Balcão", sandbox=True)
        made.channel_id = view.id
        made.tasks = [asyncio.create_task(made.side.keep())]
        yield made
        made.draining.set()
        await made.side.gateway.close()
        await asyncio.wait(made.tasks, timeout=10)
        assert all(task.done() and task.exception() is None for task in made.tasks)
    await world.stop()


async def test_the_phone_of_the_simulator_scans_and_its_people_write(played: Played, tmp_path: Path) -> None:
    with pytest.raises(Conflict):
        await pairing.scan(played.owner, played.channel_id)
    await played.pair()
    account = played.world.accounts.by_id[played.channel_id.hex]
    account.behaviour = msgspec.structs.replace(account.behaviour, delivered_share=1, read_share=1)
    await played.says(ANA, "Oi, ainda tem?")
    first = await played.heard("text")
    assert (first["body"], first["address"]) == ("Oi, ainda tem?", ANA)
    sent = await answers.send(played.owner, first["contact_id"], played.channel_id, TextReply("Tem sim!"))

    async def is_read() -> bool:
        return bool(await played.db.fetchval("select state from message where id = $1", sent.id) == M.READ)

    await played.until(is_read)
    [entry] = await played.world.ledger.entries({"account = ?": played.channel_id.hex}, 10)
    assert (bytes(entry.content), entry.recipient) == (b'{"text":"Tem sim!"}', ANA)
    await _files_go_both_ways(played, tmp_path)
    await _what_is_written_on_the_phone_is_ours(played)
    await _people_vote(played)
    await _begins_to_type(played)
    await _one_hides_the_number(played)


async def _begins_to_type(played: Played) -> None:
    """And is waited for; nobody is told of a message."""
    await factories.persona(played.db, played.owner, played.channel_id, "suggest")
    await played.says(ANA, "E mais uma coisa")
    turn = "select hard_at - due_at from ai_turn where company_id = $1"
    await played.until(lambda: played.db.fetchval(turn, played.owner.company_id))
    await played.db.execute(
        "update ai_turn set mode = 'auto', due_at = now(), hard_at = now() + interval '1 hour' where company_id = $1",
        played.owner.company_id,
    )

    async def is_waited_for() -> bool:
        await shown.watch_writers(played.side.gateway)
        await played.says(ANA, "", "typing")
        return bool(await played.db.fetchval(turn, played.owner.company_id) < timedelta(hours=1))

    await played.until(is_waited_for)
    assert [one.recipient for one in await played.world.ledger.entries({"account = ?": played.channel_id.hex}, 10)] == [ANA]


async def _files_go_both_ways(played: Played, folder: Path) -> None:
    await played.says(ANA, "Olha", "image")
    picture = await played.heard("image")
    row = await played.db.fetchrow(
        "select url, provider_id from message_file where company_id = $1 and message_id = $2",
        played.owner.company_id,
        picture["id"],
    )
    assert row is not None
    got = await played.wire.control.get(media.elsewhere(row["url"], played.settings.sandbox_url))
    path = folder / "got"
    path.write_bytes(got.content)
    media.unseal(path, row["provider_id"])
    assert path.read_bytes()[:2] == b"\xff\xd8", "a picture in JPEG"
    await played.until(lambda: uploads.grant(played.owner.company_id, played.channel_id))
    async with read(worker(played.owner.company_id), Permission.CHANNELS_READ) as r:
        channel = await load_channel(r, played.channel_id)
    assert channel is not None
    handed, _ = await ADAPTER.hand_over(played.wire, played.settings, channel, file(folder, b"\x89PNG" + bytes(50)))
    assert msgspec.json.decode(handed, type=Uploaded).path.startswith("/mms/image/")


async def _what_is_written_on_the_phone_is_ours(played: Played) -> None:
    whatsapp = played.world.vendors["linked"]
    assert isinstance(whatsapp, Linked)
    whatsapp.phones.people[ANA[1:]].username = "Ana.Souza"
    await played.says(ANA, "Respondi daqui", "echo")
    ours = "select origin, address, contact_id from message where channel_id = $1 and content ->> 'text' = 'Respondi daqui'"
    await played.until(lambda: played.db.fetchrow(ours, played.channel_id))
    row = await played.db.fetchrow(ours, played.channel_id)
    assert row is not None
    hers = "select contact_id from inbound_message where channel_id = $1 and address = $2"
    contact_id = await played.db.fetchval(hers, played.channel_id, ANA)
    assert tuple(row) == ("phone_app", ANA, contact_id)
    lids = "select value from contact_identity where company_id = $1 and kind = $2"
    found = await played.db.fetch(lids, played.owner.company_id, IdentityKind.LID)
    assert [one["value"] for one in found] == [f"9{ANA[1:]}"], "the hidden id of the shop is not hers"
    held = "select contact_id from contact_identity where company_id = $1 and kind = $2 and value = 'ana.souza'"
    await played.until(lambda: played.db.fetchval(held, played.owner.company_id, IdentityKind.USERNAME))
    assert await played.db.fetchval(held, played.owner.company_id, IdentityKind.USERNAME) == contact_id


async def _people_vote(played: Played) -> None:
    """In a poll of the shop, made on its phone, and in one of their own."""
    await played.says(ANA, "Entrego quando? / Sábado / Domingo", "poll_echo")
    ours = "select provider_id from message where channel_id = $1 and content ->> 'text' = $2"
    shown = "📊 Entrego quando?\n• Sábado\n• Domingo"
    await played.until(lambda: played.db.fetchval(ours, played.channel_id, shown))
    asked = await played.db.fetchval(ours, played.channel_id, shown)
    await played.says(ANA, "domingo", "vote")
    voted = "select context ->> 'provider_id' from inbound_message where channel_id = $1 and body = $2"
    chosen = "📊 Entrego quando?\n✔ Domingo"
    await played.until(lambda: played.db.fetchval(voted, played.channel_id, chosen))
    assert await played.db.fetchval(voted, played.channel_id, chosen) == asked
    await played.says(ANA, "", "poll")
    await played.until(lambda: played.db.fetchval("select 1 from inbound_message where body like '📊 Qual horário%•%'"))
    await played.says(ANA, "", "vote")
    await played.until(lambda: played.db.fetchval("select 1 from inbound_message where body like '📊 Qual horário%✔ De manhã'"))
    rows = await played.db.fetch("select sealed from qr_key where channel_id = $1 and kind = 'message'", played.channel_id)
    assert len(rows) == 2
    assert not any(b"Entrego" in row["sealed"] for row in rows)


async def _one_hides_the_number(played: Played) -> None:
    """And is answered all the same."""
    await played.says(NEW, "Não digo meu número", "hidden")
    lid = f"9{NEW[1:]}"
    found = "select contact_id from inbound_message where channel_id = $1 and address = $2"
    await played.until(lambda: played.db.fetchval(found, played.channel_id, lid))
    await played.says(lid, "De novo")
    await played.until(lambda: played.db.fetchval(f"{found} and body = 'De novo'", played.channel_id, lid))
    contact_id = await played.db.fetchval(found, played.channel_id, lid)
    await answers.send(played.owner, contact_id, played.channel_id, TextReply("Sem problema"))

    async def arrived() -> bool:
        return [bytes(one.content) for one in await played.world.ledger.entries({"recipient = ?": lid}, 10)] == [
            b'{"text":"Sem problema"}'
        ]

    await played.until(arrived)


async def test_what_whatsapp_does_to_a_number_is_played(played: Played) -> None:
    await played.pair(phone="+5511999990000")
    await sandbox_news(played.owner, played.channel_id, "session_banned")
    await played.state("banned")
    await played.db.execute("update qr_session set state = 'logged_out' where id = $1", played.channel_id)
    await played.pair()
    await sandbox_news(played.owner, played.channel_id, "session_elsewhere")
    await played.state("replaced")
    await played.db.execute("update qr_session set state = 'logged_out' where id = $1", played.channel_id)
    await played.pair()
    await sandbox_news(played.owner, played.channel_id, "session_outdated")
    await played.state("outdated")
    await played.pair()
    await sandbox_news(played.owner, played.channel_id, "session_ended")
    await played.state("logged_out")


async def test_a_real_number_and_the_simulator_never_meet(owner_db: asyncpg.Connection, owner: Actor, database: Settings) -> None:
    await owner_db.execute("update qr_session set next_at = 'infinity', pairing_until = null, wa_jid = null")  # of other tests
    real = await scenes.session(owner_db, owner, paired=False)
    with pytest.raises(NotFound):
        await pairing.scan(owner, real)
    assert (await wanted.any_session(), await wanted.any_session(sandbox=True)) == (True, False)
    assert [one.channel_id for one in await leases.take("g", 5, sandbox=True)] == []
    assert [one.channel_id for one in await leases.take("g", 5, sandbox=False)] == [real]
