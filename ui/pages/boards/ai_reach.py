"""What a board's AI may choose from when it sends a file or puts somebody into a sequence. Nothing chosen is nothing."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.cadences import CadenceRow
from api.contract.enums import CadenceState, Permission
from api.contract.proposals import BoardAi, BoardFile, LeadPolicy, LeadTool
from ui import files, session
from ui.client import cadences as cadences_client
from ui.client import messages
from ui.client.base import ApiClient, Uploaded
from ui.components.buttons import button, icon_button
from ui.components.cards import card
from ui.components.files import drop_zone
from ui.components.forms import Field, select_field, text_field
from ui.i18n import _

MOST = 20  # files
NAME, CAPTION = 120, 1000  # characters
MOST_BYTES = 16_000_000  # what WhatsApp takes of films; the channel says it of each kind again
_TAKEN = (CadenceState.RUNNING, CadenceState.PAUSED)


async def open_cadences(api: ApiClient) -> list[CadenceRow]:
    """Those that take people in; none for who may not see them."""
    if not session.current().may(Permission.CAMPAIGNS_READ):
        return []
    found: list[CadenceRow] = []
    page = await cadences_client.cadences(api)
    while True:
        found += [one for one in page.items if one.state in _TAKEN]
        if page.next_cursor is None:
            return found
        page = await cadences_client.cadences(api, page.next_cursor)


class _Row(NamedTuple):
    file_id: UUID
    name: Field[str]
    caption: Field[str]


class Reach:
    """Two cards, each there while its tool may do something."""

    def __init__(
        self, api: ApiClient, ai: BoardAi, cadences: Sequence[CadenceRow], policies: Mapping[LeadTool, Field[LeadPolicy]]
    ) -> None:
        self._api, self._policies = api, policies
        self._files = {one.file_id: one for one in ai.files}
        self._rows: list[_Row] = []
        self._may_see = session.current().may(Permission.CAMPAIGNS_READ)
        self._kept = ai.cadence_ids
        self._draw_files()
        self._draw_cadences(ai, cadences)

    @property
    def files(self) -> list[BoardFile]:
        return [
            BoardFile(file_id=row.file_id, name=(row.name.value or "").strip(), caption=(row.caption.value or "").strip())
            for row in self._rows
        ]

    @property
    def cadence_ids(self) -> list[UUID]:
        return list(self._cadences.value or []) if self._may_see else self._kept

    @property
    def names(self) -> list[Field[str]]:
        """That must be filled in."""
        return [row.name for row in self._rows]

    @property
    def fields(self) -> dict[str, Field[Any]]:
        """By the paths that the API names."""
        found: dict[str, Field[Any]] = {}
        for number, row in enumerate(self._rows):
            found |= {f"files[{number}].{part}": row.name for part in ("file_id", "name")}
            found[f"files[{number}].caption"] = row.caption
        return found | ({"cadence_ids": self._cadences} if self._may_see else {})

    # -- files

    def _draw_files(self) -> None:
        hint = _(
            "It is chosen by its name, so say what it is. The text goes along exactly as it stands here. By itself a file goes only where a persona answers."
        )
        with ui.element("div").classes("w-full") as place:
            with card(_("Files that it may send"), hint=hint):
                self._list = ui.element("div").classes("m-board-files")
                self._zone = ui.element("div").classes("w-full")
                with self._zone:
                    drop_zone(_("Drop a file here, or press"), self._upload, max_bytes=MOST_BYTES)
        self._draw_rows()
        self._follow(place, LeadTool.SEND_FILE)

    def _draw_rows(self) -> None:
        self._list.clear()
        self._rows.clear()
        with self._list:
            for one in self._files.values():
                with ui.element("div").classes("m-board-file"):
                    name = text_field(_("What it is"), one.name, limit=NAME, placeholder=_("For example: Price list 2026"))
                    caption = text_field(_("Text that goes along"), one.caption, limit=CAPTION, placeholder=_("None"))
                    with ui.element("div").classes("m-board-file-acts"):
                        ui.link(_("Look at it"), files.address(one.file_id), new_tab=True).classes("m-link")
                        icon_button("delete", _("Take out {name}").format(name=one.name), partial(self._take_out, one.file_id))
                self._rows.append(_Row(one.file_id, name, caption))
        self._zone.set_visibility(len(self._files) < MOST)

    def _keep(self) -> None:
        """What is being written stays while the list changes."""
        self._files = {one.file_id: one for one in self.files}

    async def _upload(self, file: Uploaded) -> None:
        stored = await messages.upload(self._api, file)
        self._keep()
        self._files[stored.id] = BoardFile(file_id=stored.id, name=(stored.name or "")[:NAME])
        self._draw_rows()

    def _take_out(self, file_id: UUID) -> None:
        self._keep()
        self._files.pop(file_id, None)
        self._draw_rows()

    # -- sequences

    def _draw_cadences(self, ai: BoardAi, cadences: Sequence[CadenceRow]) -> None:
        if not self._may_see:
            return
        options = {one.id: one.name for one in cadences}
        for number, gone_id in enumerate(one for one in ai.cadence_ids if one not in options):
            options[gone_id] = _("(gone)") if not number else f"{_('(gone)')} {number + 1}"
        hint = _("Only those that run. Nobody gets into one twice, and who asked for no more messages stays out.")
        with ui.element("div").classes("w-full") as place:
            with card(_("Sequences into which it may put people"), hint=hint):
                self._cadences: Field[list[UUID]] = select_field(
                    "", options, ai.cadence_ids, multiple=True, search=len(options) > 10, placeholder=_("None")
                )
                self._cadences.control.props["aria-label"] = _("Sequences into which it may put people")
                if not options:
                    self._cadences.hide()
                    ui.label(_("No sequence runs yet.")).classes("m-hint")
                    with ui.element("div").classes("m-row"):
                        button(_("Make the first sequence"), to="/cadences")
        self._follow(place, LeadTool.ADD_TO_CADENCE)

    def _follow(self, place: ui.element, tool: LeadTool) -> None:
        policy = self._policies[tool]

        def follow() -> None:
            place.set_visibility(policy.value is not LeadPolicy.NEVER)

        policy.control.on_value_change(follow)
        follow()
