"""What goes to Kommo: nobody twice, whatever gets lost on the way, and no faster than it takes."""

import asyncio

import pytest

from db.boards import history, leads, moves
from db.contacts import actions
from db.kommo import links, tasks
from db.kommo.enums import KommoLinkKind, KommoState
from tests.workers.kommo.conftest import LOST, NEW, OFFER, Here, There


async def test_a_check_finds_the_account_and_its_pipelines(here: Here) -> None:
    found = await here.now()
    assert (found.state, found.account_name, found.hook_state) == (KommoState.READY, "Empresa", "off")
    assert [status.name for status in found.pipelines[0].statuses][:2] == ["Contato inicial", "Proposta"]


async def test_a_contact_is_made_once_and_its_id_kept(here: Here, there: There) -> None:
    made = await actions.create_contact(here.actor, name="Bia", phone="(11) 98765-4321", email="bia@example.com")
    for _ in range(2):
        await tasks.push_contact(here.actor, made["id"])
        await here.due()
    (contact,) = (await there.books())["contacts"]
    assert contact["name"] == "Bia"
    assert {field["field_code"]: field["values"][0]["value"] for field in contact["custom_fields_values"]} == {
        "PHONE": "+5511987654321",
        "EMAIL": "bia@example.com",
    }
    assert await links.shown(here.actor, KommoLinkKind.CONTACT, made["id"]) == ("sandbox", contact["id"])
    assert await here.tasks() == [("push_contact", "done", None), ("push_contact", "skipped", "kommo_same")]


async def test_somebody_who_is_there_is_found_by_any_spelling_and_keeps_what_they_have(here: Here, there: There) -> None:
    known = await there.contact(name="Beatriz Souza", phones=["11 8765-4321", "(21) 3333-4444"])
    made = await actions.create_contact(here.actor, name="Bia", phone="11987654321", email="bia@example.com")
    await tasks.push_contact(here.actor, made["id"])
    await here.due()
    (contact,) = (await there.books())["contacts"]
    assert contact["id"] == known["id"]
    assert contact["name"] == "Beatriz Souza"
    phones = next(field for field in contact["custom_fields_values"] if field["field_code"] == "PHONE")
    assert [one["value"] for one in phones["values"]] == ["11 8765-4321", "(21) 3333-4444"]


@pytest.mark.parametrize("fault", ["drop_after_accept_share", "error_5xx_share"])
async def test_an_answer_that_got_lost_makes_nobody_twice(here: Here, there: There, fault: str) -> None:
    made = await actions.create_contact(here.actor, name="Bia", phone="11987654321")
    await there.behave(**{fault: 1.0, "error_5xx_accepted_share": 1.0})
    await tasks.push_contact(here.actor, made["id"])
    await here.due()
    assert await here.tasks() == [("push_contact", "unknown", "kommo_unsure")]
    await there.behave(**{fault: 0.0})
    await here.later()
    await here.due()
    assert len((await there.books())["contacts"]) == 1
    assert await here.tasks() == [("push_contact", "done", None)]


async def test_a_note_and_its_lead_are_written_once_though_each_answer_gets_lost(here: Here, there: There) -> None:
    stage, *_ = await here.stages()
    await here.rules({stage: OFFER})
    board = await here.db.fetchval("select board_id from stage where id = $1", stage)
    lead = await leads.create_lead(here.actor, board_id=board, stage_id=stage, title="Bicicleta", value_cents=120_000)
    await tasks.push_lead_note(here.actor, lead["id"], "Quer até sexta.", private=True)
    await there.behave(drop_after_accept_share=1.0)
    for _ in range(3):  # the lead is made, then found; the note is written, then found
        await here.due()
        await here.later()
    await there.behave(drop_after_accept_share=0.0)
    await here.due()
    books = await there.books()
    ((found,), (note,)) = books["leads"], books["notes"]
    assert (found["name"], found["price"], found["status_id"]) == ("Bicicleta", 1200, OFFER[1])
    assert (note["params"], note["note_type"], note["entity_id"]) == ({"text": "Quer até sexta."}, "common", found["id"])
    assert await here.tasks() == [("push_note", "done", None)]
    assert await here.db.fetchval("select note from kommo_task where company_id = $1", here.actor.company_id) is None


async def test_the_same_note_twice_on_purpose_is_two_notes(here: Here, there: There) -> None:
    stage, *_ = await here.stages()
    board = await here.db.fetchval("select board_id from stage where id = $1", stage)
    lead = await leads.create_lead(here.actor, board_id=board, stage_id=stage, title="Bicicleta")
    for private in (True, False):
        await tasks.push_lead_note(here.actor, lead["id"], "Ligar", private=private)
    await here.due()
    notes = (await there.books())["notes"]
    assert [one["note_type"] for one in notes] == ["common", "service_message"]


