"""The screen of what is held, over the real API: the line on every page, the words of the risk, each item's decision."""

import asyncpg
from nicegui.testing import User

from db.clock import now
from db.holds import actions as holds
from db.holds.enums import HoldCause
from db.tenancy import Actor
from tests.db.test_installation import busy
from tests.ui.interactions import click, until
from ui.client import holds as client
from ui.client.base import ApiClient


async def test_a_person_reads_what_happened_and_decides(
    real: User, owner: Actor, owner_db: asyncpg.Connection, as_owner: ApiClient
) -> None:
    await real.open("/")
    await real.should_not_see("Há mensagens retidas")
    await busy(owner_db, owner)
    await holds._hold(owner.company_id, HoldCause.RESTORE, now(), 2)
    await real.open("/team")
    await real.should_see("Há mensagens retidas")
    await real.open("/held")
    await real.should_see("Um backup foi restaurado.")
    await real.should_see("Estas pessoas talvez já tenham recebido esta mensagem.")
    await real.should_see("estava: Enviando")
    await real.should_see("E-mails: convites e links de senha")
    click(real, "Descartar tudo")
    await real.should_see("Quem ainda espera aqui não vai receber.")
    assert len((await client.holds(as_owner)).holds[0].items) == 6  # nothing moves before the answer
    click(real, "Descartar")

    async def decided() -> bool:
        return not (await client.holds(as_owner)).holds

    await until(decided)
    await real.open("/held")
    await real.should_see("Nada está retido")
    await real.should_not_see("Há mensagens retidas")
