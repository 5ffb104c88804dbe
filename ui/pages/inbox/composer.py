"""Where one writes: an answer or a note, with quick replies by `/` and colleagues by `@`; and why not, where it cannot be.

Enter sends, Shift+Enter begins a new line. The field is empty at once, and the text is on the screen as what is on its way.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal
from uuid import uuid4

from nicegui import events, ui

from api.contract.accounts import Member
from api.contract.conversations import Conversation, ConversationNoteCreate, QuickReply
from api.contract.enums import Permission
from api.contract.kinds import ReplyKind
from api.contract.messages import Message, ReplyChannel
from api.contract.replies import TextReply
from ui import first_answers, formats, kinds, session
from ui.client import conversations as client
from ui.client import messages
from ui.client.base import ApiProblem, Offline
from ui.components import call_dialog, problems
from ui.components.beat import beat
from ui.components.buttons import button, icon_button
from ui.components.cards import note
from ui.components.menus import Choice, choices
from ui.components.palette import command
from ui.components.text import chip, mark
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, pgettext
from ui.labels import messages as message_labels
from ui.pages.inbox.again import Again
from ui.pages.inbox.assist import AssistPanel, Field
from ui.pages.inbox.assistant import AssistantBar, Proposal
from ui.pages.inbox.changing import Changing
from ui.pages.inbox.choices import ChoiceBuilder
from ui.pages.inbox.drafts import Drafts
from ui.pages.inbox.emoji import emoji_button, words
from ui.pages.inbox.field_keys import KEYS, PRESS
from ui.pages.inbox.files import Files, StillComing
from ui.pages.inbox.outgoing import Outgoing
from ui.pages.inbox.places import Places
from ui.pages.inbox.quote import Quote
from ui.pages.inbox.suggestions import Suggestions
from ui.pages.inbox.templates import TemplatePicker
from ui.pages.inbox.thread import Thread

TICK = 20.0  # seconds between looks at the clock of the window
Mode = Literal["reply", "note"]


class Composer:
    """`people` and `replies` give who may be mentioned and the quick replies, as far as they are known by then."""

    def __init__(
        self,
        one: Conversation,
        thread: Thread,
        drafts: Drafts,
        people: Callable[[], list[Member]],
        replies: Callable[[], list[QuickReply]],
        elsewhere: Callable[[ReplyChannel], Any],
        bar: AssistantBar,
    ) -> None:
        me = session.current()
        self._api, self._one, self._thread, self._drafts = me.api, one, thread, drafts
        self._people, self._elsewhere = people, elsewhere
        self._may_answer = me.may(Permission.MESSAGES_SEND) and me.may(Permission.CONVERSATIONS_WRITE)
        self._may_note = me.may(Permission.CONVERSATIONS_WRITE)
        self._mode: Mode = "reply" if self._may_answer else "note"
        self._ways: list[ReplyChannel] | None = None
        self._obstacle_shown: object = None
        self._typing = Throttle(self._tell_typing, 8.0)
        with ui.element("div").classes("m-write") as self.element:
            self.element.props["data-emoji"] = words()
            if not self._may_note:
                ui.label(_("Your role reads conversations. Agents and managers answer.")).classes("m-hint")
                return
            with ui.element("div").classes("m-row m-near m-write-top") as top:
                self._modes: dict[Mode, ui.element] = {}
                if self._may_answer:
                    self._modes["reply"] = chip(_("Answer"), on=True, on_click=partial(self.mode, "reply"))
                self._modes["note"] = chip(_("Note"), on=not self._may_answer, on_click=partial(self.mode, "note"))
                self._window = ui.label().classes("m-hint m-clip m-grow text-right")
                if self._may_answer:
                    command(self._modes["reply"], "R", _("Write an answer"), "reply")
                command(self._modes["note"], "N", _("Write a note for your team"), "edit_note")
            if self._may_answer:
                Proposal(bar, self._use)
            self._obstacle = ui.element("div").classes("w-full")
            self.templates = TemplatePicker(one, thread, partial(self.mode, "reply"), self.refresh, partial(self.focus, "reply"))
            self._suggestions = Suggestions(people, replies, self._choose)
            self._quote = Quote(one, self._tick)
            self._files = Files(one, thread, self._files_changed, self._quote.take, self.refresh)
            self._builder = ChoiceBuilder(one, thread, self._quote.take, self.refresh)
            self._places = Places(one, thread, self._quote.take, self.refresh)
            field = Field(self._written, self._put, self._shut, lambda: self.focus("reply"), lambda: self.focus(self._mode))
            self.assist = AssistPanel(one, field, answers=self._may_answer)
            self.assist.button(top)
            with ui.element("div").classes("m-write-box") as self._box:
                self._plus = self._draw_plus()
                self._files.buttons()
                self._text = (
                    ui.textarea(value=drafts.text(one.id, self._mode)).props("borderless dense autogrow").classes("m-grow")
                )
                self._text.props["for"] = f"write{self._text.id}"
                self._text.props["dir"] = "auto"
                self._text.on_value_change(self._changed)
                self._text.on("keydown", self._key, js_handler=KEYS)
                emoji_button(f"write{self._text.id}")
                send = icon_button("send", _("Send")).classes("m-write-send")
                send.on("click", self._pressed, js_handler=PRESS % f"write{self._text.id}")
            self.mode(self._mode)
        if self._may_answer:
            can = kinds.can(one.channel_kind)
            thread.answering, thread.reacting = self.answer if can.reply_to else None, self.react if can.reactions else None
            thread.changing = Changing(one, thread.renew) if can.take_back_minutes is not None else None
            thread.sending_again = Again(one, thread.renew, self.refresh).send
        first_answers.ask(self.element, self.refresh)
        with self.element:  # it ends with the composer
            beat(TICK, self._tick)

    # -- whether one may ----------------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Asks how this person can be answered now."""
        if not self._may_answer:
            return
        try:
            found = await messages.reply_channels(self._api, self._one.contact_id)
        except (ApiProblem, Offline):
            return
        if not self.element.is_deleted:
            self._ways = found
            self._tick()

    def show(self, one: Conversation) -> None:
        self._one = one

    @property
    def _way(self) -> ReplyChannel | None:
        return next((way for way in self._ways or [] if way.channel_id == self._one.channel_id), None)

    def _tick(self) -> None:
        """What the clock says: the window's end comes without an event."""
        if not self._may_note or self.element.is_deleted:
            return
        way = self._way
        missing = "only_calls" if kinds.can(self._one.channel_kind).calls else "no_channel"
        obstacle = None if self._ways is None else way.obstacle if way else missing
        left = (way.window_until - datetime.now(UTC)).total_seconds() if way and way.window_until else None
        if obstacle is None and left is not None and left <= 0:
            obstacle = "window_closed"
        if self._mode == "note":
            obstacle = None
        self._quote.element.set_visibility(self._mode == "reply" and self._quote.message is not None)
        text = _("WhatsApp takes free texts for another {time}, until {when}.")
        open_window = self._mode == "reply" and obstacle is None and left is not None and way is not None
        self._window.text = text.format(time=formats.duration(max(60, left or 0)), when=formats.moment(way.window_until)) if open_window and way else ""  # fmt: skip
        note_mode = self._mode == "note"
        picking = self.templates.settle(None if note_mode else way, obstacle)
        self._plus.set_visibility(not note_mode and bool(self._more_kinds))
        self._files.allow(not note_mode and obstacle is None and not picking)
        refused = obstacle is not None and bool(self._text.value)  # a text that was refused is never out of reach
        self._box.set_visibility(refused or (obstacle is None and not picking))
        shown = (obstacle, self._ways)
        if shown != self._obstacle_shown:  # drawn anew only when it changed: a press must meet the same button
            self._obstacle_shown = shown
            self._obstacle.clear()
            if obstacle is not None:
                with self._obstacle:
                    self._draw_obstacle(obstacle, way)

    def _draw_plus(self) -> ui.element:
        """What can be sent beside a text."""
        taken = kinds.can(self._one.channel_kind).reply_kinds if self._may_answer else []
        offered = {
            ReplyKind.TEMPLATE: Choice(_("Template"), self.templates.ask, "article"),
            ReplyKind.BUTTONS: Choice(_("Buttons"), partial(self._build, ReplyKind.BUTTONS), "smart_button"),
            ReplyKind.LIST: Choice(_("List"), partial(self._build, ReplyKind.LIST), "list"),
            ReplyKind.LOCATION: Choice(_("Place"), partial(self._places.open, ReplyKind.LOCATION), "location_on"),
            ReplyKind.CONTACT: Choice(_("Contact"), partial(self._places.open, ReplyKind.CONTACT), "person_add"),
        }
        self._more_kinds = [offered[kind] for kind in offered if kind in taken]
        with icon_button("add", _("Send something else")) as plus:
            with ui.menu().props('anchor="top left" self="bottom left" :offset="[0, 4]"'):
                choices(self._more_kinds)
        return plus

    def _build(self, kind: ReplyKind) -> None:
        self._builder.open(kind, (self._text.value or "").strip(), lambda: setattr(self._text, "value", ""))

    def _draw_obstacle(self, obstacle: str, way: ReplyChannel | None) -> None:
        text, todo = message_labels.obstacle(obstacle)
        if obstacle == "window_closed" and way is not None and way.last_inbound_at:
            text = _("This person wrote last {when}.").format(when=formats.moment(way.last_inbound_at)) + f" {text}"
        others = [one for one in self._ways or [] if one.obstacle is None and one.channel_id != self._one.channel_id]
        with note("warn", text):
            ui.label(todo).classes("m-sub")
            with ui.element("div").classes("m-row m-near m-wrap"):
                for other in others[:2]:
                    name = f"{other.channel_name} · {kinds.name(other.channel_kind)}"
                    button(_("Answer over {channel}").format(channel=name), partial(self._elsewhere, other), icon="forward")
                if obstacle == "only_calls":
                    button(pgettext("call", "Call now"), partial(call_dialog.ask, self._one.contact_id), icon="call")
                if obstacle == "opted_out" and self.templates.may(way):
                    button(_("Send a template"), self.templates.ask, icon="article")
                if obstacle == "channel_not_connected" and way is not None:
                    button(_("Look at the channel"), to=f"/channels/{way.channel_id}", icon="hub")
                elif obstacle in {"opted_out", "no_address"}:
                    button(_("Open the contact"), to=f"/contacts/{self._one.contact_id}", icon="person")

    # -- writing ------------------------------------------------------------------------------------------------

    def mode(self, mode: Mode) -> None:
        """An answer to the person, or a note for colleagues."""
        if mode not in self._modes:
            return
        if mode != self._mode:
            if self.assist.writing:
                return
            self._mode = mode
            self._text.value = self._drafts.text(self._one.id, mode)
        for one, element in self._modes.items():
            mark(element, one == mode)
        label = _("Write an answer") if mode == "reply" else _("Write a note for your team")
        hint = _("Write an answer, / for quick replies") if mode == "reply" else _("Write a note, @ to mention somebody")
        self._text.props["aria-label"] = label
        self._text.props["placeholder"] = hint
        if mode == "reply":
            way = self._way
            self._text.props["maxlength"] = kinds.can(way.channel_kind if way else self._one.channel_kind).text_limit or 4096
        else:
            self._text.props["maxlength"] = 4000
        note_mode = mode == "note"
        self._box.classes(add="m-write-note" if note_mode else "", remove="" if note_mode else "m-write-note")
        self._tick()

    def focus(self, mode: Mode) -> None:
        """Goes to the field, to write an answer or a note."""
        if self._may_note:
            self.mode(mode)
            ui.run_javascript(f"document.getElementById('write{self._text.id}')?.focus()")

    def _use(self, text: str) -> None:
        """A suggestion comes into the field, after what is there."""
        self.mode("reply")
        self._text.value = "\n".join(part for part in (self._text.value, text) if part)
        self.focus("reply")

    def _written(self) -> str:
        return self._text.value or ""

    def _put(self, text: str) -> None:
        self._text.value = text
        self._changed()

    def _shut(self, shut: bool) -> None:
        """While the AI writes into the field nobody else does, and nothing of it is sent."""
        if shut:
            self._text.props["readonly"] = True
        else:
            self._text.props.pop("readonly", None)

    def answer(self, message: Message) -> None:
        """The next answer names this message."""
        self._quote.set(message)
        self.focus("reply")

    async def react(self, message: Message, emoji: str) -> None:
        """Puts a reaction under a message of the person, "" takes it back."""
        try:
            async with self._thread.writing:
                self._thread.renew(await client.react(self._api, self._one.id, message.id, emoji))
        except (ApiProblem, Offline) as error:
            problems.show(error)

    def react_to_newest(self) -> None:
        """Offers the reactions to the newest message of the person."""
        if self._thread.reacting is not None and (message := self._thread.asked_before(None)) is not None:
            ui.run_javascript(f"document.querySelector('[data-entry=\"{message.id}\"] .m-thread-react')?.click()")

    def answer_before(self) -> None:
        """The next answer names the newest message of the person; asked again, the one before."""
        message = self._thread.asked_before(self._quote.message) if self._thread.answering is not None else None
        if message is not None:
            self.answer(message)

    def fill(self) -> None:
        """What the browser kept, where nothing was written yet."""
        if self._may_note and not self._text.value:
            self._text.value = self._drafts.text(self._one.id, self._mode)

    def furnish(self) -> None:
        """Who may be mentioned, or the quick replies, are known by now, or are others."""
        if self._may_note:
            self._offer(self._text.value or "")

    def back(self, mode: Mode, text: str, quoted: Message | None = None, sure: bool = True) -> None:
        """A text returns to the field, before what was written since. `sure`: it was not sent."""
        if self.element.is_deleted:
            kept = self._drafts.text(self._one.id, mode)
            self._drafts.keep(self._one.id, mode, "\n".join(part for part in (text, kept) if part))
            name = self._one.contact_name or self._one.address
            unknown = _("We do not know whether your answer to {name} was sent. It waits there: look before you send it again.")
            said = _("Your answer to {name} was not sent. It waits there.") if sure else unknown
            toast(said.format(name=name), "bad")
            return
        self.mode(mode)
        if quoted is not None and self._quote.message is None:
            self._quote.set(quoted)
        self._text.value = "\n".join(part for part in (text, self._text.value) if part)
        self._tick()

    def _changed(self) -> None:
        text = self._text.value or ""
        self.assist.typed(text)
        if self.assist.writing:
            return
        self._drafts.keep(self._one.id, self._mode, text)
        if text and self._mode == "reply":
            self._typing.poke()
        self._offer(text)

    def _files_changed(self) -> None:
        if self._files.waiting and self._mode != "reply":
            self.mode("reply")

    async def _tell_typing(self) -> None:
        try:
            await client.be_present(self._api, self._one.id, typing=bool(self._text.value))
        except (ApiProblem, Offline):  # colleagues see it with the next letter
            return

    def _key(self, event: events.GenericEventArguments) -> Any:
        if "move" in event.args:
            self._suggestions.move(int(event.args["move"]))
            return None
        return self._submit(str(event.args.get("text", "")))

    def _pressed(self) -> Any:
        """The button, where the browser did not press Enter instead."""
        if self.assist.writing:
            return None
        text, self._text.value = self._text.value or "", ""
        return self._submit(text)

    async def _submit(self, text: str) -> None:
        text, files = text.strip(), self._mode == "reply" and self._files.waiting
        if not text and not files:
            return
        self._offer(text)
        if self._suggestions.choose_marked():
            return
        if self._mode == "note":
            await self._note(text)
            return
        if files:
            try:
                text = await self._files.send(text)
            except StillComing:
                self.back("reply", text)
                toast(_("A file is still on its way. Send again once it is there."), "warn")
                return
            if not text:
                await self.refresh()
                return
        self._thread.to_end()
        quoted = self._quote.take()
        await Outgoing(self._one.id, self._thread, TextReply(text=text), quoted, partial(self.back, "reply", text, quoted)).send()
        await self.refresh()

    async def _note(self, text: str) -> None:
        named, rest = [], text
        for one in sorted(self._people(), key=lambda one: -len(one.name)):  # "@Ana Paula" does not name Ana
            if f"@{one.name}" in rest:
                named.append(one.user_id)
                rest = rest.replace(f"@{one.name}", " ")
        key = str(uuid4())
        try:
            async with self._thread.writing:
                made = await client.add_note(self._api, self._one.id, ConversationNoteCreate(body=text, mentions=named[:20]), key)
                self._thread.take([made])
        except (ApiProblem, Offline) as error:
            self.back("note", text)
            problems.show(error)

    def _offer(self, text: str) -> None:
        self._suggestions.offer(text, note=self._mode == "note")

    def _choose(self, text: str, buttons: tuple[str, ...]) -> None:
        self._text.value = self._builder.quick(text, buttons) if buttons else text
        if self._text.value:
            ui.run_javascript(f"document.getElementById('write{self._text.id}')?.focus()")
