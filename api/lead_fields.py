"""Fields that a board adds to its leads, over HTTP. Thin, every rule is in db/boards/fields.py."""

from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.boards import LeadField, LeadFieldCreate, LeadFieldPatch
from api.pagination import struct
from db.boards import fields


class LeadFieldController(Controller):
    path = "/v1/boards/{board_id:uuid}/fields"
    tags = ("Boards",)

    @get(summary="List a board's own fields", description="Which its leads have beside the usual ones; at most 50.")
    async def list_fields(self, actor: Caller, board_id: FromPath[UUID]) -> Page[LeadField]:
        rows = await fields.fields(actor, board_id)
        return Page(items=[struct(row, LeadField) for row in rows], total=len(rows))

    @post(
        summary="Add a field to a board",
        description="Kind and key stay; `choices` are for kind choice only. 409 `field_exists`, `field_name_taken`, `field_busy`, "
        "`too_many_lead_fields`.",
    )
    async def create_field(self, actor: Caller, board_id: FromPath[UUID], data: JSONBody[LeadFieldCreate]) -> LeadField:
        return struct(await fields.create_field(actor, board_id, **msgspec.structs.asdict(data)), LeadField)

    @patch(
        "/{lead_field_id:uuid}",
        summary="Change a board's field",
        description="What is left out stays. A lead keeps a choice that is no longer offered. 409 `field_name_taken`.",
    )
    async def change_field(
        self, actor: Caller, board_id: FromPath[UUID], lead_field_id: FromPath[UUID], data: JSONBody[LeadFieldPatch]
    ) -> LeadField:
        given = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
        return struct(await fields.change_field(actor, board_id, lead_field_id, **given), LeadField)

    @delete(
        "/{lead_field_id:uuid}",
        summary="Delete a board's field",
        description="Its values go with it, in the background; until then nobody can make one with this key.",
    )
    async def delete_field(self, actor: Caller, board_id: FromPath[UUID], lead_field_id: FromPath[UUID]) -> None:
        await fields.delete_field(actor, board_id, lead_field_id)
