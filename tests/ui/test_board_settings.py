"""Fields that a board adds to its leads: made in its settings, filled beside the board, shown on the card, asked for."""

from uuid import UUID

import asyncpg
from nicegui import ui
from nicegui.testing import User

from api.contract.boards import StageCreate
from api.contract.enums import LeadFieldKind
from api.contract.events import BoardChanged, BoardTotals
from db.jobs import RemoveStage
from db.tenancy import Actor
from tests import factories
from tests.ui.boards import came, drawn, named, opened
from tests.ui.interactions import choose, click, field, hear, press_line, until
from ui.client import boards as client
from ui.client.base import ApiClient
from ui.components.menus import Lines
from workers.boards import give_up_stage, remove_stage


async def test_a_field_is_made_in_the_settings(real: User, board: UUID, as_owner: ApiClient) -> None:
    await real.open(f"/boards/{board}/settings")
    await real.should_see("Novo campo")
    click(real, "Novo campo")
    await real.should_see("Mostrar no cartão")
    field(real, "Nome").value = "Origem"
    field(real, "Tipo").value = LeadFieldKind.CHOICE
    click(real, "Salvar")
    await real.should_see("Preencha este campo.")
    field(real, "Opções").value = "Anúncio\n\n Loja "
    click(real, "Salvar")
    await real.should_see("Origem")

    async def made() -> bool:
        return [(one.key, one.choices) for one in await client.lead_fields(as_owner, board)] == [("origem", ["Anúncio", "Loja"])]

    await until(made)


async def test_settings_stay_under_the_hands_while_a_stage_leaves(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID], as_owner: ApiClient
) -> None:
    leads = [await factories.lead(owner_db, owner, title, stage_id=stages[1]) for title in ("Um", "Dois")]
    leaving = "update stage set moving_to = $3, moving_rank = 'a', moving_of = 4 where company_id = $1 and id = $2"
    await owner_db.execute(leaving, owner.company_id, stages[1], stages[0])
    await real.open(f"/boards/{board}/settings")
    for text in ("faltam 2 negócios", "2 de 4 · 50%"):
        await real.should_see(text)
    field(real, "Nome").value = "Vendas do ano"

    def buttons() -> set[int]:
        """Those of the stages; the other cards may come later."""
        found = real.find(kind=ui.button).elements
        return {one.id for one in found if str(one.props.get("aria-label")).startswith(("Mais para", "Pôr"))}

    before = buttons()
    assert before
    await owner_db.execute("delete from lead where company_id = $1 and id = $2", owner.company_id, leads[0])
    hear(BoardTotals(board_id=board, stages=[]))
    for text in ("falta 1 negócio", "3 de 4 · 75%"):
        await real.should_see(text)
    assert buttons() == before
    await client.create_stage(as_owner, board, StageCreate(name="Visita"))
    hear(BoardChanged(board_id=board))
    await real.should_see("Visita")
    assert field(real, "Nome").value == "Vendas do ano"


async def test_a_stage_that_stays_behind_is_deleted_once_more(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    await factories.lead(owner_db, owner, "Um", stage_id=stages[1])
    leaving = "update stage set moving_to = $3, moving_rank = 'a' where company_id = $1 and id = $2"
    await owner_db.execute(leaving, owner.company_id, stages[1], stages[0])
    await real.open(f"/boards/{board}/settings")
    await real.should_see("falta 1 negócio")
    assert real.client is not None
    dots = next(one for one in real.client.elements.values() if one.props.get("aria-label") == "Mais para Em conversa")
    [menu] = [one for one in dots.descendants() if isinstance(one, Lines)]
    press_line(menu, "Excluir etapa")
    jobs = "select count(*) from job where company_id = $1 and name = 'RemoveStage'"

    async def again() -> bool:
        return await owner_db.fetchval(jobs, owner.company_id) == 1

    await until(again)


async def test_a_removal_that_came_to_a_stop_is_told_and_goes_on_by_one_press(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    await factories.lead(owner_db, owner, "Um", stage_id=stages[1])
    leaving = "update stage set moving_to = $3, moving_rank = 'a', moving_of = 4 where company_id = $1 and id = $2"
    await owner_db.execute(leaving, owner.company_id, stages[1], stages[0])
    await real.open(f"/boards/{board}/settings")
    await real.should_see("3 de 4 · 75%")
    job = RemoveStage(stage_id=stages[1])
    await give_up_stage(owner.company_id, job, "its worker died each time")
    hear(BoardChanged(board_id=board))
    await real.should_see("Parou no meio")
    click(real, "Tentar de novo")
    await real.should_see("3 de 4 · 75%")
    await real.should_not_see("Parou no meio")
    await remove_stage(owner.company_id, job)
    hear(BoardChanged(board_id=board))
    await real.should_not_see("3 de 4 · 75%")
    assert await owner_db.fetchval("select stage_id from lead where company_id = $1", owner.company_id) == stages[0]


async def test_an_archived_board_comes_back_by_one_press(real: User, board: UUID, as_owner: ApiClient) -> None:
    await client.archive_board(as_owner, board)
    await real.open("/boards")
    await real.should_see("Trazer de volta")
    click(real, "Trazer de volta")
    await real.should_see("“Vendas” está de volta.")
    await real.should_not_see("Trazer de volta")
    assert [one.id for one in await client.boards(as_owner)] == [board]


async def test_fields_are_filled_shown_and_asked_for(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID], as_owner: ApiClient
) -> None:
    await factories.lead_field(owner_db, owner, "origem", "choice", label="Origem", choices=["Anúncio", "Loja"], on_card=True)
    await factories.lead_field(owner_db, owner, "sinal", "money", label="Sinal", on_card=True)
    await factories.lead_field(owner_db, owner, "urgente", "boolean", label="Urgente")
    lead, _other = await factories.lead(owner_db, owner, "Um"), await factories.lead(owner_db, owner, "Dois")
    told = await opened(real, f"/boards/{board}?lead={lead}")
    await real.should_see("Salvar")
    field(real, "Origem").value = "Loja"
    field(real, "Sinal").value = "muito"
    click(real, "Salvar")
    await real.should_see("Escreva um valor, como 1.234,50.")
    field(real, "Sinal").value = "1.500,00"
    field(real, "Urgente").value = "true"
    click(real, "Salvar")
    [card] = await came(told, "put")
    assert card["facts"] == ["Origem: Loja", "Sinal: R$\xa01.500,00"]
    values = {"origem": "Loja", "sinal": "150000", "urgente": "true"}
    assert (await client.lead(as_owner, lead)).values == values
    choose(real, "Loja")

    async def one_left() -> bool:
        shown = [given[1] for given in named(told, "fill") if given[0] == str(stages[0])]
        return bool(shown) and [card["title"] for card in shown[-1]] == ["Um"]

    await until(one_left)
    await opened(real, f"/boards/{board}?own.urgente=false")
    assert [card["title"] for page in drawn(real).props["cards"].values() for card in page["cards"]] == []
    await real.should_see("Urgente: Não")
