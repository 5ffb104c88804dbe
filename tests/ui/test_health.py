"""The health page: what is not well first, with what to do."""

from datetime import timedelta

import asyncpg
from nicegui.testing import User

from db.clock import now
from db.tenancy import Actor
from tests import factories


async def test_what_is_not_well_says_what_to_do(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await owner_db.execute("update installation set beat_at = $1", now() - timedelta(minutes=3))
    await factories.channel(owner_db, owner, sandbox=False, state="error")
    await real.open("/settings/health")
    await real.should_see("1 está parado")
    await real.should_see("Abra o canal: a página dele diz o que fazer.")
    await real.should_see("Nenhum trabalhador está rodando")
    await real.should_see("Banco de dados")
    await real.should_not_see("Está tudo bem.")
