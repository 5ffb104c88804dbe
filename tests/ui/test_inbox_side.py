"""Beside a conversation: facts that are changed where they stand, consent, leads, and what brought the person."""

import asyncpg
import msgspec
import pytest
from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.boards import LeadCreate
from api.contract.contacts import ContactPatch, CustomFieldCreate
from api.contract.enums import CustomFieldKind
from api.contract.events import ContactsChanged
from db.clock import now
from db.conversations import groups
from db.messages import inbound
from db.messages.content import Context, Reaction, Text
from db.messages.inbound import Inbound
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.ui.interactions import choose, click, hear, press, until
from tests.ui.interactions import field as labelled
from tests.ui.test_inbox import Customers
from ui.client import boards, consent, contacts
from ui.client import conversations as client
from ui.client.base import ApiClient


@pytest.fixture
async def customers(owner_db: asyncpg.Connection, owner: Actor) -> Customers:
    return Customers(owner_db, owner, await factories.channel(owner_db, owner))


def field(user: User, label: str) -> ValueElement[str]:
    """The one that somebody writes in."""
    assert user.client is not None
    found = [one for one in user.client.elements.values() if one.props.get("aria-label") == label and isinstance(one, ui.input)]
    return max(found, key=lambda one: one.id)


def enter(user: User, element: ui.element) -> None:
    UserInteraction(user, {element}, None).trigger("keydown.enter")


async def test_a_name_is_changed_in_place_and_a_colleagues_change_is_said(
    real: User,
    owner_db: asyncpg.Connection,
    customers: Customers,
    as_owner: ApiClient,
) -> None:
    one = await client.conversation(as_owner, await customers.wrote(0, "Oi"))
    await contacts.create_field(as_owner, CustomFieldCreate(label="Aniversário", kind=CustomFieldKind.DATE))
    seen = await contacts.contact(as_owner, one.contact_id)
    await contacts.change_contact(as_owner, seen, ContactPatch(custom={"aniversario": "1977-11-01"}))
    await real.open(f"/inbox/{one.id}")
    await real.should_see("Pode receber mensagens")
    await real.should_see("1 de nov. de 1977")
    press(real, "Adicionar")  # the e-mail: the first of the facts that has nothing
    field(real, "E-mail").value = "ana@"
    enter(real, field(real, "E-mail"))
    await real.should_see("e-mail", retries=20)
    field(real, "E-mail").value = "ana@exemplo.com"
    enter(real, field(real, "E-mail"))

    async def kept() -> bool:
        contact = await contacts.contact(as_owner, one.contact_id)
        return any(each.display == "ana@exemplo.com" for each in contact.identities)

    await until(kept)
    await real.should_see("ana@exemplo.com")
    seen = await contacts.contact(as_owner, one.contact_id)
    press(real, seen.name)
    field(real, "Nome").value = "Minha Ana"
    changed = await contacts.change_contact(as_owner, seen, ContactPatch(name="Ana da colega"))
    hear(ContactsChanged(contact_id=one.contact_id, version=changed.version))
    enter(real, field(real, "Nome"))
    await real.should_see("Alguém mudou este contato nesse meio-tempo. Pressione Enter de novo para manter o seu.")
    assert (await contacts.contact(as_owner, one.contact_id)).name == "Ana da colega"
    assert field(real, "Nome").value == "Minha Ana"
    enter(real, field(real, "Nome"))

    async def mine() -> bool:
        return (await contacts.contact(as_owner, one.contact_id)).name == "Minha Ana"

    await until(mine)


