"""Sequences on the screen: one is made, its steps are added and asked for, it is started, and what is wrong stands at its step."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.cadences import Branch, Cadence, CadenceRow, Plan, Replied, Send, Tagged, Wait, WasRead, never_yes
from api.contract.contacts import ContactCreate, ContactFilter
from api.contract.enums import EnrolmentState
from api.contract.segments import Group, SegmentCreate, Wrote
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import choose, click, field, press, until
from ui.client import cadences as client
from ui.client import contacts, segments
from ui.client.base import ApiClient
from ui.pages.cadences import one, tree


async def test_a_sequence_is_made_and_its_first_step_added(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await factories.channel(owner_db, owner, "sms")
    await real.open("/cadences")
    await real.should_see("equência")
    click(real, "Nova sequência" if (await client.cadences(as_owner)).items else "Criar a primeira sequência")
    await real.should_see("Cancelar")
    name = f"Boas-vindas {uuid4().hex[:6]}"
    field(real, "Nome").value = name
    click(real, "Criar")

    async def there() -> CadenceRow | None:
        return next((row for row in (await client.cadences(as_owner)).items if row.name == name), None)

    made = await until(there)
    await real.open(f"/cadences/{made.id}")
    await real.should_see("O que acontece primeiro?")
    choose(real, "Esperar")
    try:
        await real.should_see("Quanto tempo")
    except AssertionError:  # the page was drawn anew under the press
        choose(real, "Esperar")
        await real.should_see("Quanto tempo")
    field(real, "Quanto tempo").value = 3
    click(real, "Guardar")
    await real.should_see("Esperar 3 dias")
    (step,) = (await client.cadence(as_owner, made.id)).plan.steps
    assert isinstance(step, Wait)
    assert step.minutes == 3 * 1440


async def test_what_is_not_ready_stands_at_its_step(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    made = await client.create(as_owner, f"Sequência {uuid4().hex[:6]}")
    channel_id = await factories.channel(owner_db, owner, "sms")
    steps = [Send(id=uuid4(), channel_id=channel_id, text="Oi {{first_name}}!"), Branch(id=uuid4(), condition=WasRead())]
    await client.change(as_owner, made, plan=Plan(steps=steps))
    await real.open(f"/cadences/{made.id}")
    await real.should_see("Leu a última mensagem?")
    click(real, "Começar")
    await real.should_see("Alguns passos não estão prontos. Estão marcados em vermelho.")
    assert (await client.cadence(as_owner, made.id)).live is None


async def test_a_starter_is_taken_a_step_removed_and_put_back(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await factories.channel(owner_db, owner, "sms")
    undo: list[Callable[[], Awaitable[Any]]] = []
    monkeypatch.setattr(one, "toast_undo", lambda text, back: undo.append(back))
    made = await client.create(as_owner, f"Sequência {uuid4().hex[:6]}")
    await real.open(f"/cadences/{made.id}")
    await real.should_see("Acompanhar um orçamento")
    press(real, "Reconquistar quem sumiu")
    await real.should_see("Esperar 7 dias")
    steps = (await client.cadence(as_owner, made.id)).plan.steps
    assert [type(step) for step in steps] == [Send, Wait, Send]
    choose(real, "Remover")
    await until(lambda: _has(as_owner, made.id, 2))
    assert real.client is not None
    with real.client:
        await undo[0]()
    assert (await client.cadence(as_owner, made.id)).plan.steps == steps
    choose(real, "Remover")
    await until(lambda: _has(as_owner, made.id, 2))
    choose(real, "Copiar")
    await until(lambda: _has(as_owner, made.id, 3))
    with real.client:
        await undo[1]()  # somebody changed it since
    assert len((await client.cadence(as_owner, made.id)).plan.steps) == 3


async def _has(api: ApiClient, cadence_id: UUID, count: int) -> bool:
    return len((await client.cadence(api, cadence_id)).plan.steps) == count


async def test_who_comes_in_is_a_segment_or_a_stage(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await factories.channel(owner_db, owner, "sms")
    name = f"Niterói {uuid4().hex[:6]}"
    segment = await segments.create(as_owner, SegmentCreate(name=name, rule=Group(conditions=[Wrote(op="never")])))
    made = await client.create(as_owner, f"Sequência {uuid4().hex[:6]}")
    await real.open(f"/cadences/{made.id}?tab=rules")
    await real.should_see("Quem entra")
    field(real, "Entram sozinhas").value = "segment"
    field(real, "Segmento").value = segment.id
    click(real, "Salvar")

    async def kept() -> bool:
        return (await client.cadence(as_owner, made.id)).plan.entry == ContactFilter(segment_id=segment.id)

    await until(kept)


async def test_somebody_is_put_in_and_taken_out_on_their_page_and_found_among_many(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel_id = await factories.channel(owner_db, owner, "sms")
    made = await _running(as_owner, owner_db, owner, channel_id)
    await factories.contacts(owner_db, owner, 30)
    who = f"Zilda {uuid4().hex[:6]}"
    contact_id = (await contacts.create_contact(as_owner, ContactCreate(name=who))).id
    await client.enrol(as_owner, made.id, ContactFilter(everyone=True))
    await client.remove(as_owner, made.id, contact_id)

    await real.open(f"/cadences/{made.id}?tab=people&q={who.split()[1]}")

    async def shown() -> list[tuple[str, str]]:
        (table,) = real.find(kind=ui.table).elements
        return [(row["name"]["text"], row["state"]["text"]) for row in table.rows]

    await real.should_see(kind=ui.table, retries=100)
    assert await until(shown) == [(who, "Alguém tirou")]
    await real.open(f"/contacts/{contact_id}")
    await real.should_see("Alguém tirou")
    other = await _running(as_owner, owner_db, owner, channel_id)
    click(real, "Colocar")
    await real.should_see("Colocar numa sequência")
    field(real, "Sequência").value = other.id
    choose_button(real, "Colocar")

    async def standing(state: EnrolmentState) -> bool:
        found = (await client.of_contact(as_owner, contact_id)).items
        return any(one.cadence_id == other.id and one.state is state for one in found)

    await until(lambda: standing(EnrolmentState.ACTIVE))
    await real.should_see(other.name)
    choose(real, "Tirar")
    await real.should_see(f"Tirar a pessoa de “{other.name}”?")
    click(real, "Tirar")
    await until(lambda: standing(EnrolmentState.STOPPED))


async def test_one_that_ended_is_copied(real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    made = await _running(as_owner, owner_db, owner)
    await client.end(as_owner, made.id)
    await real.open(f"/cadences/{made.id}")
    await real.should_see("Terminou")
    click(real, "Fazer uma cópia")

    async def copied() -> bool:
        return any(row.name == f"{made.name} (2)" for row in (await client.cadences(as_owner)).items)

    await until(copied)


def choose_button(user: User, text: str) -> None:
    """The newest with these words: the one of the dialog."""
    found = [one for one in user.find(kind=ui.button).elements if one.text == text]
    UserInteraction(user, {max(found, key=lambda one: one.id)}, None).click()


async def _running(api: ApiClient, db: asyncpg.Connection, owner: Actor, channel_id: UUID | None = None) -> Cadence:
    channel_id = channel_id or await factories.channel(db, owner, "sms")
    made = await client.create(api, f"Sequência {uuid4().hex[:6]}")
    await client.change(api, made, plan=Plan(steps=[Send(id=uuid4(), channel_id=channel_id, text="Oi!")]))
    return await client.start(api, made.id)


def test_a_question_that_is_never_answered_yes_says_why() -> None:
    sms, whatsapp = uuid4(), uuid4()
    say = {one: Send(id=uuid4(), channel_id=one, text="Oi!") for one in (sms, whatsapp)}
    ask = [Branch(id=uuid4(), condition=WasRead()) for _number in range(4)]
    answered = Branch(id=uuid4(), condition=Replied())
    either = Branch(id=uuid4(), condition=Tagged(tag_id=uuid4()), yes=[say[whatsapp]], no=[])
    steps = [ask[0], say[sms], Wait(id=uuid4(), minutes=5), ask[1], answered, either, ask[2]]
    plan = Plan(steps=[*steps, Send(id=uuid4(), channel_id=sms, text="Oi?"), ask[3]])
    told = {ask[0].id: "unwritten", ask[1].id: "unread", answered.id: "left", ask[3].id: "unread"}
    assert never_yes(plan, [whatsapp]) == told
    assert answered.id not in never_yes(msgspec.structs.replace(plan, stop_on_reply=False), [whatsapp])


async def test_a_question_after_an_sms_is_warned_about(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel_id = await factories.channel(owner_db, owner, "sms")
    made = await client.create(as_owner, f"Sequência {uuid4().hex[:6]}")
    steps = [Send(id=uuid4(), channel_id=channel_id, text="Oi!"), Branch(id=uuid4(), condition=WasRead())]
    await client.change(as_owner, made, plan=Plan(steps=steps))
    await real.open(f"/cadences/{made.id}")
    await real.should_see("ninguém fica sabendo se a mensagem anterior foi lida")


def test_a_copy_has_ids_of_its_own_and_the_focus_finds_a_place() -> None:
    inner, wait = Wait(id=uuid4(), minutes=1), Wait(id=uuid4(), minutes=2)
    branch = Branch(id=uuid4(), condition=WasRead(), yes=[inner])
    steps, made = tree.copy([branch, wait], branch.id)
    copied = steps[1]
    assert isinstance(copied, Branch)
    assert copied.id == made
    assert len({branch.id, inner.id, copied.id, copied.yes[0].id, wait.id}) == 5
    assert tree.count(steps) == 5
    assert tree.find(steps, inner.id) == inner
    assert tree.neighbour([branch, wait], branch.id) == wait.id
    assert tree.neighbour([branch, wait], wait.id) == inner.id
    assert tree.neighbour([wait], wait.id) is None


def test_steps_are_put_moved_and_taken_out_wherever_they_stand() -> None:
    first, two, three = (Wait(id=uuid4(), minutes=number) for number in (1, 2, 3))
    branch = Branch(id=uuid4(), condition=WasRead(), yes=[first])
    steps = tree.insert([branch], tree.Place(branch.id, "yes", 1), two)
    steps = tree.insert(steps, tree.Place(None, "yes", 0), three)
    assert tree.paths(steps) == {
        "steps[0]": three.id, "steps[1]": branch.id, "steps[1].yes[0]": first.id, "steps[1].yes[1]": two.id,
    }  # fmt: skip
    moved = tree.move(tree.move(steps, two.id, -1), two.id, -1)  # at the edge it stays
    assert [step.id for step in moved[1].yes] == [two.id, first.id]
    changed = tree.replace(moved, Wait(id=first.id, minutes=9))
    assert changed[1].yes[1] == Wait(id=first.id, minutes=9)
    assert tree.remove(changed, branch.id) == [three]
