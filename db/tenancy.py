"""Who acts, and in which company. Every action and query starts from an Actor; there is no anonymous write."""

from typing import Final, Literal
from uuid import UUID

import msgspec

from db.errors import RequestError
from db.permissions import Permission, Role, held

Self = Literal["self"]
SELF: Final = "self"
"""Asked for what anybody may do who is known: to their own name, sessions, address and request keys. Not a scope of a key."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request without an actor came from."""

    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a membership, or an invitation, gives. `role_id` and `role_name`: of a role that the company made."""

    role: Role
    permissions: frozenset[Permission]
    role_id: UUID | None = None
    role_name: str | None = None


def built_in(role: Role) -> Standing:
    """Of a role that every company has."""
    return Standing(role=role, permissions=held(role, None))


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """One company, one doer, and what it may do."""

    company_id: UUID
    kind: Literal["user", "api_key", "worker"]
    id: UUID | None = None  # user or API key
    role: Role | None = None
    role_id: UUID | None = None  # of a role that the company made
    role_name: str | None = None
    maker_id: UUID | None = None  # of an API key: the person whose rights it borrows
    permissions: frozenset[Permission] = frozenset()
    version: str | None = None  # of the contract, that an API key was made in
    test: bool = False  # a key that reaches the simulator only (`db/simulated.py`)
    session_id: UUID | None = None
    lacks_factor: bool = False  # the company asks for a second factor that the person has not set up: no permission holds
    ip: str | None = None
    request_id: str | None = None

    def require(self, permission: Permission | Self) -> None:
        """Raises Forbidden unless the actor holds the permission."""
        if permission != SELF and self.lacks_factor:
            raise RequestError.SECOND_FACTOR_REQUIRED()
        if permission != SELF and permission not in self.permissions:
            code = RequestError.KEY_LACKS_PERMISSION if self.kind == "api_key" else RequestError.FORBIDDEN
            raise code(permission=permission.value)


def worker(company_id: UUID) -> Actor:
    """The actor of background jobs: everything, inside one company."""
    return Actor(company_id=company_id, kind="worker", permissions=frozenset(Permission))


def member(company_id: UUID, user_id: UUID, standing: Standing, lacks_factor: bool = False, **more: str | UUID | None) -> Actor:
    """The actor of a signed-in person."""
    return Actor(
        company_id=company_id,
        kind="user",
        id=user_id,
        role=standing.role,
        role_id=standing.role_id,
        role_name=standing.role_name,
        permissions=frozenset() if lacks_factor else standing.permissions,
        lacks_factor=lacks_factor,
        **more,  # type: ignore[arg-type]
    )
