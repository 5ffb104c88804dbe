"""Files and voice messages as answers: chosen beside the field, each sent as a message of its own, in their order."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from api.contract.conversations import Conversation
from api.contract.kinds import KindFile, ReplyKind
from api.contract.messages import Message, MessageFile
from api.contract.problems import ReplyError
from api.contract.replies import FileReply
from ui import formats, kinds, session
from ui.client import messages
from ui.components import problems
from ui.components.attachments import Attachments, Chosen
from ui.components.buttons import icon_button
from ui.components.toast import toast
from ui.i18n import _
from ui.pages.inbox.outgoing import Outgoing
from ui.pages.inbox.thread import Thread


class Files:
    """`tray` shows what waits; `buttons` draws what adds to it. `take_quote` gives the message that the next answer names."""

    def __init__(
        self,
        one: Conversation,
        thread: Thread,
        changed: Callable[[], Any],
        take_quote: Callable[[], Message | None],
        sent: Callable[[], Awaitable[Any]],
    ) -> None:
        self._one, self._thread, self._take_quote, self._sent = one, thread, take_quote, sent
        self._can = kinds.can(one.channel_kind)
        api = session.current().api
        self.tray = Attachments(str(one.id), partial(messages.upload, api), self._refused, changed, self._speak)
        self.takes = ReplyKind.FILE in self._can.reply_kinds
        self.speaks = self.takes and self._can.voice

    def buttons(self) -> None:
        """In the row of the field."""
        self._attach = icon_button("attach_file", _("Attach files"))
        self._attach.on("click", js_handler=f"() => getElement({self.tray.id}).pick()")
        self._record = icon_button("mic", _("Record a voice message"))
        self._record.on("click", js_handler=f"() => getElement({self.tray.id}).record()")

    def allow(self, open_: bool) -> None:
        """Whether the person can be answered now."""
        self.tray.allow(files=open_ and self.takes, voice=open_ and self.speaks)
        self.tray.classes(add="" if open_ else "m-hidden", remove="m-hidden" if open_ else "")
        self._attach.set_visibility(open_ and self.takes)
        self._record.set_visibility(open_ and self.speaks)

    @property
    def waiting(self) -> bool:
        return bool(self.tray.files)

    async def send(self, text: str) -> str:
        """All that waits; the text is the caption of the first that may have one. Returns the text that is still to be sent."""
        if self.tray.busy:
            raise StillComing
        chosen = self.tray.take()
        for one in chosen:
            rule = self._rule(one)
            caption, text = (text, "") if rule is not None and rule.caption and len(text) <= 1024 else ("", text)
            await self._send(one, caption, voice=False)
        return text

    async def _speak(self, one: Chosen) -> None:
        await self._send(one, "", voice=True)
        await self._sent()

    async def _send(self, one: Chosen, caption: str, *, voice: bool) -> None:
        assert one.id is not None
        self._thread.to_end()
        quoted = self._take_quote()
        content = FileReply(file_id=one.id, caption=caption or None, voice=voice)

        def back(sure: bool) -> None:
            if not self.tray.is_deleted:
                self.tray.restore(one)
            elif not sure:
                name = self._one.contact_name or self._one.address
                toast(_("We do not know whether the file for {name} was sent. Look there.").format(name=name), "bad")

        await Outgoing(self._one.id, self._thread, content, quoted, back, file=self.tray.stored.get(one.id)).send()

    def _rule(self, one: Chosen) -> KindFile | None:
        stored = self.tray.stored.get(one.id) if one.id else None
        kind = (stored.mime_type if stored else one.type) or ""
        return next((rule for rule in self._can.files if kind in rule.types), None)

    def _refused(self, file: MessageFile) -> str:
        """Before it is sent, as the API would say it then."""
        kind = file.mime_type or ""
        if kind in {"audio/webm", "video/webm"} and self.speaks and file.name == _("Voice message"):
            return ""
        rule = next((rule for rule in self._can.files if kind in rule.types), None)
        if rule is None:
            return problems.said(ReplyError.FILE_TYPE_NOT_TAKEN, {})
        if (file.size or 0) > rule.most:
            return problems.said(ReplyError.FILE_TOO_BIG_FOR_CHANNEL, {"most": formats.size(rule.most)})
        return ""


class StillComing(Exception):
    """A file has not arrived yet."""
