"""Leads of a contact that is merged, parted, renamed or deleted."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from db.boards import leads, listing
from db.boards.listing import LeadFilter
from db.contacts import merges
from db.contacts.actions import change_contact, create_contact, delete_contact
from db.errors import NotFound
from db.tenancy import Actor
from tests import factories
from tests.db.contacts.test_identities import inbound


async def found(actor: Actor, board_id: UUID, search: str) -> set[UUID]:
    rows = await listing.board_leads(actor, board_id, LeadFilter(search=search), sort=None, after=None, limit=50)
    return {row["id"] for row in rows}


async def board(owner_db: asyncpg.Connection, actor: Actor) -> UUID:
    return await owner_db.fetchval("select id from board where company_id = $1", actor.company_id)


async def test_leads_go_with_a_merge_and_come_back_when_it_is_undone(owner: Actor, owner_db: asyncpg.Connection) -> None:
    board_id = await board(owner_db, owner)
    known = (await create_contact(owner, name="Beatriz", phone="11 98765-4321"))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Zuleika")
    theirs = (await leads.create_lead(owner, board_id=board_id, title="Reforma", contact_id=known))["id"]
    hers = (await leads.create_lead(owner, board_id=board_id, title="Obra", contact_id=hidden))["id"]
    assert await found(owner, board_id, "zuleika") == {hers}
    assert await inbound(owner, "5511987654321", bsuid="B1") == known
    assert {row["id"] for row in await listing.contact_leads(owner, known, after=None, limit=9)} == {theirs, hers}
    assert await found(owner, board_id, "beatriz") == {theirs, hers}
    assert (await leads.lead(owner, hers))["contact_name"] == "Beatriz"
    later = (await leads.create_lead(owner, board_id=board_id, title="Telhado", contact_id=known))["id"]
    [merge] = await merges.merges(owner, known)
    assert await merges.undo(owner, known, merge.id) == hidden
    assert {row["id"] for row in await listing.contact_leads(owner, hidden, after=None, limit=9)} == {hers}
    assert {row["id"] for row in await listing.contact_leads(owner, known, after=None, limit=9)} == {theirs, later}
    assert await found(owner, board_id, "zuleika") == {hers}


async def talks(owner_db: asyncpg.Connection, actor: Actor, contact: UUID, channel: UUID) -> UUID:
    """The conversation of a contact on a channel, made where it is missing."""
    return await owner_db.fetchval(
        "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at) values ($1, $2, $3, 'x', now(), now())"
        " on conflict (company_id, contact_id, channel_id) do update set address = 'x' returning id",
        actor.company_id,
        contact,
        channel,
    )


async def test_a_lead_leads_to_the_conversation_of_the_contact_that_it_has(owner: Actor, owner_db: asyncpg.Connection) -> None:
    board_id, channel = await board(owner_db, owner), await factories.channel(owner_db, owner)
    known = (await create_contact(owner, name="Beatriz", phone="11 98765-4321"))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Zuleika")
    kept, hers = [await talks(owner_db, owner, one, channel) for one in (known, hidden)]
    lead = (await leads.create_lead(owner, board_id=board_id, title="Obra", contact_id=hidden, conversation_id=hers))["id"]
    assert await inbound(owner, "5511987654321", bsuid="B1") == known
    assert (await leads.lead(owner, lead))["conversation_id"] == kept
    with pytest.raises(NotFound):
        await leads.change_lead(owner, lead, conversation_id=uuid4())
    await delete_contact(owner, known)
    assert (await leads.lead(owner, lead))["conversation_id"] is None


async def test_the_conversation_of_a_lead_is_with_its_contact(owner: Actor, owner_db: asyncpg.Connection) -> None:
    board_id, channel = await board(owner_db, owner), await factories.channel(owner_db, owner)
    ana = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    bia = (await create_contact(owner, name="Bia", phone="11 98765-4322"))["id"]
    with_ana, with_bia = [await talks(owner_db, owner, one, channel) for one in (ana, bia)]
    for contact in (bia, None):
        with pytest.raises(NotFound):
            await leads.create_lead(owner, board_id=board_id, title="Obra", contact_id=contact, conversation_id=with_ana)
    lead = (await leads.create_lead(owner, board_id=board_id, title="Obra", contact_id=ana, conversation_id=with_ana))["id"]
    for columns in ({"conversation_id": with_bia}, {"contact_id": bia, "conversation_id": with_ana}):
        with pytest.raises(NotFound):
            await leads.change_lead(owner, lead, **columns)
    assert (await leads.change_lead(owner, lead, contact_id=ana, title="Piscina"))["conversation_id"] == with_ana
    assert (await leads.change_lead(owner, lead, contact_id=bia))["conversation_id"] is None
    assert (await leads.change_lead(owner, lead, conversation_id=with_bia))["conversation_id"] == with_bia
    changed = await leads.change_lead(owner, lead, contact_id=ana, conversation_id=with_ana)
    assert (changed["contact_id"], changed["conversation_id"]) == (ana, with_ana)
    assert (await leads.change_lead(owner, lead, contact_id=None))["conversation_id"] is None


async def test_a_lead_is_found_by_what_its_contact_is_called_now(owner: Actor, owner_db: asyncpg.Connection) -> None:
    board_id = await board(owner_db, owner)
    contact = (await create_contact(owner, name="João", phone="11 98765-4321"))["id"]
    lead = (await leads.create_lead(owner, board_id=board_id, title="Reforma", contact_id=contact))["id"]
    assert await found(owner, board_id, "joao reforma") == {lead}
    await change_contact(owner, contact, name="Márcia")
    assert (await found(owner, board_id, "joao"), await found(owner, board_id, "MARCIA")) == (set(), {lead})
    await leads.change_lead(owner, lead, title="Piscina")
    assert (await found(owner, board_id, "marcia reforma"), await found(owner, board_id, "marcia pisc")) == (set(), {lead})
    await delete_contact(owner, contact)
    row = await leads.lead(owner, lead)
    assert (row["contact_id"], row["contact_name"]) == (None, None)
    assert (await found(owner, board_id, "marcia"), await found(owner, board_id, "piscina")) == (set(), {lead})


async def test_who_is_parted_does_not_take_a_conversation_of_the_other_along(owner: Actor, owner_db: asyncpg.Connection) -> None:
    board_id, channel = await board(owner_db, owner), await factories.channel(owner_db, owner)
    known = (await create_contact(owner, name="Beatriz", phone="11 98765-4321"))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Zuleika")
    with_known = await talks(owner_db, owner, known, channel)
    hers = (await leads.create_lead(owner, board_id=board_id, title="Obra", contact_id=hidden))["id"]
    assert await inbound(owner, "5511987654321", bsuid="B1") == known
    await leads.change_lead(owner, hers, conversation_id=with_known)
    [merge] = await merges.merges(owner, known)
    assert await merges.undo(owner, known, merge.id) == hidden
    found_lead = await leads.lead(owner, hers)
    assert await owner_db.fetchval("select contact_id from conversation where id = $1", with_known) == known
    assert (found_lead["contact_id"], found_lead["conversation_id"]) == (hidden, None)
