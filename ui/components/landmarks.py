"""The one main landmark of a page."""

from nicegui import ui


def main(classes: str) -> ui.element:
    """A `main` for what the page is about. Quasar's own, which is drawn around everything, becomes a plain box."""
    around = ui.context.client.content.parent_slot
    assert around is not None
    around.parent.tag = "div"
    around.parent.classes("q-page")
    return ui.element("main").classes(classes)
