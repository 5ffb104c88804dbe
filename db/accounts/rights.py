"""Who may hand on what, and rights that outlive a sign-in: an API key and an open invitation borrow those of the person who made them,
and end with them.

Nobody gives, or takes from others, what they do not hold at that moment themselves; only an owner makes or touches an owner. Two guards
of what is borrowed: the action that takes rights from somebody ends what exceeds the rest, and whoever uses a key or an invitation is
measured again against the maker's present rights.
"""

from typing import NamedTuple
from uuid import UUID

from db.accounts.enums import KeyEnd
from db.accounts.errors import AccountError, AccountField
from db.accounts.standing import COLUMNS, CUSTOM_ROLE, columns, custom_role, standing
from db.errors import RequestError, RequestField
from db.permissions import Permission, Role, held
from db.tenancy import Standing, built_in
from db.work import Work

_PRESENT = f"select {COLUMNS} from membership m {CUSTOM_ROLE} where m.company_id = $1 and m.user_id = $2"
_END_KEYS = """
update api_key set revoked_at = now(), ended_because = $4,
    created_by_name = (select name from account_user where id = created_by)
where company_id = $1 and created_by = $2 and revoked_at is null and not ($3::text[] is not null and scopes <@ $3) returning id
"""
_INVITATIONS = f"""
select i.id, {columns("i", "r")} from invitation i {custom_role("i", "r")}
where i.company_id = $1 and i.invited_by = $2 and i.accepted_at is null and i.revoked_at is null order by i.id for update of i
"""


class Doer(NamedTuple):
    """Who changes what others may do. `gives`: what they can hand on, for a key what it holds too; `holds`: what the person may do."""

    owner: bool
    gives: frozenset[Permission]
    holds: frozenset[Permission]


async def one_by_one(w: Work) -> None:
    """Changes of who may do what in a company wait for one another. Before any other lock."""
    await w.fetch("select from company where id = $1 for no key update", w.company_id)


async def present(w: Work, user_id: UUID | None) -> Standing:
    """What a person may do now, locked against a change until the transaction ends: a sign-in may be remembered for a moment.
    Raises Forbidden when they left."""
    # read after the lock was waited for: what somebody changed meanwhile is seen
    await w.fetch("select from membership where company_id = $1 and user_id = $2 for share", w.company_id, user_id)
    row = await w.fetchrow(_PRESENT, w.company_id, user_id)
    if row is None:
        raise AccountError.NO_COMPANY()
    return standing(row)


async def doer(w: Work, permission: Permission) -> Doer:
    """The actor as it is now, not as it is remembered. Raises Forbidden when they left, or lost the permission."""
    actor = w.actor
    assert actor is not None
    person = await present(w, actor.id if actor.kind == "user" else actor.maker_id)
    if permission not in person.permissions:
        raise RequestError.FORBIDDEN(permission=permission.value)
    return Doer(actor.kind == "user" and person.role is Role.OWNER, actor.permissions & person.permissions, person.permissions)


async def chosen(w: Work, role: Role, role_id: UUID | None, field: str = "role_id") -> Standing:
    """The role that somebody is to get. `role_id`: which of the company's own, with `custom` and only with it. Raises Invalid."""
    if role is not Role.CUSTOM:
        if role_id is not None:
            raise RequestError.INVALID(fields=[AccountField.NO_ROLE(field)])
        return built_in(role)
    if role_id is None:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED(field)])
    row = await w.fetchrow("select name, permissions from custom_role where company_id = $1 and id = $2", w.company_id, role_id)
    if row is None:
        raise RequestError.INVALID(fields=[AccountField.NO_ROLE(field)])
    return Standing(role=role, permissions=held(role, row["permissions"]), role_id=role_id, role_name=row["name"])


def may_give(doer: Doer, given: Standing) -> None:
    """Raises Forbidden `owner_only`, `scope_too_wide` unless the doer may make somebody this."""
    if given.role is Role.OWNER and not doer.owner:
        raise AccountError.OWNER_ONLY()
    within(doer, given.permissions)


def may_touch(doer: Doer, theirs: Standing) -> None:
    """Raises Forbidden `owner_only`, `above_you` unless the doer may change or remove somebody who is this."""
    if theirs.role is Role.OWNER and not doer.owner:
        raise AccountError.OWNER_ONLY()
    not_above(doer, theirs.permissions)


def within(doer: Doer, given: frozenset[Permission]) -> None:
    """Raises Forbidden `scope_too_wide` unless the doer can hand all of this on."""
    if beyond := sorted(given - doer.gives):
        raise AccountError.SCOPE_TOO_WIDE(permission=beyond[0].value)


def not_above(doer: Doer, theirs: frozenset[Permission]) -> None:
    """Raises Forbidden `above_you` where somebody may do more than the doer."""
    if beyond := sorted(theirs - doer.holds):
        raise AccountError.ABOVE_YOU(permission=beyond[0].value)


def still_gives(inviter: Standing, given: Standing) -> bool:
    """Whether an invitation of the inviter still stands. One to a role that is gone does not."""
    if given.role is Role.OWNER and inviter.role is not Role.OWNER:
        return False
    if given.role is Role.CUSTOM and given.role_id is None:
        return False
    return Permission.TEAM_WRITE in inviter.permissions and given.permissions <= inviter.permissions


async def end_borrowed(w: Work, user_id: UUID, left: Standing | None) -> None:
    """Ends the keys and open invitations of a person that exceed what they have `left`; None: the person leaves, and all end."""
    scopes = None if left is None else sorted(left.permissions)
    because = KeyEnd.MAKER_REMOVED if left is None else KeyEnd.MAKER_DEMOTED
    for row in await w.fetch(_END_KEYS, w.company_id, user_id, scopes, because.value):
        w.audit("api_key.ended", row["id"], because=because.value, maker=user_id)
    for row in await w.fetch(_INVITATIONS, w.company_id, user_id):
        if left is None or not still_gives(left, standing(row)):
            await w.execute("update invitation set revoked_at = now() where company_id = $1 and id = $2", w.company_id, row["id"])
            w.audit("invitation.ended", row["id"], because=because.value, maker=user_id)