async def test_leads_are_moved_and_the_person_opted_out_from_here(
    real: User,
    owner_db: asyncpg.Connection,
    owner: Actor,
    customers: Customers,
    as_owner: ApiClient,
) -> None:
    one = await client.conversation(as_owner, await customers.wrote(0, "Oi"))
    [board] = await boards.boards(as_owner)
    lead = await boards.create_lead(
        as_owner, LeadCreate(board_id=board.id, title="Vestido azul", contact_id=one.contact_id, value_cents=18_900)
    )
    await real.open(f"/inbox/{one.id}")
    await real.should_see("Vestido azul")
    await real.should_see("R$\xa0189,00")
    choose(real, board.stages[1].name)

    async def moved() -> bool:
        return (await boards.lead(as_owner, lead.id)).stage_id == board.stages[1].id

    await until(moved)
    switch = next(one for one in real.find(kind=ui.switch).elements)
    switch.value = False

    async def out() -> bool:
        return (await contacts.contact(as_owner, one.contact_id)).opted_out_at is not None

    await until(out)
    await real.should_see("Descadastrado:", retries=20)
    switch = max(real.find(kind=ui.switch).elements, key=lambda one: one.id)
    switch.value = True  # nobody is let be written to again without a word on how they asked for it
    await real.should_see("Como se comprova", retries=20)
    assert await out()
    labelled(real, "Como se comprova").value = "Pediu no balcão"
    click(real, "Salvar")

    async def back() -> bool:
        return not await out()

    await until(back)
    [entry, *_] = await consent.entries(as_owner, one.contact_id)
    assert (entry.allowed, entry.note) == (True, "Pediu no balcão")


async def test_what_brought_the_person_and_what_they_got(
    real: User,
    owner_db: asyncpg.Connection,
    owner: Actor,
    customers: Customers,
    as_owner: ApiClient,
) -> None:
    one = await client.conversation(as_owner, await customers.wrote(0, "Quero"))
    campaign = await factories.campaign(owner_db, owner, one.channel_id, body="Oi", name="Natal das amigas")
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, sent_at, replied_at)"
        " values ($1, $2, $2, $3, $4, $5, $6, 4, now(), now())",
        owner.company_id, one.channel_id, campaign, one.contact_id, one.address, f"{campaign}:{one.contact_id}",
    )  # fmt: skip
    await owner_db.execute(
        "update conversation set first_touch = t, last_touch = t from (select jsonb_build_object('at', now(), 'campaign_id', $2::uuid) as t) x"
        " where id = $1",
        one.id, campaign,
    )  # fmt: skip
    await real.open(f"/inbox/{one.id}?view=all&campaign_id={campaign}")
    await real.should_see("Responderam a Natal das amigas")
    await real.should_see("Campanhas recebidas")
    await real.should_see("Chegou por")
    lead = await factories.lead(owner_db, owner, "Cortina", contact_id=one.contact_id, conversation_id=one.id)
    board = (await boards.lead(as_owner, lead)).board_id
    await real.open(f"/boards/{board}?lead={lead}")
    await real.should_see("Chegou por")
    await real.should_see("Natal das amigas")


async def test_a_group_shows_its_subject_and_who_wrote_and_is_nobody_to_sell_to(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel_id = await factories.channel(owner_db, owner, "whatsapp_qr")
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        group_id = await groups.kept(w, channel_id, "120363041234567890@g.us")
        context = Context(group_id="120363041234567890@g.us", writer="Bia Souza", writer_number="+5511900000000")
        said = Inbound(
            channel_id, group_id, "G1", "120363041234567890@g.us", Text(text="Quem vai hoje?"), now(), context, group=True
        )
        await inbound.store(
            w, said._replace(context=msgspec.structs.replace(context, writer_address="5511900000000@s.whatsapp.net"))
        )
        thumbs = Reaction(target_id="G1", emoji="👍")
        for number, (name, phone) in enumerate((("Ana", "+5521988887777"), ("Carlos", "+5531977776666"))):
            who = msgspec.structs.replace(context, writer=name, writer_number=phone)
            await inbound.store(w, said._replace(provider_id=f"R{number}", content=thumbs, context=who))
    await groups.called(owner.company_id, channel_id, "120363041234567890@g.us", "Vendas do bairro")
    conversation_id = await owner_db.fetchval("select id from conversation where contact_id = $1", group_id)
    await real.open(f"/inbox/{conversation_id}")
    for text in ("Vendas do bairro", "Bia Souza", "Quem vai hoje?", "Ninguém vira contato pelo que escreve em um grupo"):
        await real.should_see(text, retries=30)
    await real.should_see("👍 2", retries=30)
    acts = [one.props.get("aria-label") for one in real.find(kind=ui.element).elements]
    assert {"Reagir a esta mensagem", "Responder a esta mensagem"} <= set(acts)
    await real.should_not_see("Abrir o contato")
    await real.should_not_see("Novo lead")
