"""A board over the real API and database: what the browser tells is done, and what it is told back."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from nicegui.testing import User

from api.contract.boards import BoardCreate, Lead, LeadMove, LeadPatch
from api.contract.enums import StageKind
from api.contract.events import BoardChanged, BoardTotals, LeadChanged
from db.boards.events import StageTotal
from db.tenancy import Actor
from tests import factories
from tests.ui.boards import came, drawn, named, opened, says
from tests.ui.conftest import Network
from tests.ui.interactions import choose, click, field, hear, press_labelled, true_of, until
from ui.client import boards as client
from ui.client.base import ApiClient
from ui.labels import boards as labels
from ui.pages.boards import cards, changes
from ui.pages.contacts import leads as contact_leads


async def test_columns_begin_with_their_first_cards_and_go_on(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    for number in range(33):
        await factories.lead(owner_db, owner, f"Pedido {number}", value_cents=100)
    told = await opened(real, f"/boards/{board}")
    head, first = drawn(real).props["stages"][0], drawn(real).props["cards"][str(stages[0])]
    assert (head["count"], head["value"]) == ("33", "R$\xa033,00")
    assert [card["title"] for card in first["cards"]] == [f"Pedido {number}" for number in range(30)]
    assert first["more"]
    says(real, "more", str(stages[0]))
    stage, cards, page = await came(told, "append")
    assert (stage, [card["title"] for card in cards]) == (str(stages[0]), ["Pedido 30", "Pedido 31", "Pedido 32"])
    assert not page["more"]


async def test_a_move_is_done_once_and_its_own_event_asks_nothing(
    real: User, asked: list[str], owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID],
    as_owner: ApiClient,
) -> None:  # fmt: skip
    lead, other = await factories.lead(owner_db, owner, "Um"), await factories.lead(owner_db, owner, "Dois", stage_id=stages[1])
    told = await opened(real, f"/boards/{board}")
    says(real, "move", {"number": 1, "id": "no lead", "origin": "", "stage": "x"})  # a browser may say anything
    says(real, "move", {"number": 7, "id": str(lead), "origin": str(stages[0]), "stage": str(stages[1]), "after": str(other)})
    number, card, text = await came(told, "settle")
    assert (number, card["stage"], text) == (7, str(stages[1]), "“Um” está agora em Em conversa.")
    row = await owner_db.fetchrow("select stage_id, version from lead where id = $1", lead)
    assert (row["stage_id"], row["version"]) == (stages[1], card["version"])
    hear(event(board, lead, stages[1], stages[0], row["version"]))
    await client.move_lead(as_owner, other, LeadMove(stage_id=stages[2]))  # somebody else
    hear(event(board, other, stages[2], stages[1], 2))
    assert (await came(told, "put"))[0]["id"] == str(other)
    assert f"GET /v1/leads/{lead}" not in asked
    undo = {"id": str(lead), "origin": str(stages[1]), "stage": str(stages[0])}
    says(real, "undo", {"number": 8, "version": card["version"], **undo})

    async def settled() -> bool:
        return len(named(told, "settle")) == 2

    await until(settled)
    assert named(told, "settle")[-1][2] == ""  # what was taken back is not offered again
    assert await owner_db.fetchval("select stage_id from lead where id = $1", lead) == stages[0]
    await client.move_lead(as_owner, lead, LeadMove(stage_id=stages[2]))  # somebody else, within the time to take it back
    says(real, "undo", {"number": 9, "version": card["version"], **undo})
    assert await came(told, "back") == [9]
    await real.should_see("Este negócio mudou nesse meio-tempo e fica onde está.")
    assert await owner_db.fetchval("select stage_id from lead where id = $1", lead) == stages[2]


def event(board: UUID, lead: UUID, stage: UUID, left: UUID | None, version: int) -> LeadChanged:
    return LeadChanged(board_id=board, lead_id=lead, stage_id=stage, from_stage_id=left, deleted=False, version=version)


async def test_what_could_not_be_read_is_read_later(
    real: User, network: Network, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID],
    as_owner: ApiClient, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(changes, "RETRY_SECONDS", 0.05)
    leads = [await factories.lead(owner_db, owner, name) for name in ("Um", "Dois", "Três")]
    told = await opened(real, f"/boards/{board}")
    for lead in leads:
        await client.move_lead(as_owner, lead, LeadMove(stage_id=stages[1]))
    network.api = busy = Busy(network.api)
    for lead in leads:
        hear(event(board, lead, stages[1], stages[0], 2))
    await until(lambda: true_of(lambda: busy.refused >= 2))  # asked again by itself
    assert not named(told, "put")
    busy.reached = False
    await until(lambda: true_of(lambda: {card["id"] for [card] in named(told, "put")} == {str(lead) for lead in leads}))


class Busy(httpx.AsyncBaseTransport):
    """Answers that too much was asked for as long as the limit is `reached`, and hands on what is asked then."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner, self.reached, self.refused = inner, True, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.reached:
            return await self.inner.handle_async_request(request)
        self.refused += 1
        problem = {"title": "", "status": 429, "code": "too_many_requests", "detail": "Wait."}
        return httpx.Response(429, json=problem, request=request)


