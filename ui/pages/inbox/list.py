"""The list of conversations: views with their counts, filters, search, and rows in the order of what happened last.

Every change is shown at once in its row. Where rows stand changes only while nobody points at the list and it is at its top;
otherwise a line above says how many came, and a press shows them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import events, ui

from api.contract.base import Page
from api.contract.conversations import Conversation, ConversationView
from api.contract.enums import Permission
from ui import formats, live, session
from ui.client import campaigns, channels, inbox
from ui.client import conversations as client
from ui.client.base import ApiProblem, Offline
from ui.components.address import address, uuid_text
from ui.components.beat import beat
from ui.components.buttons import icon_button
from ui.components.forms import search_field
from ui.components.menus import Choice, choices
from ui.components.states import load
from ui.components.text import chip, title
from ui.components.throttle import Throttle
from ui.i18n import _, ngettext, pgettext
from ui.pages.inbox import order
from ui.pages.inbox.blank import blank
from ui.pages.inbox.furniture import answerers
from ui.pages.inbox.row import Row, skeleton_rows
from ui.pages.inbox.views import Views

CAMPAIGN = "campaign_id"
FILTERS = ("channel_id", "label_id", "team_id", "assignee_id", CAMPAIGN)
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
        self._rows: dict[UUID, Row] = {}
        self._depth, self._below = STEP, dict[UUID, Conversation]()  # rows at most, and what follows them: known, not drawn
        self._cursor: str | None = None
        self._chosen: UUID | None = None
        self._over = self._down = self._adding = self._late = False  # late: rows would stand elsewhere by now
        self._filter_names: dict[str, dict[str, str]] = {}
        self._read_address()
        with ui.element("section").classes("m-inbox-list") as self.element:
            self.element.props["aria-label"] = _("Conversations")
            with ui.element("div").classes("m-inbox-head"):
                with ui.element("div").classes("m-row m-between"):
                    title(_("Conversations"))
                    with ui.element("div").classes("m-row gap-0"):
                        with icon_button("filter_list", _("Filter")):
                            with ui.menu() as self._menu:
                                pass
                        icon_button("tune", _("Inbox settings")).props["href"] = "/settings/inbox"
                self._search = search_field(_("Search people and messages"), self._words, self._searched)
                self._views = Views(self._view, self.view)
                self._filters = ui.element("div").classes("m-row m-near m-wrap")
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
        self._heard: dict[
            UUID, int
        ] = {}  # versions that events told of, and how many: what was asked for before the last may be older
        self._news = 0
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
        self._draw_filters()
        self._new.set_visibility(False)
        await self._place.refresh()

    # -- the head -----------------------------------------------------------------------------------------------

    def count(self, counts: dict[ConversationView, int]) -> None:
        """How many stand in each view."""
        self._views.count(counts)

    async def furnish(self) -> None:
        """Asks what can be filtered by, and fills the menu."""
        me = session.current()
        lists: list[tuple[str, str, dict[str, str]]] = []
        for key, name, ask, may in (
            ("channel_id", _("Channel"), channels.channels, Permission.CHANNELS_READ),
            ("label_id", _("Label"), inbox.labels, Permission.CONVERSATIONS_READ),
            ("team_id", _("Team"), inbox.teams, Permission.CONVERSATIONS_READ),
            ("assignee_id", pgettext("lead", "Owner"), answerers, Permission.TEAM_READ),
        ):
            if not me.may(may):
                continue
            try:
                found: Any = await ask(self._api)
            except (ApiProblem, Offline):
                continue
            lists.append((key, name, {str(one.id): one.name for one in found}))
        self._filter_names = {**{key: names for key, _name, names in lists}, CAMPAIGN: await self._campaign_name()}
        self._menu.clear()
        with self._menu:
            for key, name, names in lists:
                if not names:
                    continue
                ui.label(name).classes("m-menu-head")
                choices([Choice(text, partial(self._filter, key, value)) for value, text in names.items()])
        self._draw_filters()

    async def _campaign_name(self) -> dict[str, str]:
        """Of the campaign whose answers are listed: its figure leads here, no menu offers it."""
        chosen = self._chosen_filters.get(CAMPAIGN)
        if not chosen or not session.current().may(Permission.CAMPAIGNS_READ):
            return {}
        try:
            name = (await campaigns.campaign(self._api, UUID(chosen))).name
        except (ApiProblem, Offline):
            return {}
        return {chosen: _("Answered {name}").format(name=name)}

    def _draw_filters(self) -> None:
        self._filters.clear()
        with self._filters:
            for key, value in self._chosen_filters.items():
                text = self._filter_names.get(key, {}).get(value, "…")
                shown = chip(text, on=True, on_remove=partial(self._filter, key, None))
                if key == CAMPAIGN:
                    told = _("As many as the campaign counts. Who was deleted since is counted there and has no conversation.")
                    shown.props["title"] = told
        self._filters.set_visibility(bool(self._chosen_filters))

    # -- rows ---------------------------------------------------------------------------------------------------

    def _draw(self, found: Page[Conversation]) -> None:
        self._rows, self._below, self._depth, self._cursor = {}, {}, STEP, found.next_cursor
        with ui.element("div").classes("m-col gap-0") as self._lines:
            for one in found.items:
                self._add(one)
        self._end = ui.label(_("Only the first {n} stand here. Search for the others.").format(n=formats.number(MOST)))
        self._end.classes("m-hint m-inbox-end").set_visibility(False)
        self._blank = ui.element("div").classes("w-full")
        self._draw_blank()

    def _draw_blank(self) -> None:
        self._blank.clear()
        if self._rows:
            return
        with self._blank:
            blank(self._view, self._words, bool(self._chosen_filters), self.view, self._everything)

    def _add(self, one: Conversation) -> Row:
        row = self._rows[one.id] = Row(one, self._choose)
        row.mark(one.id == self._chosen)
        return row

    async def more(self) -> None:
        """The next rows below: those that are known, then a page of the API."""
        if self._below:
            self._depth = len(self._rows) + STEP
            with self._lines:
                for one in list(self._below.values())[:STEP]:
                    self._add(self._below.pop(one.id))
            return
        if self._adding or self._cursor is None:
            return
        if len(self._rows) >= MOST:
            self._end.set_visibility(True)
            return
        self._adding, before = True, (self._view, self._words, dict(self._chosen_filters))
        try:
            found = await self._ask(STEP, self._cursor)
        except (ApiProblem, Offline):  # scrolling asks again
            return
        finally:
            self._adding = False
        if before != (self._view, self._words, self._chosen_filters) or self._lines.is_deleted:
            return
        self._cursor = found.next_cursor
        with self._lines:
            for one in found.items:
                if one.id not in self._rows and one.version >= self._heard.get(one.id, 0):
                    self._add(one)
        self._depth = len(self._rows)

    def contact(self, contact_id: UUID | None) -> None:
        """Somebody's name changed, or they are gone; None: anybody's."""
        if contact_id in {None, *(row.seen.contact_id for row in self._rows.values())}:
            self.poke()

    def hear(self, one: Conversation) -> None:
        """A conversation as it is now. Asks the API again only where it alone can tell whether, and where, it stands here."""
        if self._words or not order.known(self._view, self._chosen_filters) or not self._drawn():
            self.poke()
            return
        known = self._known()
        seen = known.pop(one.id, None)
        if one.version < max(self._heard.get(one.id, 0), seen.version if seen else 0):  # answers may overtake each other
            return
        self._heard[one.id], self._news = one.version, self._news + 1
        at = order.place(list(known.values()), one)
        self.show(one)
        ids, inside = list(known), at < len(known) or self._cursor is None or seen is not None
        if inside and order.belongs(one, self._view, self._chosen_filters, self._me):
            ids.insert(at, one.id)
        self._arrange(ids[:MOST], [one])
        self._slow.poke()

    def _known(self) -> dict[UUID, Conversation]:
        """All in their order, drawn or not."""
        return {one: row.seen for one, row in self._rows.items()} | self._below

    def _drawn(self) -> bool:
        return hasattr(self, "_lines") and not self._lines.is_deleted

    def poke(self) -> None:  # asks again, at a limited rate
        self._throttle.poke()

    def show(self, one: Conversation) -> None:
        """What another request answered about a conversation."""
        if one.id in self._rows and one.version >= (seen := self._rows[one.id].seen).version:
            one.found = one.found or seen.found
            self._rows[one.id].show(one)
        elif one.id in self._below and one.version >= self._below[one.id].version:
            self._below[one.id] = one

    async def _again(self) -> None:
        if not self._drawn():
            await self._place.refresh()
            return
        before, news = (self._view, self._words, dict(self._chosen_filters)), self._news
        try:
            found = await self._ask(min(HEAD, max(STEP, len(self._rows))))
        except (ApiProblem, Offline):  # what is on the screen stays; the frame says that the service is away
            return
        if news != self._news:  # it may be older than what events have put here meanwhile
            self._slow.poke()
        elif before == (self._view, self._words, self._chosen_filters) and not self._lines.is_deleted:
            self._merge(found)

    def _merge(self, found: Page[Conversation]) -> None:
        known = list(self._known())
        for one in found.items:
            self.show(one)
        ids = [one.id for one in found.items]
        tail: list[UUID] = []
        if len(known) > len(ids) and found.next_cursor and ids[-1] in known:  # below the rows that were asked for
            tail = [one for one in known[known.index(ids[-1]) + 1 :] if one not in set(ids)]
        if self._arrange([*ids, *tail], found.items) and not tail:
            self._cursor = found.next_cursor

    def _arrange(self, wanted: list[UUID], fresh: list[Conversation]) -> bool:
        """These, in this order, the first as rows; those that are not known yet are among `fresh`. False: nothing moves while somebody
        points at the list or reads further down."""
        known = self._known()
        if wanted == list(known) and len(self._rows) <= self._depth:
            return True
        if self._over or self._down:
            self._waiting |= {one for one in wanted if one not in known}
            count = len(self._waiting)
            if count:
                self._new_text.text = ngettext("{n} new conversation", "{n} new conversations", count).format(n=count)
            self._new.set_visibility(count > 0)
            self._late = True
            return False
        known |= {one.id: one for one in fresh if one.id not in known}
        drawn, rest = wanted[: self._depth], wanted[self._depth :]
        with self._lines:
            for at in drawn:
                if at not in self._rows:
                    self._add(known[at])
        for gone in set(self._rows).difference(drawn):
            self._rows.pop(gone).element.delete()
        self._rows, self._below = {one: self._rows[one] for one in drawn}, {one: known[one] for one in rest}
        self._lines.default_slot.children[:] = [row.element for row in self._rows.values()]
        self._lines.update()
        self._waiting.clear()
        self._new.set_visibility(False)
        self._draw_blank()
        return True

    async def _scrolled(self, event: events.GenericEventArguments) -> None:
        if event.args == "end":
            await self.more()
            return
        self._down = event.args == "down"
        if not self._down:
            self._depth = STEP  # what was read further down is let go of with the next change
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
        self._depth = STEP
        ui.run_javascript(f"getHtmlElement({self._scroll.id}).scrollTop = 0")
        await self._again()

    def _tick(self) -> None:
        for row in self._rows.values():
            row.tick()

    def mark(self, chosen: UUID | None) -> None:
        """Marks the one that is open."""
        for one in (self._chosen, chosen):
            if one in self._rows:
                self._rows[one].mark(one == chosen)
        self._chosen = chosen

    def beside(self, step: int) -> Conversation | None:
        """The conversation `step` rows below the open one (above with a negative step); the first when none is open."""
        known = list(self._rows)
        at = known.index(self._chosen) + step if self._chosen in self._rows else 0
        return self._rows[known[at]].seen if 0 <= at < len(known) else None

    def reveal(self, chosen: UUID) -> None:
        """Scrolls its row into sight."""
        if chosen in self._rows:
            ui.run_javascript(f"getHtmlElement({self._rows[chosen].element.id})?.scrollIntoView({{block: 'nearest'}})")
