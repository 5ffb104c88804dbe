"""Inviting people by mail. The link is the proof: whoever holds it joins with the role it names, once, within 7
days, as long as who invited may still give that role."""

from datetime import timedelta
from uuid import UUID

import asyncpg

from db.accounts import devices, mails, second_factor
from db.accounts.attempts import right_password
from db.accounts.enums import InvitationMail, Language, MailTemplate
from db.accounts.errors import AccountError
from db.accounts.events import TeamChanged
from db.accounts.mails import Mail
from db.accounts.names import refuse_addresses
from db.accounts.passwords import hash_password
from db.accounts.rights import chosen, doer, may_give, may_touch, one_by_one, still_gives
from db.accounts.sign_in import Opened, fold_email, insert_user, open_session
from db.accounts.standing import CUSTOM_ROLE, columns, custom_role, standing
from db.clock import now
from db.crypto import digest, new_token
from db.errors import RequestError, RequestField
from db.permissions import Permission, Role
from db.tenancy import Actor, Origin
from db.work import Read, SystemWork, Work, system_read, system_work, work

LIFE = timedelta(days=7)
INVITATIONS_PER_DAY = 300  # of a company
MAILS_OF_COMPANY = 100  # a day
MAILS_UNVERIFIED = 3  # of a company, by who has not verified their own address
MAILS_AGAIN = 3  # to one address from one company a day
MAILS_TO_ADDRESS = 6  # to one address from everybody a day

_OPEN = f"""
select i.company_id, i.id, i.email, {columns("i", "ir")}, {columns("m", "r", "inviter_")}, c.name as company_name, c.language, u.id as user_id, u.password_hash, {devices.KNOWN} as known
from invitation i join company c on c.id = i.company_id {custom_role("i", "ir")}
join membership m on m.company_id = i.company_id and m.user_id = i.invited_by {CUSTOM_ROLE}
left join account_user u on u.email = i.email
where i.token_hash = $1 and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()
"""


async def _may_mail(w: Work, email: str, everywhere: int) -> InvitationMail:
    """Whether we write to the invited address; `everywhere` counts today's invitations to it from all companies."""
    again = await mails.of_company(w, w.company_id, MailTemplate.INVITATION, to=email)
    if again >= MAILS_AGAIN or everywhere >= MAILS_TO_ADDRESS:
        return InvitationMail.RECIPIENT_LIMIT
    assert w.actor is not None
    if not await w.fetchval("select email_verified_at is not null from account_user where id = $1", w.actor.id):
        mailed = await mails.of_company(w, w.company_id, MailTemplate.INVITATION, within=30 * mails.DAY)
        if mailed >= MAILS_UNVERIFIED:
            return InvitationMail.VERIFY_FIRST
    if await mails.of_company(w, w.company_id, MailTemplate.INVITATION) >= MAILS_OF_COMPANY:
        return InvitationMail.COMPANY_LIMIT
    return InvitationMail.SENT


async def invite(
    actor: Actor, email: str, role: Role, public_url: str, role_id: UUID | None = None
) -> tuple[asyncpg.Record, str]:
    """The invitation, with what became of its mail as `mail`, and its link; an older one for the same address ends. Raises
    Conflict `already_member`, `too_many_invitations`, Forbidden `owner_only`, `scope_too_wide`, Invalid."""
    assert actor.id is not None
    email, token = fold_email(email), new_token()
    everywhere = await mails.to_address(email, MailTemplate.INVITATION)
    async with work(actor, Permission.TEAM_WRITE) as w:
        await one_by_one(w)
        who = await doer(w, Permission.TEAM_WRITE)
        given = await chosen(w, role, role_id)
        may_give(who, given)
        if await w.fetchval(
            "select true from membership m join account_user u on u.id = m.user_id where m.company_id = $1 and u.email = $2",
            w.company_id,
            email,
        ):
            raise AccountError.ALREADY_MEMBER()
        await w.execute(
            "update invitation set revoked_at = now() where company_id = $1 and email = $2 and accepted_at is null and revoked_at is null",
            w.company_id,
            email,
        )
        company = await w.fetchrow("select name, language from company where id = $1", w.company_id)
        today = "select count(*) from invitation where company_id = $1 and created_at > now() - interval '1 day'"
        if await w.fetchval(today, w.company_id) >= INVITATIONS_PER_DAY:
            raise AccountError.TOO_MANY_INVITATIONS(limit=INVITATIONS_PER_DAY)
        mail = await _may_mail(w, email, everywhere)
        inviter = await w.fetchval("select name from account_user where id = $1", actor.id)
        row = await w.fetchrow(
            "insert into invitation(company_id, email, role, token_hash, invited_by, expires_at, role_id) values ($1, $2, $3, $4, $5, $6, $9) "
            "returning id, email, role, role_id, created_at, expires_at, $7::text as invited_by, $8::text as mail, $10::text as role_name",
            w.company_id,
            email,
            role.value,
            digest(token),
            actor.id,
            now() + LIFE,
            inviter or "",
            mail.value,
            given.role_id,
            given.role_name,
        )
        assert row is not None
        assert company is not None
        link = f"{public_url}/invitation/{token}"
        if mail is InvitationMail.SENT:
            params = {"company": company["name"], "inviter": inviter or company["name"]}
            letter = Mail(
                template=MailTemplate.INVITATION, recipient=email, language=company["language"], params=params, link=link
            )
            await mails.post(w, letter)
        w.audit("invitation.created", row["id"], email=email, role=given.role_name or role.value, mail=mail.value)
        w.emit(TeamChanged())
        return row, link


