"""The AI at an agent's side: a menu by Ctrl+J, a draft that is written into the field as they look on, other words for what they wrote, and
a card with a summary, the next step or labels. Nothing of it is sent by itself.

Drawn once and changed in place. What is written comes by events; a look every two seconds makes good what is lost of them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from nicegui import background_tasks, ui

from api.contract.assists import Assist, AssistCreate, AssistKind, AssistLanguage, AssistState
from api.contract.conversations import Conversation, ConversationNoteCreate, LabelRef
from api.contract.enums import Language, Permission
from api.contract.events import AssistProgress
from api.contract.problems import CallFailure
from ui import live, session
from ui.client import assists as client
from ui.client import conversations
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.beat import beat
from ui.components.buttons import button, icon_button
from ui.components.citations import draw_citations
from ui.components.menus import Choice, choices
from ui.components.palette import command
from ui.components.record import draw_kept, draw_record_act
from ui.components.text import Text, chip, icon
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import assists as labels

LOOK = 2.0  # seconds
_OPEN = (AssistState.WAITING, AssistState.WRITING)
_INTO_FIELD = (AssistKind.DRAFT, AssistKind.SHORTER, AssistKind.FRIENDLIER, AssistKind.TRANSLATE)
_CONNECTION = (
    CallFailure.NOT_CONNECTED,
    CallFailure.KEY_REFUSED,
    CallFailure.NO_CREDIT,
    CallFailure.MODEL_GONE,
    CallFailure.OVER_BUDGET,
)
_KEYS = """(e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const items = [...e.currentTarget.querySelectorAll('.q-item')], at = items.indexOf(document.activeElement);
    const step = {ArrowDown: 1, ArrowUp: -1}[e.key];
    const found = step ? items[(at + step + items.length) % items.length]
        : items.find((item) => item.dataset.key === e.key.toLowerCase());
    if (!found) return;
    e.preventDefault();
    e.stopPropagation();
    step ? found.focus() : found.click();
}"""
_FOCUS = "setTimeout(() => document.querySelector('.m-assist-menu .q-item')?.focus(), 30)"


class Field(NamedTuple):
    """The composer's: what stands in it; puts a text into it; shuts it while somebody else writes; goes to it, to answer or as it is."""

    text: Callable[[], str]
    put: Callable[[str], Any]
    shut: Callable[[bool], Any]
    answer: Callable[[], Any]
    focus: Callable[[], Any]


