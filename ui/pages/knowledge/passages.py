"""The text of a source as it is found: in passages, the first ones at once and the others on demand."""

from nicegui import ui

from api.contract.base import Page
from api.contract.enums import SourceState
from api.contract.knowledge import KnowledgePassage, KnowledgeSource
from ui import formats, session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import Text, safe_link
from ui.i18n import _


class Passages:
    def __init__(self, source: KnowledgeSource) -> None:
        self._api, self._source = session.current().api, source
        self._next: str | None = None
        self._place: Loader[Page[KnowledgePassage]] = load(self._fetch, self._draw, skeleton_list)

    async def refresh(self, source: KnowledgeSource) -> None:
        self._source = source
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> Page[KnowledgePassage]:
        return await client.passages(self._api, self._source.id)

    def _draw(self, found: Page[KnowledgePassage]) -> None:
        hint = _("Answers are given from these pieces. Each is found by itself.")
        with card(_("What can be found"), hint=hint, flush=True):
            if not found.items:
                self._draw_blank()
                return
            self._list = ui.element("ol").classes("m-know-found")
            self._foot = ui.element("div").classes("m-foot")
            with self._foot:
                button(_("Show more"), self._more, kind="plain").classes("m-end")
            self._append(found)

    def _draw_blank(self) -> None:
        if self._source.state in (SourceState.QUEUED, SourceState.READING):
            empty("hourglass_top", _("It is being read"), _("Its text appears here in a moment."))
        else:
            empty("search_off", _("Nothing of it can be found"), _("It has no text, or it could not be read."))

    def _append(self, found: Page[KnowledgePassage]) -> None:
        self._next = found.next_cursor
        with self._list:
            for passage in found.items:
                with ui.element("li").classes("m-know-passage"):
                    _draw_passage(passage)
        self._foot.set_visibility(found.next_cursor is not None)

    async def _more(self) -> None:
        try:
            found = await client.passages(self._api, self._source.id, self._next)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        if not self._list.is_deleted:
            self._append(found)


def _draw_passage(passage: KnowledgePassage) -> None:
    if passage.heading or passage.page is not None or passage.url:
        with ui.element("div").classes("m-row m-near items-baseline m-wrap"):
            if passage.heading:
                ui.label(passage.heading).classes("m-strong m-text")
            if passage.page is not None:
                ui.label(_("page {n}").format(n=formats.number(passage.page))).classes("m-hint")
            if passage.url:
                safe_link(_("Open the page"), passage.url)
    Text("p", passage.body, "m-text")
