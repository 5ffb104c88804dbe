"""What the test cases say before a draft is published: the last run, what it changes against what serves, and the way to run them."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.enums import TrialState
from api.contract.events import PersonaTrialChanged
from api.contract.personas import PersonaRun, PersonaTrial
from ui import live
from ui.client import personas as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.progress import progress
from ui.components.states import Loader, load, skeleton_list
from ui.components.text import Text, badge
from ui.components.throttle import Throttle
from ui.i18n import _, ngettext


class _Found(NamedTuple):
    cases: int
    run: PersonaRun | None


class Outcome(NamedTuple):
    """Names of cases: that pass only now, that fail only now, that fail in both; `passed` of `total` pass now."""

    mended: list[str]
    broken: list[str]
    failing: list[str]
    passed: int
    total: int


def outcome(trials: Sequence[PersonaTrial]) -> Outcome:
    """Of a run that is over. A case that nothing serving was asked counts as one that fails already."""
    before = {one.case_id: one.missed == [] for one in trials if one.published}
    now = [one for one in trials if not one.published]
    lost = [one for one in now if one.missed != []]
    return Outcome(
        mended=[one.case_name for one in now if one.missed == [] and before.get(one.case_id) is False],
        broken=[one.case_name for one in lost if before.get(one.case_id) is True],
        failing=[one.case_name for one in lost if before.get(one.case_id) is not True],
        passed=len(now) - len(lost),
        total=len(now),
    )


def over(run: PersonaRun) -> bool:
    return all(one.state is not TrialState.WAITING for one in run.trials)


class Tested:
    """A place in the dialog that publishes."""

    def __init__(self, api: ApiClient, persona_id: UUID) -> None:
        self._api, self._id = api, persona_id
        ui.label(_("Test cases")).classes("m-label")
        self._place: Loader[_Found] = load(self._fetch, self._draw, lambda: skeleton_list(1))
        self._throttle = Throttle(self._again, 0.5)
        live.on(PersonaTrialChanged, self._heard)

    def _heard(self, event: PersonaTrialChanged) -> None:
        if event.persona_id == self._id and (event.run_id is not None or event.trial_id is None):
            self._throttle.poke()

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> _Found:
        cases = await client.cases(self._api, self._id)
        return _Found(len(cases), await client.last_run(self._api, self._id, draft=True) if cases else None)

    def _draw(self, found: _Found) -> None:
        with ui.element("div").classes("m-col m-near w-full"):
            if not found.cases:
                Text("p", _("None yet. Talk to the draft beside the editor and save the talk as a test case."), "m-hint")
            elif found.run is not None and not over(found.run):
                done = sum(one.state is not TrialState.WAITING for one in found.run.trials)
                progress(done, len(found.run.trials))
            elif found.run is None or not found.run.is_current:
                with note("warn", _("The test cases did not run since something changed."), name="warning"):
                    self._offer(_("Run them now"))
            else:
                draw_outcome(outcome(found.run.trials))
                self._offer(_("Run them again"))

    def _offer(self, text: str) -> None:
        with ui.element("div").classes("m-row"):
            button(text, self._run, icon="play_arrow")

    async def _run(self) -> None:
        try:
            await client.start_run(self._api, self._id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        await self._place.refresh()


def draw_outcome(found: Outcome) -> None:
    """How many pass, and by name what is better and worse than before."""
    with ui.element("div").classes("m-col m-near w-full"):
        with ui.element("div").classes("m-row m-near m-wrap"):
            badge(
                _("{passed} of {total} pass").format(passed=found.passed, total=found.total),
                "ok" if found.passed == found.total else "bad",
            )
            if not found.broken and not found.mended:
                Text("span", _("As before: nothing passes or fails that did not."), "m-hint")
        count = len(found.broken)
        text = ngettext("{n} passed before and fails now", "{n} passed before and fail now", count)
        _names(text.format(n=count), found.broken, "bad")
        count = len(found.mended)
        text = ngettext("{n} failed before and passes now", "{n} failed before and pass now", count)
        _names(text.format(n=count), found.mended, "ok")
        count = len(found.failing)
        text = ngettext("{n} fails as before", "{n} fail as before", count)
        _names(text.format(n=count), found.failing, "quiet")


_SHOWN = 8


def _names(text: str, names: Sequence[str], tone: str) -> None:
    if not names:
        return
    with ui.element("div").classes(f"m-tested m-tone-{tone}"):
        ui.label(text).classes("m-strong")
        for name in names[:_SHOWN]:
            ui.label(name).classes("m-sub m-clip")
        if len(names) > _SHOWN:
            ui.label(_("and {n} more").format(n=len(names) - _SHOWN)).classes("m-hint")
