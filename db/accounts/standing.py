"""What a membership or an invitation gives, read with its row."""

from typing import Final

import asyncpg

from db.permissions import ROLE_PERMISSIONS, Permission, Role, held
from db.tenancy import Standing


def columns(of: str, own: str, prefix: str = "") -> str:
    """Of the membership or invitation `of`, and the company's own role `own` joined to it (`custom_role`)."""
    return f"{of}.role as {prefix}role, {of}.role_id as {prefix}role_id, {own}.name as {prefix}role_name, {own}.permissions as {prefix}picked"


def custom_role(of: str, own: str) -> str:
    """The join that `columns` needs."""
    return f"left join custom_role {own} on {own}.company_id = {of}.company_id and {own}.id = {of}.role_id"


COLUMNS: Final = columns("m", "r")
CUSTOM_ROLE: Final = custom_role("m", "r")


def standing(row: asyncpg.Record, prefix: str = "") -> Standing:
    """Of a row with `columns`."""
    role = Role(row[f"{prefix}role"])
    return Standing(
        role=role,
        permissions=held(role, row[f"{prefix}picked"]),
        role_id=row[f"{prefix}role_id"],
        role_name=row[f"{prefix}role_name"],
    )


def holds(permission: Permission, of: str) -> str:
    """A condition: the membership `of` gives this permission."""
    roles = ", ".join(f"'{role.value}'" for role, given in ROLE_PERMISSIONS.items() if permission in given)
    own = f"select from custom_role x where x.company_id = {of}.company_id and x.id = {of}.role_id and '{permission.value}' = any(x.permissions)"
    return f"({of}.role in ({roles}) or exists ({own}))"
