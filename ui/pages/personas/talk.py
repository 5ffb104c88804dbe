"""A talk with a persona beside its editor: what it answers, from which passages, by which tools, for how much and in how long."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from nicegui import ui

from api.contract.enums import Decision, TrialState, TrialWho
from api.contract.events import PersonaTrialChanged, PersonaTrialProgress
from api.contract.personas import PersonaTrial, TrialAction, TrialAnswer, TrialLine
from api.contract.proposals import ProposalState
from ui import formats, live
from ui.client import personas as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.beat import beat
from ui.components.buttons import allow, button, icon_button
from ui.components.text import Text, badge, icon, safe_link
from ui.i18n import _, ngettext, pgettext
from ui.labels import personas as labels
from ui.labels import proposals
from ui.pages.personas.document import Document

_LOOK = 4.0  # seconds between two looks for an answer, should its event be lost


class Talk:
    """`save(lines, answer)` makes a test case of the talk as far as it is."""

    def __init__(
        self,
        api: ApiClient,
        persona_id: UUID,
        doc: Document,
        save: Callable[[list[TrialLine], TrialAnswer], Awaitable[None] | None],
    ) -> None:
        self._api, self._id, self._doc, self._save = api, persona_id, doc, save
        self._lines: list[TrialLine] = []
        self._waiting: UUID | None = None
        self._answer: TrialAnswer | None = None
        self._asked: list[TrialLine] = []  # what the newest answer answers
        self._written = ""  # of the answer that is coming
        self._bubble: ui.label | None = None
        with ui.element("div").classes("m-talk"):
            self._place = ui.element("div").classes("m-talk-lines").props("role=log tabindex=0")
            self._place.props["aria-label"] = _("Talk with the persona")
            with ui.element("div").classes("m-talk-foot"):
                self._field = (
                    ui.input(placeholder=_("Write as a customer")).props("outlined dense maxlength=4000").classes("m-grow")
                )
                self._field.props["aria-label"] = _("Write as a customer")
                self._field.on("keydown.enter", self._send, [])
                self._button = icon_button("send", _("Send"), self._send)
            with ui.element("div").classes("m-row m-near m-talk-tools"):
                self._again = button(_("New talk"), self._clear, icon="restart_alt", kind="plain")
                self._keep = button(_("Save as test case"), self._as_case, icon="playlist_add_check", kind="plain")
        self._clear()
        live.on(PersonaTrialChanged, self._heard)
        live.on(PersonaTrialProgress, self._written_so_far)
        live.on_reset(self._look)
        beat(_LOOK, self._look)

    def _clear(self) -> None:
        self._lines, self._answer, self._waiting = [], None, None
        self._place.clear()
        with self._place, ui.element("div").classes("m-talk-blank"):
            icon("chat")
            Text("p", _("Try the draft here: nobody is sent anything, and nothing is done."), "m-hint")
        allow(self._keep, False)
        allow(self._button, True)

    async def _send(self) -> None:
        text = (self._field.value or "").strip()
        if not text or self._waiting is not None or not await self._doc.flush():
            return
        lines = [*self._lines, TrialLine(who=TrialWho.CUSTOMER, text=text)]
        try:
            trial = await client.try_out(self._api, self._id, lines[-60:])
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        if not self._lines:
            self._place.clear()
        self._lines, self._waiting, self._field.value, self._written = lines, trial.id, "", ""
        with self._place:
            with ui.element("div").classes("m-bubble m-bubble-out"):
                ui.label(text).classes("m-text").props["dir"] = "auto"
            self._bubble = None
            self._dots = ui.element("div").classes("m-bubble m-talk-dots").props("role=status")
            self._dots.props["aria-label"] = _("It is writing")
            with self._dots:
                for _number in range(3):
                    ui.element("i")
        self._down()
        allow(self._button, False)
        await self._take(trial)

    async def _heard(self, event: PersonaTrialChanged) -> None:
        if event.trial_id is not None and event.trial_id == self._waiting:
            await self._look()

    def _written_so_far(self, event: PersonaTrialProgress) -> None:
        """Shown in place of the dots; what was missed comes with the whole."""
        if event.trial_id != self._waiting or event.at > len(self._written):
            return
        self._written = self._written[: event.at] + event.text
        if not self._written:
            return
        if self._bubble is None:
            self._dots.clear()
            self._dots.classes(remove="m-talk-dots", add="m-talk-writes")
            with self._dots:
                self._bubble = ui.label().classes("m-text")
                self._bubble.props["dir"] = "auto"
                Text("span", _("It is writing. What it says is checked at the end."), "m-hint")
        self._bubble.text = self._written
        self._down()

    async def _look(self) -> None:
        if self._waiting is None:
            return
        try:
            trial = await client.trial(self._api, self._id, self._waiting)
        except (ApiProblem, Offline):  # the next look finds it
            return
        await self._take(trial)

    async def _take(self, trial: PersonaTrial) -> None:
        if trial.state is TrialState.WAITING or trial.id != self._waiting:
            return
        self._waiting, self._asked = None, self._lines
        self._answer = trial.answer
        self._dots.delete()
        with self._place:
            draw_answer(trial.answer)
        texts = trial.answer.texts if trial.answer is not None else []
        self._lines = [*self._lines, *(TrialLine(who=TrialWho.ASSISTANT, text=text) for text in texts if text.strip())]
        allow(self._button, True)
        allow(self._keep, trial.answer is not None and trial.answer.failure is None)
        self._down()

    def _down(self) -> None:
        ui.run_javascript(f"const e = getHtmlElement({self._place.id}); if (e) e.scrollTop = e.scrollHeight")

    async def _as_case(self) -> None:
        if self._answer is not None:
            result = self._save(self._asked, self._answer)
            if result is not None:
                await result


def draw_answer(answer: TrialAnswer | None) -> None:
    """What it would have said and done, and below it what that is made of."""
    if answer is None or answer.failure is not None:
        with ui.element("div").classes("m-note m-bad").props("role=alert"):
            icon("error")
            ui.label(labels.failure(answer.failure if answer is not None else None))
        if answer is None or not answer.tokens_in:
            return
    for text in answer.texts:
        with ui.element("div").classes("m-bubble"):
            ui.label(text).classes("m-text").props["dir"] = "auto"
    with ui.element("div").classes("m-talk-made"):
        for action in answer.actions:
            _draw_action(action)
        with ui.element("div").classes("m-row m-near m-wrap"):
            if answer.decision is Decision.HANDOVER:
                badge(_("Hands over"), "info")
            if answer.decision is Decision.NO_REPLY and answer.failure is None:
                badge(_("Says nothing"), "quiet")
            if answer.decision is Decision.CLOSE:
                badge(_("Says goodbye"), "quiet")
            if answer.unknown:
                badge(_("Does not know"), "warn")
            if answer.held:
                badge(pgettext("answer", "Held back"), "warn")
        with ui.expansion(_facts(answer)).classes("m-talk-facts").props("dense"):
            _draw_details(answer)


def _draw_action(one: TrialAction) -> None:
    """What it would have done beside the answer: nothing of it was."""
    with ui.element("div").classes("m-talk-action" + (" m-talk-not" if one.state is ProposalState.BLOCKED else "")):
        icon(proposals.tools()[one.tool].icon)
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(proposals.would(one)).classes("m-strong m-text").props["dir"] = "auto"
            parts = [one.board, proposals.why(one.why) if one.why is not None else "", one.reason]
            ui.label(" · ".join(part for part in parts if part)).classes("m-hint m-text").props["dir"] = "auto"


def _facts(answer: TrialAnswer) -> str:
    tokens = formats.number(answer.tokens_in + answer.tokens_out)
    parts = [formats.number(answer.milliseconds / 1000, 1) + " s", _("{n} tokens").format(n=tokens)]
    if answer.cost_micro is not None:
        parts.append(formats.dollars(answer.cost_micro))
    count = len(answer.citations)
    parts.append(ngettext("{n} citation", "{n} citations", count).format(n=formats.number(count)))
    if answer.actions:
        count = sum(one.state is not ProposalState.BLOCKED for one in answer.actions)
        parts.append(ngettext("{n} proposal", "{n} proposals", count).format(n=formats.number(count)))
    if answer.tools:
        parts.append(ngettext("{n} action", "{n} actions", len(answer.tools)).format(n=formats.number(len(answer.tools))))
    return " · ".join(parts)


def _draw_details(answer: TrialAnswer) -> None:
    with ui.element("div").classes("m-col m-near w-full"):
        if answer.reason is not None or answer.said:
            ui.label(" · ".join(part for part in (labels.reason(answer.reason), answer.said) if part)).classes("m-sub m-text")
        for held in answer.held:
            ui.label(_("Held back, as no source says it: {what}").format(what=held)).classes("m-sub m-text")
        for one in answer.citations:
            with ui.element("div").classes("m-talk-source"):
                place = " · ".join(
                    part for part in (one.title, one.heading, _("page {n}").format(n=one.page) if one.page else "") if part
                )
                safe_link(place, one.url) if one.url else ui.label(place).classes("m-strong")
                Text("q", one.quote, "m-sub m-text")
        for tool in answer.tools:
            with ui.element("div").classes("m-talk-source"):
                ui.label(f"{labels.tool(tool.name)} · {formats.number(tool.milliseconds)} ms").classes("m-strong")
                ui.label(tool.arguments).classes("m-mono m-text")
        for fact in answer.collected:
            ui.label(_("Found out: {key} = {value}").format(key=fact.key, value=fact.value)).classes("m-sub m-text")
        ui.label(
            _("Model {model} · {read} tokens read, {cached} of them cached · {written} written").format(
                model=answer.model or "—",
                read=formats.number(answer.tokens_in),
                cached=formats.number(answer.tokens_cached),
                written=formats.number(answer.tokens_out),
            )
        ).classes("m-hint")
