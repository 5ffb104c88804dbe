"""A board as a list: what it shows and asks for, a stage or an owner changed in its cell, many moved at once."""

from typing import Any
from uuid import UUID

import asyncpg
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.board_rules import AddTag, StageRuleCreate
from api.contract.boards import LeadMove, StageCreate
from api.contract.events import BoardChanged
from db.tenancy import Actor
from tests import factories
from tests.ui.boards import drawn, opened
from tests.ui.interactions import click, field, hear, press_labelled, true_of, until
from ui.client import board_rules
from ui.client import boards as client
from ui.client.base import ApiClient
from ui.components.board import Board


def table(user: User) -> ui.table:
    assert user.client is not None
    return next(element for element in user.client.elements.values() if isinstance(element, ui.table))


async def shown(user: User, titles: list[str]) -> list[dict[str, Any]]:
    """The rows, once the list is drawn and they are these."""
    await user.should_see(ui.table)
    await until(lambda: true_of(lambda: [row["title"]["text"] for row in table(user).rows] == titles))
    return table(user).rows


async def test_the_list_asks_for_what_the_address_says(
    real: User, asked: list[str], owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    await factories.lead(owner_db, owner, "Um", value_cents=100, tags=["vip"])
    await factories.lead(owner_db, owner, "Dois", value_cents=900, stage_id=stages[1])
    await factories.lead(owner_db, owner, "Três", value_cents=500, owner_id=owner.id)
    await real.open(f"/boards/{board}/list?order=value")
    two, three, _one = await shown(real, ["Dois", "Três", "Um"])
    assert (two["stage"]["text"], two["value"], three["owner"]["text"]) == ("Em conversa", "R$\xa09,00", "Ana Lima")
    assert two["href"].startswith(f"/boards/{board}/list?order=value&lead=")
    await real.open(f"/boards/{board}/list?order=stage")
    await shown(real, ["Um", "Três", "Dois"])
    await real.open(f"/boards/{board}/list?tag=vip")
    await shown(real, ["Um"])


async def test_a_stage_and_an_owner_are_changed_in_their_cells(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    lead = await factories.lead(owner_db, owner, "Um")
    await real.open(f"/boards/{board}/list")
    await shown(real, ["Um"])
    UserInteraction(real, {table(real)}, None).trigger("choice", [str(lead), "stage"])
    await real.should_see("Mover Um")
    field(real, "Etapa").value = stages[1]
    click(real, "Salvar")
    await until(lambda: true_of(lambda: table(real).rows[0]["stage"]["text"] == "Em conversa"))
    UserInteraction(real, {table(real)}, None).trigger("choice", [str(lead), "owner"])
    await real.should_see("Responsável por Um")
    field(real, "Responsável").value = owner.id
    click(real, "Salvar")
    await until(lambda: true_of(lambda: table(real).rows[0]["owner"]["text"] == "Ana Lima"))


async def test_many_are_moved_after_the_question_about_rules(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    await board_rules.create(as_owner, board, StageRuleCreate(stage_id=stages[1], action=AddTag(tag="quente")))
    for title in ("Um", "Dois"):
        await factories.lead(owner_db, owner, title)
    await real.open(f"/boards/{board}/list")
    rows = await shown(real, ["Dois", "Um"])
    UserInteraction(real, {table(real)}, None).trigger(
        "selection", {"added": True, "rows": rows, "keys": [row["id"] for row in rows]}
    )
    await real.should_see("Mover para…")
    click(real, "Mover para…")
    await real.should_see("Mover 2 negócios")
    field(real, "Para a etapa").value = stages[1]
    click(real, "Mover")
    await real.should_see("Executar as regras de Em conversa para 2 negócios?")
    click(real, "Só mover")
    await until(lambda: true_of(lambda: {row["stage"]["text"] for row in table(real).rows} == {"Em conversa"}))
    assert await owner_db.fetchval("select count(*) from rule_run where company_id = $1", owner.company_id) == 0


async def test_a_list_learns_of_new_stages_and_offers_none_that_is_leaving(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID], as_owner: ApiClient
) -> None:
    lead = await factories.lead(owner_db, owner, "Um")
    await real.open(f"/boards/{board}/list?lead={lead}")
    await shown(real, ["Um"])
    await real.should_see("Salvar")
    made = await client.create_stage(as_owner, board, StageCreate(name="Visita"))
    await client.move_lead(as_owner, lead, LeadMove(stage_id=made.id))
    leaving = "update stage set moving_to = $3, moving_rank = 'a' where company_id = $1 and id = $2"
    await owner_db.execute(leaving, owner.company_id, stages[1], stages[0])
    hear(BoardChanged(board_id=board))
    await until(lambda: true_of(lambda: table(real).rows and table(real).rows[0]["stage"]["text"] == "Visita"))
    wanted = {*stages, made.id} - {stages[1]}
    await until(lambda: true_of(lambda: {*field(real, "Etapa").options} == wanted))  # type: ignore[attr-defined]
    UserInteraction(real, {table(real)}, None).trigger("choice", [str(lead), "stage"])
    await real.should_see("Mover Um")
    assert {*field(real, "Etapa").options} == wanted  # type: ignore[attr-defined]


async def test_board_and_list_lead_to_each_other_with_the_same_filters(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID
) -> None:
    await factories.lead_field(owner_db, owner, "urgente", "boolean", label="Urgente")
    await factories.lead(owner_db, owner, "Um", custom='{"urgente": "true"}', tags=["vip"])
    await factories.lead(owner_db, owner, "Dois", tags=["vip"])
    await opened(real, f"/boards/{board}?tag=vip&own.urgente=true")
    await press_labelled(real, "Mostrar como lista")
    await shown(real, ["Um"])
    await real.should_see("Urgente: Sim")
    hrefs = {str(one.props.get("href")) for one in real.find(kind=ui.button).elements}
    assert f"/boards/{board}/export.csv?tag=vip&value=urgente%3Atrue" in hrefs
    await press_labelled(real, "Mostrar como quadro")
    await real.should_see(Board)
    cards = [card["title"] for page in drawn(real).props["cards"].values() for card in page["cards"]]
    assert cards == ["Um"]
