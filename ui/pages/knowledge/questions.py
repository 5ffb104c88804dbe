"""The questions that a base is measured with: how many of their sources it finds among the first five, now and before."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.enums import Permission
from api.contract.events import KnowledgeQuestionsChanged
from api.contract.knowledge import KnowledgeQuestion
from ui import formats, live, session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card
from ui.components.confirm import dialog
from ui.components.forms import filled, select_field, text_field
from ui.components.progress import width
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import Tone, badge, pressable
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, ngettext

TOP = 5
"""A persona reads few passages: what stands further down is hardly used."""


class Recall(NamedTuple):
    """Of `measured` questions: in how many the source stood first, and among the first TOP, now and before places changed."""

    measured: int
    first: int
    top: int
    top_before: int | None


def recall(found: Sequence[KnowledgeQuestion]) -> Recall:
    """Only of those whose source is there. `top_before` None: none of them ever stood elsewhere; those that did not count as they are."""
    measured = [one for one in found if one.source_id is not None and one.place is not None]
    before = [one.place if one.place_before is None else one.place_before for one in measured]
    return Recall(
        measured=len(measured),
        first=sum(one.place == 1 for one in measured),
        top=sum(0 < (one.place or 0) <= TOP for one in measured),
        top_before=sum(0 < (place or 0) <= TOP for place in before)
        if any(one.place_before is not None for one in measured)
        else None,
    )


class Questions:
    """`try_this` searches a question above."""

    def __init__(self, base_id: UUID, try_this: Callable[[str], Awaitable[None]]) -> None:
        me = session.current()
        self._api, self._base_id, self._write = me.api, base_id, me.may(Permission.KNOWLEDGE_WRITE)
        self._try_this = try_this
        self._place: Loader[list[KnowledgeQuestion]] = load(self._fetch, self._draw, lambda: skeleton_list(2))
        throttle = Throttle(self._again, 0.5)

        def heard(event: KnowledgeQuestionsChanged) -> None:
            if event.base_id == base_id:
                throttle.poke()

        live.on(KnowledgeQuestionsChanged, heard)
        live.on_reset(self._again)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> list[KnowledgeQuestion]:
        return await client.questions(self._api, self._base_id)

    async def add(self, question: str, source_id: UUID) -> None:
        try:
            await client.add_question(self._api, self._base_id, question[:500], source_id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        toast(_("Saved as a test question."))
        await self._place.refresh()

    def _draw(self, found: list[KnowledgeQuestion]) -> None:
        def actions() -> None:
            button(_("Add a question"), self._ask, icon="add")
            if found:
                button(_("Measure now"), self._measure, icon="speed")

        hint = _("Each names the source that must be found. They are measured again whenever this base changes.")
        with card(_("Test questions"), hint=hint, actions=actions if self._write else None, flush=True):
            if not found:
                text = _(
                    "Search a question above and say which source is the right one. The base is measured with it from then on."
                )
                empty("fact_check", _("No test question yet"), text)
                return
            _draw_recall(recall(found))
            with ui.element("ul").classes("m-know-found"):
                for one in found:
                    with ui.element("li").classes("m-know-passage m-know-question"):
                        self._draw_one(one)

    def _draw_one(self, one: KnowledgeQuestion) -> None:
        with ui.element("div").classes("m-col m-tight m-grow"):
            pressable(ui.label(one.question).classes("m-strong m-text"), partial(self._try_this, one.question))
            source = (
                one.source_title
                if one.source_id is not None
                else _("Its source was deleted. Delete the question too, or save it again.")
            )
            ui.label(source or "").classes("m-hint m-clip")
        said, tone = _place(one)
        badge(said, tone)
        if one.place_before is not None and one.place_before != one.place and one.source_id is not None:
            ui.label(_("before: {place}").format(place=_ordinal(one.place_before))).classes("m-hint")
        if self._write:
            icon_button("delete", _("Delete the question"), partial(self._delete, one))

    async def _delete(self, one: KnowledgeQuestion) -> None:
        try:
            await client.delete_question(self._api, one.id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
        await self._place.refresh()

    async def _measure(self) -> None:
        try:
            await client.measure(self._api, self._base_id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        toast(_("It is being measured. The places change by themselves."))

    async def _ask(self) -> None:
        try:
            sources = (await client.sources(self._api, self._base_id, limit=100)).items
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return

        async def save() -> None:
            if not filled([question, source]):
                return
            try:
                await client.add_question(self._api, self._base_id, question.value.strip(), source.value)
            except (ApiProblem, Offline) as error:
                problems.show_in({"question": question, "source_id": source}, error)
                return
            box.close()
            toast(_("Saved as a test question."))
            await self._place.refresh()

        with dialog(_("Add a question"), _("Write it as customers do, with their words and mistakes.")) as box:
            question = text_field(_("Question"), placeholder=_("do u exchange things?"), limit=500)
            source = select_field(
                _("The source that must be found"), {one.id: one.title for one in sources}, search=True,
                placeholder=_("Choose a source"),
            )  # fmt: skip
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()


def _draw_recall(found: Recall) -> None:
    if not found.measured:
        with ui.element("div").classes("m-know-recall"):
            ui.label(_("Not measured yet. It takes a moment.")).classes("m-hint").props("role=status")
        return
    share = found.top / found.measured
    with ui.element("div").classes("m-know-recall"):
        with ui.element("div").classes("m-row m-near items-baseline m-wrap"):
            ui.label(formats.percent(share, digits=0)).classes("m-h2 m-num")
            text = ngettext(
                "{top} of {n} question finds its source among the first {places}, {first} in the first place",
                "{top} of {n} questions find their source among the first {places}, {first} in the first place",
                found.measured,
            )
            ui.label(text.format(top=found.top, n=found.measured, places=TOP, first=found.first)).classes("m-sub")
            if found.top_before is not None and found.top_before != found.top:
                before = formats.percent(found.top_before / found.measured, digits=0)
                badge(_("before: {place}").format(place=before), "ok" if found.top > found.top_before else "bad")
        with ui.element("div").classes("m-track") as track:
            track.props.update({"role": "img", "aria-label": _("Share of the questions whose source is found")})
            ui.element("div").classes("m-fill" + ("" if share >= 0.8 else " m-fill-warn")).style(width(share))


def _ordinal(place: int) -> str:
    return _("place {n}").format(n=formats.number(place)) if place else _("not found")


def _place(one: KnowledgeQuestion) -> tuple[str, Tone]:
    if one.source_id is None:
        return _("Does not count"), "quiet"
    if one.place is None:
        return _("Not measured"), "quiet"
    tone: Tone = "ok" if 0 < one.place <= TOP else "warn" if one.place else "bad"
    return _ordinal(one.place).capitalize(), tone
