"""The bell: a number on every page, the newest lines behind it, all of them on a page, and the ways that are chosen."""

from uuid import UUID

import asyncpg
from nicegui import ui
from nicegui.testing import User

from db.notifications import calls, centre
from db.notifications.enums import NotificationKind
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import work
from tests import factories
from tests.ui.interactions import true_of, until


async def _stopped(db: asyncpg.Connection, owner: Actor, name: str = "Natal") -> UUID:
    channel = await factories.channel(db, owner)
    campaign: UUID = await db.fetchval(
        "insert into campaign(company_id, name, channel_id, audience, state) values ($1, $2, $3, '{}', 'paused') returning id",
        owner.company_id,
        name,
        channel,
    )
    async with work(worker(owner.company_id), Permission.CAMPAIGNS_SEND) as w:
        await calls.tell_of_end(w, owner.id, NotificationKind.CAMPAIGN, campaign, "paused")
    return campaign


def _bells(user: User) -> set[str]:
    assert user.client is not None
    return {
        str(one.props.get("aria-label")) for one in user.client.elements.values() if "m-bell" in one.classes and one.tag != "div"
    }


async def test_the_bell_counts_on_every_page(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await real.open("/team")
    assert _bells(real) == {"Notificações"}
    await _stopped(owner_db, owner)
    await real.open("/team")
    await until(lambda: true_of(lambda: _bells(real) == {"Notificações, 1 não lidas"}))


async def test_a_line_leads_to_its_thing_and_is_read_there(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    campaign = await _stopped(owner_db, owner)
    await _stopped(owner_db, owner, "Páscoa")
    await real.open("/notifications")
    await real.should_see("Sua campanha parou sozinha. Veja por quê.")
    assert real.client is not None
    links = [str(one.props.get("href")) for one in real.client.elements.values() if isinstance(one, ui.link)]
    assert f"/campaigns/{campaign}" in links
    await real.open(f"/campaigns/{campaign}")
    await until(lambda: _unread(owner, 1))  # what it leads to was looked at
    await real.open("/notifications")
    await real.should_see("Páscoa")
    real.find("Marcar tudo como lido").click()
    await until(lambda: _unread(owner, 0))


async def _unread(owner: Actor, count: int) -> bool:
    return await centre.unread(owner) == count


async def test_nothing_yet(real: User) -> None:
    await real.open("/notifications")
    await real.should_see("Nada aconteceu ainda")


async def test_ways_are_chosen_by_kind(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await real.open("/settings?tab=notifications")
    await real.should_see("Do que sou avisado, e como")
    assert real.client is not None
    ticks = {str(one.props.get("aria-label")): one for one in real.client.elements.values() if isinstance(one, ui.checkbox)}
    assert not ticks["Algo impede as mensagens da empresa: E-mail"].enabled
    ticks["Uma conversa passa a ser minha: E-mail"].set_value(True)

    async def kept() -> bool:
        return bool(
            await owner_db.fetchval("select mail from notification_choice where user_id = $1 and kind = 'assigned'", owner.id)
        )

    await until(kept)