class AssistPanel:
    """Above the field. `button` draws the one that opens the menu, where it is to stand."""

    def __init__(self, one: Conversation, field: Field, *, answers: bool) -> None:
        me = session.current()
        self._api, self._one, self._field, self._answers = me.api, one, field, answers
        self._settings = me.may(Permission.AI_WRITE)
        self._ours = AssistLanguage.EN if me.me.language is Language.EN else AssistLanguage.PT_BR
        self._now: Assist | None = None
        self._shown = ""
        self._before = ""  # what stood in the field
        self._put: str | None = None  # what we put there, as long as nobody changed it
        self._menu: ui.menu | None = None
        with ui.element("div").classes("m-assist").props("role=status") as self.element:
            with ui.element("div").classes("m-row m-near"):
                icon("auto_awesome")
                self._head = ui.label().classes("m-hint m-grow m-text")
                self._stop = button(_("Stop"), self.stop, kind="plain", icon="stop").classes("m-assist-stop")
                self._undo = button(_("Undo"), self.undo, kind="plain", icon="undo")
                self._undo.props["title"] = "Ctrl Z"
                self._note = button(_("Into a note"), self._to_note, kind="plain", icon="edit_note")
                self._connect = button(_("Open the AI service"), to="/settings/ai", kind="plain", icon="settings")
                icon_button("close", _("Close what the AI wrote"), self._away)
            self._text = Text("div", "", "m-assist-text")
            self._text.props["dir"] = "auto"
            self._more = ui.element("div").classes("m-row m-near m-wrap")
        self.element.set_visibility(False)
        with self.element:
            live.on(AssistProgress, self._hear)
            beat(LOOK, self._look)

    # -- the menu -----------------------------------------------------------------------------------------------

    def button(self, top: ui.element) -> None:
        """With the key of each line at its end. In a group nothing is drafted."""
        if self._one.group:
            return
        with top, icon_button("auto_awesome", _("AI (Ctrl J)")).classes("m-write-assist") as opener:
            with ui.menu().props('no-refocus anchor="top right" self="bottom right" :offset="[0, 4]"') as self._menu:
                with ui.element("div").classes("m-assist-menu") as lines:
                    choices(self._lines())
                lines.on("keydown", js_handler=_KEYS)
            command(opener, "D", _("AI: draft, other words, summary"), "auto_awesome")
            self._menu.on("show", js_handler=f"() => {{ {_FOCUS} }}")

    def _lines(self) -> list[Choice]:
        ask, other = self.ask, AssistLanguage
        rewrites = [
            Choice(_("Draft an answer"), partial(ask, AssistKind.DRAFT), "edit", key="d"),
            Choice(_("Shorter"), partial(ask, AssistKind.SHORTER), "compress", key="s", head=_("What you wrote")),
            Choice(_("Friendlier"), partial(ask, AssistKind.FRIENDLIER), "sentiment_satisfied", key="f"),
            Choice(_("Into English"), partial(ask, AssistKind.TRANSLATE, other.EN), "translate", key="e"),
            Choice(_("Into Portuguese"), partial(ask, AssistKind.TRANSLATE, other.PT_BR), "translate", key="p"),
            Choice(_("Into Spanish"), partial(ask, AssistKind.TRANSLATE, other.ES), "translate", key="h"),
        ]
        return [
            *(rewrites if self._answers else []),
            Choice(_("Summarise"), partial(ask, AssistKind.SUMMARY), "summarize", key="r", head=_("The conversation")),
            Choice(_("Explain the customer"), partial(ask, AssistKind.CUSTOMER), "person", key="c"),
            Choice(_("Next step"), partial(ask, AssistKind.NEXT), "directions", key="n"),
            Choice(_("Labels"), partial(ask, AssistKind.LABELS), "label", key="l"),
        ]

    def open(self) -> None:
        """By a key, outside of the field."""
        if self._menu is not None:
            self._menu.open()

    # -- asking -------------------------------------------------------------------------------------------------

    @property
    def writing(self) -> bool:
        """Whether it writes into the field."""
        return self._now is not None and self._now.state in _OPEN and self._now.what in _INTO_FIELD

    async def ask(self, what: AssistKind, language: AssistLanguage | None = None) -> None:
        if self.writing:
            return
        text = self._field.text()
        if what is AssistKind.DRAFT:
            self._field.answer()
            text = self._field.text()
        else:
            self._field.focus()
        rewrites = what in _INTO_FIELD and what is not AssistKind.DRAFT
        if rewrites and not text.strip():
            toast(_("Write something first, then it is put into other words."), "warn")
            return
        body = AssistCreate(what=what, text=text if rewrites else "", language=language or self._ours)
        try:
            found = await client.ask(self._api, self._one.id, body, str(uuid4()))
        except (ApiProblem, Offline) as error:
            self._refused(error)
            return
        if self.element.is_deleted:
            return
        self._before, self._put, self._shown = text, text if what in _INTO_FIELD else None, ""
        self.show(found)

    def _refused(self, error: Exception) -> None:
        if isinstance(error, ApiProblem) and error.code == "ai_not_connected" and not self.element.is_deleted:
            self._now = None
            self._say(problems.sentence(error), connect=True)
        else:
            problems.show(error)

    async def stop(self) -> None:
        now = self._now
        if now is None:
            return
        try:
            found = await client.stop(self._api, self._one.id, now.id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        if not self.element.is_deleted and self._now is now:
            self.show(found)

    # -- what comes ---------------------------------------------------------------------------------------------

    async def _hear(self, event: AssistProgress) -> None:
        now = self._now
        if now is None or event.assist_id != now.id or now.state not in _OPEN:
            return
        if event.state != AssistState.WRITING or event.at > len(self._shown):
            await self._look()
        elif event.text:
            self._piece(self._shown[: event.at] + event.text)

    async def _look(self) -> None:
        """Asks how far it is."""
        now = self._now
        if now is None or now.state not in _OPEN:
            return
        try:
            found = await client.assist(self._api, self._one.id, now.id)
        except (ApiProblem, Offline):  # the next look asks again
            return
        if not self.element.is_deleted and self._now is now:
            self.show(found)

    def _piece(self, text: str) -> None:
        self._shown = text
        if self.writing:
            self._fill(text)
        else:
            self._text.text = text

    def show(self, found: Assist) -> None:
        """What is there of it."""
        self._now = found
        field, open_ = found.what in _INTO_FIELD, found.state in _OPEN
        self._field.shut(field and open_)
        if open_:
            if len(found.text) > len(self._shown):
                self._piece(found.text)
            self._say(_("The AI is writing…"), text="" if field else self._shown, stop=True)
            return
        if found.state is AssistState.DONE and field and found.text:
            self._fill(found.text)
        elif field and found.state is not AssistState.STOPPED:
            self._fill(self._before)
        if found.failure is not None:
            connect = found.failure in _CONNECTION
            self._say(problems.said(found.failure), connect=connect)
            return
        if found.state is AssistState.STOPPED:
            if field:
                self._say(_("Stopped."), undo=bool(self._shown))
            else:
                self._close()
            return
        self._done(found, field=field)

    def _done(self, found: Assist, *, field: bool) -> None:
        noted = labels.note(found.note, text=bool(found.text)) if found.note is not None else ""
        if field:
            self._say(noted or _("Read it before you send it."), undo=bool(found.text))
        else:
            self._say(noted or labels.heading(found.what), text=found.text, note=bool(found.text))
        with self._more:
            draw_citations(found.citations)
            self._draw_record(found)
            for one in found.labels:
                self._offer(one)

    def _draw_record(self, found: Assist) -> None:
        draw_record_act(
            _("How it came about"),
            labels.heading(found.what),
            lambda: client.trace(self._api, self._one.id, found.id),
            draw_kept,
            passages=True,
        )

    def _offer(self, one: LabelRef) -> None:
        async def take() -> None:
            try:
                await conversations.label(self._api, self._one.id, one.id)
            except (ApiProblem, Offline) as error:
                problems.show(error)
                return
            if not offered.is_deleted:
                offered.set_visibility(False)

        offered = chip(f"+ {one.name}", on_click=take)

    def _say(
        self, head: str, *, text: str = "", stop: bool = False, undo: bool = False, note: bool = False, connect: bool = False
    ) -> None:
        self._head.text, self._text.text = head, text
        self._text.set_visibility(bool(text))
        self._stop.set_visibility(stop)
        self._undo.set_visibility(undo)
        self._undo.classes(add="m-assist-undo" if undo else "", remove="" if undo else "m-assist-undo")
        self._note.set_visibility(note)
        self._connect.set_visibility(connect and self._settings)
        self._more.clear()
        self.element.set_visibility(True)

    # -- the field ----------------------------------------------------------------------------------------------

    def _fill(self, text: str) -> None:
        self._put = text
        self._field.put(text)

    def typed(self, text: str) -> None:
        """The field changed: what we put there is theirs from then on, or gone."""
        if self._put is None or text == self._put:
            return
        self._put = None
        if self.writing and self._now is not None:  # something came back into the field: it stays
            background_tasks.create(self._give_up(self._now.id), name="assist")
            self._close()
        elif not text:  # it was sent, or thrown away
            self._close()
        else:
            self._undo.classes(remove="m-assist-undo")  # the key is the browser's own again

    async def _give_up(self, assist_id: UUID) -> None:
        try:
            await client.stop(self._api, self._one.id, assist_id)
        except (ApiProblem, Offline):  # it ends by itself
            return

    def undo(self) -> None:
        """What stood there before is there again."""
        before, self._put = self._before, None
        self._close()
        self._field.put(before)

    async def _to_note(self) -> None:
        """For colleagues, in the thread."""
        now = self._now
        if now is None or not now.text:
            return
        try:
            body = f"{labels.heading(now.what)}\n{now.text}"[:4000]
            await conversations.add_note(self._api, self._one.id, ConversationNoteCreate(body=body), str(uuid4()))
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        if not self.element.is_deleted:
            self._close()

    async def _away(self) -> None:
        """Nobody wants it: what is being written is stopped, and the field has what it had."""
        now, shown = self._now, self._put
        self._put = None
        self._close()
        if now is not None and now.state in _OPEN:
            if now.what in _INTO_FIELD and shown is not None:
                self._field.put(self._before)
            await self._give_up(now.id)

    def _close(self) -> None:
        self._now = None
        self._field.shut(False)
        self.element.set_visibility(False)
