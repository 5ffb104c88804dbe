"""One base: its sources, what nobody could answer, a question to try, its settings. The head stands still while tabs change."""

from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.enums import Permission
from api.contract.events import KnowledgeBaseChanged, KnowledgeGapsChanged, KnowledgeSourceChanged
from api.contract.knowledge import KnowledgeBase
from ui import live, session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline
from ui.components.frame import Frame, frame
from ui.components.progress import Tabs, tabs
from ui.components.states import Loader, gone, load, skeleton_card
from ui.components.text import badge, pressable, say
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import knowledge as labels
from ui.pages.knowledge.gaps import Gaps
from ui.pages.knowledge.settings import draw_settings
from ui.pages.knowledge.sources import Sources
from ui.pages.knowledge.trial import draw_trial
from ui.routing import page


@page("/knowledge/{base_id}", permission=Permission.KNOWLEDGE_READ)
def knowledge_base(base_id: UUID, tab: str = "sources") -> None:
    with frame(_("Knowledge"), breadcrumbs=[(_("Knowledge"), "/knowledge")], active="/knowledge") as head:
        _Base(base_id, tab, head)


class _Badges(NamedTuple):
    gaps: ui.label
    state: ui.label


class _Base:
    def __init__(self, base_id: UUID, tab: str, head: Frame) -> None:
        self._api, self._id, self._start, self._head = session.current().api, base_id, tab, head
        self._body = ui.element("div").classes("m-col m-loose w-full")
        self._tabs: Tabs | None = None
        self._badges: _Badges | None = None
        with self._body:
            self._place: Loader[KnowledgeBase | None] = load(self._fetch, self._draw, skeleton_card)
        throttle = Throttle(self._again, 1.0)

        def heard(event: KnowledgeBaseChanged | KnowledgeSourceChanged | KnowledgeGapsChanged) -> None:
            if event.base_id == self._id:
                throttle.poke()

        live.on(KnowledgeBaseChanged, heard)
        live.on(KnowledgeSourceChanged, heard)
        live.on(KnowledgeGapsChanged, heard)
        live.on_reset(self._again)

    async def _fetch(self) -> KnowledgeBase | None:
        try:
            return await client.base(self._api, self._id)
        except ApiProblem as problem:
            if problem.status != 404:
                raise
            return None

    async def _again(self) -> None:
        """The tabs look after themselves: only the head follows."""
        if self._tabs is None:
            await self._place.refresh()
            return
        try:
            found = await self._fetch()
        except (ApiProblem, Offline):
            return  # asked again once the stream is back
        if found is None:
            self._gone()
        else:
            self._draw_head(found)

    def _gone(self) -> None:
        self._head.actions.clear()
        gone(self._body, _("This base does not exist"), "/knowledge")

    def _draw(self, base: KnowledgeBase | None) -> None:
        if base is None:
            self._gone()
            return
        self._draw_head(base)
        parts = [
            ("sources", _("Sources"), lambda: Sources(self._id)),
            ("try", _("Try a question"), lambda: draw_trial(self._id)),
            ("gaps", _("Unanswered questions"), lambda: Gaps(self._id)),
            ("settings", _("Settings"), lambda: draw_settings(self._id)),
        ]
        self._tabs = tabs(parts, self._start, name="tab")

    def _draw_head(self, base: KnowledgeBase) -> None:
        self._head.title.text = base.name
        ui.page_title(f"{base.name} · Master IA")
        counts = f"{labels.source_count(base.sources)} · {labels.passage_count(base.passages)}"
        self._head.subtitle.text = counts
        self._head.subtitle.set_visibility(True)
        if self._badges is None:
            with self._head.actions:  # once: what they say changes in place, under a finger too
                self._badges = _Badges(badge(""), badge(""))
            pressable(self._badges.gaps, self._show_gaps)
        say(self._badges.gaps, labels.gap_count(base.open_gaps), "warn")
        self._badges.gaps.set_visibility(bool(base.open_gaps))
        state, tone, moves = labels.base_state(base)
        say(self._badges.state, state, tone, live=moves)

    def _show_gaps(self) -> None:
        if self._tabs is not None:
            self._tabs.open("gaps")
