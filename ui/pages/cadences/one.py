"""One sequence: its steps as people go through them, its rules, and the people in it."""

import contextlib
import json
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from nicegui import ui

from api.contract.cadences import Branch, Cadence, CadenceStep, Plan, Step, never_yes
from api.contract.enums import CadenceState, Permission, StopReason, TemplateStatus
from api.contract.events import CadenceChanged, CadenceProgress
from ui import formats, kinds, live, session
from ui.client import boards, campaigns, contacts, segments, templates
from ui.client import cadences as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import figure, figures, note
from ui.components.confirm import confirm
from ui.components.frame import Frame, frame
from ui.components.menus import Choice, more
from ui.components.progress import tabs
from ui.components.states import Loader, empty, gone, load, skeleton_card
from ui.components.text import Text, badge, icon, pressable, say, title
from ui.components.throttle import Throttle
from ui.components.toast import toast, toast_undo
from ui.i18n import _, ngettext
from ui.labels import cadences as labels
from ui.pages.cadences import tree
from ui.pages.cadences.flow import Act, Flow
from ui.pages.cadences.people import People
from ui.pages.cadences.rules import Rules
from ui.pages.cadences.starters import Starter, starters
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
        self._folded: set[UUID] = set()
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
            kinds.campaigning(await campaigns.channels(self._api)) if may(Permission.CHANNELS_READ) else [],
            (await templates.templates(self._api, status=TemplateStatus.APPROVED, limit=200)).items
            if may(Permission.TEMPLATES_READ)
            else [],
            await contacts.tags(self._api) if may(Permission.CONTACTS_READ) else [],
            await contacts.fields(self._api) if may(Permission.CONTACTS_READ) else [],
            await boards.boards(self._api) if may(Permission.BOARDS_READ) else [],
            await segments.segments(self._api) if may(Permission.CONTACTS_READ) else [],
            self._me.me.company.same_text_hours,
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
            ("people", _("People"), lambda: People(self._api, self._seen, self._known, self._send)),
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
            self._draw_buttons(seen)
        self._notes.clear()
        with self._notes:
            if seen.changed and seen.state is not CadenceState.ENDED:
                text = _("People follow what was published before. Publish the change when it is ready.")
                with note("info", text, name="info"):
                    pass
            if seen.state is CadenceState.RUNNING and any(one.problem for one in self._figures.values()):
                with note(
                    "warn", _("Some messages stand still. Each says why. When that is mended, let them go on."), name="warning"
                ):
                    if self._send:
                        button(_("Go on"), self._go_on, icon="play_arrow")

    def _draw_buttons(self, seen: Cadence) -> None:
        ended = seen.state is CadenceState.ENDED
        if ended and self._write:
            button(_("Make a copy"), self._copy, kind="primary", icon="content_copy")
        lines = [Choice(_("Make a copy"), self._copy, "content_copy")] if self._write and not ended else []
        if self._send:
            lines += self._draw_running(seen)
        if lines:
            more(lines)

    def _draw_running(self, seen: Cadence) -> list[Choice]:
        """What starts and stops it; returns what stands in the menu."""
        end = Choice(_("End for good"), self._end, "stop", danger=True)
        lines: list[Choice] = []
        match seen.state:
            case CadenceState.DRAFT:
                button(_("Start"), self._start, kind="primary", icon="play_arrow")
                lines = [Choice(_("Delete"), self._delete, "delete", danger=True)]
            case CadenceState.RUNNING:
                button(_("Pause"), lambda: self._act(client.pause), icon="pause")
                lines = [end]
            case CadenceState.PAUSED:
                button(_("Resume"), lambda: self._act(client.resume), icon="play_arrow")
                lines = [end]
            case CadenceState.ENDED:
                return lines
        if seen.changed:
            button(_("Publish change"), self._start, kind="primary")
        return lines

    async def _copy(self) -> None:
        made = await client.copy(self._api, self._id)
        ui.navigate.to(f"/cadences/{made.id}")

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

    async def _go_on(self) -> None:
        """What a limit, a template or the provider stopped: a step whose campaign failed is made anew, which only publishing does."""
        if self._seen.changed:
            await self._act(client.resume)
        else:
            self._changed(await client.start(self._api, self._id))
        await self._came()

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
        """Somebody changed it, or people moved: what is drawn follows. Where only figures moved nothing is drawn anew."""
        with contextlib.suppress(ApiProblem):
            seen = await client.cadence(self._api, self._id)
            self._figures = await client.steps(self._api, self._id)
            before = self._seen.version
            if seen.version < before:  # what was changed here meanwhile is newer, and told once more
                return
            self._changed(seen)
            if seen.version != before or not hasattr(self, "_flow") or self._flow.is_deleted:
                self._redraw()
            else:
                self._drawn_people()
                self._steps.set(self._figures, seen.people.entered)

    # -- steps --------------------------------------------------------------------------------------------------

    def _draw_steps(self) -> None:
        self._people = ui.element("div").classes("w-full")
        self._flow = ui.element("div").classes("m-col w-full m-seq-page")
        self._redraw()

    def _drawn_people(self) -> None:
        """Who came in and where they are; nothing before the first."""
        self._people.clear()
        people = self._seen.people
        if not people.entered:
            return
        with self._people, figures():
            figure(_("Came in"), formats.number(people.entered))
            figure(_("On the way"), formats.number(people.active), hint=_share(people.active, people.entered))
            figure(_("Came to the end"), formats.number(people.done), hint=_share(people.done, people.entered))
            why = max(people.stopped_by, key=lambda reason: people.stopped_by[reason], default="")
            said = f"{labels.stops()[StopReason(why)]}: {formats.number(people.stopped_by[why])}" if why else ""
            figure(_("Left before"), formats.number(people.stopped), hint=said)

    def _redraw(self, focus: UUID | None = None) -> None:
        if not hasattr(self, "_flow") or self._flow.is_deleted:
            return
        self._drawn_people()
        self._flow.clear()
        steps = self._seen.plan.steps
        write = self._write and self._seen.state is not CadenceState.ENDED
        with self._flow:
            if not steps and write:
                self._draw_starters()
            self._steps = Flow(
                self._known.names,
                self._figures,
                self._wrong,
                self._hints(),
                add=self._add,
                do=self._do,
                write=write,
                entered=self._seen.people.entered,
                folded=self._folded,
            )
            self._steps.draw(steps)
        if focus is not None:
            self._flow.client.run_javascript(f"masteria.toStep({json.dumps(str(focus))})")

    def _hints(self) -> dict[UUID, str]:
        tells = [one.id for one in self._known.channels if kinds.can(one.kind).reports_read]
        if not self._known.channels:  # who may not see channels is told nothing of them
            return {}
        return {step_id: labels.never_yes(why) for step_id, why in never_yes(self._seen.plan, tells).items()}

    def _draw_starters(self) -> None:
        channel = next(iter(self._known.channels), None)
        with ui.element("div").classes("m-card"):
            if channel is None:
                text = _("A sequence writes over a channel. Connect one, then its steps can be made.")
                empty("cell_tower", _("First a channel"), text, action=_("To the channels"), to="/channels")
                return
            title(_("What happens first?"))
            hint = _("Begin with one of these and change what you like, or press the plus below for an empty one.")
            Text("p", hint, "m-hint")
            with ui.element("div").classes("m-picks"):
                for one in starters(channel):
                    self._draw_starter(one)

    def _draw_starter(self, one: Starter) -> None:
        async def begin() -> None:
            await self._keep(one.steps, focus=one.steps[0].id)

        with ui.element("div").classes("m-pick") as pick:
            with ui.element("div").classes("m-camp-icon"):
                icon(one.icon)
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(one.name).classes("m-strong")
                ui.label(one.about).classes("m-hint")
        pressable(pick, begin)

    def _add(self, place: tree.Place, kind: type[Step]) -> None:
        async def kept(step: Step) -> None:
            await self._keep(tree.insert(self._seen.plan.steps, place, step), focus=step.id)

        StepDialog(self._known, kind, None, kept)

    async def _do(self, what: Act, step_id: UUID) -> None:
        steps = self._seen.plan.steps
        step = tree.find(steps, step_id)
        if step is None:
            return
        match what:
            case "change":
                self._change(step)
            case "remove":
                await self._remove(step)
            case "copy":
                found, made = tree.copy(steps, step_id)
                await self._keep(found, focus=made)
            case "up" | "down":
                await self._keep(tree.move(steps, step_id, -1 if what == "up" else 1), focus=step_id)

    def _change(self, step: Step) -> None:
        async def kept(new: Step) -> None:
            seen = tree.find(self._seen.plan.steps, step.id)
            if isinstance(new, Branch) and isinstance(seen, Branch):
                new = msgspec.structs.replace(new, yes=seen.yes, no=seen.no)
            await self._keep(tree.replace(self._seen.plan.steps, new), focus=step.id)

        StepDialog(self._known, type(step), step, kept)

    async def _remove(self, step: Step) -> None:
        """Without a question before: it can be taken back, as long as nobody changed the steps since."""
        before = self._seen.plan.steps
        after = tree.remove(before, step.id)
        await self._keep(after, focus=tree.neighbour(before, step.id))

        async def undo() -> None:
            if self._seen.plan.steps == after:
                await self._keep(before, focus=step.id)
            else:
                toast(_("The steps were changed since. Nothing was put back."), "warn")

        if self._seen.plan.steps == after:
            inside = tree.count([step]) - 1
            said = ngettext("Removed, with {n} step inside it.", "Removed, with {n} steps inside it.", inside).format(n=inside)
            toast_undo(said if inside else _("Step removed."), undo)

    async def _keep(self, steps: list[Step], focus: UUID | None = None) -> None:
        await self._keep_plan(msgspec.structs.replace(self._seen.plan, steps=steps), focus)

    async def _keep_plan(self, plan: Plan, focus: UUID | None = None) -> None:
        """Written at once. Who changed it meanwhile is not overwritten."""
        try:
            self._changed(await client.change(self._api, self._seen, plan=plan))
            self._wrong = {}
        except ApiProblem as error:
            if error.status == 412:
                self._changed(await client.cadence(self._api, self._id))
            problems.show(error)
        self._redraw(focus)

    def _draw_rules(self) -> None:
        Rules(self._seen.plan, self._known, self._keep_plan, write=self._write and self._seen.state is not CadenceState.ENDED)


def _share(part: int, whole: int) -> str:
    return formats.percent(part, whole, digits=0)
