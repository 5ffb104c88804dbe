"""A database is recognised, or what it would send is held: first starts, restarts, copies, rollbacks, failovers, lost witnesses."""

from argparse import Namespace
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db import installation, valkey, witness
from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.accounts.mails import Mail
from db.backup import backup, restore, with_database
from db.campaigns.enums import CampaignState
from db.engine import DB, SYSTEM, close_pools, open_pools
from db.holds import actions as holds
from db.holds.enums import HoldCause
from db.installation import Row, Verdict, judge
from db.messages import ledger
from db.messages.enums import MessageState
from db.messages.ledger import Claimed
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.up import commands
from db.witness import Seen
from db.work import work
from tests import factories
from tests.conftest import make_company
from tests.db.messages.test_ledger import accepted

ID = UUID(int=7)
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
HERE = "71/5/00000001"


def row(**changes: object) -> Row:
    return Row(ID, 3, HERE, 100, AT, None, HERE, AT - timedelta(days=1))._replace(**changes)


def seen(beat: int = 100, *, generation: int = 3, later: float = 0, journal_from: int | None = 1) -> Seen:
    return Seen(ID, generation, beat, AT + timedelta(seconds=later), journal_from)


WELL, RECOVER = Verdict(), Verdict(recover=True)
RESTARTED = AT + timedelta(minutes=1)  # the server started after the last heartbeat
PROMOTED = "71/5/00000002"


@pytest.mark.parametrize(
    ("database", "witnessed", "verdict"),
    [
        (row(place=None, beat=0, beat_at=None), None, WELL),  # its first start, or the update that brings this
        (row(), seen(), WELL),
        (row(started_at=RESTARTED), seen(), WELL),
        (row(), seen(90), WELL),  # a witness that came back older
        (row(), None, WELL),  # Valkey flushed and no file, but the server is the one that was here a moment ago
        (row(started_at=RESTARTED), seen(journal_from=None), WELL),  # Valkey lost, the file is there
        (row(started_at=RESTARTED), None, Verdict(HoldCause.COPY)),  # a disk that nobody knows
        (row(here="72/5/00000001"), seen(), Verdict(HoldCause.COPY)),
        (row(here="71/9/00000001"), seen(), Verdict(HoldCause.COPY)),
        (row(here="72/5/00000001"), None, Verdict(HoldCause.COPY)),
        (row(place=None, restored_from=AT), seen(), Verdict(HoldCause.RESTORE)),
        (row(place=None, beat_at=None, restored_from=AT), None, Verdict(HoldCause.RESTORE)),
        (row(), seen(200, later=100), Verdict(HoldCause.ROLLBACK)),
        (row(), seen(1, generation=4), Verdict(HoldCause.ROLLBACK)),  # before the last hold
        (row(), seen(102, later=2), RECOVER),  # a crash without fsync
        (row(), seen(102, later=2, journal_from=101), Verdict(HoldCause.ROLLBACK)),  # Valkey was lost in between
        (row(here=PROMOTED), seen(), RECOVER),  # a planned change of the primary, or less than a heartbeat lost
        (row(here=PROMOTED), seen(110, later=10), RECOVER),
        (row(here=PROMOTED), seen(110, later=10, journal_from=105), Verdict(HoldCause.FAILOVER)),
        (row(here=PROMOTED), seen(3700, later=3600), Verdict(HoldCause.FAILOVER)),
        (row(here=PROMOTED), None, Verdict(HoldCause.FAILOVER)),
    ],
)  # fmt: skip
def test_what_the_two_words_mean_together(database: Row, witnessed: Seen | None, verdict: Verdict) -> None:
    assert judge(database, witnessed, asked=True) == verdict


