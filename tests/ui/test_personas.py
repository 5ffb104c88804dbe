"""Personas on the screen: made from a card, edited with a draft that saves itself, published, restored, and two people at once."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
from msgspec.structs import replace
from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.value_element import ValueElement
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.contacts import CustomFieldCreate
from api.contract.enums import CustomFieldKind, GoalKind, InactivityMode, PersonaState, StartingPersona, ToolPolicy
from api.contract.events import PersonaChanged
from api.contract.personas import FollowUp, HandOver, Persona, PersonaConfig, PersonaCreate, PersonaPatch
from tests.ui.interactions import choose, click, field, hear, press, press_labelled, true_of, until
from ui.client import boards, contacts
from ui.client import personas as client
from ui.client.base import ApiClient
from ui.pages.personas.changes import changes
from ui.pages.personas.goals import goal_key


async def made(api: ApiClient, kind: StartingPersona = StartingPersona.SALES) -> Persona:
    return await client.create(api, PersonaCreate(name=f"Lia {uuid4().hex[:6]}", starting=kind))


async def saved(api: ApiClient, persona_id: UUID) -> PersonaConfig:
    return (await client.draft(api, persona_id)).config


async def test_the_first_persona_is_made_from_a_card(real: User, as_owner: ApiClient) -> None:
    for one in await client.personas(as_owner):
        await client.delete(as_owner, one.id)
    await real.open("/personas")
    await real.should_see("Sua primeira colega de IA")
    press(real, "Agendamentos")
    await real.should_see("Em que língua é escrita")
    click(real, "Criar")
    await real.should_see("Preencha este campo.")
    field(real, "Nome").value = "Nina"
    click(real, "Criar")

    async def there() -> list[Persona]:
        return await client.personas(as_owner)

    (nina,) = await until(there)
    assert (nina.name, nina.role, nina.state) == ("Nina", "assistente de agendamentos", PersonaState.DRAFT)
    await real.open("/personas")
    for text in ("Nina", "Não publicada", "0 conversas hoje"):
        await real.should_see(text)


async def test_a_draft_saves_itself_is_taken_back_and_published(real: User, as_owner: ApiClient) -> None:
    lia = await made(as_owner)
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    field(real, "O que é").value = "vendedora da loja"

    async def role(expected: str) -> bool:
        return (await saved(as_owner, lia.id)).identity.role == expected

    await until(lambda: role("vendedora da loja"))
    click(real, "Desfazer")
    await until(lambda: role("assistente de vendas"))
    click(real, "Publicar")
    await real.should_see("É a primeira versão.")
    click(real, "Publicar")
    await real.should_see("A versão 1 está publicada.")
    await real.should_see("Igual ao publicado")
    assert (await client.persona(as_owner, lia.id)).state is PersonaState.LIVE

    field(real, "O que é").value = "outra"
    await until(lambda: role("outra"))
    await press_labelled(real, f"Mais para {lia.name}")
    choose(real, "Histórico")
    await real.should_see("Em uso")
    press(real, "Versão 1")
    await real.should_see("Se for restaurada, o rascunho muda assim:")
    click(real, "Restaurar como rascunho")
    await until(lambda: role("assistente de vendas"))


async def test_a_draft_that_lacks_something_leads_to_it(real: User, as_owner: ApiClient) -> None:
    blank = await made(as_owner, StartingPersona.BLANK)
    await real.open(f"/personas/{blank.id}")
    await real.should_see("Nunca publicada")
    click(real, "Publicar")
    await real.should_see("Com as suas palavras, como para alguém novo na equipe. Preços e horários ficam no conhecimento.")
    assert (await client.persona(as_owner, blank.id)).state is PersonaState.DRAFT


async def test_a_limit_out_of_bounds_is_marked_and_not_kept(real: User, as_owner: ApiClient) -> None:
    lia = await made(as_owner)
    before = await saved(as_owner, lia.id)
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    (label,) = real.find(kind=ui.label, content="Modelo e limites").elements
    assert label.parent_slot is not None
    UserInteraction(real, {label.parent_slot.parent}, None).click()
    await real.should_see("Espera no mínimo")
    field(real, "Espera no mínimo").value = 0
    await real.should_see("De 1 a 15.")
    field(real, "Em um dia").value = 0
    await real.should_see("De US$ 0,001 a US$ 1.000.000,00.")
    field(real, "Espera no máximo").value = 9

    async def kept() -> bool:
        return (await saved(as_owner, lia.id)).turn.debounce_max_ms == 9000

    await until(kept)
    now = await saved(as_owner, lia.id)
    assert (now.turn.debounce_min_ms, now.budget) == (before.turn.debounce_min_ms, before.budget)


async def test_the_name_that_a_colleague_gave_meanwhile_is_not_written_over(real: User, as_owner: ApiClient) -> None:
    lia = await made(as_owner)
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    await press_labelled(real, f"Mais para {lia.name}")
    choose(real, "Nome e imagem")
    await real.should_see("Vale na hora.")
    field(real, "Emoji").value = "🌸"
    renamed = await client.change(as_owner, lia, PersonaPatch(name="Lina"))
    hear(PersonaChanged(persona_id=lia.id, version=renamed.version, draft_version=1))
    await until(lambda: true_of(lambda: field(real, "Nome").value == "Lina"))
    click(real, "Salvar")

    async def saved_as(name: str, emoji: str) -> bool:
        found = await client.persona(as_owner, lia.id)
        return (found.name, found.emoji) == (name, emoji)

    await until(lambda: saved_as("Lina", "🌸"))
    await press_labelled(real, "Mais para Lina")
    first = field(real, "Nome")
    choose(real, "Nome e imagem")
    await until(lambda: true_of(lambda: field(real, "Nome") is not first))
    field(real, "Nome").value = "Lívia"
    again = await client.change(as_owner, await client.persona(as_owner, lia.id), PersonaPatch(name="Luana", emoji="🌻"))
    hear(PersonaChanged(persona_id=lia.id, version=again.version, draft_version=1))
    await real.should_see("Luana")
    click(real, "Salvar")
    await real.should_see("Outra pessoa mudou isto antes.")
    assert await saved_as("Luana", "🌻")


async def test_what_somebody_else_saved_is_never_lost_in_silence(real: User, as_owner: ApiClient) -> None:
    lia = await made(as_owner)
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    draft = await client.draft(as_owner, lia.id)
    theirs = PersonaConfig(instructions="De outra pessoa.")
    await client.save_draft(as_owner, lia.id, theirs, draft.version)
    field(real, "O que é").value = "minha"
    await real.should_see("Outra pessoa mudou este rascunho enquanto isso.")
    assert await saved(as_owner, lia.id) == theirs
    click(real, "Mostrar o dela")
    await real.should_see("Rascunho salvo")
    assert field(real, "O que é").value == ""
    now = await client.draft(as_owner, lia.id)
    changed = await client.save_draft(as_owner, lia.id, PersonaConfig(instructions="Ainda outra."), now.version)
    hear(PersonaChanged(persona_id=lia.id, version=lia.version, draft_version=changed.version))
    field(real, "O que é").value = "minha outra vez"
    await until(lambda: _instructions(as_owner, lia.id, "Ainda outra."))


async def test_what_the_dialog_showed_is_what_is_published(real: User, as_owner: ApiClient) -> None:
    lia = await made(as_owner)
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    click(real, "Publicar")
    await real.should_see("É a primeira versão.")
    draft = await client.draft(as_owner, lia.id)
    theirs = replace(draft.config, identity=replace(draft.config.identity, role="pela metade"))
    saved_now = await client.save_draft(as_owner, lia.id, theirs, draft.version)
    hear(PersonaChanged(persona_id=lia.id, version=lia.version, draft_version=saved_now.version))
    await until(lambda: true_of(lambda: field(real, "O que é").value == "pela metade"))
    click(real, "Publicar")
    await real.should_see("Outra pessoa mudou este rascunho enquanto isso.")
    assert (await client.persona(as_owner, lia.id)).published_number is None, "nobody saw that draft in the dialog"


async def test_the_short_name_of_a_fact_follows_what_is_typed_until_the_field_is_left(real: User, as_owner: ApiClient) -> None:
    blank = await made(as_owner, StartingPersona.BLANK)
    await real.open(f"/personas/{blank.id}")
    await real.should_see("Nunca publicada")
    UserInteraction(real, sections(real, "Descobre"), None).click()
    click(real, "Adicionar informação")
    label = (await until(lambda: _placed(real, "CEP de entrega")))[-1]

    async def keys(expected: str) -> bool:
        return [one.key for one in (await saved(as_owner, blank.id)).goals] == [expected]

    for typed in ("C", "CEP", "CEP de entrega"):
        label.value = typed
    await until(lambda: keys("cep_de_entrega"))
    label.value = "CEP de entregas"
    await until(lambda: keys("cep_de_entregas"))
    UserInteraction(real, {label}, None).trigger("blur")
    label.value = "CEP da casa"

    async def named() -> bool:
        return [(one.key, one.label) for one in (await saved(as_owner, blank.id)).goals] == [("cep_de_entregas", "CEP da casa")]

    await until(named)


async def test_a_fact_is_kept_in_a_field_of_contacts(real: User, as_owner: ApiClient) -> None:
    plan = await contacts.create_field(
        as_owner, CustomFieldCreate(label="Plano", kind=CustomFieldKind.CHOICE, choices=["Ouro", "Prata"])
    )
    blank = await made(as_owner, StartingPersona.BLANK)
    await real.open(f"/personas/{blank.id}")
    await real.should_see("Nunca publicada")
    UserInteraction(real, sections(real, "Descobre"), None).click()
    click(real, "Adicionar informação")
    label = (await until(lambda: _placed(real, "CEP de entrega")))[-1]
    where = _named(real, "Onde fica guardado")
    look = _named(real, "Como é")

    async def goals(*expected: tuple[str, str, GoalKind]) -> bool:
        return [(one.key, one.label, one.kind) for one in (await saved(as_owner, blank.id)).goals] == [*expected]

    where.value = plan.key
    await until(lambda: goals(("plano", "Plano", GoalKind.TEXT)))
    assert label.value == "Plano", "what has no name yet is called as its field"
    assert not look.enabled
    where.value = "email"
    label.value = "Seu e-mail"
    await until(lambda: goals(("email", "Seu e-mail", GoalKind.EMAIL)))
    where.value = ""
    await until(lambda: goals(("seu_e_mail", "Seu e-mail", GoalKind.EMAIL)))
    assert look.enabled
    label.value = "Tamanho"
    where.value = "+"
    await until(lambda: goals(("tamanho", "Tamanho", GoalKind.EMAIL)))
    assert "Tamanho" in [one.label for one in await contacts.fields(as_owner)]
    label.value = "Plano"
    where.value = "+"
    await real.should_see("Já existe um campo chamado")


def _named(user: User, name: str) -> Any:
    """The newest control that is called so."""
    assert user.client is not None
    return [one for one in user.client.elements.values() if one.props.get("aria-label") == name][-1]


def sections(user: User, text: str) -> set[Element]:
    """The part of the editor with this name."""
    assert user.client is not None
    return {
        one
        for one in user.client.elements.values()
        if one.props.get("role") == "tab" and any(getattr(inner, "text", "") == text for inner in one.descendants())
    }


async def _placed(user: User, placeholder: str) -> list[ValueElement[Any]]:
    """The fields with this placeholder, the newest one last."""
    assert user.client is not None
    return [
        one
        for one in user.client.elements.values()
        if isinstance(one, ValueElement) and one.props.get("placeholder") == placeholder
    ]


async def test_nothing_is_offered_that_nothing_carries_out(real: User, as_owner: ApiClient) -> None:
    """A persona says what may be proposed while it serves; who decides is set on each board."""
    lia = await made(as_owner)
    (board, *_others) = await boards.boards(as_owner)
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    UserInteraction(real, sections(real, "Passagem"), None).click()
    await real.should_see("Quando uma pessoa assume")
    UserInteraction(real, sections(real, "Ações"), None).click()
    await real.should_see("O que ela pode fazer")
    for text in ("O que ela faz sozinha", "Sugerir à equipe"):
        await real.should_not_see(text)
    assert f"/boards/{board.id}/settings?tab=ai" in {link.props.get("href") for link in real.find(kind=ui.link).elements}
    switches = {one.props.get("aria-label"): one for one in real.find(kind=ui.switch).elements}
    assert [switches[name].value for name in ("Enviar um arquivo", "Colocar numa sequência", "Marcar um horário")] == [False] * 3
    switch = switches["Mover um negócio"]
    assert switch.value is True
    switch.value = False

    async def kept() -> bool:
        return (await saved(as_owner, lia.id)).tools.move_lead is ToolPolicy.NEVER

    await until(kept)


async def test_what_happens_in_silence_is_set_in_hours(real: User, as_owner: ApiClient) -> None:
    lia = await made(as_owner)
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    UserInteraction(real, sections(real, "Passagem"), None).click()
    await real.should_see("Quando a equipe para de responder")

    async def silence() -> tuple[object, ...]:
        config = await saved(as_owner, lia.id)
        steps = [(one.after_minutes, one.goal) for one in config.followup.steps]
        return config.handover.returns_after_minutes, config.followup.enabled, steps, config.inactivity.mode

    async def becomes(*expected: object) -> bool:
        return await silence() == expected

    given = (await silence())[2]
    await press_labelled(real, "Ela retoma a conversa")
    await real.should_see("Quem ela passou para a equipe espera por uma pessoa")
    await until(lambda: becomes(240, False, given, InactivityMode.WAIT))
    field(real, "Depois de quantas horas").value = 0.1
    await real.should_see("De 0.25 a 720.")
    field(real, "Depois de quantas horas").value = 1.5
    await until(lambda: becomes(90, False, given, InactivityMode.WAIT))
    await press_labelled(real, "Ela retoma a conversa")
    await until(lambda: becomes(None, False, given, InactivityMode.WAIT))
    await press_labelled(real, "Perguntar de novo")
    await real.should_see("Não antes das")
    assert [one.value for one in await _placed(real, "Perguntar se ficou alguma dúvida.")] == [goal for _after, goal in given]
    await until(lambda: becomes(None, True, given, InactivityMode.WAIT))
    field(real, "Não depois das").value = "08:00"
    await real.should_see("Termina antes de começar.")
    field(real, "Então").value = InactivityMode.CLOSE
    await until(lambda: becomes(None, True, given, InactivityMode.CLOSE))


async def _instructions(api: ApiClient, persona_id: UUID, expected: str) -> bool:
    return (await saved(api, persona_id)).instructions == expected


def test_a_fact_gets_a_short_name_of_its_own() -> None:
    assert goal_key("CEP de entrega", set()) == "cep_de_entrega"
    assert goal_key("CEP de entrega", {"cep_de_entrega"}) == "cep_de_entrega_2"
    assert goal_key("2ª via", set()) == "a_via"
    assert goal_key("¿?", set()) == "dado"


def test_changes_are_said_by_place_and_line() -> None:
    old = PersonaConfig(instructions="Um.\nDois.")
    new = PersonaConfig(instructions="Um.\nTrês.", knowledge_base_ids=[UUID(int=7)])
    assert [(one.before, one.after) for one in changes(old, new, {UUID(int=7): "Loja"})] == [
        (["Dois."], ["Três."]),
        ([], ["Loja"]),
    ]
    assert changes(old, old) == []
    later = replace(
        old,
        handover=HandOver(value_over_cents=150_050, returns_after_minutes=90),
        followup=FollowUp(from_minute=600, weekdays=[5]),
    )
    assert [one.after for one in changes(old, later)] == [["10:00"], ["Sábado"], ["1.500,5"], ["1 h 30 min"]]


async def test_a_picture_stands_before_emoji_and_initials(real: User, as_owner: ApiClient, owner_db: asyncpg.Connection) -> None:
    lia = await made(as_owner)
    picture_id = uuid4()
    await owner_db.execute(
        "update persona set picture_id = $2, picture = 'x', picture_failed = true where id = $1", lia.id, picture_id
    )
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    shown = f"url(/faces/{lia.id}?v={picture_id})"

    def faces() -> list[Element]:
        assert real.client is not None
        drawn = [one for one in real.client.elements.values() if isinstance(one, ui.label) and "m-persona-face" in one.classes]
        return [one for one in drawn if one.style.get("background-image") == shown and not one.text]

    assert len(faces()) == 1
    choose(real, "Nome e imagem")
    await real.should_see("Não foi possível abrir essa imagem. Escolha outra.")
    assert len(faces()) == 2
    click(real, "Tirar a imagem")
    await until(lambda: true_of(lambda: not faces()))
    assert (await client.persona(as_owner, lia.id)).picture_id is None
