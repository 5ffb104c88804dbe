"""What comes from Kommo: told twice and out of order, by strangers, as an echo of our own writing."""

from urllib.parse import urlencode
from uuid import UUID

import pytest

from db.boards import leads, moves
from db.contacts import actions
from db.kommo import hooks, links
from db.kommo.enums import KommoLinkKind, KommoTaskKind
from db.kommo.links import Link
from db.privacy import erasing
from db.privacy.erasing import Next
from tests.workers.kommo.conftest import LOST, NEW, OFFER, WON, Here, There


async def _linked(here: Here) -> tuple[UUID, list[UUID], int]:
    """A lead that stands on both sides: its id here, the stages, its id there."""
    stages = await here.stages()
    await here.rules(
        dict(zip(stages, (NEW, OFFER, WON, LOST), strict=True)), push_leads=True, take_leads=True, take_contacts=True
    )
    board = await here.db.fetchval("select board_id from stage where id = $1", stages[0])
    lead = await leads.create_lead(here.actor, board_id=board, stage_id=stages[0], title="Bicicleta")
    await here.sync()
    kommo_id = await here.db.fetchval("select kommo_id from kommo_link where local_id = $1", lead["id"])
    return lead["id"], stages, kommo_id


async def news(here: Here, **fields: str) -> bytes:
    """The form of a webhook; names in `fields` are `leads__status__0__id`."""
    found = await here.now()
    pairs = {"account[id]": str(found.account_id)}
    for name, value in fields.items():
        noun, *rest = name.split("__")
        pairs[noun + "".join(f"[{part}]" for part in rest)] = value
    return urlencode(pairs).encode()


async def test_a_lead_that_is_dragged_there_moves_here_once(here: Here, there: There) -> None:
    lead_id, stages, kommo_id = await _linked(here)
    await there.move(kommo_id, OFFER)
    for _ in range(3):  # told three times before anybody looks
        assert await here.told(await news(here, leads__status__0__id=str(kommo_id), leads__status__0__status_id="1"))
    await here.sync()
    assert await here.db.fetchval("select stage_id from lead where id = $1", lead_id) == stages[1]
    await here.sync()  # our own move is an event too
    assert await here.tasks() == [("push_lead", "done", None), ("take_lead", "done", None)]
    assert await here.told(await news(here, leads__update__0__id=str(kommo_id)))
    await here.due()
    assert (await here.tasks())[-1] == ("take_lead", "skipped", "kommo_same")


async def test_what_a_webhook_says_is_not_believed_but_read_anew(here: Here, there: There) -> None:
    lead_id, stages, kommo_id = await _linked(here)
    await there.move(kommo_id, OFFER)
    await there.move(kommo_id, WON)
    late = await news(here, leads__status__0__id=str(kommo_id), leads__status__0__status_id=str(OFFER[1]))
    assert await here.told(late)
    await here.due()
    assert await here.db.fetchval("select stage_id from lead where id = $1", lead_id) == stages[2]


async def test_a_lead_that_moved_here_meanwhile_stays(here: Here, there: There) -> None:
    lead_id, stages, kommo_id = await _linked(here)
    await there.move(kommo_id, OFFER)
    await moves.move_lead(here.actor, lead_id, stage_id=stages[2])
    assert await here.told(await news(here, leads__status__0__id=str(kommo_id)))
    await here.due()
    assert (await here.tasks())[-1] == ("take_lead", "skipped", "kommo_newer_here")
    await here.sync()
    (card,) = (await there.books())["leads"]
    assert card["status_id"] == WON[1]
    assert await here.db.fetchval("select stage_id from lead where id = $1", lead_id) == stages[2]


async def test_a_lead_lost_there_is_lost_here_with_a_reason(here: Here, there: There) -> None:
    lead_id, stages, kommo_id = await _linked(here)
    await there.move(kommo_id, LOST)
    assert await here.told(await news(here, leads__status__0__id=str(kommo_id)))
    await here.due()
    row = await here.db.fetchrow("select stage_id, lost_reason from lead where id = $1", lead_id)
    assert tuple(row) == (stages[3], "Kommo")


