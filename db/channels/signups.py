"""Connecting a number in the provider's own window: an attempt is started by a person, finished once by the same one with what the
window gave, and turned into a channel by a job, because codes are exchanged with the provider.

The browser tells which account and number were chosen, so both are held against what the token may see before they are believed.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from db.channels.actions import connected_in
from db.channels.enums import SignupState
from db.channels.errors import ChannelError, SignupFailure
from db.channels.events import ChannelChanged
from db.clock import now
from db.crypto import ring
from db.errors import RequestError
from db.jobs import CheckChannel, FinishSignup
from db.permissions import Permission
from db.providers import registry
from db.settings import Settings
from db.tenancy import Actor
from db.work import Read, Work, read, work

LIFE = timedelta(hours=1)  # Meta's window asks a new customer for much

_COLUMNS = "id, kind, sandbox, channel_id, state, failure, detail, expires_at"


class Signup(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `channel_id` is the channel's once it is connected."""

    id: UUID
    kind: str
    sandbox: bool
    channel_id: UUID
    state: SignupState
    failure: SignupFailure | None
    detail: str | None
    expires_at: datetime


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that is being finished, its secrets opened; "" where there is none (any more)."""

    id: UUID
    kind: str
    sandbox: bool
    account_id: str
    external_id: str
    code: str
    token: str
    pin: str

    def __repr__(self) -> str:
        return f"Waiting({self.id})"


class TakenOver(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider told of a number that is ours to use now."""

    name: str
    number: str | None
    signing_secret: str


async def start(actor: Actor, kind: str, settings: Settings) -> Signup:
    """An attempt that only this actor may finish, within the hour. Raises Invalid, Conflict `signup_off`."""
    actor.require(Permission.CHANNELS_WRITE)
    window = registry.chosen(kind).signup(settings)
    if window is None:
        raise ChannelError.SIGNUP_OFF()
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        row = await w.fetchrow(
            f"insert into channel_signup(company_id, started_by, kind, sandbox, expires_at) values ($1, $2, $3, $4, $5)"
            f" returning {_COLUMNS}",
            w.company_id,
            actor.id,
            kind,
            window.sandbox,
            now() + LIFE,
        )
        assert row is not None
        w.audit("channel.signup_started", row["id"], kind=kind)
        return _signup(row)


async def signup(actor: Actor, signup_id: UUID) -> Signup:
    """Raises NotFound."""
    async with read(actor, Permission.CHANNELS_WRITE) as r:
        return await _mine(r, actor, signup_id)


async def finish(
    actor: Actor, signup_id: UUID, *, code: str, account_id: str, external_id: str, portfolio_id: str | None
) -> Signup:
    """Takes what the window gave, once. Raises NotFound, Conflict `signup_over`."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        await _mine(w, actor, signup_id)
        pin = await _known_pin(w, external_id) or f"{secrets.randbelow(10**6):06}"
        taken = await w.execute(
            "update channel_signup set state = 'exchanging', code = $4, pin = $5, account_id = $6, external_id = $7, portfolio_id = $8"
            " where company_id = $1 and id = $2 and state = 'open' and expires_at > $3",
            w.company_id,
            signup_id,
            now(),
            _seal(w.company_id, signup_id, "code", code),
            _seal(w.company_id, signup_id, "pin", pin),
            account_id,
            external_id,
            portfolio_id or account_id,
        )
        if not taken:
            raise ChannelError.SIGNUP_OVER()
        w.audit("channel.signup_finished", signup_id)
        w.enqueue(FinishSignup(signup_id=signup_id))
        return await _mine(w, actor, signup_id)


async def waiting(r: Read, company_id: UUID, signup_id: UUID) -> Waiting | None:
    """For the job; None when it is over. Raises SealBroken."""
    row = await r.fetchrow(
        "select id, kind, sandbox, account_id, external_id, code, token, pin from channel_signup"
        " where company_id = $1 and id = $2 and state = 'exchanging'",
        company_id,
        signup_id,
    )
    if row is None:
        return None
    opened = {column: _unseal(company_id, signup_id, column, row[column]) for column in ("code", "token", "pin")}
    return Waiting(**{**row, **opened})


async def keep_token(w: Work, signup_id: UUID, token: str) -> None:
    """The code is used up: a job that runs again goes on with the token."""
    await w.execute(
        "update channel_signup set token = $3, code = null where company_id = $1 and id = $2",
        w.company_id,
        signup_id,
        _seal(w.company_id, signup_id, "token", token),
    )


async def connected(w: Work, signup_id: UUID, token: str, found: TakenOver) -> None:
    """The number becomes a channel, to be checked. Raises Conflict when the company has it already; nothing at a second run."""
    row = await w.fetchrow(
        "update channel_signup set state = 'connected', code = null, token = null where company_id = $1 and id = $2"
        " and state = 'exchanging' returning channel_id, kind, sandbox, account_id, external_id, portfolio_id",
        w.company_id,
        signup_id,
    )
    if row is not None:
        await connected_in(
            w,
            row["channel_id"],
            registry.provider(row["kind"]),
            sandbox=row["sandbox"],
            name=found.name,
            account_id=row["account_id"],
            external_id=row["external_id"],
            portfolio_id=row["portfolio_id"],
            number=found.number,
            token=token,
            signing_secret=found.signing_secret,
        )
        w.enqueue(CheckChannel(channel_id=row["channel_id"]))


async def failed(w: Work, signup_id: UUID, failure: SignupFailure, detail: str | None = None) -> None:
    """It is over, and why; nothing when it is over already."""
    channel_id = await w.fetchval(
        "update channel_signup set state = 'failed', failure = $3, detail = $4, code = null, token = null"
        " where company_id = $1 and id = $2 and state = 'exchanging' returning channel_id",
        w.company_id,
        signup_id,
        failure,
        detail,
    )
    if channel_id is not None:
        w.audit("channel.signup_failed", signup_id, failure=failure.value)
        w.emit(ChannelChanged(channel_id=channel_id))


async def _mine(r: Read, actor: Actor, signup_id: UUID) -> Signup:
    row = await r.fetchrow(
        f"select {_COLUMNS} from channel_signup where company_id = $1 and id = $2 and started_by is not distinct from $3",
        actor.company_id,
        signup_id,
        actor.id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="channel_signup")
    return _signup(row)


def _signup(row: asyncpg.Record) -> Signup:
    failure = SignupFailure(row["failure"]) if row["failure"] else None
    return Signup(**{**row, "state": SignupState(row["state"]), "failure": failure})


async def _known_pin(w: Work, external_id: str) -> str | None:
    """What an earlier attempt set for this number: another PIN would be refused."""
    row = await w.fetchrow(
        "select id, pin from channel_signup where company_id = $1 and external_id = $2 and pin is not null order by id desc limit 1",
        w.company_id,
        external_id,
    )
    return None if row is None else _unseal(w.company_id, row["id"], "pin", row["pin"])


def _seal(company_id: UUID, signup_id: UUID, column: str, secret: str) -> bytes:
    return ring().seal(secret, company_id=company_id, table="channel_signup", column=column, row_id=signup_id)


def _unseal(company_id: UUID, signup_id: UUID, column: str, blob: bytes | None) -> str:
    if blob is None:
        return ""
    return ring().open(blob, company_id=company_id, table="channel_signup", column=column, row_id=signup_id)
