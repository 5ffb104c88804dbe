"""What a person does on a page that `User` has no word for: press a card or a chip, fill the field under a label."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.value_element import ValueElement
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.events import Event
from ui import live
from ui.components.menus import Lines
from ui.components.text import Text


def press(user: User, text: str) -> None:
    """Clicks the smallest pressable that has the text in it: a chip, a card, a line."""
    assert user.client is not None
    found = [
        element
        for element in user.client.elements.values()
        if "data-press" in element.props
        and any(getattr(inner, "text", "") == text for inner in [element, *element.descendants()])
    ]
    assert found, text
    UserInteraction(user, {min(found, key=lambda element: len(list(element.descendants())))}, None).click()


def field(user: User, label: str) -> ValueElement[Any]:
    """The control under a label; of several the newest, which is the one in the open dialog."""
    assert user.client is not None
    elements = user.client.elements
    marks = [one for one in elements.values() if isinstance(one, Text) and one.tag == "label" and one.text == label]
    assert marks, label
    wanted = max(marks, key=lambda one: one.id).props["for"]
    return next(one for one in elements.values() if one.props.get("for") == wanted and isinstance(one, ValueElement))


def click(user: User, text: str) -> None:
    """The newest enabled button that says this, and no more where there is one: dialogs are drawn after the page."""
    buttons = [one for one in user.find(kind=ui.button, content=text).elements if one.enabled]
    exact = [one for one in buttons if one.text == text]
    UserInteraction(user, {max(exact or buttons, key=lambda one: one.id)}, None).click()


def choose(user: User, text: str) -> None:
    """Presses the line of a menu that says this, in the newest menu where several do."""
    assert user.client is not None
    menus = [one for one in user.find(kind=Lines).elements if any(entry.text == text for entry in one.entries)]
    press_line(max(menus, key=lambda one: one.id), text)


def press_line(menu: Lines, text: str) -> None:
    """The line of this menu, as the browser tells of it."""
    at = next(number for number, entry in enumerate(menu.entries) if entry.text == text)
    [listener] = [one for one in menu._event_listeners.values() if one.type == "choose"]
    menu.client.handle_event({"id": menu.id, "listener_id": listener.id, "args": [f"{at}"]})


def hear(event: Event) -> None:
    """The event as it comes from the API, to every page that is open."""
    frame = msgspec.json.encode({"id": "1-0", "type": event.type, "at": "2026-03-02T14:05:00Z", "data": event})
    for hub in live._hubs.values():
        hub._take(frame)


async def press_labelled(user: User, label: str) -> None:
    """Presses the button of this name, once the page has it."""

    async def there() -> set[Element]:
        assert user.client is not None
        return {one for one in user.client.elements.values() if one.props.get("aria-label") == label}

    UserInteraction(user, await until(there), None).click()


async def true_of(check: Callable[[], bool]) -> bool:
    """For `until`, of what needs no waiting by itself."""
    return check()


async def until(check: Callable[[], Awaitable[Any]], seconds: float = 30.0) -> Any:
    """Waits for something true; fails with what there was last."""
    for _try in range(int(seconds / 0.05)):
        found = await check()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)
