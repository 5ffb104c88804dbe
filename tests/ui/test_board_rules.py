"""The rules of a board as people make them: from menus to a sentence; and the question before many leads run them."""

from uuid import UUID

import asyncpg
from nicegui.testing import User

from api.contract.board_rules import AddTag, StageRuleCreate
from db.tenancy import Actor
from tests import factories
from tests.ui.boards import came, named, opened, says
from tests.ui.interactions import click, field, true_of, until
from ui.client import board_rules as client
from ui.client.base import ApiClient


async def test_a_rule_is_chosen_from_menus_and_reads_as_a_sentence(
    real: User, as_owner: ApiClient, board: UUID, stages: list[UUID]
) -> None:
    await real.open(f"/boards/{board}/settings")
    await real.should_see("Nenhuma regra ainda")
    click(real, "Nova regra")
    await real.should_see("Etiqueta")
    click(real, "Salvar")  # nothing is written yet
    await real.should_see("Preencha este campo.")
    field(real, "Etapa").value = stages[3]
    field(real, "Então").value = "Move"
    await real.should_see("Para a etapa")
    field(real, "Para a etapa").value = stages[4]
    field(real, "Por que foi perdido").value = "Sem resposta"
    click(real, "Salvar")
    await real.should_see("Quando um negócio entra em Ganho → mover para Perdido")
    (rule,) = await client.rules(as_owner, board)
    assert (rule.enabled, rule.action.lost_reason) == (True, "Sem resposta")  # type: ignore[union-attr]


async def test_what_is_wrong_with_a_rule_stands_with_it(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    await owner_db.execute(
        "insert into stage_rule(company_id, board_id, stage_id, occasion, days, action) values ($1, $2, $3, 'stay', 3, $4::jsonb)",
        owner.company_id,
        board,
        stages[1],
        f'{{"kind": "assign", "user_id": "{stages[0]}"}}',
    )
    await real.open(f"/boards/{board}/settings")
    await real.should_see("Depois de 3 dias parado em Em conversa → passar para (não existe mais)")
    await real.should_see("Esta pessoa saiu da equipe. Escolha outra.")
    await real.open(f"/boards/{board}")
    await real.should_see("1 regra deste quadro não funciona.")


async def test_many_leads_run_the_rules_only_when_somebody_says_so(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    await client.create(as_owner, board, StageRuleCreate(stage_id=stages[1], action=AddTag(tag="quente")))
    leads = [await factories.lead(owner_db, owner, title) for title in ("Um", "Dois")]
    told = await opened(real, f"/boards/{board}")

    async def runs() -> int:
        return int(await owner_db.fetchval("select count(*) from rule_run where company_id = $1", owner.company_id))

    chosen = {"ids": [str(lead) for lead in leads]}
    says(real, "bulk", {**chosen, "stage": str(stages[1])})
    await real.should_see("Executar as regras de Em conversa para 2 negócios?")
    click(real, "Só mover")
    await came(told, "unpick")
    assert await runs() == 0
    await real.should_not_see("Só mover")
    says(real, "bulk", {**chosen, "stage": str(stages[2])})  # no rule there: nobody is asked
    await until(lambda: true_of(lambda: len(named(told, "unpick")) == 2))
    says(real, "bulk", {**chosen, "stage": str(stages[1])})
    await real.should_see("Só mover")
    click(real, "Executar as regras")
    await until(lambda: true_of(lambda: len(named(told, "unpick")) == 3))
    assert await runs() == 2


async def test_taking_a_move_back_runs_no_rule(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    await client.create(as_owner, board, StageRuleCreate(stage_id=stages[0], action=AddTag(tag="novo")))
    lead = await factories.lead(owner_db, owner, "Um")
    told = await opened(real, f"/boards/{board}")
    says(real, "move", {"number": 1, "id": str(lead), "origin": str(stages[0]), "stage": str(stages[1])})
    _number, card, _text = await came(told, "settle")
    way = {"number": 2, "id": str(lead), "origin": str(stages[1]), "stage": str(stages[0])}
    says(real, "undo", {"version": card["version"], **way})
    await until(lambda: true_of(lambda: len(named(told, "settle")) == 2))
    assert await owner_db.fetchval("select count(*) from rule_run where company_id = $1", owner.company_id) == 0