async def test_rules_push_contacts_leads_moves_and_notes(here: Here, there: There) -> None:
    first, second, _, lost = await here.stages()
    await here.rules({first: NEW, second: OFFER, lost: LOST}, push_contacts=True, push_leads=True, push_notes=True)
    contact = await actions.create_contact(here.actor, name="Bia", phone="11987654321")
    board = await here.db.fetchval("select board_id from stage where id = $1", first)
    lead = await leads.create_lead(here.actor, board_id=board, stage_id=first, title="Bicicleta", contact_id=contact["id"])
    await here.sync()
    books = await there.books()
    ((person,), (card,)) = books["contacts"], books["leads"]
    assert card["_embedded"]["contacts"] == [{"id": person["id"]}]
    assert (card["pipeline_id"], card["status_id"]) == NEW
    await moves.move_lead(here.actor, lead["id"], stage_id=second)
    await history.add_note(here.actor, lead["id"], "Pediu desconto")
    await actions.change_contact(here.actor, contact["id"], name="Bia Lima")
    await here.sync()
    await here.sync()  # nothing happened meanwhile
    books = await there.books()
    assert books["leads"][0]["status_id"] == OFFER[1]
    assert [one["params"]["text"] for one in books["notes"]] == ["Pediu desconto"]
    assert books["contacts"][0]["name"] == "Bia Lima"
    assert len(books["contacts"]) == len(books["leads"]) == 1
    assert {state for _, state, _ in await here.tasks()} == {"done"}


async def test_a_list_that_was_imported_makes_nobody_there(here: Here, there: There) -> None:
    await here.rules(push_contacts=True)
    await here.db.execute("insert into contact(company_id, name, source) values ($1, 'Lia', 'import')", here.actor.company_id)
    await here.db.execute(
        "insert into event_outbox(company_id, type, data) values ($1, 'contacts.changed', '{\"contact_id\": null, \"version\": null}')",
        here.actor.company_id,
    )
    await here.sync()
    assert await here.tasks() == []


async def test_seven_requests_a_second_are_never_exceeded_by_two_workers(here: Here, there: There) -> None:
    kommo = here.jobs._account(here.actor.company_id, "sandbox", f"sandbox-{here.actor.company_id.hex}")

    async def ask(times: int) -> None:
        for _ in range(times):
            await kommo.get("account")  # raises for a 429

    await asyncio.gather(ask(9), ask(9))
    assert (await there.books())["most_in_a_second"] <= 7


async def test_a_busy_kommo_is_left_alone_and_nothing_is_lost(here: Here, there: There) -> None:
    made = await actions.create_contact(here.actor, name="Bia", phone="11987654321")
    await there.behave(error_429_share=1.0)
    await tasks.push_contact(here.actor, made["id"])
    assert await here.snoozed()
    assert (await here.now()).rest_until is not None
    assert await here.snoozed()  # it is not asked again
    assert await here.tasks() == [("push_contact", "waiting", None)]
    await there.behave(error_429_share=0.0)
    await here.later()
    await here.due()
    assert await here.tasks() == [("push_contact", "done", None)]


async def test_a_blocked_account_stops_until_a_check_finds_it_open(here: Here, there: There) -> None:
    made = await actions.create_contact(here.actor, name="Bia", phone="11987654321")
    await tasks.push_contact(here.actor, made["id"])
    await there.behave(access="no_permission")
    await here.due()
    assert (await here.now()).state is KommoState.BLOCKED
    assert (
        await here.db.fetchval(
            "select count(*) from mail where company_id = $1 and template = 'kommo_notice'", here.actor.company_id
        )
        == 1
    )
    await here.due()  # asks nothing
    assert await here.tasks() == [("push_contact", "waiting", None)]
    await there.behave(access="valid")
    assert (await here.check()).state is KommoState.READY
    await here.later()
    await here.due()
    assert await here.tasks() == [("push_contact", "done", None)]


async def test_a_refused_token_stops_and_what_kommo_refuses_fails_alone(here: Here, there: There) -> None:
    nameless = await actions.create_contact(here.actor, name="Sem endereço")
    await tasks.push_contact(here.actor, nameless["id"])
    await here.due()
    assert await here.tasks() == [("push_contact", "failed", "kommo_no_address")]
    await there.behave(access="expired")
    assert (await here.check()).state is KommoState.TOKEN_REFUSED