async def test_a_refused_move_goes_back_and_says_why(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    told = await opened(real, f"/boards/{board}")
    says(real, "move", {"number": 3, "id": str(uuid4()), "origin": str(stages[0]), "stage": str(stages[1])})
    assert await came(told, "back") == [3]
    await real.should_see("Isto não está aqui")


async def test_a_lost_lead_has_a_reason(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    lead = await factories.lead(owner_db, owner, "Um")
    move = {"id": str(lead), "origin": str(stages[0]), "stage": str(stages[4])}
    told = await opened(real, f"/boards/{board}")
    says(real, "move", {"number": 1, **move})
    await real.should_see("Por que foi perdido?")
    click(real, "Cancelar")
    assert await came(told, "back") == [1]
    await real.should_not_see("Marcar como perdido")
    says(real, "move", {"number": 2, **move})
    await real.should_see("Marcar como perdido")
    field(real, "Motivo").value = "Sem resposta"
    click(real, "Marcar como perdido")
    await came(told, "settle")
    row = await owner_db.fetchrow("select stage_id, lost_reason from lead where id = $1", lead)
    assert tuple(row) == (stages[4], "Sem resposta")


async def test_a_lost_lead_keeps_its_reason_on_the_way_back_and_within_its_stage(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    lead = await factories.lead(owner_db, owner, "Um", stage_id=stages[4], lost_reason="Preço")
    told = await opened(real, f"/boards/{board}")
    lost, open_ = str(stages[4]), str(stages[0])
    says(real, "move", {"number": 1, "id": str(lead), "origin": lost, "stage": lost})

    async def settled(number: int) -> dict[str, Any]:
        """The card; asking why it is lost would leave the move waiting."""
        return await until(lambda: found(number))

    async def found(number: int) -> dict[str, Any] | None:
        return next((given[1] for given in named(told, "settle") if given[0] == number), None)

    await settled(1)
    says(real, "move", {"number": 2, "id": str(lead), "origin": lost, "stage": open_})
    version = (await settled(2))["version"]
    assert await owner_db.fetchval("select lost_reason from lead where id = $1", lead) is None
    says(real, "undo", {"number": 3, "id": str(lead), "version": version, "origin": open_, "stage": lost})
    assert (await settled(3))["stage"] == lost
    assert await owner_db.fetchval("select lost_reason from lead where id = $1", lead) == "Preço"


async def test_only_what_is_in_a_lost_stage_is_said_to_be_lost(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    for number, shown in ((4, True), (0, False)):
        lead = await factories.lead(owner_db, owner, "Reforma", stage_id=stages[number], lost_reason="Preço")
        await real.open(f"/boards/{board}?lead={lead}")
        await real.should_see("Salvar")  # drawn after what says so
        await (real.should_see if shown else real.should_not_see)("Perdido: Preço")


async def test_many_changes_of_the_board_are_read_at_once(real: User, asked: list[str], board: UUID) -> None:
    told = await opened(real, f"/boards/{board}")
    await until(lambda: true_of(lambda: f"GET /v1/boards/{board}" in asked))
    asked.clear()
    for _time in range(10):
        hear(BoardChanged(board_id=board))
    await came(told, "fill")
    assert asked.count(f"GET /v1/boards/{board}") == 1


async def test_filters_stand_in_the_address_and_only_they_are_shown(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    await factories.lead(owner_db, owner, "Vestido", tags=["vip"])
    await factories.lead(owner_db, owner, "Sapato")
    told = await opened(real, f"/boards/{board}?tag=vip")
    await real.should_see("Etiqueta: vip")
    assert [card["title"] for card in drawn(real).props["cards"][str(stages[0])]["cards"]] == ["Vestido"]
    choose(real, "Atrasado")
    await real.should_see("Nada encontrado")
    click(real, "Mostrar tudo")

    async def all_of_them() -> bool:
        shown = [cards for stage, cards, _page in named(told, "fill") if stage == str(stages[0])]
        return bool(shown) and len(shown[-1]) == 2

    await until(all_of_them)


async def test_heads_count_what_is_asked_for_and_never_go_back_in_time(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID], as_owner: ApiClient
) -> None:
    leads = [await factories.lead(owner_db, owner, name, value_cents=100) for name in ("Um", "Dois", "Três")]
    told = await opened(real, f"/boards/{board}")
    seen = (await client.board(as_owner, board)).stages[0]

    def total(leads: int, version: int) -> BoardTotals:
        count = StageTotal(id=stages[0], leads=leads, value_cents=leads * 100, version=version)
        return BoardTotals(board_id=board, stages=[count])

    def shown() -> list[tuple[str, str]]:
        return [(heads[0]["count"], heads[0]["value"]) for [heads] in named(told, "heads")]

    hear(total(9, seen.totals_version + 2))
    await until(lambda: true_of(lambda: shown()[-1:] == [("9", "R$\xa09,00")]))
    hear(total(8, seen.totals_version + 1))  # the older one comes later
    hear(total(10, seen.totals_version + 3))
    await until(lambda: true_of(lambda: shown()[-1:] == [("10", "R$\xa010,00")]))
    assert "8" not in [count for count, _value in shown()]
    told = await opened(real, f"/boards/{board}?q=dois")
    assert (drawn(real).props["stages"][0]["count"], drawn(real).props["stages"][0]["value"]) == ("1", "R$\xa01,00")
    await client.change_lead(as_owner, await client.lead(as_owner, leads[0]), LeadPatch(title="Dois mais", value_cents=200))
    hear(event(board, leads[0], stages[0], None, 2))
    await until(lambda: true_of(lambda: shown()[-1:] == [("2", "R$\xa03,00")]))


async def test_the_panel_saves_what_was_changed_and_nothing_else(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID
) -> None:
    lead = await factories.lead(owner_db, owner, "Reforma", tags=["vip"])
    await real.open(f"/boards/{board}?lead={lead}")
    await real.should_see("Salvar")
    field(real, "Valor").value = "1.5"
    click(real, "Salvar")
    await real.should_see("Escreva um valor, como 1.234,50.")
    await owner_db.execute("update lead set title = 'Reforma da loja' where id = $1", lead)  # a colleague, meanwhile
    field(real, "Valor").value = "R$ 1.234,50"
    click(real, "Salvar")

    async def saved() -> bool:
        return await owner_db.fetchval("select value_cents from lead where id = $1", lead) == 123450

    await until(saved)
    row = await owner_db.fetchrow("select title, tags from lead where id = $1", lead)
    assert tuple(row) == ("Reforma da loja", ["vip"])
    field(real, "Nova anotação").value = "Ligar na segunda"
    click(real, "Anotar")
    for text in ("Ligar na segunda", "Alterado", "Valor"):
        await real.should_see(text)


async def test_what_a_colleague_wrote_in_the_same_field_is_not_written_over_unsaid(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID], as_owner: ApiClient
) -> None:
    lead = await factories.lead(owner_db, owner, "Reforma", tags=["vip"])
    await real.open(f"/boards/{board}?lead={lead}")
    await real.should_see("Salvar")
    field(real, "Título").value = "Reforma do salão"
    patch = LeadPatch(title="Reforma da loja", tags=["novo"])
    seen = await client.change_lead(as_owner, await client.lead(as_owner, lead), patch)
    hear(event(board, lead, stages[0], None, seen.version))
    await real.should_see("Alterado")  # the history, which is read after the lead
    click(real, "Salvar")
    await real.should_see("Alguém alterou este negócio nesse meio-tempo. Salve de novo para manter o que você escreveu.")
    assert (await client.lead(as_owner, lead)).title == "Reforma da loja"
    click(real, "Salvar")
    await real.should_see("Salvo.")
    saved = await client.lead(as_owner, lead)
    assert (saved.title, saved.tags) == ("Reforma do salão", ["novo"])


async def test_a_contact_hears_of_leads_that_may_be_its_own_now(
    real: User, asked: list[str], owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(contact_leads, "OTHERS_SECONDS", 100.0)
    await factories.contacts(owner_db, owner, 1)
    person = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    lead = await factories.lead(owner_db, owner, "Reforma", contact_id=person)
    await real.open(f"/contacts/{person}")
    await real.should_see("Reforma")
    path, before = f"GET /v1/contacts/{person}/leads", asked.count(f"GET /v1/contacts/{person}/leads")
    hear(event(board, uuid4(), stages[0], None, 7))
    await until(lambda: true_of(lambda: asked.count(path) == before + 1))
    for number in range(10):
        hear(event(board, uuid4(), stages[0], None, number))
    hear(event(board, lead, stages[0], None, 2))
    await until(lambda: true_of(lambda: asked.count(path) == before + 2))


async def test_a_contact_shows_its_leads_and_gets_new_ones(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID
) -> None:
    await factories.contacts(owner_db, owner, 1)
    person = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    await factories.lead(owner_db, owner, "Reforma", contact_id=person, value_cents=5000)
    await real.open(f"/contacts/{person}")
    for text in ("Reforma", "Vendas · Novo", "R$\xa050,00"):
        await real.should_see(text)
    click(real, "Novo negócio")
    await real.should_see("Criar")
    field(real, "Título").value = "Vitrine"
    click(real, "Criar")

    async def both() -> bool:
        rows = await owner_db.fetch("select title from lead where contact_id = $1 order by title", person)
        return [row["title"] for row in rows] == ["Reforma", "Vitrine"]

    await until(both)


def test_what_is_won_is_not_overdue() -> None:
    day = labels.today() - timedelta(days=3)
    lead = Lead(
        id=uuid4(), board_id=uuid4(), stage_id=uuid4(), rank="V", title="Um", contact=None, value_cents=None, owner=None, due_on=day, tags=[],
        values={}, external_id=None, metadata={}, conversation_id=None, lost_reason=None, note_count=0, created_at=datetime.now(UTC), stage_since=datetime.now(UTC), version=1,
        proposals=0, moved_by_ai=None,
    )  # fmt: skip
    assert [cards.card(lead, "BRL", kind)["tone"] for kind in StageKind] == ["bad", "quiet", "quiet"]


async def test_stages_are_made_and_put_elsewhere(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    made = await client.create_board(as_owner, BoardCreate(name="Pós-venda"))
    await factories.lead(owner_db, owner, "Um", stage_id=made.stages[0].id)
    await real.open(f"/boards/{made.id}/settings")
    await real.should_see("Etapas")
    click(real, "Nova etapa")
    await real.should_see("Chance de ganhar")
    field(real, "Nome").value = "Visita"
    click(real, "Salvar")
    await real.should_see("Visita")

    async def order(*names: str) -> None:
        async def is_so() -> bool:
            return [stage.name for stage in (await client.board(as_owner, made.id)).stages] == [*names]

        await until(is_so)

    first, *rest = (stage.name for stage in made.stages)
    await order(first, *rest, "Visita")
    await press_labelled(real, "Pôr Visita mais acima")
    await order(first, rest[0], "Visita", rest[1])
