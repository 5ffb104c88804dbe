"""What a person does to the leads of a board: moves one or many, takes a move back, adds one. The screen shows it already; here it is
done, or the screen is told to put it back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from api.contract.boards import Lead, LeadCreate, LeadMove, LeadsMove
from api.contract.enums import StageKind
from ui import formats
from ui.client import boards as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.lost_reason import ask_reason
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.pages.boards.ask_rules import ask_rules
from ui.pages.boards.columns import Columns

BULK = 500  # leads that one request moves

T = TypeVar("T")


def read_as(given: Any, kind: type[T]) -> T | None:
    """What the browser sent, when it is what it should be."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError:
        return None


class _Move(msgspec.Struct):
    """The card, the stage it was in, and its new place between two others."""

    number: int
    id: UUID
    origin: UUID
    stage: UUID
    after: UUID | None = None
    before: UUID | None = None


class _Undone(_Move, kw_only=True):
    """The way back of a move that made this version of the lead."""

    version: int


class _Added(msgspec.Struct):
    stage: UUID
    title: str


class _Chosen(msgspec.Struct):
    ids: list[UUID]
    stage: UUID


class Moves:
    """`tell` speaks to the drawing in the browser; `settled` hears which lead was moved, or was not; `reload` reads the columns again."""

    def __init__(
        self,
        api: ApiClient,
        board_id: UUID,
        columns: Columns,
        tell: Callable[..., None],
        settled: Callable[[UUID], Awaitable[None]],
        reload: Callable[[], Awaitable[None]],
    ) -> None:
        self._api, self._board_id, self._columns = api, board_id, columns
        self._tell, self._settled, self._reload = tell, settled, reload
        self._order = asyncio.Lock()
        self.under_way: set[UUID] = set()

    async def moved(self, given: Any) -> None:
        await self._move(read_as(given, _Move))

    async def undone(self, given: Any) -> None:
        await self._move(read_as(given, _Undone))

    async def _move(self, move: _Move | None) -> None:
        if move is None:
            return
        self.under_way.add(move.id)
        try:
            lead = await self._done(move)
        finally:
            self.under_way.discard(move.id)
        if lead is None:
            self._tell("back", move.number)
        else:
            stage = self._columns.stages.get(lead.stage_id)
            text = _("“{title}” is in {stage} now.").format(title=lead.title, stage=stage.name if stage else "")
            if stage is not None and move.origin != stage.id and stage.limit is not None and stage.leads >= stage.limit:
                text = f"{text} {_('That is more than the limit of {n}.').format(n=formats.number(stage.limit))}"
            self._tell("settle", move.number, self._columns.card(lead), "" if isinstance(move, _Undone) else text)
        await self._settled(move.id)

    async def _done(self, move: _Move) -> Lead | None:
        """The lead in its new place; None when it stays where it was, and why was said."""
        version = move.version if isinstance(move, _Undone) else None
        known = self._columns.reason(move.id)
        try:
            reason = await self._reason(move.stage, left=move.origin, known=known, again=version is not None)
            if reason is None:
                return None
            body = LeadMove(
                stage_id=move.stage,
                after_id=move.after,
                before_id=move.before,
                version=version,
                lost_reason=reason or None,
                run_rules=version is None,  # going back is no news
            )
            async with self._order:  # one after the other, as they were made
                return await client.move_lead(self._api, move.id, body)
        except (ApiProblem, Offline) as error:
            if version is not None and isinstance(error, ApiProblem) and error.status == 412:
                toast(_("This lead was changed meanwhile, so it stays where it is."), "warn")
            else:
                problems.show(error)
            return None

    async def _reason(
        self, stage_id: UUID, *, left: UUID | None = None, known: str | None = None, again: bool = False, count: int = 1
    ) -> str | None:
        """Why they are lost, where that is to be said; "" where it is not; None when nobody wants to say. `known`: why the lead is or
        was lost; it is so still where it comes from a lost stage, and `again` where it goes back to one."""
        stages = self._columns.stages
        stage, before = stages.get(stage_id), stages.get(left) if left else None
        if stage is None or stage.kind is not StageKind.LOST or stage_id == left:
            return ""
        if known and (again or (before is not None and before.kind is StageKind.LOST)):
            return known
        return await ask_reason(self._api, self._board_id, count)

    async def to_top(self, lead: Lead, stage_id: UUID) -> Lead | None:
        """To the top of a stage, chosen beside the board; None when that was called off."""
        reason = await self._reason(stage_id, left=lead.stage_id, known=lead.lost_reason)
        if reason is None:
            return None
        moved = await client.move_lead(self._api, lead.id, LeadMove(stage_id=stage_id, lost_reason=reason or None))
        self._tell("put", self._columns.card(moved))
        return moved

    async def moved_many(self, given: Any) -> None:
        chosen = read_as(given, _Chosen)
        stage = self._columns.stages.get(chosen.stage) if chosen else None
        if chosen is None or stage is None or not chosen.ids:
            return
        if len(chosen.ids) > BULK:
            toast(_("At most {n} at once. Select fewer.").format(n=BULK), "warn")
            return
        reason = await self._reason(stage.id, count=len(chosen.ids))
        if reason is None:
            return
        run_rules = await ask_rules(self._api, self._board_id, stage, len(chosen.ids))
        if run_rules is None:
            return
        body = LeadsMove(lead_ids=chosen.ids, stage_id=stage.id, lost_reason=reason or None, run_rules=run_rules)
        done = await client.move_leads(self._api, body)
        self._tell("unpick")
        text = ngettext("{n} lead is in {stage} now.", "{n} leads are in {stage} now.", done.moved)
        self._tell("moved", text.format(n=formats.number(done.moved), stage=stage.name), str(done.bulk_move_id or ""))
        await self._reload()

    async def undone_many(self, given: Any) -> None:
        """Takes back what `moved_many` did, and says what could not go back."""
        bulk_move_id = read_as(given, UUID)
        if bulk_move_id is None:
            return
        done = await client.undo_move(self._api, bulk_move_id)
        back = ngettext("{n} lead is back in its place.", "{n} leads are back in their places.", done.moved)
        said = [back.format(n=formats.number(done.moved))]
        if done.stayed:
            stayed = ngettext(
                "{n} was moved or deleted meanwhile and stays as it is.",
                "{n} were moved or deleted meanwhile and stay as they are.",
                done.stayed,
            )
            said.append(stayed.format(n=formats.number(done.stayed)))
        toast(" ".join(said), "warn" if done.stayed else "ok")
        await self._reload()

    async def added(self, given: Any) -> None:
        added = read_as(given, _Added)
        if added is None:
            return
        done = False
        try:
            reason = await self._reason(added.stage)
            if reason is not None:
                body = LeadCreate(board_id=self._board_id, stage_id=added.stage, title=added.title, lost_reason=reason or None)
                self._tell("put", self._columns.card(await client.create_lead(self._api, body)))
                done = True
        except (ApiProblem, Offline) as error:
            problems.show(error)
        self._tell("added", done)
