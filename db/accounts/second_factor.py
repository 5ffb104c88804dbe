"""The second step of signing in: codes of an authenticator app, and recovery codes for who lost it.

Every way to a session that begins with a password or a link goes through `demand`. A code works once: the step of the last one taken is
kept, and taken in the transaction that opens the session. Turning it on ends all other sessions and forgets all devices of the person:
they were opened without it.
"""

import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from db.accounts import devices, notices, proof, queries, totp
from db.accounts.attempts import counted_code
from db.accounts.enums import AccountNotice
from db.accounts.errors import AccountError, AccountField
from db.accounts.events import CompanyChanged, SessionRevoked, TeamChanged
from db.accounts.passwords import NO_PASSWORD
from db.clock import now
from db.crypto import digest, ring
from db.permissions import Permission, Role
from db.tenancy import SELF, Actor, Origin
from db.work import SystemWork, read, system_read, system_work, work

RECOVERY_CODES = 10
TABLE = "second_factor"
_LENGTH = 16  # of a recovery code: 80 bits in base32
_DEMANDED = """
select u.second_factor_at is not null as on,
    exists (select from known_device d where d.user_id = u.id and d.token_hash = $2 and d.trusted_until > now()) as trusted
from account_user u where u.id = $1 for no key update
"""  # whoever turns it on meanwhile waits for the session that is opened, and ends it


class State(msgspec.Struct, frozen=True):
    """How a person signs in. `required`: by the company they are in now; `password`: they have one."""

    since: datetime | None
    recovery_codes: int
    required: bool
    password: bool


@asynccontextmanager
async def counted(origin: Origin, user_id: UUID, code: str | None, known: str | None) -> AsyncIterator[None]:
    """Around the transaction that checks the code: one try, given back when it goes well. Raises TooManyRequests."""
    if code is None:
        yield
        return
    async with counted_code(origin, user_id, known):
        yield


async def demand(
    s: SystemWork, origin: Origin, company_id: UUID, user_id: UUID, code: str | None, device: str | None = None
) -> bool:
    """Whether a code was asked for and given: not of who has no second factor, nor in a browser that they chose to trust. Raises
    Unauthenticated `second_factor_needed`, `second_factor_wrong`."""
    asked = await s.fetchrow(_DEMANDED, user_id, devices.device_digest(device))
    if asked is None or not asked["on"] or asked["trusted"]:
        return False
    if code is None:
        raise AccountError.SECOND_FACTOR_NEEDED()
    how = await _take(s, user_id, code)
    if how is None:
        raise AccountError.SECOND_FACTOR_WRONG()
    if how == "recovery":
        s.audit(origin, company_id, user_id, "recovery_code.used")
    return True


async def _take(s: SystemWork, user_id: UUID, code: str) -> str | None:
    """How the code is right ("app" or "recovery"), and it will not be again; None when it is not."""
    row = await s.fetchrow("select secret, last_step from second_factor where user_id = $1 for update", user_id)
    plain = code.replace(" ", "").replace("-", "").upper()
    if row is None:
        return None
    if len(plain) == _LENGTH:
        used = await s.execute("delete from recovery_code where user_id = $1 and code_hash = $2", user_id, digest(plain))
        return "recovery" if used else None
    secret = ring().open(row["secret"], company_id=user_id, table=TABLE, column="secret", row_id=user_id)
    step = totp.step_of(secret, plain, now().timestamp(), row["last_step"])
    if step is None:
        return None
    await s.execute("update second_factor set last_step = $2 where user_id = $1", user_id, step)
    return "app"


async def state(actor: Actor) -> State:
    """Of the person who asks."""
    async with read(actor, SELF) as r:
        required = await r.fetchval("select second_factor_required from company where id = $1", actor.company_id)
    async with system_read() as s:
        row = await s.fetchrow("select second_factor_at, password_hash from account_user where id = $1", actor.id)
        left = await s.fetchval("select count(*) from recovery_code where user_id = $1", actor.id)
    assert row is not None
    return State(row["second_factor_at"], left, required, row["password_hash"] != NO_PASSWORD)


async def begin(actor: Actor, origin: Origin, password: str | None) -> tuple[str, str]:
    """A new secret, and what its picture says; nothing is asked for until `confirm`. Who has no password has signed in just now. Raises
    Invalid `wrong_password`, Conflict `second_factor_on`, Forbidden `sign_in_again`, TooManyRequests."""
    assert actor.id is not None
    email = await proof.show(actor, origin, password)
    secret = totp.new_secret()
    async with system_work() as s:
        if await _since(s, actor.id) is not None:
            raise AccountError.SECOND_FACTOR_ON()
        await s.execute(
            "insert into second_factor(user_id, secret) values ($1, $2) "
            "on conflict (user_id) do update set secret = excluded.secret, made_at = now(), last_step = 0",
            actor.id,
            ring().seal(secret, company_id=actor.id, table=TABLE, column="secret", row_id=actor.id),
        )
    return secret, totp.address(secret, email)


