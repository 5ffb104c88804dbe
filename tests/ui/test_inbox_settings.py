"""What the team has for its inbox, over the real API and database: labels, teams and quick replies are made, changed and deleted."""

import asyncpg
from nicegui import ui
from nicegui.element import Element
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.conversations import AssignmentStrategy, Label, LabelCreate, LabelPatch, QuickReplyCreate, TeamCreate
from db.permissions import Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import make_member
from tests.ui.interactions import click, field, press, true_of, until
from ui.client import accounts
from ui.client import inbox as client
from ui.client.base import ApiClient


async def press_labelled(user: User, label: str) -> None:
    """Presses the button of this name, once the page has it."""

    async def there() -> set[Element]:
        assert user.client is not None
        return {one for one in user.client.elements.values() if one.props.get("aria-label") == label}

    UserInteraction(user, await until(there), None).click()


async def test_labels_begin_with_a_suggestion_and_say_what_deleting_does(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    await real.open("/settings/inbox")
    await real.should_see("Ainda não há marcadores")
    press(real, "Reclamação")
    await real.should_see("Dizem do que trata a conversa.")

    click(real, "Novo marcador")
    await real.should_see("Cor")
    field(real, "Nome").value = "reclamacao"
    click(real, "Salvar")
    await real.should_see("Já existe um marcador com este nome")
    field(real, "Nome").value = "Troca"
    await press_labelled(real, "Azul")
    click(real, "Salvar")

    async def there() -> Label | None:
        return next((one for one in await client.labels(as_owner) if one.name == "Troca"), None)

    made = await until(there)
    assert made.color == "#2a6fb0"

    await factories.contacts(owner_db, owner, 1)
    person = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    await owner_db.execute(
        "with c as (insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at)"
        " values ($1, $2, $3, '+5511911111111', now(), now()) returning id)"
        " insert into conversation_label(company_id, label_id, conversation_id) select $1, $4, id from c",
        owner.company_id,
        person,
        await factories.channel(owner_db, owner),
        made.id,
    )
    await real.open("/settings/inbox")
    await real.should_see("1 conversa")
    await press_labelled(real, "Excluir Troca")
    await real.should_see("Sai de 1 conversa. A conversa continua.")
    click(real, "Excluir")

    async def gone() -> bool:
        return [one.name for one in await client.labels(as_owner)] == ["Reclamação"]

    await until(gone)


async def test_what_a_colleague_changed_meanwhile_is_shown_before_it_is_written_over(real: User, as_owner: ApiClient) -> None:
    one = await client.create_label(as_owner, LabelCreate(name="Troca", color="#2f6f4f"))
    await real.open("/settings/inbox")
    await press_labelled(real, "Alterar Troca")
    await real.should_see("Alterar marcador")
    await client.change_label(as_owner, one.id, LabelPatch(name="Devolução"), one.version)
    field(real, "Nome").value = "Troca e devolução"
    click(real, "Salvar")
    await real.should_see("Um colega mudou isto enquanto isso")
    await real.should_see("Devolução")
    click(real, "Salvar")

    async def ours() -> bool:
        return [one.name for one in await client.labels(as_owner)] == ["Troca e devolução"]

    await until(ours)


async def test_a_team_takes_a_channel_and_says_how_it_shares(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    channel = await factories.channel(owner_db, owner)
    agent = await make_member(owner_db, owner, Role.AGENT)
    await client.create_team(as_owner, TeamCreate(name="Vendas", channel_ids=[channel]))
    await real.open("/settings/inbox?tab=teams")
    await real.should_see("Ninguém nela ainda")
    click(real, "Nova equipe")
    await real.should_see("Quem recebe uma conversa nova")
    field(real, "Nome").value = "Atendimento"
    field(real, "Membros").value = [agent.id]
    field(real, "Quem recebe uma conversa nova").value = AssignmentStrategy.LEAST_BUSY
    await real.should_see("Recebe quem tem menos conversas abertas.")
    over = field(real, "Canais")
    assert isinstance(over, ui.select)
    assert next(str(name) for name in dict(over.options).values()).endswith("(hoje com Vendas)")
    over.value = [channel]
    click(real, "Salvar")

    async def made() -> bool:
        teams = {one.name: one for one in await client.teams(as_owner)}
        ours = teams.get("Atendimento")
        return (
            ours is not None
            and ours.channel_ids == [channel]
            and [one.id for one in ours.members] == [agent.id]
            and ours.strategy is AssignmentStrategy.LEAST_BUSY
            and teams["Vendas"].channel_ids == []
        )

    await until(made)


async def test_a_quick_reply_is_named_as_people_type_and_previewed(real: User, as_owner: ApiClient) -> None:
    await client.create_quick_reply(as_owner, QuickReplyCreate(shortcut="oi", text="Oi!"))
    await real.open("/settings/inbox?tab=replies")
    await real.should_see("Nova resposta rápida")
    click(real, "Nova resposta rápida")
    await real.should_see("Como as pessoas veem")
    field(real, "Atalho").value = "/OI"
    field(real, "Texto").value = "Olá, *tudo bem*?"
    await real.should_see("tudo bem")
    click(real, "Salvar")
    await real.should_see("Já existe uma resposta rápida com este atalho")
    field(real, "Atalho").value = "Boas vindas"
    click(real, "Salvar")

    async def made() -> bool:
        return [(one.shortcut, one.text) for one in await client.quick_replies(as_owner)] == [
            ("boas-vindas", "Olá, *tudo bem*?"),
            ("oi", "Oi!"),
        ]

    await until(made)
    await press_labelled(real, "Alterar /boas-vindas")
    await real.should_see("Alterar resposta rápida")
    field(real, "Botão 1, se quiser").value = "Sim"
    field(real, "Botão 3, se quiser").value = "Sim"
    click(real, "Salvar")
    await real.should_see("Há dois com o mesmo nome")
    assert field(real, "Botão 2, se quiser").value == "Sim"
    field(real, "Botão 2, se quiser").value = "Não"
    click(real, "Salvar")

    async def with_buttons() -> bool:
        return [[each.title for each in one.buttons] for one in await client.quick_replies(as_owner)] == [["Sim", "Não"], []]

    await until(with_buttons)
    await press_labelled(real, "Excluir /oi")
    await real.should_see("Ninguém mais poderá usá-la com /.")
    click(real, "Excluir")

    async def gone() -> bool:
        return [one.shortcut for one in await client.quick_replies(as_owner)] == ["boas-vindas"]

    await until(gone)


async def test_who_waits_too_long_is_shown(real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient) -> None:
    await real.open("/settings/inbox?tab=times")
    await real.should_see("Responder em (minutos)")
    field(real, "Responder em (minutos)").value = 10
    click(real, "Salvar")

    async def kept() -> bool:
        return (await accounts.company(as_owner)).answer_target == 10

    await until(kept)
    await factories.contacts(owner_db, owner, 3)
    channel = await factories.channel(owner_db, owner)
    await owner_db.execute(
        "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at, unanswered_at)"
        " select $1, id, $2, '+5511911111111', now(), now(), array[now() - (array[3, 7, 12])[row_number() over (order by name)]"
        " * interval '1 minute'] from contact where company_id = $1",
        owner.company_id,
        channel,
    )
    await real.open("/inbox?view=waiting")

    def shown() -> list[tuple[str, str]]:
        assert real.client is not None
        rows = [one.props["row"] for one in real.client.elements.values() if "row" in one.props]
        return [(row["waits"], row["tone"]) for row in rows]

    wanted = [("espera 12 min", "bad"), ("espera 7 min", "warn"), ("espera 3 min", "quiet")]
    await until(lambda: true_of(lambda: shown() == wanted))


async def test_office_hours_are_kept_and_odd_ones_said(real: User, as_owner: ApiClient) -> None:
    await real.open("/settings/inbox?tab=hours")
    await real.should_see("Atendemos em certos horários")
    assert real.client is not None
    switch = next(one for one in real.client.elements.values() if isinstance(one, ui.switch))
    switch.value = True
    await press_labelled(real, "Sábado: adicionar horário")

    async def opens() -> ui.input | None:
        assert real.client is not None
        found = (one for one in real.client.elements.values() if one.props.get("aria-label") == "Sábado: abre às")
        return next((one for one in found if isinstance(one, ui.input)), None)

    (await until(opens)).value = "20:00"
    click(real, "Salvar")
    await real.should_see("Um horário fecha antes de abrir")
    (await until(opens)).value = "10:00"
    field(real, "Adicionar feriado").value = "2026-12-25"
    click(real, "Adicionar")
    await real.should_see("25 de dezembro")
    field(real, "Resposta automática fora do horário").value = "Voltamos amanhã."
    click(real, "Salvar")

    async def kept() -> bool:
        found = await client.office_hours(as_owner)
        saturday = [(one.opens, one.closes) for one in found.hours if one.weekday == 5]
        return found.enabled and saturday == [(600, 1080)] and found.away_text == "Voltamos amanhã." and len(found.holidays) == 1

    await until(kept)


async def test_a_team_has_hours_of_its_own(real: User, as_owner: ApiClient) -> None:
    await client.create_team(as_owner, TeamCreate(name="Suporte"))
    await real.open("/settings/inbox?tab=teams")
    await press_labelled(real, "Alterar Suporte")
    await real.should_see("Horário próprio")
    assert real.client is not None
    switch = next(one for one in real.client.elements.values() if isinstance(one, ui.switch))
    switch.value = True

    async def opens() -> ui.input | None:
        assert real.client is not None
        found = (one for one in real.client.elements.values() if one.props.get("aria-label") == "Segunda: abre às")
        return next((one for one in found if isinstance(one, ui.input)), None)

    (await until(opens)).value = ""
    click(real, "Salvar")
    await real.should_see("Preencha todos os horários")
    (await until(opens)).value = "20:00"
    click(real, "Salvar")
    await real.should_see("Um horário fecha antes de abrir")
    (await until(opens)).value = "07:30"
    field(real, "Resposta automática fora do horário").value = "O suporte volta às 7h30."
    click(real, "Salvar")

    async def kept() -> bool:
        [found] = await client.teams(as_owner)
        monday = [(one.opens, one.closes) for one in found.hours or [] if one.weekday == 0]
        return monday == [(450, 1080)] and found.away_text == "O suporte volta às 7h30."

    await until(kept)
    await real.should_see("horário próprio")
