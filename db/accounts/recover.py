"""Changing a password: with the old one, or by a link sent by mail. Either ends every other session of the person, in every
company, and opens a new one."""

from datetime import timedelta
from uuid import UUID

from db import events
from db.accounts.passwords import hash_password, matches
from db.accounts.sign_in import Opened, fold_email, last_company, open_session
from db.audit.actions import Origin
from db.clock import now
from db.crypto import digest, new_token
from db.enums import Permission, Role
from db.errors import Field, Forbidden, Invalid
from db.events import SessionRevoked
from db.jobs import SendMail
from db.tenancy import Actor, member
from db.work import Read, system, work

LINK_LIFE = timedelta(minutes=30)


async def forgot_password(origin: Origin, email: str, public_url: str) -> None:
    """Mails a link when the address is known; tells nobody whether it is. A newer link ends the older ones."""
    token = new_token()
    async with system() as s:
        user = await s.fetchrow("select id, email, name, language from account_user where email = $1", fold_email(email))
        place = await last_company(s, user["id"]) if user else None
        if user is None or place is None:
            return
        await s.execute("update password_reset set used_at = now() where user_id = $1 and used_at is null", user["id"])
        await s.execute(
            "insert into password_reset(user_id, token_hash, expires_at) values ($1, $2, $3)",
            user["id"],
            digest(token),
            now() + LINK_LIFE,
        )
    actor = member(place["company_id"], user["id"], Role(place["role"]), ip=origin.ip, request_id=origin.request_id)
    async with work(actor, Permission.COMPANY_READ) as w:
        w.audit("password.reset_asked", user["id"])
        link = f"{public_url}/reset-password?token={token}"
        params = {"link": link, "name": user["name"]}
        w.enqueue(SendMail(template="password_reset", to=user["email"], language=user["language"], params=params))


async def reset_password(origin: Origin, token: str, password: str) -> Opened:
    """Sets the password behind a link, once. Raises Invalid `link_expired`."""
    password_hash = await hash_password(password)
    async with system() as s:
        user_id: UUID | None = await s.fetchval(
            "update password_reset set used_at = now() where token_hash = $1 and used_at is null and expires_at > now() returning user_id",
            digest(token),
        )
        if user_id is None:
            raise Invalid("link_expired", "This link has expired or was used already. Ask for a new one.")
        ended = await _set_password(s, user_id, password_hash)
        place = await last_company(s, user_id)
        if place is None:
            raise Forbidden("no_company", "You do not belong to a company any more. Ask for a new invitation.")
        opened = await open_session(s, origin, place["company_id"], user_id, Role(place["role"]), "password.reset")
    await _tell(user_id, ended)
    return opened


async def change_password(actor: Actor, origin: Origin, current: str, password: str) -> Opened:
    """Raises Invalid `wrong_password`."""
    assert actor.id is not None
    assert actor.role is not None
    async with system() as s:
        stored = await s.fetchval("select password_hash from account_user where id = $1", actor.id)
    if not await matches(stored, current):
        field = Field("current_password", "wrong_password", "This is not your present password.")
        raise Invalid("wrong_password", "The present password is wrong.", fields=[field])
    password_hash = await hash_password(password)
    async with system() as s:
        ended = await _set_password(s, actor.id, password_hash)
        opened = await open_session(s, origin, actor.company_id, actor.id, actor.role, "password.changed")
    await _tell(actor.id, ended)
    return opened


async def _set_password(s: Read, user_id: UUID, password_hash: str) -> list[tuple[UUID, UUID]]:
    """Stores it, ends all sessions and links; the ended sessions as (company, session)."""
    await s.execute("update account_user set password_hash = $2 where id = $1", user_id, password_hash)
    await s.execute("update password_reset set used_at = now() where user_id = $1 and used_at is null", user_id)
    rows = await s.fetch(
        "update session set revoked_at = now() where user_id = $1 and revoked_at is null and expires_at > now() returning company_id, id",
        user_id,
    )
    return [(row["company_id"], row["id"]) for row in rows]


async def _tell(user_id: UUID, ended: list[tuple[UUID, UUID]]) -> None:
    for company_id, session_id in ended:
        await events.publish(company_id, [SessionRevoked(user_id=user_id, session_id=session_id)])
