"""Publishing a draft, and the versions that there were."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.personas import Persona, PersonaVersion, PersonaVersionDetail
from ui import formats
from ui.client import personas as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import item
from ui.components.confirm import dialog
from ui.components.forms import text_field
from ui.components.states import empty, load, skeleton_list
from ui.components.text import Text, badge
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.pages.personas.changes import changes, draw_changes
from ui.pages.personas.document import Document
from ui.pages.personas.tested import Tested


def ask_to_publish(
    api: ApiClient,
    persona: Persona,
    doc: Document,
    names: Mapping[UUID, str],
    published: Callable[[Persona], Awaitable[None]],
    refused: Callable[[ApiProblem], Awaitable[None]],
) -> None:
    """A dialog with what changes for customers. What it shows is what is published: a draft that somebody saves meanwhile is refused."""
    before, shown = doc.draft.published, doc.draft.version

    async def publish() -> None:
        try:
            now = await client.publish(api, persona.id, (note.value or "").strip(), shown)
        except ApiProblem as error:
            box.close()
            await refused(error)
            return
        except Offline as error:
            problems.show(error)
            return
        box.close()
        toast(_("Version {n} is published.").format(n=now.published_number))
        await published(now)

    text = _("New conversations get this version. Those that run keep the one with which they began.")
    with dialog(_("Publish {name}?").format(name=persona.name), text, wide=True) as box:
        if before is None:
            Text("p", _("It is the first version."), "m-hint")
        else:
            found = changes(before, doc.config, names)
            ui.label(ngettext("{n} change", "{n} changes", len(found)).format(n=len(found))).classes("m-label")
            draw_changes(found)
        Tested(api, persona.id)
        note = text_field(_("What is new (for your colleagues)"), limit=300, placeholder=_("Free shipping from R$ 200"))
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Publish"), publish, kind="primary")
    box.open()


def show_history(
    api: ApiClient, persona: Persona, doc: Document, names: Mapping[UUID, str], restored: Callable[[], Awaitable[None] | None]
) -> None:
    """All versions; of one that is pressed, what restoring it would change in the draft."""

    async def look(one: PersonaVersion) -> None:
        try:
            detail = await client.version(api, persona.id, one.id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        with dialog(_("Version {n}").format(n=one.number), _said(one), wide=True) as second:
            ui.label(_("If it is restored, the draft changes like this:")).classes("m-label")
            draw_changes(changes(doc.config, detail.config, names))
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Close"), second.close, kind="plain")
                button(_("Restore as draft"), partial(restore, detail, second), kind="primary", icon="restore")
        second.open()

    async def restore(detail: PersonaVersionDetail, second: ui.dialog) -> None:
        try:
            if not await doc.flush():
                return
            doc.take(await client.restore(api, persona.id, detail.id, doc.draft.version))
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        second.close()
        box.close()
        toast(_("Version {n} is the draft now. Publish it to use it.").format(n=detail.number))
        result = restored()
        if result is not None:
            await result

    def draw(found: Page[PersonaVersion]) -> None:
        if not found.items:
            empty("history", _("No version yet"), _("Each time that you publish, a version is kept here."))
            return
        with ui.element("div").classes("m-col m-tight w-full"):
            for one in found.items:
                with item(on_click=partial(look, one)):
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(_("Version {n}").format(n=one.number)).classes("m-strong")
                        ui.label(_said(one)).classes("m-hint m-clip")
                    if one.is_published:
                        badge(_("Serves now"), "ok")

    with dialog(_("History of {name}").format(name=persona.name), wide=True) as box:
        load(lambda: client.versions(api, persona.id), draw, lambda: skeleton_list(3))
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="plain")
    box.open()


def _said(one: PersonaVersion) -> str:
    parts = [formats.moment(one.created_at)]
    if one.created_by is not None and one.created_by.name:
        parts.append(one.created_by.name)
    if one.note:
        parts.append(one.note)
    return " · ".join(parts)
