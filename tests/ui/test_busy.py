"""What works on something says so, takes no second press meanwhile, and ends whatever comes of it."""

import asyncio
from typing import Any

from nicegui import ui
from nicegui.testing import User

from tests.ui.interactions import true_of, until
from ui.client.base import Offline
from ui.components.buttons import button
from ui.components.states import load


async def test_a_button_is_busy_while_its_handler_runs(user: User) -> None:
    runs, go = list[str](), asyncio.Event()

    async def handler() -> None:
        runs.append("began")
        await go.wait()
        raise Offline

    await user.open("/_gallery?tab=phones")
    with user:
        pressed = button("Do it", handler)
    user.find("Do it").click()
    await until(lambda: true_of(lambda: runs == ["began"]))
    assert (pressed.enabled, "loading" in pressed.props) == (False, True)
    user.find("Do it").click()  # a second press meanwhile is none
    go.set()
    await until(lambda: true_of(lambda: pressed.enabled))
    assert "loading" not in pressed.props
    assert runs == ["began"]


async def test_a_loader_says_that_it_is_busy_until_there_is_an_answer(user: User) -> None:
    go, answers = asyncio.Event(), list[Any](["there", Offline()])

    async def fetch() -> str:
        await go.wait()
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    await user.open("/_gallery?tab=phones")
    with user:
        loader = load(fetch, ui.label, lambda: ui.label("skeleton"))
    assert loader.element.props["aria-busy"] == "true"
    go.set()
    await user.should_see("there", retries=10)
    assert loader.element.props["aria-busy"] == "false"
    with user:
        await loader.refresh()
    await user.should_see("Não foi possível carregar", retries=10)
    assert loader.element.props["aria-busy"] == "false"
