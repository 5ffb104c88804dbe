"""Opening and ending sessions: sign-up, sign-in, another company, sign-out. Every opening makes a new token: none is ever
taken from the caller. The same answer for an unknown address and a wrong password."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from db.accounts import devices, second_factor, verification
from db.accounts.attempts import right_password
from db.accounts.enums import Language
from db.accounts.errors import AccountError
from db.accounts.events import SessionRevoked
from db.accounts.identify import SESSION_LIFE, new_session_token
from db.accounts.names import refuse_addresses
from db.accounts.passwords import hash_password
from db.accounts.standing import COLUMNS, CUSTOM_ROLE, standing
from db.clock import now
from db.crypto import digest
from db.errors import RequestError
from db.jobs import MakeSimulator
from db.tenancy import SELF, Actor, Origin, member
from db.work import Read, SystemWork, system_read, system_work, work

_USER = f"select u.id, u.password_hash, {devices.KNOWN} as known from account_user u where u.email = $1"

_PLACE = f"select {COLUMNS} from membership m {CUSTOM_ROLE} where m.company_id = $1 and m.user_id = $2"


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh session. `token` and `device` are shown once; `device` only where the person was proved anew."""

    token: str
    expires_at: datetime
    actor: Actor
    device: str | None = None


def fold_email(email: str) -> str:
    return email.strip().lower()


async def open_session(
    s: SystemWork, origin: Origin, company_id: UUID, user_id: UUID, action: str, device: str | None = None
) -> Opened:
    """A new session, with its audit row. Raises Forbidden `no_company` for who is not in the company any more."""
    token, expires_at = new_session_token(), now() + SESSION_LIFE
    place = await s.fetchrow(_PLACE, company_id, user_id)
    if place is None:
        raise AccountError.NO_COMPANY()
    row = await s.fetchrow(
        "insert into session(company_id, token_hash, user_id, ip, user_agent, expires_at) values ($1, $2, $3, $4, $5, $6) "
        "returning id, (select c.second_factor_required and u.second_factor_at is null from company c, account_user u "
        "where c.id = $1 and u.id = $3) as lacks_factor",
        company_id,
        digest(token),
        user_id,
        origin.ip,
        (origin.user_agent or "")[:300] or None,
        expires_at,
    )
    assert row is not None
    s.audit(origin, company_id, user_id, action, row["id"])
    more = {"session_id": row["id"], "ip": origin.ip, "request_id": origin.request_id}
    actor = member(company_id, user_id, standing(place), row["lacks_factor"], **more)
    return Opened(token=token, expires_at=expires_at, actor=actor, device=device)


async def sign_up(
    origin: Origin,
    *,
    company_name: str,
    name: str,
    email: str,
    password: str,
    language: Language,
    time_zone: str,
    public_url: str,
    country: str = "BR",
) -> Opened:
    """A new company with its owner, signed in, a simulator on its way, and a mail to verify the address. Raises Conflict `email_taken`, Invalid."""
    refuse_addresses(company_name=company_name, name=name)
    password_hash = await hash_password(password)
    async with system_work() as s:
        user_id = await insert_user(s, email, name, password_hash, language)
        company_id = await found_company(s, user_id, company_name, language, time_zone, country)
        device = await devices.remember(s, user_id, None)
        opened = await open_session(s, origin, company_id, user_id, "company.created", device)
    await verification.ask(opened.actor, public_url)
    return opened


async def found_company(s: SystemWork, user_id: UUID, name: str, language: Language, time_zone: str, country: str = "BR") -> UUID:
    """A new company with its owner, and a simulator on its way."""
    company_id: UUID = await s.fetchval(
        "insert into company(name, language, time_zone, country) values ($1, $2, $3, $4) returning id",
        name.strip(),
        language.value,
        time_zone,
        country,
    )
    await s.execute("insert into membership(company_id, user_id, role) values ($1, $2, 'owner')", company_id, user_id)
    s.enqueue(company_id, MakeSimulator())
    return company_id


