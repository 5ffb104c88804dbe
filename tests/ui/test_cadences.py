"""Sequences on the screen: one is made, its steps are added and asked for, it is started, and what is wrong stands at its step."""

from uuid import uuid4

import asyncpg
from nicegui.testing import User

from api.contract.cadences import Branch, CadenceRow, Plan, Send, Wait, WasRead
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import choose, click, field, until
from ui.client import cadences as client
from ui.client.base import ApiClient
from ui.pages.cadences import tree


async def test_a_sequence_is_made_and_its_first_step_added(real: User, as_owner: ApiClient) -> None:
    await real.open("/cadences")
    await real.should_see("equência")
    click(real, "Nova sequência" if (await client.cadences(as_owner)).items else "Criar a primeira sequência")
    await real.should_see("Cancelar")
    name = f"Boas-vindas {uuid4().hex[:6]}"
    field(real, "Nome").value = name
    click(real, "Criar")

    async def there() -> CadenceRow | None:
        return next((one for one in (await client.cadences(as_owner)).items if one.name == name), None)

    made = await until(there)
    await real.open(f"/cadences/{made.id}")
    await real.should_see("O que acontece primeiro?")
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


def test_steps_are_put_moved_and_taken_out_wherever_they_stand() -> None:
    one, two, three = (Wait(id=uuid4(), minutes=number) for number in (1, 2, 3))
    branch = Branch(id=uuid4(), condition=WasRead(), yes=[one])
    steps = tree.insert([branch], tree.Place(branch.id, "yes", 1), two)
    steps = tree.insert(steps, tree.Place(None, "yes", 0), three)
    assert tree.paths(steps) == {
        "steps[0]": three.id, "steps[1]": branch.id, "steps[1].yes[0]": one.id, "steps[1].yes[1]": two.id,
    }  # fmt: skip
    moved = tree.move(tree.move(steps, two.id, -1), two.id, -1)  # at the edge it stays
    assert [step.id for step in moved[1].yes] == [two.id, one.id]
    changed = tree.replace(moved, Wait(id=one.id, minutes=9))
    assert changed[1].yes[1] == Wait(id=one.id, minutes=9)
    assert tree.remove(changed, branch.id) == [three]
