"""Where files are dropped. The browser streams them to this process, which hands them on to the API; none is kept here."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import events, ui

from api.contract.problems import RequestError
from ui import formats, session
from ui.client.base import ApiProblem, Offline, Uploaded
from ui.components import problems
from ui.components.text import icon, pressable
from ui.i18n import _


def drop_zone(
    text: str,
    on_file: Callable[[Uploaded], Awaitable[Any]],
    *,
    accept: str = "",
    max_bytes: int = 25_000_000,
    hint: str = "",
    wrong_kind: str = "",
) -> ui.upload:
    """A field for one file: drag it there or press it. `accept` as in HTML (`.csv,.xlsx`).

    `on_file` gets name, content type, size and a stream; pass it on with `ApiClient.upload`. The size is checked in the
    browser here and again in the guard and the API. What is refused, by the browser or the API, stays written in the field
    until the next file; `wrong_kind` says it of a file that `accept` leaves out.
    """

    def refuse(sentence: str) -> None:
        refusal.text = sentence
        refusal.set_visibility(bool(sentence))

    async def uploaded(event: events.UploadEventArguments) -> None:
        refuse("")
        zone.disable()
        status.text = _("Sending {name}…").format(name=event.file.name)
        try:
            await on_file(event.file)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem) and error.status == 401:
                session.expired()
            elif not zone.is_deleted:
                refuse(problems.sentence(error))
        finally:
            if not (zone.is_deleted or zone.client.is_deleted):
                status.text = shown_hint
                zone.reset()
                zone.enable()

    def rejected(event: events.GenericEventArguments) -> None:
        if event.args == "max-file-size":
            refuse(problems.said(RequestError.FILE_TOO_LARGE, {"most_mb": max_bytes // 1_000_000}))
        else:
            refuse(wrong_kind or _("This file cannot be used. {hint}").format(hint=shown_hint))

    shown_hint = hint or _("Up to {size}").format(size=formats.size(max_bytes))
    zone = ui.upload(auto_upload=True, max_file_size=max_bytes, on_upload=uploaded)
    zone.on("rejected", rejected, js_handler="(files) => emit(files[0].failedPropValidation)")
    zone.classes("m-drop").props("flat bordered")
    if accept:
        zone.props["accept"] = accept
    with zone.add_slot("header"):
        with ui.element("div").classes("m-drop-in") as inside:
            icon("upload_file")
            ui.label(text).classes("m-strong")
            status = ui.label(shown_hint).classes("m-hint")
            refusal = ui.label().classes("m-field-error").props("role=alert")
            refusal.set_visibility(False)
        ui.element("q-uploader-add-trigger")  # Quasar's own file input: without it there is nothing to press
    with zone.add_slot("list"):
        ui.element("div")
    pressable(inside, lambda: None)
    inside.on("click", js_handler=f"() => getElement({zone.id}).$refs.qRef.pickFiles()")
    return zone
