"""What a gateway does with leases and with what it is told; the platform is in memory."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import crypto
from db.qr import keys, leases, pairing
from db.qr.enums import CodeKind, SessionState
from db.qr.keys import Name
from db.qr.leases import LEASE, Fenced
from db.tenancy import Actor
from tests.db.qr import scenes
from tests.workers.qr.conftest import Scene
from tests.workers.qr.port_fake import PortFake
from workers.inbound import process_inbox
from workers.qr.gateway import OPENS, SAFE, SILENT
from workers.qr.port import Closed, Code, Line, Message, Opened, Paired, Quota, Restricted

KEY = Name("session", "5511987654321.0")


async def opened(scene: Scene, db: asyncpg.Connection, actor: Actor, **columns: Any) -> Line:
    channel_id = await scenes.session(db, actor, **columns)
    await scene.gateway.take()
    line = next(one for one in scene.port.started if one.channel_id == channel_id)
    await scene.port.tell(line, Opened())
    return line


async def told(db: asyncpg.Connection, channel_id: UUID) -> tuple[str, str, str | None]:
    row = await db.fetchrow(
        "select s.state, c.state as channel, c.state_reason from qr_session s join channel c using (id) where id = $1", channel_id
    )
    assert row is not None
    return tuple(row)


def said(message_id: str, chat: str = "5511987654321@s.whatsapp.net") -> Message:
    raw = msgspec.json.encode({"jid": chat, "at": 1_700_000_000, "content": {"conversation": "Oi"}})
    return Message(chat=chat, id=message_id, whole=True, message=msgspec.Raw(raw))


async def test_a_paired_number_opens_and_may_send(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    line = await opened(scene, owner_db, owner)
    assert await told(owner_db, line.channel_id) == ("open", "connected", None)
    assert scene.gateway.clients[line.channel_id].speaks
    assert await scenes.column(owner_db, line.channel_id, "first_open_at") is not None


async def test_a_number_is_paired_by_a_code(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner, paired=False)
    await scene.gateway.take()
    line = Line(channel_id, 1)
    company = await owner_db.fetchval("select name from company where id = $1", owner.company_id)
    assert scene.port.lines[line].device == f"{company[:30].strip()} · Master IA"
    await scene.port.tell(line, Code(kind=CodeKind.QR, text="https://wa.me/x#2@ref,noise,identity,secret,1", seconds=60))
    sealed = await scenes.column(owner_db, channel_id, "code")
    assert b"secret" not in sealed
    code = crypto.ring().open(sealed, company_id=owner.company_id, table="qr_session", column="code", row_id=channel_id)
    assert code.endswith("secret,1")
    await scene.port.tell(line, Paired(jid="5511999990000@s.whatsapp.net", lid="99@lid", name="Loja"))
    assert await scenes.column(owner_db, channel_id, "code") is None
    assert await owner_db.fetchval("select number from channel where id = $1", channel_id) == "+5511999990000"
    await scene.port.tell(line, Closed(code=515))
    await scene.gateway.take()
    await scene.port.tell(Line(channel_id, 2), Opened())
    assert await told(owner_db, channel_id) == ("open", "connected", None)


@pytest.mark.parametrize(
    ("closed", "state", "reason"),
    [
        (Closed(code=401), SessionState.LOGGED_OUT, "session_ended"),
        (Closed(code=402, until=4_000_000_000.0), SessionState.BANNED, "account_locked"),
        (Closed(code=403), SessionState.BANNED, "account_locked"),
        (Closed(code=405), SessionState.OUTDATED, "client_outdated"),
        (Closed(code=503), SessionState.RECONNECTING, None),
        (Closed(code=440), SessionState.RECONNECTING, None),
        (Closed(code=None, detail="ECONNRESET"), SessionState.RECONNECTING, None),
    ],
)
async def test_every_end_has_its_state(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor, closed: Closed, state: SessionState, reason: str | None
) -> None:
    line = await opened(scene, owner_db, owner)
    await keys.save(owner.company_id, line.channel_id, line.epoch, {KEY: "x"})
    await scene.port.tell(line, closed)
    assert await told(owner_db, line.channel_id) == (state, "error" if reason else "connected", reason)
    kept = await owner_db.fetchval("select count(*) from qr_key where channel_id = $1", line.channel_id)
    assert kept == (0 if state is SessionState.LOGGED_OUT else 1)
    assert line.channel_id not in scene.gateway.clients
    assert scene.port.stopped == [line]


async def test_a_session_that_is_fought_over_waits_for_a_person(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    line = await opened(scene, owner_db, owner)
    await scene.port.tell(line, Closed(code=440))
    await owner_db.execute("update qr_session set next_at = now() where id = $1", line.channel_id)
    await scene.gateway.take()
    again = Line(line.channel_id, 2)
    await scene.port.tell(again, Opened())
    await scene.port.tell(again, Closed(code=440))
    assert await told(owner_db, line.channel_id) == ("replaced", "error", "session_elsewhere")
    await scene.gateway.take()
    assert scene.port.started == [line, again]


async def test_an_engine_that_is_refused_stops_all_its_sessions(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor, stranger: Actor
) -> None:
    one, other = await opened(scene, owner_db, owner), await opened(scene, owner_db, stranger)
    await scene.port.tell(one, Closed(code=405))
    assert await told(owner_db, other.channel_id) == ("outdated", "error", "client_outdated")


async def test_after_a_ban_a_person_says_that_it_sends_again(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    line = await opened(scene, owner_db, owner)
    await scene.port.tell(line, Closed(code=402, until=datetime.now(UTC).timestamp() + 1))
    await owner_db.execute("update qr_session set next_at = now() where id = $1", line.channel_id)
    await scene.gateway.take()
    await scene.port.tell(Line(line.channel_id, 2), Opened())
    assert await told(owner_db, line.channel_id) == ("open", "error", "account_locked")


async def test_restrictions_and_quotas_are_written_down(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    line = await opened(scene, owner_db, owner)
    await scene.port.tell(line, Restricted(until=4_000_000_000.0), Quota(total=50, used=50, until=4_000_000_000.0))
    row = await owner_db.fetchrow(
        "select state, restricted_until, quota_total, quota_used from qr_session where id = $1", line.channel_id
    )
    assert row is not None
    assert tuple(row) == ("restricted", datetime.fromtimestamp(4_000_000_000, UTC), 50, 50)
    assert scene.gateway.clients[line.channel_id].speaks, "who wrote gets answers"
    await scene.port.tell(line, Closed(code=503))
    await owner_db.execute("update qr_session set next_at = now() where id = $1", line.channel_id)
    await scene.gateway.take()
    await scene.port.tell(Line(line.channel_id, 2), Opened())
    assert await scenes.column(owner_db, line.channel_id, "state") == "restricted", "a new connection does not end it"


async def test_a_process_that_was_frozen_sends_nothing(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    line = await opened(scene, owner_db, owner)
    client = scene.gateway.clients[line.channel_id]
    scene.clock.now += LEASE - SAFE
    assert not client.speaks
    await scene.gateway.renew()
    assert client.speaks, "the database still gives it to us"
    await scenes.expire(owner_db, line.channel_id)
    await scene.gateway.renew()
    assert not client.speaks
    assert scene.port.stopped == [line]


async def test_what_a_lost_session_heard_is_kept_and_nothing_else(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    line = await opened(scene, owner_db, owner)
    await scenes.expire(owner_db, line.channel_id)
    other, port = scene.another("g2")
    await other.take()
    await scene.gateway.renew()
    with pytest.raises(Fenced):
        await scene.port.tell(line, said("A1"), Closed(code=401))
    with pytest.raises(Fenced):
        await scene.gateway.keep(line, {KEY: "old"})
    await port.tell(Line(line.channel_id, 2), said("A1"), said("A2"), Opened())
    rows = await owner_db.fetch("select id from webhook_inbox where channel_id = $1", line.channel_id)
    assert len(rows) == 2
    assert (await told(owner_db, line.channel_id))[0] == "open"


async def test_what_cannot_be_kept_ends_the_connection_at_both_ends(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    """Or it would look open while nobody hears it."""
    line = await opened(scene, owner_db, owner)
    with pytest.raises((OverflowError, ValueError)):
        await scene.port.tell(line, Restricted(until=1e300))
    assert (await told(owner_db, line.channel_id))[0] == "reconnecting"
    assert scene.port.stopped == [line]


async def test_one_that_hears_of_it_by_the_database_lets_go(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    """It has not renewed yet, and another has taken the session."""
    line = await opened(scene, owner_db, owner)
    await scenes.expire(owner_db, line.channel_id)
    await leases.take("g2", 5)
    with pytest.raises(Fenced):
        await scene.port.tell(line, Closed(code=401))
    assert (await told(owner_db, line.channel_id))[0] == "open"
    assert line.channel_id not in scene.gateway.clients


async def test_sessions_of_a_dead_engine_are_free_at_once(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    line = await opened(scene, owner_db, owner)
    client = scene.gateway.clients[line.channel_id]
    scene.port.broken = True
    await scene.gateway.engine_died()
    assert not client.speaks
    scene.gateway.port = port = PortFake(scene.gateway)
    await scene.gateway.take()
    assert port.started == [Line(line.channel_id, 2)]


async def test_an_opened_one_asks_for_what_was_said_meanwhile(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner)
    for address, message_id, minutes in (("+5511987654321", "A1", 5), ("+5511987654322", "A2", 60), ("998877", "A3", 1)):
        await owner_db.execute(
            "with person as (insert into contact(company_id, name) values ($1, '') returning id)"
            " insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at)"
            " select $1, $2, id, $3, $4, 'text', '{}', now() - make_interval(mins => $5) from person",
            owner.company_id,
            channel_id,
            message_id,
            address,
            minutes,
        )
    await scene.gateway.take()
    line = Line(channel_id, 1)
    await scene.port.tell(line, Opened())
    asked = {(line, "5511987654321@s.whatsapp.net", "A1"), (line, "998877@lid", "A3")}
    assert set(scene.port.asked) == asked


async def test_a_connection_that_is_dead_and_says_it_lives_is_opened_anew(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    line = await opened(scene, owner_db, owner)
    scene.clock.now += SILENT - 1
    scene.port.deaf = True
    await scene.gateway.watch()
    assert line.channel_id in scene.gateway.clients, "it was heard of lately"
    scene.clock.now += 2
    scene.port.deaf = False
    await scene.gateway.watch()
    assert line.channel_id in scene.gateway.clients, "it answers"
    scene.clock.now += SILENT
    scene.port.deaf = True
    await scene.gateway.watch()
    assert (await told(owner_db, line.channel_id))[0] == "reconnecting"
    assert scene.port.stopped == [line]


async def test_an_archived_channel_opens_no_more(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner)
    await owner_db.execute("update channel set archived_at = now() where id = $1", channel_id)
    await scene.gateway.take()
    await scene.gateway.take()
    assert scene.port.started == []
    assert await scenes.column(owner_db, channel_id, "state") == "new"


@pytest.mark.parametrize("how", ["a person disconnects it", "its channel is removed"])
async def test_who_is_taken_away_leaves_the_phone(scene: Scene, owner_db: asyncpg.Connection, owner: Actor, how: str) -> None:
    line = await opened(scene, owner_db, owner)
    await keys.save(owner.company_id, line.channel_id, line.epoch, {KEY: "x"})
    if how == "its channel is removed":
        await owner_db.execute("update channel set archived_at = now() where id = $1", line.channel_id)
    else:
        await pairing.log_out(owner, line.channel_id)
    await scene.gateway.renew()
    assert scene.port.left == [line]
    assert await scenes.column(owner_db, line.channel_id, "state") == "logged_out"
    assert await owner_db.fetchval("select count(*) from qr_key where channel_id = $1", line.channel_id) == 0
    await scene.gateway.take()
    assert scene.port.started == [line]


async def test_it_takes_no_more_than_it_can_hold(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    scene.gateway.most = 2
    for _ in range(3):
        await scenes.session(owner_db, owner)
    await scene.gateway.take()
    await scene.gateway.take()
    assert len(scene.port.started) == 2
    other, port = scene.another("g2")
    await other.take()
    assert len(port.started) == 1
    await scene.gateway.close()
    assert len(await leases.take("g3", 5)) == 2, "what was closed on purpose is free at once"


async def test_past_messages_are_asked_for_where_somebody_wants_them_and_cause_nothing(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel_id = await scenes.session(owner_db, owner, paired=False, state="new")
    await pairing.ask_code(owner, channel_id, history=True)
    await scene.gateway.take()
    line = next(one for one in scene.port.started if one.channel_id == channel_id)
    assert scene.port.lines[line].history
    await scene.port.tell(line, Paired(jid="5511999990000@s.whatsapp.net"), Opened())
    await scene.port.tell(line, msgspec.structs.replace(said("H1"), history=True))
    await process_inbox(owner.company_id)
    past = "select i.origin, c.unread from inbound_message i join conversation c using (company_id, contact_id) where i.channel_id = $1"
    row = await owner_db.fetchrow(past, channel_id)
    assert row is not None
    assert tuple(row) == ("history", 0)


async def test_one_that_neither_opens_nor_ends_is_opened_anew(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner)
    await scene.gateway.take()
    scene.clock.now += OPENS
    await scene.gateway.watch()
    assert scene.port.stopped == []
    scene.clock.now += 1
    await scene.gateway.watch()
    assert (await told(owner_db, channel_id))[0] == "reconnecting"
    await owner_db.execute("update qr_session set next_at = now() where id = $1", channel_id)
    await scene.gateway.take()
    assert scene.port.started == [Line(channel_id, 1), Line(channel_id, 2)]
