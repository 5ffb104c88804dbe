"""Rights that outlive a sign-in: an API key and an open invitation borrow those of the person who made them, and end with them.

Two guards: the action that demotes or removes somebody ends what exceeds the new role, and whoever uses a key or an invitation
is measured again against the maker's present role.
"""

from uuid import UUID

from db.accounts.enums import KeyEnd
from db.accounts.errors import AccountError
from db.permissions import ROLE_PERMISSIONS, Permission, Role
from db.work import Work

INVITING = [role.value for role in Role if Permission.TEAM_WRITE in ROLE_PERMISSIONS[role]]
"""Roles whose invitations stay open."""

_END_KEYS = """
update api_key set revoked_at = now(), ended_because = $4,
    created_by_name = (select name from account_user where id = created_by)
where company_id = $1 and created_by = $2 and revoked_at is null and not ($3::text[] is not null and scopes <@ $3) returning id
"""
_END_INVITATIONS = """
update invitation set revoked_at = now()
where company_id = $1 and invited_by = $2 and accepted_at is null and revoked_at is null
and not ($3::text is not null and $3 = any($4) and (role <> 'owner' or $3 = 'owner')) returning id
"""


async def present_role(w: Work, company_id: UUID, user_id: UUID | None) -> Role:
    """The person's role now, locked against a change until the transaction ends: a sign-in may be remembered for a moment.
    Raises Forbidden when they left."""
    role = await w.fetchval("select role from membership where company_id = $1 and user_id = $2 for share", company_id, user_id)
    if role is None:
        raise AccountError.NO_COMPANY()
    return Role(role)


async def end_borrowed(w: Work, user_id: UUID, role: Role | None) -> None:
    """Ends the keys and open invitations of a person that exceed `role`; None: the person leaves, and all end."""
    scopes = None if role is None else sorted(ROLE_PERMISSIONS[role])
    because = KeyEnd.MAKER_REMOVED if role is None else KeyEnd.MAKER_DEMOTED
    for row in await w.fetch(_END_KEYS, w.company_id, user_id, scopes, because.value):
        w.audit("api_key.ended", row["id"], because=because.value, maker=user_id)
    for row in await w.fetch(_END_INVITATIONS, w.company_id, user_id, role and role.value, INVITING):
        w.audit("invitation.ended", row["id"], because=because.value, maker=user_id)
