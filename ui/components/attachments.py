"""Files and recordings that wait to be sent, as one element: the browser chooses, shows, sends and records by itself.

Each file goes to this process at once and from here to the API; none is kept here. What arguments say is checked by the API: a browser
may send anything.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from nicegui import events, ui
from nicegui.element import Element

from api.contract.messages import MessageFile
from ui import session
from ui.client.base import ApiProblem, Offline, Uploaded
from ui.components import problems
from ui.i18n import _

MAX_BYTES = 100_000_000


class Chosen(msgspec.Struct, frozen=True):
    """One file as the browser tells of it; `id` once the API keeps it. `state`: sending, kept or failed."""

    tile: str
    name: str
    state: str
    size: int = 0
    type: str = ""
    id: UUID | None = None
    voice: bool = False


class _Named:
    """The same file under its own name."""

    def __init__(self, file: Uploaded, name: str) -> None:
        self._file, self.name, self.content_type = file, name, file.content_type

    def size(self) -> int:
        return self._file.size()

    def iterate(self, *, chunk_size: int = 1 << 20) -> AsyncIterator[bytes]:
        return self._file.iterate(chunk_size=chunk_size)


class Attachments(Element, component="attachments.js"):
    """`place` names where they wait. `store` keeps a file at the API, `refused` says why it cannot be sent ("": it can). `changed` is
    called when `files` are others, `spoken` with a recording that is to go at once."""

    def __init__(
        self,
        place: str,
        store: Callable[[Uploaded], Awaitable[MessageFile]],
        refused: Callable[[MessageFile], str],
        changed: Callable[[], Any],
        spoken: Callable[[Chosen], Awaitable[Any]],
    ) -> None:
        super().__init__()
        self._store, self._refused, self._changed, self._spoken = store, refused, changed, spoken
        self.files: list[Chosen] = []
        self.stored: dict[UUID, MessageFile] = {}
        with self:
            upload = ui.upload(on_upload=self._uploaded).classes("m-attach-way")
        self.props.update({"place": place, "url": upload.props["url"], "texts": _texts(), "most": MAX_BYTES})
        self.props.update({"takes": False, "speaks": False})
        self.on("changed", self._told)
        self.on("voice", self._voice)

    @property
    def busy(self) -> bool:
        return any(one.state == "sending" for one in self.files)

    def allow(self, *, files: bool, voice: bool) -> None:
        """What the channel takes."""
        if (self.props["takes"], self.props["speaks"]) != (files, voice):
            self.props.update({"takes": files, "speaks": voice})

    def take(self) -> list[Chosen]:
        """Those that can be sent; nothing waits afterwards."""
        kept = [one for one in self.files if one.state == "kept" and one.id is not None]
        self.files = []
        self.run_method("clear")
        return kept

    def restore(self, one: Chosen) -> None:
        """One that was not sent waits again."""
        self.run_method("restore", msgspec.to_builtins(one))

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        tile, _colon, name = event.file.name.partition(":")
        try:
            stored = await self._store(_Named(event.file, name))
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem) and error.status == 401:
                session.expired()
            elif not self.is_deleted:
                again = isinstance(error, Offline) or error.status >= 500 or error.status == 429
                self.run_method("fail", tile, problems.sentence(error), again)
            return
        if self.is_deleted:
            return
        self.stored[stored.id] = stored
        why = self._refused(stored)
        if why:
            self.run_method("fail", tile, why, False)
        else:
            self.run_method("done", tile, str(stored.id))

    def _told(self, event: events.GenericEventArguments) -> None:
        try:
            self.files = msgspec.convert(event.args, list[Chosen])
        except msgspec.ValidationError:
            return
        self._changed()

    async def _voice(self, event: events.GenericEventArguments) -> None:
        try:
            one = msgspec.convert(event.args, Chosen)
        except msgspec.ValidationError:
            return
        await self._spoken(one)


def _texts() -> dict[str, str]:
    return {
        "files": _("Files to be sent"),
        "remove": _("Take away"),
        "again": _("Try again"),
        "many": _("At most ten files at once."),
        "big": _("This is larger than 100 MB. Send a link to it."),
        "empty": _("This file is empty."),
        "offline": _("The file did not arrive. Check your connection and try again."),
        "voice": _("Voice message"),
        "asking": _("Allow the microphone in your browser…"),
        "cancel": _("Discard the recording"),
        "stop": _("Stop, to listen to it"),
        "send": _("Send the voice message"),
        "denied": _("The browser may not use the microphone. Allow it by the symbol beside the address, then press again."),
        "silent": _("No microphone was found. Connect one, then press again."),
        "unable": _("This browser cannot record. Use a newer one, or attach a sound file."),
    }
