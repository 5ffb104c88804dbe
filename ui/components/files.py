"""Where files are dropped. The browser streams them to this process, which hands them on to the API; none is kept here."""

import asyncio
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
    many: bool = False,
) -> ui.upload:
    """A field for one file, or for several (`many`): drag it there or press it. `accept` as in HTML (`.csv,.xlsx`).

    `on_file` gets name, content type, size and a stream; pass it on with `ApiClient.upload`. The size is checked in the
    browser here and again in the guard and the API. What is refused, by the browser or the API, stays written in the field
    until the next file; `wrong_kind` says it of a file that `accept` leaves out. Of several files one is handed on at a time, and
    one that is refused keeps none of the others back.
    """
    return _DropZone(text, on_file, accept, max_bytes, hint, wrong_kind, many=many).zone


class _DropZone:
    def __init__(
        self,
        text: str,
        on_file: Callable[[Uploaded], Awaitable[Any]],
        accept: str,
        max_bytes: int,
        hint: str,
        wrong_kind: str,
        *,
        many: bool,
    ) -> None:
        self._on_file, self._max_bytes, self._many = on_file, max_bytes, many
        self._hint = hint or _("Up to {size}").format(size=formats.size(max_bytes))
        self._wrong_kind = wrong_kind or _("This file cannot be used. {hint}").format(hint=self._hint)
        self._going, self._turn = 0, asyncio.Lock()
        self._left_out = False  # of the files that come together the browser refuses some before it sends the others
        self._refused: list[str] = []
        self.zone = zone = ui.upload(auto_upload=True, max_file_size=max_bytes, on_upload=self._uploaded, multiple=many)
        names = "(files) => emit(files.map(one => [one.file.name, one.failedPropValidation]))"
        zone.on("rejected", self._rejected, js_handler=names)
        if many:  # the browser forgets its list once it has sent all of it; files that come meanwhile are in it
            zone.on("finish", js_handler=f"() => getElement({zone.id}).$refs.qRef.reset()")
        zone.classes("m-drop").props("flat bordered")
        if accept:
            zone.props["accept"] = accept
        with zone.add_slot("header"):
            with ui.element("div").classes("m-drop-in") as inside:
                icon("upload_file")
                ui.label(text).classes("m-strong")
                self._status = ui.label(self._hint).classes("m-hint")
                self._refusal = ui.label().classes("m-field-error m-text").props("role=alert")
                self._refusal.set_visibility(False)
            ui.element("q-uploader-add-trigger")  # Quasar's own file input: without it there is nothing to press
        with zone.add_slot("list"):
            ui.element("div")
        pressable(inside, lambda: None)
        inside.on("click", js_handler=f"() => getElement({zone.id}).$refs.qRef.pickFiles()")

    def _begin(self) -> None:
        if not (self._going or self._left_out):
            self._refused.clear()
            self._refusal.set_visibility(False)
        self._left_out = False

    def _refuse(self, sentence: str, name: str) -> None:
        self._refused.append(f"{name}: {sentence}" if self._many else sentence)
        self._refusal.text = "\n".join(self._refused)
        self._refusal.set_visibility(True)

    def _rejected(self, event: events.GenericEventArguments) -> None:
        self._left_out = False
        self._begin()
        for name, why in event.args if self._many else event.args[:1]:
            if why == "max-file-size":
                sentence = problems.said(RequestError.FILE_TOO_LARGE, {"most_mb": self._max_bytes // 1_000_000})
            else:
                sentence = self._wrong_kind
            self._refuse(sentence, name)
        self._left_out = self._many

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        self._begin()
        self._going += 1
        if not self._many:
            self.zone.disable()
        try:
            async with self._turn:
                self._status.text = _("Sending {name}…").format(name=event.file.name)
                await self._on_file(event.file)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem) and error.status == 401:
                session.expired()
            elif not self.zone.is_deleted:
                self._refuse(problems.sentence(error), event.file.name)
        finally:
            self._going -= 1
            if not (self._going or self.zone.is_deleted or self.zone.client.is_deleted):
                self._settle()

    def _settle(self) -> None:
        self._status.text = self._hint
        if not self._many:
            self.zone.reset()
            self.zone.enable()
