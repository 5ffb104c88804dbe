"""The inbox: the list, the open conversation and the person beside it; on a phone one of them at a time.

One page for all conversations: choosing one changes the address and the pane, never the page. Keys do what buttons do.
"""

from collections.abc import Awaitable
from functools import partial
from uuid import UUID

from nicegui import background_tasks, events, ui

from api.contract.conversations import Conversation, ConversationCounts, ConversationView, ThreadEntry
from api.contract.enums import Permission
from api.contract.events import (
    AssistantChanged,
    ContactsChanged,
    ConversationChanged,
    ConversationEntryAdded,
    ConversationPresence,
    ConversationUpdated,
    CustomerTyping,
    InboxChanged,
)
from api.contract.messages import ReplyChannel
from ui import first_answers, latest, live, session
from ui.client import conversations as client
from ui.client.base import ApiProblem, Offline
from ui.components import bell, problems, unread
from ui.components.address import address
from ui.components.beat import beat
from ui.components.frame import frame
from ui.components.palette import visited
from ui.components.states import empty, error_state
from ui.i18n import _
from ui.labels.conversations import name_of
from ui.pages.inbox.assistant import AssistantBar
from ui.pages.inbox.composer import Composer
from ui.pages.inbox.drafts import Drafts
from ui.pages.inbox.furniture import Furniture
from ui.pages.inbox.header import Header
from ui.pages.inbox.keys import KEYS, act, help_dialog
from ui.pages.inbox.list import List
from ui.pages.inbox.side import Side
from ui.pages.inbox.thread import Thread
from ui.routing import page

HERE = 15.0  # seconds between telling colleagues that one looks
_SEEN = """document.visibilityState === 'visible' && document.hasFocus() ? emitEvent('looked')
    : addEventListener('focus', () => emitEvent('looked'), {once: true})"""
_BESIDE = "(e) => e.target === e.currentTarget && e.target.classList.contains('m-inbox-aside-on') && emit()"  # beside the sheet


@page("/inbox", permission=Permission.CONVERSATIONS_READ)
def inbox() -> None:
    with frame(_("Conversations"), active="/inbox", fill=True):
        _Inbox(None)


@page("/inbox/{conversation_id:uuid}", permission=Permission.CONVERSATIONS_READ)
def one_conversation(conversation_id: UUID, at: UUID | None = None) -> None:
    """`at`: the entry to begin at, as a search found it."""
    with frame(_("Conversations"), active="/inbox", fill=True):
        _Inbox(conversation_id, at)


class _Open:
    """The parts of the conversation that is open."""

    def __init__(
        self, one: Conversation, header: Header, thread: Thread, composer: Composer, side: Side, bar: AssistantBar
    ) -> None:
        self.one, self.header, self.thread, self.composer, self.side, self.bar = one, header, thread, composer, side, bar
        self.marking = self.met = self.pressed = False


