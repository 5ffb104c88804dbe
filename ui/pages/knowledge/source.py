"""One source: what of it can be found, how it was read, and its change, replacement or end."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.enums import Permission, SourceKind, SourceState
from api.contract.events import KnowledgeSourceChanged
from api.contract.knowledge import KnowledgeBase, KnowledgeSource
from ui import formats, live, session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline, Uploaded
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, key_values, note
from ui.components.confirm import confirm
from ui.components.frame import Frame, frame
from ui.components.progress import progress
from ui.components.states import Loader, gone, load, skeleton_card
from ui.components.text import badge, safe_link
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, pgettext
from ui.labels import knowledge as labels
from ui.pages.knowledge.add import file_field
from ui.pages.knowledge.edit import Edit
from ui.pages.knowledge.passages import Passages
from ui.routing import page

TYPED = (SourceKind.TEXT, SourceKind.QA)
ONLINE = (SourceKind.PAGE, SourceKind.SITE)


@page("/knowledge/sources/{source_id}", permission=Permission.KNOWLEDGE_READ)
def knowledge_source(source_id: UUID) -> None:
    with frame(_("Source"), breadcrumbs=[(_("Knowledge"), "/knowledge")], active="/knowledge") as head:
        _Source(source_id, head)


class _Source:
    """Events move the state and the facts; the passages are read again when others can be found; the form stays as somebody left it."""

    def __init__(self, source_id: UUID, head: Frame) -> None:
        me = session.current()
        self._api, self._id, self._head = me.api, source_id, head
        self._base: KnowledgeBase | None = None
        self._write = me.may(Permission.KNOWLEDGE_WRITE)
        self._shown: KnowledgeSource | None = None
        self._edit: Edit | None = None
        self._body = ui.element("div").classes("m-col m-loose w-full")
        with self._body:
            self._place: Loader[KnowledgeSource | None] = load(self._fetch, self._draw, skeleton_card)
        throttle = Throttle(self._again, 0.7)

        def heard(event: KnowledgeSourceChanged) -> None:
            if event.source_id == source_id:
                throttle.poke()

        live.on(KnowledgeSourceChanged, heard)
        live.on_reset(self._again)

    async def _fetch(self) -> KnowledgeSource | None:
        try:
            source = await client.source(self._api, self._id)
            self._base = self._base or await client.base(self._api, source.base_id)
        except ApiProblem as problem:
            if problem.status != 404:
                raise
            return None
        return source

    async def _again(self) -> None:
        if self._shown is None:
            await self._place.refresh()
            return
        try:
            source = await self._fetch()
        except (ApiProblem, Offline):
            return  # asked again once the stream is back
        await self._take(source)

    def _gone(self) -> None:
        self._head.actions.clear()
        self._shown = None
        gone(self._body, _("This source does not exist"), f"/knowledge/{self._base.id}" if self._base else "/knowledge")

    def _draw(self, source: KnowledgeSource | None) -> None:
        if source is None:
            self._gone()
            return
        self._state = ui.element("div").classes("m-loader")
        with ui.element("div").classes("m-split"):
            with ui.element("div").classes("m-col m-loose"):
                if self._write and source.kind in (*TYPED, *ONLINE):
                    self._edit = Edit(source, self._take)
                self._passages = Passages(source)
            with ui.element("div").classes("m-col m-loose m-first"):
                self._facts = ui.element("div").classes("m-loader")
                if self._write and source.kind is SourceKind.FILE:
                    with card(_("Replace the file"), hint=_("What the old one held is found until the new one is read.")):
                        file_field(_("Drop the new file here, or press to choose it"), self._replace, many=False)
        self._draw_actions(source)
        self._show(source)

    async def _take(self, source: KnowledgeSource | None) -> None:
        """Shows what an answer or an event brought."""
        if self._body.is_deleted:
            return
        if source is None:
            self._gone()
            return
        before = self._shown
        if source == before:
            return
        self._show(source)
        if self._edit is not None:
            self._edit.follow(source)
        if before is None or (before.read_at, before.passages, before.body, before.title) != (
            source.read_at, source.passages, source.body, source.title,
        ):  # fmt: skip
            await self._passages.refresh(source)

    def _show(self, source: KnowledgeSource) -> None:
        self._shown = source
        self._head.title.text = source.title
        ui.page_title(f"{source.title} · Master IA")
        self._head.subtitle.text = labels.source_facts(source)
        self._head.subtitle.set_visibility(True)
        self._state.clear()
        with self._state:
            self._draw_state(source)
        self._facts.clear()
        with self._facts, card(_("How it was read")):
            key_values(self._read(source))

    def _draw_actions(self, source: KnowledgeSource) -> None:
        """Drawn once: what they do does not change."""
        if not self._write:
            return
        with self._head.actions:
            if source.kind not in TYPED:
                button(_("Read it again"), self._read_again, icon="refresh")
            button(_("Delete"), self._delete, kind="danger", icon="delete")

    def _draw_state(self, source: KnowledgeSource) -> None:
        if source.state is SourceState.FAILED:
            with note("bad", labels.source_failure(source), name="error"):
                if source.passages:
                    ui.label(_("What was read before stays and is found."))
        elif far := labels.source_progress(source):
            with card(labels.source_state(source)[0]):
                progress(*far)
        elif source.state in (SourceState.QUEUED, SourceState.READING):
            with note("info", _("It is being read. This page moves by itself.")):
                pass
        for trouble in (labels.empty_pages(source), labels.kept_pages(source)):
            if trouble:
                with note("warn", trouble, name="warning"):
                    pass

    def _read(self, source: KnowledgeSource) -> list[tuple[str, str | Callable[[], Any]]]:
        name, tone, moves = labels.source_state(source)
        facts: list[tuple[str, str | Callable[[], Any]]] = [
            (_("State"), lambda: badge(name, tone, live=moves)),
            (_("Kind"), labels.kind_name(source.kind)),
        ]
        if (base := self._base) is not None:
            facts.append((_("Base"), lambda: ui.link(base.name, f"/knowledge/{base.id}").classes("m-link")))
        if source.url:
            facts.append((_("Address"), lambda: safe_link(source.url or "", source.url or "")))
        if source.read_at is not None:
            facts.append((pgettext("knowledge", "Read"), formats.moment(source.read_at)))
        if source.due_at is not None:
            facts.append((_("Again"), formats.moment(source.due_at)))
        facts.append((_("Found by words"), labels.passage_count(source.passages)))
        facts.append((_("Found by meaning"), labels.passage_count(source.embedded)))
        facts.append((_("Added"), formats.moment(source.created_at)))
        return facts

    async def _read_again(self) -> None:
        try:
            await self._take(await client.read_again(self._api, self._id))
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        toast(_("It is being read again. Until then the old text is found."))

    async def _replace(self, file: Uploaded) -> None:
        await self._take(await client.replace_file(self._api, self._id, file))
        toast(_("The new file is being read. Until then the old one is found."))

    async def _delete(self) -> None:
        shown = self._shown
        if shown is None:
            return
        text = _("Its {passages} are found no more. This cannot be taken back.").format(
            passages=labels.passage_count(shown.passages)
        )
        if not await confirm(_("Delete {name}?").format(name=shown.title), text, yes=_("Delete"), danger=True):
            return
        try:
            await client.delete_source(self._api, self._id)
        except (ApiProblem, Offline) as error:
            if not (isinstance(error, ApiProblem) and error.status == 404):
                problems.show(error)
                return
        ui.navigate.to(f"/knowledge/{shown.base_id}")
