"""What WhatsApp would say to a template that is being written, beside it."""

from collections.abc import Sequence

from nicegui import ui

from ui.components.text import icon


class Said:
    """Read aloud as it changes."""

    def __init__(self) -> None:
        self._place = ui.element("div").classes("m-col m-near w-full")
        self._place.props["aria-live"] = "polite"

    def draw(self, lines: Sequence[tuple[str, str, str]] = ()) -> None:
        """Icon, tone and sentence of each."""
        if self._place.is_deleted:
            return
        self._place.clear()
        with self._place:
            for name, tone, text in lines:
                with ui.element("div").classes(f"m-tplsaid m-tone-{tone}"):
                    icon(name)
                    ui.label(text)
