"""One persona: its draft by sections, its places, publishing and history; beside it, a talk to try it."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.enums import Permission, PersonaMode, PersonaState
from api.contract.events import PersonaChanged
from api.contract.personas import Persona, PersonaDraft, PersonaPatch
from api.contract.problems import RequestError
from ui import formats, live, session
from ui.client import personas as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import allow, button
from ui.components.cards import note
from ui.components.confirm import confirm
from ui.components.frame import Frame, frame
from ui.components.menus import Choice, more
from ui.components.persona_face import persona_avatar
from ui.components.states import gone, load, skeleton_card
from ui.components.text import badge, chip, icon
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import personas as labels
from ui.pages.personas import abilities, character, goals, limits, publish, reach
from ui.pages.personas.context import Context, Names, names
from ui.pages.personas.document import Document, State
from ui.pages.personas.ending import draw_ending
from ui.pages.personas.look import Look
from ui.pages.personas.try_out import draw_try
from ui.routing import page


class _Section(NamedTuple):
    key: str
    icon: str
    label: str
    paths: tuple[str, ...]  # of the document, that belong here


def _sections() -> list[_Section]:
    return [
        _Section("identity", "badge", _("Identity"), ("identity",)),
        _Section("instructions", "notes", _("Instructions"), ("instructions",)),
        _Section("goals", "checklist", _("Finds out"), ("goals",)),
        _Section("rules", "gavel", _("Rules"), ("rules", "allowed_hosts")),
        _Section("knowledge", "menu_book", _("Knowledge"), ("knowledge_base_ids",)),
        _Section("tools", "build", _("Actions"), ("tools",)),
        _Section("reach", "hub", _("Where and when"), ("hours", "bindings")),
        _Section("handover", "support_agent", _("Hand-over"), ("handover", "inactivity", "followup")),
        _Section("limits", "tune", _("Model and limits"), ("model", "turn", "budget")),
    ]


class _Loaded(NamedTuple):
    persona: Persona
    draft: PersonaDraft
    names: Names


@page("/personas/{persona_id:uuid}", permission=Permission.PERSONAS_READ)
def editor(persona_id: UUID, tests: bool = False) -> None:
    with frame(_("Persona"), breadcrumbs=[(_("Personas"), "/personas")], active="/personas") as head:
        _Editor(persona_id, head, tests=tests)


class _Editor:
    def __init__(self, persona_id: UUID, head: Frame, *, tests: bool) -> None:
        me = session.current()
        self._id, self._api, self._head, self._write = persona_id, me.api, head, me.may(Permission.PERSONAS_WRITE)
        self._doc: Document | None = None
        self._tests = tests
        self._section = "identity"
        self._open_look: Look | None = None
        load(self._fetch, self._draw, lambda: skeleton_card(6))
        live.on(PersonaChanged, self._heard)
        live.on_reset(self._back)

    async def _fetch(self) -> _Loaded:
        try:
            persona = await client.persona(self._api, self._id)
            return _Loaded(persona, await client.draft(self._api, self._id), await names(self._api))
        except ApiProblem as error:
            if error.status == 404:
                gone(self._head.body, _("This persona is no longer here"), "/personas")
            raise

    # -- the whole ----------------------------------------------------------------------------------------------

    def _draw(self, found: _Loaded) -> None:
        self._persona, self._names = found.persona, found.names
        self._doc = Document(self._api, self._id, found.draft, self._told)
        self._context = Context(self._doc, found.names, self._show)
        self._head.actions.clear()
        with self._head.actions:
            self._status = ui.label().classes("m-hint").props("role=status")
            if self._write:
                self._undo = button(_("Undo"), self._take_back, icon="undo", kind="plain")
                self._publish = button(_("Publish"), self._ask_to_publish, kind="primary", icon="publish")
        with ui.element("div").classes("m-persona" + (" m-persona-tries" if self._write else "")) as self._grid:
            self._strip = ui.element("div").classes("m-persona-strip")
            with ui.element("div").classes("m-persona-above"):
                self._ends, self._above = ui.element("div"), ui.element("div")
            with ui.element("div").classes("m-persona-nav").props("role=tablist") as nav:
                nav.props["aria-label"] = _("Parts of the persona")
                self._tabs = {one.key: self._tab(one) for one in _sections()}
            self._place = ui.element("div").classes("m-persona-section").props("role=tabpanel")
            if self._write:
                look = draw_try(self._api, self._id, self._doc, tests=self._tests)
                with self._ends:
                    draw_ending(self._api, self._id, found.names.models, look)
        self._draw_strip()
        self._show()
        self._told("saved", None)
        if self._write:
            ui.keyboard(self._key, ignore=[])

    def _tab(self, one: _Section) -> ui.element:
        with ui.element("button").classes("m-persona-tab").props("type=button role=tab") as tab:
            icon(one.icon)
            ui.label(one.label)
            ui.element("i").classes("m-dot m-tone-warn m-persona-wrong").props("aria-hidden=true")
        tab.on("click", partial(self._go, one.key), [])
        return tab

    def _go(self, key: str) -> None:
        self._section = key
        self._show()

    def _show(self) -> None:
        """Draws the section that is open."""
        doc, it = self._doc, self._context
        assert doc is not None
        draws: dict[str, Callable[[], None]] = {
            "identity": lambda: character.draw_identity(it),
            "instructions": lambda: character.draw_instructions(it),
            "goals": lambda: goals.draw_goals(it),
            "rules": lambda: character.draw_rules(it),
            "knowledge": lambda: abilities.draw_knowledge(it),
            "tools": lambda: abilities.draw_actions(it),
            "reach": self._draw_reach,
            "handover": lambda: limits.draw_handover(it),
            "limits": lambda: limits.draw_limits(it),
        }
        for key, tab in self._tabs.items():
            tab.classes(
                add="m-persona-tab-on" if key == self._section else "", remove="" if key == self._section else "m-persona-tab-on"
            )
            tab.props["aria-selected"] = "true" if key == self._section else "false"
        self._place.clear()
        with self._place:
            self._wrong = ui.element("div").classes("m-col m-near w-full m-persona-problems")
            self._draw_problems()
            draws[self._section]()
        if not self._write:
            self._place.props["inert"] = True

    def _draw_reach(self) -> None:
        reach.draw_where(self._context, self._api, self._persona, self._changed)
        reach.draw_hours(self._context)

    def _draw_problems(self) -> None:
        """What keeps this section from being published."""
        doc = self._doc
        assert doc is not None
        paths = next(one.paths for one in _sections() if one.key == self._section)
        self._wrong.clear()
        if doc.draft.published is None and self._persona.state is PersonaState.DRAFT:
            return  # a new one is unfinished by nature: it is said when somebody publishes it
        with self._wrong:
            for problem in doc.draft.problems:
                if problem.field.split(".")[0].split("[")[0] in paths:
                    with note("warn", problems.sentence_of(problem.code, problem.message), name="warning"):
                        pass

    # -- what stands above --------------------------------------------------------------------------------------

    def _draw_strip(self) -> None:
        persona = self._persona
        self._head.title.text = persona.name
        state, tone = labels.states()[persona.state]
        self._strip.clear()
        with self._strip:
            persona_avatar(persona.name, persona.emoji, persona.color, "big", of=persona.id, picture_id=persona.picture_id)
            with ui.element("div").classes("m-col m-tight m-grow"):
                with ui.element("div").classes("m-row m-near m-wrap"):
                    badge(state, tone)
                    if persona.state is not PersonaState.DRAFT and not persona.bindings:
                        badge(_("Serves nowhere"), "warn")
                ui.label(_published(persona)).classes("m-hint")
            with ui.element("div").classes("m-row m-near m-persona-modes").props("role=group") as group:
                group.props["aria-label"] = _("What becomes of its answers")
                self._modes = {
                    mode: chip(name, on=mode is persona.mode, on_click=partial(self._set_mode, mode) if self._write else None)
                    for mode, (name, _text) in labels.modes().items()
                }
            if self._write:
                entries = [
                    Choice(_("History"), self._history, "history"),
                    Choice(_("Name and picture"), self._look, "edit"),
                ]
                if persona.state is PersonaState.LIVE:
                    entries.append(Choice(_("Pause"), self._pause, "pause"))
                if persona.state is PersonaState.PAUSED:
                    entries.append(Choice(_("Go on"), self._resume, "play_arrow"))
                entries.append(Choice(_("Delete persona"), self._delete, "delete", danger=True, line=True))
                more(entries, _("More for {name}").format(name=persona.name))

    async def _set_mode(self, mode: PersonaMode) -> None:
        if mode is self._persona.mode:
            return
        name, text = labels.modes()[mode]
        if mode is PersonaMode.AUTO and not await confirm(
            _("Let {name} answer by itself?").format(name=self._persona.name),
            _("Where it serves, its answers go out without a colleague. A person can take over at any time."),
            yes=_("Let it answer"),
        ):
            return
        await self._patch(PersonaPatch(mode=mode), f"{name}. {text}")

    async def _patch(self, body: PersonaPatch, said: str) -> bool:
        try:
            await self._changed(await client.change(self._api, self._persona, body))
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return False
        toast(said)
        return True

    async def _changed(self, persona: Persona) -> None:
        """The persona as an answer of the API has it."""
        self._persona = persona
        if self._open_look is not None and self._open_look.box.value:
            self._open_look.show(persona)
        self._draw_strip()
        self._told(self._doc.state if self._doc else "saved", None)

    async def _pause(self) -> None:
        await self._switch(client.pause, _("Paused. People answer from now on."))

    async def _resume(self) -> None:
        await self._switch(client.resume, _("It serves again."))

    async def _switch(self, act: Callable[..., object], said: str) -> None:
        try:
            found = await act(self._api, self._id)  # type: ignore[misc]
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        toast(said)
        await self._changed(found)

    async def _delete(self) -> None:
        text = _("It serves nobody any more. What it wrote stays in the conversations.")
        if await confirm(_("Delete {name}?").format(name=self._persona.name), text, yes=_("Delete"), danger=True):
            await client.delete(self._api, self._id)
            ui.navigate.to("/personas")

    def _look(self) -> None:
        self._open_look = Look(self._api, self._persona, self._changed)

    # -- the draft ----------------------------------------------------------------------------------------------

    def _told(self, state: State, error: Exception | None) -> None:
        doc = self._doc
        if doc is None or self._head.actions.client.is_deleted:
            return
        words = {
            "saved": _("Draft saved") if doc.draft.published is None or doc.differs else _("As published"),
            "writing": _("Saving…"), "waiting": _("Not saved yet"), "taken": _("Not saved"), "refused": _("Not saved"),
        }  # fmt: skip
        self._status.text = words[state]
        if self._write:
            allow(self._undo, doc.can_undo)
            allow(self._publish, doc.differs)
        wrong = {problem.field.split(".")[0].split("[")[0] for problem in doc.draft.problems}
        for one in _sections():
            bad = bool(wrong & set(one.paths)) and state == "saved"
            self._tabs[one.key].classes(add="m-persona-bad" if bad else "", remove="" if bad else "m-persona-bad")
        if state == "saved":
            self._draw_problems()
        self._above.clear()
        if state == "taken":
            with self._above, note("warn", _("Somebody else changed this draft meanwhile."), name="warning"):
                with ui.element("div").classes("m-row m-near"):
                    button(_("Show theirs"), self._show_theirs)
                    button(_("Keep mine"), self._keep_mine, kind="plain")
        elif state == "refused" and error is not None:
            with self._above, note("bad", problems.sentence(error), name="error"):
                pass

    async def _show_theirs(self) -> None:
        assert self._doc is not None
        self._doc.take(await client.draft(self._api, self._id))
        self._show()

    async def _keep_mine(self) -> None:
        assert self._doc is not None
        self._doc.keep_mine(await client.draft(self._api, self._id))

    def _take_back(self) -> None:
        assert self._doc is not None
        self._doc.undo()
        self._show()

    async def _key(self, event: object) -> None:
        key, action = getattr(event, "key", None), getattr(event, "action", None)
        modifiers = getattr(event, "modifiers", None)
        if key is None or action is None or modifiers is None or not action.keydown or action.repeat:
            return
        if (modifiers.ctrl or modifiers.meta) and key == "Enter":
            await self._ask_to_publish()

    def _known(self) -> dict[UUID, str]:
        return {**{one.id: one.name for one in self._names.teams}, **{one.id: one.name for one in self._names.bases}}

    async def _ask_to_publish(self) -> None:
        doc = self._doc
        assert doc is not None
        if not await doc.flush() or not doc.differs:
            return
        if doc.draft.problems:
            self._lead_to(doc.draft.problems[0].field)
            toast(problems.sentence_of(doc.draft.problems[0].code, doc.draft.problems[0].message), "bad")
            return
        publish.ask_to_publish(self._api, self._persona, doc, self._known(), self._after_publishing, self._refused)

    def _lead_to(self, path: str) -> None:
        """Opens the section in which something is wrong."""
        root = path.split(".")[0].split("[")[0]
        self._section = next((one.key for one in _sections() if root in one.paths), self._section)
        self._show()

    async def _refused(self, error: ApiProblem) -> None:
        if error.code == RequestError.CHANGED_MEANWHILE:
            await self._show_theirs()
            toast(_("Somebody else changed this draft meanwhile."), "bad")
            return
        if error.errors:
            self._lead_to(error.errors[0].field)
        problems.show(error)

    async def _after_publishing(self, persona: Persona) -> None:
        assert self._doc is not None
        self._doc.take(await client.draft(self._api, self._id))
        await self._changed(persona)
        self._show()

    def _history(self) -> None:
        assert self._doc is not None
        publish.show_history(self._api, self._persona, self._doc, self._known(), self._show)

    # -- what others do -----------------------------------------------------------------------------------------

    async def _heard(self, event: PersonaChanged) -> None:
        doc = self._doc
        if event.persona_id != self._id or doc is None:
            return
        try:
            if event.version != self._persona.version:
                await self._changed(await client.persona(self._api, self._id))
            if event.draft_version > doc.draft.version and doc.state == "saved":
                draft = await client.draft(self._api, self._id)
                if doc.state == "saved" and draft.config != doc.config:
                    doc.take(draft)
                    self._show()
        except ApiProblem as error:
            if error.status == 404:
                gone(self._head.body, _("This persona is no longer here"), "/personas")
        except Offline:
            return

    async def _back(self) -> None:
        if self._doc is not None:
            await self._doc.flush()


def _published(persona: Persona) -> str:
    if persona.published_number is None:
        return _("Never published")
    return (
        _("Version {n}, published {when}").format(n=persona.published_number, when=formats.lately(persona.published_at))
        if persona.published_at
        else ""
    )
