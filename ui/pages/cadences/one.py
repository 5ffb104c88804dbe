"""One sequence: its steps as people go through them, its rules, and the people in it."""

import contextlib
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from nicegui import ui

from api.contract.cadences import Branch, Cadence, CadenceStep, Plan, Step
from api.contract.enums import CadenceState, Permission, TemplateStatus
from api.contract.events import CadenceChanged, CadenceProgress
from ui import live, session
from ui.client import boards, campaigns, contacts, templates
from ui.client import cadences as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.confirm import confirm
from ui.components.frame import Frame, frame
from ui.components.menus import Choice, more
from ui.components.progress import tabs
from ui.components.states import Loader, empty, gone, load, skeleton_card
from ui.components.text import badge, say
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import cadences as labels
from ui.pages.cadences import tree
from ui.pages.cadences.flow import Flow
from ui.pages.cadences.people import People
from ui.pages.cadences.rules import Rules
from ui.pages.cadences.step_dialog import Known, StepDialog
from ui.routing import page


@page("/cadences/{cadence_id}", permission=Permission.CAMPAIGNS_READ)
def cadence(cadence_id: UUID, tab: str = "steps") -> None:
    with frame(_("Sequence"), breadcrumbs=[(_("Sequences"), "/cadences")], active="/cadences") as head:
        _Cadence(cadence_id, tab, head)


class _Read(NamedTuple):
    cadence: Cadence
    figures: dict[UUID, CadenceStep]
    known: Known


