"""Who gets a campaign: what the step of the wizard changes of an audience, and what it leaves alone."""

from uuid import uuid4

import asyncpg
import msgspec
from nicegui import ui
from nicegui.testing import User

from api.contract.campaigns import Campaign, CampaignPatch, CampaignSettings
from api.contract.contacts import ContactFilter
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import click, field, until
from tests.ui.test_campaigns import draft
from ui.client import campaigns
from ui.client.base import ApiClient
from ui.components.query import Query
from ui.components.table import Selection
from ui.labels import campaigns as campaign_labels
from ui.pages.campaigns.step_audience import beside
from ui.pages.contacts.list import _meant


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


async def test_the_people_of_a_list_become_an_audience_that_never_widens(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    """Who is ticked is exactly that; all of a filtered list are its conditions."""
    await factories.contacts(owner_db, owner, 3)
    await real.open("/contacts")
    await real.should_see(kind=ui.table, retries=30)
    table = next(iter(real.find(kind=ui.table).elements))
    table.selected = table.rows[:1]
    with table:
        table._selection_handlers[0]()  # type: ignore[call-arg]
    click(real, "Campanha com estes")

    async def made() -> Campaign | None:
        found = (await campaigns.campaigns(as_owner)).items
        return await campaigns.campaign(as_owner, found[0].id) if found else None

    one = await until(made)
    assert (len(one.audience.ids), one.channel_id) == (1, None)
    assert one.audience == ContactFilter(ids=one.audience.ids)


def test_all_of_a_filtered_list_are_its_conditions_and_what_a_step_does_not_show_is_said() -> None:
    def listed(**filters: str) -> ContactFilter:
        return _meant(Selection(["0"], True, Query("", filters, None, 50, None), 3, estimated=False))

    assert listed(reach="phone", out="no") == ContactFilter(has="phone", opted_out=False)
    assert not listed().picks
    rest = beside("tags", ContactFilter(tags=[uuid4()], has="phone", opted_out=False), [])
    assert campaign_labels.conditions(rest, campaign_labels.Names()) == ["quem tem telefone", "quem pode receber mensagens"]
