"""The personas of the company: who is live, what became of its answers today; and a new one."""

from functools import partial

from nicegui import ui

from api.contract.enums import Permission, PersonaMode, PersonaState, StageColor, StartingPersona
from api.contract.events import PersonaChanged
from api.contract.personas import Persona, PersonaCreate
from ui import formats, live, session
from ui.client import personas as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import Field, filled, select_field, text_field
from ui.components.frame import frame
from ui.components.persona_face import persona_avatar
from ui.components.states import Loader, empty, load, skeleton_figures
from ui.components.text import Text, badge, pressable
from ui.components.throttle import Throttle
from ui.i18n import LANGUAGES, _, ngettext
from ui.labels import personas as labels
from ui.routing import page

_FACES = {
    StartingPersona.SALES: ("🛍️", StageColor.TEAL),
    StartingPersona.SUPPORT: ("🛠️", StageColor.BLUE),
    StartingPersona.SCHEDULING: ("📅", StageColor.VIOLET),
    StartingPersona.COLLECTIONS: ("💳", StageColor.AMBER),
    StartingPersona.BLANK: ("✏️", StageColor.GRAY),
}


@page("/personas", permission=Permission.PERSONAS_READ)
def personas() -> None:
    with frame(_("Personas"), _("AI colleagues that answer customers, or write drafts for you")) as head:
        view = _List()
        if view.manage:
            with head.actions:
                button(_("New persona"), lambda: view.new(), kind="primary", icon="add")


class _List:
    def __init__(self) -> None:
        me = session.current()
        self._api, self.manage = me.api, me.may(Permission.PERSONAS_WRITE)
        self._place: Loader[list[Persona]] = load(lambda: client.personas(self._api), self._draw, lambda: skeleton_figures(3))
        throttle = Throttle(self._again, 1.0)
        live.on(PersonaChanged, lambda event: throttle.poke())
        live.on_reset(self._again)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    def _draw(self, found: list[Persona]) -> None:
        if found:
            with ui.element("div").classes("m-board-list"):
                for one in sorted(found, key=lambda one: one.state is not PersonaState.LIVE):  # who answers comes first
                    _draw_card(one)
            return
        text = _("Choose how it begins. Nobody is answered before you publish it and say where it serves.")
        if not self.manage:
            with ui.element("div").classes("m-card"):
                empty("smart_toy", _("No persona yet"), _("An administrator or a manager can make one."))
            return
        with ui.element("div").classes("m-card m-persona-first"):
            empty("smart_toy", _("Your first AI colleague"), text)
            self._draw_starts()

    def _draw_starts(self) -> None:
        """Cards; who presses one is asked for a name."""
        with ui.element("div").classes("m-picks m-persona-starts"):
            for kind, (name, text) in labels.starting().items():
                with ui.element("div").classes("m-pick") as pick:
                    persona_avatar(name, *_FACES[kind])
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(name).classes("m-strong")
                        ui.label(text).classes("m-hint")
                pressable(pick, partial(self.new, kind))

    def new(self, kind: StartingPersona = StartingPersona.SALES) -> None:
        async def make() -> None:
            if not filled([name]):
                return
            body = PersonaCreate(name=name.value.strip(), starting=starting.value, language=language.value)
            try:
                made = await client.create(self._api, body)
            except (ApiProblem, Offline) as error:
                problems.show_in({"name": name}, error)
                return
            box.close()
            ui.navigate.to(f"/personas/{made.id}")

        words = labels.starting()
        own = session.current().me.company.language
        with dialog(_("New persona"), _("It begins as a draft. Nobody is answered before you publish it.")) as box:
            name = text_field(_("Name"), placeholder="Lia", limit=60, on_enter=make)
            starting: Field[StartingPersona] = select_field(
                _("Begins as"), {one: named.name for one, named in words.items()}, kind,
                hint=words[kind].text, on_change=lambda: starting.note(words[starting.value].text),
            )  # fmt: skip
            language = select_field(
                _("In which language it is written"), {type(own)(key): text for key, text in LANGUAGES.items()}, own
            )
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Create"), make, kind="primary")
        box.open()


def _draw_card(one: Persona) -> None:
    state, tone = labels.states()[one.state]
    with ui.link(target=f"/personas/{one.id}").classes("m-card m-press"):
        with ui.element("div").classes("m-row items-start w-full"):
            persona_avatar(one.name, one.emoji, one.color, of=one.id, picture_id=one.picture_id)
            with ui.element("div").classes("m-col m-tight m-grow"):
                Text("h2", one.name, "m-h2 m-clip")
                ui.label(one.role or _("No role yet")).classes("m-hint m-clip")
            badge(state, tone)
        with ui.element("div").classes("m-row m-near m-wrap"):
            badge(labels.modes()[one.mode].name, "info" if one.mode is PersonaMode.AUTO else "quiet")
            if one.state is not PersonaState.DRAFT and one.has_changes:
                badge(_("Changes not published"), "warn")
            if one.state is not PersonaState.DRAFT and not one.bindings:
                badge(_("Serves nowhere"), "warn")
        with ui.element("div").classes("m-row m-between items-baseline w-full"):
            count = one.conversations_today
            said = ngettext("{n} conversation today", "{n} conversations today", count).format(n=formats.number(count))
            ui.label(said).classes("m-sub")
            if one.cost_today_micro is not None:
                ui.label(formats.dollars(one.cost_today_micro)).classes("m-num").props["title"] = _("Cost today")
