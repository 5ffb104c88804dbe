"""An answer on its way: on the screen from the press on, until the thread has it or somebody decides what becomes of it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from nicegui import ui

from api.contract.contents import MessageContent
from api.contract.conversations import ReplyCreate, ThreadEntry
from api.contract.messages import Message, MessageFile
from api.contract.replies import ButtonsReply, FileReply, MenuReply, ReplyContent, TemplatePreview, TemplateReply, TextReply
from ui import session
from ui.client import conversations as client
from ui.client.base import ApiProblem, Offline
from ui.components import contents, problems
from ui.components.bubbles import draw_sent
from ui.components.buttons import button
from ui.components.media import draw_file
from ui.components.text import icon
from ui.i18n import _
from ui.pages.inbox.thread import Thread


class Outgoing:
    """One answer under one key: pressing again, or a network that fails in between, sends nothing twice. `back(sure)`: it returns to who
    wrote it, `sure` that it did not go out."""

    def __init__(
        self,
        conversation_id: UUID,
        thread: Thread,
        content: ReplyContent,
        quoted: Message | None,
        back: Callable[[bool], Any],
        shown: TemplatePreview | None = None,
        file: MessageFile | None = None,
        like: MessageContent | None = None,
    ) -> None:
        """`shown`: a template as the person sees it; `file`: the one that is sent; `like`: what it is drawn as, where it has a form of
        what comes in."""
        self._id, self._thread, self._content, self._quoted, self._back = conversation_id, thread, content, quoted, back
        self._api = session.current().api
        self._told: UUID | None = None  # the answer that a refusal named
        self._key, self._seen = str(uuid4()), thread.recorded
        with thread.pending():
            with ui.element("div").classes("m-bubble m-bubble-out m-bubble-pending") as self._bubble:
                if quoted is not None:
                    with ui.element("div").classes("m-conv-quote"):
                        contents.said(contents.quoted(quoted), "m-hint")
                if like is None:
                    _draw(content, shown, file)
                else:
                    contents.draw_content(like, lambda _id: None)
                self._below = ui.element("div").classes("m-col m-near")
        self._say(_("Sending…"))

    async def send(self) -> None:
        """Tries once; what came of it stands on the screen."""
        self._say(_("Sending…"))
        try:
            async with self._thread.writing:
                reply_to = None if self._quoted is None else self._quoted.id
                body = ReplyCreate(content=self._content, reply_to=reply_to, seen=self._seen)
                message = await client.reply(self._api, self._id, body, self._key)
                self._done(message)
        except Offline as error:  # perhaps it went out: under the same key it goes once
            self._failed(problems.sentence(error), _("Try again"), self.send, sure=False)
        except ApiProblem as error:
            if error.code == "someone_answered":
                await self._thread.refresh()
                self._told = UUID(str(error.params["seen"]))
                self._failed(problems.sentence(error), _("Send anyway"), self._anyway)
            elif error.status >= 500 or error.code == "idempotency_in_progress":
                self._failed(problems.sentence(error), _("Try again"), self.send, sure=False)
            elif error.status == 429:
                self._failed(problems.sentence(error), _("Try again"), self.send)
            else:
                self._failed(problems.sentence(error))

    async def _anyway(self) -> None:
        """Now that the colleague's answer was read: another request, so another key."""
        self._key = str(uuid4())
        self._seen = max(one for one in (self._thread.recorded, self._told) if one is not None)
        await self.send()

    def _done(self, message: Message) -> None:
        if not self._bubble.is_deleted:
            self._bubble.delete()
        self._thread.take([ThreadEntry(id=message.id, at=message.at, cursor="", message=message, note=None, line=None)])

    def _say(self, text: str) -> None:
        if self._bubble.is_deleted:
            return
        self._below.clear()
        with self._below, ui.element("div").classes("m-conv-where"):
            ui.label(text).classes("m-hint")

    def _failed(self, why: str, again: str = "", retry: Callable[[], Awaitable[Any]] | None = None, *, sure: bool = True) -> None:
        """`sure`: it did not go out."""
        if self._bubble.is_deleted:  # another conversation is open by now: the text waits there as a draft
            self._back(sure)
            return
        said = _("Not sent. {why}") if sure else _("We do not know whether it was sent. {why}")

        def take_back() -> None:
            self._bubble.delete()
            self._back(sure)

        self._below.clear()
        with self._below:
            with ui.element("div").classes("m-conv-why").props("role=alert"):
                icon("error")
                ui.label(said.format(why=why))
            with ui.element("div").classes("m-row m-near m-wrap"):
                if retry is not None:
                    button(again, retry, kind="primary")
                button(_("Edit"), take_back)


def _draw(content: ReplyContent, shown: TemplatePreview | None, file: MessageFile | None) -> None:
    match content:
        case TextReply():
            contents.said(content.text)
        case ButtonsReply():
            draw_sent(None, content.text, buttons=[one.title for one in content.buttons])
        case MenuReply():
            rows = [(one.title, one.description) for one in content.rows]
            draw_sent(None, content.text, buttons=[content.button], rows=rows)
        case TemplateReply() if shown is not None:
            labels = [one.text for one in shown.buttons]
            draw_sent(shown.header, shown.body, shown.footer, labels, head_file=shown.header_file_id)
        case FileReply():
            if file is not None:
                draw_file(file)
            if content.caption:
                contents.said(content.caption)