async def insert_user(s: SystemWork, email: str, name: str, password_hash: str, language: Language) -> UUID:
    """A new person. Raises Conflict `email_taken`."""
    user_id: UUID | None = await s.fetchval(
        "insert into account_user(email, name, password_hash, language) values ($1, $2, $3, $4) "
        "on conflict (email) do nothing returning id",
        fold_email(email),
        name.strip(),
        password_hash,
        language.value,
    )
    if user_id is None:
        raise AccountError.EMAIL_TAKEN()
    return user_id


async def sign_in(
    origin: Origin, *, email: str, password: str, device: str | None = None, code: str | None = None, trust: bool = False
) -> Opened:
    """Signs in to the company used last. `device` is what an earlier sign-in in this browser answered; with `trust` it is asked for no
    `code` for 30 days. Raises Unauthenticated `bad_credentials`, `second_factor_needed`, `second_factor_wrong`, TooManyRequests,
    Forbidden `no_company`."""
    email = fold_email(email)
    async with system_read() as s:
        user = await s.fetchrow(_USER, email, devices.device_digest(device))
    stored, known = (user["password_hash"], user["known"]) if user else (None, False)
    right = await right_password(origin, email, stored, password, device if known else None)
    if user is None or not right:
        raise AccountError.BAD_CREDENTIALS()
    async with second_factor.counted(origin, user["id"], code, device if known else None), system_work() as s:
        # The password may have been changed while it was being checked; a change that is under way is waited for, and one that comes
        # later ends the session that is opened here.
        still = await s.fetchval(
            "select true from account_user where id = $1 and password_hash = $2 for no key update",
            user["id"],
            user["password_hash"],
        )
        if not still:
            raise AccountError.BAD_CREDENTIALS()
        place = await last_company(s, user["id"])
        if place is None:
            raise AccountError.NO_COMPANY()
        proven = await second_factor.demand(s, origin, place["company_id"], user["id"], code, device)
        device = await devices.remember(s, user["id"], device, trust=trust and proven)
        return await open_session(s, origin, place["company_id"], user["id"], "session.opened", device)


async def last_company(s: Read, user_id: UUID) -> asyncpg.Record | None:
    """company_id of the membership used last."""
    return await s.fetchrow(
        "select m.company_id from membership m where m.user_id = $1 order by "
        "(select max(s.created_at) from session s "
        "where s.company_id = m.company_id and s.user_id = $1) desc nulls last, m.created_at limit 1",
        user_id,
    )


async def switch_company(actor: Actor, origin: Origin, company_id: UUID) -> Opened:
    """A session of another company in place of the present one. Raises NotFound; Unauthenticated when that has ended meanwhile."""
    assert actor.id is not None
    async with system_work() as s:
        # A change of the password that is under way is waited for; one that comes later ends the new session too.
        await s.execute("select from account_user where id = $1 for share", actor.id)
        if not await s.fetchval("select true from membership where company_id = $1 and user_id = $2", company_id, actor.id):
            raise RequestError.NOT_FOUND(what="company")
        ended = await s.fetchrow(
            "update session set revoked_at = now() where company_id = $1 and id = $2 and revoked_at is null returning proven_at",
            actor.company_id,
            actor.session_id,
        )
        if ended is None:
            raise RequestError.UNAUTHENTICATED()
        s.emit(actor.company_id, SessionRevoked(user_id=actor.id, session_id=actor.session_id))
        opened = await open_session(s, origin, company_id, actor.id, "session.switched")
        await s.execute(
            "update session set proven_at = $3 where company_id = $1 and id = $2",
            company_id,
            opened.actor.session_id,
            ended["proven_at"],
        )
        return opened


async def sign_out(actor: Actor) -> None:
    """Ends the present session."""
    async with work(actor, SELF) as w:
        await w.execute(
            "update session set revoked_at = now() where company_id = $1 and id = $2", actor.company_id, actor.session_id
        )
        w.audit("session.closed", actor.session_id)
        assert actor.id is not None
        w.emit(SessionRevoked(user_id=actor.id, session_id=actor.session_id))
