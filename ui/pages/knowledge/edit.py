"""The form of a source that somebody wrote, or that is read from the web. What a colleague changed meanwhile is not written over."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from api.contract.enums import SourceKind
from api.contract.knowledge import KnowledgeSource, SourcePatch
from api.contract.problems import RequestError
from ui import session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import Field, area_field, filled, number_field, select_field, text_field
from ui.components.toast import toast
from ui.i18n import _, pgettext
from ui.labels import knowledge as labels
from ui.pages.knowledge.add import LEAST_PAGES, MOST_PAGES, whole
from ui.pages.knowledge.pairs import ANSWER, QUESTION, on_save_key


class Edit:
    """`saved(source)` is told what the API answered."""

    def __init__(self, source: KnowledgeSource, saved: Callable[[KnowledgeSource], Awaitable[None]]) -> None:
        self._api, self._saved = session.current().api, saved
        self._source = source
        self._fields: dict[str, Field[Any]] = {}
        heading = {SourceKind.QA: _("Question with answer"), SourceKind.TEXT: _("Text")}.get(source.kind, _("What is read"))
        with card(heading):
            if source.kind is SourceKind.QA:
                self._fields["title"] = text_field(pgettext("knowledge", "Question"), source.title, limit=QUESTION)
                self._fields["body"] = area_field(pgettext("knowledge", "Answer"), source.body or "", limit=ANSWER, rows=4)
            elif source.kind is SourceKind.TEXT:
                self._fields["title"] = text_field(_("Title"), source.title, limit=300)
                hint = _("A line that begins with # is a heading and stands over what follows it.")
                self._fields["body"] = area_field(_("Text"), source.body or "", rows=10, hint=hint)
                self._fields["body"].element.classes("m-know-long")
            else:
                self._draw_web(source)
            if "body" in self._fields:
                on_save_key(self._fields["body"], self._save)
            with ui.element("div").classes("m-row"):
                button(_("Save"), self._save, kind="primary")

    def _draw_web(self, source: KnowledgeSource) -> None:
        self._fields["url"] = text_field(_("Address"), source.url or "", limit=2000, kind="url")
        with ui.element("div").classes("m-know-web"):
            if source.kind is SourceKind.SITE:
                self._fields["max_pages"] = number_field(
                    _("At most so many pages"), source.max_pages, low=LEAST_PAGES, high=MOST_PAGES
                )
            self._fields["schedule"] = select_field(_("When it is read"), labels.schedules(), source.schedule)

    def follow(self, source: KnowledgeSource) -> None:
        """What an event brought: what nobody has touched here follows, the rest stays as it was typed and is refused when it is saved
        over a newer one."""
        if source.version == self._source.version or self._changes():
            return
        for name, field in self._fields.items():
            field.value = getattr(source, name)
        self._source = source

    def _changes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in self._fields.items():
            value = field.value.strip() if name in {"title", "url"} else field.value
            value = whole(value) if name == "url" and value else value
            value = int(value) if name == "max_pages" and value is not None else value
            if value != getattr(self._source, name):
                found[name] = value
        return found

    async def _save(self) -> None:
        pages = self._fields.get("max_pages")
        wrong: dict[Field[Any], str] = {}
        if pages is not None and not LEAST_PAGES <= (pages.value or 0) <= MOST_PAGES:
            wrong[pages] = _("Choose 2 to 200 pages.")
        if not filled([field for name, field in self._fields.items() if name != "schedule"], wrong):
            return
        changes = self._changes()
        if not changes:
            toast(_("Nothing was changed."), "info")
            return
        try:
            source = await client.change_source(self._api, self._source.id, SourcePatch(**changes), self._source.version)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem) and error.code == RequestError.CHANGED_MEANWHILE:
                await self._look_again()
            else:
                problems.show_in({**self._fields, **{f"content.{name}": field for name, field in self._fields.items()}}, error)
            return
        self._source = source
        for name, field in self._fields.items():
            field.value = getattr(source, name)
        await self._saved(source)
        toast(_("Saved."))

    async def _look_again(self) -> None:
        """A change that only moved the reading on is no colleague's: the next press saves over what is there now."""
        self._source = await client.source(self._api, self._source.id)
        toast(_("This was changed meanwhile. Save again to keep yours."), "warn")
