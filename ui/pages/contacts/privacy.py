"""What a person may ask for about their data, in the menu of their contact: a file of everything, and to be erased."""

from contextlib import AsyncExitStack
from functools import partial
from uuid import UUID

from fastapi.responses import RedirectResponse, Response, StreamingResponse
from nicegui import ui

from api.contract.enums import ExportState, Permission
from api.contract.events import ContactExportProgress
from ui import live, session
from ui.client import privacy as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components.buttons import button
from ui.components.confirm import confirm, dialog
from ui.components.menus import Choice
from ui.components.progress import Progress, progress
from ui.components.text import Text
from ui.components.toast import toast
from ui.files import pieces
from ui.i18n import _, preferences
from ui.routing import page


@page("/contacts/exports/{export_id:uuid}/file", permission=Permission.CONTACTS_EXPORT)
async def file(export_id: UUID) -> Response:
    """The ZIP, handed on."""
    api = session.current().api
    ui.context.client.delete()
    stack = AsyncExitStack()
    try:
        found = await client.export(api, export_id)
        if found.url is None:
            return Response("not found", 404, media_type="text/plain")
        if not found.url.startswith("/"):
            return RedirectResponse(found.url, 307)
        answer = await stack.enter_async_context(ApiClient().download(found.url))  # the address says who may read it
    except (ApiProblem, Offline) as problem:
        await stack.aclose()
        return Response(str(problem), problem.status if isinstance(problem, ApiProblem) else 503, media_type="text/plain")
    headers = {name: answer.headers[name] for name in ("content-disposition", "content-length") if name in answer.headers}
    return StreamingResponse(
        pieces(stack, answer), headers={**headers, "Cache-Control": "no-store"}, media_type="application/zip"
    )


def choices(contact_id: UUID) -> list[Choice]:
    """Lines of the contact's menu that the reader may choose."""
    me = session.current()
    found = []
    if me.may(Permission.CONTACTS_EXPORT):
        found.append(Choice(_("Download all data"), partial(_export, me.api, contact_id), "folder_zip"))
    if me.may(Permission.PRIVACY_WRITE):
        found.append(Choice(_("Erase all data"), partial(_erase, me.api, contact_id), "person_off", danger=True, line=True))
    return found


async def _export(api: ApiClient, contact_id: UUID) -> None:
    started = await client.start_export(api, contact_id, "pt-BR" if preferences().language == "pt-BR" else "en")
    _Making(api, started.id)


class _Making:
    """A dialog that shows how far the file is, and hands it out."""

    def __init__(self, api: ApiClient, export_id: UUID) -> None:
        self._api, self._id = api, export_id
        text = _("A ZIP with everything you keep about this person: a page to read, the data for computers, and the files.")
        with dialog(_("Download all data"), text) as self._box:
            self._place = ui.element("div").classes("m-col w-full")
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Close"), self._box.close, kind="plain")
        self._bar: Progress | None = None
        with self._place:
            self._bar = progress(0, 0)
        live.on(ContactExportProgress, self._moved)
        ui.timer(3.0, self._look)  # an event may have been before we listened
        self._box.open()
        self._over = False

    async def _moved(self, event: ContactExportProgress) -> None:
        if event.export_id == self._id:
            self._show(event.state, event.processed, event.total)

    async def _look(self) -> None:
        if not self._over and not self._box.is_deleted:
            found = await client.export(self._api, self._id)
            self._show(found.state, found.processed, found.total)

    def _show(self, state: ExportState, processed: int, total: int) -> None:
        if self._over or self._place.is_deleted:
            return
        if state is ExportState.WAITING:
            if self._bar is not None:
                self._bar.set(processed, total)
            return
        self._over = True
        self._place.clear()
        with self._place:
            if state is ExportState.DONE:
                Text("p", _("Ready. The file is kept for a day. It holds private data: give it only to the person."), "m-sub")
                link = button(_("Download"), icon="download", kind="primary", to=f"/contacts/exports/{self._id}/file")
                link.props["download"] = ""
            else:
                Text("p", _("The file could not be made. Close this and try again."), "m-sub")


async def _erase(api: ApiClient, contact_id: UUID) -> None:
    sure = await confirm(
        _("Erase all data of this person?"),
        _("For when the person asks for it. There is no way back."),
        yes=_("Erase for good"),
        danger=True,
        more=[
            _("Messages, files, notes, addresses and what the AI wrote are deleted. What is waiting to be sent is cancelled."),
            _("Lists and integrations cannot bring the person back. If they write to you, you can answer."),
            _("A signed receipt is kept under Settings, Privacy."),
        ],
    )
    if sure:
        await client.erase(api, contact_id)
        toast(_("The data is being erased."))
        ui.navigate.to("/contacts")