class _Inbox:
    def __init__(self, chosen: UUID | None, at: UUID | None = None) -> None:
        self._api = session.current().api
        self._write = session.current().may(Permission.CONVERSATIONS_WRITE)
        self._open: _Open | None = None
        self._wanted: UUID | None = chosen
        self._furniture = Furniture()
        self._unread = 0
        self._address = address()
        self._address.span("/inbox")
        self._drafts = Drafts(self._drafts_found)
        with ui.element("div").classes("m-inbox") as self._element:
            self._element.props["data-keys"] = " ".join(KEYS)
            self._element.on("click", self._toggle_aside, [], js_handler=_BESIDE)
            self._list = List(self._choose)
            with ui.element("section").classes("m-inbox-pane") as self._pane:
                self._pane.props["aria-label"] = _("Conversation")
            with ui.element("section").classes("m-inbox-side") as self._aside:
                self._aside.props["aria-label"] = _("About the person")
        self._counts = unread.here()
        self._counts.tell(self._count)
        with self._pane:
            if chosen is None:
                self._draw_nothing()
        if chosen is not None:
            first_answers.ask(self._element, lambda: self._open_by_id(chosen, at))
        first_answers.ask(self._element, self._furnish)
        self._address.on_back(self._went_back)
        ui.on("key", self._key)
        ui.on("looked", lambda: self._mark_read())
        live.on(ConversationUpdated, self._updated)
        live.on(ConversationEntryAdded, self._entry)
        live.on(ConversationChanged, self._status)
        live.on(ConversationPresence, self._presence)
        live.on(CustomerTyping, self._presence)
        live.on(InboxChanged, self._inbox_changed)
        live.on(AssistantChanged, lambda event: self._open.bar.hear(event) if self._open is not None else None)
        live.on(ContactsChanged, self._contact)
        live.on_reset(self._reset)
        beat(HERE, self._tell_here)
        beat(10, self._tick)

    # -- which one is open --------------------------------------------------------------------------------------

    async def _choose(self, one: Conversation) -> None:
        self._show(one, one.found.entry_id if one.found else None)
        if self._open is not None:
            self._open.pressed = True
        self._write_address()

    def _write_address(self) -> None:
        self._address.write({}, push=True, path=f"/inbox/{self._wanted}" if self._wanted else "/inbox")

    async def _went_back(self) -> None:
        text = self._address.path.removeprefix("/inbox").strip("/")
        try:
            wanted = UUID(text) if text else None
        except ValueError:
            wanted = None
        if wanted is None:
            self._leave(write=False)
        elif wanted != self._wanted:
            await self._open_by_id(wanted)

    async def _open_by_id(self, wanted: UUID, at: UUID | None = None) -> None:
        self._wanted = wanted
        try:
            one = await client.conversation(self._api, wanted)
        except (ApiProblem, Offline) as error:
            if wanted != self._wanted or self._pane.is_deleted:
                return
            self._close_pane()
            self._element.classes(add="m-inbox-reads")
            with self._pane:
                if isinstance(error, ApiProblem) and error.status == 404:
                    text = _("Somebody may have removed it.")
                    empty(
                        "search_off",
                        _("This conversation is no longer here"),
                        text,
                        action=_("Back to the list"),
                        on_click=self._leave,
                    )
                else:
                    error_state(problems.sentence(error), lambda: self._open_by_id(wanted))
            return
        if wanted == self._wanted and not self._pane.is_deleted:
            self._show(one, at)

    async def _switched(self) -> None:
        """The assistant was switched, relieved or given its conversation back: a line says so."""
        if self._open is not None:
            await self._open.thread.refresh()

    def _close_pane(self) -> None:
        if self._open is not None and self._write:
            background_tasks.create(self._tell_gone(self._open.one.id), name="left")
        self._open = None
        self._pane.clear()
        self._aside.clear()
        self._element.classes(remove="m-inbox-reads m-inbox-aside-on")

    def _show(self, one: Conversation, at: UUID | None) -> None:
        """Opens it, at an entry or at the newest: what is known of it stands at once, the rest follows."""
        if self._open is not None and self._open.one.id == one.id:
            self._element.classes(add="m-inbox-reads")
            if at is not None:
                first_answers.ask(self._open.thread.element, partial(self._open.thread.go, at))
            return
        self._close_pane()
        self._wanted = one.id
        self._element.classes(add="m-inbox-reads")
        with self._pane:
            header = Header(one, self._furniture, self._changed, self._leave, self._toggle_aside)
            bar = AssistantBar(one.id, self._switched, off=one.group)
            thread = Thread(one.id, self._came, at)
            given = self._furniture
            composer = Composer(one, thread, self._drafts, lambda: given.people, lambda: given.replies, self._elsewhere, bar)
        with self._aside:
            side = Side(one, self._choose, self._toggle_aside, partial(self._point, thread))
        self._open = _Open(one, header, thread, composer, side, bar)
        first_answers.ask(self._element, bar.refresh)
        self._list.mark(one.id)
        self._title()
        bell.seen(one.id)
        visited("forum", name_of(one), f"/inbox/{one.id}", one.channel_name)
        first_answers.ask(self._element, self._tell_here)

    def _leave(self, *, write: bool = True) -> None:
        """Back to the list."""
        self._wanted = None
        self._close_pane()
        self._list.mark(None)
        with self._pane:
            self._draw_nothing()
        if write:
            self._write_address()
        self._title()

    def _toggle_aside(self) -> None:
        on = "m-inbox-aside-on" not in self._element.classes
        self._element.classes(add="m-inbox-aside-on" if on else "", remove="" if on else "m-inbox-aside-on")

    async def _point(self, thread: Thread, message_id: UUID) -> None:
        """Shows a message; on a phone the sheet beside it goes away."""
        self._element.classes(remove="m-inbox-aside-on")
        await thread.go(message_id)

    def _draw_nothing(self) -> None:
        empty("forum", _("Choose a conversation"), _("With the arrow keys too. Press ? to see what keys do."))

    async def _elsewhere(self, way: ReplyChannel) -> None:
        if self._open is not None:
            await self._choose(await client.open_one(self._api, self._open.one.contact_id, way.channel_id))

    # -- what happens -------------------------------------------------------------------------------------------

    async def _changed(self, one: Conversation) -> None:
        """What our own action answered; the line that it left stands in the thread."""
        await self._answered(one)
        if self._open is not None and self._open.one.id == one.id:
            await self._open.thread.refresh()

    async def _answered(self, one: Conversation) -> None:
        self._list.show(one)
        await self._know(one)
        self._list.poke()
        self._counts.poke()

    async def _know(self, one: Conversation) -> None:
        now = self._open
        if now is None or now.one.id != one.id or one.version < now.one.version:
            return
        now.one = one
        now.header.show(one)
        now.composer.show(one)
        now.bar.poke()
        await now.side.show(one)
        self._ask_whether_seen(now)

    async def _updated(self, event: ConversationUpdated) -> None:
        try:
            one = await latest.conversation(event)
        except (ApiProblem, Offline):  # it may be gone
            self._list.poke()
            return
        if self._list.mine(one) != self._list.mine(self._list.seen(one.id)):
            self._counts.poke()
        self._list.hear(one)
        await self._know(one)

    def _entry(self, event: ConversationEntryAdded) -> Awaitable[None] | None:
        now = self._open
        return now.thread.refresh(event.entry_id) if now is not None and now.one.id == event.conversation_id else None

    def _status(self, event: ConversationChanged) -> Awaitable[None] | None:
        now = self._open
        return now.thread.refresh() if now is not None and now.one.contact_id == event.contact_id else None

    def _presence(self, event: ConversationPresence | CustomerTyping) -> None:
        if self._open is not None and self._open.one.id == event.conversation_id:
            self._open.header.present(event)

    async def _inbox_changed(self, event: InboxChanged) -> None:
        self._list.poke()  # names of labels stand in its rows
        await self._furnish()

    def _contact(self, event: ContactsChanged) -> Awaitable[None] | None:
        self._list.contact(event.contact_id)
        now = self._open
        return self._contact_anew(now) if now is not None and event.contact_id in {None, now.one.contact_id} else None

    async def _contact_anew(self, now: _Open) -> None:
        await now.side.refresh()
        await now.composer.refresh()
        await self._know(await client.conversation(self._api, now.one.id))

    async def _reset(self) -> None:
        if self._open is not None:
            await self._open.thread.refresh()
            await self._know(await client.conversation(self._api, self._open.one.id))

    async def _came(self, fresh: list[ThreadEntry]) -> None:
        """The thread has more, or is read to its end. Who chooses it reads it; what comes later, or by an address, is read once somebody
        looks: a page that loads itself again on an empty desk reads nothing."""
        now = self._open
        if now is None:
            return
        if not now.met:
            now.met = True
            if now.pressed:
                await self._mark_read()
            else:
                self._ask_whether_seen(now)
            return
        if any(one.message is not None and one.message.direction == "in" for one in fresh):
            now.header.types(False)
            first_answers.ask(now.composer.element, now.composer.refresh)
        self._ask_whether_seen(now)

    def _ask_whether_seen(self, now: _Open) -> None:
        if now.met and now.one.unread and not now.thread.away:
            ui.run_javascript(_SEEN)

    async def _mark_read(self) -> None:
        """Nothing is unread any more of what was on the screen."""
        now = self._open
        if now is None or not self._write or now.marking or now.thread.away:
            return
        newest = now.thread.newest
        if newest is None or not now.one.unread:
            return
        now.marking = True
        try:
            one = await client.read(self._api, now.one.id, newest)
        except (ApiProblem, Offline):  # it stays unread, which loses nothing
            return
        finally:
            now.marking = False
        await self._answered(one)

    # -- what stands around -------------------------------------------------------------------------------------

    async def _furnish(self) -> None:
        """What menus offer: colleagues, teams, labels, quick replies."""
        await self._furniture.fetch()
        if self._open is not None:
            self._open.header.furnish()
            self._open.composer.furnish()
        await self._list.furnish(self._furniture)

    def _count(self, found: ConversationCounts) -> None:
        self._list.count({
            ConversationView.OPEN: found.open, ConversationView.MINE: found.mine, ConversationView.UNASSIGNED: found.unassigned,
            ConversationView.UNREAD: found.unread, ConversationView.SNOOZED: found.snoozed,
        })  # fmt: skip
        if self._unread != found.unread:
            self._unread = found.unread
            self._title()

    def _title(self) -> None:
        name = name_of(self._open.one) if self._open is not None else _("Conversations")
        number = f"({self._unread if self._unread < 100 else '99+'}) " if self._unread else ""
        ui.page_title(f"{number}{name} · Master IA")

    def _drafts_found(self) -> None:
        if self._open is not None:
            self._open.composer.fill()

    async def _tell_here(self) -> None:
        now = self._open
        if now is None or not self._write:
            return
        try:
            found = await client.be_present(self._api, now.one.id)
        except (ApiProblem, Offline):  # colleagues see it with the next beat
            return
        if now is self._open:
            now.header.meet(found)

    async def _tell_gone(self, conversation_id: UUID) -> None:
        try:
            await client.be_present(self._api, conversation_id, here=False)
        except (ApiProblem, Offline):  # it ends by itself
            return

    def _tick(self) -> None:
        if self._open is not None:
            self._open.header.tick()

    # -- keys ---------------------------------------------------------------------------------------------------

    async def _key(self, event: events.GenericEventArguments) -> None:
        key, now = str(event.args), self._open
        if key in {"j", "k", "ArrowDown", "ArrowUp"}:
            one = self._list.beside(1 if key in {"j", "ArrowDown"} else -1)
            if one is not None:
                await self._choose(one)
                self._list.reveal(one.id)
        elif key == "?":
            help_dialog()
        elif now is not None and key == "Escape":
            self._leave()
        elif now is not None and self._write:
            await act(key, now.header, now.composer, now.bar)
