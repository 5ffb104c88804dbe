"""Personas: made, published, switched, and which of them serves a conversation."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

import db
from db.accounts.enums import Language
from db.ai import budgets
from db.ai.enums import BudgetPeriod, BudgetScope
from db.conversations import office_hours
from db.conversations.enums import AssignmentStrategy
from db.conversations.hours import OpenHours
from db.conversations.teams import create_team
from db.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from db.knowledge.bases import create_base
from db.knowledge.enums import BaseLanguage
from db.permissions import Permission, Role
from db.personas import bindings, drafts, personas
from db.personas.bindings import Binding
from db.personas.config import Budget, FollowUp, Goal, HandOver, Hours, Model, PersonaConfig, PersonaIdentity, Rule, Tools, Turn
from db.personas.enums import (
    BindingHours,
    ModelPreset,
    OutsideHours,
    PersonaMode,
    RuleCheck,
    RuleKind,
    StartingPersona,
    ToolPolicy,
)
from db.personas.serving import Serving, serving, version
from db.tenancy import Actor, built_in, member
from db.work import read, work
from tests import factories

READY = PersonaConfig(instructions="Ajude a escolher o vestido.")


async def made(owner: Actor, name: str | None = None, config: PersonaConfig = READY) -> UUID:
    """A persona that was published once."""
    row = await personas.create_persona(owner, name=name or f"Lia {uuid4().hex[:8]}", config=config)
    await drafts.publish(owner, row["id"], note="")
    found: UUID = row["id"]
    return found


async def served(owner: Actor, channel_id: UUID, **more: Any) -> Serving | None:
    async with read(owner, Permission.PERSONAS_READ) as r:
        return await serving(r, channel_id, more.pop("labels", []), **more)


async def test_a_new_persona_is_a_draft_that_suggests_and_serves_nobody(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel_id = await factories.channel(owner_db, owner)
    row = await personas.create_persona(owner, name="Lia rascunho", config=READY)
    await bindings.set_bindings(owner, row["id"], [Binding(channel_id=channel_id)])
    assert (row["state"], row["mode"], row["published_number"], row["has_changes"]) == ("draft", "suggest", None, True)
    assert await served(owner, channel_id) is None
    live = await drafts.publish(owner, row["id"], note="primeira")
    assert (live["state"], live["mode"], live["published_number"], live["has_changes"]) == ("live", "suggest", 1, False)
    found = await served(owner, channel_id)
    assert found is not None
    assert (found.persona_id, found.name, found.mode) == (row["id"], "Lia rascunho", PersonaMode.SUGGEST)
    assert found.config == READY


async def test_a_persona_names_the_knowledge_of_its_draft_and_of_what_serves(owner: Actor) -> None:
    old, new = (
        await create_base(owner, name="Loja", language=BaseLanguage.PORTUGUESE),
        await create_base(owner, name="Ajuda", language=BaseLanguage.PORTUGUESE),
    )
    persona_id = await made(owner, config=PersonaConfig(instructions="A", knowledge_base_ids=[old.id]))
    await drafts.save_draft(owner, persona_id, PersonaConfig(instructions="A", knowledge_base_ids=[new.id]))
    row = await personas.persona(owner, persona_id)
    assert set(row["knowledge_base_ids"]) == {old.id, new.id}
    await drafts.publish(owner, persona_id, note="")
    assert (await personas.persona(owner, persona_id))["knowledge_base_ids"] == [new.id]


async def test_a_draft_changes_nothing_until_it_is_published_and_versions_never_change(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel_id = await factories.channel(owner_db, owner)
    persona_id = await made(owner)
    await bindings.set_bindings(owner, persona_id, [Binding(channel_id=channel_id)])
    first = await served(owner, channel_id)
    assert first is not None
    other = PersonaConfig(instructions="Outra coisa.", identity=PersonaIdentity(display_name="Bia"))
    saved = await drafts.save_draft(owner, persona_id, other)
    assert (saved.config, saved.published) == (other, READY)
    assert await served(owner, channel_id) == first
    await drafts.publish(owner, persona_id, note="")
    second = await served(owner, channel_id)
    assert second is not None
    assert (second.name, second.config) == ("Bia", other)
    async with read(owner, Permission.PERSONAS_READ) as r:
        assert (await version(r, first.version_id)).config == READY
        with pytest.raises(NotFound):
            await version(r, uuid4())
    with pytest.raises(asyncpg.InsufficientPrivilegeError):  # not even by mistake
        async with work(owner, Permission.PERSONAS_WRITE) as w:
            await w.execute("update persona_version set note = 'x' where company_id = $1", w.company_id)
    restored = await drafts.restore(owner, persona_id, first.version_id)
    assert restored.config == READY
    assert await served(owner, channel_id) == second
    rows = await drafts.published_versions(owner, persona_id, after=None, limit=10)
    assert [(row["number"], row["is_published"]) for row in rows] == [(2, True), (1, False)]


async def test_two_people_do_not_overwrite_each_other(owner: Actor) -> None:
    persona_id = await made(owner)
    draft = await drafts.draft(owner, persona_id)
    await drafts.save_draft(owner, persona_id, PersonaConfig(instructions="A"), expected=frozenset({draft.version}))
    stale = frozenset({draft.version})
    for change in (
        drafts.save_draft(owner, persona_id, PersonaConfig(instructions="B"), expected=stale),
        drafts.publish(owner, persona_id, note="", expected=stale),
        drafts.restore(owner, persona_id, uuid4(), expected=stale),
        personas.pause(owner, persona_id, expected=frozenset({1})),
        personas.change_persona(owner, persona_id, expected=frozenset({1}), name="Outra"),
        personas.delete_persona(owner, persona_id, expected=frozenset({1})),
        bindings.set_bindings(owner, persona_id, [], expected=frozenset({1})),
    ):
        with pytest.raises(PreconditionFailed):
            await change
    assert (await drafts.draft(owner, persona_id)).config.instructions == "A"


async def test_publishing_says_what_is_wrong_by_its_path(owner: Actor) -> None:
    wrong = PersonaConfig(
        goals=[Goal(key="cep", label="CEP"), Goal(key="cep", label="CEP outra vez")],
        model=Model(preset=ModelPreset.CUSTOM),
        turn=Turn(debounce_min_ms=5000, debounce_max_ms=3000),
        hours=Hours(open=[OpenHours(0, 600, 540)], outside=OutsideHours.NOTICE),
        followup=FollowUp(enabled=True, from_minute=600, until_minute=540),
        handover=HandOver(team_id=uuid4()),
        knowledge_base_ids=[uuid4()],
    )
    row = await personas.create_persona(owner, name=f"Errada {uuid4().hex[:6]}", config=wrong)
    with pytest.raises(Invalid) as refused:
        await drafts.publish(owner, row["id"], note="")
    paths = [
        "instructions", "model.name", "goals[1].key", "turn.debounce_max_ms", "hours.open", "hours.notice", "followup.steps",
        "followup.until_minute", "knowledge_base_ids[0]", "handover.team_id",
    ]  # fmt: skip
    assert [field.path for field in refused.value.fields] == paths
    assert [field.path for field in (await drafts.draft(owner, row["id"])).problems] == paths
    assert (await personas.persona(owner, row["id"]))["state"] == "draft"
    persona_id = await made(owner)
    with pytest.raises(Conflict):
        await drafts.publish(owner, persona_id, note="")


async def test_a_paused_persona_serves_nobody_and_publishing_does_not_wake_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel_id = await factories.channel(owner_db, owner)
    row = await personas.create_persona(owner, name=f"Pausa {uuid4().hex[:6]}", config=READY)
    with pytest.raises(Conflict):
        await personas.resume(owner, row["id"])
    await drafts.publish(owner, row["id"], note="")
    await bindings.set_bindings(owner, row["id"], [Binding(channel_id=channel_id)])
    await personas.pause(owner, row["id"])
    assert await served(owner, channel_id) is None
    await drafts.save_draft(owner, row["id"], PersonaConfig(instructions="Nova"))
    assert (await drafts.publish(owner, row["id"], note=""))["state"] == "paused"
    assert await served(owner, channel_id) is None
    await personas.resume(owner, row["id"])
    assert await served(owner, channel_id) is not None


async def test_a_deleted_persona_serves_nobody_frees_its_name_and_its_versions_stay(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel_id = await factories.channel(owner_db, owner)
    name = f"Sai {uuid4().hex[:6]}"
    persona_id = await made(owner, name)
    await bindings.set_bindings(owner, persona_id, [Binding(channel_id=channel_id)])
    found = await served(owner, channel_id)
    assert found is not None
    with pytest.raises(Conflict):
        await personas.create_persona(owner, name=name.upper(), config=READY)
    await personas.delete_persona(owner, persona_id)
    assert await served(owner, channel_id) is None
    async with read(owner, Permission.PERSONAS_READ) as r:
        assert (await version(r, found.version_id)).name == name
    with pytest.raises(NotFound):
        await personas.persona(owner, persona_id)
    await made(owner, name)


async def test_the_first_binding_that_holds_decides(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel_id, other_channel = await factories.channel(owner_db, owner), await factories.channel(owner_db, owner)
    label_id: UUID = await owner_db.fetchval(
        "insert into label(company_id, name, color) values ($1, $2, '#2f6f4f') returning id", owner.company_id, uuid4().hex
    )
    stage_id: UUID = await owner_db.fetchval("select id from stage where company_id = $1 limit 1", owner.company_id)
    wide, narrow, urgent = [await made(owner) for _ in range(3)]
    await bindings.set_bindings(owner, wide, [Binding(channel_id=channel_id)])
    await bindings.set_bindings(owner, narrow, [Binding(channel_id=channel_id, label_id=label_id)])

    async def who(channel: UUID, labels: list[UUID], **more: Any) -> UUID | None:
        found = await served(owner, channel, labels=labels, **more)
        return None if found is None else found.persona_id

    assert await who(channel_id, []) == wide
    assert await who(channel_id, [label_id]) == narrow, "of equal priority the one that names more"
    assert await who(other_channel, [label_id]) is None, "all that is named must hold"
    await bindings.set_bindings(owner, urgent, [Binding(stage_id=stage_id, priority=10)])
    assert await who(channel_id, [label_id], stages=[stage_id]) == urgent
    assert await who(other_channel, []) is None
    await owner_db.execute("delete from label where id = $1", label_id)
    await bindings.set_bindings(owner, wide, [])
    assert await who(channel_id, []) is None, "a binding whose label is gone does not widen"


async def test_a_binding_must_name_what_there_is(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel_id = await factories.channel(owner_db, owner)
    persona_id = await made(owner)
    for wrong, path, code in (
        ([Binding()], "bindings[0].channel_id", "binding_names_nothing"),
        ([Binding(channel_id=channel_id)] * 2, "bindings[1].channel_id", "persona_part_twice"),
        ([Binding(channel_id=channel_id), Binding(label_id=uuid4())], "bindings[1].label_id", "persona_part_gone"),
        ([Binding(stage_id=uuid4())], "bindings[0].stage_id", "persona_part_gone"),
    ):
        with pytest.raises(Invalid) as refused:
            await bindings.set_bindings(owner, persona_id, wrong)
        assert [(field.path, field.code.value) for field in refused.value.fields] == [(path, code)]


async def test_one_persona_by_day_another_by_night(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel_id = await factories.channel(owner_db, owner)
    day, night = await made(owner), await made(owner)
    await bindings.set_bindings(owner, day, [Binding(channel_id=channel_id, hours=BindingHours.OPEN)])
    await bindings.set_bindings(owner, night, [Binding(channel_id=channel_id, hours=BindingHours.CLOSED)])
    monday = datetime(2026, 11, 23, tzinfo=UTC)

    async def who(hour: int, team_id: UUID | None = None) -> UUID | None:
        found = await served(owner, channel_id, at=monday.replace(hour=hour), team_id=team_id)
        return None if found is None else found.persona_id

    assert await who(3) == day, "without office hours the company is always open"
    holidays: list[date] = []
    await office_hours.change(owner, enabled=True, hours=[OpenHours(0, 540, 1080)], holidays=holidays, away_text="")
    assert [await who(15), await who(3)] == [day, night]  # 12:00 and 00:00 in São Paulo
    hours = [OpenHours(0, 0, 540)]
    team = await create_team(owner, name="Noite", strategy=AssignmentStrategy.MANUAL, member_ids=[], channel_ids=[], hours=hours)
    assert [await who(15, team.id), await who(3, team.id)] == [night, day]


async def test_agents_see_personas_and_managers_change_them(owner: Actor) -> None:
    persona_id = await made(owner)
    assert owner.id is not None
    agent, manager = (
        member(owner.company_id, owner.id, built_in(Role.AGENT)),
        member(owner.company_id, owner.id, built_in(Role.MANAGER)),
    )
    assert (await personas.persona(agent, persona_id))["state"] == "live"
    with pytest.raises(Forbidden):
        await personas.pause(agent, persona_id)
    with pytest.raises(Forbidden):
        await drafts.publish(agent, persona_id, note="")
    await personas.pause(manager, persona_id)
    changed = await personas.change_persona(manager, persona_id, mode=PersonaMode.AUTO, emoji="🦊", color="violet")
    assert (changed["mode"], changed["emoji"], changed["color"]) == ("auto", "🦊", "violet")


async def test_a_company_has_so_many_personas(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    await made(owner)
    monkeypatch.setattr(personas, "MOST", 1)
    with pytest.raises(Conflict):
        await made(owner)


def test_nothing_said_holds_back_and_the_document_survives_its_column() -> None:
    config = PersonaConfig()
    assert config.knowledge_base_ids == []
    ruled = PersonaConfig(
        rules=[Rule(kind=RuleKind.NEVER, text="Inventar preço.", check=RuleCheck.PRICES)],
        tools=Tools(move_lead=ToolPolicy.NEVER),
    )
    assert ruled.checks() == {RuleCheck.PRICES}
    assert msgspec.json.decode(msgspec.json.encode(ruled), type=PersonaConfig) == ruled


async def test_tools_that_nobody_acted_on_are_offered_as_before(owner_db: asyncpg.Connection) -> None:
    [path] = (Path(db.__file__).parent / "migrations").glob("m*_tools_are_offered_or_not.sql")
    migration = path.read_text()
    before = {"tools": {"move_lead": "ask", "assign": "automatic", "send_file": "never"}, "instructions": "ask"}
    async with owner_db.transaction():
        await owner_db.execute(migration[migration.index("create function") : migration.index("alter table")])
        found = [
            msgspec.json.decode(await owner_db.fetchval("select persona_tools($1::jsonb)", msgspec.json.encode(one).decode()))
            for one in (before, {"tools": {}}, {})
        ]
        await owner_db.execute("drop function persona_tools")
    assert found == [
        {"tools": {"move_lead": "suggest", "assign": "suggest", "send_file": "never"}, "instructions": "ask"},
        {"tools": {}},
        {},
    ]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(StartingPersona))
async def test_every_starting_persona_can_be_published_in_both_languages(
    owner: Actor, kind: StartingPersona, language: Language
) -> None:
    row = await personas.create_persona(owner, name=f"{kind} {language}", starting=kind, language=language)
    draft = await drafts.draft(owner, row["id"])
    assert [field.path for field in draft.problems] == (["instructions"] if kind is StartingPersona.BLANK else [])
    config = draft.config
    assert msgspec.json.decode(msgspec.json.encode(config), type=PersonaConfig) == config, "within the bounds of the document"
    if kind is not StartingPersona.BLANK:
        assert config.checks()
        assert len(config.handover.topics) >= 3
        assert "\n" not in config.instructions.replace("\n\n", ""), "paragraphs, not lines"


async def test_a_persona_begins_in_the_language_of_its_company(owner: Actor) -> None:
    row = await personas.create_persona(owner, name="Vendas", starting=StartingPersona.SALES)
    assert (row["role"], row["emoji"], row["color"]) == ("assistente de vendas", "🛍️", "teal")
    with pytest.raises(Invalid):
        await personas.change_persona(owner, row["id"], emoji="oi")
    assert (await personas.change_persona(owner, row["id"], emoji=""))["emoji"] == ""


async def test_publishing_never_lifts_or_takes_away_a_budget_that_was_set(owner: Actor) -> None:
    assert owner.id is not None
    manager = member(owner.company_id, owner.id, built_in(Role.MANAGER))
    persona_id = await made(owner)
    await budgets.set_budget(owner, BudgetScope.PERSONA, BudgetPeriod.DAY, 2_000_000, persona_id)

    async def most() -> list[int]:
        return [one.most for one in await budgets.budgets(owner) if one.subject_id == persona_id]

    for per_day in (1_000_000_000_000, None):
        config = PersonaConfig(instructions=f"Ajude {per_day}.", budget=Budget(per_day_micro=per_day))
        await drafts.save_draft(manager, persona_id, config)
        await drafts.publish(manager, persona_id, note="")
        assert await most() == [2_000_000]


async def test_today_counts_conversations_and_costs_are_for_who_may_see_them(owner: Actor, owner_db: asyncpg.Connection) -> None:
    persona_id = await made(owner)
    one, two = uuid4(), uuid4()
    for conversation_id, purpose, counted, days in (
        (one, "answer", 700, 0),
        (one, "answer", 300, 0),
        (two, "answer", 5, 2),
        (two, "playground", 9, 0),
    ):
        await owner_db.execute(
            "insert into ai_usage(company_id, id, at, purpose, persona_id, conversation_id, provider, model, lease_until, reserved, counted)"
            " values ($1, gen_random_uuid(), now() - make_interval(days => $6), $2, $3, $4, 'sandbox', 'm', now(), 0, $5)",
            owner.company_id, purpose, persona_id, conversation_id, counted, days,
        )  # fmt: skip
    row = await personas.persona(owner, persona_id)
    assert (row["conversations_today"], row["cost_today_micro"]) == (1, 1009)
    assert owner.id is not None
    agent = member(owner.company_id, owner.id, built_in(Role.AGENT))
    assert (await personas.persona(agent, persona_id))["cost_today_micro"] is None
