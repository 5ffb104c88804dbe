"""A test of texts in the wizard: what counts as a conversion is chosen, and each text is sent as a test."""

import asyncpg
from nicegui.testing import User

from api.contract.campaigns import CampaignPatch, CampaignTrial, CampaignVariant
from api.contract.enums import TrialMetric
from db.campaigns import trial_run
from db.tenancy import Actor
from tests.db.campaigns.test_trial_run import staged
from tests.ui.interactions import click, field, press, until
from tests.ui.test_campaigns import draft
from ui.client import boards, campaigns
from ui.client.base import ApiClient


async def test_a_stage_is_chosen_as_the_conversion_and_any_text_is_sent_as_a_test(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    campaign_id = await draft(owner_db, owner, as_owner, kind="sms")
    seen = await campaigns.campaign(as_owner, campaign_id)
    other = CampaignVariant(share=50, template_id=None, body="Olá", bindings=[])
    trial = CampaignTrial(variants=[other], metric=TrialMetric.CONVERTED)
    await campaigns.change(as_owner, campaign_id, CampaignPatch(trial=trial), seen.version)
    [board] = await boards.boards(as_owner)
    await real.open(f"/campaigns/{campaign_id}/edit?step=message")
    await real.should_see("Um lead da pessoa chega a uma etapa", retries=40)
    press(real, "Um lead da pessoa chega a uma etapa")
    field(real, "Qual etapa").value = board.stages[1].id

    async def kept() -> bool:
        found = (await campaigns.campaign(as_owner, campaign_id)).trial
        return found is not None and (found.stage_id, found.tag_id) == (board.stages[1].id, None)

    await until(kept)
    click(real, "Enviar teste")
    await real.should_see("Qual texto", retries=20)
    field(real, "Qual texto").value = "B"
    field(real, "Números, até cinco").value = "(11) 98765-4321"
    click(real, "Enviar o teste")
    await real.should_see("Teste enviado a 1 número.", retries=40)
    sent = await owner_db.fetchval("select content->>'body' from message where company_id = $1", owner.company_id)
    assert sent == "Olá"


async def test_a_test_that_waits_for_a_person_is_seen_in_the_list_and_on_the_first_page_until_they_choose(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    stage = await staged(owner_db, owner, 40, unsure="wait")
    await stage.claim()
    await stage.became(0, 2)
    await stage.became(1, 3)
    await stage.over()
    await real.open("/campaigns")
    await real.should_see("Promoção")
    await real.should_not_see("Escolher o texto")
    await trial_run.settle()
    await real.open("/campaigns")
    await real.should_see("Escolher o texto")
    await real.open("/")
    await real.should_see("Promoção espera por você: qual texto os outros recebem?")
    await real.open(f"/campaigns/{stage.id}")
    await real.should_see("Enviar este")
    click(real, "Enviar este")
    await real.should_see("Com isso o teste acaba. O que foi enviado não volta.")
    click(real, "Enviar este")

    async def chosen() -> bool:
        return bool(await owner_db.fetchval("select trial_state = 'decided' from campaign where id = $1", stage.id))

    await until(chosen)
    await real.open("/campaigns")
    await real.should_see("Promoção")
    await real.should_not_see("Escolher o texto")