async def test_a_contact_of_theirs_is_made_here_and_not_sent_back(here: Here, there: There) -> None:
    await here.rules(push_contacts=True, take_contacts=True)
    made = await there.contact(name="Caio Reis", phones=["+55 21 99876-5432"], emails=["CAIO@example.com"])
    assert await here.told(await news(here, contacts__add__0__id=str(made["id"]), contacts__add__0__type="contact"))
    await here.sync()
    await here.sync()
    name, phones = await here.db.fetchrow(
        "select c.name, array(select value from contact_identity i where i.contact_id = c.id order by value) from contact c where company_id = $1",
        here.actor.company_id,
    )
    assert (name, phones) == ("Caio Reis", ["+5521998765432", "caio@example.com"])
    assert await here.tasks() == [("take_contact", "done", None)]
    await there.contact(id=made["id"], name="Caio R. Reis")
    assert await here.told(await news(here, contacts__update__0__id=str(made["id"])))
    await here.sync()
    await here.sync()
    assert await here.db.fetchval("select name from contact where company_id = $1", here.actor.company_id) == "Caio R. Reis"
    assert [kind for kind, _, _ in await here.tasks()] == ["take_contact", "take_contact"]


async def test_an_echo_of_what_we_wrote_changes_nothing(here: Here, there: There) -> None:
    await here.rules(push_contacts=True, take_contacts=True)
    mine = await actions.create_contact(here.actor, name="Bia", phone="11987654321")
    await here.sync()
    (contact,) = (await there.books())["contacts"]
    before = await here.db.fetchval("select updated_at from contact where id = $1", mine["id"])
    for verb in ("add", "update"):
        assert await here.told(await news(here, **{f"contacts__{verb}__0__id": str(contact["id"])}))
    await here.sync()
    assert await here.db.fetchval("select updated_at from contact where id = $1", mine["id"]) == before
    assert (await here.tasks())[-1] == ("take_contact", "skipped", "kommo_same")
    assert len((await there.books())["contacts"]) == 1


async def test_who_is_erased_goes_nowhere_and_does_not_come_back(here: Here, there: There) -> None:
    await here.rules(push_contacts=True, take_contacts=True)
    company = here.actor.company_id
    mine = await actions.create_contact(here.actor, name="Bia", phone="11987654321")
    asked = await erasing.start(here.actor, mine["id"])
    await here.sync()
    assert await here.tasks() == []
    while await erasing.step(company, asked.id) is not Next.DONE:
        pass
    late = Link(mine["id"], 9, "", "", None, None, None)  # of a push that was on its way
    await links.keep(company, KommoLinkKind.CONTACT, late)
    assert await here.db.fetchval("select count(*) from kommo_link where company_id = $1", company) == 0
    known = await there.contact(name="Bia", phones=["+55 21 99876-5432", "11 8765-4321"])
    assert await here.told(await news(here, contacts__add__0__id=str(known["id"])))
    await here.due()
    assert await here.tasks() == [("take_contact", "failed", "kommo_refused")]
    assert await here.db.fetchval("select count(*) from contact where company_id = $1", company) == 0


async def test_another_account_is_not_believed(here: Here) -> None:
    await here.rules(take_leads=True)
    body = urlencode({"account[id]": "1", "leads[status][0][id]": "20"}).encode()
    assert not await here.told(body)
    assert not await here.told(b"leads[status][0][id]=20")
    assert await here.tasks() == []


async def test_kommo_is_told_where_to_call_only_while_something_is_taken_over(here: Here, there: There) -> None:
    assert (await there.books())["hooks"] == []
    await here.rules(take_leads=True)
    assert (await here.check()).hook_state == "on"
    await here.check()
    (hook,) = (await there.books())["hooks"]
    assert await hooks.route(hook["destination"].rsplit("/", 1)[1]) == here.actor.company_id
    await here.rules(take_leads=False)
    assert (await here.check()).hook_state == "off"
    assert (await there.books())["hooks"] == []


def test_a_form_is_read_and_no_further_than_needed() -> None:
    pairs = [
        ("account[id]", "7"),
        ("account[subdomain]", "aurora"),
        ("leads[status][0][id]", "20"),
        ("leads[status][1][id]", "-3"),
        ("leads[delete][0][id]", "21"),
        ("contacts[update][0][id]", "10"),
        ("contacts[update][0][type]", "company"),
        ("contacts[update][1][id]", "11"),
        ("contacts[update][1][custom_fields][0][values][0][value]", "x"),
        ("message[add][0][id]", "9"),
        ("leads[add][0][id]", "9" * 40),
    ]
    found = hooks.parse(urlencode(pairs).encode())
    assert (found.account_id, found.subdomain) == (7, "aurora")
    assert found.found == [(KommoTaskKind.TAKE_LEAD, 20), (KommoTaskKind.TAKE_CONTACT, 11)]
    with pytest.raises(ValueError, match="fields"):
        hooks.parse(b"&".join(b"a%d=1" % number for number in range(6000)))
