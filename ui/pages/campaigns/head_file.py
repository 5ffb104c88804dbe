"""The picture, film or PDF that goes with each message of a campaign: which one, and another one in its place."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.channels import Template
from ui import files, session
from ui.client import messages
from ui.client.base import Uploaded
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.files import drop_zone
from ui.components.text import icon
from ui.i18n import _
from ui.labels import templates as template_labels

TYPES = {"image": ".jpg,.jpeg,.png", "video": ".mp4", "document": ".pdf"}
MOST = {"image": 5_000_000, "video": 16_000_000, "document": 16_000_000}
ICONS = {"image": "image", "video": "movie", "document": "picture_as_pdf"}


class HeadFile:
    """A card. `change(header_file_id=…)` when another one is chosen; `link`: an address that was bound instead, which a file replaces."""

    def __init__(
        self, template: Template, chosen: UUID | None, link: str, change: Callable[..., Any], unlink: Callable[[], Any]
    ) -> None:
        self._template, self._chosen, self._link = template, chosen, link
        self._change, self._unlink = change, unlink
        self._form = template_labels.head(template)
        self._name = ""
        heading = {"image": _("Picture at the head"), "video": _("Film at the head"), "document": _("PDF at the head")}[
            self._form
        ]
        with card(heading, hint=_("It goes out with every message of this campaign.")):
            self._place = ui.element("div").classes("m-headfile")
            self._zone = ui.element("div").classes("w-full")
        self._draw()

    def _draw(self) -> None:
        self._place.clear()
        self._zone.clear()
        own = self._chosen is not None and self._chosen == self._template.header_file_id
        with self._place:
            if self._link:
                icon("link")
                ui.label(self._link).classes("m-clip")
            elif self._chosen is None:
                icon("error").classes("m-tone-bad")
                ui.label(_("Choose the file: without it nothing can go out.")).classes("m-strong")
            else:
                if self._form == "image":
                    ui.element("img").props.update({"src": files.address(self._chosen), "alt": _("The picture that goes out")})
                else:
                    icon(ICONS[self._form])
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(self._name or (_("The one that WhatsApp reviewed") if own else _("Your own file"))).classes(
                        "m-strong m-clip"
                    )
                    ui.link(_("Look at it"), files.address(self._chosen), new_tab=True).classes("m-link")
                if not own and self._template.header_file_id is not None:
                    button(_("Take the reviewed one"), self._back, kind="plain")
        text = _("Drop a file here, or press") if self._chosen is None else _("Another file: drop it here, or press")
        hint = {"image": _("JPEG or PNG, up to 5 MB"), "video": _("MP4, up to 16 MB"), "document": _("PDF, up to 16 MB")}[
            self._form
        ]
        with self._zone:
            drop_zone(text, self._upload, accept=TYPES[self._form], max_bytes=MOST[self._form], hint=hint)

    async def _upload(self, file: Uploaded) -> None:
        stored = await messages.upload(session.current().api, file)
        self._name = stored.name or ""
        self._take(stored.id)

    def _back(self) -> None:
        self._name = ""
        self._take(self._template.header_file_id)

    def _take(self, file_id: UUID | None) -> None:
        self._chosen = file_id
        if self._link:
            self._link = ""
            self._unlink()
        self._change(header_file_id=file_id)
        self._draw()
