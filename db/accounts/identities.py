"""Signing in by an account elsewhere: a flow that goes to a provider and back, and the identities that people have linked.

A person is known by issuer and subject, never by the address. An address leads to an account only when the provider and we have both
seen that it is the person's; otherwise the account's password shows whose it is. The second factor is asked for all the same. The flow's
token lives in one browser; here is its hash, and once its code went to the provider it can never do so again.
"""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from db.accounts import devices, invitations, notices, proof, second_factor, verification
from db.accounts.attempts import right_password
from db.accounts.enums import AccountNotice, Language, SignInStep
from db.accounts.errors import AccountError
from db.accounts.names import holds_address, refuse_addresses
from db.accounts.passwords import NO_PASSWORD
from db.accounts.sign_in import Opened, fold_email, found_company, insert_user, last_company, open_session
from db.crypto import digest, new_token
from db.errors import NotFound, RequestError, RequestField
from db.tenancy import Actor, Origin
from db.work import Read, SystemWork, system_read, system_work

LIFE = timedelta(minutes=10)
_NAMES = {"google": "Google", "facebook": "Facebook"}

_FLOW = """
select id, provider, user_id, invitation_hash, issuer, subject, email, email_verified, name from sign_in_flow
where token_hash = $1 and expires_at > now() and subject is not null
"""
_KNOWN = f"""
select u.id, u.email, u.password_hash, u.email_verified_at is not null as verified, {devices.KNOWN} as known,
    exists (select from identity i where i.user_id = u.id and i.issuer = $3 and i.subject = $4) as linked
from account_user u
where u.id = (select i.user_id from identity i where i.issuer = $3 and i.subject = $4)
    or u.email = $1 and not exists (select from identity i where i.issuer = $3 and i.subject = $4)
"""


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is, by what a provider has signed or answered itself. `verified`: the address is theirs beyond doubt."""

    issuer: str
    subject: str
    email: str | None
    verified: bool
    name: str | None


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to go on, and what the provider said. `company`: who invites."""

    step: SignInStep
    provider: str
    email: str | None = None
    name: str | None = None
    company: str | None = None


