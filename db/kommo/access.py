"""What workers need of the connection: its token, a new pair of tokens, what a check found, and why it stopped."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.clock import now
from db.jobs import CheckKommo, SyncKommo
from db.kommo import notices
from db.kommo.connection import Connection, Pipeline, connection_in, opened, sealed
from db.kommo.enums import KommoHookState, KommoNotice, KommoState, KommoWay
from db.kommo.errors import KommoReason
from db.kommo.events import KommoChanged
from db.permissions import Permission
from db.tenancy import worker
from db.work import read, system_read, work

EARLY = timedelta(minutes=10)
"""A token of a pair is renewed so long before it ends."""
_STOPPED = {
    KommoState.TOKEN_REFUSED: KommoNotice.TOKEN_REFUSED,
    KommoState.BLOCKED: KommoNotice.BLOCKED,
    KommoState.UNPAID: KommoNotice.UNPAID,
}
RESTS = (60.0, 300.0, 900.0, 3600.0)
"""Seconds of rest after a 429, by how many came in a row; Kommo may ask for more."""


class Opened(NamedTuple):
    """The connection as workers call it."""

    connection: Connection
    token: str
    hook_token: str

    @property
    def due(self) -> bool:
        """Whether the token must be had, or renewed, before anything is asked."""
        until = self.connection.token_until
        return self.connection.way is KommoWay.OAUTH and (not self.token or (until is not None and until - now() < EARLY))


class Grant(NamedTuple):
    """What is exchanged for a pair: a code, or the refresh token of the last one."""

    client_id: str
    client_secret: str
    redirect_uri: str
    code: str
    refresh_token: str


class Pair(NamedTuple):
    token: str
    refresh_token: str
    until: datetime


async def open_connection(company_id: UUID) -> Opened | None:
    """None when nothing is connected. Raises SealBroken."""
    async with read(worker(company_id), Permission.INTEGRATIONS_READ) as r:
        found = await connection_in(r, company_id)
        row = await r.fetchrow("select token, hook_token from kommo_connection where company_id = $1", company_id)
    if found is None or row is None:
        return None
    return Opened(
        found,
        opened(company_id, found.id, "token", row["token"]),
        opened(company_id, found.id, "hook_token", row["hook_token"]),
    )


async def renew(company_id: UUID, exchange: Callable[[Grant], Awaitable[Pair]]) -> None:
    """Exchanges under the lock of the row and keeps the new pair in the same transaction: a refresh token is good for one use, so nobody
    may use it beside this one. Whoever comes second finds the new pair and asks for nothing. What `exchange` raises changes nothing.
    Raises SealBroken."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        row = await w.fetchrow(
            "select id, client_id, client_secret, redirect_uri, code, refresh_token, token, token_until from kommo_connection"
            " where company_id = $1 and way = 'oauth' for update",
            company_id,
        )
        if row is None or (row["token"] is not None and row["token_until"] is not None and row["token_until"] - now() >= EARLY):
            return
        row_id = row["id"]
        pair = await exchange(
            Grant(
                row["client_id"],
                opened(company_id, row_id, "client_secret", row["client_secret"]),
                row["redirect_uri"],
                opened(company_id, row_id, "code", row["code"]),
                opened(company_id, row_id, "refresh_token", row["refresh_token"]),
            )
        )
        await w.execute(
            "update kommo_connection set token = $2, refresh_token = $3, token_until = $4, code = null where company_id = $1",
            company_id,
            sealed(company_id, row_id, "token", pair.token),
            sealed(company_id, row_id, "refresh_token", pair.refresh_token),
            pair.until,
        )


