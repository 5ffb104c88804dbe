"""What a page has read of a board: how far each column, and which version of each lead stands on the screen."""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from api.contract.boards import Board, Lead, LeadField, Stage, StageCount
from api.contract.enums import StageKind
from api.contract.events import BoardTotals
from ui.client import boards as client
from ui.client.base import ApiClient
from ui.pages.boards import cards

FIRST, STEP = 30, 50  # leads of a column at first, and with each scroll to its end
MOST = 1000  # of one column on the screen; beyond that, searching is faster than scrolling
_PAGE = 100  # leads of one request
_AGAIN = 3  # readings, while leads change in the midst of them


class _Read(NamedTuple):
    loaded: int
    cursor: str | None


class Sums(NamedTuple):
    """`worth`: of the open ones, in cents; `likely`: each by how likely its stage says that it is won. `more`: there are more than that."""

    leads: int
    worth: int
    likely: int
    more: bool


class Columns:
    """The stages of a board and what was read of them. `filter` is in the API's words."""

    def __init__(self, api: ApiClient, board_id: UUID) -> None:
        self._api, self._board_id = api, board_id
        self.stages: dict[UUID, Stage] = {}
        self.currency = "BRL"
        self.filter: dict[str, Any] = {}
        self.fields: list[LeadField] = []  # of the board
        self.counts: dict[UUID, StageCount] = {}  # under the filter
        self.tags: list[str] = []  # of the leads that were seen
        self._read: dict[UUID, _Read] = {}
        self._versions: dict[UUID, int] = {}
        self._reasons: dict[UUID, str] = {}
        self._changes = 0
        self._reading = asyncio.Lock()

    def take(self, board: Board) -> None:
        self.currency = board.currency
        known, self.stages = self.stages, {stage.id: stage for stage in board.stages}
        for stage in known.values():  # an event may have been faster than this answer
            self._count(stage.id, stage.leads, stage.value_cents, stage.totals_version)

    def count(self, event: BoardTotals) -> None:
        for total in event.stages:
            self._count(total.id, total.leads, total.value_cents, total.version)

    def _count(self, stage_id: UUID, leads: int, value_cents: int, version: int) -> None:
        """Takes these totals, unless newer ones are known."""
        stage = self.stages.get(stage_id)
        if stage is not None and version > stage.totals_version:
            self.stages[stage_id] = msgspec.structs.replace(stage, leads=leads, value_cents=value_cents, totals_version=version)

    async def count_filtered(self) -> None:
        """What the filter finds in each stage; without a filter the totals say it."""
        asked = self.filter
        found = await client.totals(self._api, self._board_id, asked) if asked else []
        if asked == self.filter:
            self.counts = {count.stage_id: count for count in found}

    @property
    def heads(self) -> list[dict[str, Any]]:
        return [cards.head(stage, self.currency, self.counts.get(stage.id)) for stage in self.stages.values()]

    @property
    def sums(self) -> Sums:
        """Under the filter."""
        stages = list(self.stages.values())
        found: list[tuple[Stage, int, int, bool]] = [(one, one.leads, one.value_cents, False) for one in stages]
        if self.counts:
            counts = [(one, self.counts[one.id]) for one in stages if one.id in self.counts]
            found = [(one, count.leads, count.value_cents, count.more) for one, count in counts]
        still_open = [(one, cents) for one, _leads, cents, _more in found if one.kind is StageKind.OPEN]
        likely = sum(cents * one.probability for one, cents in still_open) // 100
        leads, worth = sum(leads for _one, leads, _cents, _more in found), sum(cents for _one, cents in still_open)
        return Sums(leads, worth, likely, any(more for _one, _leads, _cents, more in found))

    def card(self, lead: Lead) -> dict[str, Any]:
        """The card of a lead that goes to the screen now."""
        self._changes += 1
        self._know([lead])
        return cards.card(lead, self.currency, self._kind(lead.stage_id), self.fields)

    def _kind(self, stage_id: UUID) -> StageKind:
        stage = self.stages.get(stage_id)
        return stage.kind if stage else StageKind.OPEN

    def knows(self, lead_id: UUID, version: int | None) -> bool:
        """Whether the screen has this version of the lead, or a newer one. Without a version, one must ask."""
        return version is not None and version <= self._versions.get(lead_id, 0)

    def reason(self, lead_id: UUID) -> str | None:
        """Why the lead is lost, or was when it was last seen among the lost ones."""
        return self._reasons.get(lead_id)

    def _know(self, leads: list[Lead]) -> None:
        if len(self._versions) > 10 * MOST:  # what is not known is asked for once more
            self._versions.clear()
            self._reasons.clear()
        for lead in leads:
            if lead.lost_reason is not None:
                self._reasons[lead.id] = lead.lost_reason
            self._versions[lead.id] = max(lead.version, self._versions.get(lead.id, 0))
            self.tags += [tag for tag in lead.tags if tag not in self.tags]

    async def tops(self, stage_ids: Iterable[UUID] | None = None, *, anew: bool = True) -> dict[str, dict[str, Any]]:
        """Columns from the top, beside each other: `anew` as far as at first, else as far as they were read. What went to the screen
        meanwhile is in it: then they are read once more."""
        async with self._reading:
            for _reading in range(_AGAIN):
                before = self._changes
                wanted = [one for one in (stage_ids or self.stages) if one in self.stages]
                found = await asyncio.gather(*(self._top(one, anew=anew) for one in wanted))
                if before == self._changes:
                    break
            return dict(found)

    async def _top(self, stage_id: UUID, *, anew: bool) -> tuple[str, dict[str, Any]]:
        known = self._read.get(stage_id, _Read(0, None))
        return str(stage_id), await self._go_on(stage_id, _Read(0, None), FIRST if anew else max(FIRST, known.loaded))

    async def more(self, stage_id: UUID) -> dict[str, Any] | None:
        """The next page of a column; None for a column that is not there."""
        async with self._reading:
            known = self._read.get(stage_id)
            if known is None:
                return None
            return await self._go_on(stage_id, known, STEP if known.cursor and known.loaded < MOST else 0)

    async def _go_on(self, stage_id: UUID, known: _Read, amount: int) -> dict[str, Any]:
        found: list[Lead] = []
        cursor = known.cursor
        while len(found) < amount:
            params = {**self.filter, "stage_id": stage_id, "cursor": cursor, "limit": min(amount - len(found), _PAGE)}
            page = await client.leads(self._api, self._board_id, params)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        loaded = known.loaded + len(found)
        self._read[stage_id] = _Read(loaded, cursor)
        self._know(found)
        return cards.page(found, self.currency, self._kind(stage_id), self.fields, more=cursor is not None, full=loaded >= MOST)
