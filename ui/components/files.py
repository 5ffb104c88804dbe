"""Where files are dropped. The browser streams them to this process, which hands them on to the API; none is kept here."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import events, ui

from ui import formats
from ui.client.base import Uploaded
from ui.components.text import icon, pressable
from ui.components.toast import toast
from ui.i18n import _


def drop_zone(
    text: str,
    on_file: Callable[[Uploaded], Awaitable[Any]],
    *,
    accept: str = "",
    max_bytes: int = 25_000_000,
    hint: str = "",
) -> ui.upload:
    """A field for one file: drag it there or press it. `accept` as in HTML (`.csv,.xlsx`).

    `on_file` gets name, content type, size and a stream; pass it on with `ApiClient.upload`. The size is checked in the
    browser here and again in the guard and the API.
    """

    async def uploaded(event: events.UploadEventArguments) -> None:
        zone.disable()
        status.text = _("Sending {name}…").format(name=event.file.name)
        try:
            await on_file(event.file)
        finally:
            if not (zone.is_deleted or zone.client.is_deleted):
                status.text = shown_hint
                zone.reset()
                zone.enable()

    def rejected() -> None:
        toast(_("This file cannot be used. {hint}").format(hint=shown_hint), "bad")

    shown_hint = hint or _("Up to {size}").format(size=formats.size(max_bytes))
    zone = ui.upload(auto_upload=True, max_file_size=max_bytes, on_upload=uploaded, on_rejected=rejected)
    zone.classes("m-drop").props("flat bordered")
    if accept:
        zone.props["accept"] = accept
    with zone.add_slot("header"):
        with ui.element("div").classes("m-drop-in") as inside:
            icon("upload_file")
            ui.label(text).classes("m-strong")
            status = ui.label(shown_hint).classes("m-hint")
        ui.element("q-uploader-add-trigger")  # Quasar's own file input: without it there is nothing to press
    with zone.add_slot("list"):
        ui.element("div")
    pressable(inside, lambda: None, text)
    inside.on("click", js_handler=f"() => getElement({zone.id}).$refs.qRef.pickFiles()")
    return zone
