"""A planned time in the wizard: one that is over, or cannot be read, never becomes "now"."""

import asyncpg
from nicegui import ui
from nicegui.testing import User

from db.tenancy import Actor
from tests.ui.interactions import press
from tests.ui.test_campaigns import draft
from ui.client.base import ApiClient


async def test_a_time_that_is_over_never_becomes_now(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    campaign_id = await draft(owner_db, owner, as_owner, kind="sms")
    await real.open(f"/campaigns/{campaign_id}/edit?step=when")
    press(real, "Em data marcada")
    await real.should_see("Dia", retries=20)
    day = next(field for field in real.find(kind=ui.input).elements if field.props.get("type") == "date")
    day.value = "2020-01-31"
    real.find("Continuar").click()
    await real.should_see("Escolha um horário no futuro.", retries=30)
    for step in ("Revisar", "Canal"):
        press(real, step)
        await real.should_see("Escolha um horário no futuro.", retries=30)
    await real.should_not_see("Enviar agora")
    for at in ("2020-01-31T09:00:00%2B00:00", "2031-01-31T09:00:00", "nonsense"):
        await real.open(f"/campaigns/{campaign_id}/edit?step=review&at={at}")
        await real.should_see("A hora marcada já passou. Escolha outra.", retries=50)
        assert not any(button.enabled for button in real.find(kind=ui.button, content="Agendar campanha").elements)
