"""Test cases of a persona: talks with what is expected, run on the draft and on what serves, side by side."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.enums import Decision, MissKind, TrialState, TrialWho
from api.contract.events import PersonaTrialChanged
from api.contract.personas import (
    CaseExpectation,
    CaseMiss,
    PersonaCase,
    PersonaCaseCreate,
    PersonaCasePatch,
    PersonaRun,
    PersonaTrial,
    TrialAnswer,
    TrialLine,
)
from ui import live
from ui.client import personas as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import allow, button
from ui.components.cards import item
from ui.components.confirm import dialog
from ui.components.forms import area_field, filled, select_field, text_field
from ui.components.menus import Choice, more
from ui.components.progress import progress
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import Text, Tone, badge
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import personas as labels
from ui.pages.personas.document import Document
from ui.pages.personas.talk import draw_answer
from ui.pages.personas.tested import draw_outcome, outcome


class _Found(NamedTuple):
    cases: list[PersonaCase]
    run: PersonaRun | None


class Cases:
    """The list, and the button that runs all of them."""

    def __init__(self, api: ApiClient, persona_id: UUID, doc: Document) -> None:
        self._api, self._id, self._doc = api, persona_id, doc
        with ui.element("div").classes("m-col m-near w-full"):
            self._run_button = button(_("Run all"), self._run, icon="play_arrow")
            self._place: Loader[_Found] = load(self._fetch, self._draw, lambda: skeleton_list(2))
        self._throttle = Throttle(self._again, 0.5)
        live.on(PersonaTrialChanged, self._heard)
        live.on_reset(self._again)

    def _heard(self, event: PersonaTrialChanged) -> None:
        if event.persona_id == self._id and (event.run_id is not None or event.trial_id is None):
            self._throttle.poke()

    async def refresh(self) -> None:
        await self._place.refresh()

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> _Found:
        cases = await client.cases(self._api, self._id)
        return _Found(cases, await client.last_run(self._api, self._id))

    def _draw(self, found: _Found) -> None:
        allow(self._run_button, bool(found.cases))
        if not found.cases:
            empty("fact_check", _("No test case yet"), _("Talk to the draft, then save the talk as a test case."))
            return
        trials = found.run.trials if found.run is not None else []
        done = sum(one.state is not TrialState.WAITING for one in trials)
        if trials and done < len(trials):
            progress(done, len(trials))
            allow(self._run_button, False)
        elif found.run is not None and found.run.model:
            ui.label(_("With {model}, against what serves:").format(model=found.run.model)).classes("m-strong")
            draw_outcome(outcome(trials))
        new, old = (found.run.model, _("Now")) if found.run is not None and found.run.model else (_("Draft"), _("Published"))
        with ui.element("div").classes("m-col m-tight w-full"):
            for case in found.cases:
                self._draw_case(case, [one for one in trials if one.case_id == case.id], new, old)

    def _draw_case(self, case: PersonaCase, trials: Sequence[PersonaTrial], new: str, old: str) -> None:
        draft = next((one for one in trials if not one.published), None)
        serving = next((one for one in trials if one.published), None)
        with item() as line:
            line.classes("m-talk-case")
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(case.name).classes("m-strong m-clip")
                with ui.element("div").classes("m-row m-near m-wrap"):
                    for name, one in ((new, draft), (old, serving)):
                        if one is not None:
                            badge(f"{name}: {_verdict(one)}", _tone(one))
                for miss in (draft.missed or []) if draft is not None else []:
                    ui.label(_said(miss)).classes("m-hint m-text")
            entries = [Choice(_("Change"), partial(self.edit, case), "edit")]
            if draft is not None and draft.answer is not None:
                entries.insert(0, Choice(_("Show the answers"), partial(_show, case, draft, serving, new, old), "visibility"))
            entries.append(Choice(_("Delete"), partial(self._delete, case), "delete", danger=True))
            more(entries, _("More for {name}").format(name=case.name))

    async def _run(self) -> None:
        if not await self._doc.flush():
            return
        try:
            await client.start_run(self._api, self._id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        await self._place.refresh()

    async def _delete(self, case: PersonaCase) -> None:
        try:
            await client.delete_case(self._api, self._id, case.id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
        await self._place.refresh()

    def new(self, lines: list[TrialLine], answer: TrialAnswer) -> None:
        """From a talk: what the answer was is proposed as what is expected."""
        asked = lines[-1].text
        expect = CaseExpectation(cites=True if answer.citations else None, hands_over=answer.decision is Decision.HANDOVER)
        self._open(asked[:80], lines, expect, None)

    def edit(self, case: PersonaCase) -> None:
        self._open(case.name, case.lines, case.expect, case)

    def _open(self, given: str, lines: list[TrialLine], expect: CaseExpectation, case: PersonaCase | None) -> None:
        async def save() -> None:
            if not filled([name]):
                return
            wanted = CaseExpectation(
                contains=_phrases(contains.value), not_contains=_phrases(without.value), cites=cites.value, hands_over=hands.value,
                sources=expect.sources, tools=expect.tools,
            )  # fmt: skip
            try:
                if case is None:
                    body = PersonaCaseCreate(name=name.value.strip(), lines=lines, expect=wanted)
                    await client.create_case(self._api, self._id, body)
                else:
                    await client.change_case(self._api, self._id, case, PersonaCasePatch(name=name.value.strip(), expect=wanted))
            except (ApiProblem, Offline) as error:
                problems.show_in({"name": name}, error)
                return
            box.close()
            toast(_("Saved."))
            await self._place.refresh()

        yes = {None: _("Does not matter"), True: _("Yes"), False: _("No")}
        with dialog(_("Change test case") if case else _("Save as test case"), wide=True) as box:
            with ui.element("div").classes("m-talk-quote"):
                for one in lines[-3:]:
                    who = _("Customer") if one.who is TrialWho.CUSTOMER else _("Persona")
                    Text("p", f"{who}: {one.text}", "m-sub m-text")
            name = text_field(_("Name"), given, limit=120)
            contains = area_field(_("The answer says all of this"), "\n".join(expect.contains), rows=2, hint=_("One a line."))
            without = area_field(_("The answer says none of this"), "\n".join(expect.not_contains), rows=2, hint=_("One a line."))
            with ui.element("div").classes("m-lp-pair"):
                cites = select_field(_("It cites a source"), yes, expect.cites)
                hands = select_field(_("It hands over"), yes, expect.hands_over)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()


def _phrases(text: str | None) -> list[str]:
    return list(dict.fromkeys(part.strip()[:200] for part in (text or "").splitlines() if part.strip()))[:20]


def _verdict(one: PersonaTrial) -> str:
    if one.state is TrialState.WAITING:
        return _("running")
    return _("passes") if one.missed == [] else _("fails")


def _tone(one: PersonaTrial) -> Tone:
    return "quiet" if one.state is TrialState.WAITING else "ok" if one.missed == [] else "bad"


def _said(miss: CaseMiss) -> str:
    text = labels.misses()[miss.kind]
    detail = labels.failure_of(miss.detail) if miss.kind is MissKind.FAILED else miss.detail
    return f"{text}: {detail}" if detail else text


def _show(case: PersonaCase, draft: PersonaTrial, serving: PersonaTrial | None, new: str, old: str) -> None:
    """Both answers, side by side."""
    with dialog(case.name, wide=True) as box:
        for name, one in ((new, draft), (old, serving)):
            if one is not None:
                ui.label(name).classes("m-label")
                with ui.element("div").classes("m-talk-lines m-talk-small"):
                    draw_answer(one.answer)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="plain")
    box.open()
