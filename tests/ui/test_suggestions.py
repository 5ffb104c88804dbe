"""What the AI proposes for leads, on the screens: chosen in the board's settings, marked on the card, decided beside the lead, in the queue
by one key, and beside the conversation."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.base import PersonRef
from api.contract.boards import LeadChange, StageRef
from api.contract.enums import LeadEvent, LeadFieldKind
from api.contract.events import LeadProposalChanged
from api.contract.proposals import LeadPolicy, LeadProposal, LeadTool, ProposalState, ProposalWhy, ProposedChange, RefusalReason
from db.proposals import settings
from db.tenancy import Actor
from tests.db.proposals.scene import ALL, Scene
from tests.ui.boards import drawn, named, opened
from tests.ui.interactions import click, field, hear, until
from ui.client import boards, proposals
from ui.client.base import ApiClient
from ui.labels import proposals as labels
from ui.pages.boards.lead_ai import since

BUY = "Quero fechar a reforma, pode mandar a proposta"
NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)


def key(user: User, name: str) -> None:
    assert user.client is not None
    UserInteraction(user, {user.client.layout}, None).trigger("key", name)


def changed(scene: Scene, lead_id: UUID | None) -> None:
    assert scene.conversation is not None
    hear(
        LeadProposalChanged(
            proposal_id=uuid4(), board_id=scene.board, lead_id=lead_id, conversation_id=scene.conversation, state="proposed"
        )
    )


async def suggested(owner: Actor, db: asyncpg.Connection, stage: str = "Proposta") -> tuple[Scene, UUID]:
    """A lead whose move waits for a person."""
    scene = await Scene.make(owner, db, policy=LeadPolicy.SUGGEST)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    await scene.propose(LeadTool.MOVE_LEAD, "Quero fechar", stage_id=scene.stages[stage])
    return scene, lead_id


async def test_a_board_says_what_the_ai_may_do(real: User, owner: Actor, board: UUID, as_owner: ApiClient) -> None:
    await real.open(f"/boards/{board}/settings?tab=ai")
    for text in (
        "Deixar a IA acompanhar os negócios deste quadro",
        "Nenhum serviço de IA está conectado, então nada é lido ainda.",
    ):
        await real.should_see(text)
    by_label = {str(one.props.get("aria-label")): one for one in real.find(kind=ui.select).elements}
    assert LeadPolicy.AUTOMATIC not in by_label["Enviar um modelo"].options  # type: ignore[attr-defined]
    by_label["Mover um negócio"].value = LeadPolicy.AUTOMATIC  # type: ignore[attr-defined]
    next(iter(one for one in real.find(kind=ui.switch).elements if "acompanhar" in str(one.props["aria-label"]))).value = True
    field(real, "Quanta certeza ela precisa ter").value = 0.95
    usual = {
        "guidance": "de um colega",
        "tools": ALL,
        "closing": False,
        "min_confidence": 0.7,
        "quiet_seconds": 30,
        "template_ids": [],
    }
    await settings.put(owner, board, watching=False, **usual)
    click(real, "Salvar")
    await real.should_see("Uma pessoa da equipe mudou isto")
    click(real, "Salvar")
    await real.should_see("A IA acompanha este quadro agora.")
    now = await proposals.board_ai(as_owner, board)
    assert (now.watching, now.tools.move_lead, now.tools.assign, now.min_confidence, now.guidance) == (
        True, LeadPolicy.AUTOMATIC, LeadPolicy.NEVER, 0.95, "",
    )  # fmt: skip


async def test_a_move_is_marked_on_the_card_and_taken_back_beside_it(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    await scene.propose(LeadTool.MOVE_LEAD, "pode mandar a proposta", stage_id=scene.stages["Proposta"])
    told = await opened(real, f"/boards/{scene.board}?lead={lead_id}")
    [card] = [card for page in drawn(real).props["cards"].values() for card in page["cards"]]
    assert (card["ai"], card["quote"], card["stage"]) == (
        "Movido pela IA", "“pode mandar a proposta”", str(scene.stages["Proposta"]),
    )  # fmt: skip
    for text in (
        "Mover para Proposta",
        "pode mandar a proposta",
        "IA: O cliente disse.",
        "Feita sozinha",
        "Está ali desde então",
    ):
        await real.should_see(text)
    click(real, "Desfazer")
    await real.should_see("Desfeita por")
    changed(scene, lead_id)

    async def unmarked() -> bool:
        shown = [card for [card] in named(told, "put")]
        return bool(shown) and "ai" not in shown[-1]

    await until(unmarked)
    assert (await boards.lead(as_owner, lead_id)).stage_id == scene.stages["Novo"]


async def test_a_suggestion_on_the_card_goes_where_it_is_refused(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    scene, lead_id = await suggested(owner, owner_db)
    told = await opened(real, f"/boards/{scene.board}")
    [card] = [card for page in drawn(real).props["cards"].values() for card in page["cards"]]
    assert card["suggestions"] == "1 sugestão"
    await real.should_see("1 sugestão")  # at the head of the board
    [one] = (await proposals.proposals(as_owner, lead_id=lead_id)).items
    await proposals.refuse(as_owner, one.id)
    changed(scene, lead_id)

    async def without() -> bool:
        shown = [card for [card] in named(told, "put")]
        return bool(shown) and "suggestions" not in shown[-1]

    await until(without)
    await real.should_not_see("1 sugestão")


async def test_the_queue_is_decided_by_keys(real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient) -> None:
    first, one = await suggested(owner, owner_db)
    second, other = await suggested(owner, owner_db, "Conversa")  # the newer one: it stands first
    await real.open("/boards/suggestions")
    for text in ("Mover para Proposta", "Mover para Conversa", "Quero fechar"):
        await real.should_see(text)
    key(real, "w")
    await real.should_see("Por que não?")
    field(real, "Ou com suas palavras").value = "Só perguntou o preço"
    click(real, "Recusar")
    await real.should_not_see("Mover para Conversa")
    key(real, "a")
    await real.should_see("Nada espera por você")

    async def stage(lead_id: UUID) -> UUID:
        return (await boards.lead(as_owner, lead_id)).stage_id

    assert (await stage(one), await stage(other)) == (first.stages["Proposta"], second.stages["Novo"])
    refused = await proposals.proposals(as_owner, state=ProposalState.REFUSED)
    assert [each.because for each in refused.items] == ["Só perguntou o preço"]
    await real.open("/boards/suggestions?state=applied")
    await real.should_see("Aceita por")
    key(real, "u")
    await real.should_see("Por quê? Só com um motivo a IA aprende com isto no quadro inteiro.")
    assert await stage(one) == first.stages["Novo"]
    key(real, "6")

    async def said() -> bool:
        return (await proposals.proposals(as_owner, lead_id=one)).items[0].refusal is RefusalReason.KNOWN

    await until(said)


async def test_one_more_key_says_why(real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient) -> None:
    _scene, lead_id = await suggested(owner, owner_db)
    await real.open("/boards/suggestions")
    await real.should_see("Mover para Proposta")
    key(real, "1")  # of nothing
    key(real, "r")
    await real.should_see("Nada espera por você")
    await real.should_see("Recusada: Mover para Proposta")
    [one] = (await proposals.proposals(as_owner, lead_id=lead_id)).items
    assert (one.state, one.refusal) == (ProposalState.REFUSED, None)
    key(real, "2")
    await real.should_see("A IA lê o motivo antes de propor algo de novo neste quadro.")
    await real.should_not_see("Recusada: Mover para Proposta")
    [one] = (await proposals.proposals(as_owner, lead_id=lead_id)).items
    assert one.refusal is RefusalReason.NOT_DECIDED
    key(real, "3")
    [one] = (await proposals.proposals(as_owner, lead_id=lead_id)).items
    assert one.refusal is RefusalReason.NOT_DECIDED, "it was said"


async def test_who_was_slower_is_told_and_sees_what_is_there_now(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    scene, lead_id = await suggested(owner, owner_db)
    await real.open("/boards/suggestions")
    await real.should_see("Mover para Proposta")
    [one] = (await proposals.proposals(as_owner, lead_id=lead_id)).items
    await proposals.refuse(as_owner, one.id)
    key(real, "a")
    await real.should_see("Alguém já decidiu isto")
    await real.should_see("Nada espera por você")
    assert (await boards.lead(as_owner, lead_id)).stage_id == scene.stages["Novo"]


async def test_it_is_decided_beside_the_conversation(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    scene, lead_id = await suggested(owner, owner_db)
    await real.open(f"/inbox/{scene.conversation}")
    await real.should_see("IA e os negócios")
    click(real, "Aceitar")

    async def moved() -> bool:
        return (await boards.lead(as_owner, lead_id)).stage_id == scene.stages["Proposta"]

    await until(moved)
    await real.should_see("Desfazer")  # it stays there for its day


async def test_beside_the_conversation_the_news_of_a_refusal_asks_why(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, lead_id = await suggested(owner, owner_db)
    offered: list[str] = []
    run = ui.run_javascript
    monkeypatch.setattr(ui, "run_javascript", lambda code, **given: (offered.append(code), run(code, **given))[1])
    await real.open(f"/inbox/{scene.conversation}")
    await real.should_see("IA e os negócios")
    click(real, "Recusar")
    found = await until(lambda: _event(offered))
    assert (found[0], found[1]) == ("Recusada. Só com um motivo a IA aprende com isto no quadro inteiro.", "Dizer por quê")
    assert real.client is not None
    UserInteraction(real, {real.client.layout}, None).trigger(found[2])
    await real.should_see("Por que não?")
    click(real, labels.refusals()[RefusalReason.WRONG_TARGET])

    async def said() -> bool:
        return (await proposals.proposals(as_owner, lead_id=lead_id)).items[0].refusal is RefusalReason.WRONG_TARGET

    await until(said)
    await real.should_see("A IA lê o motivo antes de propor algo de novo neste quadro.")


async def _event(codes: list[str]) -> list[str]:
    """Of the news that offers something: its text, what its press says and the event of that."""
    calls = [code for code in codes if code.startswith("masteria.undo(")]
    return json.loads(f"[{calls[-1].removeprefix('masteria.undo(').removesuffix(')')}]") if calls else []


def proposal(tool: LeadTool, **columns: object) -> LeadProposal:
    what = dict.fromkeys(ProposedChange.__struct_fields__) | {"currency": "BRL"} | dict(columns.pop("what", {}))  # type: ignore[call-overload]
    given = {
        "id": UUID(int=1), "at": NOW, "tool": tool, "state": ProposalState.APPLIED, "why": None, "board_id": UUID(int=2), "board": "Vendas",
        "lead_id": UUID(int=3), "lead_title": "Reforma", "contact_id": UUID(int=4), "contact_name": "Ana", "conversation_id": UUID(int=5),
        "persona_name": None, "from_stage": None, "to_stage": StageRef(id=UUID(int=6), name="Proposta"), "what": ProposedChange(**what),
        "reason": "", "confidence": 0.9, "evidence": [], "automatic": True, "because": "", "refusal": None, "decided_by": None, "decided_at": None,
        "applied_at": NOW, "undo_until": None, "can_undo": False, "can_decide": False,
    }  # fmt: skip
    return LeadProposal(**{**given, **columns})  # type: ignore[arg-type]


def test_what_happened_since_is_the_next_move() -> None:
    def moved(minutes: int, stage: str, by: str | None, proposal_id: UUID | None = None) -> LeadChange:
        return LeadChange(
            id=uuid4(), at=NOW + timedelta(minutes=minutes), by=PersonRef(id=uuid4(), name=by) if by else None, rule_id=None,
            kind=LeadEvent.MOVED, from_stage=None, to_stage=StageRef(id=uuid4(), name=stage), lost_reason=None, fields=[],
            proposal_id=proposal_id, persona_name=None,
        )  # fmt: skip

    one = proposal(LeadTool.MOVE_LEAD)
    itself = moved(0, "Proposta", None, one.id)
    assert since(one, [itself, moved(-5, "Conversa", "Caio")]) == "Está ali desde então"
    assert "Caio moveu para Ganho" in since(one, [moved(9, "Perdido", None), moved(5, "Ganho", "Caio"), itself])
    assert since(proposal(LeadTool.MOVE_LEAD, state=ProposalState.REFUSED), [itself]) == ""


@pytest.mark.parametrize(
    ("tool", "what", "text"),
    [
        (LeadTool.SET_VALUE, {"value_cents": 150000, "was": "90000"}, "Valor: R$\xa01.500,00 (hoje R$\xa0900,00)"),
        (
            LeadTool.SET_FIELD,
            {"key": "dia", "label": "Dia", "kind": LeadFieldKind.DATE, "value": "logo"},
            "Dia: logo",
        ),
        (LeadTool.CREATE_LEAD, {"title": "Reforma", "value_cents": 100}, "Novo negócio: Reforma · R$\xa01,00"),
        (LeadTool.MOVE_LEAD, {"lost_reason": "Preço"}, "Mover para Proposta: Preço"),
        (LeadTool.ASSIGN, {}, "Passar para ?"),
    ],
)
def test_what_it_would_do_is_said(tool: LeadTool, what: dict[str, object], text: str) -> None:
    assert labels.does(proposal(tool, what=what)) == text


def test_everything_has_its_words() -> None:
    assert all(labels.why(one) for one in ProposalWhy)
    assert set(labels.tools()) == set(LeadTool)
    assert set(labels.states()) == set(ProposalState)
    assert all(labels.does(proposal(tool)) for tool in LeadTool)
