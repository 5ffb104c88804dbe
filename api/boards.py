"""Boards, stages and the reasons of lost leads over HTTP. Thin, every rule is in db/boards; leads are in `leads.py`."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.boards import (
    Board,
    BoardCreate,
    BoardPatch,
    LostReason,
    LostReasonCreate,
    Stage,
    StageCreate,
    StagePatch,
)
from api.pagination import struct
from api.versions import IfMatch
from db.boards import boards, stage_removal, stages


def _stage(row: Any) -> Stage:
    return struct(row, Stage, limit=row["lead_limit"])


def _board(row: asyncpg.Record) -> Board:
    found = [_stage(stage) for stage in msgspec.json.decode(row["stages"])]
    return struct(row, Board, stages=found, archived=row["archived_at"] is not None)


class BoardController(Controller):
    path = "/v1/boards"
    tags = ("Boards",)

    @get(
        summary="List boards",
        description="Oldest first, with their stages and totals; a company has at most 50 that are not archived.",
    )
    async def list_boards(
        self,
        actor: Caller,
        archived: Annotated[bool, QueryParameter(description="Those that were archived instead.")] = False,
    ) -> Page[Board]:
        rows = await boards.boards(actor, archived=archived)
        return Page(items=[_board(row) for row in rows], total=len(rows))

    @post(summary="Create a board", description="With a stage of each kind. 409 `too_many_boards`.")
    async def create_board(self, actor: Caller, data: JSONBody[BoardCreate]) -> Board:
        return _board(await boards.create_board(actor, name=data.name, currency=data.currency))

    @get("/{board_id:uuid}", summary="Get a board", description="Archived ones too. With its ETag for If-Match.")
    async def get_board(self, actor: Caller, board_id: FromPath[UUID]) -> Board:
        return _board(await boards.board(actor, board_id))

    @patch(
        "/{board_id:uuid}",
        opt={"versioned": True},
        summary="Change a board",
        description="`archived` puts it away or brings it back. 412 when somebody else changed it.",
    )
    async def change_board(self, actor: Caller, board_id: FromPath[UUID], data: JSONBody[BoardPatch], expected: IfMatch) -> Board:
        row = await boards.change_board(
            actor,
            board_id,
            expected=expected,
            name=None if data.name is UNSET else data.name,
            archived=None if data.archived is UNSET else data.archived,
        )
        return _board(row)

    @delete(
        "/{board_id:uuid}",
        opt={"versioned": True},
        summary="Archive a board",
        description="Nothing is lost: it can be read, and brought back by PATCH. 412 when somebody else changed it.",
    )
    async def archive_board(self, actor: Caller, board_id: FromPath[UUID], expected: IfMatch) -> None:
        await boards.archive_board(actor, board_id, expected=expected)

    @get("/{board_id:uuid}/stages", summary="List a board's stages", description="In order, with exact totals.")
    async def list_stages(self, actor: Caller, board_id: FromPath[UUID]) -> Page[Stage]:
        rows = await stages.stages(actor, board_id)
        return Page(items=[_stage(row) for row in rows], total=len(rows))

    @post("/{board_id:uuid}/stages", summary="Create a stage", description="The last one. 409 `too_many_stages`.")
    async def create_stage(self, actor: Caller, board_id: FromPath[UUID], data: JSONBody[StageCreate]) -> Stage:
        row = await stages.create_stage(
            actor,
            board_id,
            name=data.name,
            color=data.color.value,
            kind=data.kind,
            limit=data.limit,
            probability=data.probability,
        )
        return _stage(row)

    @get("/{board_id:uuid}/lost-reasons", summary="List why leads are lost", description="Oldest first.")
    async def list_lost_reasons(self, actor: Caller, board_id: FromPath[UUID]) -> Page[LostReason]:
        rows = await boards.lost_reasons(actor, board_id)
        return Page(items=[struct(row, LostReason) for row in rows], total=len(rows))

    @post(
        "/{board_id:uuid}/lost-reasons", summary="Add a reason", description="409 `lost_reason_exists`, `too_many_lost_reasons`."
    )
    async def add_lost_reason(self, actor: Caller, board_id: FromPath[UUID], data: JSONBody[LostReasonCreate]) -> LostReason:
        return struct(await boards.add_lost_reason(actor, board_id, data.name), LostReason)

    @delete("/{board_id:uuid}/lost-reasons/{reason_id:uuid}", summary="Delete a reason")
    async def delete_lost_reason(self, actor: Caller, board_id: FromPath[UUID], reason_id: FromPath[UUID]) -> None:
        """Leads that were lost for it keep it."""
        await boards.delete_lost_reason(actor, board_id, reason_id)


class StageController(Controller):
    path = "/v1/stages"
    tags = ("Boards",)

    @patch(
        "/{stage_id:uuid}",
        opt={"versioned": True},
        summary="Change a stage",
        description="What is left out stays; `after_id` or `before_id` puts it elsewhere. Leads of a lost stage that becomes another one lose their "
        "reasons. 409 `stage_too_full`; 412 when somebody else changed it.",
    )
    async def change_stage(self, actor: Caller, stage_id: FromPath[UUID], data: JSONBody[StagePatch], expected: IfMatch) -> Stage:
        columns = {
            "name": data.name,
            "color": data.color,
            "kind": data.kind,
            "lead_limit": data.limit,
            "probability": data.probability,
        }
        row = await stages.change_stage(
            actor,
            stage_id,
            expected=expected,
            after_id=data.after_id,
            before_id=data.before_id,
            **{name: value for name, value in columns.items() if value is not UNSET},
        )
        return _stage(row)

    @delete(
        "/{stage_id:uuid}",
        opt={"versioned": True},
        summary="Delete a stage",
        description="Its leads go to the end of the stage `move_to`. With more than 5,000 of them it stays, with `moving_to`, until they "
        "have gone, and takes no others; `leads` says how many are left of `moving_of`; with `moving_failed` it came to a stop, and asked for "
        "again, without `move_to`, it goes on. 409 `stage_not_empty`, `stage_leaving`, `last_stage`, "
        "`other_board`; 412 when somebody else changed it.",
    )
    async def delete_stage(
        self, actor: Caller, stage_id: FromPath[UUID], expected: IfMatch, move_to: FromQuery[UUID | None] = None
    ) -> None:
        await stage_removal.delete_stage(actor, stage_id, move_to=move_to, expected=expected)
