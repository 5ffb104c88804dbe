"""Times that are booked, on the screens: offered in the board's settings, booked beside the lead, seen in the week of the board."""

import asyncpg
from nicegui import ui
from nicegui.testing import User

from db.bookings import bookings
from db.tenancy import Actor
from tests.db.bookings.test_bookings import shop
from tests.db.proposals.scene import Scene
from tests.ui.interactions import click
from ui.client import bookings as client
from ui.client.base import ApiClient


async def test_a_board_says_when_it_may_be_booked(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    scene = await Scene.make(owner, owner_db)
    await real.open(f"/boards/{scene.board}/appointments")
    await real.should_see("Este quadro não aceita agendamentos")
    await real.open(f"/boards/{scene.board}/settings?tab=booking")
    await real.should_see("Este quadro aceita agendamentos")
    next(one for one in real.find(kind=ui.switch).elements if "aceita" in str(one.props["aria-label"])).value = True
    click(real, "Salvar")
    await real.should_see("Salvo.")
    now = await client.booking(as_owner, scene.board)
    assert (now.enabled, now.minutes, now.capacity, now.remind_hours, now.hours) == (True, 60, 1, 0, [])


async def test_what_is_booked_stands_in_the_week_and_beside_the_lead(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    scene = await shop(owner, owner_db)
    lead_id = await scene.lead()
    made = await bookings.book(owner, lead_id, (await bookings.free(owner, scene.board))[3].start)
    await real.open(f"/boards/{scene.board}/appointments?week={made['starts_at'].date().isoformat()}")
    await real.should_see("Ana Lima")
    await real.should_see("Nada marcado")
    await real.open(f"/boards/{scene.board}?lead={lead_id}")
    await real.should_see("Desmarcar")
