"""The knowledge of the company: its bases, how far each is, who answers from it; and a new one."""

from functools import partial
from typing import NamedTuple

from nicegui import ui

from api.contract.enums import BaseLanguage, Language, Permission
from api.contract.events import KnowledgeBaseChanged, KnowledgeGapsChanged, KnowledgeSourceChanged, PersonaChanged
from api.contract.knowledge import KnowledgeBase
from api.contract.personas import Persona
from api.contract.problems import KnowledgeError
from ui import live, session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import Field, filled, mark, select_field, text_field
from ui.components.frame import Frame, frame
from ui.components.states import Loader, empty, load, skeleton_figures
from ui.components.text import Text, badge, icon
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import knowledge as labels
from ui.routing import page


@page("/knowledge", permission=Permission.KNOWLEDGE_READ)
def knowledge() -> None:
    with frame(_("Knowledge"), _("What your AI colleagues know about your company, and answer from")) as head:
        _List(head)


class _Found(NamedTuple):
    bases: list[KnowledgeBase]
    personas: list[Persona]


class _List:
    def __init__(self, head: Frame) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.KNOWLEDGE_WRITE)
        with head.actions:
            self._new = button(_("New base"), self.new, kind="primary", icon="add")
        self._new.set_visibility(False)
        self._personas = me.may(Permission.PERSONAS_READ)
        self._place: Loader[_Found] = load(self._fetch, self._draw, partial(skeleton_figures, 3))
        throttle = Throttle(self._again, 1.0)
        for kind in (KnowledgeBaseChanged, KnowledgeSourceChanged, KnowledgeGapsChanged, PersonaChanged):
            live.on(kind, lambda event: throttle.poke())
        live.on_reset(self._again)

    async def _fetch(self) -> _Found:
        return _Found(await client.bases(self._api), await client.personas(self._api) if self._personas else [])

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    def _draw(self, found: _Found) -> None:
        self._new.set_visibility(self._write and bool(found.bases))  # without any, the button stands in the middle
        if not found.bases:
            self._draw_blank()
            return
        with ui.element("div").classes("m-board-list"):
            for base in found.bases:
                _draw_card(base, labels.knowers(base.id, found.personas))

    def _draw_blank(self) -> None:
        with ui.element("div").classes("m-card"):
            text = _(
                "Your AI colleagues say nothing about your company that does not stand here, and show where they have it from."
            )
            action = _("Make the first base") if self._write else ""
            empty("menu_book", _("Teach your AI colleagues"), text, action=action, on_click=self.new)
            with ui.element("div").classes("m-grid m-know-ways"):
                for symbol, name, said in (
                    ("upload_file", _("Files that you have"), _("Price lists, manuals, catalogues: PDF, Word, Excel and more.")),
                    ("quiz", _("What customers ask every day"), _("A question and its answer, as your best colleague gives it.")),
                    ("language", _("Your site"), _("Its pages are read, and again every day or week if you like.")),
                ):
                    with ui.element("div").classes("m-row items-start"):
                        icon(symbol).classes("m-know-way")
                        with ui.element("div").classes("m-col m-tight"):
                            ui.label(name).classes("m-strong")
                            ui.label(said).classes("m-hint")

    async def new(self) -> None:
        async def make() -> None:
            if not filled([name]):
                return
            try:
                made = await client.create_base(self._api, name.value.strip(), language.value)
            except (ApiProblem, Offline) as error:
                if isinstance(error, ApiProblem) and error.code == KnowledgeError.BASE_EXISTS:
                    mark({name: problems.sentence(error)})
                else:
                    problems.show_in({"name": name}, error)
                return
            box.close()
            ui.navigate.to(f"/knowledge/{made.id}")

        own = BaseLanguage.ENGLISH if session.current().me.company.language is Language.EN else BaseLanguage.PORTUGUESE
        with dialog(
            _("New base"), _("One base is enough to begin with. Make more where personas should know different things.")
        ) as box:
            name = text_field(_("Name"), placeholder=_("Shop"), limit=60, on_enter=make)
            language: Field[BaseLanguage] = select_field(
                _("Its texts are in"), labels.languages(), own, hint=_("It decides how words are found, and stays.")
            )
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Create"), make, kind="primary")
        box.open()


def _draw_card(base: KnowledgeBase, knowers: list[str]) -> None:
    state, tone, moves = labels.base_state(base)
    with ui.link(target=f"/knowledge/{base.id}").classes("m-card m-press"):
        with ui.element("div").classes("m-row items-start w-full"):
            with ui.element("div").classes("m-col m-tight m-grow"):
                Text("h2", base.name, "m-h2 m-clip")
                ui.label(labels.languages()[base.language]).classes("m-hint")
            if base.passages or base.sources:
                badge(state, tone, live=moves)
        counts = labels.source_count(base.sources)
        if base.passages:
            counts += f" · {labels.passage_count(base.passages)}"
        ui.label(counts if base.sources else _("Nothing in it yet")).classes("m-sub")
        with ui.element("div").classes("m-row m-near m-wrap"):
            for one in knowers[:3]:
                with ui.element("div").classes("m-chip"):
                    icon("smart_toy")
                    ui.label(one)
            if len(knowers) > 3:
                ui.label(f"+{len(knowers) - 3}").classes("m-chip")
            if not knowers and base.passages:
                ui.label(_("No persona knows it yet")).classes("m-hint")
            if base.open_gaps:
                badge(labels.gap_count(base.open_gaps), "warn")
