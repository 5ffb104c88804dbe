"""Models of a persona, its test cases before it is published and on the model that follows, and the talk beside the editor."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
from msgspec.structs import replace
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.ai import AiConnectionSet
from api.contract.enums import MissKind, ModelPreset, Provider, TrialState, TrialWho
from api.contract.events import PersonaTrialChanged, PersonaTrialProgress
from api.contract.personas import CaseExpectation, CaseMiss, Model, PersonaCaseCreate, PersonaTrial, TrialLine
from db.tenancy import Actor
from tests.ui.interactions import click, field, hear, press, press_labelled, until
from tests.ui.test_personas import made, saved, sections
from ui.client import ai
from ui.client import personas as client
from ui.client.base import ApiClient
from ui.pages.personas.tested import Outcome, outcome


async def test_a_level_says_its_model_and_names_are_chosen_from_a_list(
    real: User, owner: Actor, owner_db: asyncpg.Connection, as_owner: ApiClient
) -> None:
    await ai.connect(
        as_owner,
        AiConnectionSet(provider=Provider.OPENAI, key="sk-proj-0123456789", chat_model="gpt-4o"),
        (await ai.connection(as_owner)).version,
    )
    await owner_db.execute(
        "update ai_connection set models = $2 where company_id = $1", owner.company_id, ["gpt-4o", "gpt-6-luna", "gpt-6.1-terra"]
    )
    lia = await made(as_owner)
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    UserInteraction(real, sections(real, "Modelo e limites"), None).click()
    for text in ("gpt-6-luna", "gpt-6.1-terra", "US$ por milhão de tokens: 1,00 lidos, 5,00 escritos"):
        await real.should_see(text)
    press(real, "Um modelo pelo nome")
    await real.should_see("Qual modelo")
    listed = field(real, "Qual modelo")
    assert isinstance(listed, ui.select)
    assert isinstance(listed.options, dict)
    assert not any("embedding" in name for name in listed.options)
    listed.value = "gpt-4o"

    async def named(expected: str) -> bool:
        return (await saved(as_owner, lia.id)).model.name == expected

    await until(lambda: named("gpt-4o"))
    await real.should_see("Sugerimos gpt-6.1-terra.")
    listed.value = next(name for name, text in listed.options.items() if text == "Outro nome…")
    field(real, "Nome do modelo").value = "ft:gpt-4o:loja"
    await until(lambda: named("ft:gpt-4o:loja"))
    await real.should_see("O serviço conectado não lista este nome. Teste antes de publicar.")


def tried(case: str, *, published: bool, passes: bool) -> PersonaTrial:
    return PersonaTrial(
        id=uuid4(), published=published, state=TrialState.DONE, lines=[], answer=None, case_id=UUID(int=ord(case)), case_name=case,
        missed=[] if passes else [CaseMiss(kind=MissKind.CITES)], created_at=datetime.now(UTC), done_at=None,
    )  # fmt: skip


def test_a_run_says_what_is_better_and_worse_than_before() -> None:
    run = [
        tried(name, published=published, passes=passes)
        for name, before, now in (("a", True, False), ("b", False, True), ("c", False, False), ("d", True, True))
        for published, passes in ((True, before), (False, now))
    ]
    assert outcome(run) == Outcome(mended=["b"], broken=["a"], failing=["c"], passed=2, total=4)
    alone = [one for one in run if not one.published]  # nothing serves yet
    assert outcome(alone) == Outcome(mended=[], broken=[], failing=["a", "c"], passed=2, total=4)


async def test_publishing_shows_the_last_run_and_offers_another(
    real: User, owner: Actor, owner_db: asyncpg.Connection, as_owner: ApiClient
) -> None:
    lia = await made(as_owner)
    await client.create_case(
        as_owner,
        lia.id,
        PersonaCaseCreate(name="Pede o CEP", lines=[TrialLine(who=TrialWho.CUSTOMER, text="Oi")], expect=CaseExpectation()),
    )
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    click(real, "Publicar")
    await real.should_see("Os casos de teste não rodaram desde a última mudança.")
    click(real, "Rodar agora")
    run = await until(lambda: client.last_run(as_owner, lia.id))
    await owner_db.execute(
        "update persona_trial set state = 'done', missed = '[{\"kind\": \"cites\"}]' where company_id = $1", owner.company_id
    )
    hear(PersonaTrialChanged(persona_id=lia.id, trial_id=None, run_id=run.id))
    await real.should_see("0 de 1 passam")
    await real.should_see("1 falha como antes")
    await real.should_see("Rodar de novo")
    await owner_db.execute(
        "insert into persona_run(company_id, persona_id, model) values ($1, $2, 'gpt-6.1-terra')", owner.company_id, lia.id
    )
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    click(real, "Publicar")
    await real.should_see("0 de 1 passam")  # what serves was asked with another model since: that says nothing of the draft


async def test_a_model_that_ends_leads_to_the_test_cases_on_what_follows(
    real: User, owner: Actor, owner_db: asyncpg.Connection, as_owner: ApiClient
) -> None:
    found = await ai.connection(as_owner)
    await ai.connect(
        as_owner, AiConnectionSet(provider=Provider.OPENAI, key="sk-proj-0123456789", chat_model="gpt-4"), found.version
    )
    lia = await made(as_owner)
    config = replace(await saved(as_owner, lia.id), model=Model(preset=ModelPreset.CUSTOM, name="gpt-4"))
    draft = await client.save_draft(as_owner, lia.id, config, (await client.draft(as_owner, lia.id)).version)
    await client.publish(as_owner, lia.id, "", draft.version)
    await client.create_case(
        as_owner,
        lia.id,
        PersonaCaseCreate(name="Pede o CEP", lines=[TrialLine(who=TrialWho.CUSTOMER, text="Oi")], expect=CaseExpectation()),
    )
    await real.open("/settings/ai?tab=models")
    await real.should_see("Testar nele:")
    await real.open(f"/personas/{lia.id}?tests=1")
    await real.should_see("O modelo dela, gpt-4, foi desligado em 23 de out. de 2026. Quem vem depois é gpt-6.1-terra.")
    click(real, "Rodar os casos de teste com gpt-6.1-terra")
    run = await until(lambda: client.last_run(as_owner, lia.id))
    assert (run.model, len(run.trials)) == ("gpt-6.1-terra", 2)
    await owner_db.execute("update persona_trial set state = 'done', missed = '[]' where company_id = $1", owner.company_id)
    hear(PersonaTrialChanged(persona_id=lia.id, trial_id=None, run_id=run.id))
    await real.should_see("Com gpt-6.1-terra, comparado ao que está no ar:")
    await real.should_see("1 de 1 passam")


async def test_an_answer_that_is_tried_is_seen_while_it_is_written(
    real: User, owner: Actor, owner_db: asyncpg.Connection, as_owner: ApiClient
) -> None:
    lia = await made(as_owner)
    await real.open(f"/personas/{lia.id}")
    await real.should_see("Nunca publicada")
    (typed,) = [one for one in real.find(kind=ui.input).elements if one.props.get("aria-label") == "Escreva como cliente"]
    assert isinstance(typed, ui.input)
    typed.value = "Oi"
    await press_labelled(real, "Enviar")
    await real.should_see("Oi")

    def piece(trial_id: UUID, at: int, text: str) -> None:
        hear(PersonaTrialProgress(persona_id=lia.id, trial_id=trial_id, user_id=owner.id, at=at, text=text))

    asked = "select id from persona_trial where persona_id = $1 and state = 'waiting'"
    waiting = await until(lambda: owner_db.fetchval(asked, lia.id))
    piece(waiting, 0, "Oi! Temos vest")
    await real.should_see("Oi! Temos vest")
    piece(waiting, 40, "perdido")  # what came before it was missed: it waits for the whole
    piece(waiting, 4, "Qual cor?")
    await real.should_see("Oi! Qual cor?")
