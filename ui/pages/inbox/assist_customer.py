"""The customer in three lines, at the top of the side panel: written by a press, kept for all who open the conversation, and written anew by
a press once something new was said."""

from uuid import UUID, uuid4

from nicegui import ui

from api.contract.assists import Assist, AssistCreate, AssistKind, AssistLanguage, AssistState
from api.contract.conversations import Conversation
from api.contract.enums import Language
from api.contract.events import AssistProgress
from ui import first_answers, formats, live, session
from ui.client import assists as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.beat import beat
from ui.components.buttons import button
from ui.components.text import Text, icon
from ui.i18n import _
from ui.labels import assists as labels

LOOK = 2.0  # seconds
_OPEN = (AssistState.WAITING, AssistState.WRITING)


class CustomerLines:
    """For those who may write."""

    def __init__(self, one: Conversation) -> None:
        me = session.current()
        self._api, self._id = me.api, one.id
        self._language = AssistLanguage.EN if me.me.language is Language.EN else AssistLanguage.PT_BR
        self._newest = _newest(one)
        self._now: Assist | None = None
        self._shown = ""
        with ui.element("div").classes("m-assist-customer").props("role=status") as self.element:
            with ui.element("div").classes("m-row m-near"):
                icon("auto_awesome")
                self._head = ui.label().classes("m-hint m-grow")
                self._press = button(_("Explain the customer"), self._ask, kind="plain")
            self._text = Text("div", "", "m-assist-text")
            self._text.props["dir"] = "auto"
            self._text.set_visibility(False)
            live.on(AssistProgress, self._hear)
            beat(LOOK, self._look)
        first_answers.ask(self.element, self._fetch)

    def show(self, one: Conversation) -> None:
        """What is known of the conversation now."""
        if (newest := _newest(one)) != self._newest:
            self._newest = newest
            if self._now is not None and self._now.state is AssistState.DONE:
                self._tell(stale=True)

    async def _fetch(self) -> None:
        """What was written before."""
        try:
            found = await client.newest(self._api, self._id, AssistKind.CUSTOMER)
        except (ApiProblem, Offline):  # a press asks again
            return
        if found is not None and found.state is AssistState.DONE and self._now is None and not self.element.is_deleted:
            self._take(found)

    async def _ask(self) -> None:
        body = AssistCreate(what=AssistKind.CUSTOMER, language=self._language)
        try:
            found = await client.ask(self._api, self._id, body, str(uuid4()))
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        if not self.element.is_deleted:
            self._shown = ""
            self._take(found)

    async def _hear(self, event: AssistProgress) -> None:
        now = self._now
        if now is None or event.assist_id != now.id or now.state not in _OPEN:
            return
        if event.state != AssistState.WRITING or event.at > len(self._shown):
            await self._look()
        elif event.text:
            self._shown = self._shown[: event.at] + event.text
            self._draw(self._shown)

    async def _look(self) -> None:
        now = self._now
        if now is None or now.state not in _OPEN:
            return
        try:
            found = await client.assist(self._api, self._id, now.id)
        except (ApiProblem, Offline):  # the next look asks again
            return
        if not self.element.is_deleted and self._now is now:
            self._take(found)

    def _take(self, found: Assist) -> None:
        self._now = found
        if found.state in _OPEN:
            self._head.text = _("The AI is writing…")
            self._press.set_visibility(False)
            return
        self._press.set_visibility(True)
        if found.state is AssistState.DONE and found.text:
            self._draw(found.text)
            self._tell(stale=found.stale)
            return
        if found.failure is not None:
            self._head.text = problems.said(found.failure)
        elif found.note is not None:
            self._head.text = labels.note(found.note, text=False)
        self._press.text = _("Try again")

    def _tell(self, *, stale: bool) -> None:
        now = self._now
        assert now is not None
        when = formats.moment(now.done_at or now.created_at)
        self._head.text = _("Something was said since {when}").format(when=when) if stale else when
        self._press.text = _("Renew")
        self._press.set_visibility(stale)

    def _draw(self, text: str) -> None:
        self._text.text = text
        self._text.set_visibility(bool(text))


def _newest(one: Conversation) -> UUID | None:
    return one.last.id if one.last is not None else None