class Place:
    """An installation of its own: database, data folder, and this process as its worker."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.db: asyncpg.Connection

    async def open(self, settings: Settings | None = None) -> None:
        """As a worker that starts: it knows nothing yet."""
        self.settings = settings or self.settings
        await close_pools()
        installation.forget()
        await open_pools(self.settings, size=8)
        self.db = await asyncpg.connect(self.settings.database_owner_url)

    async def look(self) -> bool:
        return await installation.look(self.settings.data_dir, holds.hold_everything, holds.recover)

    async def copy(self, folder: Path) -> Settings:
        """What a dump and its restore make of it, with another data folder."""
        name = f"copy_{uuid4().hex[:8]}"
        await close_pools()
        await self.db.close()
        admin = await asyncpg.connect(with_database(self.settings.database_owner_url, "postgres"))
        source = self.settings.database_owner_url.partition("?")[0].rpartition("/")[2]
        await admin.execute(f"create database {name} template {source}")
        await admin.close()
        return msgspec.structs.replace(
            self.settings,
            database_url=with_database(self.settings.database_url, name),
            database_owner_url=with_database(self.settings.database_owner_url, name),
            data_dir=folder,
        )


@pytest.fixture
async def home(database: Settings, tmp_path: Path) -> AsyncIterator[Place]:
    """A database that nobody has worked on."""
    before, system_before, life = DB.pool, SYSTEM.pool, installation.life()
    DB.pool = SYSTEM.pool = None
    name = f"home_{uuid4().hex[:8]}"
    admin = await asyncpg.connect(with_database(database.database_owner_url, "postgres"))
    await admin.execute(f"create database {name} template masteria_template")
    place = Place(
        msgspec.structs.replace(
            database,
            database_url=with_database(database.database_url, name),
            database_owner_url=with_database(database.database_owner_url, name),
            data_dir=tmp_path / "data",
        )
    )
    await place.open()
    yield place
    await close_pools()
    await place.db.close()
    DB.pool, SYSTEM.pool, installation._known = before, system_before, life
    await admin.execute(f"drop database if exists {name} with (force)")
    await admin.close()


async def busy(db: asyncpg.Connection, actor: Actor | None = None) -> tuple[Actor, dict[str, UUID]]:
    """A company with one of everything that would send."""
    actor = actor or await make_company(db)
    channel = await factories.channel(db, actor)
    template = await factories.template(db, actor, channel)
    await factories.contacts(db, actor, 6)
    ids = {"channel": channel}
    for state in ("draft", "scheduled", "preparing", "running", "paused", "finished"):
        ids[state] = await factories.campaign(
            db, actor, channel, template, name=state, state=state, scheduled_at=AT if state == "scheduled" else None
        )
    await db.execute(
        "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key)"
        " select $1, $2, k, k, i.contact_id, i.value, k::text || i.contact_id from contact_identity i, unnest($3::uuid[]) k"
        " where i.company_id = $1",
        actor.company_id,
        channel,
        [ids["running"], ids["paused"]],
    )
    await db.execute(
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key) values ($1, $2, $2, '+5511900000000', 'test')",
        actor.company_id,
        channel,
    )
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        mail = Mail(template=MailTemplate.INVITATION, recipient="a@example.com", language="en", params={}, link="secret")
        await mails.post(w, mail)
    return actor, ids


async def claim(actor: Actor, channel: UUID, queue: UUID) -> list[Claimed]:
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        return await ledger.claim(w, channel, queue, limit=100, units=100)


async def state(place: Place, campaign_id: UUID) -> CampaignState:
    return CampaignState(await place.db.fetchval("select state from campaign where id = $1", campaign_id))


async def test_starts_restarts_and_lost_witnesses_hold_nothing(home: Place) -> None:
    actor, ids = await busy(home.db)
    assert await claim(actor, ids["channel"], ids["running"]) == []  # not recognised yet
    await home.look()
    for witness_lost in ("none", "valkey", "file", "both"):
        life = installation.life()
        assert life is not None
        if witness_lost in ("valkey", "both"):
            await valkey.client().delete(f"installation:{life.id}")
        if witness_lost in ("file", "both"):
            (home.settings.data_dir / "installation.json").unlink()
        if witness_lost != "both":  # then somebody must be alive
            await home.db.close()
            await home.open()
        assert not await home.look()
    assert await home.db.fetchval("select count(*) from hold") == 0
    assert await home.db.fetchval("select generation from installation") == 1
    assert len(await claim(actor, ids["channel"], ids["running"])) == 6


async def test_a_copy_sends_nothing_of_its_old_life(home: Place, tmp_path: Path) -> None:
    actor, ids = await busy(home.db)
    await home.look()
    copy = await home.copy(tmp_path / "copy")
    await home.open(copy)
    assert await claim(actor, ids["channel"], ids["channel"]) == []
    await home.look()
    held = {"scheduled", "preparing", "running", "paused"}
    for name in ("draft", "scheduled", "preparing", "running", "paused", "finished"):
        assert (await state(home, ids[name])).value == ("held" if name in held else name)
    for queue in ("running", "channel", "paused"):
        assert await claim(actor, ids["channel"], ids[queue]) == []
    assert await home.db.fetchval("select array_agg(state) from job where name = 'SendMail'") == ["held"]
    rows = await home.db.fetch("select kind, name, before, waiting from held_item order by kind, name")
    assert [tuple(one) for one in rows] == [
        ("campaign", "paused", "paused", 6),
        ("campaign", "preparing", "preparing", 0),
        ("campaign", "running", "running", 6),
        ("campaign", "scheduled", "scheduled", 0),
        ("direct", "Loja", None, 1),
        ("job", "SendMail", None, 1),
    ]
    # a new life: what is decided now goes out
    fresh = await factories.campaign(home.db, actor, ids["channel"], state="running", body="x")
    await home.db.execute(
        "insert into message(company_id, channel_id, queue_id, campaign_id, address, dedupe_key) values ($1, $2, $3, $3, '+5511900000009', 'n')",
        actor.company_id,
        ids["channel"],
        fresh,
    )
    assert len(await claim(actor, ids["channel"], fresh)) == 1
    assert not await home.look()
    assert await home.db.fetchval("select count(*) from hold") == 1


async def test_a_disk_that_was_rolled_back_is_noticed_by_who_lives_on(home: Place) -> None:
    actor, ids = await busy(home.db)
    for _ in range(3):
        await home.look()
    await home.db.execute("update installation set beat = beat - 2, beat_at = beat_at - interval '1 hour'")
    assert await claim(actor, ids["channel"], ids["running"]) == []  # before anybody looked
    assert await home.look()
    assert await state(home, ids["running"]) is CampaignState.HELD
    assert await home.db.fetchval("select cause from hold") == "rollback"


async def test_a_short_loss_is_made_good_from_the_journal(home: Place) -> None:
    actor, ids = await busy(home.db)
    for _ in range(3):
        await home.look()
    life = installation.life()
    assert life is not None
    claimed = await claim(actor, ids["channel"], ids["running"])
    assert len(claimed) == 6
    lost, gone = claimed[:4], claimed[4:]
    for queue, batch in ((ids["running"], claimed[:5]), (ids["scheduled"], claimed[5:])):
        claims = [witness.Claim(m.message_id, m.attempt_id, m.contact_id, m.epoch) for m in batch]
        assert await witness.note(life, witness.Slice(actor.company_id, ids["channel"], queue, claims))
    mails = [row["id"] for row in await home.db.fetch("select id from job where name = 'SendMail'")]
    assert await witness.note_job(life, actor.company_id, mails[0])
    # The database forgets: four claims, a message, and (of a planned campaign) the launch with its message.
    await home.db.execute(
        "update message set state = 0, epoch = 0, lease_until = null where id = any($1::uuid[])", [m.message_id for m in lost]
    )
    await home.db.execute("delete from attempt where company_id = $1", actor.company_id)
    await home.db.execute("delete from message where id = any($1::uuid[])", [m.message_id for m in gone])
    await home.db.execute("update installation set beat = beat - 1, beat_at = beat_at - interval '2 seconds'")
    assert await home.look()
    assert await claim(actor, ids["channel"], ids["running"]) == []
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:  # a survivor still has the results of two
        await ledger.finish(w, [accepted(m) for m in lost[:2]], horizon=900)
    states = [MessageState(await home.db.fetchval("select state from message where id = $1", m.message_id)).label for m in lost]
    assert states == ["sent", "sent", "unknown", "unknown"]
    assert await state(home, ids["running"]) is CampaignState.RUNNING
    assert await state(home, ids["scheduled"]) is CampaignState.HELD  # it ran in the time that was lost
    assert await home.db.fetchval("select count(*) from lost_attempt where message_id is null") == 2
    assert await home.db.fetchval("select state from job where id = $1", mails[0]) == "held"  # it may have gone out
    assert not await witness.note(life, witness.Slice(actor.company_id, ids["channel"], None, []))  # a zombie of the old life
    assert not await home.look()


async def test_the_operator_lists_what_is_held_and_lets_it_go_on(home: Place, tmp_path: Path) -> None:
    actor, ids = await busy(home.db)
    await home.look()
    await home.open(await home.copy(tmp_path / "copy"))
    await home.look()
    await close_pools()
    try:
        listed = await commands._held(home.settings, Namespace(hold=False, release=False))
        assert "Loja Aurora: campaign running (6 in the queue; copy" in listed
        assert "goes on" in await commands._held(home.settings, Namespace(hold=False, release=True))
        assert await commands._held(home.settings, Namespace(hold=False, release=False)) == "Nothing is held."
    finally:
        valkey.connect(home.settings.valkey_url)
    await open_pools(home.settings, size=4)
    assert len(await claim(actor, ids["channel"], ids["running"])) == 6
    await home.db.execute("update message set state = 0 where queue_id = $1", ids["running"])
    assert "The first worker" in await commands._held(home.settings, Namespace(hold=True, release=False))
    assert await claim(actor, ids["channel"], ids["running"]) == []
    await home.look()
    assert await state(home, ids["running"]) is CampaignState.HELD


async def test_a_restored_backup_waits_for_a_worker(home: Place, tmp_path: Path) -> None:
    """Also when it is put back in its own place, with everything outside as it was."""
    actor, ids = await busy(home.db)
    await home.look()
    await backup(home.settings.database_owner_url, tmp_path / "backup.zip", home.settings)
    await close_pools()
    await home.db.close()
    said = await restore(home.settings.database_owner_url, tmp_path / "backup.zip", home.settings, replace=True)
    assert "held until somebody decides" in said
    await home.open()
    assert await claim(actor, ids["channel"], ids["running"]) == []
    assert "The first worker that starts holds" in await commands._held(home.settings, Namespace(hold=False, release=False))
    await home.look()
    hold = await home.db.fetchrow("select cause, since < now() as past from hold")
    assert hold is not None
    assert tuple(hold) == ("restore", True)
    assert await claim(actor, ids["channel"], ids["running"]) == []
    assert await state(home, ids["running"]) is CampaignState.HELD
