"""Who gets a campaign: what the step of the wizard changes of an audience, and what it leaves alone."""

from uuid import uuid4

import asyncpg
import msgspec
from nicegui.testing import User

from api.contract.campaigns import CampaignPatch, CampaignSettings
from api.contract.contacts import ContactFilter
from db.tenancy import Actor
from tests.ui.interactions import field, until
from tests.ui.test_campaigns import draft
from ui.client import campaigns
from ui.client.base import ApiClient
from ui.labels import campaigns as campaign_labels


def test_an_audience_is_said_by_the_names_that_people_know() -> None:
    settings = CampaignSettings(skip_recent_days=0)
    exact = ContactFilter(custom={"cidade": "Niterói"})
    listed = ContactFilter(import_id=uuid4())
    names = campaign_labels.Names(fields={"cidade": "Cidade da loja"}, file="Clientes de maio.csv")
    assert campaign_labels.audience_words(exact, names, settings) == "Cidade da loja: Niterói"
    assert campaign_labels.audience_words(listed, names, settings) == "Pessoas de “Clientes de maio.csv”"
    assert campaign_labels.audience_words(listed, campaign_labels.Names(), settings) == "Pessoas de uma importação"


async def test_a_choice_in_the_wizard_lets_in_nobody_whom_the_audience_left_out(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    """What a partner asked for and the step does not show stays while something is picked, and picks nobody by itself."""
    campaign_id = await draft(owner_db, owner, as_owner)
    made = await campaigns.campaign(as_owner, campaign_id)
    asked = ContactFilter(search="Pessoa", has="phone", custom={"uf": "SP", "plano": "A"})
    await campaigns.change(as_owner, campaign_id, CampaignPatch(audience=asked), made.version)
    await real.open(f"/campaigns/{campaign_id}/edit?step=audience")
    await real.should_see("Nome ou número contém", retries=30)

    async def saved(wanted: ContactFilter) -> bool:
        return (await campaigns.campaign(as_owner, campaign_id)).audience == wanted

    field(real, "Nome ou número contém").value = "Pessoa 1"
    await until(lambda: saved(msgspec.structs.replace(asked, search="Pessoa 1")))
    field(real, "Nome ou número contém").value = ""
    await until(lambda: saved(ContactFilter()))
