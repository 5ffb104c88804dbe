"""Showing inside a session that it is still the person who opened it, before another way in is added: by the password, or, of who has
none, by having signed in just now. A change of the company shows nothing."""

from datetime import timedelta

from db.accounts.attempts import right_password
from db.accounts.errors import AccountError, AccountField
from db.accounts.passwords import NO_PASSWORD
from db.tenancy import Actor, Origin
from db.work import system_read

FRESH = timedelta(minutes=10)  # a session that shows by itself who it is

_WHO = """
select u.email, u.password_hash, coalesce(s.proven_at > now() - $3::interval, false) as fresh
from account_user u left join session s on s.id = $2 and s.user_id = u.id where u.id = $1
"""


async def show(actor: Actor, origin: Origin, password: str | None) -> str:
    """The person's address. Raises Invalid `wrong_password`, Forbidden `sign_in_again`, TooManyRequests."""
    async with system_read() as s:
        user = await s.fetchrow(_WHO, actor.id, actor.session_id, FRESH)
    assert user is not None
    if user["password_hash"] == NO_PASSWORD:
        if not user["fresh"]:
            raise AccountError.SIGN_IN_AGAIN()
    elif not await right_password(origin, user["email"], user["password_hash"], password or "", known=str(actor.id)):
        raise AccountError.WRONG_PASSWORD(fields=[AccountField.WRONG_PASSWORD("password")])
    return str(user["email"])
