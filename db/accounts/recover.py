"""Changing a password: with the old one, or by a link sent by mail. Either ends every other session of the person, in every
company, and opens a new one."""

from datetime import timedelta
from uuid import UUID

import asyncpg

from db.accounts import devices, mails, second_factor, verification
from db.accounts.attempts import right_password
from db.accounts.enums import MailTemplate
from db.accounts.errors import AccountError, AccountField
from db.accounts.events import SessionRevoked
from db.accounts.mails import Mail
from db.accounts.passwords import NO_PASSWORD, hash_password
from db.accounts.sign_in import Opened, fold_email, last_company, open_session
from db.allowances import Bucket, network_of, owner_of, take_strictly
from db.clock import now
from db.crypto import digest, new_token
from db.errors import TooManyRequests
from db.tenancy import SELF, Actor, Origin
from db.work import SystemWork, system_read, system_work, work

LINK_LIFE = timedelta(minutes=30)
# Each refills one mail in less than LINK_LIFE: where one is empty, the mailbox holds a link that still works.
MAIL_DEVICE = Bucket("reset-mail-device", 3, 1 / 600)
MAIL_PLACE = Bucket("reset-mail-place", 3, 1 / 1200)
MAIL_ACCOUNT = Bucket("reset-mail-account", 5, 1 / 1200)

_USER = f"select u.id, u.email, u.name, u.language, {devices.KNOWN} as known from account_user u where u.email = $1"


async def forgot_password(origin: Origin, email: str, public_url: str, device: str | None = None) -> None:
    """Mails a link when the address is known; tells nobody whether it is. All links of a person work until one is used. When too
    many were asked for no further mail goes out, silently: one of the last half hour is in the mailbox. A device that the account
    knows has an allowance of its own."""
    token = new_token()
    email = fold_email(email)
    async with system_read() as s:
        user = await s.fetchrow(_USER, email, devices.device_digest(device))
        place = await last_company(s, user["id"]) if user else None
    if user is None or place is None:
        return
    account = owner_of(email)
    try:
        if user["known"] and device:
            await take_strictly((MAIL_DEVICE, f"{account}:{owner_of(device)}"))
        else:
            await take_strictly((MAIL_PLACE, f"{account}:{network_of(origin.ip or '')}"), (MAIL_ACCOUNT, account))
    except TooManyRequests:
        return
    async with system_work() as s:
        await s.execute(
            "insert into password_reset(user_id, token_hash, expires_at) values ($1, $2, $3)",
            user["id"],
            digest(token),
            now() + LINK_LIFE,
        )
    actor = Actor(company_id=place["company_id"], kind="user", id=user["id"], ip=origin.ip, request_id=origin.request_id)
    async with work(actor, SELF) as w:
        w.audit("password.reset_asked", user["id"])
        await mails.post(
            w,
            Mail(
                template=MailTemplate.PASSWORD_RESET,
                recipient=user["email"],
                language=user["language"],
                params={"name": user["name"]},
                link=f"{public_url}/reset-password?token={token}",
            ),
        )


async def reset_password(origin: Origin, token: str, password: str, code: str | None = None) -> Opened:
    """Sets the password behind a link, once; who has a second factor gives a code too. Raises Invalid `link_expired`, Unauthenticated
    `second_factor_needed`, `second_factor_wrong`, TooManyRequests."""
    gone = AccountError.LINK_EXPIRED()
    async with system_read() as s:
        user_id: UUID | None = await s.fetchval(
            "select user_id from password_reset where token_hash = $1 and used_at is null and expires_at > now()", digest(token)
        )
        if user_id is None:
            raise gone  # before the hash, which costs
    password_hash = await hash_password(password)
    async with second_factor.counted(origin, user_id, code, None), system_work() as s:
        user_id = await s.fetchval(
            "update password_reset set used_at = now() where token_hash = $1 and used_at is null and expires_at > now() returning user_id",
            digest(token),
        )
        if user_id is None:
            raise gone
        place = await last_company(s, user_id)
        if place is None:
            raise AccountError.NO_COMPANY()
        await second_factor.demand(s, origin, place["company_id"], user_id, code)
        # Who else got at the account, or made it without this mailbox, keeps no other way in. Who sets their first password keeps theirs.
        await s.execute(
            "delete from identity i using account_user u where u.id = $1 and i.user_id = u.id "
            "and (u.email_verified_at is null or u.password_hash <> $2)",
            user_id,
            NO_PASSWORD,
        )
        await _set_password(s, user_id, password_hash)
        await verification.mark(s, user_id)
        device = await devices.remember(s, user_id, None)
        return await open_session(s, origin, place["company_id"], user_id, "password.reset", device)


async def change_password(actor: Actor, origin: Origin, current: str, password: str) -> Opened:
    """Raises Invalid `wrong_password`, TooManyRequests."""
    assert actor.id is not None
    async with system_read() as s:
        user = await s.fetchrow("select email, password_hash from account_user where id = $1", actor.id)
    assert user is not None
    # Known by the person, not by the session: switching the company makes a new one.
    if not await right_password(origin, user["email"], user["password_hash"], current, known=str(actor.id)):
        raise AccountError.WRONG_PASSWORD(fields=[AccountField.WRONG_PASSWORD("current_password")])
    password_hash = await hash_password(password)
    async with system_work() as s:
        # it may have been changed while it was being checked
        if not await s.fetchval(
            "select true from account_user where id = $1 and password_hash = $2 for update", actor.id, user["password_hash"]
        ):
            raise AccountError.WRONG_PASSWORD(fields=[AccountField.WRONG_PASSWORD("current_password")])
        await _set_password(s, actor.id, password_hash)
        device = await devices.remember(s, actor.id, None)
        return await open_session(s, origin, actor.company_id, actor.id, "password.changed", device)


async def _set_password(s: SystemWork, user_id: UUID, password_hash: str) -> None:
    """Stores it, ends all sessions and links and what is on its way to a provider, forgets all devices."""
    await devices.forget_all(s, user_id)
    await s.execute("delete from sign_in_flow where user_id = $1", user_id)
    await s.execute("update account_user set password_hash = $2 where id = $1", user_id, password_hash)
    await s.execute("update password_reset set used_at = now() where user_id = $1 and used_at is null", user_id)
    rows = await s.fetch(
        "update session set revoked_at = now() where user_id = $1 and revoked_at is null and expires_at > now() returning company_id, id",
        user_id,
    )
    for row in rows:
        s.emit(row["company_id"], SessionRevoked(user_id=user_id, session_id=row["id"]))


async def lock_out(connection: asyncpg.Connection, emails: list[str]) -> None:
    """No password, account elsewhere or link opens these accounts any more, no device is known to them and no session of theirs is open.
    On a connection of the system role."""
    people = "(select id from account_user where email = any($1))"
    await connection.execute(f"delete from known_device where user_id in {people}", emails)
    await connection.execute(f"delete from identity where user_id in {people}", emails)
    await connection.execute(f"delete from sign_in_flow where user_id in {people}", emails)
    await connection.execute(f"update password_reset set used_at = now() where used_at is null and user_id in {people}", emails)
    await connection.execute(f"update session set revoked_at = now() where revoked_at is null and user_id in {people}", emails)
    await connection.execute("update account_user set password_hash = 'closed' where email = any($1)", emails)