async def revoke(actor: Actor, invitation_id: UUID) -> None:
    """Raises NotFound, Forbidden `owner_only`, `above_you`."""
    async with work(actor, Permission.TEAM_WRITE) as w:
        await one_by_one(w)
        who = await doer(w, Permission.TEAM_WRITE)
        row = await w.fetchrow(
            f"select {columns('i', 'r')} from invitation i {custom_role('i', 'r')} where i.company_id = $1 and i.id = $2"
            " and i.accepted_at is null and i.revoked_at is null for update of i",
            w.company_id,
            invitation_id,
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="invitation")
        may_touch(who, standing(row))
        await w.execute("update invitation set revoked_at = now() where company_id = $1 and id = $2", w.company_id, invitation_id)
        w.audit("invitation.revoked", invitation_id)
        w.emit(TeamChanged())


async def opened(s: Read, token_hash: bytes, device: str | None = None, lock: str = "") -> asyncpg.Record:
    """The open invitation of a link. Raises NotFound when it ended."""
    row = await s.fetchrow(_OPEN + lock, token_hash, devices.device_digest(device))
    if row is None or not still_gives(standing(row, "inviter_"), standing(row)):
        raise RequestError.NOT_FOUND(what="invitation")
    return row


async def preview(token: str) -> asyncpg.Record:
    """company_name, email, role, role_name, user_id (null without an account). Raises NotFound when it ended."""
    async with system_read() as s:
        return await opened(s, digest(token))


async def accept(
    origin: Origin, token: str, password: str, name: str | None, device: str | None = None, code: str | None = None
) -> Opened:
    """Joins and signs in: with the password of the account there is (and a code, if it has a second factor), or with a new account.
    Raises NotFound, Unauthenticated `bad_credentials`, `second_factor_needed`, `second_factor_wrong`, TooManyRequests, Invalid."""
    async with system_read() as s:
        row = await opened(s, digest(token), device)
    password_hash = ""
    if row["user_id"] is None:
        _check_new(password, name)
        password_hash = await hash_password(password)
    elif not await right_password(origin, row["email"], row["password_hash"], password, known=device if row["known"] else None):
        raise AccountError.BAD_CREDENTIALS()
    # Nobody's tries without an account: a code that is given there counts for no one.
    counted = second_factor.counted(origin, row["user_id"] or row["id"], code, device if row["known"] else None)
    proven = row["password_hash"]
    async with counted, system_work() as s:
        row = await opened(s, digest(token), lock=" for update of i")
        user_id: UUID | None = row["user_id"]
        if user_id is None:
            user_id = await insert_user(s, row["email"], name or "", password_hash, Language(row["language"]))
        elif password_hash:
            raise AccountError.EMAIL_TAKEN()
        else:
            await second_factor.demand(s, origin, row["company_id"], user_id, code, device)
            # it may have been changed while it was being checked
            if not await s.fetchval("select true from account_user where id = $1 and password_hash = $2", user_id, proven):
                raise AccountError.BAD_CREDENTIALS()
        await join(s, row, user_id)
        trusted = await devices.remember(s, user_id, device)
        return await open_session(s, origin, row["company_id"], user_id, "invitation.accepted", trusted)


async def join(s: SystemWork, invitation: asyncpg.Record, user_id: UUID) -> None:
    """Uses the invitation up: the person belongs to its company. Raises Conflict `already_member`."""
    company_id = invitation["company_id"]
    await s.execute("update invitation set accepted_at = now() where company_id = $1 and id = $2", company_id, invitation["id"])
    joined = await s.fetchval(
        "insert into membership(company_id, user_id, role, role_id) values ($1, $2, $3, $4) on conflict do nothing returning true",
        company_id,
        user_id,
        invitation["role"],
        invitation["role_id"],
    )
    if not joined:
        raise AccountError.ALREADY_MEMBER()
    s.emit(company_id, TeamChanged())


def _check_new(password: str, name: str | None) -> None:
    refuse_addresses(name=name)
    fields = []
    if not name:
        fields.append(RequestField.REQUIRED("name"))
    if len(password) < 10:
        fields.append(RequestField.TOO_SHORT("password", min=10))
    if fields:
        raise RequestError.INVALID(fields=fields)
