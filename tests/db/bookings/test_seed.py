"""What the demo company has: who stands on its board and names a free hour is booked by itself, and told so."""

from zoneinfo import ZoneInfo

import asyncpg

from db.bookings import bookings
from db.proposals.enums import LeadTool, ProposalState
from db.seed.bookings import write_bookings
from db.tenancy import Actor
from tests.db.bookings.test_bookings import told
from tests.db.proposals.scene import Scene


async def test_who_asks_for_a_time_gets_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    scene.board = await write_bookings(owner_db, owner.company_id, [scene.contact])
    span = (await bookings.free(owner, scene.board))[4]
    zone = ZoneInfo(await owner_db.fetchval("select time_zone from company where id = $1", owner.company_id))
    await scene.wrote(f"Oi! Posso provar às {span.start.astimezone(zone):%H:%M}?")
    done = await scene.propose(LeadTool.BOOK, starts_at=span.start)
    assert (done.state, done.why, await told(scene)) == (ProposalState.APPLIED, None, ["Marcado"])
    [made] = await bookings.appointments(owner, bookings.Which(board_id=scene.board), after=None, limit=2)
    assert (made["starts_at"], made["contact_id"], made["by_id"]) == (span.start, scene.contact, None)
