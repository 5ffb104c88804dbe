"""One call: how it ended, its recording, and beside it what was said. A press on a line plays it from there."""

from uuid import UUID

from nicegui import ui

from api.contract.calls import CallDetail, CallTurn
from api.contract.enums import Permission
from api.contract.events import ConversationChanged, MessageFileChanged
from api.contract.messages import Message
from ui import formats, live, session
from ui.client import calls as client
from ui.client import messages
from ui.client.base import ApiProblem
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.frame import Frame, frame
from ui.components.media import draw_file
from ui.components.states import Loader, empty, gone, load, skeleton_card
from ui.components.text import Text, badge
from ui.i18n import _
from ui.labels import calls as labels
from ui.pages.calls.live import Live
from ui.routing import page

_SEEK = """(e) => {
    const line = e.target.closest('[data-at]'), player = document.querySelector('.m-file-player');
    if (!line || !player) return;
    player.currentTime = line.dataset.at / 1000;
    player.play();
}"""


@page("/calls/{call_id:uuid}", permission=Permission.CONVERSATIONS_READ)
def call(call_id: UUID) -> None:
    with frame(_("Call"), active="/inbox") as head:
        _Call(call_id, head)


class _Call:
    """The facts and the recording, and beside them every word."""

    def __init__(self, call_id: UUID, head: Frame) -> None:
        self._api, self._id, self._head = session.current().api, call_id, head
        self._seen: tuple[CallDetail, Message] | None = None
        with ui.element("div").classes("m-split") as self._place:
            with ui.element("div").classes("m-col m-loose"):
                self._words: Loader[tuple[CallDetail, Message]] = load(self._fetch, self._draw_words, lambda: skeleton_card(6))
            with ui.element("div").classes("m-col m-loose m-first"):
                self._live = Live(call_id)
                with ui.element("div").classes("m-col m-loose") as self._beside:
                    pass
        live.on(ConversationChanged, self._moved)
        live.on(MessageFileChanged, self._moved)
        live.on_reset(self._words.refresh)

    async def _moved(self, event: ConversationChanged | MessageFileChanged) -> None:
        if self._seen is not None and self._seen[0].contact_id == event.contact_id:
            await self._words.refresh()

    async def _fetch(self) -> tuple[CallDetail, Message]:
        try:
            one = await client.one(self._api, self._id)
            return one, await messages.one(self._api, one.message_id)
        except ApiProblem as error:
            if error.status == 404 and not self._place.is_deleted:
                gone(self._place, _("This call is no longer here"), "/inbox")
            raise

    async def _draw_words(self, found: tuple[CallDetail, Message]) -> None:
        one, message = found
        await self._live.show(one)
        playing = self._seen is not None and self._seen[0] == one
        self._seen = found
        if not playing:
            self._beside.clear()
            with self._beside:
                _draw_facts(one, message)
        with card(_("What was said")):
            if not one.turns:
                text = (
                    _("It stands here after the call.")
                    if one.outcome is None
                    else _("Nobody spoke, or nothing was written down.")
                )
                empty("forum", _("Nothing was said yet") if one.outcome is None else _("No words"), text)
                return
            with ui.element("div").classes("m-col m-near w-full") as lines:
                for turn in one.turns:
                    _draw_turn(turn)
            lines.on("click", js_handler=_SEEK)


def _draw_facts(one: CallDetail, message: Message) -> None:
    with card():
        with ui.element("div").classes("m-row m-near m-wrap items-center"):
            if one.outcome is not None:
                name, tone = labels.outcome(one.outcome)
                badge(name, tone)
            elif message.state in {"failed", "failed_unknown", "skipped", "cancelled"}:
                badge(_("Not placed"), "bad")
            else:
                badge(labels.stage(one.stage), "info")
            if one.seconds:
                ui.label(formats.duration(one.seconds)).classes("m-hint")
        ui.label(" · ".join((formats.phone(message.address), formats.moment(one.started_at or message.at)))).classes("m-hint")
        if one.summary:
            Text("p", one.summary)
        if sounded := labels.sentiment(one.sentiment):
            ui.label(sounded).classes("m-hint")
        for file in one.files:
            draw_file(file)
        if one.contact_id is not None:
            with ui.element("div").classes("m-row"):
                button(_("Open the contact"), to=f"/contacts/{one.contact_id}", icon="person", kind="quiet")


def _draw_turn(turn: CallTurn) -> None:
    at = turn.start
    with ui.element("div" if at is None else "button").classes("m-call-turn") as line:
        if at is not None:
            line.props.update({"type": "button", "data-at": str(at), "title": _("Play from here")})
        with ui.element("span").classes("m-row m-near"):
            Text("span", labels.speaker(turn.speaker), "m-strong")
            if at is not None:
                minutes, seconds = divmod(at // 1000, 60)
                Text("span", f"{minutes}:{seconds:02}", "m-hint")
        Text("span", turn.text, "m-text").props["dir"] = "auto"
