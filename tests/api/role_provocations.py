"""What brings the operations of a company's own roles to each answer that is documented."""

from db.permissions import Permission, Role
from tests.api.conftest import custom_role, make_member
from tests.api.provocations import Request, Scene, Stage


async def _taken(stage: Stage) -> Request:
    await custom_role(stage.db, stage.owner, [Permission.CONTACTS_READ], "Recepção")
    return Request(body={"name": "Recepção"}, status=409)


async def _in_use(stage: Stage) -> Request:
    role = await custom_role(stage.db, stage.owner, [Permission.CONTACTS_READ], "Portaria")
    await make_member(stage.db, stage.owner, Role.CUSTOM, role_id=role)
    return Request(path={"role_id": str(role)}, status=409)


SUCCESS: dict[str, Scene] = {}
ALSO: dict[str, list[Scene]] = {"team_roles_update": [_taken], "team_roles_delete": [_in_use]}