async def expire(company_id: UUID) -> None:
    """Kommo refused a token of a pair before its time: the next one who needs it renews it."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        await w.execute(
            "update kommo_connection set token_until = now() where company_id = $1 and way = 'oauth' and refresh_token is not null",
            company_id,
        )


async def found_ready(
    company_id: UUID,
    checked: Connection,
    *,
    account_id: int,
    account_name: str,
    pipelines: list[Pipeline],
    hook_state: KommoHookState,
) -> None:
    """A check found that it works; what waited goes on. Nothing when somebody changed the connection meanwhile."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        saved = await w.fetchval(
            "update kommo_connection set account_id = $4, account_name = $5, pipelines = $6::jsonb, hook_state = $7, checked_at = now(),"
            " state_at = case when state = 'ready' then state_at else now() end, state = 'ready', reason = null, detail = '',"
            " rest_until = null, rests = 0 where company_id = $1 and id = $2 and version = $3 returning true",
            company_id,
            checked.id,
            checked.version,
            account_id,
            account_name,
            msgspec.json.encode(pipelines).decode(),
            hook_state,
        )
        if saved:
            w.emit(KommoChanged())
            w.enqueue(SyncKommo())
        else:
            w.enqueue(CheckKommo())


async def stop(company_id: UUID, asked: Connection, state: KommoState, reason: KommoReason, detail: str) -> None:
    """It does not work any more: nothing is asked until a check finds that it does. The owners are told once."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        before = await w.fetchval(
            "update kommo_connection set state = $3, reason = $4, detail = $5, checked_at = now(),"
            " state_at = case when state = $3 then state_at else now() end"
            " where company_id = $1 and id = $2 and version = $6 returning old.state",
            company_id,
            asked.id,
            state,
            reason,
            detail,
            asked.version,
        )
        if before is None or before == state:
            return
        w.audit("kommo.stopped", asked.id, reason=reason)
        w.emit(KommoChanged())
        if state in _STOPPED:
            await notices.tell(w, _STOPPED[state], asked.host)


async def rest(company_id: UUID, asked: float | None) -> datetime:
    """Kommo asked to slow down: nothing is asked for a while, longer each time in a row. Returns until when."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        rests = await w.fetchval("select rests from kommo_connection where company_id = $1 for update", company_id) or 0
        seconds = max(RESTS[min(rests, len(RESTS) - 1)], min(asked or 0.0, 86_400.0))
        until = now() + timedelta(seconds=seconds)
        await w.execute("update kommo_connection set rest_until = $2, rests = rests + 1 where company_id = $1", company_id, until)
        w.emit(KommoChanged())
        return until


async def went_well(company_id: UUID) -> None:
    """The next rest is a short one again."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        await w.execute(
            "update kommo_connection set rests = 0, rest_until = null where company_id = $1 and rests > 0", company_id
        )


async def recheck(stopped_only: bool) -> None:
    """Checks what stopped by itself; once a day all of them, which also finds webhooks that Kommo switched off."""
    states = ("blocked", "unpaid", "failed") if stopped_only else ("blocked", "unpaid", "failed", "ready")
    async with system_read() as s:
        rows = await s.fetch("select company_id from kommo_connection where state = any($1::text[])", list(states))
    for row in rows:
        async with work(worker(row["company_id"]), Permission.INTEGRATIONS_WRITE) as w:
            w.enqueue(CheckKommo())


async def wake_due() -> None:
    """Wakes companies that owe something, whatever became of their jobs."""
    async with system_read() as s:
        rows = await s.fetch(
            "select distinct t.company_id from kommo_task t join kommo_connection c on c.company_id = t.company_id and c.state = 'ready'"
            " and (c.rest_until is null or c.rest_until <= now()) where t.state in ('waiting', 'sending', 'unknown') and t.next_at <= now()"
        )
    for row in rows:
        async with work(worker(row["company_id"]), Permission.INTEGRATIONS_WRITE) as w:
            w.enqueue(SyncKommo())


async def unreadable(company_id: UUID) -> None:
    """What is stored does not open any more."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        await w.execute(
            "update kommo_connection set state = 'failed', state_at = now(), checked_at = now(), reason = $2, detail = ''"
            " where company_id = $1",
            company_id,
            KommoReason.SECRET_UNREADABLE,
        )
        w.emit(KommoChanged())
