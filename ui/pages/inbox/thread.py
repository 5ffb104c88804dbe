"""What was said in one conversation, newest at the bottom: messages, notes of colleagues, and what was done with it.

An entry is drawn when it comes and again only when it changed; the others stay as they are, and so does the place one reads at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from functools import partial
from uuid import UUID

import msgspec
from nicegui import background_tasks, events, ui

from api.contract.base import Page
from api.contract.contents import Edit, Reaction, Revoke
from api.contract.conversations import ThreadEntry
from api.contract.messages import Message
from ui import formats, session
from ui.client import conversations as client
from ui.client.base import ApiProblem, Offline
from ui.components import bubbles
from ui.components.buttons import button
from ui.components.states import load
from ui.components.text import Text, icon
from ui.i18n import _, ngettext
from ui.pages.inbox.again import draw_again, may_be_sent_again
from ui.pages.inbox.changing import Changing
from ui.pages.inbox.entries import HELD, PRESSED, draw_acts, draw_line, draw_note, may_be_reacted_to
from ui.pages.inbox.quote import may_be_answered

PAGE = 30
_SCROLLED = """(e) => { const t = e.target, away = t.scrollTop < -150 ? 'away' : 'near';
    if (away !== (t.dataset.away || 'near')) { t.dataset.away = away; emit(away) }
    if (t.scrollHeight + t.scrollTop - t.clientHeight < 500) emit('top') }"""


class Thread:
    """`came(entries)` is called with what was not there before, each time; the newest message of all is `newest`. `at`: an entry to begin
    at; between what stands there and what is newest there may be a gap, until one scrolls down or goes to the newest."""

    def __init__(
        self, conversation_id: UUID, came: Callable[[list[ThreadEntry]], Awaitable[None]], at: UUID | None = None
    ) -> None:
        self._id, self._api, self._came, self._begin = conversation_id, session.current().api, came, at
        self._gap = False
        self._seen: dict[UUID, ThreadEntry] = {}
        self._drawn: dict[UUID, ui.element] = {}
        self._days: dict[date, ui.element] = {}
        self._cursor: str | None = None
        self._away = self._asking = self._again = False
        self._below = 0
        self._changed: set[UUID] = set()  # entries that are others now, wherever they stand
        self.answering: Callable[[Message], None] | None = None  # is told which message is to be answered
        self.reacting: Callable[[Message, str], Awaitable[None]] | None = None  # and which is reacted to
        self.changing: Changing | None = None  # how a message is changed
        self.sending_again: Callable[[Message], Awaitable[None]] | None = None  # and which is to go once more
        self.writing = asyncio.Lock()  # what one writes oneself comes by its answer; events of it wait until it is there
        with ui.element("div").classes("m-thread") as self.element:
            with ui.element("div").classes("m-thread-scroll") as self._scroll:
                self._scroll.props.update({"role": "log", "tabindex": "0", "aria-label": _("Conversation")})
                self._pending = ui.element("div").classes("m-conv-list m-thread-pending")
                self._place = load(self._first, self._draw, bubbles.skeleton)
            with ui.element("button").classes("m-thread-down").props("type=button") as self._down:
                icon("arrow_downward")
                self._down_text = ui.label()
            self._down.set_visibility(False)
        self._scroll.on("scroll", self._scrolled, throttle=0.1, js_handler=_SCROLLED)
        self._scroll.on("click", self._pressed, js_handler=PRESSED)
        self._scroll.on("touchstart.passive", js_handler=HELD)
        self._down.on("click", self.to_end, [])

    # -- what is known ------------------------------------------------------------------------------------------

    @property
    def newest(self) -> UUID | None:
        """The newest entry that the reader was shown."""
        return max(self._seen.values(), key=_order).id if self._seen else None

    @property
    def recorded(self) -> UUID | None:
        """The entry that was recorded last of those shown: ids are in that order, while `newest` goes by when it was said."""
        return max(self._seen, default=None)

    @property
    def away(self) -> bool:
        """Whether the reader looks at what was said earlier."""
        return self._away or self._gap

    async def _first(self) -> Page[ThreadEntry]:
        """The newest, or those around the entry to begin at."""
        self._gap = False
        if self._begin is not None:
            try:
                found = await client.entries_around(self._api, self._id, self._begin, PAGE)
                later = await client.entries_after(self._api, self._id, found.items[0].cursor, PAGE)
            except ApiProblem as error:
                if error.status != 404:
                    raise
                self._begin = None  # it went meanwhile
            else:
                self._gap = later.next_cursor is not None
                return Page(items=[*reversed(later.items), *found.items], next_cursor=found.next_cursor)
        return await client.entries(self._api, self._id, limit=PAGE)

    def _find(self, provider_id: str) -> Message | None:
        return next((one.message for one in self._seen.values() if one.message and one.message.provider_id == provider_id), None)

    async def refresh(self, changed: UUID | None = None) -> None:
        """Asks for what is new or changed, as far back as it takes to meet what is known; and for `changed`, wherever it stands."""
        if changed in self._seen:
            self._changed.add(changed)
        if not hasattr(self, "_list") or self._list.is_deleted:
            await self._place.refresh()
            return
        if self._gap:  # it stands behind the gap
            self._show_down()
            return
        if self._asking:  # once more afterwards: what is asked now may be older than what was just told
            self._again = True
            return
        self._asking = True
        try:
            self._again = True
            while self._again:
                self._again = False
                async with self.writing:
                    found = await client.entries(self._api, self._id, limit=PAGE)
                items = list(found.items)
                while found.next_cursor and not any(one.id in self._seen for one in found.items) and len(items) < 10 * PAGE:
                    found = await client.entries(self._api, self._id, found.next_cursor, PAGE)
                    items += found.items
                self.take(items)
                self._changed -= {one.id for one in items}
                while self._changed:
                    await self._ask_again(self._changed.pop())
        except (ApiProblem, Offline):  # what is on the screen stays; the frame says that the service is away
            return
        finally:
            self._asking = False

    async def _ask_again(self, entry_id: UUID) -> None:
        """For what has changed; what could not be asked for is asked for by the next refresh."""
        if entry_id not in self._seen:  # the thread stands elsewhere by now
            return
        try:
            self.take((await client.entries_around(self._api, self._id, entry_id, 1)).items)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem) and error.status == 404:  # it went meanwhile
                return
            self._changed.add(entry_id)
            raise

    def take(self, entries: list[ThreadEntry]) -> None:
        """Draws what is new and what has changed."""
        if not hasattr(self, "_list") or self._list.is_deleted:
            return
        if self._gap:
            entries = [one for one in entries if one.id in self._seen]
        fresh = [one for one in entries if one.id not in self._seen]
        for one in sorted(entries, key=_order):
            if self._seen.get(one.id) != one:
                if (target := self._target(one)) is not None:
                    self._changed.add(target)
                self._put(one)
        if fresh:
            self._blank.set_visibility(False)
            incoming = [one for one in fresh if one.message is not None and one.message.direction == "in"]
            if self._away and incoming:
                self._below += len(incoming)
                self._show_down()
            self._tell(fresh)

    def _tell(self, fresh: list[ThreadEntry]) -> None:
        async def tell() -> None:
            with self.element:
                await self._came(fresh)

        background_tasks.create(tell(), name="came")

    async def _earlier(self) -> None:
        if self._cursor is None or self._asking:
            return
        self._asking = True
        try:
            found = await client.entries(self._api, self._id, self._cursor, PAGE)
        except (ApiProblem, Offline):  # scrolling, or the button, asks again
            return
        finally:
            self._asking = False
        if self._list.is_deleted:
            return
        self._cursor = found.next_cursor
        for one in sorted(found.items, key=_order):
            self._put(one)
        self._more.set_visibility(self._cursor is not None)
        if self._again:
            await self.refresh()

    async def _later(self) -> None:
        """What stands in the gap, page by page, while one reads on downwards."""
        if self._asking:
            return
        self._asking = True
        try:
            newest = max(self._seen.values(), key=_order)
            found = await client.entries_after(self._api, self._id, newest.cursor, 5 * PAGE)
        except (ApiProblem, Offline):  # scrolling, or the button, asks again
            return
        finally:
            self._asking = False
        self._gap = found.next_cursor is not None
        fresh = {one.id for one in found.items}
        for one in found.items:
            if (target := self._target(one)) is not None and target not in fresh:  # was read before it was reacted to
                self._changed.add(target)
            self._put(one)
        self._show_down()
        if not self._gap:  # what was told meanwhile
            await self.refresh()

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self, found: Page[ThreadEntry]) -> None:
        self._seen, self._drawn, self._days, self._cursor = {}, {}, {}, found.next_cursor
        with ui.element("div").classes("m-conv-list") as self._list:
            with ui.element("div").classes("m-conv-line") as self._more:
                button(_("Show earlier messages"), self._earlier, kind="plain")
            self._more.set_visibility(self._cursor is not None)
            with ui.element("div").classes("m-conv-line") as self._blank:
                ui.label(_("Nothing was said yet")).classes("m-hint")
            self._blank.set_visibility(not found.items)
        for one in sorted(found.items, key=_order):
            self._put(one)
        if self._begin is not None:
            self._point(self._begin)
        self._show_down()
        self._tell(list(found.items))

    def renew(self, message: Message) -> None:
        """A message that is there is another now."""
        if message.id in self._seen:
            self.take([msgspec.structs.replace(self._seen[message.id], message=message)])

    def _target(self, one: ThreadEntry) -> UUID | None:
        """The message under which a reaction or a change stands, or stood before it was replaced."""
        found = None if (provider_id := self._reacts_to(one)) is None else self._find(provider_id)
        return None if found is None else found.id

    @staticmethod
    def _reacts_to(one: ThreadEntry) -> str | None:
        content = one.message.content if one.message is not None else None
        return content.target_id if isinstance(content, Reaction | Edit | Revoke) else None

    def _put(self, one: ThreadEntry) -> None:
        """In its place by time, or again where it stands; a reaction is drawn by its message, as soon as that is here."""
        self._seen[one.id] = one
        if self._target(one) is not None:
            self._drop(one.id)
            return
        if one.message is not None and one.message.provider_id is not None:
            for other in [known for known in self._drawn if self._reacts_to(self._seen[known]) == one.message.provider_id]:
                self._drop(other)
        known = one.id in self._drawn
        if known:
            self._drawn[one.id].clear()
        else:
            day = self._day(one.at.astimezone(formats.zone()).date())
            with day:
                self._drawn[one.id] = ui.element("div").classes("m-thread-entry")
            later = [other for other in day.default_slot.children if self._at(other) > _order(one)]
            if later:
                day.default_slot.children.remove(self._drawn[one.id])
                day.default_slot.children.insert(day.default_slot.children.index(later[0]), self._drawn[one.id])
                day.update()
            self._drawn[one.id].props["data-entry"] = str(one.id)
        with self._drawn[one.id]:
            if one.message is not None:
                answer = self.answering is not None and may_be_answered(one.message)
                react = self.reacting is not None and may_be_reacted_to(one.message)
                acts = partial(draw_acts, one.message, answer=answer, react=react, change=self.changing, conversation_id=self._id)
                again = draw_again if self.sending_again is not None and may_be_sent_again(one.message) else None
                bubbles.draw_message(one.message, self._find, acts, again, alone=True)
            elif one.note is not None:
                draw_note(one, one.note)
            elif one.line is not None:
                draw_line(one, one.line)

    def _drop(self, entry_id: UUID) -> None:
        """Takes an entry off the screen, and its day where nothing else stands in it."""
        element = self._drawn.pop(entry_id, None)
        if element is None:
            return
        day = next(one for one, made in self._days.items() if element in made.default_slot.children)
        element.delete()
        if len(self._days[day].default_slot.children) == 1:
            self._days.pop(day).delete()

    def _at(self, element: ui.element) -> tuple[datetime, str]:
        shown = element.props.get("data-entry")
        return _order(self._seen[UUID(shown)]) if shown else (datetime.min.replace(tzinfo=UTC), "")

    def _day(self, day: date) -> ui.element:
        if day in self._days:
            return self._days[day]
        with self._list:
            with ui.element("div").classes("m-thread-day") as made:
                with ui.element("div").classes("m-conv-line"):
                    Text("span", bubbles.day_name(day), "m-chip")
        self._days[day] = made
        later = min((other for other in self._days if other > day), default=None)
        if later is not None:
            children = self._list.default_slot.children
            children.remove(made)
            children.insert(children.index(self._days[later]), made)
            self._list.update()
        return made

    def pending(self) -> ui.element:
        """The place at the end where what is on its way is drawn, until it is an entry."""
        return self._pending

    # -- answering one message, or reacting to it ---------------------------------------------------------------

    async def _pressed(self, event: events.GenericEventArguments) -> None:
        try:
            entry, emoji = self._seen.get(UUID(str(event.args["entry"]))), event.args.get("emoji")
            again, change = event.args.get("again"), event.args.get("change")
        except (ValueError, TypeError, KeyError):
            return
        if entry is None or entry.message is None:
            return
        if again:
            if self.sending_again is not None and may_be_sent_again(entry.message):
                await self.sending_again(entry.message)
        elif change is not None and self.changing is not None:
            await self.changing.act(str(change), entry.message)
        elif emoji is None and self.answering is not None:
            self.answering(entry.message)
        elif emoji is not None and self.reacting is not None:
            await self.reacting(entry.message, str(emoji))

    def asked_before(self, message: Message | None) -> Message | None:
        """The newest message of the person that can be answered, or the one before `message`; the newest again after the oldest."""
        asked = [one.message for one in sorted(self._seen.values(), key=_order) if one.message and one.message.direction == "in"]
        asked = [one for one in asked if may_be_answered(one)]
        earlier = asked if message is None else [one for one in asked if (one.at, one.id) < (message.at, message.id)]
        return next(reversed(earlier or asked), None)

    # -- the place one reads at ---------------------------------------------------------------------------------

    async def _scrolled(self, event: events.GenericEventArguments) -> None:
        if event.args == "top":
            await self._earlier()
            return
        self._away = event.args == "away"
        if not self._away:
            self._below = 0
            if self._gap:
                await self._later()
            self._tell([])
        self._show_down()

    def _show_down(self) -> None:
        new = ngettext("{n} new message", "{n} new messages", self._below).format(n=formats.number(self._below))
        self._down_text.text = new if self._below else _("Newest messages")
        self._down.set_visibility(self.away)

    async def go(self, entry_id: UUID) -> None:
        """To an entry; what stands around it comes where it is not here yet."""
        if (seen := self._seen.get(entry_id)) is not None and (target := self._target(seen)) is not None:
            entry_id = target
        if entry_id in self._drawn:
            self._point(entry_id)
        else:
            self._begin = entry_id
            await self._place.refresh()

    def _point(self, entry_id: UUID) -> None:
        """Scrolls to an entry and shows which it is."""
        ui.run_javascript(f"masteria.point(getHtmlElement({self._drawn[entry_id].id}))")

    def to_end(self) -> None:
        """To the newest message."""
        self._begin = None
        if self._gap:
            background_tasks.create(self._anew(), name="newest")
        self._away, self._below = False, 0
        self._down.set_visibility(False)
        ui.run_javascript(f"const t = getHtmlElement({self._scroll.id}); t.scrollTop = 0; t.dataset.away = 'near'")
        self._tell([])

    async def _anew(self) -> None:
        with self.element:
            await self._place.refresh()


def _order(one: ThreadEntry) -> tuple[datetime, str]:
    return one.at, str(one.id)
