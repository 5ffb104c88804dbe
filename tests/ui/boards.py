"""A board on the screen: what its drawing in the browser is told, and what it tells."""

import json
import re
from typing import Any

from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from tests.ui.interactions import until
from ui.components.board import Board

_TOLD = re.compile(r'return runMethod\(\d+, "(?P<name>\w+)", (?P<given>.*)\)', re.DOTALL)
Told = list[tuple[str, list[Any]]]


async def opened(user: User, path: str) -> Told:
    """Opens a board; what its drawing in the browser is told from then on."""
    told: Told = []
    page = await user.open(path)
    emit = page.outbox._emit

    async def overheard(message: Any) -> None:
        await emit(message)
        if message[1] == "run_javascript" and (match := _TOLD.match(message[2]["code"])):
            told.append((match["name"], json.loads(match["given"])))

    page.outbox._emit = overheard  # type: ignore[method-assign]
    await user.should_see(Board)
    return told


def drawn(user: User) -> Board:
    assert user.client is not None
    return next(element for element in user.client.elements.values() if isinstance(element, Board))


def says(user: User, name: str, given: Any) -> None:
    """The browser's board tells something."""
    UserInteraction(user, {drawn(user)}, None).trigger(name, given)


def named(told: Told, name: str) -> list[list[Any]]:
    return [given for known, given in told if known == name]


async def came(told: Told, name: str) -> list[Any]:
    """Waits until the board was told this, and gives what it was told last."""

    async def there() -> bool:
        return bool(named(told, name))

    await until(there)
    return named(told, name)[-1]