async def confirm(actor: Actor, origin: Origin, code: str) -> list[str]:
    """From now on sign-in asks for codes; the recovery codes, shown once. Raises Invalid `wrong_code`, Conflict `second_factor_on`."""
    assert actor.id is not None
    async with counted_code(origin, actor.id, str(actor.id)), system_work() as s:
        if await _since(s, actor.id) is not None:
            raise AccountError.SECOND_FACTOR_ON()
        await _right(s, actor.id, code)
        await s.execute("update account_user set second_factor_at = now() where id = $1", actor.id)
        await devices.forget_all(s, actor.id)
        ended = await s.fetch(
            "update session set revoked_at = now() where user_id = $1 and id <> $2 and revoked_at is null and expires_at > now() "
            "returning company_id, id",
            actor.id,
            actor.session_id,
        )
        for row in ended:
            s.emit(row["company_id"], SessionRevoked(user_id=actor.id, session_id=row["id"]))
        s.audit(origin, actor.company_id, actor.id, "second_factor.on", actor.id)
        s.emit(actor.company_id, TeamChanged())
        return await _make_codes(s, actor.id)


async def new_codes(actor: Actor, origin: Origin, code: str) -> list[str]:
    """Recovery codes in place of the old ones. Raises Invalid `wrong_code`, Conflict `second_factor_off`."""
    assert actor.id is not None
    async with counted_code(origin, actor.id, str(actor.id)), system_work() as s:
        if await _since(s, actor.id) is None:
            raise AccountError.SECOND_FACTOR_OFF()
        await _right(s, actor.id, code)
        s.audit(origin, actor.company_id, actor.id, "recovery_codes.made", actor.id)
        return await _make_codes(s, actor.id)


async def turn_off(actor: Actor, origin: Origin, code: str) -> None:
    """The password is enough again. Raises Invalid `wrong_code`, Conflict `second_factor_off`."""
    assert actor.id is not None
    async with counted_code(origin, actor.id, str(actor.id)), system_work() as s:
        if await _since(s, actor.id) is None:
            raise AccountError.SECOND_FACTOR_OFF()
        await _right(s, actor.id, code)
        await _forget(s, actor.id)
        await notices.tell(s, actor.company_id, actor.id, AccountNotice.SECOND_FACTOR_OFF)
        s.audit(origin, actor.company_id, actor.id, "second_factor.off", actor.id)
        s.emit(actor.company_id, TeamChanged())


async def require_of_all(actor: Actor, required: bool) -> asyncpg.Record:
    """Whether everybody in the company needs a second factor; who has none can do nothing until it is set up. The row of
    `queries.company`. Raises Forbidden
    `owner_only`, Conflict `second_factor_off` from who has none."""
    async with work(actor, Permission.COMPANY_WRITE) as w:
        if actor.role is not Role.OWNER:
            raise AccountError.OWNER_ONLY()
        if required and await w.fetchval("select second_factor_at is null from account_user where id = $1", actor.id):
            raise AccountError.SECOND_FACTOR_OFF()
        await w.execute("update company set second_factor_required = $2 where id = $1", w.company_id, required)
        w.audit("company.second_factor", w.company_id, required=required)
        w.emit(CompanyChanged())
        w.emit(TeamChanged())
        return await queries.own_company(w)


async def take_off(email: str) -> bool:
    """For who lost app and recovery codes, by the operator who knows them. False: nobody with this address has it on."""
    async with system_work() as s:
        user_id = await s.fetchval(
            "select id from account_user where email = $1 and second_factor_at is not null for update", email.strip().lower()
        )
        if user_id is None:
            return False
        await _forget(s, user_id)
        companies = await s.fetch("select company_id from membership where user_id = $1 order by company_id", user_id)
        if companies:
            await notices.tell(s, companies[0]["company_id"], user_id, AccountNotice.SECOND_FACTOR_TAKEN_OFF)
        for row in companies:
            s.audit(Origin(), row["company_id"], user_id, "second_factor.taken_off", user_id)
            s.emit(row["company_id"], TeamChanged())
        return True


async def _since(s: SystemWork, user_id: UUID) -> datetime | None:
    """Since when it is on; the person's row stays locked."""
    since: datetime | None = await s.fetchval("select second_factor_at from account_user where id = $1 for update", user_id)
    return since


async def _right(s: SystemWork, user_id: UUID, code: str) -> None:
    if await _take(s, user_id, code) is None:
        raise AccountError.WRONG_CODE(fields=[AccountField.WRONG_CODE("code")])


async def _forget(s: SystemWork, user_id: UUID) -> None:
    await s.execute("delete from second_factor where user_id = $1", user_id)
    await s.execute("update account_user set second_factor_at = null where id = $1", user_id)
    await s.execute("update known_device set trusted_until = null where user_id = $1", user_id)


async def _make_codes(s: SystemWork, user_id: UUID) -> list[str]:
    codes = [base64.b32encode(secrets.token_bytes(10)).decode() for _ in range(RECOVERY_CODES)]
    await s.execute("delete from recovery_code where user_id = $1", user_id)
    await s.execute(
        "insert into recovery_code(user_id, code_hash) select $1, unnest($2::bytea[])", user_id, [digest(code) for code in codes]
    )
    return ["-".join(code[at : at + 4] for at in range(0, _LENGTH, 4)) for code in codes]
