"""Writing a message with buttons or a list, seen as the person will see it."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from nicegui import ui

from api.contract.conversations import Conversation
from api.contract.kinds import ReplyKind
from api.contract.messages import Message
from api.contract.replies import ButtonsReply, MenuReply, ReplyButton, ReplyRow
from ui import kinds
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import Field, area_field, filled, text_field
from ui.components.phone import Preview, bubble
from ui.components.toast import toast
from ui.i18n import _
from ui.pages.inbox.outgoing import Outgoing
from ui.pages.inbox.thread import Thread

TITLE, ROW_TITLE, DESCRIPTION, BUTTONS_TEXT, LIST_TEXT = 20, 24, 72, 1024, 4096
MOST_BUTTONS, MOST_ROWS, FIRST_ROWS = 3, 10, 2
Written = ButtonsReply | MenuReply


class ChoiceBuilder:
    """`take` gives the message that the next answer names; `sent` is called after each that went."""

    def __init__(
        self, one: Conversation, thread: Thread, take: Callable[[], Message | None], sent: Callable[[], Awaitable[Any]]
    ) -> None:
        self._one, self._thread, self._take, self._sent = one, thread, take, sent

    def open(self, kind: ReplyKind, text: str, done: Callable[[], Any], buttons: Sequence[str] = ()) -> None:
        """Begins with the text of the field; `done` empties the field once it is on its way."""

        async def send(reply: Written) -> None:
            done()
            await self._send(reply, self._take())

        empty = (
            ButtonsReply(text=text, buttons=[ReplyButton(title=one) for one in buttons])
            if kind is ReplyKind.BUTTONS
            else MenuReply(text=text, button="", rows=[])
        )
        _Dialog(empty, send)

    def quick(self, text: str, buttons: Sequence[str]) -> str:
        """A quick reply with buttons is looked at, and sent from there; where the channel takes none its text alone is left. Returns what
        goes into the field."""
        if ReplyKind.BUTTONS not in kinds.can(self._one.channel_kind).reply_kinds:
            toast(_("This channel takes no buttons: only the text is here."), "warn")
            return text
        self.open(ReplyKind.BUTTONS, text, lambda: None, buttons)
        return ""

    async def _send(self, reply: Written, quoted: Message | None) -> None:
        self._thread.to_end()
        await Outgoing(self._one.id, self._thread, reply, quoted, partial(self._back, reply, quoted)).send()
        await self._sent()

    def _back(self, reply: Written, quoted: Message | None, sure: bool) -> None:
        """What was not sent, to be changed and sent again."""
        if not sure:
            name = self._one.contact_name or self._one.address
            toast(
                _("We do not know whether the message to {name} was sent: look before you send it again.").format(name=name),
                "bad",
            )

        async def again(changed: Written) -> None:
            await self._send(changed, quoted)

        _Dialog(reply, again)


class _Dialog:
    """`send` is called with what was written, once it can be sent."""

    def __init__(self, reply: Written, send: Callable[[Written], Awaitable[None]]) -> None:
        self._list = isinstance(reply, MenuReply)
        self._send = send
        self._rows: list[tuple[Field[str], Field[str], ui.element]] = []
        self._buttons: list[Field[str]] = []
        heading = _("Message with a list") if self._list else _("Message with buttons")
        hint = _("The person chooses one row.") if self._list else _("The person presses one of the buttons.")
        with dialog(heading, hint, wide=True) as self._box:
            with ui.element("div").classes("m-tplpick-two"):
                with ui.element("div").classes("m-col m-near w-full m-build"):
                    limit = LIST_TEXT if self._list else BUTTONS_TEXT
                    self._text = area_field(_("Text"), reply.text, limit=limit, rows=2, on_change=self._draw)
                    if isinstance(reply, MenuReply):
                        self._draw_rows(reply)
                    else:
                        self._draw_buttons(reply)
                self._phone = ui.element("div").classes("m-tplpick-phone")
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), self._box.close, kind="plain")
                go = button(_("Send"), self._submit, kind="primary", icon="send")
                if isinstance(reply, ButtonsReply) and reply.buttons:  # Enter sends what is complete
                    go.props["autofocus"] = True
        self._draw()
        self._box.open()

    def _draw_buttons(self, reply: ButtonsReply) -> None:
        titles = [one.title for one in reply.buttons] + [""] * MOST_BUTTONS
        for number in range(MOST_BUTTONS):
            name = _("Button {n}") if number == 0 else _("Button {n}, if you like")
            field = text_field(name.format(n=number + 1), titles[number], limit=TITLE, on_change=self._draw)
            self._buttons.append(field)

    def _draw_rows(self, reply: MenuReply) -> None:
        label = _("What stands on the button that opens the list")
        self._label = text_field(label, reply.button, limit=TITLE, placeholder=_("See the options"), on_change=self._draw)
        for number in range(MOST_ROWS):
            known = reply.rows[number] if number < len(reply.rows) else None
            with ui.element("div").classes("m-build-row") as line:
                title = text_field(
                    _("Row {n}").format(n=number + 1), known.title if known else "", limit=ROW_TITLE, on_change=self._draw
                )
                more = text_field(
                    _("Description"),
                    (known.description or "") if known else "",
                    limit=DESCRIPTION,
                    placeholder=_("If you like"),
                    on_change=self._draw,
                )
            line.set_visibility(number < max(FIRST_ROWS, len(reply.rows)))
            self._rows.append((title, more, line))
        self._more = button(_("One more row"), self._add, icon="add")

    def _add(self) -> None:
        hidden = [(title, line) for title, _more, line in self._rows if not line.visible]
        if hidden:
            hidden[0][1].set_visibility(True)
            hidden[0][0].focus()
        self._more.set_visibility(len(hidden) > 1)

    def _written(self) -> list[tuple[Field[str], Field[str]]]:
        """The rows with something in them."""
        return [(title, more) for title, more, _line in self._rows if (title.value or "").strip() or (more.value or "").strip()]

    def _draw(self) -> None:
        if not hasattr(self, "_phone"):  # while the form itself is drawn
            return
        self._phone.clear()
        text = (self._text.value or "").strip() or "…"
        if self._list:
            rows = [((title.value or "").strip(), (more.value or "").strip()) for title, more in self._written()]
            shown = Preview(text, buttons=[("list", (self._label.value or "").strip() or "…")], rows=rows)
        else:
            titles = [(one.value or "").strip() for one in self._buttons]
            shown = Preview(text, buttons=[("reply", title) for title in titles if title])
        with self._phone:
            bubble(shown)
            if self._list:
                with ui.element("div").classes("m-conv-rows"):
                    for title, description in shown.rows:
                        ui.label(title or "…").classes("m-strong m-clip")
                        if description:
                            ui.label(description).classes("m-hint m-clip")

    async def _submit(self) -> None:
        if self._list:
            written = self._written()
            titles = [title for title, _more in written]
            needed = [self._text, self._label, *(titles or [self._rows[0][0]])]
        else:
            titles = [one for one in self._buttons if (one.value or "").strip()]
            needed = [self._text, *(titles or self._buttons[:1])]
        if not filled(needed, _twice(titles)):
            return
        text = self._text.value.strip()
        reply: Written
        if self._list:
            rows = [
                ReplyRow(title=title.value.strip(), description=(more.value or "").strip() or None) for title, more in written
            ]
            reply = MenuReply(text=text, button=self._label.value.strip(), rows=rows)
        else:
            reply = ButtonsReply(text=text, buttons=[ReplyButton(title=one.value.strip()) for one in titles])
        self._box.close()
        await self._send(reply)


def _twice(fields: list[Field[str]]) -> dict[Field[Any], str]:
    """Those whose name stands above already."""
    names = [(one.value or "").strip() for one in fields]
    said = _("There is one of this name already.")
    return {one: said for number, one in enumerate(fields) if names[number] in names[:number]}