class _Cadence:
    def __init__(self, cadence_id: UUID, tab: str, head: Frame) -> None:
        self._me = session.current()
        self._api, self._id, self._tab, self._head = self._me.api, cadence_id, tab, head
        self._write, self._send = self._me.may(Permission.CAMPAIGNS_WRITE), self._me.may(Permission.CAMPAIGNS_SEND)
        self._wrong: dict[UUID, str] = {}
        self._body = ui.element("div").classes("m-col m-loose w-full")
        with self._body:
            self._place: Loader[_Read | None] = load(self._fetch, self._draw, skeleton_card)
        throttle = Throttle(self._came, 1.5)

        def heard(event: CadenceChanged | CadenceProgress) -> None:
            if event.cadence_id == cadence_id:
                throttle.poke()

        live.on(CadenceChanged, heard)
        live.on(CadenceProgress, heard)

    async def _fetch(self) -> _Read | None:
        try:
            found = await client.cadence(self._api, self._id)
        except ApiProblem as problem:
            if problem.status != 404:
                raise
            return None
        may = self._me.may
        known = Known(
            await campaigns.channels(self._api) if may(Permission.CHANNELS_READ) else [],
            (await templates.templates(self._api, status=TemplateStatus.APPROVED, limit=200)).items
            if may(Permission.TEMPLATES_READ)
            else [],
            await contacts.tags(self._api) if may(Permission.CONTACTS_READ) else [],
            await contacts.fields(self._api) if may(Permission.CONTACTS_READ) else [],
            await boards.boards(self._api) if may(Permission.BOARDS_READ) else [],
        )
        return _Read(found, await client.steps(self._api, self._id), known)

    def _draw(self, read: _Read | None) -> None:
        self._head.actions.clear()
        if read is None:
            gone(self._body, _("This sequence does not exist"), "/cadences")
            return
        self._seen, self._figures, self._known = read
        with self._head.actions:
            self._state = badge("")
            self._buttons = ui.element("div").classes("m-row m-near")
        self._notes = ui.element("div").classes("m-col w-full").props("aria-live=polite")
        self._drawn_head()
        parts = [
            ("steps", _("Steps"), self._draw_steps),
            ("rules", _("Who and when"), self._draw_rules),
            ("people", _("People"), lambda: People(self._api, self._seen, self._known.names, self._send)),
        ]
        tabs(parts, self._tab, name="tab")

    # -- head ---------------------------------------------------------------------------------------------------

    def _drawn_head(self) -> None:
        seen = self._seen
        self._head.title.text = seen.name
        ui.page_title(f"{seen.name} · Master IA")
        say(self._state, *labels.state(seen.state))
        self._buttons.clear()
        with self._buttons:
            if self._send:
                self._draw_buttons(seen)
        self._notes.clear()
        with self._notes:
            if seen.changed and seen.state is not CadenceState.ENDED:
                with note(
                    "info", _("People follow what was published before. Publish the change when it is ready."), name="info"
                ):
                    pass

    def _draw_buttons(self, seen: Cadence) -> None:
        more_lines: list[Choice] = []
        match seen.state:
            case CadenceState.DRAFT:
                button(_("Start"), self._start, kind="primary", icon="play_arrow")
                more_lines = [Choice(_("Delete"), self._delete, "delete", danger=True)]
            case CadenceState.RUNNING:
                button(_("Pause"), lambda: self._act(client.pause), icon="pause")
                more_lines = [Choice(_("End for good"), self._end, "stop", danger=True)]
            case CadenceState.PAUSED:
                button(_("Resume"), lambda: self._act(client.resume), icon="play_arrow")
                more_lines = [Choice(_("End for good"), self._end, "stop", danger=True)]
            case CadenceState.ENDED:
                return
        if seen.changed:
            button(_("Publish change"), self._start, kind="primary")
        more(more_lines)

    async def _act(self, does: Any) -> None:
        self._changed(await does(self._api, self._id))

    def _changed(self, seen: Cadence) -> None:
        self._seen = seen
        self._drawn_head()

    async def _start(self) -> None:
        """Starts or publishes; what is wrong stands at its step."""
        self._wrong = {}
        try:
            self._changed(await client.start(self._api, self._id))
            toast(_("People follow these steps now."))
        except ApiProblem as error:
            if error.code != "cadence_not_ready":
                raise
            by_path = tree.paths(self._seen.plan.steps)
            homeless: list[str] = []
            for field in error.errors:
                path = next((one for one in sorted(by_path, key=len, reverse=True) if field.field.startswith(one)), None)
                if path is None:
                    homeless.append(problems.field_sentence(field))
                else:
                    self._wrong.setdefault(by_path[path], problems.field_sentence(field))
            toast(homeless[0] if homeless else _("Some steps are not ready. They are marked in red."), "bad")
        self._redraw()

    async def _end(self) -> None:
        text = _("Everybody leaves it, and messages that wait are not sent. This cannot be undone.")
        if await confirm(_("End this sequence?"), text, yes=_("End for good"), danger=True):
            await self._act(client.end)
            self._redraw()

    async def _delete(self) -> None:
        if await confirm(_("Delete this sequence?"), yes=_("Delete"), danger=True):
            await client.delete(self._api, self._id)
            ui.navigate.to("/cadences")

    async def _came(self) -> None:
        """Somebody changed it, or people moved: what is drawn follows, what is being written stays."""
        with contextlib.suppress(ApiProblem):
            seen = await client.cadence(self._api, self._id)
            self._figures = await client.steps(self._api, self._id)
            self._changed(seen)
            self._redraw()

    # -- steps --------------------------------------------------------------------------------------------------

    def _draw_steps(self) -> None:
        self._flow = ui.element("div").classes("m-col w-full m-seq-page")
        self._redraw()

    def _redraw(self) -> None:
        if not hasattr(self, "_flow") or self._flow.is_deleted:
            return
        self._flow.clear()
        steps = self._seen.plan.steps
        write = self._write and self._seen.state is not CadenceState.ENDED
        with self._flow:
            if not steps and write:
                with ui.element("div").classes("m-card"):
                    empty(
                        "route",
                        _("What happens first?"),
                        _("Press the plus below: write a message, wait some days, ask whether they answered."),
                    )
            flow = Flow(
                self._known.names,
                self._figures,
                self._wrong,
                add=self._add,
                do=self._do,
                write=write,
                ran=self._seen.live is not None,
            )
            flow.draw(steps)

    def _add(self, place: tree.Place, kind: type[Step]) -> None:
        async def kept(step: Step) -> None:
            await self._keep(tree.insert(self._seen.plan.steps, place, step))

        StepDialog(self._known, kind, None, kept)

    async def _do(self, what: Literal["change", "up", "down", "remove"], step: Step) -> None:
        steps = self._seen.plan.steps
        if what == "change":

            async def kept(new: Step) -> None:
                if isinstance(new, Branch) and isinstance(step, Branch):
                    new = msgspec.structs.replace(new, yes=step.yes, no=step.no)
                await self._keep(tree.replace(self._seen.plan.steps, new))

            StepDialog(self._known, type(step), step, kept)
            return
        if what == "remove":
            inside = isinstance(step, Branch) and (step.yes or step.no)
            text = _("The steps on both sides go too.") if inside else ""
            if inside and not await confirm(_("Remove this question?"), text, yes=_("Remove"), danger=True):
                return
            await self._keep(tree.remove(steps, step.id))
            return
        await self._keep(tree.move(steps, step.id, -1 if what == "up" else 1))

    async def _keep(self, steps: list[Step]) -> None:
        await self._keep_plan(msgspec.structs.replace(self._seen.plan, steps=steps))

    async def _keep_plan(self, plan: Plan) -> None:
        """Written at once. Who changed it meanwhile is not overwritten."""
        try:
            self._changed(await client.change(self._api, self._seen, plan=plan))
            self._wrong = {}
        except ApiProblem as error:
            if error.status == 412:
                self._changed(await client.cadence(self._api, self._id))
            problems.show(error)
        self._redraw()

    def _draw_rules(self) -> None:
        Rules(self._seen.plan, self._known, self._keep_plan, write=self._write and self._seen.state is not CadenceState.ENDED)
