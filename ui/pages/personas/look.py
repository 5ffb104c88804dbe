"""A persona's name and how it looks: picture, emoji, colour. Holds at once."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from api.contract.personas import Persona, PersonaPatch
from api.contract.problems import PersonaField
from ui import formats
from ui.client import personas as client
from ui.client.base import ApiClient, ApiProblem, Offline, Uploaded
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.confirm import dialog
from ui.components.files import drop_zone
from ui.components.forms import filled, select_field, text_field
from ui.components.persona_face import persona_avatar
from ui.components.text import Text
from ui.i18n import _
from ui.labels import boards as board_labels

MAX_BYTES = 10_000_000
ENDINGS = ".jpg,.jpeg,.png,.webp,.gif"


class Look:
    """The dialog. `changed` is called with what the API answers. `_seen` is what its fields began with: what is saved is compared with it."""

    def __init__(self, api: ApiClient, persona: Persona, changed: Callable[[Persona], Awaitable[None]]) -> None:
        self._api, self._seen, self._changed = api, persona, changed
        with dialog(_("Name and picture"), _("Holds at once.")) as self.box:
            with ui.element("div").classes("m-face-row"):
                self._face = ui.element("div").classes("m-row m-near")
                with ui.element("div").classes("m-grow"):
                    hint = _("JPEG, PNG, WebP or GIF, up to {size}. The middle is shown.").format(size=formats.size(MAX_BYTES))
                    drop_zone(
                        _("Drop a picture here, or press to choose one"), self._upload, accept=ENDINGS, max_bytes=MAX_BYTES,
                        hint=hint, wrong_kind=problems.said(PersonaField.PICTURE),
                    )  # fmt: skip
            self._below = ui.element("div").classes("w-full")
            self._name = text_field(_("Name"), persona.name, limit=60, on_enter=self._save)
            with ui.element("div").classes("m-lp-pair"):
                self._emoji = text_field(_("Emoji"), persona.emoji, limit=16, hint=_("Without a picture. Empty: its initials."))
                self._color = select_field(_("Colour"), board_labels.stage_colors(), persona.color)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), self.box.close, kind="plain")
                button(_("Save"), self._save, kind="primary")
        self.show(persona)
        self.box.open()

    def show(self, persona: Persona) -> None:
        """What became of it meanwhile: the picture, and what nobody touched here. What is typed stays; where a colleague changed the same, it
        cannot be saved over it (412)."""
        mine = (
            (self._name, self._seen.name, persona.name),
            (self._emoji, self._seen.emoji, persona.emoji),
            (self._color, self._seen.color, persona.color),
        )
        if not any(was != now and field.value not in (was, now) for field, was, now in mine):
            self._seen = persona
            for field, was, now in mine:
                if field.value == was:
                    field.value = now
        self._face.clear()
        with self._face:
            persona_avatar(persona.name, persona.emoji, persona.color, "big", of=persona.id, picture_id=persona.picture_id)
        self._below.clear()
        with self._below:
            if persona.picture_waits:
                Text("p", _("The picture is being cut. It appears in a moment."), "m-hint").props("role=status")
            elif persona.picture_failed:
                with note("bad", _("That picture cannot be opened. Choose another one."), name="error"):
                    pass
            if persona.picture_id is not None:
                button(_("Take the picture away"), self._remove, kind="plain", icon="delete")

    async def _take(self, persona: Persona) -> None:
        self.show(persona)
        await self._changed(persona)

    async def _upload(self, file: Uploaded) -> None:
        await self._take(await client.upload_picture(self._api, self._seen.id, file))

    async def _remove(self) -> None:
        try:
            await client.remove_picture(self._api, self._seen.id)
            await self._take(await client.persona(self._api, self._seen.id))
        except (ApiProblem, Offline) as error:
            problems.show(error)

    async def _save(self) -> None:
        if not filled([self._name]):
            return
        emoji = (self._emoji.value or "").strip()
        body = PersonaPatch(name=self._name.value.strip(), emoji=emoji, color=self._color.value)
        try:
            found = await client.change(self._api, self._seen, body)
        except (ApiProblem, Offline) as error:
            problems.show_in({"name": self._name, "emoji": self._emoji}, error)
            return
        self.box.close()
        await self._changed(found)
