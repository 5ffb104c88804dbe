"""The queue of what the AI proposes for leads: each with the customer's words, accepted or refused with one key. What was decided stands
behind the chips."""

from typing import Any
from uuid import UUID

from nicegui import events, ui

from api.contract.base import Page
from api.contract.boards import Board
from api.contract.enums import Permission
from api.contract.events import LeadProposalChanged
from api.contract.proposals import LeadProposal, ProposalState, RefusalReason
from ui import first_answers, live, session
from ui.client import boards as boards_client
from ui.client import proposals as client
from ui.client.base import ApiProblem, Offline
from ui.components.address import address, uuid_text
from ui.components.buttons import icon_button
from ui.components.cards import key_values
from ui.components.confirm import dialog
from ui.components.filters import filter_button, name_filter
from ui.components.frame import Frame, frame
from ui.components.listing import Listing
from ui.components.query import Filter, Query
from ui.components.states import empty
from ui.components.suggestion import Suggestion, reasons, say_why
from ui.components.throttle import Throttle
from ui.i18n import _, pgettext
from ui.labels import proposals as labels
from ui.routing import page

REASONS = tuple(str(number) for number in range(1, len(RefusalReason) + 1))
KEYS = ("j", "k", "ArrowDown", "ArrowUp", "a", "r", "w", "u", "o", "?", *REASONS)


@page("/boards/suggestions", permission=Permission.CONVERSATIONS_READ)
def suggestions() -> None:
    text = _("What customers wrote, and what the AI would do with their leads")
    with frame(_("Suggestions"), text, breadcrumbs=[(_("Boards"), "/boards")], active="/boards") as head:
        _Queue(head)


