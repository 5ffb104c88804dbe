"""What was asked and nobody could answer: an answer makes knowledge of it, a dismissal takes it off the list."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.enums import GapState, Permission
from api.contract.events import KnowledgeGapsChanged
from api.contract.knowledge import KnowledgeGap, KnowledgeSource
from ui import formats, live, session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.listing import Listing
from ui.components.query import Filter, Query
from ui.components.states import empty
from ui.components.text import Text, badge
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, ngettext, pgettext
from ui.pages.knowledge.pairs import ask_answer


class Gaps:
    def __init__(self, base_id: UUID) -> None:
        me = session.current()
        self._api, self._base_id = me.api, base_id
        self._write, self._inbox = me.may(Permission.KNOWLEDGE_WRITE), me.may(Permission.CONVERSATIONS_READ)
        self._rows: dict[UUID, _Row] = {}
        closed = {GapState.ANSWERED.value: pgettext("knowledge", "Answered"), GapState.DISMISSED.value: _("Dismissed")}
        with ui.element("div").classes("m-card m-card-flush"):
            self._list = Listing(
                self._fetch,
                self._draw,
                self._draw_blank,
                chips=(Filter("state", _("State"), closed), pgettext("knowledge", "Open")),
                step=30,
            )
        throttle = Throttle(lambda: self._list.follow(self._rows), 1.0)

        def heard(event: KnowledgeGapsChanged) -> None:
            if event.base_id == base_id:
                throttle.poke()

        live.on(KnowledgeGapsChanged, heard)
        live.on_reset(self._list.refresh)

    async def _fetch(self, query: Query) -> Page[KnowledgeGap]:
        state = GapState(query.filters.get("state", GapState.OPEN.value))
        return await client.gaps(self._api, self._base_id, state=state, limit=query.limit)

    def _draw_blank(self) -> None:
        text = _("When a customer asks what stands nowhere in this base, the question appears here. You write the answer once.")
        empty("task_alt", _("No unanswered question"), text)

    def _draw(self, found: Page[KnowledgeGap]) -> None:
        with ui.element("div").classes("w-full"):
            self._rows = {gap.id: _Row(gap, self._draw_acts, inbox=self._inbox) for gap in found.items}

    def _draw_acts(self, gap: KnowledgeGap) -> None:
        if gap.state is GapState.OPEN and self._write:
            button(_("Answer this"), lambda: self._answer(self._rows[gap.id].gap), icon="edit")
            button(_("Dismiss"), partial(self._dismiss, gap), kind="plain")
        elif gap.state is GapState.ANSWERED and gap.source_id is not None:
            button(_("See the answer"), to=f"/knowledge/sources/{gap.source_id}", kind="plain")
        elif gap.state is GapState.DISMISSED:
            badge(_("Dismissed"))

    def _answer(self, gap: KnowledgeGap) -> None:
        async def save(question: str, answer: str, key: str) -> KnowledgeSource:
            return await client.answer_gap(self._api, gap.id, question, answer, key=key)

        ask_answer(gap.questions[0], save, self._list.refresh, others=gap.questions[1:])

    async def _dismiss(self, gap: KnowledgeGap) -> None:
        try:
            await client.dismiss_gap(self._api, gap.id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
        else:
            toast(_("Dismissed. It stands under “Dismissed”."))
        await self._list.refresh()


class _Row:
    """One gap; `set` moves what it says, its buttons stay."""

    def __init__(self, gap: KnowledgeGap, draw_acts: Callable[[KnowledgeGap], None], *, inbox: bool) -> None:
        self.gap, self._inbox = gap, inbox
        with ui.element("div").classes("m-item m-know-gap"):
            self._words = ui.element("div").classes("m-col m-tight m-grow")
            with ui.element("div").classes("m-row m-near shrink-0 m-know-acts"):
                draw_acts(gap)
        self._draw()

    def set(self, gap: KnowledgeGap) -> None:
        if gap != self.gap:
            self.gap = gap
            self._words.clear()
            self._draw()

    def _draw(self) -> None:
        gap = self.gap
        with self._words:
            Text("p", gap.questions[0], "m-strong m-text")
            for other in gap.questions[1:3]:
                Text("q", other, "m-sub m-text")
            if len(gap.questions) > 3:
                more = len(gap.questions) - 3
                ui.label(ngettext("and {n} more like it", "and {n} more like it", more).format(n=more)).classes("m-hint")
            with ui.element("div").classes("m-row m-near m-wrap"):
                ui.label(_asked(gap)).classes("m-hint")
                if gap.conversation_id is not None and self._inbox:
                    ui.link(_("Open the conversation"), f"/inbox/{gap.conversation_id}").classes("m-link m-know-small")


def _asked(gap: KnowledgeGap) -> str:
    times = ngettext("Asked {n} time", "Asked {n} times", gap.times).format(n=formats.number(gap.times))
    return _("{times}, last {when}").format(times=times, when=formats.ago(gap.last_at))
