"""The sources of a base: what each is, how far it is, why one could not be read. Rows move in place while they are read."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.enums import Permission, SourceKind, SourceState
from api.contract.events import KnowledgeSourceChanged
from api.contract.knowledge import KnowledgeSource
from ui import formats, live, session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.listing import Listing
from ui.components.progress import Progress, progress
from ui.components.query import Filter, Query
from ui.components.states import empty
from ui.components.text import Text, badge, icon
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import knowledge as labels
from ui.pages.knowledge.add import Add

_FAILED = "failed"


class Sources:
    def __init__(self, base_id: UUID) -> None:
        me = session.current()
        self._api, self._base_id, self._write = me.api, base_id, me.may(Permission.KNOWLEDGE_WRITE)
        self._rows: dict[UUID, _Row] = {}
        if self._write:
            Add(base_id)
        shown = {kind.value: name for kind, name in labels.kinds().items()} | {_FAILED: _("With a problem")}
        with ui.element("div").classes("m-card m-card-flush"):
            self._list = Listing(
                self._fetch,
                self._draw,
                self._draw_blank,
                search=_("Search sources"),
                chips=(Filter("show", _("Kind"), shown), _("All")),
                step=25,
            )
        throttle = Throttle(lambda: self._list.follow(self._rows), 0.7)

        def heard(event: KnowledgeSourceChanged) -> None:
            if event.base_id == base_id:
                throttle.poke()

        live.on(KnowledgeSourceChanged, heard)
        live.on_reset(self._list.refresh)

    async def _fetch(self, query: Query) -> Page[KnowledgeSource]:
        shown = query.filters.get("show", "")
        kind = SourceKind(shown) if shown and shown != _FAILED else None
        failed = shown == _FAILED
        return await client.sources(self._api, self._base_id, kind=kind, failed=failed, search=query.search, limit=query.limit)

    def _draw_blank(self) -> None:
        text = _("Begin with what customers ask most: a price list, the delivery times, the ten usual questions.")
        empty("menu_book", _("No source yet"), text)

    def _draw(self, found: Page[KnowledgeSource]) -> None:
        with ui.element("div").classes("w-full"):
            self._rows = {one.id: _Row(one, write=self._write) for one in found.items}


class _Row:
    """One source; `set` moves what it says. Its button is drawn when it fails, and goes when it does not."""

    def __init__(self, source: KnowledgeSource, *, write: bool) -> None:
        self._write = write
        self._source: KnowledgeSource | None = None
        self._bar: Progress | None = None
        with ui.element("div").classes("m-item m-know-row"):
            icon(labels.kind_icon(source.kind, source.file_name))
            with ui.element("div").classes("m-col m-tight m-grow"):
                self._title = ui.link(source.title, f"/knowledge/sources/{source.id}").classes("m-strong m-clip m-row-link")
                self._facts = ui.label().classes("m-hint m-clip")
                self._below = ui.element("div").classes("m-col m-near")
            self._end = ui.element("div").classes("m-col m-tight items-end shrink-0")
        self.set(source)

    def set(self, source: KnowledgeSource) -> None:
        before, self._source = self._source, source
        if before == source:
            return
        self._title.text = source.title
        self._facts.text = labels.source_facts(source)
        if before is None or labels.source_state(before) != labels.source_state(source) or before.read_at != source.read_at:
            self._draw_end(source)
        if (
            before is None
            or _trouble(before) != _trouble(source)
            or (self._bar is None) != (labels.source_progress(source) is None)
        ):
            self._draw_below(source)
        elif self._bar is not None and (far := labels.source_progress(source)) is not None:
            self._bar.set(*far)

    def _draw_end(self, source: KnowledgeSource) -> None:
        self._end.clear()
        name, tone, moves = labels.source_state(source)
        with self._end:
            badge(name, tone, live=moves)
            if source.read_at is not None:
                ui.label(formats.ago(source.read_at)).classes("m-hint")

    def _draw_below(self, source: KnowledgeSource) -> None:
        self._below.clear()
        self._bar = None
        failure, pages = _trouble(source)
        far = labels.source_progress(source)
        with self._below:
            if failure:
                Text("p", failure, "m-text m-know-failure")
                if self._write:
                    with ui.element("div").classes("m-row m-near m-know-over"):
                        button(_("Try again"), partial(self._again, source.id), icon="refresh")
            elif pages:
                Text("p", pages, "m-text m-trouble")
            if far is not None:
                self._bar = progress(*far)

    async def _again(self, source_id: UUID) -> None:
        try:
            self.set(await client.read_again(session.current().api, source_id))
        except (ApiProblem, Offline) as error:
            problems.show(error)


def _trouble(source: KnowledgeSource) -> tuple[str, str]:
    failed = source.state is SourceState.FAILED
    return (labels.source_failure(source) if failed else ""), labels.empty_pages(source) or labels.kept_pages(source)
