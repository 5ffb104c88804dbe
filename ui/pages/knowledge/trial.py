"""Trying a question: what a persona would be given to answer from, and why each passage is among it."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.enums import Permission
from api.contract.knowledge import FoundPassage, KnowledgeSource, QaSource, SearchResult
from ui import formats, session
from ui.client import knowledge as client
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import filled, text_field
from ui.components.progress import width
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import Text, safe_link
from ui.i18n import _, ngettext
from ui.labels import knowledge as labels
from ui.pages.knowledge.pairs import ask_answer
from ui.pages.knowledge.questions import Questions


def draw_trial(base_id: UUID) -> None:
    _Trial(base_id)


class _Trial:
    """The question stands in the address, so that a colleague can be shown what was found."""

    def __init__(self, base_id: UUID) -> None:
        me = session.current()
        self._api, self._base_id, self._write = me.api, base_id, me.may(Permission.KNOWLEDGE_WRITE)
        self._question = address().get("ask").strip()[:2000]
        with card(), ui.element("div").classes("m-know-ask"):
            self._field = text_field(
                _("A question, as a customer would write it"), self._question, placeholder=_("do u exchange things?"), limit=2000,
                on_enter=self._try,
            )  # fmt: skip
            button(_("Search"), self._try, kind="primary", icon="search")
        self._place: Loader[SearchResult | None] = load(self._fetch, self._draw_found, partial(skeleton_list, 3))
        self._place.element.props["aria-live"] = "polite"
        self._tests = Questions(base_id, self._try_this)

    async def _fetch(self) -> SearchResult | None:
        return await client.search(self._api, self._base_id, self._question) if self._question else None

    async def _try(self) -> None:
        if filled([self._field]):
            self._question = self._field.value.strip()
            address().write({"ask": self._question})
            await self._place.refresh()

    async def _try_this(self, question: str) -> None:
        self._field.value = question
        await self._try()

    def _draw_found(self, found: SearchResult | None) -> None:
        if found is not None:
            self._draw(self._question, found)
            return
        with card():
            text = _("You see the passages that a persona would be given, best first, and why each one is among them.")
            empty("manage_search", _("See what is found"), text)

    def _draw(self, question: str, found: SearchResult) -> None:
        if not found.passages:
            with card():
                text = _("A persona would say that it does not know, and ask back or hand over.")
                if self._write:
                    empty(
                        "search_off", _("Nothing is found for this"), text, action=_("Write the answer"),
                        on_click=partial(self._answer, question),
                    )  # fmt: skip
                else:
                    empty("search_off", _("Nothing is found for this"), text)
            return
        if not found.by_meaning:
            with note("info", _("Words alone decided here: the meaning could not be compared.")):
                pass
        if not any(passage.words for passage in found.passages):
            text = _(
                "None shares a word with the question. A persona answers only what it can quote, and says else that it does not know."
            )
            with note("warn", text, name="warning"):
                pass
        count = ngettext("The nearest passage", "The {n} nearest passages", len(found.passages))
        hint = _("Best first.")
        if found.by_meaning:
            hint += " " + _("The meaning compares them with each other: by itself, even 80% says little.")
        with card(count.format(n=formats.number(len(found.passages))), hint=hint, flush=True):
            with ui.element("ol").classes("m-know-found"):
                for place, passage in enumerate(found.passages, 1):
                    with ui.element("li").classes("m-know-passage"):
                        self._draw_passage(place, passage)
        if self._write:
            with ui.element("div").classes("m-row m-near m-wrap"):
                ui.label(_("The right answer is not among them?")).classes("m-sub")
                button(_("Write the answer"), partial(self._answer, question), icon="edit")

    def _draw_passage(self, place: int, passage: FoundPassage) -> None:
        with ui.element("div").classes("m-row m-near items-baseline m-wrap"):
            ui.link(f"{place}. {passage.source_title}", f"/knowledge/sources/{passage.source_id}").classes(
                "m-link m-strong m-know-title"
            )
            if passage.page is not None:
                ui.label(_("page {n}").format(n=formats.number(passage.page))).classes("m-hint")
            if passage.url:
                safe_link(_("Open the page"), passage.url)
        if passage.heading and passage.heading != passage.source_title:
            ui.label(passage.heading).classes("m-hint")
        with Text("p", "", "m-text"):
            for piece, met in labels.marked(passage.body, passage.words):
                Text("mark" if met else "span", piece, "m-know-mark" if met else "")
        with ui.element("div").classes("m-know-why"):
            self._draw_share(_("Words"), passage.lexical, formats.percent(passage.lexical, digits=0))
            if passage.meaning is not None:
                self._draw_share(_("Meaning"), passage.meaning, labels.nearness(passage))
            said = ", ".join(passage.words)
            ui.label(_("Has in common: {words}").format(words=said) if said else _("Has no word in common")).classes(
                "m-hint m-grow"
            )
            if self._write:
                button(_("This is the right source"), partial(self._keep, passage.source_id), kind="plain", icon="add_task")

    @staticmethod
    def _draw_share(name: str, share: float, text: str) -> None:
        with ui.element("div").classes("m-know-share"):
            ui.label(name).classes("m-hint")
            with ui.element("div").classes("m-track").props("aria-hidden=true"):
                ui.element("div").classes("m-fill").style(width(max(0.0, share)))
            ui.label(text).classes("m-num m-hint")

    async def _keep(self, source_id: UUID) -> None:
        await self._tests.add(self._question, source_id)

    def _answer(self, question: str) -> None:
        async def save(asked: str, answer: str, key: str) -> KnowledgeSource:
            return await client.add(self._api, self._base_id, QaSource(question=asked, answer=answer), key=key)

        ask_answer(question, save, self._try)
