"""What a page takes in memory: nothing is listed beside its elements."""

import gc
from weakref import KeyedRef

from nicegui import binding, ui
from nicegui.testing import User


async def test_elements_are_not_listed_for_what_could_be_bound(ana: User) -> None:
    client = await ana.open("/team")
    gc.collect()
    before = sum(type(one) is KeyedRef for one in gc.get_objects())
    with client:
        made = [ui.label(f"{number}") for number in range(300)]
    client.outbox.updates.clear()
    for one in made:
        one.text += "!"
    client.outbox.updates.clear()
    assert sum(type(one) is KeyedRef for one in gc.get_objects()) < before + 100


async def test_what_nicegui_binds_by_itself_follows_without_being_looked_at(ana: User) -> None:
    client = await ana.open("/team")
    links = len(binding.active_links)
    with client:
        day = ui.date_input("Dia")
    day.value = "2026-03-02"
    assert day.picker.value == "2026-03-02"
    day.picker.value = "2026-03-03"
    assert day.value == "2026-03-03"
    assert len(binding.active_links) == links
