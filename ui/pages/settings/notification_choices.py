"""The part of the settings page where a person chooses, for each kind, by which ways they hear of it. Saved as soon as it is pressed."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from api.contract.enums import NotificationKind, Permission
from api.contract.notifications import NotificationChoice, NotificationChoiceSet
from ui import session
from ui.client import notifications as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.cards import card
from ui.components.states import load, skeleton_list
from ui.components.text import Text
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import notifications as labels

K = NotificationKind
Change = Callable[[NotificationChoice, str, bool], Awaitable[None]]


def draw_choices() -> None:
    api = session.current().api
    place = load(lambda: client.choices(api), lambda found: _draw(found, change), lambda: skeleton_list(6))

    async def change(one: NotificationChoice, way: str, on: bool) -> None:
        ways = {"in_app": one.in_app, "push": one.push, "mail": one.mail, way: on}
        try:
            await client.choose(api, NotificationChoiceSet(kind=one.kind, **ways))
        except (ApiProblem, Offline) as error:
            toast(problems.sentence(error), "bad")
        await place.refresh()


def _draw(found: list[NotificationChoice], change: Change) -> None:
    ways = {"in_app": _("Here"), "push": _("Browser"), "mail": _("Mail")}
    hint = _(
        "Here: behind the bell. Browser: in those below, also while Master IA is closed. Mail: when you did not read it within five minutes."
    )
    with card(_("What I hear of, and how"), hint=hint), ui.element("table").classes("m-ways"):
        with ui.element("thead"), ui.element("tr"):
            Text("td", "")
            for name in ways.values():
                Text("th", name).props["scope"] = "col"
        with ui.element("tbody"):
            for one in found:
                if one.kind is K.NOTICE and not session.current().may(Permission.COMPANY_WRITE):
                    continue
                _row(one, ways, change)


def _row(one: NotificationChoice, ways: dict[str, str], change: Change) -> None:
    name, hint = labels.kind(one.kind)
    with ui.element("tr"):
        with ui.element("th").props("scope=row"):
            ui.label(name)
            if hint:
                ui.label(hint).classes("m-hint")
        for way, said in ways.items():
            fixed = way == "mail" and one.kind in (K.NOTICE, K.CALL)
            with ui.element("td"):
                tick = ui.checkbox(value=getattr(one, way)).props("dense size=sm")
                tick.props["aria-label"] = f"{name}: {said}"
                tick.set_enabled(not fixed)
                tick.on_value_change(partial(_changed, one, way, change))


async def _changed(one: NotificationChoice, way: str, change: Change, event: ValueChangeEventArguments[bool]) -> None:
    await change(one, way, bool(event.value))