class _Queue:
    def __init__(self, head: Frame) -> None:
        me = session.current()
        self._api, self._manage, self._head = me.api, me.may(Permission.BOARDS_WRITE), head
        self._rows: list[Suggestion] = []
        self._at: UUID | None = None  # which one the keys act on
        self._next: str | None = None
        self._refused: LeadProposal | None = None  # for which a reason may be said yet
        self._boards: list[Board] = []
        self._board = uuid_text(address().get("board"))
        with head.actions:
            self._choice = ui.element("div")
            if me.may(Permission.LEADS_WRITE):
                icon_button("keyboard", _("Keys"), _help).classes("m-only-wide")
        states = {state.value: labels.states()[state][0] for state in ProposalState if state is not ProposalState.PROPOSED}
        with ui.element("div").classes("m-card m-card-flush m-sug-queue") as place:
            place.props["data-keys"] = " ".join(KEYS)
            self._why = ui.element("div")
            self._why.props["aria-live"] = "polite"
            waiting = pgettext("suggestion", "Waiting")
            self._list = Listing(
                self._fetch, self._draw, self._blank, chips=(Filter("state", _("State"), states), waiting), step=30
            )
        self._throttle = Throttle(self._follow, 1.0)
        ui.on("key", self._key)
        address().on_back(self._went_back)
        live.on(LeadProposalChanged, self._heard)
        live.on_reset(self._follow)
        first_answers.ask(place, self._fetch_boards)

    # -- reading ------------------------------------------------------------------------------------------------

    async def _fetch(self, query: Query) -> Page[LeadProposal]:
        state = ProposalState(query.filters.get("state", ProposalState.PROPOSED.value))
        board_id = UUID(self._board) if self._board else None
        return await client.proposals(self._api, state=state, board_id=board_id, limit=query.limit)

    async def _fetch_boards(self) -> None:
        try:
            self._boards = await boards_client.boards(self._api)
        except (ApiProblem, Offline):  # the queue itself says that the service is away
            return
        if len(self._boards) > 1 and not self._choice.is_deleted:
            with self._choice:
                self._filter = filter_button(self._boards_filter, self._board_name, self._choose)

    @property
    def _boards_filter(self) -> Filter:
        return Filter("board", _("Board"), {str(one.id): one.name for one in self._boards})

    @property
    def _board_name(self) -> str:
        one = self._boards_filter
        return f"{one.label}: {one.options[self._board]}" if self._board in one.options else one.label

    async def _choose(self, key: str, value: str | None) -> None:
        self._board = value or ""
        address().write({key: value}, push=True)
        name_filter(self._filter, self._boards_filter, self._board_name)
        await self._list.refresh()

    async def _went_back(self) -> None:
        board = uuid_text(address().get("board"))
        if board != self._board:
            self._board = board
            if self._boards:
                name_filter(self._filter, self._boards_filter, self._board_name)
            await self._list.refresh()

    def _heard(self, event: LeadProposalChanged) -> None:
        if self._board in ("", str(event.board_id)):
            self._throttle.poke()

    async def _follow(self) -> None:
        """The same ones stay where they are, so that no press is lost to a redraw."""
        try:
            found = await self._list.fetch()
        except (ApiProblem, Offline):
            await self._list.refresh()
            return
        if (
            not self._rows
            or [one.id for one in found.items] != [row.one.id for row in self._rows]
            or found.next_cursor != self._next
        ):
            await self._list.refresh()
            return
        for row, one in zip(self._rows, found.items, strict=True):
            row.set(one)

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self, found: Page[LeadProposal]) -> None:
        before = [row.one.id for row in self._rows]
        self._next = found.next_cursor
        with ui.element("div").classes("w-full"):
            self._rows = [Suggestion(one, self._decided, named=True, keys=True, why=self._ask_why) for one in found.items]
        for row in self._rows:
            row.element.on("click", lambda row=row: self._mark(row), [])
        ids = [row.one.id for row in self._rows]
        if self._at not in ids:  # what it stood on is gone: the one that took its place
            place = before.index(self._at) if self._at in before else 0
            self._at = ids[min(place, len(ids) - 1)] if ids else None
        self._show_mark()

    def _blank(self) -> None:
        text = _(
            "When a customer's words show that a lead should move, it stands here with those words. You accept or refuse it."
        )
        action = _("Choose what the AI may do") if self._manage and self._boards else ""
        to = f"/boards/{self._board or self._boards[0].id}/settings?tab=ai" if action else None
        empty("auto_awesome", _("Nothing waits for you"), text, action=action, to=to)

    def _mark(self, row: Suggestion) -> None:
        self._at = row.one.id
        self._show_mark()

    def _show_mark(self) -> None:
        for row in self._rows:
            on = row.one.id == self._at
            row.element.classes(add="m-sug-on" if on else "", remove="" if on else "m-sug-on")
            row.element.props["aria-current"] = "true" if on else "false"

    async def _decided(self, now: LeadProposal | None) -> None:
        await self._list.refresh()

    # -- why ----------------------------------------------------------------------------------------------------

    def _ask_why(self, one: LeadProposal) -> None:
        """One more key says why; whoever goes on without it goes on."""
        self._refused = one
        self._why.clear()
        said = labels.states()[one.state][0]
        with self._why, ui.element("div").classes("m-sug-why"):
            with ui.element("div").classes("m-row m-near w-full"):
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(f"{said}: {labels.does(one)}").classes("m-strong m-text")
                    ui.label(_("Why? Only with a reason does the AI learn from it on the whole board.")).classes("m-hint")
                icon_button("close", _("Without a reason"), self._no_reason)
            reasons(self._reason, keys=True)

    async def _reason(self, reason: RefusalReason) -> None:
        one = self._refused
        self._no_reason()
        if one is not None:
            await say_why(self._api, one, reason)

    def _no_reason(self) -> None:
        self._refused = None
        self._why.clear()

    # -- keys ---------------------------------------------------------------------------------------------------

    async def _key(self, event: events.GenericEventArguments) -> None:
        key = str(event.args)
        if key == "?":
            _help()
            return
        if key in REASONS:
            if self._refused is not None:
                await self._reason(tuple(labels.refusals())[int(key) - 1])
            return
        at = next((number for number, row in enumerate(self._rows) if row.one.id == self._at), None)
        if at is None:
            return
        row = self._rows[at]
        if key in ("j", "k", "ArrowDown", "ArrowUp"):
            step = 1 if key in ("j", "ArrowDown") else -1
            self._mark(self._rows[max(0, min(len(self._rows) - 1, at + step))])
            self._reveal()
        elif key == "a":
            self._no_reason()
            await row.accept()
        elif key == "r":
            await row.refuse()
        elif key == "w":
            await row.ask_why()
        elif key == "u":
            await row.undo()
        elif key == "o" and row.one.lead_id is not None:
            ui.navigate.to(f"/boards/{row.one.board_id}?lead={row.one.lead_id}")

    def _reveal(self) -> None:
        row: Any = next(row for row in self._rows if row.one.id == self._at)
        ui.run_javascript(f"getHtmlElement({row.element.id})?.scrollIntoView({{block: 'nearest'}})")


def _help() -> None:
    with dialog(_("Keys")) as box:
        key_values([
            ("J  ↓", _("Next suggestion")),
            ("K  ↑", _("Previous suggestion")),
            ("A", _("Accept")),
            ("R", _("Refuse")),
            ("1 – 6", _("Say why it was refused, right after")),
            ("W", _("Refuse and say why")),
            ("U", _("Undo")),
            ("O", _("Open the lead")),
        ])  # fmt: skip
    box.open()
