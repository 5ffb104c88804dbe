"""What stands beside the draft: a talk, and the test cases."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from nicegui import ui

from api.contract.personas import TrialAnswer, TrialLine
from ui.client.base import ApiClient
from ui.i18n import _
from ui.pages.personas.cases import Cases
from ui.pages.personas.document import Document
from ui.pages.personas.talk import Talk


def draw_try(api: ApiClient, persona_id: UUID, doc: Document, *, tests: bool = False) -> Callable[[], Awaitable[None]]:
    """Beside the draft: a talk, and the test cases (`tests`: those first). What it returns shows the test cases as they are now."""

    def show(talk: bool) -> None:
        for on, tab, place in ((talk, one, talking), (not talk, two, testing)):
            tab.classes(add="m-tab-on" if on else "", remove="" if on else "m-tab-on")
            tab.props["aria-selected"] = "true" if on else "false"
            place.set_visibility(on)

    def keep(lines: list[TrialLine], answer: TrialAnswer) -> None:
        cases.new(lines, answer)
        show(False)

    with ui.element("section").classes("m-card m-card-flush m-persona-try"):
        with ui.element("div").classes("m-tabs m-persona-try-tabs").props("role=tablist"):
            with ui.element("button").classes("m-tab").props("type=button role=tab") as one:
                ui.label(_("Try it"))
            with ui.element("button").classes("m-tab").props("type=button role=tab") as two:
                ui.label(_("Test cases"))
        one.on("click", lambda: show(True), [])
        two.on("click", lambda: show(False), [])
        with ui.element("div").classes("m-persona-pane") as talking:
            Talk(api, persona_id, doc, keep)
        with ui.element("div").classes("m-persona-pane") as testing:
            cases = Cases(api, persona_id, doc)
    show(not tests)

    async def look() -> None:
        show(False)
        await cases.refresh()

    return look
