"""Adding to a base: files, questions with answers, a text, a page or a site. One place, without a window in front of it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.enums import Schedule, SourceKind
from api.contract.knowledge import KnowledgeSource, PageSource, SiteSource, TextSource
from api.contract.problems import KnowledgeError
from ui import formats, session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline, Uploaded
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.files import drop_zone
from ui.components.forms import Field, area_field, filled, number_field, select_field, text_field
from ui.components.picks import Picks
from ui.components.text import Text, icon
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import knowledge as labels
from ui.pages.knowledge.pairs import Pairs

MAX_BYTES = 20_000_000  # of a file
ENDINGS = ".pdf,.docx,.xlsx,.csv,.html,.htm,.md,.txt"
LEAST_PAGES, MOST_PAGES = 2, 200  # of a site


def file_field(text: str, on_file: Callable[[Uploaded], Awaitable[object]], *, many: bool) -> ui.upload:
    """Where a file of a base is dropped."""
    hint = _("PDF, Word (.docx), Excel (.xlsx), CSV, HTML, Markdown or text, up to {size} each").format(
        size=formats.size(MAX_BYTES)
    )
    wrong = problems.said(KnowledgeError.FILE_KIND)
    return drop_zone(text, on_file, accept=ENDINGS, max_bytes=MAX_BYTES, hint=hint, wrong_kind=wrong, many=many)


class Add:
    def __init__(self, base_id: UUID) -> None:
        self._api, self._base_id = session.current().api, base_id
        with card(_("Add knowledge")):
            picks = Picks(_("What you add"), SourceKind.FILE, self._open, "m-picks-small m-know-kinds")
            for kind, symbol, name in (
                (SourceKind.FILE, "upload_file", _("Files")),
                (SourceKind.QA, "quiz", _("Questions with answers")),
                (SourceKind.TEXT, "notes", _("A text")),
                (SourceKind.SITE, "language", _("Page or site")),
            ):
                with picks.card(kind):
                    icon(symbol)
                    ui.label(name).classes("m-strong")
            self._place = ui.element("div").classes("m-col")
        self._open(SourceKind.FILE)

    def _open(self, kind: SourceKind) -> None:
        self._place.clear()
        with self._place:
            match kind:
                case SourceKind.FILE:
                    file_field(_("Drop files here, or press to choose them"), self._add_file, many=True)
                case SourceKind.QA:
                    Pairs(self._base_id)
                case SourceKind.TEXT:
                    self._draw_text()
                case _:
                    self._draw_web()

    async def _add_file(self, file: Uploaded) -> None:
        await client.add_file(self._api, self._base_id, file)

    def _draw_text(self) -> None:
        title = text_field(_("Title"), placeholder=_("Exchanges and returns"), limit=300)
        hint = _("A line that begins with # is a heading and stands over what follows it.")
        body = area_field(_("Text"), rows=8, placeholder=_("Paste or write it here."), hint=hint)
        fields: dict[str, Field[str]] = {"content.title": title, "content.body": body}

        async def save() -> None:
            if not filled([title, body]):
                return
            try:
                await client.add(self._api, self._base_id, TextSource(title=title.value.strip(), body=body.value))
            except (ApiProblem, Offline) as error:
                problems.show_in(fields, error)
                return
            title.value, body.value = "", ""
            title.focus()
            toast(_("Saved. It can be found from now on."))

        with ui.element("div").classes("m-row"):
            button(_("Save the text"), save, kind="primary")

    def _draw_web(self) -> None:
        url = text_field(_("Address"), placeholder="https://www.lojaaurora.com.br/ajuda", limit=2000, kind="url")
        with ui.element("div").classes("m-know-web"):
            kinds = {SourceKind.PAGE: _("Only this page"), SourceKind.SITE: _("This page and those it leads to")}
            kind = select_field(
                _("What is read"), kinds, SourceKind.PAGE, on_change=lambda: pages.hide(kind.value is SourceKind.PAGE)
            )
            pages = number_field(_("At most so many pages"), 50, low=LEAST_PAGES, high=MOST_PAGES)
            schedule = select_field(_("When it is read"), labels.schedules(), Schedule.NEVER)
        pages.hide()
        Text("p", _("Only pages of the same site, and only what it allows programs to read (robots.txt)."), "m-hint")
        fields: dict[str, Field[Any]] = {"content.url": url, "content.max_pages": pages, "content.schedule": schedule}

        async def save() -> None:
            asked: list[Field[Any]] = [url, pages] if kind.value is SourceKind.SITE else [url]
            if not filled(
                asked, {pages: _("Choose 2 to 200 pages.")} if not LEAST_PAGES <= (pages.value or 0) <= MOST_PAGES else None
            ):
                return
            try:
                await self._add_pages(whole(url.value), kind.value, int(pages.value or LEAST_PAGES), schedule.value)
            except (ApiProblem, Offline) as error:
                problems.show_in(fields, error)
                return
            url.value = ""
            toast(_("It is being read. You see below how far it is."))

        with ui.element("div").classes("m-row"):
            button(_("Read it"), save, kind="primary")

    async def _add_pages(self, url: str, kind: SourceKind, pages: int, schedule: Schedule) -> KnowledgeSource:
        if kind is SourceKind.PAGE:
            return await client.add(self._api, self._base_id, PageSource(url=url, schedule=schedule))
        return await client.add(self._api, self._base_id, SiteSource(url=url, max_pages=pages, schedule=schedule))


def whole(address: str) -> str:
    """As the API takes it, of what people type: lojaaurora.com.br/ajuda lacks its beginning."""
    address = address.strip()
    return address if "://" in address else f"https://{address}"
