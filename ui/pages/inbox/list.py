"""The list of conversations: views with their counts, filters, search, and rows in the order of what happened last.

Every change is shown at once in its row. Where rows stand changes only while nobody points at the list and it is at its top;
otherwise a line above says how many came, and a press shows them.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import events, ui

from api.contract.base import Page
from api.contract.conversations import Conversation, ConversationView
from ui import formats, live, session
from ui.client import conversations as client
from ui.client.base import ApiProblem, Offline
from ui.components.address import address, uuid_text
from ui.components.beat import beat
from ui.components.buttons import icon_button
from ui.components.forms import search_field
from ui.components.states import load
from ui.components.text import title
from ui.components.throttle import Throttle
from ui.i18n import _, ngettext
from ui.pages.inbox import order
from ui.pages.inbox.blank import blank
from ui.pages.inbox.filters import FILTERS, Filters
from ui.pages.inbox.furniture import Furniture
from ui.pages.inbox.row import skeleton_rows
from ui.pages.inbox.rows import Rows
from ui.pages.inbox.views import Views

STEP, HEAD = 40, 100  # rows drawn at first and with each scroll to the end; rows at the top that are asked for again
SLOW = 60.0  # seconds between two times that a list is compared with the API's while events keep it
MOST = 1000  # rows that stand on the page at once
_SCROLLED = """(e) => { const t = e.target, at = t.scrollTop > 40 ? 'down' : 'top';
    if (at !== (t.dataset.at || 'top')) { t.dataset.at = at; emit(at) }
    if (t.scrollHeight - t.scrollTop - t.clientHeight < 600) emit('end') }"""


class List:
    """`choose(conversation)` is called when one is pressed; `found` after every answer, with the rows there are now."""

    def __init__(self, choose: Callable[[Conversation], Any]) -> None:
        self._api, self._choose, self._me = session.current().api, choose, session.current().me.user_id
        self._address = address()
        self._rows: Rows | None = None
        self._cursor: str | None = None
        self._chosen: UUID | None = None
        self._over = self._down = self._adding = self._late = False  # late: rows would stand elsewhere by now
        self._filters = Filters(self._filter)
        self._read_address()
        with ui.element("section").classes("m-inbox-list") as self.element:
            self.element.props["aria-label"] = _("Conversations")
            with ui.element("div").classes("m-inbox-head"):
                with ui.element("div").classes("m-row m-between"):
                    title(_("Conversations"))
                    with ui.element("div").classes("m-row gap-0"):
                        self._filters.draw_menu()
                        icon_button("tune", _("Inbox settings")).props["href"] = "/settings/inbox"
                self._search = search_field(_("Search people and messages"), self._words, self._searched)
                self._views = Views(self._view, self.view)
                self._filters.draw_chips()
            with ui.element("button").classes("m-inbox-new").props("type=button") as self._new:
                self._new_text = ui.label()
            self._new.on("click", self._to_top, [])
            self._new.set_visibility(False)
            with ui.element("div").classes("m-inbox-rows") as self._scroll:
                self._scroll.props["tabindex"] = "-1"
                self._place = load(self._fetch, self._draw, skeleton_rows)
        self._scroll.on("scroll", self._scrolled, throttle=0.1, js_handler=_SCROLLED)
        self._scroll.on("mouseenter", lambda: self._point(True), [])
        self._scroll.on("mouseleave", lambda: self._point(False), [])
        self._throttle = Throttle(self._again, 1.0)
        self._slow = Throttle(self._again, SLOW, later=True)
        self._waiting: set[UUID] = set()  # those that are not shown before somebody looks up
        self._heard: OrderedDict[UUID, int] = OrderedDict()  # versions that events told of last,
        self._news = 0  # and how many events: what was asked for before the last may be older
        self._address.on_back(self._went_back)
        live.on_reset(self._again)
        beat(30, self._tick)

    # -- what is asked for --------------------------------------------------------------------------------------

    def _read_address(self) -> None:
        at = self._address
        self._view = next((one for one in ConversationView if one.value == at.get("view")), ConversationView.OPEN)
        self._words = at.get("q").strip()
        self._chosen_filters = {key: value for key in FILTERS if (value := uuid_text(at.get(key)))}

    def _write_address(self) -> None:
        view = "" if self._view is ConversationView.OPEN else self._view.value
        self._address.write({"view": view, "q": self._words, **{key: self._chosen_filters.get(key) for key in FILTERS}})

    async def _ask(self, limit: int, cursor: str | None = None) -> Page[Conversation]:
        asked = {"view": self._view, "search": self._words or None, **self._chosen_filters}
        return await client.conversations(self._api, {**asked, "limit": limit, "cursor": cursor})

    async def _fetch(self) -> Page[Conversation]:
        news = self._news
        found = await self._ask(STEP)
        if news != self._news:
            self._throttle.poke()
        return found

    async def _went_back(self) -> None:
        before = self._view, self._words, self._chosen_filters
        self._read_address()
        if before != (self._view, self._words, self._chosen_filters):
            await self._anew()

    async def view(self, view: ConversationView) -> None:
        self._view = view
        self._write_address()
        await self._anew()

    async def _searched(self, text: str) -> None:
        if text != self._words:
            self._words = text
            self._write_address()
            await self._anew()

    async def _filter(self, key: str, value: str | None) -> None:
        self._chosen_filters.pop(key, None)
        if value is not None:
            self._chosen_filters[key] = value
        self._write_address()
        await self._anew()

    async def _everything(self) -> None:
        self._words, self._chosen_filters = "", {}
        self._write_address()
        await self._anew()

    async def _anew(self) -> None:
        self._views.mark(self._view)
        self._search.value = self._words
        self._filters.show(self._chosen_filters)
        self._new.set_visibility(False)
        await self._place.refresh()

    # -- the head -----------------------------------------------------------------------------------------------

    def count(self, counts: dict[ConversationView, int]) -> None:
        """How many stand in each view."""
        self._views.count(counts)

    async def furnish(self, given: Furniture) -> None:
        """What can be filtered by."""
        await self._filters.furnish(given, self._chosen_filters)

    # -- rows ---------------------------------------------------------------------------------------------------

    def _draw(self, found: Page[Conversation]) -> None:
        rows = self._rows = Rows(self._choose, STEP)
        self._cursor = found.next_cursor
        rows.mark(self._chosen)
        rows.add(found.items)
        self._end = ui.label(_("Only the first {n} stand here. Search for the others.").format(n=formats.number(MOST)))
        self._end.classes("m-hint m-inbox-end").set_visibility(False)
        self._blank = ui.element("div").classes("w-full")
        self._draw_blank(rows)

    def _draw_blank(self, rows: Rows) -> None:
        if self._blank.default_slot.children:
            self._blank.clear()
        if not rows.drawn:
            with self._blank:
                blank(self._view, self._words, bool(self._chosen_filters), self.view, self._everything)

    async def more(self) -> None:
        """The next rows below: those that are known, then a page of the API."""
        rows = self._now()
        if rows is not None and rows.below:
            rows.more(STEP)
            return
        if rows is None or self._adding or self._cursor is None:
            return
        if len(rows.drawn) >= MOST:
            self._end.set_visibility(True)
            return
        self._adding, before = True, (self._view, self._words, dict(self._chosen_filters))
        try:
            found = await self._ask(STEP, self._cursor)
        except (ApiProblem, Offline):  # scrolling asks again
            return
        finally:
            self._adding = False
        if before != (self._view, self._words, self._chosen_filters) or rows is not self._now():
            return
        self._cursor = found.next_cursor
        rows.add(one for one in found.items if one.id not in rows.drawn and one.version >= self._heard.get(one.id, 0))
        rows.depth = len(rows.drawn)

    def contact(self, contact_id: UUID | None) -> None:
        """Somebody's name changed, or they are gone; None: anybody's."""
        rows = self._now()
        if contact_id is None or (rows and any(row.seen.contact_id == contact_id for row in rows.drawn.values())):
            self.poke()

    def hear(self, one: Conversation) -> None:
        """A conversation as it is now. Asks the API again only where it alone can tell whether, and where, it stands here."""
        rows = self._now()
        if self._words or not order.known(self._view, self._chosen_filters) or rows is None:
            self.poke()
            return
        seen = rows.seen(one.id)
        if one.version < max(self._heard.get(one.id, 0), seen.version if seen else 0):  # answers may overtake each other
            return
        self._note(one)
        self._slow.poke()
        belongs = order.belongs(one, self._view, self._chosen_filters, self._me)
        if belongs and seen is not None and seen.last_at == one.last_at and len(rows.drawn) <= rows.depth:
            rows.show(one)
        elif belongs and not (self._over or self._down or self._waiting) and (at := rows.place(one)) is not None:
            rows.insert(one, at, MOST)
        else:
            self._move(rows, one, belongs)

    def _note(self, one: Conversation) -> None:
        self._heard[one.id], self._news = one.version, self._news + 1
        self._heard.move_to_end(one.id)
        if len(self._heard) > MOST:
            self._heard.popitem(last=False)

    def _move(self, rows: Rows, one: Conversation, belongs: bool) -> None:
        known = rows.known()
        seen = known.pop(one.id, None)
        at = order.place(list(known.values()), one)
        rows.show(one)
        ids, inside = list(known), at < len(known) or self._cursor is None or seen is not None
        if inside and belongs:
            ids.insert(at, one.id)
        self._arrange(rows, ids[:MOST], [one])

    def _now(self) -> Rows | None:
        """The rows, while they stand there."""
        return self._rows if self._rows is not None and not self._rows.element.is_deleted else None

    def poke(self) -> None:  # asks again, at a limited rate
        self._throttle.poke()

    def show(self, one: Conversation) -> None:
        """What another request answered about a conversation."""
        if self._rows is not None:
            self._rows.show(one)

    async def _again(self) -> None:
        rows = self._now()
        if rows is None:
            await self._place.refresh()
            return
        before, news = (self._view, self._words, dict(self._chosen_filters)), self._news
        try:
            found = await self._ask(min(HEAD, max(STEP, len(rows.drawn))))
        except (ApiProblem, Offline):  # what is on the screen stays; the frame says that the service is away
            return
        if news != self._news:  # it may be older than what events have put here meanwhile
            self._slow.poke()
        elif before == (self._view, self._words, self._chosen_filters) and rows is self._now():
            self._merge(rows, found)

    def _merge(self, rows: Rows, found: Page[Conversation]) -> None:
        known = list(rows.known())
        for one in found.items:
            rows.show(one)
        ids = [one.id for one in found.items]
        tail: list[UUID] = []
        if len(known) > len(ids) and found.next_cursor and ids[-1] in known:  # below the rows that were asked for
            tail = [one for one in known[known.index(ids[-1]) + 1 :] if one not in set(ids)]
        if self._arrange(rows, [*ids, *tail], found.items) and not tail:
            self._cursor = found.next_cursor

    def _arrange(self, rows: Rows, wanted: list[UUID], fresh: list[Conversation]) -> bool:
        """These, in this order, the first as rows; those that are not known yet are among `fresh`. False: nothing moves while somebody
        points at the list or reads further down."""
        known = rows.known()
        if wanted == list(known) and len(rows.drawn) <= rows.depth:
            return True
        if self._over or self._down:
            self._waiting |= {one for one in wanted if one not in known}
            count = len(self._waiting)
            if count:
                self._new_text.text = ngettext("{n} new conversation", "{n} new conversations", count).format(n=count)
            self._new.set_visibility(count > 0)
            self._late = True
            return False
        rows.put(wanted, known | {one.id: one for one in fresh if one.id not in known})
        self._waiting.clear()
        self._new.set_visibility(False)
        self._draw_blank(rows)
        return True

    async def _scrolled(self, event: events.GenericEventArguments) -> None:
        if event.args == "end":
            await self.more()
            return
        self._down = event.args == "down"
        if not self._down:
            self._let_go()  # what was read further down is let go of with the next change
        await self._settle()

    async def _point(self, over: bool) -> None:
        self._over = over
        await self._settle()

    async def _settle(self) -> None:
        if self._late and not (self._over or self._down):
            self._late = False
            await self._again()

    async def _to_top(self) -> None:
        self._over = self._down = self._late = False
        self._let_go()
        ui.run_javascript(f"getHtmlElement({self._scroll.id}).scrollTop = 0")
        await self._again()

    def _let_go(self) -> None:
        if self._rows is not None:
            self._rows.depth = STEP

    def _tick(self) -> None:
        if (rows := self._now()) is not None:
            for row in rows.drawn.values():
                row.tick()

    def mark(self, chosen: UUID | None) -> None:
        """Marks the one that is open."""
        self._chosen = chosen
        if self._rows is not None:
            self._rows.mark(chosen)

    def seen(self, conversation_id: UUID) -> Conversation | None:
        """What is known here of one."""
        return self._rows.seen(conversation_id) if self._rows is not None else None

    def mine(self, one: Conversation | None) -> bool:
        """Whether it is open and the reader's."""
        return one is not None and order.belongs(one, ConversationView.MINE, {}, self._me)

    def beside(self, step: int) -> Conversation | None:
        """The conversation `step` rows below the open one (above with a negative step); the first when none is open."""
        rows = self._rows.drawn if self._rows is not None else {}
        known = list(rows)
        at = known.index(self._chosen) + step if self._chosen in rows else 0
        return rows[known[at]].seen if 0 <= at < len(known) else None

    def reveal(self, chosen: UUID) -> None:
        """Scrolls its row into sight."""
        if self._rows is not None and chosen in self._rows.drawn:
            ui.run_javascript(f"getHtmlElement({self._rows.drawn[chosen].element.id})?.scrollIntoView({{block: 'nearest'}})")