class NewCompany(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says who has no account yet."""

    company_name: str | None
    name: str | None
    email: str | None
    language: Language
    time_zone: str


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    step: SignInStep
    user_id: UUID | None
    email: str | None
    password_hash: str | None
    known: bool


async def begin(provider: str, invitation: str | None = None, user_id: UUID | None = None) -> str:
    """The token of a new flow, for one browser. Raises NotFound for an invitation that ended."""
    token = new_token()
    async with system_work() as s:
        if invitation is not None:
            await invitations.opened(s, digest(invitation))
        await s.execute(
            "insert into sign_in_flow(token_hash, provider, user_id, invitation_hash, expires_at) values ($1, $2, $3, $4, now() + $5::interval)",
            digest(token),
            provider,
            user_id,
            digest(invitation) if invitation is not None else None,
            LIFE,
        )
    return token


async def begin_link(actor: Actor, origin: Origin, provider: str, password: str | None) -> str:
    """The token of a flow that links an account elsewhere to the person who asks, and shows that it is they. Raises Invalid
    `wrong_password`, Forbidden `sign_in_again`, TooManyRequests."""
    await proof.show(actor, origin, password)
    return await begin(provider, user_id=actor.id)


async def take(token: str) -> str:
    """The provider of a flow that comes back, once; before its code goes out. Raises Unauthenticated `sign_in_refused`."""
    async with system_work() as s:
        provider: str | None = await s.fetchval(
            "update sign_in_flow set returned_at = now() where token_hash = $1 and returned_at is null and expires_at > now() "
            "returning provider",
            digest(token),
        )
    if provider is None:
        raise AccountError.SIGN_IN_REFUSED()
    return provider


async def drop(token: str) -> None:
    """The person turned back."""
    async with system_work() as s:
        await s.execute("delete from sign_in_flow where token_hash = $1", digest(token))


async def prove(origin: Origin, token: str, proven: Proven) -> Next:
    """Keeps who it is; a flow of somebody who is signed in links it to them and ends. Raises Unauthenticated `sign_in_refused`."""
    async with system_work() as s:
        user_id = await s.fetchval(
            "update sign_in_flow set issuer = $2, subject = $3, email = $4, email_verified = $5, name = $6 "
            "where token_hash = $1 and returned_at is not null and subject is null and expires_at > now() "
            "returning coalesce(user_id, '00000000-0000-0000-0000-000000000000')",
            digest(token),
            proven.issuer,
            proven.subject,
            fold_email(proven.email) if proven.email else None,
            proven.verified,
            proven.name,
        )
        if user_id is None:
            raise AccountError.SIGN_IN_REFUSED()
        flow = await _flow(s, token)
        if flow["user_id"] is None:
            return await _next(s, flow)
        await s.execute("delete from sign_in_flow where token_hash = $1", digest(token))
        owner, fresh = await _link(s, flow, flow["user_id"])
        linked = owner == flow["user_id"]
        place = await last_company(s, flow["user_id"])
        if linked and place is not None:
            s.audit(origin, place["company_id"], flow["user_id"], "identity.linked", flow["user_id"])
            if fresh:
                await _tell(s, place["company_id"], flow["user_id"], AccountNotice.IDENTITY_LINKED, flow)
        step = SignInStep.LINKED if linked else SignInStep.TAKEN
        return Next(step=step, provider=flow["provider"], email=flow["email"])


async def look(token: str) -> Next:
    """What a flow that came back needs. Raises Unauthenticated `sign_in_refused`."""
    async with system_read() as s:
        return await _next(s, await _flow(s, token))


async def complete(
    origin: Origin,
    token: str,
    *,
    password: str | None,
    code: str | None,
    trust: bool,
    device: str | None,
    new: NewCompany,
    public_url: str,
) -> Opened:
    """Signs in, and ends the flow: with the account that is linked, with one that the password or a verified address links now, with a new
    one in the company that invites, or in a company of its own. Raises Unauthenticated `sign_in_refused`, `bad_credentials`,
    `second_factor_needed`, `second_factor_wrong`, Forbidden `no_company`, Conflict, Invalid, TooManyRequests."""
    async with system_read() as s:
        flow = await _flow(s, token)
        found = await _find(s, flow, device)
    if found.step is SignInStep.PASSWORD:
        if not password:
            raise RequestError.INVALID(fields=[RequestField.REQUIRED("password")])
        if not await right_password(origin, found.email or "", found.password_hash, password, device if found.known else None):
            raise AccountError.BAD_CREDENTIALS()
    known = device if found.known else None
    async with second_factor.counted(origin, found.user_id or flow["id"], code, known), system_work() as s:
        flow = await _flow(s, token, " for update")
        invitation = await _invitation(s, flow, " for update of i")
        await s.execute("select from account_user where id = $1 for no key update", found.user_id)
        # somebody may have changed the password, or linked or made the account meanwhile
        if await _find(s, flow, device) != found:
            raise AccountError.SIGN_IN_REFUSED()
        opened = await _enter(s, origin, flow, found, invitation, new, code, trust, device)
        await s.execute("delete from sign_in_flow where id = $1", flow["id"])
    if found.user_id is None and not flow["email_verified"]:
        await verification.ask(opened.actor, public_url)
    return opened


async def _enter(
    s: SystemWork,
    origin: Origin,
    flow: asyncpg.Record,
    found: _Found,
    invitation: asyncpg.Record | None,
    new: NewCompany,
    code: str | None,
    trust: bool,
    device: str | None,
) -> Opened:
    if invitation is not None and not _is_for(invitation, flow, found):
        raise AccountError.INVITED_OTHER(email=invitation["email"])
    user_id = found.user_id
    if user_id is None:
        user_id = await _make(s, flow, invitation, new)
    if found.step is not SignInStep.SIGN_UP or invitation is not None:
        company_id, action = await _place(s, user_id, invitation)
    else:
        company_id = await found_company(s, user_id, new.company_name or "", new.language, new.time_zone)
        action = "company.created"
    proven = found.user_id is not None and await second_factor.demand(s, origin, company_id, user_id, code, device)
    owner, fresh = await _link(s, flow, user_id)
    if owner != user_id:
        raise AccountError.IDENTITY_TAKEN()
    if fresh and found.user_id is not None:  # an account that was there before
        await _tell(s, company_id, user_id, AccountNotice.IDENTITY_LINKED, flow)
    trusted = await devices.remember(s, user_id, device if found.user_id else None, trust=trust and proven)
    return await open_session(s, origin, company_id, user_id, action, trusted)


async def _place(s: SystemWork, user_id: UUID, invitation: asyncpg.Record | None) -> tuple[UUID, str]:
    """Where a person comes in. Raises Forbidden `no_company`, Conflict `already_member`."""
    if invitation is not None:
        await invitations.join(s, invitation, user_id)
        return invitation["company_id"], "invitation.accepted"
    place = await last_company(s, user_id)
    if place is None:
        raise AccountError.NO_COMPANY()
    return place["company_id"], "session.opened"


async def _make(s: SystemWork, flow: asyncpg.Record, invitation: asyncpg.Record | None, new: NewCompany) -> UUID:
    """A person without a password, by the name and address of the provider where it gave them. Raises Conflict `email_taken`, Invalid."""
    name, email = new.name or flow["name"], flow["email"] or new.email
    needed = {"name": name, "email": email, "company_name": new.company_name or invitation}
    missing = [RequestField.REQUIRED(field) for field, value in needed.items() if not value]
    if missing or not name or not email:
        raise RequestError.INVALID(fields=missing)
    refuse_addresses(company_name=new.company_name, name=name)
    language = Language(invitation["language"]) if invitation is not None else new.language
    user_id = await insert_user(s, email, name, NO_PASSWORD, language)
    if flow["email_verified"]:
        await verification.mark(s, user_id)
    return user_id


async def _tell(s: SystemWork, company_id: UUID, user_id: UUID, notice: AccountNotice, of: asyncpg.Record) -> None:
    """`of`: the identity or the flow that it is about."""
    await notices.tell(s, company_id, user_id, notice, " · ".join(filter(None, (_NAMES.get(of["provider"]), of["email"]))))


async def _link(s: SystemWork, flow: asyncpg.Record, user_id: UUID) -> tuple[UUID, bool]:
    """Whose it is now, maybe another person's; and whether it is new."""
    row = await s.fetchrow(
        "insert into identity(user_id, provider, issuer, subject, email) values ($1, $2, $3, $4, $5) on conflict (issuer, subject) "
        "do update set last_used_at = now(), email = excluded.email returning user_id, xmax = 0 as fresh",
        user_id,
        flow["provider"],
        flow["issuer"],
        flow["subject"],
        flow["email"],
    )
    assert row is not None
    return row["user_id"], row["fresh"]


async def _flow(s: Read, token: str, lock: str = "") -> asyncpg.Record:
    row = await s.fetchrow(_FLOW + lock, digest(token))
    if row is None:
        raise AccountError.SIGN_IN_REFUSED()
    return row


async def _invitation(s: Read, flow: asyncpg.Record, lock: str = "") -> asyncpg.Record | None:
    """Raises Unauthenticated `sign_in_refused` when it ended meanwhile."""
    if flow["invitation_hash"] is None:
        return None
    try:
        row = await invitations.opened(s, flow["invitation_hash"], lock=lock)
    except NotFound:
        raise AccountError.SIGN_IN_REFUSED() from None
    return row


def _is_for(invitation: asyncpg.Record, flow: asyncpg.Record, found: _Found) -> bool:
    """Whether it was sent to the address that the provider says, or to that of the account."""
    return invitation["email"] in (flow["email"], found.email)


async def _find(s: Read, flow: asyncpg.Record, device: str | None) -> _Found:
    """Whose account it is, and what shows so."""
    row = await s.fetchrow(_KNOWN, flow["email"], devices.device_digest(device), flow["issuer"], flow["subject"])
    if row is None:
        return _Found(step=SignInStep.SIGN_UP, user_id=None, email=flow["email"], password_hash=None, known=False)
    both = flow["email_verified"] and row["verified"]
    step = SignInStep.READY if row["linked"] or both else SignInStep.PASSWORD
    return _Found(step=step, user_id=row["id"], email=row["email"], password_hash=row["password_hash"], known=row["known"])


async def _next(s: Read, flow: asyncpg.Record) -> Next:
    found = await _find(s, flow, None)
    invitation = await _invitation(s, flow)
    named = flow["email"] and flow["name"] and not holds_address(flow["name"])
    step = SignInStep.READY if found.step is SignInStep.SIGN_UP and invitation is not None and named else found.step
    company = invitation["company_name"] if invitation is not None else None
    if invitation is not None and not _is_for(invitation, flow, found):
        step = SignInStep.OTHER_ADDRESS
    return Next(step=step, provider=flow["provider"], email=flow["email"], name=flow["name"], company=company)


async def mine(actor: Actor) -> list[asyncpg.Record]:
    """The identities of the person who asks: id, provider, email, created_at, last_used_at; the newest first."""
    async with system_read() as s:
        return await s.fetch(
            "select id, provider, email, created_at, last_used_at from identity where user_id = $1 order by id desc", actor.id
        )


async def unlink(actor: Actor, origin: Origin, identity_id: UUID) -> None:
    """Raises NotFound, Conflict `last_way_in` for the last one of a person without a password."""
    assert actor.id is not None
    async with system_work() as s:
        stored = await s.fetchval("select password_hash from account_user where id = $1 for update", actor.id)
        count = await s.fetchval("select count(*) from identity where user_id = $1", actor.id)
        gone = await s.fetchrow(
            "delete from identity where user_id = $1 and id = $2 returning provider, email", actor.id, identity_id
        )
        if gone is None:
            raise RequestError.NOT_FOUND(what="identity")
        if stored == NO_PASSWORD and count == 1:
            raise AccountError.LAST_WAY_IN()
        await _tell(s, actor.company_id, actor.id, AccountNotice.IDENTITY_UNLINKED, gone)
        s.audit(origin, actor.company_id, actor.id, "identity.unlinked", identity_id)


async def withdraw(issuer: str, subject: str, before: datetime) -> bool:
    """The person took our access away at the provider, or asks it to have us delete what came from there: nothing of it stays, and it opens
    nothing here any more. One that was linked after `before` stays. Whether there was one."""
    async with system_work() as s:
        await s.execute(
            "delete from sign_in_flow where issuer = $1 and subject = $2 and created_at < $3", issuer, subject, before
        )
        gone = await s.fetchrow(
            "delete from identity where issuer = $1 and subject = $2 and created_at < $3 returning id, user_id, provider, email",
            issuer,
            subject,
            before,
        )
        if gone is None:
            return False
        place = await last_company(s, gone["user_id"])
        if place is not None:
            await _tell(s, place["company_id"], gone["user_id"], AccountNotice.IDENTITY_WITHDRAWN, gone)
            s.audit(Origin(), place["company_id"], gone["user_id"], "identity.withdrawn", gone["id"])
        return True
