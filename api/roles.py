"""Roles over HTTP: what the built-in ones may do, and those that a company makes itself. Every rule is in db/accounts/roles.py."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.auth.guard import Caller, forget_all
from api.contract.accounts import TeamRole, TeamRoleCreate, TeamRolePatch
from api.contract.base import Page
from api.pagination import struct
from api.versions import IfMatch
from db.accounts import roles
from db.permissions import Role

MoveTo = Annotated[Role | None, QueryParameter(description="The role that whoever has it, or is invited to it, gets instead.")]


def _role(row: roles.TeamRole) -> TeamRole:
    return struct(row._asdict(), TeamRole)


class RoleController(Controller):
    path = "/v1/team/roles"
    tags = ("Team",)

    @get(
        summary="List roles",
        description="The built-in ones, from most to least, then the company's own by name; each with who has it. Needs `team:read`.",
    )
    async def list_roles(self, actor: Caller) -> Page[TeamRole]:
        found = await roles.roles(actor)
        return Page(items=[_role(row) for row in found], total=len(found))

    @post(
        summary="Create a role",
        description="Needs `team:write`; nobody puts into a role what they may not do themselves (403 `scope_too_wide`).",
    )
    async def create_role(self, actor: Caller, data: JSONBody[TeamRoleCreate]) -> TeamRole:
        return _role(await roles.create(actor, data.name, data.permissions))

    @patch(
        "/{role_id:uuid}",
        summary="Change a role",
        opt={"versioned": True},
        description="Holds for everybody who has it from the next request on, within 3 seconds; keys and open invitations that exceed it end. "
        "Needs `team:write`, and all that the role gives before (403 `above_you`) and after (403 `scope_too_wide`). A key cannot change the "
        "role of its maker (403 `own_role`).",
    )
    async def update_role(
        self, actor: Caller, role_id: FromPath[UUID], data: JSONBody[TeamRolePatch], expected: IfMatch
    ) -> TeamRole:
        row = await roles.change(actor, role_id, name=data.name, permissions=data.permissions, expected=expected)
        forget_all()
        return _role(row)

    @delete(
        "/{role_id:uuid}",
        summary="Delete a role",
        opt={"versioned": True},
        description="While somebody has it, or is invited to it, they are given another role in the same step: `move_to` (with `custom`, "
        "`move_to_id` says which), else 409 `role_in_use` names them. Needs `team:write`, and all that both roles give.",
    )
    async def delete_role(
        self,
        actor: Caller,
        role_id: FromPath[UUID],
        expected: IfMatch,
        move_to: MoveTo = None,
        move_to_id: FromQuery[UUID | None] = None,
    ) -> None:
        await roles.delete(actor, role_id, None if move_to is None else (move_to, move_to_id), expected=expected)
        forget_all()
