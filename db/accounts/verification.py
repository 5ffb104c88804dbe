"""Verification of e-mail addresses. Until a person has used a link from the mailbox, invitations are mailed for them
within narrow limits."""

from datetime import timedelta

from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.accounts.errors import AccountError
from db.accounts.mails import Mail
from db.crypto import digest, new_token
from db.tenancy import SELF, Actor
from db.work import SystemWork, system_work, work

LINK_LIFE = timedelta(days=7)
MAILS_PER_DAY = 4


async def ask(actor: Actor, public_url: str) -> None:
    """Mails the person a link; nothing when the address is verified already. Raises TooManyRequests."""
    token = new_token()
    async with system_work() as s:
        user = await s.fetchrow("select email, name, language, email_verified_at from account_user where id = $1", actor.id)
        assert user is not None
        if user["email_verified_at"] is not None:
            return
        await s.execute(
            "insert into email_verification(user_id, token_hash, expires_at) values ($1, $2, now() + $3::interval)",
            actor.id,
            digest(token),
            LINK_LIFE,
        )
    async with work(actor, SELF) as w:
        if await mails.of_company(w, w.company_id, MailTemplate.VERIFY_EMAIL, to=user["email"]) >= MAILS_PER_DAY:
            raise AccountError.TOO_MANY_MAILS(retry_after=3600)
        link = f"{public_url}/verify-email?token={token}"
        await mails.post(
            w,
            Mail(
                template=MailTemplate.VERIFY_EMAIL,
                recipient=user["email"],
                language=user["language"],
                params={"name": user["name"]},
                link=link,
            ),
        )
        w.audit("email.verification_asked", actor.id)


async def confirm(token: str) -> None:
    """Harmless when repeated. Raises Invalid `link_expired`."""
    async with system_work() as s:
        user_id = await s.fetchval(
            "select user_id from email_verification where token_hash = $1 and expires_at > now()", digest(token)
        )
        if user_id is None:
            raise AccountError.LINK_EXPIRED()
        await mark(s, user_id)


async def mark(s: SystemWork, user_id: object) -> None:
    """A link from the person's mailbox was used."""
    await s.execute("update account_user set email_verified_at = coalesce(email_verified_at, now()) where id = $1", user_id)
