"""What pages cost: how many elements and objects they are, what they ask the API for, and that nothing of what was left stays."""

import asyncio
import gc
from collections import Counter
from uuid import UUID

import asyncpg
import pytest
from nicegui import background_tasks, ui
from nicegui.testing import User

from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import true_of, until
from tests.ui.test_inbox import Customers, listing
from ui import memory
from ui.components.beat import beat

FRAME = 75  # elements that stand around every page, for who may do everything


async def test_the_frame_of_a_page_is_few_elements(ana: User) -> None:
    client = await ana.open("/imports")
    inside = [one for one in client.elements.values() if any("m-body" in above.classes for above in one.ancestors())]
    assert inside
    assert len(client.elements) - len(inside) <= FRAME


async def test_an_element_is_few_objects_which_go_with_it(ana: User) -> None:
    client = await ana.open("/team")
    with client.content:
        box = ui.element("div")
    with box:
        ui.label("Oi").classes("m-hint")  # what is made once
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        with box:
            for number in range(300):
                ui.label(f"{number}").classes("m-hint m-clip").props["title"] = "Oi"
        assert len(gc.get_objects()) - before < 300 * 15
        box.clear()
        client.outbox.updates.clear()
        assert len(gc.get_objects()) - before < 300
    finally:
        gc.enable()


async def test_elements_tell_of_their_changes_once_the_page_was_sent(ana: User) -> None:
    client = await ana.open("/team")
    with client.content:
        one = ui.label("Oi")
    for change in (lambda: one.classes("m-hint"), lambda: one.style("top: 0"), lambda: one.props("hidden")):
        client.outbox.updates.clear()
        change()
        assert one.id in client.outbox.updates
    client.outbox.updates.clear()
    one.props["options"] = ["a"]
    client.outbox.updates.clear()
    one.props["options"].append("b")
    assert one.id in client.outbox.updates


async def test_what_was_left_is_collected_without_a_page_that_waits_for_it(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await ana.open("/team")
    with client.content:
        box = ui.element("div")
    monkeypatch.setattr(memory, "LOOK", 0.01)
    collector = memory.Collector()
    monkeypatch.setattr(memory, "collector", collector)
    running = asyncio.create_task(collector.run())
    with box:
        for _number in range(memory.ENOUGH):
            ui.element("i")
    assert not collector.due()
    box.clear()
    assert collector.due()
    await until(lambda: true_of(lambda: collector.collected == 1 and not collector.due()))
    running.cancel()


async def test_what_looks_again_ends_with_its_place(ana: User) -> None:
    client = await ana.open("/team")
    with client.content:
        box = ui.element("div")
    known, handlers = set(background_tasks.running_tasks), len(client.delete_handlers)
    with box, ui.element("div"):
        beat(60, lambda: None)
    (beating,) = background_tasks.running_tasks - known
    box.clear()
    await until(lambda: true_of(beating.cancelled))
    assert len(client.delete_handlers) == handlers


async def test_the_inbox_asks_for_each_thing_once(
    real: User, owner_db: asyncpg.Connection, owner: Actor, asked: list[str]
) -> None:
    customers = Customers(owner_db, owner, await factories.channel(owner_db, owner))
    talk: UUID = await customers.wrote(0, "Oi")
    asked.clear()
    await real.open(f"/inbox/{talk}")
    await listing(real, "Pessoa 0")
    twice = {request: count for request, count in Counter(asked).items() if count > 1 and not request.endswith("/presence")}
    assert not twice
